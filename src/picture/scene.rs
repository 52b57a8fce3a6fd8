//! The scene: what of a world is shown, layer by layer. A painter asks for the version of a layer first and builds its
//! shapes only when that changed.
//!
//! Absent here: how each layer is drawn; every concern has its own file.

use super::canvas::{Drawing, Layer, LayerName, Point, Shape};
use super::geometry::Geometry;
use super::theme::{self, Color, Theme};
use super::view_state::{PlaybackState, RunStatus, ViewState, Visibility};
use super::{broadcast_rings, edges, hulls, labels, messages, nodes, overlay, reach, timeline};
use crate::node::view::RunningTimer;
use crate::scp::NodeId;
use crate::trace::{Lanes, NodeStatus, World, WorldNode};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Everything one frame shows, with what all layers need worked out once.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// What happened.
    pub world: &'a World,
    /// What a person looks at.
    pub view: &'a ViewState,
    /// What neither of them knows.
    pub status: &'a RunStatus,
    /// The colours.
    pub theme: Theme,
    /// Where the nodes are.
    pub geometry: Geometry,
    /// Who was doing what when, if a timeline can be shown.
    pub lanes: Option<&'a Lanes>,
}

impl<'a> Scene<'a> {
    /// A scene; cheap, nothing is drawn yet.
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

