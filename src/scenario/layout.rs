//! Graph layout for networks without physical positions: one circle, or concentric rings grouped by organisation.
//!
//! The layout has no influence on a run.

use crate::net::Position;
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;

/// Minimum distance between two nodes, in metres.
const SPACING_M: f64 = 70.0;
/// Margin around the layout, in metres.
const MARGIN_M: f64 = 60.0;
/// Windows are wider than high, so circles become ellipses that are wider by this factor.
const WIDENING: f64 = 1.25;

/// Positions of `count` nodes on one circle, clockwise from the top. `area_m` is width and height in metres.
#[must_use]
pub fn circle(count: usize, area_m: (f64, f64)) -> Vec<Position> {
    let (width, height) = area_m;
    let radius = if count > 1 {
        width.min(height) * 0.375
    } else {
        0.0
    };
    on_circle(count, radius, (width / 2.0, height / 2.0), 0.0).collect()
}

/// A node as input of the ring layout.
#[derive(Clone, Debug)]
pub(super) struct RingNode {
    /// 0 is the innermost ring.
    pub(super) ring: usize,
    pub(super) organization: Option<Arc<str>>,
}

/// Places nodes on concentric rings; the nodes of an organisation form a small circle on their ring. Returns the positions
/// and the size of the area, in metres.
pub(super) fn rings(ring_nodes: &[RingNode]) -> (Vec<Position>, (f64, f64)) {
    let mut groups: BTreeMap<(usize, PlacedGroup), Vec<usize>> = BTreeMap::new();
    for (node, seat) in ring_nodes.iter().enumerate() {
        let group = match &seat.organization {
            Some(organization) => PlacedGroup::Organization(Arc::clone(organization)),
            None => PlacedGroup::Alone(node),
        };
        groups.entry((seat.ring, group)).or_default().push(node);
    }
    let mut positions = vec![Position::default(); ring_nodes.len()];
    let mut inner_edge = 0.0;
    for ring in 0..=ring_nodes.iter().map(|seat| seat.ring).max().unwrap_or(0) {
        let members: Vec<&[usize]> = groups
            .range((ring, PlacedGroup::FIRST)..(ring + 1, PlacedGroup::FIRST))
            .map(|(_, nodes)| nodes.as_slice())
            .collect();
        inner_edge = place_ring(&members, inner_edge, &mut positions);
    }
    let height = 2.0 * (inner_edge + MARGIN_M);
    let width = height * WIDENING;
    for position in &mut positions {
        position.x_m = round(width / 2.0 + position.x_m * WIDENING);
        position.y_m = round(height / 2.0 + position.y_m);
    }
    (positions, (round(width), round(height)))
}

/// Nodes that are placed together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlacedGroup {
    Alone(usize),
    Organization(Arc<str>),
}

impl PlacedGroup {
    const FIRST: PlacedGroup = PlacedGroup::Alone(0);
}

/// Places groups around the origin outside the radius `inner_edge`, on as many circles as necessary. Returns the new outer
/// radius.
fn place_ring(groups: &[&[usize]], inner_edge: f64, positions: &mut [Position]) -> f64 {
    let mut edge = inner_edge;
    let mut rest = groups;
    while !rest.is_empty() {
        let alone_in_the_middle = edge == 0.0 && groups.len() == 1;
        let widest = rest
            .iter()
            .map(|group| breadth(group.len()))
            .fold(0.0, f64::max);
        let wanted: f64 = rest.iter().map(|group| breadth(group.len())).sum();
        // The innermost circle grows until all groups fit; outer circles overflow into the next one.
        let radius = match (alone_in_the_middle, edge == 0.0) {
            (true, _) => 0.0,
            (false, true) => (wanted / TAU).max(widest / 2.0) * 1.05,
            (false, false) => edge + widest / 2.0,
        };
        let mut room = if radius == 0.0 { wanted } else { TAU * radius };
        let fitting = rest
            .iter()
            .take_while(|group| {
                room -= breadth(group.len());
                room >= 0.0
            })
            .count()
            .max(1);
        let (now, later) = rest.split_at(fitting);
        let taken: f64 = now.iter().map(|group| breadth(group.len())).sum();
        let mut passed = 0.0;
        for group in now {
            let angle = (passed + breadth(group.len()) / 2.0) / taken * TAU;
            passed += breadth(group.len());
            let centre = (radius * angle.sin(), -radius * angle.cos());
            let ring_nodes = on_circle(group.len(), own_radius(group.len()), centre, angle);
            for (node, position) in group.iter().zip(ring_nodes) {
                positions[*node] = position;
            }
        }
        edge = radius + widest / 2.0;
        rest = later;
    }
    edge
}

