//! `Snapshot`: compacted event stream of one node, for readers that join late.
//!
//! Like log compaction, it keeps the node's latest output per key, unchanged and with its time. Applied to a new
//! [`World`](super::World), these outputs give the same [`NodeView`](crate::node::view::NodeView) and nearly the same
//! tables. It drops refusals, expired proposals, and slots that a view does not keep either.

use super::record::Record;
use crate::node::view::SLOTS_RETAINED;
use crate::node::{Input, NodeEvent, Output, ProposalId, TimerKind};
use crate::scp::{NodeId, ScpEvent, SlotIndex, Value};
use crate::time::Time;
use std::collections::BTreeMap;

/// Key of an output. The latest output of each key is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CompactionKey {
    Start,
    Readiness,
    Peer(NodeId),
    Trust,
    QuorumSet,
    Standing(NodeId),
    Pooled(ProposalId),
    Slot(SlotIndex, SlotKey),
    Recorded(SlotIndex),
    Answer(ProposalId),
    BackedUp(String),
    Timer(TimerKind),
}

/// Key within a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SlotKey {
    Start,
    State,
    Voted(Value),
    /// Any other transition, by kind.
    Transition(u8),
}

/// An output that is kept.
#[derive(Clone, Debug)]
struct RetainedOutput {
    at: Time,
    nth: u64,
    output: Output,
}

/// The outputs of a node that are kept.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    retained: BTreeMap<CompactionKey, RetainedOutput>,
    outputs: u64,
}

impl Snapshot {
    /// Adds a step of the node, whose number is `node`.
    pub fn note(&mut self, at: Time, node: NodeId, input: &Input, outputs: &[Output]) {
        match input {
            Input::Timer(kind) => drop(self.retained.remove(&CompactionKey::Timer(*kind))),
            Input::Start(Some(persisted)) => {
                for event in persisted.restored_events(node, self.last_recorded()) {
                    self.outputs += 1;
                    self.event(at, &event, &Output::Event(event.clone()));
                }
            }
            _ => {}
        }
        for output in outputs {
            self.outputs += 1;
            match output {
                Output::SetTimer(kind, _) => self.retain(CompactionKey::Timer(*kind), at, output),
                Output::CancelTimer(kind) => {
                    drop(self.retained.remove(&CompactionKey::Timer(*kind)))
                }
                Output::Event(event) => self.event(at, event, output),
                Output::Send { .. }
                | Output::Relay { .. }
                | Output::Announce(_)
                | Output::Persist(_)
                | Output::Fetch { .. } => {}
            }
        }
    }

    /// The kept outputs as steps of `node`, in order and with their original times. Inputs are not kept; the input of each
    /// step is an empty start.
    #[must_use]
    pub fn records(&self, node: NodeId) -> Vec<Record> {
        let mut outputs: Vec<&RetainedOutput> = self.retained.values().collect();
        outputs.sort_by_key(|output| output.nth);
        let steps = outputs.chunk_by(|one, next| one.at == next.at);
        steps
            .map(|step| Record::Stepped {
                at: step.first().map_or(Time::ZERO, |output| output.at),
                generation: 0,
                node,
                input: Input::Start(None),
                outputs: step.iter().map(|output| output.output.clone()).collect(),
            })
            .collect()
    }

    fn retain(&mut self, key: CompactionKey, at: Time, output: &Output) {
        let (nth, output) = (self.outputs, output.clone());
        self.retained
            .insert(key, RetainedOutput { at, nth, output });
    }

