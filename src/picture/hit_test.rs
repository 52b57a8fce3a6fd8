//! What lies under the pointer.
//!
//! Absent here: what then happens; that is for the window.

use super::canvas::Point;
use super::geometry::Geometry;
use super::view_state::ViewState;
use crate::scp::NodeId;
use crate::trace::World;

/// How far beside the rim of a node one may point and still mean it, in pixels.
const SLACK_PX: f32 = 5.0;

/// The node under a point of the screen, the nearest if several are; among equally near ones the topmost. `None` outside
/// the canvas.
#[must_use]
pub fn node_at(world: &World, view: &ViewState, at: Point) -> Option<NodeId> {
    node_in(&Geometry::new(world, view), view, at)
}

/// The same for a geometry that is known already.
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
        // Later nodes are drawn above earlier ones.
        .min_by(|(one, a), (two, b)| one.total_cmp(two).then(b.cmp(a)))
        .map(|(_, node)| node)
}
