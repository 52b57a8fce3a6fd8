//! Answers to queries of clients: `GET /status`, `GET /peers`, `GET /metrics`.

use super::counters::MetricCounters;
use super::decision_waiters::DecisionWaiters;
use super::fetches::Fetches;
use super::peer_table::{PeerState, PeerTable};
use super::recovery::Recovery;
use super::runtime::NodeRuntime;
use crate::live::config::LiveConfig;
use crate::live::file_store::HeldFiles;
use crate::live::inbound_counters::InboundCounters;
use crate::live::node_directory::NodeDirectory;
use crate::live::status::{
    BackupView, ForkView, LogView, NodeName, PeerView, PeersView, SlotView, Status, StatusDraft,
    StatusQuery, shown_pool,
};
use crate::live::wire::{LogHead, WireQuorumSet};
use crate::node::view::{Phase, Readiness, phase_of};
use crate::scp::NodeId;
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Why a node named in a fixed quorum set is known.
const FIXED: &str = "named in the quorum set";

/// A read-only view of the host.
pub(super) struct HostView<'a> {
    /// Name, network, addresses and trust of the node.
    pub(super) config: &'a LiveConfig,
    /// The present time.
    pub(super) now: Time,
    /// Names, keys and addresses.
    pub(super) directory: &'a NodeDirectory,
    /// The node.
    pub(super) runtime: &'a NodeRuntime,
    /// The reachability of other nodes.
    pub(super) peers: &'a PeerTable,
    /// Number of nodes that have not proved their addresses.
    pub(super) candidates: usize,
    /// Slots of decided proposals.
    pub(super) waiters: &'a DecisionWaiters,
    /// Progress of fetches.
    pub(super) fetches: &'a Fetches,
    /// Files that are stored.
    pub(super) files: &'a dyn HeldFiles,
    /// Counters.
    pub(super) counters: &'a MetricCounters,
    /// Counters of refusals before the host.
    pub(super) inbound_counters: &'a InboundCounters,
    /// Restarts, rollbacks, and other processes with the same key.
    pub(super) recovery: &'a Recovery,
    /// Why the store fails.
    pub(super) storage_error: Option<&'a str>,
}

