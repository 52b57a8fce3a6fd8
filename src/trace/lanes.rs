//! Timeline lanes, folded from records: the phases of each node over time, and the number of nodes in each phase.
//!
//! Memory is bounded. All lanes share [`SPANS_MAX`] spans evenly; a full lane drops its oldest span. When the phase
//! counts exceed [`PHASE_COUNTS_MAX`], every second one of the older half is dropped: the past becomes coarser but
//! stays complete.

use super::record::Record;
use super::world_parts::NodeStatus;
use crate::node::view::{Phase, phase_of};
use crate::node::{Input, NodeEvent, Output};
use crate::scenario::Action;
use crate::scp::{NodeId, SlotIndex};
use crate::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Spans of all lanes together; 32 bytes each.
pub const SPANS_MAX: usize = 1 << 19;
/// Fewest spans that a full lane keeps.
const SPANS_MIN: usize = 128;
/// Most phase counts that are kept.
pub const PHASE_COUNTS_MAX: usize = 1 << 13;
/// Most slot starts, and most partition changes, that are kept; the oldest are dropped first.
const MARKS_MAX: usize = 1 << 12;

/// State of a node during a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneState {
    /// Its condition.
    pub status: NodeStatus,
    /// Its phase in its newest slot.
    pub phase: Phase,
    /// Its newest slot; `None` before the first.
    pub slot: Option<SlotIndex>,
}

/// A state that lasts until the next span of the lane begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneSpan {
    /// Start of the span.
    pub from: Time,
    /// The state.
    pub state: LaneState,
}

/// The states of one node over time.
#[derive(Clone, Debug)]
pub struct NodeLane {
    key: Arc<str>,
    spans: VecDeque<LaneSpan>,
    newest: Option<(SlotIndex, Phase)>,
    decided: Option<SlotIndex>,
    status: NodeStatus,
}

/// Number of nodes in each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseCounts {
    /// Nodes by [`Phase`], in its order.
    pub phases: [u32; 5],
    /// Nodes that have crashed or left, or are only referenced.
    pub absent: u32,
}

/// The beginning or end of a network partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionChange {
    /// The network splits into groups.
    Split,
    /// The partition ends.
    Healed,
}

/// The lanes of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    lanes: Vec<NodeLane>,
    now: PhaseCounts,
    phase_counts: VecDeque<(Time, PhaseCounts)>,
    slots: BTreeMap<SlotIndex, Time>,
    partitions: VecDeque<(Time, PartitionChange)>,
    until: Time,
    version: u64,
}

impl PhaseCounts {
    /// Number of all nodes.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.phases.iter().sum::<u32>() + self.absent
    }

    fn of(&mut self, state: LaneState) -> &mut u32 {
        match state.status {
            NodeStatus::Running | NodeStatus::Silent => &mut self.phases[state.phase as usize],
            NodeStatus::Crashed | NodeStatus::Left | NodeStatus::Referenced => &mut self.absent,
        }
    }
}

impl NodeLane {
    fn new(key: &Arc<str>, status: NodeStatus) -> NodeLane {
        NodeLane {
            key: Arc::clone(key),
            spans: VecDeque::new(),
            newest: None,
            decided: None,
            status,
        }
    }

    /// The spans, the oldest first; each ends where the next one begins.
    #[must_use]
    pub fn spans(&self) -> &VecDeque<LaneSpan> {
        &self.spans
    }

    /// Index of the span at an instant; `None` before the first.
    #[must_use]
    pub fn index_at(&self, at: Time) -> Option<usize> {
        self.spans
            .partition_point(|span| span.from <= at)
            .checked_sub(1)
    }

    /// The span at an instant, and its end if it has ended.
    #[must_use]
    pub fn at(&self, at: Time) -> Option<(LaneSpan, Option<Time>)> {
        let index = self.index_at(at)?;
        let until = self.spans.get(index + 1).map(|next| next.from);
        Some((*self.spans.get(index)?, until))
    }

    /// The current state. A decided slot stays `Externalized` until the next one begins, like the colour of the node.
    fn state(&self) -> LaneState {
        let (slot, phase) = match (self.newest, self.decided) {
            (Some((slot, phase)), decided) if decided.is_none_or(|decided| slot > decided) => {
                (Some(slot), phase)
            }
            (_, Some(decided)) => (Some(decided), Phase::Externalized),
            _ => (None, Phase::Idle),
        };
        LaneState {
            status: self.status,
            phase,
            slot,
        }
    }

    fn note(&mut self, event: &NodeEvent) {
        match event {
            NodeEvent::Slot { slot, state }
                if self.newest.is_none_or(|(newest, _)| *slot >= newest) =>
            {
                self.newest = Some((*slot, phase_of(state)));
            }
            NodeEvent::Recorded { slot, .. } => self.decided = Some(*slot),
            NodeEvent::Left => self.status = NodeStatus::Left,
            _ => {}
        }
    }
}

impl Lanes {
    /// The lanes by node number, including those of nodes that have left.
    #[must_use]
    pub fn lanes(&self) -> &[NodeLane] {
        &self.lanes
    }

    /// Time up to which all records are applied.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// Start of each slot: when the first node joined it.
    #[must_use]
    pub fn slots(&self) -> &BTreeMap<SlotIndex, Time> {
        &self.slots
    }

    /// Beginnings and ends of partitions, the oldest first.
    #[must_use]
    pub fn partitions(&self) -> &VecDeque<(Time, PartitionChange)> {
        &self.partitions
    }

