//! Why: the rule, the witnesses and the messages behind a transition, and the transitions that produced these messages.
//!
//! Causes lead back to the first proposal, effects lead forward to the decisions.

use super::step::{Rule, Step, StepTaken};
use crate::scp::{BallotReason, Envelope, NodeId, ScpEvent};
use crate::time::Time;
use crate::trace::{CausalLog, NodeLog, SentStatement, Transition, TransitionId};
use std::sync::Arc;

/// How the statement of a witness reached the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is the node's own statement.
    Own,
    /// The witness transmitted it.
    Direct,
    /// This node forwarded it.
    RelayedBy(NodeId),
}

/// The statement of a witness that counted.
#[derive(Clone, Debug, PartialEq)]
pub struct WitnessMessage {
    /// The statement.
    pub envelope: Arc<Envelope>,
    /// When the copy that arrived first was sent; `None` if the log does not contain it.
    pub sent_at: Option<Time>,
    /// When it arrived; `None` if the log does not contain it.
    pub received_at: Option<Time>,
    /// How it arrived; `None` if the log does not contain it.
    pub way: Option<Way>,
    /// The transition of the witness that produced the statement.
    pub produced_by: Option<TransitionId>,
}

/// Why a node took a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'a> {
    /// The transition.
    pub id: TransitionId,
    /// When it took place.
    pub at: Time,
    /// The step, the rule, and what each witness claims.
    pub taken: StepTaken<'a>,
    /// The minimal witness set, ascending.
    pub witness: Vec<NodeId>,
    /// The statement of each witness, in the order of `witness`.
    pub messages: Vec<WitnessMessage>,
    /// The earlier transition of the node itself of which this one is a consequence, if there is one.
    pub follows: Option<TransitionId>,
}

impl Explanation<'_> {
    /// The transitions that caused this one.
    #[must_use]
    pub fn causes(&self) -> Vec<TransitionId> {
        let produced = self
            .messages
            .iter()
            .filter_map(|message| message.produced_by);
        let mut causes: Vec<TransitionId> = self.follows.into_iter().chain(produced).collect();
        causes.sort_unstable();
        causes.dedup();
        causes
    }
}

/// Why the transition with this number took place. `None` if the log does not contain it, or it only starts a round.
#[must_use]
pub fn explain(log: &CausalLog, id: TransitionId) -> Option<Explanation<'_>> {
    let of_node = log.node(id.slot, id.node)?;
    let transition = of_node.transitions().get(id.nth)?;
    let taken = StepTaken::of(&transition.event)?;
    let (witness, envelopes) = match (taken.evidence, taken.leader) {
        (Some(evidence), _) => (evidence.witness.clone(), evidence.envelopes.clone()),
        (None, Some(leader)) => {
            let echoed = echoed(of_node, transition, leader, &taken);
            (vec![leader], echoed.into_iter().collect())
        }
        (None, None) => (Vec::new(), Vec::new()),
    };
    let message = |envelope: &Arc<Envelope>| message(log, id, transition, envelope);
    Some(Explanation {
        id,
        at: transition.at,
        messages: envelopes.iter().map(message).collect(),
        witness,
        follows: predecessor(of_node, id, transition, &taken),
        taken,
    })
}

/// The explanations of all transitions of a node in a slot, in order.
pub fn explain_all(
    log: &CausalLog,
    slot: crate::scp::SlotIndex,
    node: NodeId,
) -> impl Iterator<Item = Explanation<'_>> {
    let count = log
        .node(slot, node)
        .map_or(0, |log| log.transitions().len());
    (0..count).filter_map(move |nth| explain(log, TransitionId { slot, node, nth }))
}

/// The transitions that this one caused: those that follow from it at the same node, and those whose evidence contains
/// the statement that it produced.
#[must_use]
pub fn effects(log: &CausalLog, id: TransitionId) -> Vec<TransitionId> {
    let Some(of_node) = log.node(id.slot, id.node) else {
        return Vec::new();
    };
    let is_produced = |sent: &&SentStatement| {
        let envelope = &sent.envelope;
        producer(of_node, id.node, envelope) == Some(id)
    };
    let produced: Vec<&Arc<Envelope>> = of_node
        .sent()
        .iter()
        .filter(is_produced)
        .map(|sent| &sent.envelope)
        .collect();
    let mut found = Vec::new();
    for (node, other) in log.nodes(id.slot) {
        for (nth, transition) in other.transitions().iter().enumerate() {
            let effect = TransitionId {
                slot: id.slot,
                node,
                nth,
            };
            let Some(taken) = StepTaken::of(&transition.event) else {
                continue;
            };
            // The node itself also counts statements that it has not sent.
            let counts = |envelope: &&Arc<Envelope>| {
                is_witness(other, transition, &taken, id.node, envelope)
            };
            let is_effect = match node == id.node {
                true => explain(log, effect).is_some_and(|effect| effect.causes().contains(&id)),
                false => produced.iter().any(counts),
            };
            if is_effect {
                found.push(effect);
            }
        }
    }
    found
}

