//! Other numbers for nodes. Every process numbers those it meets in its own way; a picture of several needs one way.
//!
//! Every type that holds numbers is taken apart here completely, without `..`, so that a new field cannot be forgotten.
//! Lists that are in ascending order by contract are so afterwards; other lists keep their order, because it may be
//! somebody's choice. So mapping back by the inverse gives back exactly what was.
//!
//! Absent here: which number becomes which.

use super::record::{FlightId, Record};
use crate::node::{
    Announcement, Body, Bundle, Change, Input, Message, MessageId, NodeConfig, NodeEvent, Output,
    Peer, Persisted, Recipient, TrustPolicy,
};
use crate::scenario::Action;
use crate::scp::{
    BallotReason, Envelope, Evidence, NodeId, QuorumSet, QuorumSetId, ScpEvent, SlotState,
    VoteReason,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tells the new number of a node.
pub type Numbering<'a> = &'a mut dyn FnMut(NodeId) -> NodeId;

/// What holds numbers of nodes.
pub trait Renumber {
    /// Gives all nodes in it other numbers. `number` must not give two nodes the same.
    fn renumber(&mut self, number: Numbering<'_>);
}

impl Record {
    /// Gives the transmission that it speaks of another number.
    pub fn renumber_flight(&mut self, number: impl FnOnce(FlightId) -> FlightId) {
        match self {
            Record::Sent { flight, .. }
            | Record::Lost { flight, .. }
            | Record::Chunk { flight, .. } => *flight = number(*flight),
            Record::NodeAdded { .. }
            | Record::NodeMet { .. }
            | Record::Acted { .. }
            | Record::Stepped { .. } => {}
        }
    }
}

impl Renumber for NodeId {
    fn renumber(&mut self, number: Numbering<'_>) {
        *self = number(*self);
    }
}

impl<T: Renumber> Renumber for Option<T> {
    fn renumber(&mut self, number: Numbering<'_>) {
        if let Some(content) = self {
            content.renumber(number);
        }
    }
}

impl<T: Renumber> Renumber for Vec<T> {
    fn renumber(&mut self, number: Numbering<'_>) {
        self.iter_mut().for_each(|item| item.renumber(number));
    }
}

impl<T: Renumber + Clone> Renumber for Arc<T> {
    fn renumber(&mut self, number: Numbering<'_>) {
        Arc::make_mut(self).renumber(number);
    }
}

impl<T: Renumber + Clone> Renumber for Arc<[T]> {
    fn renumber(&mut self, number: Numbering<'_>) {
        let mut items = self.to_vec();
        items.renumber(number);
        *self = items.into();
    }
}

impl Renumber for BTreeSet<NodeId> {
    fn renumber(&mut self, number: Numbering<'_>) {
        *self = self.iter().map(|node| number(*node)).collect();
    }
}

impl Renumber for Record {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Record::NodeAdded {
                at: _,
                config,
                position: _,
                organization: _,
            } => config.renumber(number),
            Record::NodeMet {
                at: _,
                peer,
                position: _,
            } => peer.renumber(number),
            Record::Acted { at: _, action } => action.renumber(number),
            Record::Stepped {
                at: _,
                generation: _,
                node,
                input,
                outputs,
            } => {
                node.renumber(number);
                input.renumber(number);
                outputs.renumber(number);
            }
            Record::Sent {
                at: _,
                arrives_at: _,
                flight: _,
                from,
                to,
                kind: _,
                message,
                housekeeping: _,
            } => {
                from.renumber(number);
                to.renumber(number);
                message.renumber(number);
            }
            Record::Lost {
                at: _,
                flight: _,
                from,
                to,
                kind: _,
                housekeeping: _,
                why: _,
            } => {
                from.renumber(number);
                to.renumber(number);
            }
            Record::Chunk {
                at: _,
                flight: _,
                file: _,
                index: _,
                of: _,
            } => {}
        }
    }
}

impl Renumber for Action {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Action::Propose { node, content: _ }
            | Action::Leave { node }
            | Action::Crash { node }
            | Action::Restart { node }
            | Action::Silence { node }
            | Action::Unsilence { node }
            | Action::Move { node, to: _ } => node.renumber(number),
            Action::SetTrust { node, policy } => {
                node.renumber(number);
                policy.renumber(number);
            }
            Action::Cut { groups } => groups.renumber(number),
            Action::AddNode { position: _ } | Action::Heal => {}
        }
    }
}

impl Renumber for NodeConfig {
    fn renumber(&mut self, number: Numbering<'_>) {
        let NodeConfig {
            peer,
            trust,
            threshold: _,
            is_beacon: _,
            address_book,
            initial_value: _,
            held_files: _,
            arrival: _,
            settings: _,
        } = self;
        peer.renumber(number);
        trust.renumber(number);
        address_book.renumber(number);
    }
}

