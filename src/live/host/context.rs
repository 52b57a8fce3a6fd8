//! `HostContext`: the node, and the parts of a host that its steps change.
//!
//! Each handler of commands has state of its own, and gets the context to run steps.

use super::counters::MetricCounters;
use super::decision_waiters::DecisionWaiters;
use super::fetches::Fetches;
use super::peer_table::{DeliveryContext, PeerTable};
use super::recovery::Recovery;
use super::runtime::NodeRuntime;
use super::transactional_outbox::{HostEffect, Outbox};
use crate::live::clock::Clock;
use crate::live::command::{OutboundMessage, ProposalOutcome, ReplySender, SendOutcome};
use crate::live::config::LiveConfig;
use crate::live::node_directory::NodeDirectory;
use crate::live::peer_client::PeerContext;
use crate::live::recorder::Recorder;
use crate::live::wire::{Receipt, Receipts};
use crate::node::{Input, NodeEvent, NodeKey, Output, ProposalId};
use crate::scp::{NodeId, SlotIndex};
use std::net::SocketAddr;
use std::sync::Arc;

/// See the documentation of the module.
pub(super) struct HostContext {
    /// The settings of the process.
    pub(super) config: Arc<LiveConfig>,
    /// Monotonic time since the start, and the system clock.
    pub(super) clock: Clock,
    /// Identity, network name and message cache.
    pub(super) peer_context: Arc<PeerContext>,
    /// The node, its timers, its view and the hash of its log.
    pub(super) runtime: NodeRuntime,
    /// Node numbers and announcements.
    pub(super) directory: NodeDirectory,
    /// The batch that is not stored yet, and the effects that wait for it.
    pub(super) outbox: Outbox,
    /// The trace file and the subscribers of `GET /events`.
    pub(super) recorder: Recorder,
    /// Whether other nodes answer, and their logs.
    pub(super) peers: PeerTable,
    /// Restarts, rollbacks, and other processes with the same key.
    pub(super) recovery: Recovery,
    /// Callers that wait for decisions.
    pub(super) waiters: DecisionWaiters,
    /// Fetches that are under way.
    pub(super) fetches: Fetches,
    /// Counters of `GET /metrics`.
    pub(super) counters: MetricCounters,
}

impl HostContext {
    /// The key of this node.
    #[must_use]
    pub(super) fn own_key(&self) -> NodeKey {
        self.peer_context.identity.key()
    }

    /// The address at which other nodes reach this one.
    #[must_use]
    pub(super) fn own_address(&self) -> SocketAddr {
        self.config.advertise.unwrap_or(self.config.http)
    }

    /// Runs a step of the node. Its state changes go into the batch; its effects wait for the commit.
    pub(super) fn step(&mut self, input: Input) -> Arc<[Output]> {
        let at = self.clock.now();
        self.recorder.new_nodes(at, &self.directory);
        let outputs = self.runtime.step(at, input.clone());
        self.counters.count("steps");
        for output in outputs.iter() {
            self.carry_out(output);
        }
        self.recorder.stepped(at, input, &outputs);
        outputs
    }

    fn carry_out(&mut self, output: &Output) {
        let effect = match output {
            Output::Persist(changes) => return self.outbox.persist(changes),
            Output::Event(event) => return self.handle_event(event),
            Output::Send { to, message } => HostEffect::Send(*to, Arc::clone(message)),
            Output::Announce(announcement) => HostEffect::Announce(Arc::clone(announcement)),
            Output::Fetch { file, holders } => HostEffect::Fetch(file.clone(), holders.clone()),
            // The runtime has set the timers. Nodes as processes relay through offers, not by `Relay`.
            Output::SetTimer(..) | Output::CancelTimer(_) | Output::Relay { .. } => return,
        };
        self.outbox.queue(effect);
    }