    fn event(&mut self, at: Time, event: &NodeEvent, output: &Output) {
        let key = match event {
            NodeEvent::Started { .. } => CompactionKey::Start,
            NodeEvent::Ready { .. } | NodeEvent::CatchingUp { .. } | NodeEvent::Left => {
                CompactionKey::Readiness
            }
            NodeEvent::Discovered { peer, .. } => CompactionKey::Peer(peer.id),
            NodeEvent::PeerLeft { node } => {
                self.retained.remove(&CompactionKey::Peer(*node));
                return;
            }
            NodeEvent::TrustChanged { .. } => CompactionKey::Trust,
            NodeEvent::QuorumSetChanged { .. } => CompactionKey::QuorumSet,
            NodeEvent::StandingChanged { node, .. } => CompactionKey::Standing(*node),
            NodeEvent::ProposalPooled { proposal, .. } => CompactionKey::Pooled(proposal.id),
            NodeEvent::ProposalExpired { id, .. } => {
                self.retained.remove(&CompactionKey::Pooled(*id));
                return;
            }
            NodeEvent::SlotStarted { slot, .. } => CompactionKey::Slot(*slot, SlotKey::Start),
            NodeEvent::Slot { slot, .. } => {
                self.retain(CompactionKey::Slot(*slot, SlotKey::State), at, output);
                self.forget_old_slots();
                return;
            }
            NodeEvent::Scp(event) => match transition(event) {
                Some((slot, what)) => CompactionKey::Slot(slot, what),
                None => return,
            },
            NodeEvent::Recorded {
                slot, proposals, ..
            } => {
                for proposal in proposals {
                    self.retained.remove(&CompactionKey::Pooled(proposal.id));
                }
                CompactionKey::Recorded(*slot)
            }
            NodeEvent::BackupAnswered { proposal, .. } => {
                self.answer(*proposal, at, output);
                return;
            }
            NodeEvent::BackedUp { file, .. } => CompactionKey::BackedUp(file.sha256.clone()),
            NodeEvent::ProposalRefused { .. }
            | NodeEvent::QuorumSetOverridden { .. }
            | NodeEvent::RolledBack { .. }
            | NodeEvent::BackupFailed { .. }
            | NodeEvent::Refused { .. } => return,
        };
        self.retain(key, at, output);
    }

    fn last_recorded(&self) -> Option<SlotIndex> {
        let all =
            CompactionKey::Recorded(SlotIndex(0))..=CompactionKey::Recorded(SlotIndex(u64::MAX));
        match self.retained.range(all).next_back() {
            Some((CompactionKey::Recorded(slot), _)) => Some(*slot),
            _ => None,
        }
    }

    /// A later answer takes the position of the first one, so that outputs that depend on it, such as the report of a
    /// backed-up file, still follow it.
    fn answer(&mut self, proposal: ProposalId, at: Time, output: &Output) {
        match self.retained.get_mut(&CompactionKey::Answer(proposal)) {
            Some(earlier) => earlier.output = output.clone(),
            None => self.retain(CompactionKey::Answer(proposal), at, output),
        }
    }

    /// Drops the slots that a view does not keep.
    fn forget_old_slots(&mut self) {
        let start = |slot| CompactionKey::Slot(slot, SlotKey::Start);
        let all = start(SlotIndex(0))..CompactionKey::Recorded(SlotIndex(0));
        let states = self
            .retained
            .range(all)
            .rev()
            .filter_map(|(key, _)| match key {
                CompactionKey::Slot(slot, SlotKey::State) => Some(*slot),
                _ => None,
            });
        let Some(oldest) = states.take(SLOTS_RETAINED).last() else {
            return;
        };
        let old = self.retained.range(start(SlotIndex(0))..start(oldest));
        let old: Vec<CompactionKey> = old.map(|(key, _)| key.clone()).collect();
        for key in old {
            self.retained.remove(&key);
        }
    }
}

/// Key of a transition: one per kind, and one per value voted for.
fn transition(event: &ScpEvent) -> Option<(SlotIndex, SlotKey)> {
    Some(match event {
        ScpEvent::VotedNominate { slot, value, .. } => (*slot, SlotKey::Voted(value.clone())),
        ScpEvent::RoundStarted { slot, .. } => (*slot, SlotKey::Transition(0)),
        ScpEvent::AcceptedNominated { slot, .. } => (*slot, SlotKey::Transition(1)),
        ScpEvent::ConfirmedNominated { slot, .. } => (*slot, SlotKey::Transition(2)),
        ScpEvent::Composite { slot, .. } => (*slot, SlotKey::Transition(3)),
        ScpEvent::BallotChanged { slot, .. } => (*slot, SlotKey::Transition(4)),
        ScpEvent::AcceptedPrepared { slot, .. } => (*slot, SlotKey::Transition(5)),
        ScpEvent::ConfirmedPrepared { slot, .. } => (*slot, SlotKey::Transition(6)),
        ScpEvent::AcceptedCommit { slot, .. } => (*slot, SlotKey::Transition(7)),
        ScpEvent::ConfirmedCommit { slot, .. } => (*slot, SlotKey::Transition(8)),
        ScpEvent::CommitVoteWithdrawn { slot, .. } => (*slot, SlotKey::Transition(9)),
        ScpEvent::HeardFromQuorum { slot, .. } => (*slot, SlotKey::Transition(10)),
        ScpEvent::NotFullyValidated { slot } => (*slot, SlotKey::Transition(11)),
        ScpEvent::Refused { .. } => return None,
    })
}