impl Renumber for Peer {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Peer {
            id,
            name: _,
            key: _,
        } = self;
        id.renumber(number);
    }
}

impl Renumber for TrustPolicy {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            TrustPolicy::Fixed(set) => set.renumber(number),
            TrustPolicy::Found | TrustPolicy::InRange | TrustPolicy::Nobody => {}
        }
    }
}

impl Renumber for QuorumSet {
    fn renumber(&mut self, number: Numbering<'_>) {
        let QuorumSet {
            threshold: _,
            validators,
            inner,
        } = self;
        validators.renumber(number);
        inner.renumber(number);
    }
}

impl Renumber for QuorumSetId {
    fn renumber(&mut self, number: Numbering<'_>) {
        let QuorumSetId { owner, nth: _ } = self;
        owner.renumber(number);
    }
}

impl Renumber for Input {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Input::Start(persisted) => persisted.renumber(number),
            Input::Receive { from, message } => {
                from.renumber(number);
                message.renumber(number);
            }
            Input::Heard { from, announcement } => {
                from.renumber(number);
                announcement.renumber(number);
            }
            Input::Relayed { from, bundle } => {
                from.renumber(number);
                bundle.renumber(number);
            }
            Input::SetTrust(policy) => policy.renumber(number),
            Input::Fetched { sha256: _, result } => {
                if let Ok(from) = result {
                    from.renumber(number);
                }
            }
            Input::Timer(_) | Input::Propose(_) | Input::Leave => {}
        }
    }
}

impl Renumber for Persisted {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Persisted {
            decided: _,
            statements,
            pool: _,
            files: _,
            answers: _,
            sources,
            messages: _,
            proposals: _,
            announcements: _,
            quorum_sets: _,
            quorum_set,
            trust,
        } = self;
        statements.renumber(number);
        quorum_set.renumber(number);
        trust.renumber(number);
        sources.values_mut().for_each(|from| from.renumber(number));
    }
}

impl Renumber for Change {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Change::Said(envelope) => envelope.renumber(number),
            Change::QuorumSet { nth: _, quorum_set } => quorum_set.renumber(number),
            Change::Trust(policy) => policy.renumber(number),
            Change::BackedUp { file: _, from } => from.renumber(number),
            Change::Decided { slot: _, value: _ }
            | Change::Pooled(_)
            | Change::Unpooled(_)
            | Change::Holds(_)
            | Change::Answered {
                proposal: _,
                answer: _,
            }
            | Change::MessagesReserved(_)
            | Change::Proposals(_)
            | Change::Announcements(_) => {}
        }
    }
}

impl Renumber for Envelope {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Envelope {
            from,
            slot: _,
            quorum_set,
            statement: _,
        } = self;
        from.renumber(number);
        quorum_set.renumber(number);
    }
}

impl Renumber for MessageId {
    fn renumber(&mut self, number: Numbering<'_>) {
        let MessageId { sender, nth: _ } = self;
        sender.renumber(number);
    }
}

impl Renumber for Message {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Message {
            id,
            to,
            housekeeping: _,
            body,
        } = self;
        id.renumber(number);
        to.renumber(number);
        match body {
            Body::Scp {
                envelope,
                quorum_set,
            } => {
                envelope.renumber(number);
                quorum_set.renumber(number);
            }
            Body::Peers { known, trusted } => {
                known.renumber(number);
                trusted.renumber(number);
            }
            Body::Proposal(_)
            | Body::PeersQuestion
            | Body::CatchUpQuestion { from_slot: _ }
            | Body::CatchUpAnswer { decided: _ } => {}
        }
    }
}

impl Renumber for Announcement {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Announcement {
            peer,
            kind: _,
            nth: _,
            hops: _,
        } = self;
        peer.renumber(number);
    }
}

impl Renumber for Bundle {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Bundle {
            announcements,
            messages,
        } = self;
        announcements.renumber(number);
        messages.renumber(number);
    }
}

impl Renumber for Recipient {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Recipient::Node(node) | Recipient::NeighboursExcept(node) => node.renumber(number),
            Recipient::Neighbours => {}
        }
    }
}

impl Renumber for Output {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Output::Send { to, message } => {
                to.renumber(number);
                message.renumber(number);
            }
            Output::Relay { to, bundle } => {
                to.renumber(number);
                bundle.renumber(number);
            }
            Output::Announce(announcement) => announcement.renumber(number),
            Output::Persist(changes) => changes.renumber(number),
            Output::Fetch { file: _, holders } => holders.renumber(number),
            Output::Event(event) => event.renumber(number),
            Output::SetTimer(_, _) | Output::CancelTimer(_) => {}
        }
    }
}

