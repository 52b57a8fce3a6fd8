//! Random placement of radio nodes: draws placements from the seed and rejects unusable ones.

use super::names::node_id;
use super::{QuorumAnalyzer, Remark};
use crate::net::Position;
use crate::node::Threshold;
use crate::rng::{StreamPurpose, Streams};
use crate::scp::{NodeId, QuorumSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most placements that are drawn.
const DRAWS_MAX: usize = 100;
/// Limit on the number of nodes times the number of placements whose quorums are analysed. Large networks get fewer
/// attempts.
const EXAMINED_NODES_MAX: usize = 20_000;

/// Requirements on a placement.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacementRequirements {
    pub(super) count: usize,
    pub(super) area_m: (f64, f64),
    /// Minimum distance of nodes from the edge.
    pub(super) margin_m: f64,
    pub(super) range_m: f64,
    /// Every node must reach every other, possibly over several hops.
    pub(super) connected: bool,
    /// Quorums must intersect if every node trusts its neighbours with this threshold.
    pub(super) intersecting: Option<Threshold>,
}

/// A placement, with remarks.
#[derive(Debug)]
pub(super) struct DrawnPlacement {
    pub(super) positions: Vec<Position>,
    pub(super) neighbours: Vec<Vec<usize>>,
    pub(super) remarks: Vec<Remark>,
}

/// The first placement of the seed that meets the requirements. If none does: the first connected one, or else the
/// first one, with a remark.
pub(super) fn place(
    streams: Streams,
    wanted: PlacementRequirements,
    analyzer: &QuorumAnalyzer<'_>,
) -> DrawnPlacement {
    let examined_max = (EXAMINED_NODES_MAX / wanted.count.max(1)).clamp(1, DRAWS_MAX);
    let mut examined = 0;
    let mut connected_only: Option<DrawnPlacement> = None;
    let mut drawn = 0;
    while drawn < DRAWS_MAX && examined < examined_max {
        let placed = draw(streams, wanted, drawn);
        drawn += 1;
        if wanted.connected && parts(&placed.neighbours) > 1 {
            continue;
        }
        let Some(threshold) = wanted.intersecting else {
            return placed;
        };
        examined += 1;
        if (analyzer.intersecting)(&neighbour_sets(&placed.neighbours, threshold)) {
            return placed;
        }
        connected_only.get_or_insert(placed);
    }
    let mut placed = connected_only.unwrap_or_else(|| {
        let mut first = draw(streams, wanted, 0);
        let parts = parts(&first.neighbours) as u64;
        let drawn = drawn as u64;
        first
            .remarks
            .push(Remark::NoConnectedPlacement { drawn, parts });
        first
    });
    if examined > 0 {
        placed.remarks.push(Remark::NoIntersectingPlacement {
            examined: examined as u64,
        });
    }
    placed
}

/// Up to this number of nodes, positions too close to another node are drawn again. Larger networks are drawn as dots.
const SPACED_NODES_MAX: usize = 1_000;
/// Most positions drawn per node.
const TRIES: usize = 8;
/// Minimum distance between nodes, relative to the side of the average square per node.
const SPACING_SHARE: f64 = 0.4;

fn draw(streams: Streams, wanted: PlacementRequirements, attempt: usize) -> DrawnPlacement {
    let coordinate = |length: f64, nth: usize, candidate: usize| {
        let share = streams.unit(
            StreamPurpose::Placement,
            attempt as u64,
            candidate as u64,
            nth as u64,
        );
        // Coordinates are rounded to tenths of a metre, which are short in files and equal on all machines.
        let free = length - 2.0 * wanted.margin_m;
        ((wanted.margin_m + share * free) * 10.0).round() / 10.0
    };
    let (width_m, height_m) = wanted.area_m;
    let spacing_m = SPACING_SHARE * (width_m * height_m / wanted.count.max(1) as f64).sqrt();
    let tries = if wanted.count > SPACED_NODES_MAX {
        1
    } else {
        TRIES
    };
    let mut positions: Vec<Position> = Vec::with_capacity(wanted.count);
    for nth in 0..wanted.count {
        let candidates = (0..tries).map(|candidate| Position {
            x_m: coordinate(width_m, 2 * nth, candidate),
            y_m: coordinate(height_m, 2 * nth + 1, candidate),
        });
        positions.extend(first_with_room(candidates, &positions, spacing_m));
    }
    let neighbours = neighbours(&positions, wanted.range_m);
    DrawnPlacement {
        positions,
        neighbours,
        remarks: Vec::new(),
    }
}

/// The first candidate at least `spacing_m` from all others; if there is none, the candidate farthest from its nearest
/// neighbour.
fn first_with_room(
    mut candidates: impl Iterator<Item = Position>,
    placed: &[Position],
    spacing_m: f64,
) -> Option<Position> {
    let room_m = |at: &Position| {
        placed
            .iter()
            .map(|other| at.distance_m(*other))
            .fold(f64::INFINITY, f64::min)
    };
    let mut best = candidates.next()?;
    let mut best_m = room_m(&best);
    while best_m < spacing_m
        && let Some(next) = candidates.next()
    {
        let next_m = room_m(&next);
        if next_m > best_m {
            (best, best_m) = (next, next_m);
        }
    }
    Some(best)
}