/// Whether `envelope` of `from` counted for a transition.
fn is_witness(
    log: &NodeLog,
    transition: &Transition,
    taken: &StepTaken<'_>,
    from: NodeId,
    envelope: &Arc<Envelope>,
) -> bool {
    let counted = match (taken.evidence, taken.leader) {
        (Some(evidence), _) => evidence
            .witness
            .binary_search(&from)
            .ok()
            .and_then(|at| evidence.envelopes.get(at))
            .cloned(),
        (None, Some(leader)) if leader == from => echoed(log, transition, leader, taken),
        _ => None,
    };
    counted.is_some_and(|counted| counted == *envelope)
}

/// The statement of the leader that the node echoed: the newest one with the value.
fn echoed(
    log: &NodeLog,
    transition: &Transition,
    leader: NodeId,
    taken: &StepTaken<'_>,
) -> Option<Arc<Envelope>> {
    let received = log.received_from(leader, true).iter().rev();
    let mut before = received.filter(|received| received.received_at <= transition.at);
    let claim = taken.claim.as_ref();
    let names_value = |statement| claim.is_some_and(|claim| claim.is_made_by(statement));
    let found = before.find(|received| names_value(&received.envelope.statement));
    found.map(|received| Arc::clone(&received.envelope))
}

fn message(
    log: &CausalLog,
    id: TransitionId,
    transition: &Transition,
    envelope: &Arc<Envelope>,
) -> WitnessMessage {
    let from = envelope.from;
    let sender = log.node(id.slot, from);
    let produced_by = sender.and_then(|sender| producer(sender, from, envelope));
    if from == id.node {
        let sent = sender.and_then(|sender| sender.find_sent(envelope));
        // A statement that the node replaced within the same step was never sent.
        let at = sent.map_or(transition.at, |sent| sent.sent_at.min(transition.at));
        let before = sender.and_then(|sender| sender.transitions().get(..id.nth));
        let is_nominate = envelope.statement.is_nominate();
        let latest = before.and_then(|before| last_change(before, is_nominate));
        let produced_by = produced_by.or(latest.map(|nth| TransitionId { nth, ..id }));
        return WitnessMessage {
            envelope: Arc::clone(envelope),
            sent_at: Some(at),
            received_at: Some(at),
            way: Some(Way::Own),
            produced_by,
        };
    }
    let receiver = log.node(id.slot, id.node);
    let received = receiver.and_then(|log| log.find_received(envelope));
    WitnessMessage {
        envelope: Arc::clone(envelope),
        sent_at: received.and_then(|received| received.sent_at),
        received_at: received.map(|received| received.received_at),
        way: received.map(|received| match received.via == from {
            true => Way::Direct,
            false => Way::RelayedBy(received.via),
        }),
        produced_by,
    }
}

/// The transition that produced a statement of `node`: the last one of the same protocol in the step that sent it, or
/// before it.
fn producer(log: &NodeLog, node: NodeId, envelope: &Arc<Envelope>) -> Option<TransitionId> {
    let is_nominate = envelope.statement.is_nominate();
    let sent = log.find_sent(envelope)?;
    let until = log.transitions().get(..sent.transitions.end)?;
    let nth = last_change(until, is_nominate)?;
    let slot = envelope.slot;
    Some(TransitionId { slot, node, nth })
}

/// The last of the transitions that changes the NOMINATE of the node, or its ballot statement.
fn last_change(transitions: &[Transition], is_nominate: bool) -> Option<usize> {
    transitions.iter().rposition(|transition| {
        let taken = StepTaken::of(&transition.event);
        taken.is_some_and(|taken| changes_statement(taken.step, is_nominate))
    })
}

/// Whether a step changes the NOMINATE of a node, or its ballot statement.
fn changes_statement(step: Step, is_nominate: bool) -> bool {
    match step {
        Step::VoteNominate | Step::AcceptNominated => is_nominate,
        Step::ConfirmNominated | Step::Composite | Step::HeardFromQuorum => false,
        _ => !is_nominate,
    }
}

/// The earlier transition of the node of which this one is a consequence.
fn predecessor(
    log: &NodeLog,
    id: TransitionId,
    transition: &Transition,
    taken: &StepTaken<'_>,
) -> Option<TransitionId> {
    let wanted = match (taken.step, taken.rule) {
        (Step::Composite, _) => Step::ConfirmNominated,
        (Step::CommitVoteWithdrawn, _) => Step::AcceptPrepared,
        (Step::Ballot, Rule::Timer) => Step::HeardFromQuorum,
        (Step::Ballot, _) => match &*transition.event {
            ScpEvent::BallotChanged { reason, .. } => match reason {
                BallotReason::Candidate => Step::Composite,
                BallotReason::ConfirmedPrepared => Step::ConfirmPrepared,
                BallotReason::AcceptedCommit => Step::AcceptCommit,
                BallotReason::Timeout | BallotReason::CatchUp(_) => return None,
            },
            _ => return None,
        },
        _ => return None,
    };
    let before = log.transitions().get(..id.nth)?;
    let is_wanted = |transition: &Transition| {
        StepTaken::of(&transition.event).is_some_and(|taken| taken.step == wanted)
    };
    let nth = before.iter().rposition(is_wanted)?;
    Some(TransitionId { nth, ..id })
}
