//! Convex hulls around sets of nodes: the highlighted set, the nodes of each value of a fork, the groups of a partition.
//!
//! Fills come before outlines and are composited with the background, so that hulls can overlap. The view state
//! contains the highlighted set.

use super::canvas::{Point, Shape, Stroke};
use super::scene::Scene;
use super::theme::Color;
use super::value_chips::ChipStyles;
use crate::scp::NodeId;
use std::collections::BTreeSet;

/// Distance between the marks of a node and the hull, in pixels.
const MARGIN_PX: f32 = 8.0;
/// Corners of the polygon around each node.
const CORNERS: usize = 16;
/// Opacity of the fill.
const FILL_OPACITY: f32 = 0.10;
/// Opacity of the outline.
const LINE_OPACITY: f32 = 0.8;

/// Length of the head of an arrow, in pixels.
const ARROW_PX: f32 = 9.0;

struct Hull {
    points: Vec<Point>,
    color: Color,
    dash_px: Option<f32>,
}

/// All hulls.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let hulls = hulls(scene);
    let fills = hulls.iter().map(|hull| Shape::Polygon {
        points: hull.points.clone(),
        fill: Some(
            hull.color
                .with_opacity(FILL_OPACITY)
                .over(scene.theme.background),
        ),
        stroke: None,
    });
    let lines = hulls.iter().map(|hull| Shape::Polygon {
        points: hull.points.clone(),
        fill: None,
        stroke: Some(Stroke {
            width_px: 1.5,
            color: hull
                .color
                .with_opacity(LINE_OPACITY)
                .over(scene.theme.background),
            dash_px: hull.dash_px,
        }),
    });
    fills.chain(lines).chain(arrows_to_target(scene)).collect()
}

/// A line with an arrowhead from each member of the highlighted set to its target.
fn arrows_to_target(scene: &Scene<'_>) -> Vec<Shape> {
    let set = scene.view.set.as_ref();
    let Some((set, target)) = set.and_then(|set| Some((set, set.target?))) else {
        return Vec::new();
    };
    let color = scene.theme.accent;
    let members = set.members.iter().filter(|member| **member != target);
    let lines = members.filter_map(|member| scene.geometry.between_rims(*member, target));
    lines
        .flat_map(|(from, to)| {
            let length_px = from.distance_px(to).max(1.0);
            let back = to.toward(from, (ARROW_PX / length_px).min(1.0));
            let (x, y) = ((to.x - back.x) * 0.45, (to.y - back.y) * 0.45);
            [
                Shape::Line {
                    points: vec![from, back],
                    stroke: Stroke::solid(1.5, color),
                },
                Shape::Polygon {
                    points: vec![to, back.offset(-y, x), back.offset(y, -x)],
                    fill: Some(color),
                    stroke: None,
                },
            ]
        })
        .collect()
}

fn hulls(scene: &Scene<'_>) -> Vec<Hull> {
    let mut hulls = Vec::new();
    let mut add = |members: &mut dyn Iterator<Item = NodeId>, color, dash_px| {
        let centers: Vec<Point> = members
            .filter_map(|node| scene.geometry.center(node))
            .collect();
        if !centers.is_empty() {
            let points = hull_around(&centers, scene.geometry.outer_radius_px() + MARGIN_PX);
            hulls.push(Hull {
                points,
                color,
                dash_px,
            });
        }
    };
    for group in sides(scene) {
        add(&mut group.into_iter(), scene.theme.text_dim, Some(6.0));
    }
    if let Some((_, nodes_by_value)) = scene.world.fork() {
        let chip_styles = ChipStyles::of(scene.world);
        for (value, members) in nodes_by_value {
            let color = chip_styles.style_of(&value).color(&scene.theme);
            add(&mut members.into_iter(), color, None);
        }
    }
    if let Some(set) = &scene.view.set {
        add(&mut set.members.iter().copied(), scene.theme.accent, None);
    }
    hulls
}

/// The groups of the current partition. Nodes in no group form an additional one.
fn sides(scene: &Scene<'_>) -> Vec<Vec<NodeId>> {
    let cut = &scene.world.partition;
    if cut.is_empty() {
        return Vec::new();
    }
    let named: BTreeSet<NodeId> = cut.iter().flatten().copied().collect();
    let rest = scene
        .geometry
        .nodes()
        .map(|(id, _)| id)
        .filter(|id| !named.contains(id))
        .collect();
    cut.iter().cloned().chain([rest]).collect()
}

/// The convex hull of circles around points.
#[must_use]
pub fn hull_around(centers: &[Point], radius_px: f32) -> Vec<Point> {
    let mut points: Vec<Point> = centers
        .iter()
        .flat_map(|center| {
            (0..CORNERS).map(|nth| center.on_circle(radius_px, nth as f32 / CORNERS as f32))
        })
        .collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    let mut hull = half(points.iter());
    let upper = half(points.iter().rev());
    // The last point of each half is the first of the other.
    hull.pop();
    hull.extend(&upper[..upper.len().saturating_sub(1)]);
    hull
}

/// One chain of Andrew's monotone chain algorithm.
fn half<'a>(points: impl Iterator<Item = &'a Point>) -> Vec<Point> {
    let mut chain: Vec<Point> = Vec::new();
    for point in points {
        while let [.., a, b] = chain.as_slice()
            && (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) <= 0.0
        {
            chain.pop();
        }
        chain.push(*point);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_hull_is_convex_and_contains_every_circle(places in prop::collection::vec((0.0f32..500.0, 0.0f32..500.0), 1..12)) {
            let centers: Vec<Point> = places.iter().map(|(x, y)| Point { x: *x, y: *y }).collect();
            let hull = hull_around(&centers, 20.0);
            let side = |a: Point, b: Point, p: Point| (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
            for at in 0..hull.len() {
                let (a, b) = (hull[at], hull[(at + 1) % hull.len()]);
                for center in &centers {
                    // The polygon with 16 corners is slightly smaller than the circle.
                    prop_assert!(side(a, b, *center) / a.distance_px(b).max(1e-3) >= 20.0 * 0.97);
                }
            }
        }
    }
}
