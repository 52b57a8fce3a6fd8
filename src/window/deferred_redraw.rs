//! Deferred redraw of expensive layers: while the camera moves, the back layers are transformed instead of redrawn.
//!
//! They are redrawn once the camera has not moved for [`REDRAW_DELAY`].

use super::paint::LayerTransform;
use crate::picture::camera::Camera;
use crate::picture::canvas::Point;
use crate::picture::view_state::ViewState;
use std::time::Duration;

/// The back layers are redrawn once the camera has not moved for this long.
const REDRAW_DELAY: Duration = Duration::from_millis(140);

/// The camera for which the back layers were last drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DeferredRedraw {
    drawn_for: Option<Camera>,
    latest: Option<Camera>,
    since: Duration,
    is_active: bool,
}

impl DeferredRedraw {
    /// The camera for which the back layers are drawn, if it differs from the camera of the view. Unless the layers are
    /// heavy (`is_heavy`), they are always redrawn.
    pub(super) fn camera(
        &mut self,
        view: &ViewState,
        is_heavy: bool,
        at: Duration,
    ) -> Option<Camera> {
        let now = view.camera;
        if self.latest != Some(now) {
            self.latest = Some(now);
            self.since = at;
        }
        let is_settled = at >= self.since + REDRAW_DELAY;
        let same_canvas = self
            .drawn_for
            .is_some_and(|camera| camera.canvas() == now.canvas());
        if !is_heavy || is_settled || !same_canvas {
            self.drawn_for = Some(now);
        }
        self.is_active = self.drawn_for != Some(now);
        self.drawn_for.filter(|_| self.is_active)
    }

    /// Whether a redraw is pending.
    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    /// The transform that maps layers drawn for camera `from` to camera `to`.
    pub(super) fn transform(from: &Camera, to: &Camera) -> LayerTransform {
        let origin = to.screen_from_world(from.world_from_screen(Point::default()));
        LayerTransform {
            scale: (to.px_per_unit() / from.px_per_unit()) as f32,
            offset: (origin.x, origin.y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::camera::{WorldPoint, WorldRect};
    use crate::picture::canvas::Rect;

    #[test]
    fn transformed_layers_match_redrawn_ones() {
        let bounds = WorldRect {
            min: WorldPoint { x: 0.0, y: 0.0 },
            max: WorldPoint {
                x: 1000.0,
                y: 800.0,
            },
        };
        let from = Camera::fit(bounds, Rect::from_corners(0.0, 44.0, 1280.0, 800.0), 40.0);
        let to = from
            .zoomed_about(Point { x: 300.0, y: 200.0 }, 1.7)
            .panned(Point { x: 12.0, y: -40.0 });
        let transform = DeferredRedraw::transform(&from, &to);
        for world in [
            WorldPoint { x: 10.0, y: 700.0 },
            WorldPoint { x: 900.0, y: 5.0 },
        ] {
            let (before, after) = (from.screen_from_world(world), to.screen_from_world(world));
            assert!((before.x * transform.scale + transform.offset.0 - after.x).abs() < 0.05);
            assert!((before.y * transform.scale + transform.offset.1 - after.y).abs() < 0.05);
        }
    }
}
