//! What people and programs ask: how the node is, whom it knows, the figures; and following it.

use super::{Host, PeerState};
use crate::live::command::{ReplySender, Subscription};
use crate::live::status::{
    BackupView, LogView, NodeName, PeerView, PeersView, SlotView, Status, StatusDraft, StatusQuery,
    shown_pool,
};
use crate::live::wire::WireQuorumSet;
use crate::node::view::{Phase, Readiness, phase_of};
use crate::scp::NodeId;
use std::collections::BTreeSet;
use std::fmt::Write;

impl Host {
    fn name_of(&self, node: NodeId) -> NodeName {
        let own = node == NodeId(0);
        NodeName {
            id: self.directory.key_of(node),
            name: match own {
                true => self.config.name.clone(),
                false => self.directory.name(node),
            },
        }
    }

    pub(super) fn status(&self, question: StatusQuery) -> StatusDraft {
        StatusDraft {
            status: self.short_status(),
            entries: question.part(&self.view.log),
            pool: shown_pool(self.view.pool.values()),
        }
    }

    fn short_status(&self) -> Status {
        let NodeName { id, name } = self.name_of(NodeId(0));
        let set = self.view.quorum_set.as_ref();
        let slots = self.view.slots.iter().map(|(slot, state)| SlotView {
            slot: slot.0,
            phase: phase_name(phase_of(state)).to_owned(),
            round: state.round,
            ballot: state.b.as_ref().map_or(0, |ballot| ballot.n),
        });
        let trusted = self.view.trusted.iter();
        Status {
            id,
            name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network: self.config.network.clone(),
            http: self.config.advertise.unwrap_or(self.config.http),
            readiness: readiness_name(self.view.readiness).to_owned(),
            is_beacon: self.config.is_beacon,
            uptime_ms: self.clock.now().0 / 1000,
            slot: self.log_hash.index() + 1,
            slots: slots.collect(),
            log: LogView {
                index: self.log_hash.index(),
                hash: self.log_hash.hex(),
                entries: Vec::new(),
            },
            trust_set: trusted.map(|&node| self.name_of(node)).collect(),
            quorum_set: set.map(|(_, set)| WireQuorumSet::new(set, &self.directory)),
            pool_size: self.view.pool.len() as u64,
            pool: Vec::new(),
            backup_log: self.backup_log(),
            nodes: self.others(),
            counters: self.counters.all(),
            all: None,
        }
    }

    fn backup_log(&self) -> Vec<BackupView> {
        let lines = self.view.backup_log.iter();
        lines
            .map(|(id, line)| {
                let received = self.received_bytes.get(&line.file.sha256);
                let is_here = self.files.find(&line.file.sha256).is_some();
                BackupView {
                    file: (&line.file).into(),
                    origin: id.origin,
                    nth: id.nth,
                    slot: self.agreed.get(id).map(|slot| slot.0),
                    answer: line.answer,
                    is_here,
                    from: line.backed_up.map(|(_, from)| self.name_of(from)),
                    received_bytes: received.copied().filter(|_| !is_here),
                }
            })
            .collect()
    }

    fn others(&self) -> Vec<PeerView> {
        let unknown = PeerState::default();
        let fixed: BTreeSet<NodeId> = match self.config.trust {
            Some(_) => self.view.trusted.iter().copied().collect(),
            None => BTreeSet::new(),
        };
        let mut nodes: BTreeSet<NodeId> = self.view.known.keys().copied().collect();
        nodes.extend(fixed.iter().filter(|node| **node != NodeId(0)));
        nodes
            .into_iter()
            .map(|node| {
                let NodeName { id, name } = self.name_of(node);
                let contact = self.contacts.get(&node).unwrap_or(&unknown);
                PeerView {
                    id,
                    name,
                    http: self.directory.http(node),
                    is_trusted: self.view.trusted.contains(&node),
                    why: match fixed.contains(&node) {
                        true => "named in the quorum set".to_owned(),
                        false => contact.why.clone(),
                    },
                    is_reachable: contact.is_reachable,
                    heard_ms_ago: contact
                        .heard_at
                        .map(|at| self.clock.now().since(at).0 / 1000),
                    log: contact.log.clone(),
                }
            })
            .collect()
    }

    pub(super) fn peers(&self) -> PeersView {
        let NodeName { id, name } = self.name_of(NodeId(0));
        PeersView {
            id,
            name,
            policy: match self.config.trust {
                Some(_) => "fixed".to_owned(),
                None => "found".to_owned(),
            },
            peers: self.others(),
            log: self.log_head(),
            signed: None,
        }
    }

    /// The figures in the text format of Prometheus.
    pub(super) fn metrics(&self) -> String {
        let mut text = String::new();
        let mut gauge = |name: &str, help: &str, value: u64| {
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP quorumscope_{name} {help}\n# TYPE quorumscope_{name} gauge\nquorumscope_{name} {value}"
            );
        };
        let reachable = self.contacts.values();
        let reachable = reachable.filter(|contact| contact.is_reachable == Some(true));
        gauge("log_index", "Last recorded slot.", self.log_hash.index());
        gauge(
            "pool",
            "Proposals that wait for their decision.",
            self.view.pool.len() as u64,
        );
        gauge(
            "known_nodes",
            "Nodes known, this one included.",
            self.view.known.len() as u64 + 1,
        );
        gauge(
            "trusted_nodes",
            "Nodes trusted, this one included.",
            self.view.trusted.len() as u64,
        );
        gauge(
            "reachable_nodes",
            "Other nodes that answered last time.",
            reachable.count() as u64,
        );
        gauge(
            "ready",
            "1 if the node votes.",
            u64::from(self.view.readiness == Readiness::Ready),
        );
        gauge(
            "storage_trouble",
            "1 if nothing can be stored.",
            u64::from(self.storage_error.is_some()),
        );
        gauge(
            "uptime_seconds",
            "Time since the start.",
            self.clock.now().0 / 1_000_000,
        );
        for (name, count) in self.counters.all() {
            let (name, help) = (format!("{name}_total"), name.replace('_', " "));
            let _ = writeln!(
                text,
                "# HELP quorumscope_{name} How often since the start: {help}.\n# TYPE quorumscope_{name} counter\nquorumscope_{name} {count}"
            );
        }
        text
    }

    /// Somebody wants to follow: gets the state as records, then every record.
    pub(super) fn follow(&mut self, reply: ReplySender<Subscription>) {
        let at = self.clock.now();
        let following = self.recorder.follow(at, &self.directory);
        drop(reply.send(following));
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Nominate => "nominate",
        Phase::Accept => "accept",
        Phase::Confirm => "confirm",
        Phase::Externalized => "externalized",
    }
}

fn readiness_name(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Discovering => "discovering",
        Readiness::CatchingUp => "catching_up",
        Readiness::Ready => "ready",
        Readiness::Left => "left",
    }
}
