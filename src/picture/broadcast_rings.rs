//! Broadcast rings: discovery broadcasts as growing circles.
//!
//! `messages.rs` draws messages to single nodes.

use super::camera::WorldPoint;
use super::canvas::{Shape, Stroke};
use super::scene::Scene;
use crate::node::view::AnnouncementKind;
use crate::trace::Broadcast;

/// Largest number of rings; the newest broadcasts take precedence.
const RINGS_MAX: usize = 80;

/// The rings of all current broadcasts.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let rings = &scene.world.broadcasts;
    let newest = &rings[rings.len().saturating_sub(RINGS_MAX)..];
    // The more rings there are, the fainter they are drawn, so that the nodes remain visible.
    let share = (12.0 / newest.len().max(1) as f32).sqrt().clamp(0.35, 1.0);
    newest
        .iter()
        .filter_map(|ring| shape(scene, ring, share))
        .collect()
}

fn shape(scene: &Scene<'_>, ring: &Broadcast, share: f32) -> Option<Shape> {
    let whole = ring.until.since(ring.at);
    let passed = scene.world.now.since(ring.at);
    if passed >= whole {
        return None;
    }
    let progress = passed.0 as f32 / whole.0 as f32;
    let center = WorldPoint {
        x: ring.center.x_m,
        y: ring.center.y_m,
    };
    let center = match scene.world.scenario.medium.radio_range_m {
        Some(_) => scene.view.camera.screen_from_world(center),
        None => scene.geometry.center(ring.node)?,
    };
    let (color, width_px) = match (ring.kind, ring.hops) {
        (AnnouncementKind::Beacon, 0) => (scene.theme.ring, 3.0),
        (AnnouncementKind::Leaving, _) => (scene.theme.befouled, 1.5),
        (AnnouncementKind::Here, _) => (scene.theme.service, 1.0),
        (AnnouncementKind::Beacon, _) => (scene.theme.ring, 1.5),
    };
    Some(Shape::Circle {
        center,
        radius_px: reach_px(scene) * progress.max(0.02),
        fill: None,
        stroke: Some(Stroke::solid(
            width_px,
            color.with_opacity((1.0 - progress) * 0.85 * share),
        )),
    })
}

/// The reach of a broadcast in pixels: the radio range, or 0.6 times the diagonal of the area.
fn reach_px(scene: &Scene<'_>) -> f32 {
    let (width, height) = scene.world.scenario.area_m;
    let range_m = scene.world.scenario.medium.radio_range_m;
    (range_m.unwrap_or(width.hypot(height) * 0.6) * scene.view.camera.px_per_unit()) as f32
}