    /// Handles an event of the node: counts it, logs it and informs waiting callers.
    fn handle_event(&mut self, event: &NodeEvent) {
        self.counters.node_event(event);
        match event {
            NodeEvent::Recorded {
                slot, proposals, ..
            } => {
                tracing::info!(slot = slot.0, proposals = proposals.len(), "decided");
                for proposal in proposals {
                    self.decided(proposal.id, *slot);
                }
            }
            NodeEvent::ProposalExpired { id, .. } => {
                let waiting = self.waiters.expired(*id);
                self.report_outcome(waiting, &ProposalOutcome::Expired);
            }
            NodeEvent::Discovered { peer, via } => {
                self.peers.discovered(peer, *via, &self.directory);
            }
            NodeEvent::PeerLeft { node } => {
                tracing::info!(name = %self.directory.name(*node), "left");
                self.outbox.queue(HostEffect::Disconnect(*node));
            }
            NodeEvent::QuorumSetOverridden { .. } => self.counters.count("quorum_sets_overridden"),
            NodeEvent::RolledBack { .. } => {
                self.counters.count("rollbacks");
                self.recovery.rolled_back();
            }
            NodeEvent::Ready { .. } => self.recovery.ready(),
            NodeEvent::BackedUp { file, .. } => self.fetches.stored(&file.sha256),
            _ => {}
        }
        self.log_event(event);
    }

    fn log_event(&self, event: &NodeEvent) {
        match event {
            NodeEvent::QuorumSetOverridden { slot } => tracing::warn!(
                slot = slot.0,
                "OVERRIDE: an operator replaced the quorum set within the running slot. Statements that were made under the old set count under the new one: if other nodes do not change their sets alike, they can decide differently"
            ),
            NodeEvent::StandingChanged { node, standing } => {
                tracing::info!(name = %self.directory.name(*node), ?standing, "standing");
            }
            NodeEvent::RolledBack { messages } => tracing::error!(
                messages,
                "ROLLBACK: other nodes remember messages of this node that its data folder does not: the folder is an older copy. The node stops voting until it has caught up"
            ),
            NodeEvent::Ready { known } => tracing::info!(known, "ready to vote"),
            NodeEvent::BackedUp { file, .. } => {
                tracing::info!(name = %file.name, sha256 = %file.sha256, "backed up");
            }
            NodeEvent::BackupFailed { file, why } => {
                tracing::warn!(name = %file.name, ?why, "could not fetch the file; it is retried later");
            }
            _ => {}
        }
    }

    /// Records how the delivery of messages to a node ended.
    pub(super) fn report_delivery(
        &mut self,
        node: NodeId,
        messages: &[OutboundMessage],
        outcome: SendOutcome,
    ) {
        let mut context = DeliveryContext {
            now: self.clock.now(),
            own_log: self.runtime.log_hash(),
            name: self.directory.name(node),
            recorder: &mut self.recorder,
            counters: &mut self.counters,
        };
        self.peers.delivered(node, messages, outcome, &mut context);
    }

    /// Replies to the sender of messages, with the head of the log.
    pub(super) fn reply_receipts(&mut self, results: Vec<Receipt>, reply: ReplySender<Receipts>) {
        // While the store fails, the reply is sent at once, so it must not report a decision that is not durable.
        let log = match self.outbox.is_blocked() {
            true => self.runtime.durable_head(),
            false => self.runtime.log_head(),
        };
        let log = Some(log);
        self.outbox.reply(reply, Receipts { results, log });
    }

    fn decided(&mut self, id: ProposalId, slot: SlotIndex) {
        let waiting = self.waiters.decided(id, slot);
        self.report_outcome(waiting, &ProposalOutcome::Decided(slot));
    }

    fn report_outcome(
        &mut self,
        waiting: Vec<ReplySender<ProposalOutcome>>,
        outcome: &ProposalOutcome,
    ) {
        for reply in waiting {
            self.outbox.reply_after_commit(reply, outcome.clone());
        }
    }
}