    /// Whether the network was partitioned at an instant.
    #[must_use]
    pub fn is_partitioned(&self, at: Time) -> bool {
        let before = self.partitions.partition_point(|(since, _)| *since <= at);
        let last = before
            .checked_sub(1)
            .and_then(|nth| self.partitions.get(nth));
        last.is_some_and(|(_, cut)| *cut == PartitionChange::Split)
    }

    /// Phase counts and their starts, the oldest first.
    #[must_use]
    pub fn phase_counts(&self) -> &VecDeque<(Time, PhaseCounts)> {
        &self.phase_counts
    }

    /// Increases with every change. For caches.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Applies a record.
    pub fn apply(&mut self, record: &Record) {
        self.until = self.until.max(record.at());
        match record {
            Record::NodeAdded { at, config, .. } => {
                let peer = &config.peer;
                self.add(*at, peer.id, NodeLane::new(&peer.key, NodeStatus::Running));
            }
            Record::NodeReferenced { at, peer, .. } => {
                self.add(
                    *at,
                    peer.id,
                    NodeLane::new(&peer.key, NodeStatus::Referenced),
                );
            }
            Record::Acted { at, action } => self.act(*at, action),
            Record::Stepped {
                at,
                node,
                input,
                outputs,
                ..
            } => self.step(*at, *node, input, outputs),
            Record::Sent { .. } | Record::Lost { .. } | Record::Chunk { .. } => {}
        }
    }

    /// Adds a lane. A node that starts over keeps its spans. If they go beyond `at`, its new state begins at the latest
    /// applied time.
    fn add(&mut self, at: Time, id: NodeId, lane: NodeLane) {
        let until = self.until;
        let known = self.lanes.get_mut(id.index());
        let (at, index) = match known.filter(|known| known.key == lane.key) {
            Some(known) => {
                let has_it = known.spans.back().is_some_and(|last| last.from > at);
                *known = NodeLane {
                    spans: std::mem::take(&mut known.spans),
                    ..lane
                };
                (if has_it { until } else { at }, id.index())
            }
            None => {
                self.lanes.push(lane);
                (at, self.lanes.len() - 1)
            }
        };
        self.record_state(at, index);
    }

    fn act(&mut self, at: Time, action: &Action) {
        match action {
            Action::Crash { node } => self.set_status(at, *node, NodeStatus::Crashed),
            Action::Restart { node } | Action::Unsilence { node } => {
                self.set_status(at, *node, NodeStatus::Running);
            }
            Action::Silence { node } => self.set_status(at, *node, NodeStatus::Silent),
            Action::Partition { .. } => self.partition_changed(at, PartitionChange::Split),
            Action::Heal => self.partition_changed(at, PartitionChange::Healed),
            Action::Move { .. }
            | Action::Propose { .. }
            | Action::AddNode { .. }
            | Action::Leave { .. }
            | Action::SetTrust { .. } => {}
        }
    }

    fn partition_changed(&mut self, at: Time, change: PartitionChange) {
        self.partitions.push_back((at, change));
        if self.partitions.len() > MARKS_MAX {
            self.partitions.pop_front();
        }
        self.version += 1;
    }

    fn set_status(&mut self, at: Time, id: NodeId, status: NodeStatus) {
        if let Some(lane) = self.lanes.get_mut(id.index()) {
            lane.status = status;
            self.record_state(at, id.index());
        }
    }

    fn step(&mut self, at: Time, id: NodeId, input: &Input, outputs: &[Output]) {
        let Some(lane) = self.lanes.get_mut(id.index()) else {
            return;
        };
        let before = (lane.newest, lane.decided, lane.status);
        if let Input::Start(Some(persisted)) = input {
            for event in persisted.restored_events(id, lane.decided) {
                lane.note(&event);
            }
        }
        for output in outputs {
            if let Output::Event(event) = output {
                lane.note(event);
            }
        }
        if before != (lane.newest, lane.decided, lane.status) {
            self.record_state(at, id.index());
        }
    }

    /// Appends the current state of a lane if it has changed.
    fn record_state(&mut self, at: Time, index: usize) {
        let spans_max = (SPANS_MAX / self.lanes.len().max(1)).max(SPANS_MIN);
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        let state = lane.state();
        let last = lane.spans.back().copied();
        if last.is_some_and(|last| last.state == state) {
            return;
        }
        if let Some(slot) = state.slot {
            self.slots.entry(slot).or_insert(at);
            if self.slots.len() > MARKS_MAX {
                self.slots.pop_first();
            }
        }
        // The past of a node may become known late, but in order.
        let from = last.map_or(at, |last| last.from.max(at));
        if last.is_some_and(|last| last.from == from) {
            lane.spans.pop_back();
        }
        if lane.spans.back().is_none_or(|before| before.state != state) {
            lane.spans.push_back(LaneSpan { from, state });
        }
        while lane.spans.len() > spans_max {
            lane.spans.pop_front();
        }
        if let Some(last) = last {
            *self.now.of(last.state) -= 1;
        }
        *self.now.of(state) += 1;
        self.record_phase_counts(at);
        self.version += 1;
    }

    fn record_phase_counts(&mut self, at: Time) {
        match self.phase_counts.back_mut() {
            Some((last, shares)) if *last >= at => *shares = self.now,
            _ => self.phase_counts.push_back((at, self.now)),
        }
        if self.phase_counts.len() > PHASE_COUNTS_MAX {
            // Drops the later one of each pair in the older half.
            let half = PHASE_COUNTS_MAX / 2;
            let older: Vec<_> = self.phase_counts.drain(..half).step_by(2).collect();
            for share in older.into_iter().rev() {
                self.phase_counts.push_front(share);
            }
        }
    }
}

#[cfg(test)]
mod tests;
