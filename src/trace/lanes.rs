//! `Lanes`: who was doing what when, folded from records: for each node the phases it went through, for the network how
//! many nodes were in each.
//!
//! The memory is bounded. Lanes share [`SPANS_MAX`] spans evenly; a lane that has more forgets its oldest and says from
//! when on it knows. PhaseCounts are merged pairwise where there are more than [`PHASE_COUNTS_MAX`], the oldest half of them, so
//! that the past gets coarser and is never lost. Absent here: pixels, and the rest of what is known about nodes.

use super::parts::NodeStatus;
use super::record::Record;
use crate::node::view::{Phase, phase_of};
use crate::node::{Input, NodeEvent, Output};
use crate::scenario::Action;
use crate::scp::{NodeId, SlotIndex};
use crate::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many spans all lanes keep together; 24 bytes each.
pub const SPANS_MAX: usize = 1 << 19;
/// A lane keeps at least so many.
const SPANS_MIN: usize = 128;
/// How many shares are kept.
pub const PHASE_COUNTS_MAX: usize = 1 << 13;
/// How many beginnings of slots, and how many cuts and healings, are kept; the oldest go first.
const MARKS_MAX: usize = 1 << 12;

/// What a node is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneState {
    /// How it is.
    pub status: NodeStatus,
    /// How far it is in its newest slot.
    pub phase: Phase,
    /// Its newest slot; `None` before the first.
    pub slot: Option<SlotIndex>,
}

/// Something that a node does from one instant to the beginning of the next span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneSpan {
    /// Since when.
    pub from: Time,
    /// What.
    pub state: LaneState,
}

/// What one node has been doing.
#[derive(Clone, Debug)]
pub struct NodeLane {
    key: Arc<str>,
    spans: VecDeque<LaneSpan>,
    newest: Option<(SlotIndex, Phase)>,
    decided: Option<SlotIndex>,
    status: NodeStatus,
}

/// How many nodes are doing what, from one instant to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseCounts {
    /// Nodes by [`Phase`], in its order.
    pub phases: [u32; 5],
    /// Nodes that have crashed, left, or are known by name only.
    pub absent: u32,
}

/// The network was cut, or became whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartitionChange {
    /// Into groups that do not hear each other.
    Split,
    /// All hear each other again.
    Healed,
}

/// Who was doing what when.
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
    /// All nodes.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.phases.iter().sum::<u32>() + self.absent
    }

    fn of(&mut self, state: LaneState) -> &mut u32 {
        match state.status {
            NodeStatus::Running | NodeStatus::Silent => &mut self.phases[state.phase as usize],
            NodeStatus::Crashed | NodeStatus::Left | NodeStatus::Unseen => &mut self.absent,
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

    /// What it has been doing, the oldest first; each span ends where the next one begins.
    #[must_use]
    pub fn spans(&self) -> &VecDeque<LaneSpan> {
        &self.spans
    }

    /// The number of the span at an instant; `None` before the first.
    #[must_use]
    pub fn index_at(&self, at: Time) -> Option<usize> {
        self.spans
            .partition_point(|span| span.from <= at)
            .checked_sub(1)
    }

    /// What it was doing at an instant, and until when, if that is over.
    #[must_use]
    pub fn at(&self, at: Time) -> Option<(LaneSpan, Option<Time>)> {
        let index = self.index_at(at)?;
        let until = self.spans.get(index + 1).map(|next| next.from);
        Some((*self.spans.get(index)?, until))
    }

    /// As the colour of the node has it: a decided slot keeps its colour until the next one begins.
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
    /// One lane for each node that ever was, by number.
    #[must_use]
    pub fn lanes(&self) -> &[NodeLane] {
        &self.lanes
    }

    /// Everything up to here is folded in.
    #[must_use]
    pub fn until(&self) -> Time {
        self.until
    }

    /// When the first node took part in each slot.
    #[must_use]
    pub fn slots(&self) -> &BTreeMap<SlotIndex, Time> {
        &self.slots
    }

    /// When the network was cut and healed, the oldest first.
    #[must_use]
    pub fn partitions(&self) -> &VecDeque<(Time, PartitionChange)> {
        &self.partitions
    }

    /// Whether the network was cut at an instant.
    #[must_use]
    pub fn is_partitioned(&self, at: Time) -> bool {
        let before = self.partitions.partition_point(|(since, _)| *since <= at);
        let last = before
            .checked_sub(1)
            .and_then(|nth| self.partitions.get(nth));
        last.is_some_and(|(_, cut)| *cut == PartitionChange::Split)
    }

    /// How many nodes were doing what, since when; the oldest first.
    #[must_use]
    pub fn phase_counts(&self) -> &VecDeque<(Time, PhaseCounts)> {
        &self.phase_counts
    }

    /// Counts up with every change, for caches.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Takes in one record.
    pub fn apply(&mut self, record: &Record) {
        self.until = self.until.max(record.at());
        match record {
            Record::NodeAdded { at, config, .. } => {
                let peer = &config.peer;
                self.add(*at, peer.id, NodeLane::new(&peer.key, NodeStatus::Running));
            }
            Record::NodeReferenced { at, peer, .. } => {
                self.add(*at, peer.id, NodeLane::new(&peer.key, NodeStatus::Unseen));
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

    /// A node that is told anew from the beginning keeps its lane: what was seen of it was seen. What it tells of a time
    /// for which its lane has something already counts from now on.
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

    /// A node stands where its lane says from `at` on.
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
        // Its past may be told late, but in order.
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
        self.share(at);
        self.version += 1;
    }

    fn share(&mut self, at: Time) {
        match self.phase_counts.back_mut() {
            Some((last, shares)) if *last >= at => *shares = self.now,
            _ => self.phase_counts.push_back((at, self.now)),
        }
        if self.phase_counts.len() > PHASE_COUNTS_MAX {
            // Of two neighbours the later one goes, among the older half.
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
