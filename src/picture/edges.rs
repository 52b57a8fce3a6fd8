//! Trust edges: one-way trust as a straight line with an arrowhead, mutual trust as an arc.
//!
//! Colours are composited with the background and strong edges come last, so that painters can cache the layer as an
//! image. `reach.rs` draws radio links.

use super::canvas::{Point, Rect, Shape, Stroke};
use super::icons;
use super::scene::Scene;
use super::theme::{
    DIMMED_SHARE, EDGE_OPACITY_CORE, EDGE_OPACITY_DENSE, EDGE_OPACITY_SELECTED, EDGE_OPACITY_SPARSE,
};
use super::view_state::Visibility;
use crate::node::view::TrustPolicy;
use crate::scp::{NodeId, QuorumSet};
use crate::trace::WorldNode;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Largest number of edges at the opacity of sparse graphs.
const SPARSE_UP_TO: f32 = 60.0;
/// Smallest number of edges at the opacity of dense graphs.
const DENSE_FROM: f32 = 700.0;
/// Largest number of edges that all have arrowheads; above it, only edges of the selected node have one.
const ARROWS_UP_TO: usize = 300;
/// Largest number of edges with arcs for mutual trust; above it, the arcs would not be visible.
const ARCS_UP_TO: usize = 1500;
/// Distance of the middle of an arc from the straight line, as a share of its length.
const ARC_HEIGHT_SHARE: f32 = 0.07;
/// Smallest number of segments of an arc.
const ARC_SEGMENTS: usize = 8;
/// Largest number of segments of an arc.
const ARC_SEGMENTS_MAX: usize = 32;
/// Approximate length of a segment in pixels.
const ARC_SEGMENT_PX: f32 = 18.0;
/// Size of an arrowhead in pixels.
const ARROW_PX: f32 = 7.0;

/// One edge to draw.
struct Edge {
    from: NodeId,
    to: NodeId,
    mutual: bool,
    opacity: f32,
}

/// The trust set of a node; before its first report, the members of its configured quorum set.
#[must_use]
pub fn trusted(node: &WorldNode) -> Cow<'_, BTreeSet<NodeId>> {
    match &node.config.trust {
        TrustPolicy::Fixed(quorum_set) if node.view.trusted.is_empty() => {
            let mut members = BTreeSet::new();
            collect(quorum_set, &mut members);
            Cow::Owned(members)
        }
        _ => Cow::Borrowed(&node.view.trusted),
    }
}

fn collect(quorum_set: &QuorumSet, members: &mut BTreeSet<NodeId>) {
    members.extend(&quorum_set.validators);
    for inner in &quorum_set.inner {
        collect(inner, members);
    }
}

/// Whether mutual edges are arcs. Messages between the two nodes then follow the arc.
#[must_use]
pub fn has_arcs(scene: &Scene<'_>) -> bool {
    let trusting: usize = scene
        .world
        .nodes
        .iter()
        .map(|node| node.view.trusted.len())
        .sum();
    scene.view.layers.edges == Visibility::Shown && trusting <= 2 * ARCS_UP_TO
}

/// The path from one node to another: the arc if there is one, otherwise a straight line.
#[must_use]
pub fn path(scene: &Scene<'_>, arcs: bool, from: NodeId, to: NodeId) -> Option<EdgePath> {
    let (start, end) = scene.geometry.between_rims(from, to)?;
    let trusts = |one: NodeId, two: NodeId| {
        scene
            .world
            .node(one)
            .is_some_and(|node| trusted(node).contains(&two))
    };
    let bend = match arcs && trusts(from, to) && trusts(to, from) {
        // An arc starts at the node with the lower number.
        true if from < to => ARC_HEIGHT_SHARE,
        true => -ARC_HEIGHT_SHARE,
        false => 0.0,
    };
    Some(EdgePath { start, end, bend })
}

/// A path between the rims of two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgePath {
    start: Point,
    end: Point,
    bend: f32,
}

impl EdgePath {
    /// The point at a share (0 to 1) of the path.
    #[must_use]
    pub fn at(self, share: f32) -> Point {
        let (dx, dy) = (self.end.x - self.start.x, self.end.y - self.start.y);
        let lift = 4.0 * share * (1.0 - share) * self.bend;
        self.start
            .toward(self.end, share)
            .offset(dy * lift, -dx * lift)
    }

    /// The path as a polyline.
    #[must_use]
    pub fn points(self) -> Vec<Point> {
        let chord_px = (self.end.x - self.start.x).hypot(self.end.y - self.start.y);
        let segments = match self.bend {
            0.0 => 1,
            _ => ((chord_px / ARC_SEGMENT_PX) as usize).clamp(ARC_SEGMENTS, ARC_SEGMENTS_MAX),
        };
        (0..=segments)
            .map(|nth| self.at(nth as f32 / segments as f32))
            .collect()
    }
}

/// All edges, the faintest first.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let mut edges = edges(scene);
    edges.sort_by(|a, b| a.opacity.total_cmp(&b.opacity));
    let mut shapes = Vec::with_capacity(edges.len());
    let (count, arcs) = (edges.len(), has_arcs(scene));
    for edge in &edges {
        draw(scene, edge, count, arcs, &mut shapes);
    }
    shapes
}

