//! Why not: for each next step of a node, the standing of the nodes whose statements are missing, and what would bring
//! these statements.

use super::missing::MissingStep;
use super::situation::Situation;
use super::step::{Rule, StatementClaim};
use crate::node::view::{Relaying, TimerKind};
use crate::scp::{BallotPhase, NodeId, SlotIndex, Statement};
use crate::time::Time;
use crate::trace::{NodeStatus, SentStatement};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why the statement of a node is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberStanding {
    /// The node has made it, and a copy is on its way.
    UnderWay,
    /// The node has made it, and all copies so far were lost. It will be sent again.
    Lost,
    /// The node has voted for something else and may still change: nomination adds votes, and ballots rise.
    VotedOther,
    /// The node has accepted something else and will not change.
    AcceptedOther,
    /// The node has made no statement yet.
    NoStatement,
    /// The node runs, and the network does not connect it with the node that waits.
    CutOff,
    /// The node runs, and all its messages are lost.
    Silent,
    /// The node has crashed.
    Crashed,
    /// The node has left.
    Left,
    /// A quorum set names the node, and no such node exists.
    DoesNotExist,
}

/// A node whose statement is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingMember {
    /// Why its statement is missing.
    pub standing: MemberStanding,
    /// When the copy on its way arrives; `None` if a relay has to forward it first.
    pub arrives_at: Option<Time>,
    /// What would bring the statement.
    pub remedy: Remedy,
}

/// What would bring a statement or a step, from the least to the greatest change of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// A message on its way.
    Message,
    /// A timer.
    Timer,
    /// The repetition of a lost message.
    Resend,
    /// The restart of a node.
    Restart,
    /// The end of a partition, or a movement of nodes.
    Heal,
    /// Another quorum set.
    QuorumSet,
    /// Nothing: with these quorum sets the step can never take place.
    Never,
}

/// A step that a node has not taken, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct WhyNot {
    /// The step and the sets of nodes that would allow it.
    pub missing: MissingStep,
    /// The members of the listed sets.
    pub members: BTreeMap<NodeId, MissingMember>,
    /// What would bring the step.
    pub by: Remedy,
    /// The timer of the node that would bring it: when it expires.
    pub timer_due_at: Option<Time>,
}