impl Renumber for NodeEvent {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            NodeEvent::Discovered { peer, via } => {
                peer.renumber(number);
                via.renumber(number);
            }
            NodeEvent::TrustChanged { trusted, cause: _ } => trusted.renumber(number),
            NodeEvent::QuorumSetChanged {
                id,
                quorum_set,
                from_slot: _,
            } => {
                id.renumber(number);
                quorum_set.renumber(number);
            }
            NodeEvent::PeerLeft { node } => node.renumber(number),
            NodeEvent::ProposalPooled {
                proposal: _,
                voucher,
            } => voucher.renumber(number),
            NodeEvent::ProposalRefused {
                id: _,
                from,
                why: _,
            }
            | NodeEvent::Refused { from, why: _ }
            | NodeEvent::BackedUp { file: _, from } => from.renumber(number),
            NodeEvent::ProposalExpired {
                id: _,
                voted,
                missing,
            } => {
                voted.renumber(number);
                missing.renumber(number);
            }
            NodeEvent::Scp(event) => event.renumber(number),
            NodeEvent::Slot { slot: _, state } => state.renumber(number),
            NodeEvent::Started { application: _ }
            | NodeEvent::Ready { known: _ }
            | NodeEvent::CatchingUp { from_slot: _ }
            | NodeEvent::Left
            | NodeEvent::SlotStarted { slot: _, start: _ }
            | NodeEvent::Recorded {
                slot: _,
                value: _,
                proposals: _,
            }
            | NodeEvent::BackupAnswered {
                file: _,
                proposal: _,
                answer: _,
            }
            | NodeEvent::BackupFailed { file: _, why: _ } => {}
        }
    }
}

impl Renumber for ScpEvent {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            ScpEvent::RoundStarted {
                slot: _,
                round: _,
                leaders,
                timeout: _,
            } => {
                leaders.renumber(number);
                leaders.sort_unstable();
            }
            ScpEvent::VotedNominate {
                slot: _,
                value: _,
                reason,
            } => match reason {
                VoteReason::Echo(leader) => leader.renumber(number),
                VoteReason::OwnProposal | VoteReason::Extracted => {}
            },
            ScpEvent::AcceptedNominated {
                slot: _,
                value: _,
                evidence,
            }
            | ScpEvent::ConfirmedNominated {
                slot: _,
                value: _,
                evidence,
            }
            | ScpEvent::AcceptedPrepared {
                slot: _,
                ballot: _,
                evidence,
            }
            | ScpEvent::ConfirmedPrepared {
                slot: _,
                h: _,
                c: _,
                evidence,
            }
            | ScpEvent::AcceptedCommit {
                slot: _,
                value: _,
                n_c: _,
                n_h: _,
                evidence,
            }
            | ScpEvent::ConfirmedCommit {
                slot: _,
                value: _,
                n_c: _,
                n_h: _,
                evidence,
            }
            | ScpEvent::HeardFromQuorum {
                slot: _,
                n: _,
                evidence,
            } => evidence.renumber(number),
            ScpEvent::BallotChanged {
                slot: _,
                from: _,
                to: _,
                reason,
            } => match reason {
                BallotReason::CatchUp(evidence) => evidence.renumber(number),
                BallotReason::Candidate
                | BallotReason::Timeout
                | BallotReason::ConfirmedPrepared
                | BallotReason::AcceptedCommit => {}
            },
            ScpEvent::Refused {
                slot: _,
                from,
                why: _,
            } => from.renumber(number),
            ScpEvent::Composite { slot: _, value: _ }
            | ScpEvent::CommitVoteWithdrawn { slot: _, c: _ }
            | ScpEvent::NotFullyValidated { slot: _ } => {}
        }
    }
}

impl Renumber for Evidence {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Evidence {
            rule: _,
            witness,
            envelopes,
        } = self;
        witness.renumber(number);
        envelopes.renumber(number);
        // Both are in the order of the numbers.
        witness.sort_unstable();
        envelopes.sort_by_key(|envelope| envelope.from);
    }
}

impl Renumber for SlotState {
    fn renumber(&mut self, number: Numbering<'_>) {
        let SlotState {
            phase: _,
            b: _,
            p: _,
            p_prime: _,
            h: _,
            c: _,
            z: _,
            heard_from_quorum: _,
            nominating: _,
            round: _,
            leaders,
            voted: _,
            accepted: _,
            candidates: _,
            composite: _,
            fully_validated: _,
            externalized: _,
        } = self;
        leaders.renumber(number);
    }
}
