//! Scene: the read-only context from which every layer is drawn: world, view, status, theme and node geometry.
//!
//! `layers.rs` draws the layers and tracks their changes.

use super::canvas::Point;
use super::geometry::Geometry;
use super::theme::{self, Color, Theme};
use super::view_state::{RunStatus, ViewState};
use crate::scp::NodeId;
use crate::trace::{Lanes, World};

/// The contents of one frame, with the values that all layers share computed once.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// The state of all nodes and messages.
    pub world: &'a World,
    /// Camera, selection and layers that are shown.
    pub view: &'a ViewState,
    /// Results of the analysis and the state of the playback.
    pub status: &'a RunStatus,
    /// The colours of the view.
    pub theme: Theme,
    /// Positions and sizes of the nodes on the screen.
    pub geometry: Geometry,
    /// The lanes of the timeline; `None`: no timeline.
    pub lanes: Option<&'a Lanes>,
}

impl<'a> Scene<'a> {
    /// A scene without a timeline.
    #[must_use]
    pub fn new(world: &'a World, view: &'a ViewState, status: &'a RunStatus) -> Scene<'a> {
        Scene {
            world,
            view,
            status,
            theme: view.theme(),
            geometry: Geometry::new(world, view),
            lanes: None,
        }
    }

    /// The same scene with a timeline of these lanes.
    #[must_use]
    pub fn with_lanes(self, lanes: &'a Lanes) -> Scene<'a> {
        Scene {
            lanes: Some(lanes),
            ..self
        }
    }

    /// Whether a node is outside the highlighted set, and therefore dimmed.
    #[must_use]
    pub fn is_dimmed(&self, node: NodeId) -> bool {
        self.view
            .set
            .as_ref()
            .is_some_and(|set| !set.members.contains(&node) && set.target != Some(node))
    }

    /// The colour of a shape that belongs to a node. Dimmed colours are opaque, so that painters can cache the layer.
    #[must_use]
    pub fn dimmed(&self, node: NodeId, color: Color) -> Color {
        if self.is_dimmed(node) {
            color.faded(theme::DIMMED_SHARE).over(self.theme.background)
        } else {
            color
        }
    }

    /// Whether any part of a node at this point is on the canvas.
    #[must_use]
    pub fn is_on_screen(&self, at: Point) -> bool {
        let reach = self.geometry.outer_radius_px() + 16.0;
        self.view.canvas.inset(-reach).contains(at)
    }
}
