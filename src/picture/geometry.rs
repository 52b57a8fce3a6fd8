//! Where the nodes are on the screen and how large: computed once per layer, used by all that is drawn on them.
//!
//! Absent here: colours and shapes.

use super::canvas::{Point, Rect};
use super::theme;
use super::view_state::ViewState;
use crate::scp::NodeId;
use crate::trace::{NodeStatus, World};

/// Smallest and largest radius of a node in pixels, however far one zooms.
const RADIUS_MIN_PX: f32 = 2.0;
const RADIUS_MAX_PX: f32 = 34.0;
/// From the rim of a node of 14 pixels to the middle of its ring of quarters, in pixels.
const QUARTERS_GAP_PX: f32 = 4.0;
/// The same to its timer arc.
const TIMER_GAP_PX: f32 = 7.5;
/// The same to whatever stands beside it (labels, chips, crowns).
const OUTER_GAP_PX: f32 = 9.5;
/// The same for nodes too small to have rings.
const SMALL_OUTER_GAP_PX: f32 = 4.0;

/// The nodes on the screen.
#[derive(Clone, Debug)]
pub struct Geometry {
    /// Centre by node number; `None` for nodes that have left.
    centers: Vec<Option<Point>>,
    /// The radius all nodes have, in pixels.
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

    /// Where a node is; `None` if there is no such node or it has left.
    #[must_use]
    pub fn center(&self, node: NodeId) -> Option<Point> {
        *self.centers.get(node.index())?
    }

    /// All nodes that are there, in the order of their numbers.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, Point)> + '_ {
        let ids = (0..).map(NodeId);
        ids.zip(&self.centers)
            .filter_map(|(id, center)| Some((id, (*center)?)))
    }

    /// How many nodes are there.
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

    /// Radius of everything that belongs to a node, in pixels; beside it is free space.
    #[must_use]
    pub fn outer_radius_px(&self) -> f32 {
        let gap = if self.has_rings() {
            OUTER_GAP_PX * self.gap_share()
        } else {
            SMALL_OUTER_GAP_PX
        };
        self.radius_px + gap
    }

    /// Small nodes have their rings closer, large ones a little farther away.
    fn gap_share(&self) -> f32 {
        (self.radius_px / 14.0).sqrt().clamp(0.75, 1.4)
    }

    /// The box around everything that belongs to a node at `center`.
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

    /// From the rim of one node to the rim of the other; `None` if one is not there or they touch.
    #[must_use]
    pub fn between_rims(&self, from: NodeId, to: NodeId) -> Option<(Point, Point)> {
        let (from, to) = (self.center(from)?, self.center(to)?);
        let distance = from.distance_px(to);
        let rim = (self.radius_px + 1.0) / distance;
        (distance > 2.0 * self.radius_px + 4.0)
            .then(|| (from.toward(to, rim), to.toward(from, rim)))
    }
}

/// Nodes grow with the zoom, but less than the distances between them, so that zooming in makes room. On screens much
/// larger than a laptop's everything is a little larger from the start.
fn growth(view: &ViewState) -> f32 {
    let zoom = (view.camera.zoom() as f32).powf(0.6);
    let side = view.canvas.width().min(view.canvas.height() * 1.6);
    zoom * (side / 1600.0).sqrt().clamp(1.0, 1.5)
}
