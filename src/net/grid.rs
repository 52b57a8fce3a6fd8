//! `Grid`: a uniform grid (spatial index) of node positions, for radio range queries.
//!
//! The grid depends only on distance. `Medium` applies silence and partitions.

use super::spec::Position;
use crate::scp::NodeId;
use std::collections::BTreeMap;

/// Square cells as wide as the range: every node in range is in one of nine cells.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    range_m: f64,
    cells: BTreeMap<(i64, i64), Vec<NodeId>>,
}

impl Grid {
    pub(super) fn new(range_m: f64) -> Grid {
        Grid {
            range_m,
            cells: BTreeMap::new(),
        }
    }

    /// Whether two positions are in range of each other. The range is inclusive.
    pub(super) fn in_range(&self, a: Position, b: Position) -> bool {
        a.distance_m(b) <= self.range_m
    }

    pub(super) fn insert(&mut self, id: NodeId, position: Position) {
        self.cells.entry(self.cell(position)).or_default().push(id);
    }

    pub(super) fn remove(&mut self, id: NodeId, position: Position) {
        if let Some(cell) = self.cells.get_mut(&self.cell(position)) {
            cell.retain(|other| *other != id);
        }
    }

    /// Candidates: all nodes in the nine cells around `position`, ascending.
    pub(super) fn around(&self, position: Position) -> Vec<NodeId> {
        let (x, y) = self.cell(position);
        let mut found = Vec::new();
        for x in x.saturating_sub(1)..=x.saturating_add(1) {
            for (_, cell) in self
                .cells
                .range((x, y.saturating_sub(1))..=(x, y.saturating_add(1)))
            {
                found.extend_from_slice(cell);
            }
        }
        found.sort_unstable();
        found
    }

    fn cell(&self, position: Position) -> (i64, i64) {
        // A range of zero gets cells of one metre. The cast saturates, so every position has a cell.
        let width_m = if self.range_m > 0.0 {
            self.range_m
        } else {
            1.0
        };
        (
            (position.x_m / width_m).floor() as i64,
            (position.y_m / width_m).floor() as i64,
        )
    }
}
