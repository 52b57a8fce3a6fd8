//! View state: the camera, selection, layers and theme that the user chose, and the status of the run.
//!
//! The window owns this plain data; image files use the defaults. The state of the run itself is the [`World`].

use super::camera::{Camera, WorldPoint, WorldRect};
use super::canvas::{Point, Rect};
use super::overlay::layout::Regions;
use super::theme::{PaletteName, TOOLBAR_HEIGHT_PX, Theme, ThemeName};
use super::timeline::view::TimelineView;
use crate::explain::availability::Availability;
use crate::scenario::Placement;
use crate::scp::NodeId;
use crate::trace::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Margin between the outermost nodes and the edge of the viewport in pixels, for rings and labels.
const FIT_MARGIN_PX: f32 = 60.0;
/// Margin around a physical area in pixels; nodes rarely touch its edge.
const AREA_MARGIN_PX: f32 = 18.0;

/// Whether a layer is visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Visible.
    Shown,
    /// Hidden.
    Hidden,
}

/// Which nodes have labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LabelMode {
    /// All nodes of a small network; in a larger one the selected node, its neighbours and the top tier.
    #[default]
    Auto,
    /// All nodes whose labels fit.
    All,
    /// Only the selected and the hovered node.
    Off,
}

/// The layers that the user can switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerVisibility {
    /// Radio links.
    pub reach: Visibility,
    /// Trust edges.
    pub edges: Visibility,
    /// Messages in flight.
    pub messages: Visibility,
    /// The overlay: statistics, legend, proposals.
    pub overlay: Visibility,
}

impl Default for LayerVisibility {
    fn default() -> LayerVisibility {
        LayerVisibility {
            reach: Visibility::Hidden,
            edges: Visibility::Shown,
            messages: Visibility::Shown,
            overlay: Visibility::Shown,
        }
    }
}

/// A set of nodes to highlight: it gets a hull, and all other nodes are dimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighlightedSet {
    /// The caption of the set ("a slice of n07").
    pub label: String,
    /// The nodes of the set.
    pub members: BTreeSet<NodeId>,
    /// The node that the set acts on: a line leads there from each member.
    pub target: Option<NodeId>,
}

/// The part of the run that the user sees, and its appearance.
#[derive(Clone, Debug)]
pub struct ViewState {
    /// Size of the whole picture in logical pixels.
    pub size_px: Point,
    /// The part that toolbar and side panels leave free, in logical pixels.
    pub canvas: Rect,
    /// The visible part of the world.
    pub camera: Camera,
    /// Positions that the user gave to nodes. All other nodes have the position of the world.
    pub places: BTreeMap<NodeId, WorldPoint>,
    /// The selected node.
    pub selected: Option<NodeId>,
    /// The node under the pointer.
    pub hovered: Option<NodeId>,
    /// The highlighted set.
    pub set: Option<HighlightedSet>,
    /// The dark or the light theme.
    pub theme: ThemeName,
    /// The colours of the phases.
    pub palette: PaletteName,
    /// The visible layers.
    pub layers: LayerVisibility,
    /// Which nodes have labels.
    pub labels: LabelMode,
    /// The state of the timeline.
    pub timeline: TimelineView,
}

impl ViewState {
    /// The initial view of a window of this size: the whole network below the toolbar.
    #[must_use]
    pub fn new(world: &World, size_px: Point) -> ViewState {
        let canvas = Rect::from_corners(0.0, TOOLBAR_HEIGHT_PX, size_px.x, size_px.y);
        ViewState::with_canvas(world, size_px, canvas)
    }

    /// The view for an image file: without a toolbar.
    #[must_use]
    pub fn for_file(world: &World, size_px: Point) -> ViewState {
        let canvas = Rect::from_corners(0.0, 0.0, size_px.x, size_px.y);
        ViewState::with_canvas(world, size_px, canvas)
    }

    fn with_canvas(world: &World, size_px: Point, canvas: Rect) -> ViewState {
        let mut view = ViewState {
            size_px,
            canvas,
            camera: Camera::fit(WorldRect::default(), canvas, FIT_MARGIN_PX),
            places: BTreeMap::new(),
            selected: None,
            hovered: None,
            set: None,
            theme: ThemeName::default(),
            palette: PaletteName::default(),
            layers: LayerVisibility::default(),
            labels: LabelMode::default(),
            timeline: TimelineView::default(),
        };
        view.fit(world);
        view
    }

    /// Fits the whole network into the viewport.
    pub fn fit(&mut self, world: &World) {
        self.camera = Camera::fit(self.bounds(world), self.viewport(), margin_px(world));
    }

    /// Adapts to a new size of the window. A fitted view stays fitted; any other keeps centre and zoom.
    pub fn resize(&mut self, world: &World, size_px: Point, canvas: Rect) {
        self.size_px = size_px;
        self.canvas = canvas;
        self.camera = self
            .camera
            .refit(self.bounds(world), self.viewport(), margin_px(world));
    }