/// The nodes within `range_m` of each node, ascending, without the node itself.
pub(super) fn neighbours(positions: &[Position], range_m: f64) -> Vec<Vec<usize>> {
    // Grid search: all neighbours lie in the nine cells of side `range_m` around the node.
    let square = |position: Position| {
        (
            (position.x_m / range_m).floor() as i64,
            (position.y_m / range_m).floor() as i64,
        )
    };
    let mut squares: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (nth, position) in positions.iter().enumerate() {
        squares.entry(square(*position)).or_default().push(nth);
    }
    let around = |nth: usize| {
        let (column, row) = square(positions[nth]);
        let mut found = Vec::new();
        for dx in -1..=1 {
            for dy in -1..=1 {
                let near = squares.get(&(column.saturating_add(dx), row.saturating_add(dy)));
                found.extend(near.into_iter().flatten().copied().filter(|&other| {
                    other != nth && positions[nth].distance_m(positions[other]) <= range_m
                }));
            }
        }
        found.sort_unstable();
        found
    };
    (0..positions.len()).map(around).collect()
}

/// Number of connected components.
pub(super) fn parts(neighbours: &[Vec<usize>]) -> usize {
    let mut seen = vec![false; neighbours.len()];
    let mut count = 0;
    for start in 0..neighbours.len() {
        if seen[start] {
            continue;
        }
        count += 1;
        seen[start] = true;
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for &next in &neighbours[node] {
                if !std::mem::replace(&mut seen[next], true) {
                    open.push(next);
                }
            }
        }
    }
    count
}

/// The quorum sets of nodes that trust themselves and their neighbours.
fn neighbour_sets(neighbours: &[Vec<usize>], threshold: Threshold) -> Vec<Option<Arc<QuorumSet>>> {
    let numbered = neighbours.iter().enumerate();
    let set = |(node, others): (usize, &Vec<usize>)| {
        let mut members: Vec<NodeId> = others.iter().copied().map(node_id).collect();
        members.push(node_id(node));
        members.sort_unstable();
        let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
        Some(Arc::new(QuorumSet::flat(threshold.of(count), members)))
    };
    numbered.map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::super::QuorumSets;
    use super::*;
    use std::cell::Cell;

    const REQUIREMENTS: PlacementRequirements = PlacementRequirements {
        count: 60,
        area_m: (1000.0, 800.0),
        margin_m: 50.0,
        range_m: 200.0,
        connected: true,
        intersecting: Some(Threshold::TwoThirds),
    };

    fn analyzer<'a>(intersecting: &'a dyn Fn(&QuorumSets) -> bool) -> QuorumAnalyzer<'a> {
        QuorumAnalyzer {
            intersecting,
            disjoint_quorums: &|_| None,
            top_tier: &|_| Vec::new(),
        }
    }

    #[test]
    fn nodes_keep_their_distance() {
        for seed in 0..20 {
            let positions = draw(
                Streams::new(seed),
                PlacementRequirements {
                    count: 20,
                    ..REQUIREMENTS
                },
                0,
            )
            .positions;
            for (nth, one) in positions.iter().enumerate() {
                for other in &positions[..nth] {
                    assert!(
                        one.distance_m(*other) > 40.0,
                        "seed {seed}: {one:?} {other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn neighbours_are_exactly_the_nodes_within_range() {
        let placed = draw(Streams::new(3), REQUIREMENTS, 0);
        for (a, near) in placed.neighbours.iter().enumerate() {
            let slow: Vec<usize> = (0..REQUIREMENTS.count)
                .filter(|&b| a != b && placed.positions[a].distance_m(placed.positions[b]) <= 200.0)
                .collect();
            assert_eq!(*near, slow);
        }
        let inside =
            |p: &Position| (50.0..=950.0).contains(&p.x_m) && (50.0..=750.0).contains(&p.y_m);
        assert!(placed.positions.iter().all(inside));
    }

    #[test]
    fn placements_are_drawn_until_quorums_intersect() {
        let asked = Cell::new(0);
        let third = |sets: &QuorumSets| {
            assert!(sets.iter().flatten().all(|set| set.check_sane().is_ok()));
            asked.set(asked.get() + 1);
            asked.get() == 3
        };
        let placed = place(Streams::new(1), REQUIREMENTS, &analyzer(&third));
        assert_eq!((asked.get(), parts(&placed.neighbours)), (3, 1));
        assert!(placed.remarks.is_empty());
    }

    #[test]
    fn a_remark_reports_unmet_requirements() {
        let placed = place(Streams::new(1), REQUIREMENTS, &analyzer(&|_| false));
        assert_eq!(parts(&placed.neighbours), 1);
        assert!(
            matches!(placed.remarks[..], [Remark::NoIntersectingPlacement { .. }]),
            "{:?}",
            placed.remarks
        );
        let sparse = PlacementRequirements {
            range_m: 20.0,
            ..REQUIREMENTS
        };
        let placed = place(Streams::new(1), sparse, &analyzer(&|_| true));
        assert!(
            matches!(
                placed.remarks[0],
                Remark::NoConnectedPlacement { drawn: 100, .. }
            ),
            "{:?}",
            placed.remarks
        );
    }

    #[test]
    fn connected_components_are_counted() {
        assert_eq!(parts(&[]), 0);
        assert_eq!(parts(&[vec![1], vec![0], vec![], vec![4], vec![3]]), 3);
    }
}