fn edges(scene: &Scene<'_>) -> Vec<Edge> {
    let present: Vec<Option<Cow<'_, BTreeSet<NodeId>>>> = (0..)
        .map(NodeId)
        .zip(&scene.world.nodes)
        .map(|(id, node)| scene.geometry.center(id).map(|_| trusted(node)))
        .collect();
    let trusts = |from: NodeId, to: NodeId| {
        let set = present.get(from.index()).and_then(Option::as_ref);
        set.is_some_and(|set| set.contains(&to))
    };
    let mut edges = Vec::new();
    for (from, set) in (0..).map(NodeId).zip(&present) {
        let others = set
            .iter()
            .flat_map(|set| set.iter().copied())
            .filter(|to| *to != from);
        for to in others.filter(|to| scene.geometry.center(*to).is_some()) {
            let mutual = trusts(to, from);
            if !mutual || from < to {
                let opacity = 0.0;
                edges.push(Edge {
                    from,
                    to,
                    mutual,
                    opacity,
                });
            }
        }
    }
    let base = base_opacity(edges.len());
    for edge in &mut edges {
        edge.opacity = opacity(scene, edge, base);
    }
    edges
}

/// The opacity of an ordinary edge, by the number of edges.
fn base_opacity(count: usize) -> f32 {
    let count = (count as f32).clamp(SPARSE_UP_TO, DENSE_FROM);
    let density = (count / SPARSE_UP_TO).ln() / (DENSE_FROM / SPARSE_UP_TO).ln();
    EDGE_OPACITY_SPARSE + (EDGE_OPACITY_DENSE - EDGE_OPACITY_SPARSE) * density
}

fn opacity(scene: &Scene<'_>, edge: &Edge, base: f32) -> f32 {
    let (from, to) = (edge.from, edge.to);
    if scene.is_dimmed(from) || scene.is_dimmed(to) {
        return base * DIMMED_SHARE;
    }
    match scene.view.selected {
        Some(selected) if selected == from || (selected == to && edge.mutual) => {
            EDGE_OPACITY_SELECTED
        }
        Some(selected) if selected == to => EDGE_OPACITY_SELECTED / 2.0,
        _ if in_core(scene, from) && in_core(scene, to) => base.max(EDGE_OPACITY_CORE),
        _ => base,
    }
}

/// Whether a node belongs to the top tier. A top tier of nearly all nodes is not emphasised.
fn in_core(scene: &Scene<'_>, node: NodeId) -> bool {
    let core = &scene.status.top_tier;
    core.len() * 10 <= scene.geometry.count() * 7 && core.contains(&node)
}

fn draw(scene: &Scene<'_>, edge: &Edge, count: usize, arcs: bool, out: &mut Vec<Shape>) {
    let Some((from, to)) = scene.geometry.between_rims(edge.from, edge.to) else {
        return;
    };
    let around = Rect {
        min: Point {
            x: from.x.min(to.x) - 0.5,
            y: from.y.min(to.y) - 0.5,
        },
        max: Point {
            x: from.x.max(to.x) + 0.5,
            y: from.y.max(to.y) + 0.5,
        },
    };
    if !around.overlaps(scene.view.canvas) {
        return;
    }
    let selected = edge.opacity >= EDGE_OPACITY_SELECTED / 2.0;
    let ink = if selected {
        scene.theme.accent
    } else {
        scene.theme.edge
    };
    let color = ink.with_opacity(edge.opacity).over(scene.theme.background);
    let stroke = Stroke::solid(if selected { 1.5 } else { 1.0 }, color);
    if edge.mutual && arcs {
        out.push(Shape::Line {
            points: arc(from, to),
            stroke,
        });
        return;
    }
    out.push(Shape::Line {
        points: vec![from, to],
        stroke,
    });
    if !edge.mutual && (count <= ARROWS_UP_TO || selected) {
        // The arrowhead is more opaque than the line, because it is small.
        let head = ink
            .with_opacity((edge.opacity * 2.0).min(0.95))
            .over(scene.theme.background);
        out.extend(icons::arrowhead(from, from.toward(to, 0.5), ARROW_PX, head));
    }
}

/// A flat arc between two points, bent to the left.
#[must_use]
pub fn arc(start: Point, end: Point) -> Vec<Point> {
    EdgePath {
        start,
        end,
        bend: ARC_HEIGHT_SHARE,
    }
    .points()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opacity_falls_with_the_number_of_edges() {
        assert!((base_opacity(3) - EDGE_OPACITY_SPARSE).abs() < 1e-6);
        assert!((base_opacity(10_000) - EDGE_OPACITY_DENSE).abs() < 1e-6);
        assert!((1..1000).all(|n| base_opacity(n + 1) <= base_opacity(n)));
    }

    #[test]
    fn arcs_are_bent_and_keep_their_end_points() {
        let (from, to) = (Point { x: 0.0, y: 0.0 }, Point { x: 100.0, y: 0.0 });
        let arc = arc(from, to);
        assert_eq!((arc[0], arc[ARC_SEGMENTS]), (from, to));
        assert!((arc[ARC_SEGMENTS / 2].y.abs() - 7.0).abs() < 1e-4);
    }
}
