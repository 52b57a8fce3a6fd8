//! Layers: the shapes of each layer of a scene, and a version that changes when a painter must redraw the layer.
//!
//! Each layer is drawn in a file of its own.

use super::canvas::{Drawing, Layer, LayerName, Point, Shape};
use super::scene::Scene;
use super::view_state::{PlaybackState, Visibility};
use super::{broadcast_rings, edges, hulls, labels, messages, nodes, overlay, reach, timeline};
use crate::node::view::RunningTimer;
use crate::trace::{NodeStatus, WorldNode};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The whole picture.
#[must_use]
pub fn drawing(scene: &Scene<'_>) -> Drawing {
    let layer = |name| Layer {
        name,
        version: version(scene, name),
        shapes: shapes(scene, name),
    };
    Drawing {
        size_px: scene.view.size_px,
        background: scene.theme.background,
        layers: LayerName::ALL.map(layer).into(),
    }
}

/// The shapes of a layer.
#[must_use]
pub fn shapes(scene: &Scene<'_>, name: LayerName) -> Vec<Shape> {
    let layers = scene.view.layers;
    match name {
        LayerName::Reach if is_shown(layers.reach) => reach::shapes(scene),
        LayerName::Sets => hulls::shapes(scene),
        LayerName::Edges if is_shown(layers.edges) => edges::shapes(scene),
        LayerName::Rings => broadcast_rings::shapes(scene),
        LayerName::Messages if is_shown(layers.messages) => messages::shapes(scene),
        LayerName::Nodes => nodes::shapes(scene),
        LayerName::Labels => labels::shapes(scene),
        LayerName::Overlay if is_shown(layers.overlay) => overlay::shapes(scene),
        LayerName::Timeline => scene
            .lanes
            .map_or(Vec::new(), |lanes| timeline::shapes(scene, lanes)),
        LayerName::Playhead => scene
            .lanes
            .map_or(Vec::new(), |lanes| timeline::playhead_shapes(scene, lanes)),
        LayerName::Reach | LayerName::Edges | LayerName::Messages | LayerName::Overlay => {
            Vec::new()
        }
    }
}

/// The version of a layer: equal versions mean equal shapes. `None`: the shapes change with every frame.
#[must_use]
pub fn version(scene: &Scene<'_>, name: LayerName) -> Option<u64> {
    if is_animated(scene, name) {
        return None;
    }
    let (world, status) = (scene.world, scene.status);
    let mut hash = DefaultHasher::new();
    match name {
        LayerName::Rings | LayerName::Messages => return Some(0),
        LayerName::Timeline | LayerName::Playhead => return Some(timeline_version(scene, name)),
        LayerName::Reach => (
            scene.view.layers.reach,
            world.trust_version,
            &world.partition,
        )
            .hash(&mut hash),
        LayerName::Edges => (
            scene.view.layers.edges,
            world.trust_version,
            &status.top_tier,
        )
            .hash(&mut hash),
        LayerName::Sets | LayerName::Labels => (world.version, &status.top_tier).hash(&mut hash),
        LayerName::Nodes => (world.version, &status.ill_behaved, &status.befouled).hash(&mut hash),
        LayerName::Overlay => hash_overlay(scene, &mut hash),
    }
    hash_view(scene, name, &mut hash);
    Some(hash.finish())
}

fn is_shown(layer: Visibility) -> bool {
    layer == Visibility::Shown
}

/// Whether the layer changes with time.
fn is_animated(scene: &Scene<'_>, name: LayerName) -> bool {
    match name {
        LayerName::Rings => !scene.world.broadcasts.is_empty(),
        LayerName::Messages => {
            is_shown(scene.view.layers.messages) && !scene.world.flights.is_empty()
        }
        LayerName::Nodes => scene.geometry.has_rings() && has_running_timers(scene),
        _ => false,
    }
}

fn has_running_timers(scene: &Scene<'_>) -> bool {
    let is_running = |timer: &RunningTimer| timer.due_at > scene.world.now;
    scene.world.nodes.iter().any(|node| {
        let mut timers = node.view.timers.iter();
        timers.any(|(kind, timer)| !kind.is_housekeeping() && is_running(timer))
    })
}

/// Hash of all inputs of a timeline layer. While the run plays, the chart changes only when its end moves by a whole
/// pixel.
fn timeline_version(scene: &Scene<'_>, name: LayerName) -> u64 {
    let mut hash = DefaultHasher::new();
    let (view, timeline) = (scene.view, &scene.view.timeline);
    let (Some(lanes), Some(rect)) = (scene.lanes, timeline.rect) else {
        return 0;
    };
    let layout = timeline::Layout::new(rect, lanes.lanes().len());
    let pixel = |at| layout.x_of(&timeline.axis, at).floor() as i32;
    (bits(rect.min), bits(rect.max), lanes.lanes().len()).hash(&mut hash);
    (
        timeline.axis.from_us.to_bits(),
        timeline.axis.span_us.to_bits(),
    )
        .hash(&mut hash);
    (view.theme, view.palette, pixel(timeline.until)).hash(&mut hash);
    if name == LayerName::Playhead {
        (scene.world.now, timeline.pointed.map(bits)).hash(&mut hash);
    } else {
        let is_paused = scene.status.playback != PlaybackState::Running;
        (view.selected, &scene.status.ill_behaved).hash(&mut hash);
        (is_paused.then(|| lanes.version()), present_nodes(scene)).hash(&mut hash);
    }
    hash.finish()
}

/// Number of nodes that run; the names of all others are dim.
fn present_nodes(scene: &Scene<'_>) -> usize {
    let is_present =
        |node: &&WorldNode| matches!(node.status, NodeStatus::Running | NodeStatus::Silent);
    scene.world.nodes.iter().filter(is_present).count()
}

/// Hashes the inputs of the overlay besides the view. The overlay shows the time in tenths of a second.
fn hash_overlay(scene: &Scene<'_>, hash: &mut DefaultHasher) {
    let (world, status) = (scene.world, scene.status);
    let tenths = world.now.0 / 100_000;
    (
        world.version,
        world.counters.sent,
        world.flights.len(),
        tenths,
    )
        .hash(hash);
    (scene.view.layers, status.playback, status.accepts_proposals).hash(hash);
    (&status.ill_behaved, &status.befouled).hash(hash);
    (
        overlay::badge_hash(status),
        status.frames_per_s.map(f32::to_bits),
    )
        .hash(hash);
    // The legend explains rings only if nodes have rings.
    (scene.geometry.has_rings(), scene.geometry.count()).hash(hash);
}

/// Hashes the parts of the view on which a layer depends.
fn hash_view(scene: &Scene<'_>, name: LayerName, hash: &mut DefaultHasher) {
    let view = scene.view;
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
    for (node, center) in scene.geometry.nodes() {
        (node, bits(center)).hash(hash);
    }
    scene.geometry.radius_px.to_bits().hash(hash);
}

fn bits(point: Point) -> (u32, u32) {
    (point.x.to_bits(), point.y.to_bits())
}
