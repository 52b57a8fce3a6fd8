//! What a person has chosen to look at: camera, selection, layers, theme. Plain data, owned by the window and filled
//! with defaults for files.
//!
//! Absent here: anything about the run; that is the [`World`]. What neither of the two knows (whether the clock stands
//! still, what the analysis found) comes in [`RunStatus`].

use super::camera::{Camera, WorldPoint, WorldRect};
use super::canvas::{Point, Rect};
use super::overlay::layout::Regions;
use super::theme::{PaletteName, TOOLBAR_HEIGHT_PX, Theme, ThemeName};
use super::timeline::TimelineView;
use crate::scenario::Placement;
use crate::scp::NodeId;
use crate::trace::World;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From the outermost nodes to the edge of the stage in pixels: room for rings and labels.
const FIT_MARGIN_PX: f32 = 60.0;
/// The same from the edge of a physical area, which nodes seldom touch.
const AREA_MARGIN_PX: f32 = 18.0;

/// Whether a layer is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Drawn.
    Shown,
    /// Left out.
    Hidden,
}

/// Which nodes have names beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LabelMode {
    /// All in small networks; in larger ones the selected node, its neighbours and the top tier.
    #[default]
    Auto,
    /// As many as fit.
    All,
    /// None.
    Off,
}

/// Which switchable layers are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LayerVisibility {
    /// Who can hear whom.
    pub reach: Visibility,
    /// Who trusts whom.
    pub edges: Visibility,
    /// Messages under way.
    pub messages: Visibility,
    /// The overlay: text block, legend, lists.
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

/// A set of nodes that is being looked at: it gets a hull, everything else dims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighlightedSet {
    /// What it is, in words ("a slice of n07").
    pub label: String,
    /// Its members.
    pub members: BTreeSet<NodeId>,
}

/// Everything about the view that is not the world.
#[derive(Clone, Debug)]
pub struct ViewState {
    /// Size of the whole picture in logical pixels.
    pub size_px: Point,
    /// What the toolbar and side panels leave free, in logical pixels.
    pub canvas: Rect,
    /// What part of the world is shown where.
    pub camera: Camera,
    /// Places of nodes where they are a matter of view; a node that is not in here stands where the world has it.
    pub places: BTreeMap<NodeId, WorldPoint>,
    /// The selected node.
    pub selected: Option<NodeId>,
    /// The node under the pointer.
    pub hovered: Option<NodeId>,
    /// The set being looked at.
    pub set: Option<HighlightedSet>,
    /// Dark or light.
    pub theme: ThemeName,
    /// Colours of phases.
    pub palette: PaletteName,
    /// What is drawn.
    pub layers: LayerVisibility,
    /// Which nodes have names beside them.
    pub labels: LabelMode,
    /// The timeline.
    pub timeline: TimelineView,
}

impl ViewState {
    /// The view one starts with: everything fits into a picture of this size, under the toolbar.
    #[must_use]
    pub fn new(world: &World, size_px: Point) -> ViewState {
        let canvas = Rect::from_corners(0.0, TOOLBAR_HEIGHT_PX, size_px.x, size_px.y);
        ViewState::with_canvas(world, size_px, canvas)
    }

    /// The same for a file: no toolbar.
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

    /// Shows everything.
    pub fn fit(&mut self, world: &World) {
        self.camera = Camera::fit(self.bounds(world), self.viewport(), margin_px(world));
    }

    /// The window or its panels changed size. A view that showed everything goes on showing everything; another keeps
    /// its centre and zoom.
    pub fn resize(&mut self, world: &World, size_px: Point, canvas: Rect) {
        self.size_px = size_px;
        self.canvas = canvas;
        self.camera = self
            .camera
            .refit(self.bounds(world), self.viewport(), margin_px(world));
    }

    /// Nodes came, went or moved: the camera's limits follow, and a view that showed everything goes on doing so.
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

    /// Where a node stands in the world.
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

    /// The colours.
    #[must_use]
    pub fn theme(&self) -> Theme {
        Theme::new(self.theme, self.palette)
    }

    /// Around the area of the scenario where positions are physical (so that the scale stays the same when nodes come
    /// and go), otherwise around the nodes.
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

/// What the analysis knows about the quorums of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum QuorumIntersection {
    /// Not known yet: it is being looked into.
    #[default]
    Checking,
    /// Any two have a node in common.
    Intersect,
    /// These two have none.
    Disjoint(Vec<NodeId>, Vec<NodeId>),
    /// There is no quorum.
    NoQuorum,
    /// It could not be found out in time.
    Unknown,
}

/// Whether time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PlaybackState {
    /// It passes.
    #[default]
    Running,
    /// It stands still.
    Paused,
    /// What is shown is over: time goes on from there when somebody lets it.
    Past,
    /// Nothing will ever happen again by itself.
    Finished,
}

/// What kind of run is being looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunKind {
    /// One in virtual time, under way or over.
    #[default]
    Simulation,
    /// One that was recorded.
    Recording,
    /// Processes, as they run.
    Live,
}

/// What neither world nor view knows.
#[derive(Clone, Debug, Default)]
pub struct RunStatus {
    /// Whether time passes.
    pub playback: PlaybackState,
    /// What kind of run it is.
    pub run_kind: RunKind,
    /// What is known about quorums.
    pub quorums: QuorumIntersection,
    /// The nodes on which everything depends; empty while that is not known.
    pub top_tier: Arc<BTreeSet<NodeId>>,
    /// Nodes that do not follow the protocol.
    pub ill_behaved: Arc<BTreeSet<NodeId>>,
    /// Well-behaved nodes that the ill-behaved ones can lead astray.
    pub befouled: Arc<BTreeSet<NodeId>>,
    /// Frames per second, if that is to be shown.
    pub frames_per_s: Option<f32>,
}
