//! Hit testing: the node below the pointer.
//!
//! The window decides how to react to a click.

use super::canvas::Point;
use super::geometry::Geometry;
use super::view_state::ViewState;
use crate::scp::NodeId;
use crate::trace::World;

/// Tolerance outside the rim of a node, in pixels.
const SLACK_PX: f32 = 5.0;

/// The node nearest to a point of the screen within the tolerance; of several equally near nodes, the topmost. `None`
/// outside the canvas.
#[must_use]
pub fn node_at(world: &World, view: &ViewState, at: Point) -> Option<NodeId> {
    node_in(&Geometry::new(world, view), view, at)
}

/// The point nearest to `at` where a new node touches no other one. It is `at` itself if no free point is found on the
/// canvas.
#[must_use]
pub fn free_point_near(world: &World, view: &ViewState, at: Point) -> Point {
    let geometry = Geometry::new(world, view);
    let apart_px = 2.0 * geometry.outer_radius_px() + SLACK_PX;
    let room = view.viewport().inset(geometry.outer_radius_px());
    let is_free = |point: &Point| {
        room.contains(*point)
            && geometry
                .nodes()
                .all(|(_, center)| center.distance_px(*point) >= apart_px)
    };
    let step_px = geometry.radius_px.max(4.0);
    let rings = (view.canvas.width().max(view.canvas.height()) / step_px) as u32;
    let points = (0..=rings).flat_map(|ring| {
        let radius_px = ring as f32 * step_px;
        let count = (ring * 6).max(1);
        (0..count).map(move |nth| {
            let angle = nth as f32 / count as f32 * std::f32::consts::TAU;
            at.offset(radius_px * angle.cos(), radius_px * angle.sin())
        })
    });
    points.into_iter().find(is_free).unwrap_or(at)
}

/// [`node_at`] for a known geometry.
#[must_use]
pub fn node_in(geometry: &Geometry, view: &ViewState, at: Point) -> Option<NodeId> {
    if !view.canvas.contains(at) {
        return None;
    }
    let reach = geometry.radius_px + SLACK_PX;
    geometry
        .nodes()
        .map(|(node, center)| (center.distance_px(at), node))
        .filter(|(distance, _)| *distance <= reach)
        // Nodes with higher numbers are drawn above the others.
        .min_by(|(one, a), (two, b)| one.total_cmp(two).then(b.cmp(a)))
        .map(|(_, node)| node)
}