    /// The same scene with what the timeline shows.
    #[must_use]
    pub fn with_lanes(self, lanes: &'a Lanes) -> Scene<'a> {
        Scene {
            lanes: Some(lanes),
            ..self
        }
    }

    /// The version of a layer: while it stays the same, so do the shapes. `None`: they change with every frame.
    #[must_use]
    pub fn version(&self, name: LayerName) -> Option<u64> {
        let mut hash = DefaultHasher::new();
        let world = self.world;
        match name {
            LayerName::Rings if !world.broadcasts.is_empty() => return None,
            LayerName::Messages
                if self.shows(self.view.layers.messages) && !world.flights.is_empty() =>
            {
                return None;
            }
            LayerName::Nodes if self.geometry.has_rings() && self.has_running_timers() => {
                return None;
            }
            LayerName::Rings | LayerName::Messages => return Some(0),
            LayerName::Reach => (
                self.view.layers.reach,
                world.trust_version,
                &world.partition,
            )
                .hash(&mut hash),
            LayerName::Edges => (
                self.view.layers.edges,
                world.trust_version,
                &self.status.top_tier,
            )
                .hash(&mut hash),
            LayerName::Sets | LayerName::Labels => {
                (world.version, &self.status.top_tier).hash(&mut hash)
            }
            LayerName::Nodes => (
                world.version,
                &self.status.ill_behaved,
                &self.status.befouled,
            )
                .hash(&mut hash),
            LayerName::Overlay => self.hash_overlay(&mut hash),
            LayerName::Timeline | LayerName::Playhead => {
                return Some(self.timeline_version(name));
            }
        }
        self.hash_view(name, &mut hash);
        Some(hash.finish())
    }

    /// The shapes of a layer.
    #[must_use]
    pub fn shapes(&self, name: LayerName) -> Vec<Shape> {
        let layers = self.view.layers;
        match name {
            LayerName::Reach if self.shows(layers.reach) => reach::shapes(self),
            LayerName::Sets => hulls::shapes(self),
            LayerName::Edges if self.shows(layers.edges) => edges::shapes(self),
            LayerName::Rings => broadcast_rings::shapes(self),
            LayerName::Messages if self.shows(layers.messages) => messages::shapes(self),
            LayerName::Nodes => nodes::shapes(self),
            LayerName::Labels => labels::shapes(self),
            LayerName::Overlay if self.shows(layers.overlay) => overlay::shapes(self),
            LayerName::Timeline => self
                .lanes
                .map_or(Vec::new(), |lanes| timeline::shapes(self, lanes)),
            LayerName::Playhead => self
                .lanes
                .map_or(Vec::new(), |lanes| timeline::playhead_shapes(self, lanes)),
            LayerName::Reach | LayerName::Edges | LayerName::Messages | LayerName::Overlay => {
                Vec::new()
            }
        }
    }

    /// The whole picture.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        Drawing {
            size_px: self.view.size_px,
            background: self.theme.background,
            layers: LayerName::ALL
                .map(|name| Layer {
                    name,
                    version: self.version(name),
                    shapes: self.shapes(name),
                })
                .into(),
        }
    }

    /// Whether a node stands back while a set is being looked at.
    #[must_use]
    pub fn is_dimmed(&self, node: NodeId) -> bool {
        self.view
            .set
            .as_ref()
            .is_some_and(|set| !set.members.contains(&node))
    }

    /// The colour of something that belongs to a node. Dimmed colours are opaque, so that layers can be cached.
    #[must_use]
    pub fn dimmed(&self, node: NodeId, color: Color) -> Color {
        if self.is_dimmed(node) {
            color.faded(theme::DIMMED_SHARE).over(self.theme.background)
        } else {
            color
        }
    }

    /// Whether something at a point could be seen at all.
    #[must_use]
    pub fn is_on_screen(&self, at: Point) -> bool {
        let reach = self.geometry.outer_radius_px() + 16.0;
        self.view.canvas.inset(-reach).contains(at)
    }

    fn shows(&self, layer: Visibility) -> bool {
        layer == Visibility::Shown
    }

    fn has_running_timers(&self) -> bool {
        self.world.nodes.iter().any(|node| {
            let due = |timer: &RunningTimer| timer.due_at > self.world.now;
            node.view
                .timers
                .iter()
                .any(|(kind, timer)| !kind.is_housekeeping() && due(timer))
        })
    }

    /// What the timeline depends on. What has happened is drawn anew when its end has come a pixel further: until then
    /// nothing that happens can be told apart.
    fn timeline_version(&self, name: LayerName) -> u64 {
        let mut hash = DefaultHasher::new();
        let timeline = &self.view.timeline;
        let (Some(lanes), Some(rect)) = (self.lanes, timeline.rect) else {
            return 0;
        };
        let bits = |point: Point| (point.x.to_bits(), point.y.to_bits());
        let layout = timeline::Layout::new(rect, lanes.lanes().len());
        let pixel = |at| layout.x_of(&timeline.axis, at).floor() as i32;
        (bits(rect.min), bits(rect.max), lanes.lanes().len()).hash(&mut hash);
        (
            timeline.axis.from_us.to_bits(),
            timeline.axis.span_us.to_bits(),
        )
            .hash(&mut hash);
        (self.view.theme, self.view.palette, pixel(timeline.until)).hash(&mut hash);
        match name {
            LayerName::Playhead => (self.world.now, timeline.pointed.map(bits)).hash(&mut hash),
            _ => {
                (self.view.selected, &self.status.ill_behaved).hash(&mut hash);
                let paused = self.status.playback != PlaybackState::Running;
                (paused.then(|| lanes.version()), self.statuses()).hash(&mut hash);
            }
        }
        hash.finish()
    }

    /// How many nodes are there: names of others are dim.
    fn statuses(&self) -> usize {
        let is_there =
            |node: &&WorldNode| matches!(node.status, NodeStatus::Running | NodeStatus::Silent);
        self.world.nodes.iter().filter(is_there).count()
    }

    /// What the overlay depends on besides the view. Its clock shows tenths of a second.
    fn hash_overlay(&self, hash: &mut DefaultHasher) {
        let (world, status) = (self.world, self.status);
        (
            world.version,
            world.counters.sent,
            world.flights.len(),
            world.now.0 / 100_000,
        )
            .hash(hash);
        (
            self.view.layers,
            status.playback,
            &status.ill_behaved,
            &status.befouled,
        )
            .hash(hash);
        (
            overlay::quorums_key(&status.quorums),
            status.frames_per_s.map(f32::to_bits),
        )
            .hash(hash);
        // The legend explains rings only where there are any.
        (self.geometry.has_rings(), self.geometry.count()).hash(hash);
    }

    /// What of the view a layer depends on.
    fn hash_view(&self, name: LayerName, hash: &mut DefaultHasher) {
        let view = self.view;
        let bits = |point: Point| (point.x.to_bits(), point.y.to_bits());
        (
            view.theme,
            view.palette,
            bits(view.canvas.min),
            bits(view.canvas.max),
        )
            .hash(hash);
        (
            bits(view.size_px),
            view.selected,
            &view.set.as_ref().map(|set| &set.members),
        )
            .hash(hash);
        if name == LayerName::Overlay {
            return view.set.as_ref().map(|set| &set.label).hash(hash);
        }
        if matches!(name, LayerName::Nodes | LayerName::Labels) {
            (view.hovered, view.labels).hash(hash);
        }
        for (node, center) in self.geometry.nodes() {
            (node, bits(center)).hash(hash);
        }
        self.geometry.radius_px.to_bits().hash(hash);
    }
}
