//! Radio links between nodes in range, and the radio range of the selected node.
//!
//! Without a radio medium all nodes reach each other, and the layer is empty. `edges.rs` draws trust.

use super::canvas::{Shape, Stroke};
use super::scene::Scene;
use crate::scp::NodeId;

/// Opacity of a link.
const LINK_OPACITY: f32 = 0.16;
/// Largest number of links drawn.
const LINKS_MAX: usize = 20_000;

/// A circle for the range of the selected node, and a link between any two nodes in range that no partition separates.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let world = scene.world;
    let Some(range_m) = world.scenario.medium.radio_range_m else {
        return Vec::new();
    };
    let mut shapes = Vec::new();
    if let Some(center) = scene.view.selected.and_then(|id| scene.geometry.center(id)) {
        shapes.push(Shape::Circle {
            center,
            radius_px: (range_m * scene.view.camera.px_per_unit()) as f32,
            fill: Some(
                scene
                    .theme
                    .reach
                    .with_opacity(0.06)
                    .over(scene.theme.background),
            ),
            stroke: Some(Stroke::solid(
                1.0,
                scene
                    .theme
                    .reach
                    .with_opacity(0.6)
                    .over(scene.theme.background),
            )),
        });
    }
    let groups = groups(scene);
    let color = scene
        .theme
        .reach
        .with_opacity(LINK_OPACITY)
        .over(scene.theme.background);
    let nodes: Vec<_> = scene
        .geometry
        .nodes()
        .filter_map(|(id, center)| Some((id, center, world.node(id)?.position)))
        .collect();
    for (at, (one, from, here)) in nodes.iter().enumerate() {
        for (two, to, there) in &nodes[at + 1..] {
            let joined = groups[one.index()] == groups[two.index()];
            if joined && here.distance_m(*there) <= range_m && shapes.len() < LINKS_MAX {
                shapes.push(Shape::Line {
                    points: vec![*from, *to],
                    stroke: Stroke::solid(1.0, color),
                });
            }
        }
    }
    shapes
}

/// The group of the partition of each node. Nodes in no group form an additional one.
fn groups(scene: &Scene<'_>) -> Vec<usize> {
    let cut = &scene.world.partition;
    let mut groups = vec![cut.len(); scene.world.nodes.len()];
    for (nth, group) in cut.iter().enumerate() {
        for NodeId(node) in group {
            if let Some(slot) = groups.get_mut(*node as usize) {
                *slot = nth;
            }
        }
    }
    groups
}
