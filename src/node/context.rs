//! `Context`: the time, identity, settings and outbox of a node, for all its parts during a step.

use super::config::{NodeConfig, NodeSettings};
use super::event::{MessageRefusal, NodeEvent};
use super::key::NodeKey;
use super::outbox::Outbox;
use crate::scp::NodeId;
use crate::time::Time;
use std::sync::Arc;

/// The lifecycle of a node, in order. A node enters no stage twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// Created and not started.
    New,
    /// Looking for peers; statements are stored.
    Discovering,
    /// Asking peers for past decisions before it votes; statements are stored.
    CatchingUp,
    /// Takes part in consensus.
    Ready,
    /// Has announced that it leaves. All inputs are ignored.
    Left,
}

/// The parameter that [`Node::step`](super::Node::step) passes to the parts of the node.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// The time of the current step.
    pub(super) now: Time,
    pub(super) lifecycle: Lifecycle,
    /// Collects the outputs of the current step.
    pub(super) out: Outbox,
    config: Arc<NodeConfig>,
    key: NodeKey,
}

impl Context {
    pub(super) fn new(config: Arc<NodeConfig>) -> Context {
        Context {
            now: Time::ZERO,
            lifecycle: Lifecycle::New,
            out: Outbox::new(config.peer.id),
            key: NodeKey::of(&config.peer.key),
            config,
        }
    }

    /// The node's own id.
    pub(super) fn me(&self) -> NodeId {
        self.config.peer.id
    }

    /// The node's own public key.
    pub(super) fn key(&self) -> NodeKey {
        self.key
    }

    pub(super) fn config(&self) -> &Arc<NodeConfig> {
        &self.config
    }

    pub(super) fn settings(&self) -> &NodeSettings {
        &self.config.settings
    }

    /// Reports a message that was refused; `from` is its sender.
    pub(super) fn refuse(&mut self, from: NodeId, why: MessageRefusal) {
        self.out.event(NodeEvent::Refused { from, why });
    }
}
