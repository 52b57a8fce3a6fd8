//! Node geometry: positions, radii and distances of the nodes in screen pixels.

use super::canvas::{Point, Rect};
use super::theme;
use super::view_state::ViewState;
use crate::scp::NodeId;
use crate::trace::{NodeStatus, World};

/// Smallest radius of a node in pixels, at any zoom.
const RADIUS_MIN_PX: f32 = 2.0;
/// Largest radius of a node in pixels, at any zoom.
const RADIUS_MAX_PX: f32 = 34.0;
/// Distance from the rim of a node of 14 pixels to its ring of quarters, in pixels.
const QUARTERS_GAP_PX: f32 = 4.0;
/// Distance from that rim to the timer arc, in pixels.
const TIMER_GAP_PX: f32 = 7.5;
/// Distance from that rim to labels, chips and crowns, in pixels.
const OUTER_GAP_PX: f32 = 9.5;
/// Distance from the rim of a node without rings to its label, in pixels.
const SMALL_OUTER_GAP_PX: f32 = 4.0;

/// Positions and sizes of the nodes on the screen.
#[derive(Clone, Debug)]
pub struct Geometry {
    /// Centre by node number; `None` for nodes that have left.
    centers: Vec<Option<Point>>,
    /// The radius of every node, in pixels.
    pub radius_px: f32,
}

impl Geometry {
    /// Projects all nodes.
    #[must_use]
    pub fn new(world: &World, view: &ViewState) -> Geometry {
        let ids = (0..).map(NodeId);
        let centers: Vec<Option<Point>> = ids
            .zip(&world.nodes)
            .map(|(id, node)| {
                let place = || view.camera.screen_from_world(view.place(world, id));
                (node.status != NodeStatus::Left).then(place)
            })
            .collect();
        let present = centers.iter().flatten().count();
        let radius_px = theme::node_radius_px(present) * growth(view);
        Geometry {
            centers,
            radius_px: radius_px.clamp(RADIUS_MIN_PX, RADIUS_MAX_PX),
        }
    }

    /// The position of a node; `None` if it does not exist or has left.
    #[must_use]
    pub fn center(&self, node: NodeId) -> Option<Point> {
        *self.centers.get(node.index())?
    }

    /// All nodes that have not left, in ascending order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, Point)> + '_ {
        let ids = (0..).map(NodeId);
        ids.zip(&self.centers)
            .filter_map(|(id, center)| Some((id, (*center)?)))
    }

    /// Number of nodes that have not left.
    #[must_use]
    pub fn count(&self) -> usize {
        self.centers.iter().flatten().count()
    }

    /// Whether nodes are large enough for a glyph.
    #[must_use]
    pub fn has_glyphs(&self) -> bool {
        self.radius_px >= theme::GLYPH_RADIUS_PX
    }

    /// Whether nodes are large enough for the ring of quarters, the timer arc and the crown.
    #[must_use]
    pub fn has_rings(&self) -> bool {
        self.radius_px >= theme::RING_RADIUS_PX - 0.01
    }

    /// Radius of the ring of quarters, in pixels.
    #[must_use]
    pub fn quarters_radius_px(&self) -> f32 {
        self.radius_px + QUARTERS_GAP_PX * self.gap_share()
    }

    /// Radius of the timer arc, in pixels.
    #[must_use]
    pub fn timer_radius_px(&self) -> f32 {
        self.radius_px + TIMER_GAP_PX * self.gap_share()
    }

    /// Radius of a node with its rings and marks, in pixels.
    #[must_use]
    pub fn outer_radius_px(&self) -> f32 {
        let gap = if self.has_rings() {
            OUTER_GAP_PX * self.gap_share()
        } else {
            SMALL_OUTER_GAP_PX
        };
        self.radius_px + gap
    }

    /// Scales the distances of the rings with the radius of the node.
    fn gap_share(&self) -> f32 {
        (self.radius_px / 14.0).sqrt().clamp(0.75, 1.4)
    }

    /// The bounding box of a node at `center`, with its rings and marks.
    #[must_use]
    pub fn outer_rect(&self, center: Point) -> Rect {
        let radius_px = self.outer_radius_px();
        Rect {
            min: center.offset(-radius_px, -radius_px),
            max: center.offset(radius_px, radius_px),
        }
    }

    /// Radius of a message, in pixels.
    #[must_use]
    pub fn message_radius_px(&self) -> f32 {
        (self.radius_px * theme::MESSAGE_SHARE).clamp(2.0, 9.0)
    }

    /// The end points of a line between the rims of two nodes; `None` if a node is missing or they touch.
    #[must_use]
    pub fn between_rims(&self, from: NodeId, to: NodeId) -> Option<(Point, Point)> {
        let (from, to) = (self.center(from)?, self.center(to)?);
        let distance = from.distance_px(to);
        let rim = (self.radius_px + 1.0) / distance;
        (distance > 2.0 * self.radius_px + 4.0)
            .then(|| (from.toward(to, rim), to.toward(from, rim)))
    }
}

/// The growth of a node with the zoom. Distances grow faster, so that zooming in separates nodes. On large canvases
/// nodes are larger at zoom 1.
fn growth(view: &ViewState) -> f32 {
    let zoom = (view.camera.zoom() as f32).powf(0.6);
    let side = view.canvas.width().min(view.canvas.height() * 1.6);
    zoom * (side / 1600.0).sqrt().clamp(1.0, 1.5)
}
