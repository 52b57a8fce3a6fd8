//! Peer table: whether other nodes answer, when something last arrived from them, and the heads of their logs.

use super::counters::MetricCounters;
use crate::live::command::{OutboundMessage, SendOutcome};
use crate::live::log_hash::LogHash;
use crate::live::node_directory::NodeDirectory;
use crate::live::recorder::Recorder;
use crate::live::wire::LogHead;
use crate::node::Peer;
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::collections::BTreeMap;

/// The reachability and the log of another node, as far as known.
#[derive(Clone, Debug, Default)]
pub(super) struct PeerState {
    /// How it became known.
    pub(super) why: String,
    /// Whether it answered the last call; `None` before the first one.
    pub(super) is_reachable: Option<bool>,
    /// When an announcement, a message or an answer last arrived from it.
    pub(super) received_at: Option<Time>,
    /// Head of its log, as it last reported it.
    pub(super) log: Option<LogHead>,
    /// Why it refused the last call.
    refusal: Option<String>,
    /// Length of its log when it last differed from the own log; `None` if it agrees as far as known.
    other_log: Option<u64>,
}

/// The state that the outcome of a delivery is compared with and written to.
pub(super) struct DeliveryContext<'a> {
    /// When the outcome is known.
    pub(super) now: Time,
    /// The own log.
    pub(super) own_log: &'a LogHash,
    /// Name of the other node, for log messages.
    pub(super) name: String,
    /// Records arrivals and losses.
    pub(super) recorder: &'a mut Recorder,
    /// Counts arrivals and losses.
    pub(super) counters: &'a mut MetricCounters,
}

/// The state of every node from which something has arrived or which has been called.
#[derive(Debug, Default)]
pub(super) struct PeerTable {
    peers: BTreeMap<NodeId, PeerState>,
}

impl PeerTable {
    /// The state of a node; `None` if nothing has arrived from it and it has not been called.
    #[must_use]
    pub(super) fn get(&self, node: NodeId) -> Option<&PeerState> {
        self.peers.get(&node)
    }

    /// The nodes whose logs differ from the own log, with the lengths of their logs.
    pub(super) fn forks(&self) -> impl Iterator<Item = (NodeId, u64)> {
        let peers = self.peers.iter();
        peers.filter_map(|(node, peer)| Some((*node, peer.other_log?)))
    }

    /// Number of nodes in the table, for tests.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    /// Number of nodes that answered the last call to them.
    #[must_use]
    pub(super) fn reachable_count(&self) -> usize {
        let reachable = |peer: &&PeerState| peer.is_reachable == Some(true);
        self.peers.values().filter(reachable).count()
    }

    /// The one of `nodes` from which nothing has arrived for the longest time, if that is longer than `silence`.
    #[must_use]
    pub(super) fn longest_silent(
        &self,
        nodes: &[NodeId],
        now: Time,
        silence: Span,
    ) -> Option<NodeId> {
        let received = |node: NodeId| self.get(node).and_then(|peer| peer.received_at);
        let oldest = nodes.iter().min_by_key(|node| received(**node))?;
        let is_silent = received(*oldest).is_none_or(|at| now.since(at) > silence);
        is_silent.then_some(*oldest)
    }

    /// Records that something has arrived from a node.
    pub(super) fn received(&mut self, node: NodeId, now: Time) {
        self.peers.entry(node).or_default().received_at = Some(now);
    }

    /// Records that the node has discovered a peer through `via`.
    pub(super) fn discovered(&mut self, peer: &Peer, via: NodeId, directory: &NodeDirectory) {
        let why = match (via, peer.id) {
            (NodeId(0), _) => "named in the quorum set".to_owned(),
            (via, id) if via == id => "received its announcement".to_owned(),
            (via, _) => format!("reported by {}", directory.name(via)),
        };
        tracing::info!(name = %peer.name, id = %peer.key, %why, "found");
        self.peers.entry(peer.id).or_default().why = why;
    }

    /// Records the end of a delivery of messages to a node. Logs what has changed since the last delivery.
    pub(super) fn delivered(
        &mut self,
        node: NodeId,
        messages: &[OutboundMessage],
        outcome: SendOutcome,
        context: &mut DeliveryContext<'_>,
    ) {
        let peer = self.peers.entry(node).or_default();
        match outcome {
            SendOutcome::Arrived(log) => {
                peer.answered(context.now, &context.name);
                peer.refusal = None;
                if let Some(log) = log {
                    peer.compare_log(&log, context);
                    peer.log = Some(LogHead {
                        common: None,
                        ..log
                    });
                }
                context.counters.add("messages_sent", messages.len() as u64);
                for message in messages {
                    context.recorder.sent(message, context.now);
                }
                return;
            }
            SendOutcome::Refused(why) => {
                if peer.refusal.as_ref() != Some(&why) {
                    tracing::warn!(name = %context.name, %why, "refuses calls");
                }
                peer.is_reachable = Some(true);
                peer.received_at = Some(context.now);
                peer.refusal = Some(why);
                context.counters.count("calls_refused");
            }
            SendOutcome::Lost(why) => {
                if peer.is_reachable != Some(false) {
                    tracing::warn!(name = %context.name, %why, "does not answer");
                }
                peer.is_reachable = Some(false);
            }
        }
        context.counters.add("messages_lost", messages.len() as u64);
        for message in messages {
            context.recorder.lost(message, context.now);
        }
    }
}

impl PeerState {
    fn answered(&mut self, now: Time, name: &str) {
        if self.is_reachable == Some(false) {
            tracing::info!(%name, "answers again");
        }
        self.is_reachable = Some(true);
        self.received_at = Some(now);
    }

    /// Detects a fork: a log that differs from the own one as far as both go. The log of a node that lies, or that was
    /// repaired, can agree again later.
    fn compare_log(&mut self, log: &LogHead, context: &mut DeliveryContext<'_>) {
        let before = self.other_log;
        match context.own_log.agrees_with(log) {
            None => return,
            Some(true) => self.other_log = None,
            Some(false) => self.other_log = Some(log.index),
        }
        let (name, index) = (&context.name, log.index);
        match (before.is_some(), self.other_log.is_some()) {
            (false, true) => {
                context.counters.count("logs_that_differ");
                tracing::error!(%name, index, "its log differs: the network has forked");
            }
            (true, false) => {
                tracing::warn!(%name, index, "its log agrees again with the log of this node");
            }
            _ => {}
        }
    }
}