impl Situation<'_> {
    /// The next steps of `node` in `slot`, and why it has not taken them. Empty if the node has decided, has left or
    /// takes no part in the slot.
    #[must_use]
    pub fn why_not(&self, slot: SlotIndex, node: NodeId) -> Vec<WhyNot> {
        let status = self.status(node);
        let view = match self.phase(slot, node) {
            SlotPhase::Externalize => None,
            _ if status == Some(NodeStatus::Left) => None,
            _ => self.local_view(slot, node),
        };
        let Some(view) = view else {
            return Vec::new();
        };
        let least = match status {
            Some(NodeStatus::Crashed) => Remedy::Restart,
            _ => Remedy::Message,
        };
        let copies = self.copies(slot, node);
        let explain = |missing: MissingStep| {
            let named = missing.needs.sets.iter().flatten();
            let members: BTreeMap<NodeId, MissingMember> = match &missing.claim {
                Some(claim) => named
                    .map(|member| (*member, self.member((slot, node), *member, claim, &copies)))
                    .collect(),
                None => BTreeMap::new(),
            };
            let timer_due_at = match missing.rule {
                Rule::Timer => self.timer_due_at(slot, node),
                _ => None,
            };
            WhyNot {
                by: remedy(&missing, &members).max(least),
                missing,
                members,
                timer_due_at,
            }
        };
        view.missing_steps().into_iter().map(explain).collect()
    }

    /// The statements on their way: for each sender the copies to `node`, and those that relays may forward.
    fn copies(&self, slot: SlotIndex, node: NodeId) -> Copies {
        let mut copies = Copies::default();
        let to_node = self.log.in_transit_to(slot, node);
        for copy in to_node {
            let of_sender = copies.to_node.entry(copy.envelope.from).or_default();
            of_sender.push((copy.envelope.statement.clone(), copy.arrives_at));
        }
        if self.world.scenario.settings.relaying == Relaying::Flood {
            for copy in self.log.in_transit(slot) {
                let of_sender = copies.to_relays.entry(copy.envelope.from).or_default();
                if !of_sender.contains(&copy.envelope.statement) {
                    of_sender.push(copy.envelope.statement.clone());
                }
            }
        }
        copies.has_progress = self.log.in_transit(slot).next().is_some();
        copies
    }

    fn member(
        &self,
        (slot, node): (SlotIndex, NodeId),
        member: NodeId,
        claim: &StatementClaim,
        copies: &Copies,
    ) -> MissingMember {
        let with = |standing, arrives_at| MissingMember {
            standing,
            arrives_at,
            remedy: self.member_remedy((slot, node), member, standing, copies),
        };
        if let Some(arrives_at) = copies.arrival(member, claim) {
            return with(MemberStanding::UnderWay, arrives_at);
        }
        let standing = match self.status(member) {
            None => MemberStanding::DoesNotExist,
            Some(NodeStatus::Left) => MemberStanding::Left,
            Some(NodeStatus::Crashed) => MemberStanding::Crashed,
            Some(NodeStatus::Silent) => MemberStanding::Silent,
            Some(NodeStatus::Running | NodeStatus::Referenced) => {
                match self.connectivity().reaches(member, node) {
                    true => self.running_standing(slot, member, claim),
                    false => MemberStanding::CutOff,
                }
            }
        };
        with(standing, None)
    }

    /// The standing of a node that runs and is connected.
    fn running_standing(
        &self,
        slot: SlotIndex,
        member: NodeId,
        claim: &StatementClaim,
    ) -> MemberStanding {
        let log = self.log.node(slot, member);
        let latest = log.and_then(|log| log.latest_sent(claim.is_nomination()));
        match latest {
            None => MemberStanding::NoStatement,
            Some(sent) if claim.is_made_by(&sent.envelope.statement) => MemberStanding::Lost,
            Some(sent) if is_final(sent, claim) => MemberStanding::AcceptedOther,
            Some(_) => MemberStanding::VotedOther,
        }
    }

    fn member_remedy(
        &self,
        (slot, node): (SlotIndex, NodeId),
        member: NodeId,
        standing: MemberStanding,
        copies: &Copies,
    ) -> Remedy {
        match standing {
            MemberStanding::UnderWay => Remedy::Message,
            MemberStanding::Lost => Remedy::Resend,
            MemberStanding::Crashed | MemberStanding::Silent => Remedy::Restart,
            MemberStanding::CutOff => Remedy::Heal,
            MemberStanding::AcceptedOther | MemberStanding::Left => Remedy::QuorumSet,
            MemberStanding::DoesNotExist => Remedy::Never,
            MemberStanding::VotedOther | MemberStanding::NoStatement => {
                let has_timer = |node| self.timer_due_at(slot, node).is_some();
                if !self.has_quorum(member) {
                    self.recovery(member)
                } else if copies.has_progress {
                    Remedy::Message
                } else if has_timer(member) || has_timer(node) {
                    Remedy::Timer
                } else {
                    Remedy::Resend
                }
            }
        }
    }

    /// What would give `node` a quorum: the return of the first of the minimal sets.
    fn recovery(&self, node: NodeId) -> Remedy {
        let availability = self.availability_for(node);
        let of_node = |node: &NodeId| match self.status(*node) {
            Some(NodeStatus::Crashed | NodeStatus::Silent) => Remedy::Restart,
            _ => Remedy::Heal,
        };
        let of_set = |set: &Vec<NodeId>| set.iter().map(of_node).max();
        let sets = availability.bring_back.sets.iter();
        sets.filter_map(of_set).min().unwrap_or(Remedy::QuorumSet)
    }

    /// When the next timer of SCP expires at `node`.
    pub(super) fn timer_due_at(&self, slot: SlotIndex, node: NodeId) -> Option<Time> {
        let timers = &self.world.node(node)?.view.timers;
        let kinds = [TimerKind::Nomination(slot), TimerKind::Ballot(slot)];
        let due = kinds.iter().filter_map(|kind| timers.get(kind));
        due.map(|timer| timer.due_at).min()
    }
}

