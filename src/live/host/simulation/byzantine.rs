//! A Byzantine node with a valid key: it sends different and contradicting statements to different nodes, false
//! decisions, and statements about other slots.

use super::dice::Dice;
use crate::live::identity::Identity;
use crate::live::wire::{
    Datagram, Signed, VERSION, WireAnnouncement, WireBody, WireDecision, WireMessage,
    WireQuorumSet, WireStatement,
};
use crate::node::{AnnouncementKind, Content, NodeKey, Proposal, ProposalId};
use crate::scp::{Ballot, Statement, Value};
use std::net::SocketAddr;

/// Most statements of other nodes that it remembers.
const OBSERVED_MAX: usize = 64;

/// See the documentation of the module.
pub(super) struct ByzantineNode {
    identity: Identity,
    http: SocketAddr,
    quorum_set: WireQuorumSet,
    /// The newest statements of other nodes.
    observed: Vec<(u64, Statement)>,
    sent: u64,
    dice: Dice,
}

impl ByzantineNode {
    pub(super) fn new(
        identity: Identity,
        http: SocketAddr,
        quorum_set: WireQuorumSet,
        dice: Dice,
    ) -> ByzantineNode {
        ByzantineNode {
            identity,
            http,
            quorum_set,
            observed: Vec::new(),
            sent: 0,
            dice,
        }
    }

    pub(super) fn key(&self) -> NodeKey {
        self.identity.key()
    }

    /// A correct node has sent this message.
    pub(super) fn observe(&mut self, message: &WireMessage) {
        if let WireBody::Statement(stated) = &message.body {
            if self.observed.len() >= OBSERVED_MAX {
                self.observed.remove(0);
            }
            self.observed.push((stated.slot, stated.statement.clone()));
        }
    }

    /// A datagram with its announcement.
    pub(super) fn announcement(&mut self, network: &str, unix_us: u64) -> Vec<u8> {
        self.sent += 1;
        let announcement = WireAnnouncement {
            version: VERSION,
            network: network.to_owned(),
            key: self.identity.key(),
            name: "byzantine".to_owned(),
            http: self.http,
            kind: AnnouncementKind::Here,
            nth: self.sent,
            epoch: 1,
            messages: self.sent + 256,
            mark_us: unix_us,
        };
        let announcement = announcement.sign(&self.identity).unwrap();
        Datagram { announcement }.write().unwrap()
    }

    /// Messages for one node.
    pub(super) fn messages(&mut self, network: &str, to: NodeKey) -> Vec<Signed> {
        let count = 1 + self.dice.below(4);
        (0..count)
            .filter_map(|_| {
                let (body, to) = self.body(to)?;
                self.sent += 1;
                let message = WireMessage {
                    sender: self.identity.key(),
                    nth: self.sent,
                    to,
                    housekeeping: self.dice.chance(300),
                    body,
                };
                message.sign(&self.identity, network).ok()
            })
            .collect()
    }

    fn body(&mut self, to: NodeKey) -> Option<(WireBody, Option<NodeKey>)> {
        let (slot, statement) = self.dice.pick(&self.observed)?.clone();
        Some(match self.dice.below(12) {
            0 => {
                let decided = vec![WireDecision {
                    slot,
                    value: self.value(),
                }];
                (WireBody::CatchUpAnswer { decided }, Some(to))
            }
            1 => (WireBody::CatchUpQuestion { from_slot: slot }, Some(to)),
            2 => {
                let id = ProposalId {
                    origin: self.identity.key(),
                    nth: 1 + self.dice.below(5) as u32,
                };
                let content = Content::Note(format!("note {}", self.sent));
                let proposal = Proposal { id, content };
                (WireBody::Proposal { proposal }, None)
            }
            _ => {
                let statement = self.change(statement);
                let stated = WireStatement {
                    slot: slot + [0, 0, 0, 0, 1, 2][self.dice.below(6)],
                    quorum_set_nth: 1,
                    quorum_set: self.quorum_set.clone(),
                    statement,
                };
                let to = self.dice.chance(700).then_some(to);
                (WireBody::Statement(stated), to)
            }
        })
    }

    /// A value that occurs in a statement of another node, or an invented one.
    fn value(&mut self) -> Value {
        let observed = self.dice.pick(&self.observed).map(|(_, one)| one.clone());
        match observed {
            Some(Statement::Nominate { voted, accepted }) if self.dice.chance(950) => {
                let values: Vec<Value> = voted.iter().chain(accepted.iter()).cloned().collect();
                self.dice
                    .pick(&values)
                    .cloned()
                    .unwrap_or_else(|| "[]".into())
            }
            Some(ballot) if self.dice.chance(950) => ballot
                .ballot_value()
                .cloned()
                .unwrap_or_else(|| "[]".into()),
            _ => "[]".into(),
        }
    }

    /// Another statement, often with another value or counter.
    fn change(&mut self, statement: Statement) -> Statement {
        let n = 1 + self.dice.below(5) as u32;
        let ballot = Ballot { n, x: self.value() };
        match self.dice.below(6) {
            0 => {
                let mut voted = vec![self.value(), self.value()];
                voted.sort();
                voted.dedup();
                let accepted = match self.dice.chance(500) {
                    true => voted.clone(),
                    false => Vec::new(),
                };
                Statement::Nominate { voted, accepted }
            }
            1 => Statement::Prepare {
                prepared: self.dice.chance(500).then(|| ballot.clone()),
                ballot,
                prepared_prime: None,
                n_c: 0,
                n_h: 0,
            },
            2 => Statement::Confirm {
                ballot,
                n_prepared: n,
                n_commit: 1,
                n_h: n,
            },
            3 => Statement::Externalize {
                commit: ballot,
                n_h: n,
            },
            _ => statement,
        }
    }
}
