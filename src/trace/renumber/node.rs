//! Numbers in what nodes are, hear, do and keep.

use super::{Numbering, Renumber};
use crate::node::{
    Announcement, Body, Bundle, Input, Message, MessageId, NodeConfig, NodeEvent, Output, Peer,
    Persisted, Recipient, StateChange, TrustPolicy,
};

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
            join_mode: _,
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
            TrustPolicy::Found | TrustPolicy::InRange | TrustPolicy::None => {}
        }
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

impl Renumber for StateChange {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            StateChange::OwnStatement(envelope) => envelope.renumber(number),
            StateChange::QuorumSet { nth: _, quorum_set } => quorum_set.renumber(number),
            StateChange::Trust(policy) => policy.renumber(number),
            StateChange::BackedUp { file: _, from } => from.renumber(number),
            StateChange::Decided { slot: _, value: _ }
            | StateChange::Pooled(_)
            | StateChange::Unpooled(_)
            | StateChange::Holds(_)
            | StateChange::Answered {
                proposal: _,
                answer: _,
            }
            | StateChange::MessagesReserved(_)
            | StateChange::Proposals(_)
            | StateChange::Announcements(_) => {}
        }
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
