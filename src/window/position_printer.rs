//! Prints the screen positions of nodes as JSON lines, so that tests and scripts can click on them.

use crate::picture::scene::Scene;
use crate::scp::NodeId;
use std::io::Write;

/// Prints positions once they have changed and then stayed the same for one frame.
pub(super) struct PositionPrinter {
    printed: Option<Vec<(NodeId, i32, i32)>>,
    last: Option<Vec<(NodeId, i32, i32)>>,
}

impl PositionPrinter {
    pub(super) fn new() -> PositionPrinter {
        PositionPrinter {
            printed: None,
            last: None,
        }
    }

    /// Whether changed positions have not been printed yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.last.is_some() && self.last != self.printed
    }

    /// Call after each frame with the scene that was drawn.
    pub(super) fn observe(&mut self, scene: Option<&Scene<'_>>, dpi: f32) {
        let Some(scene) = scene else { return };
        let tenths = |logical: f32| (logical * dpi * 10.0).round() as i32;
        let now: Vec<_> = scene
            .geometry
            .nodes()
            .map(|(node, at)| (node, tenths(at.x), tenths(at.y)))
            .collect();
        let is_unchanged = self.last.as_ref() == Some(&now);
        if is_unchanged && self.printed.as_ref() != Some(&now) {
            // Errors are ignored, so that a closed pipe does not close the window.
            drop(
                std::io::stdout()
                    .lock()
                    .write_all(lines(scene, &now).as_bytes()),
            );
            drop(std::io::stdout().flush());
            self.printed = Some(now.clone());
        }
        self.last = Some(now);
    }
}

fn lines(scene: &Scene<'_>, nodes: &[(NodeId, i32, i32)]) -> String {
    let mut text = String::new();
    for (node, x, y) in nodes {
        let (x, y) = (f64::from(*x) / 10.0, f64::from(*y) / 10.0);
        let line = serde_json::json!({ "node": scene.world.name(*node).as_ref(), "x": x, "y": y });
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&format!(
        "{}\n",
        serde_json::json!({ "settled": nodes.len() })
    ));
    text
}