/// Statements on their way.
#[derive(Debug, Default)]
struct Copies {
    to_node: BTreeMap<NodeId, Vec<(Statement, Time)>>,
    to_relays: BTreeMap<NodeId, Vec<Statement>>,
    has_progress: bool,
}

impl Copies {
    /// When a statement of `sender` with this claim arrives; `Some(None)` if relays have to forward it first.
    fn arrival(&self, sender: NodeId, claim: &StatementClaim) -> Option<Option<Time>> {
        let direct = self.to_node.get(&sender).into_iter().flatten();
        let direct = direct.filter(|(statement, _)| claim.is_made_by(statement));
        if let Some(at) = direct.map(|(_, at)| *at).min() {
            return Some(Some(at));
        }
        let mut relayed = self.to_relays.get(&sender).into_iter().flatten();
        relayed
            .any(|statement| claim.is_made_by(statement))
            .then_some(None)
    }
}

/// Whether the sender has accepted the commit of another value, so that it will never make the claim.
fn is_final(sent: &SentStatement, claim: &StatementClaim) -> bool {
    let accepted = match &sent.envelope.statement {
        Statement::Confirm { ballot, .. } => Some(&ballot.x),
        Statement::Externalize { commit, .. } => Some(&commit.x),
        Statement::Prepare { .. } | Statement::Nominate { .. } => None,
    };
    matches!((accepted, claim.value()), (Some(accepted), Some(value)) if accepted != value)
}

/// The least change that brings all members of one of the sets.
fn remedy(missing: &MissingStep, members: &BTreeMap<NodeId, MissingMember>) -> Remedy {
    if missing.rule == Rule::Timer {
        return Remedy::Timer;
    }
    let of_member = |member: &NodeId| members.get(member).map(|member| member.remedy);
    let of_set = |set: &Vec<NodeId>| set.iter().filter_map(of_member).max();
    let least = missing.needs.sets.iter().filter_map(of_set).min();
    match least {
        // The next round has further leaders.
        _ if missing.rule == Rule::Leader => least.unwrap_or(Remedy::Timer).min(Remedy::Timer),
        None => Remedy::Never,
        Some(least) if missing.requires_decision => least.max(Remedy::QuorumSet),
        Some(least) => least,
    }
}

/// The phase of a node in a slot, as explanations name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SlotPhase {
    /// It takes no part in the slot.
    Idle,
    /// It nominates and has no ballot yet.
    Nominate,
    /// It prepares ballots.
    Prepare,
    /// It has accepted a commit.
    Confirm,
    /// It has decided.
    Externalize,
}

impl Situation<'_> {
    /// The phase of `node` in `slot`.
    #[must_use]
    pub fn phase(&self, slot: SlotIndex, node: NodeId) -> SlotPhase {
        if self.decision(slot, node).is_some() {
            return SlotPhase::Externalize;
        }
        let view = self.world.node(node).map(|node| &node.view);
        let Some(state) = view.and_then(|view| view.slots.get(&slot)) else {
            return SlotPhase::Idle;
        };
        match state.phase {
            BallotPhase::Externalize => SlotPhase::Externalize,
            BallotPhase::Confirm => SlotPhase::Confirm,
            BallotPhase::Prepare if state.b.is_some() => SlotPhase::Prepare,
            BallotPhase::Prepare => SlotPhase::Nominate,
        }
    }
}