    /// Adapts to panels that open or close. The world keeps its place on the screen, so that nothing moves under the
    /// pointer. Only if a panel would cover a node of a fitted view, the view is fitted again.
    pub fn set_canvas(&mut self, world: &World, canvas: Rect) {
        let held = self.camera.on_canvas(Regions::of(canvas).viewport);
        let bounds = self.bounds(world);
        let is_visible = |corner| canvas.contains(held.screen_from_world(corner));
        if held.is_fitted() && !(is_visible(bounds.min) && is_visible(bounds.max)) {
            self.resize(world, self.size_px, canvas);
            return;
        }
        self.canvas = canvas;
        self.camera = self.camera.on_canvas(self.viewport());
    }

    /// Adapts the limits of the camera after nodes were added, removed or moved. A fitted view stays fitted.
    pub fn follow(&mut self, world: &World) {
        self.camera = self
            .camera
            .refit(self.bounds(world), self.viewport(), margin_px(world));
    }

    /// The part of the canvas that the overlay leaves to the nodes.
    #[must_use]
    pub fn viewport(&self) -> Rect {
        match self.layers.overlay {
            Visibility::Shown => Regions::of(self.canvas).viewport,
            Visibility::Hidden => self.canvas,
        }
    }

    /// The position of a node: the user's in scenarios without physical positions, otherwise the world's.
    #[must_use]
    pub fn place(&self, world: &World, node: NodeId) -> WorldPoint {
        if let Some(place) = self.places.get(&node)
            && world.scenario.placement == Placement::View
        {
            return *place;
        }
        let position = world.node(node).map(|node| node.position);
        position.map_or(WorldPoint::default(), |at| WorldPoint {
            x: at.x_m,
            y: at.y_m,
        })
    }

    /// The colours of the chosen theme and palette.
    #[must_use]
    pub fn theme(&self) -> Theme {
        Theme::new(self.theme, self.palette)
    }

    /// The area of the scenario if positions are physical, so that the scale stays the same when nodes come and go;
    /// otherwise the bounding box of the nodes.
    fn bounds(&self, world: &World) -> WorldRect {
        let nodes = (0..).map(NodeId).take(world.nodes.len());
        let mut corners: Vec<WorldPoint> = nodes.map(|node| self.place(world, node)).collect();
        if world.scenario.placement == Placement::Physical || corners.is_empty() {
            let (x, y) = world.scenario.area_m;
            corners.extend([WorldPoint::default(), WorldPoint { x, y }]);
        }
        WorldRect::around(corners).unwrap_or_default()
    }
}

fn margin_px(world: &World) -> f32 {
    match world.scenario.placement {
        Placement::Physical => AREA_MARGIN_PX,
        Placement::View => FIT_MARGIN_PX,
    }
}

/// Result of the quorum intersection analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum QuorumIntersection {
    /// The analysis is running.
    #[default]
    Checking,
    /// Any two quorums share a node.
    Intersect,
    /// These two quorums share no node.
    Disjoint(Vec<NodeId>, Vec<NodeId>),
    /// No quorum exists.
    NoQuorum,
    /// The analysis ran out of time, or depends on referenced nodes, whose quorum sets are unknown.
    Unknown,
}

/// State of the playback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PlaybackState {
    /// Time advances.
    #[default]
    Running,
    /// The user has paused the run.
    Paused,
    /// The picture shows an earlier instant.
    Past,
    /// The run is over: nothing more will happen without user input.
    Finished,
}

/// Origin of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunKind {
    /// A simulation in virtual time.
    #[default]
    Simulation,
    /// A recorded trace.
    Recording,
    /// Running processes.
    Live,
}

/// The status of the run, which neither the world nor the view contains.
#[derive(Clone, Debug, Default)]
pub struct RunStatus {
    /// State of the playback.
    pub playback: PlaybackState,
    /// Origin of the run.
    pub run_kind: RunKind,
    /// Result of the quorum intersection analysis.
    pub quorums: QuorumIntersection,
    /// Whether the nodes that run and reach each other contain a quorum; `None` until it is known.
    pub availability: Option<Availability>,
    /// The top tier of the network; empty while it is unknown.
    pub top_tier: Arc<BTreeSet<NodeId>>,
    /// Nodes that do not follow the protocol (SCP paper, section 3).
    pub ill_behaved: Arc<BTreeSet<NodeId>>,
    /// Well-behaved nodes that depend on ill-behaved ones (SCP paper, section 4).
    pub befouled: Arc<BTreeSet<NodeId>>,
    /// Frames per second, if the statistics show it.
    pub frames_per_s: Option<f32>,
    /// Whether a click on a node can propose a value now. If so, the caption invites a proposal when the run is over.
    pub accepts_proposals: bool,
}