/// Radius of the circle of a group of `count` nodes.
fn own_radius(count: usize) -> f64 {
    match count {
        0 | 1 => 0.0,
        _ => SPACING_M * 0.8 / (2.0 * (TAU / 2.0 / count as f64).sin()),
    }
}

/// Diameter of a group, with its spacing.
fn breadth(count: usize) -> f64 {
    2.0 * own_radius(count) + SPACING_M
}

/// `count` positions on a circle, clockwise, the first at `angle` from the top.
fn on_circle(
    count: usize,
    radius: f64,
    centre: (f64, f64),
    angle: f64,
) -> impl Iterator<Item = Position> {
    (0..count).map(move |nth| {
        let angle = angle + nth as f64 / count as f64 * TAU;
        Position {
            x_m: round(centre.0 + radius * angle.sin()),
            y_m: round(centre.1 - radius * angle.cos()),
        }
    })
}

fn round(metres: f64) -> f64 {
    (metres * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(positions: &[Position]) -> f64 {
        let mut nearest = f64::MAX;
        for (nth, a) in positions.iter().enumerate() {
            for b in &positions[..nth] {
                nearest = nearest.min(a.distance_m(*b));
            }
        }
        nearest
    }

    fn ring_nodes(rings: &[(usize, usize, usize)]) -> Vec<RingNode> {
        let mut ring_nodes = Vec::new();
        for &(ring, organizations, size) in rings {
            for nth in 0..organizations * size {
                let organization = (size > 1).then(|| format!("{ring}-{}", nth % organizations));
                ring_nodes.push(RingNode {
                    ring,
                    organization: organization.map(Into::into),
                });
            }
        }
        ring_nodes
    }

    #[test]
    fn a_circle_starts_on_top() {
        let positions = circle(4, (1000.0, 800.0));
        assert_eq!(
            positions[0],
            Position {
                x_m: 500.0,
                y_m: 100.0
            }
        );
        assert_eq!(
            positions[1],
            Position {
                x_m: 800.0,
                y_m: 400.0
            }
        );
        assert_eq!(
            circle(1, (1000.0, 800.0)),
            [Position {
                x_m: 500.0,
                y_m: 400.0
            }]
        );
    }

    #[test]
    fn nodes_keep_their_distance_and_stay_inside_the_area() {
        for shape in [
            vec![(0, 1, 1)],
            vec![(0, 1, 5)],
            vec![(0, 7, 3)],
            vec![(0, 7, 3), (1, 10, 1), (2, 4, 2), (2, 110, 1)],
            vec![(0, 0, 0), (1, 2, 1)],
            vec![(1, 30, 1), (2, 1, 40)],
            vec![(0, 1, 9), (0, 4, 1)],
        ] {
            let ring_nodes = ring_nodes(&shape);
            let (positions, (width, height)) = rings(&ring_nodes);
            assert!(
                nearest(&positions) > SPACING_M * 0.7,
                "{shape:?}: {}",
                nearest(&positions)
            );
            for p in &positions {
                assert!(
                    p.x_m > 0.0 && p.x_m < width && p.y_m > 0.0 && p.y_m < height,
                    "{p:?}"
                );
            }
        }
    }

    #[test]
    fn rings_are_concentric_and_organisations_stay_together() {
        let ring_nodes = ring_nodes(&[(0, 7, 3), (1, 20, 1), (2, 60, 1)]);
        let (positions, (width, height)) = rings(&ring_nodes);
        let centre = Position {
            x_m: width / 2.0,
            y_m: height / 2.0,
        };
        let reach = |range: std::ops::Range<usize>| {
            let radii = positions[range].iter().map(|p| {
                let (x, y) = ((p.x_m - centre.x_m) / WIDENING, p.y_m - centre.y_m);
                x.hypot(y)
            });
            radii.fold((f64::MAX, 0.0f64), |(low, high), r| {
                (low.min(r), high.max(r))
            })
        };
        assert!(reach(0..21).1 < reach(21..41).0);
        assert!(reach(21..41).1 < reach(41..101).0);
        let within = |o: usize| positions[o].distance_m(positions[o + 7]);
        let across = |o: usize| positions[o].distance_m(positions[(o + 1) % 7]);
        assert!((0..7).all(|o| within(o) < across(o)));
    }
}
