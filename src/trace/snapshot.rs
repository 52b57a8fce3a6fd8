//! `Snapshot`: a node's past, cut down to what still matters, so that somebody who comes late can be told.
//!
//! It keeps, word for word and with their times, the latest events that make the node what it is now: folded into a new
//! [`World`](super::World) they give the same [`NodeView`](crate::node::view::NodeView), and nearly the same tables.
//! Forgotten: what was refused, expired, or happened in slots that a view does not keep either.

use super::record::Record;
use crate::node::view::SLOTS_RETAINED;
use crate::node::{Input, NodeEvent, Output, ProposalId, TimerKind};
use crate::scp::{NodeId, ScpEvent, SlotIndex, Value};
use crate::time::Time;
use std::collections::BTreeMap;

/// What an output speaks of. Of several with the same topic the latest counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum CompactionKey {
    Start,
    Readiness,
    Peer(NodeId),
    Trust,
    QuorumSet,
    Pooled(ProposalId),
    Slot(SlotIndex, SlotKey),
    Recorded(SlotIndex),
    Answer(ProposalId),
    BackedUp(String),
    Timer(TimerKind),
}

/// What of a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SlotKey {
    Start,
    State,
    Voted(Value),
    /// Other transitions, by kind.
    Transition(u8),
}

/// What was said, when, and as which output of all.
#[derive(Clone, Debug)]
struct RetainedOutput {
    at: Time,
    nth: u64,
    output: Output,
}

/// What there is to tell about a node.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    retained: BTreeMap<CompactionKey, RetainedOutput>,
    outputs: u64,
}

impl Snapshot {
    /// Takes in a step of the node, which has the number `node`.
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

    /// Everything that is kept as steps of `node`, in order and with the times at which it was said. Their input is a
    /// plain start: what happened to the node is not kept.
    #[must_use]
    pub fn records(&self, node: NodeId) -> Vec<Record> {
        let mut said: Vec<&RetainedOutput> = self.retained.values().collect();
        said.sort_by_key(|said| said.nth);
        let steps = said.chunk_by(|one, next| one.at == next.at);
        steps
            .map(|step| Record::Stepped {
                at: step.first().map_or(Time::ZERO, |said| said.at),
                generation: 0,
                node,
                input: Input::Start(None),
                outputs: step.iter().map(|said| said.output.clone()).collect(),
            })
            .collect()
    }

    fn retain(&mut self, topic: CompactionKey, at: Time, output: &Output) {
        let (nth, output) = (self.outputs, output.clone());
        self.retained
            .insert(topic, RetainedOutput { at, nth, output });
    }

    fn event(&mut self, at: Time, event: &NodeEvent, output: &Output) {
        let topic = match event {
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
            | NodeEvent::BackupFailed { .. }
            | NodeEvent::Refused { .. } => return,
        };
        self.retain(topic, at, output);
    }

    fn last_recorded(&self) -> Option<SlotIndex> {
        let all =
            CompactionKey::Recorded(SlotIndex(0))..=CompactionKey::Recorded(SlotIndex(u64::MAX));
        match self.retained.range(all).next_back() {
            Some((CompactionKey::Recorded(slot), _)) => Some(*slot),
            _ => None,
        }
    }

    /// A later answer is told in the place of the first: what came after that, such as the file itself, still does.
    fn answer(&mut self, proposal: ProposalId, at: Time, output: &Output) {
        match self.retained.get_mut(&CompactionKey::Answer(proposal)) {
            Some(said) => said.output = output.clone(),
            None => self.retain(CompactionKey::Answer(proposal), at, output),
        }
    }

    /// The same slots as in a view.
    fn forget_old_slots(&mut self) {
        let start = |slot| CompactionKey::Slot(slot, SlotKey::Start);
        let all = start(SlotIndex(0))..CompactionKey::Recorded(SlotIndex(0));
        let states = self
            .retained
            .range(all)
            .rev()
            .filter_map(|(topic, _)| match topic {
                CompactionKey::Slot(slot, SlotKey::State) => Some(*slot),
                _ => None,
            });
        let Some(oldest) = states.take(SLOTS_RETAINED).last() else {
            return;
        };
        let old = self.retained.range(start(SlotIndex(0))..start(oldest));
        let old: Vec<CompactionKey> = old.map(|(topic, _)| topic.clone()).collect();
        for topic in old {
            self.retained.remove(&topic);
        }
    }
}

/// What is kept of a transition: of each kind the latest, of votes all.
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