impl HostView<'_> {
    /// The status. Its long parts are the node's own objects, which another thread serializes.
    #[must_use]
    pub(super) fn status(&self, query: StatusQuery) -> StatusDraft {
        let view = self.runtime.view();
        StatusDraft {
            status: self.short_status(),
            entries: query.part(&view.log),
            pool: shown_pool(view.pool.values()),
        }
    }

    /// Head of the log. While the store fails, replies do not wait for a commit, so only what is durable counts.
    fn log_head(&self) -> LogHead {
        match self.storage_error {
            Some(_) => self.runtime.durable_head(),
            None => self.runtime.log_head(),
        }
    }

    fn short_status(&self) -> Status {
        let view = self.runtime.view();
        let NodeName { id, name } = self.name_of(NodeId(0));
        let head = self.log_head();
        let set = view.quorum_set.as_ref();
        let slots = view.slots.iter().map(|(slot, state)| SlotView {
            slot: slot.0,
            phase: phase_name(phase_of(state)).to_owned(),
            round: state.round,
            ballot: state.b.as_ref().map_or(0, |ballot| ballot.n),
        });
        Status {
            id,
            name,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network: self.config.network.clone(),
            http: self.config.advertise.unwrap_or(self.config.http),
            readiness: readiness_name(view.readiness).to_owned(),
            is_beacon: self.config.is_beacon,
            uptime_ms: self.now.0 / 1000,
            slot: head.index.saturating_add(1),
            slots: slots.collect(),
            log: LogView {
                index: head.index,
                hash: head.hash,
                entries: Vec::new(),
            },
            trust_set: view
                .trusted
                .iter()
                .map(|&node| self.name_of(node))
                .collect(),
            quorum_set: set.map(|(_, set)| WireQuorumSet::new(set, self.directory)),
            pool_size: view.pool.len() as u64,
            pool: Vec::new(),
            backup_log: self.backup_log(),
            nodes: self.other_nodes(),
            forks: self.forks(),
            counters: self.all_counters(),
            all: None,
        }
    }

    fn backup_log(&self) -> Vec<BackupView> {
        let entries = self.runtime.view().backup_log.iter();
        entries
            .map(|(id, entry)| {
                let sha256 = &entry.file.sha256;
                let is_here = self.files.is_held(sha256);
                BackupView {
                    file: (&entry.file).into(),
                    origin: id.origin,
                    nth: id.nth,
                    slot: self.waiters.slot_of(*id).map(|slot| slot.0),
                    answer: entry.answer,
                    is_here,
                    from: entry.backed_up.map(|(_, from)| self.name_of(from)),
                    received_bytes: self.fetches.received_bytes(sha256).filter(|_| !is_here),
                }
            })
            .collect()
    }

    /// All known nodes, and those of a fixed quorum set.
    fn other_nodes(&self) -> Vec<PeerView> {
        let view = self.runtime.view();
        let fixed: BTreeSet<NodeId> = match self.config.trust {
            Some(_) => view.trusted.iter().copied().collect(),
            None => BTreeSet::new(),
        };
        let mut nodes: BTreeSet<NodeId> = view.known.iter().collect();
        nodes.extend(fixed.iter().filter(|node| **node != NodeId(0)));
        let unknown = PeerState::default();
        let peer_view = |node| {
            let NodeName { id, name } = self.name_of(node);
            let peer = self.peers.get(node).unwrap_or(&unknown);
            PeerView {
                id,
                name,
                http: self.directory.http(node),
                is_trusted: view.trusted.contains(&node),
                standing: view.standings.get(&node).copied(),
                why: match fixed.contains(&node) {
                    true => FIXED.to_owned(),
                    false => peer.why.clone(),
                },
                is_reachable: peer.is_reachable,
                received_ms_ago: peer.received_at.map(|at| self.now.since(at).0 / 1000),
                log: peer.log.clone(),
            }
        };
        nodes.into_iter().map(peer_view).collect()
    }

    /// The trusted-node service: known nodes, and which of them are trusted.
    #[must_use]
    pub(super) fn peers(&self) -> PeersView {
        let NodeName { id, name } = self.name_of(NodeId(0));
        PeersView {
            id,
            name,
            policy: match self.config.trust {
                Some(_) => "fixed".to_owned(),
                None => "found".to_owned(),
            },
            peers: self.other_nodes(),
            log: self.log_head(),
            signed: None,
        }
    }

    /// Gauges and counters in the text format of Prometheus.
    #[must_use]
    pub(super) fn metrics(&self) -> String {
        let view = self.runtime.view();
        let gauges = [
            ("log_index", "Last recorded slot.", self.runtime.log_index()),
            (
                "pool",
                "Proposals that wait for their decision.",
                view.pool.len() as u64,
            ),
            (
                "known_nodes",
                "Nodes known, this one included.",
                u64::from(view.known.len()) + 1,
            ),
            (
                "trusted_nodes",
                "Nodes trusted, this one included.",
                view.trusted.len() as u64,
            ),
            (
                "candidates",
                "Announced nodes that have not proved their addresses.",
                self.candidates as u64,
            ),
            (
                "reachable_nodes",
                "Other nodes that answered last time.",
                self.peers.reachable_count() as u64,
            ),
            (
                "ready",
                "1 if the node votes.",
                u64::from(view.readiness == Readiness::Ready),
            ),
            (
                "storage_failing",
                "1 if nothing can be stored.",
                u64::from(self.storage_error.is_some()),
            ),
            (
                "forked",
                "1 if the log of a trusted node differs.",
                u64::from(self.forks().iter().any(|fork| fork.is_trusted)),
            ),
            (
                "uptime_seconds",
                "Time since the start.",
                self.now.0 / 1_000_000,
            ),
        ];
        let mut text = String::new();
        for (name, help, value) in gauges {
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP quorumscope_{name} {help}\n# TYPE quorumscope_{name} gauge\nquorumscope_{name} {value}"
            );
        }
        for (name, count) in self.all_counters() {
            let (name, help) = (format!("{name}_total"), name.replace('_', " "));
            let _ = writeln!(
                text,
                "# HELP quorumscope_{name} Number since the start: {help}.\n# TYPE quorumscope_{name} counter\nquorumscope_{name} {count}"
            );
        }
        text
    }

    /// Whether the node works.
    ///
    /// # Errors
    /// The reason why it does not, as a sentence. The log of a node that is not trusted is no reason: strangers could
    /// otherwise make every node look broken.
    pub(super) fn health(&self) -> Result<(), String> {
        if let Some(error) = self.storage_error {
            return Err(format!(
                "the node sends nothing until the store works again: {error}"
            ));
        }
        match self.forks().iter().find(|fork| fork.is_trusted) {
            None => self.recovery.health(self.now),
            Some(fork) => Err(format!(
                "the network has forked: the log of {}, a node that this one trusts, differs from the log of this node; compare their logs (GET /status), and stop the nodes whose log is wrong",
                fork.name
            )),
        }
    }

    fn forks(&self) -> Vec<ForkView> {
        let trusted = &self.runtime.view().trusted;
        let fork = |(node, index)| {
            let NodeName { id, name } = self.name_of(node);
            ForkView {
                id,
                name,
                is_trusted: trusted.contains(&node),
                index,
            }
        };
        self.peers.forks().map(fork).collect()
    }

    /// The counters of the host, and those of the checks before it.
    fn all_counters(&self) -> BTreeMap<String, u64> {
        let mut all = self.counters.all();
        self.inbound_counters.add_to(&mut all);
        all
    }

    fn name_of(&self, node: NodeId) -> NodeName {
        NodeName {
            id: self.directory.key_of(node),
            name: match node {
                NodeId(0) => self.config.name.clone(),
                _ => self.directory.name(node),
            },
        }
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
