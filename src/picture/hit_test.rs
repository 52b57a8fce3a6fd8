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
