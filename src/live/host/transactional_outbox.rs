//! Transactional outbox: effects leave the host only after the store has committed the changes on which they depend.
//!
//! A node promises durability: a statement that it has sent, a proposal that it has acknowledged and a decision that it
//! has reported must survive a crash. [`Outbox`] owns both sides of that promise, the batch and the effects. The types
//! enforce the order: the effect runner accepts only [`CommittedEffects`], which only a successful [`Outbox::commit`]
//! makes.

use super::counters::MetricCounters;
use crate::lists;
use crate::live::command::{ReplySender, Subscription};
use crate::live::node_directory::Unstored;
use crate::live::store::{Store, StoreError, WriteBatch};
use crate::live::wire::MessageName;
use crate::node::{
    Announcement, Body, FileInfo, Message, NodeKey, Proposal, Recipient, StateChange,
};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::net::SocketAddr;
use std::sync::Arc;

/// Time between a failed commit and the next attempt.
const COMMIT_RETRY: Span = Span::from_ms(500);

/// A store that makes batches durable. A running host needs nothing else from a store.
pub(in crate::live) trait DurableStore: Send {
    /// Makes all of a batch durable before it returns. A batch may be committed again after an error.
    ///
    /// # Errors
    /// If the store cannot be written. It then contains all of the batch or none of it.
    fn commit(&mut self, batch: &WriteBatch) -> Result<(), StoreError>;
}

impl DurableStore for Store {
    fn commit(&mut self, batch: &WriteBatch) -> Result<(), StoreError> {
        Store::commit(self, batch)
    }
}

/// An effect outside the host.
pub(super) enum HostEffect {
    /// Sends a message.
    Send(Recipient, Arc<Message>),
    /// Broadcasts an announcement.
    Announce(Arc<Announcement>),
    /// Fetches a file from one of these nodes, the preferred one first.
    Fetch(FileInfo, Vec<NodeId>),
    /// Asks the origin of a proposed file whether it can be read there.
    CheckFile(Arc<Proposal>),
    /// Checks whether the node with this key answers at its announced address.
    ProveAddress(NodeKey, SocketAddr),
    /// Offers the messages of other nodes to all known nodes.
    Offer(Vec<MessageName>),
    /// Closes the connection to a node that has left.
    Disconnect(NodeId),
    /// Begins a stream of records.
    Subscribe(ReplySender<Subscription>),
    /// Replies to a caller.
    Reply(Box<dyn FnOnce() + Send>),
}

/// Effects whose batch is durable. Only [`Outbox::commit`] makes them.
pub(super) struct CommittedEffects(Vec<HostEffect>);

impl CommittedEffects {
    /// The effects, in the order in which they were queued.
    pub(super) fn into_effects(self) -> Vec<HostEffect> {
        self.0
    }
}

/// Why the store cannot be written, and when it is tried again.
struct Blockage {
    error: String,
    retry_at: Time,
}

/// The batch that is not stored yet, and the effects that wait for it.
pub(super) struct Outbox {
    store: Box<dyn DurableStore>,
    batch: WriteBatch,
    effects: Vec<HostEffect>,
    blockage: Option<Blockage>,
}

impl Outbox {
    /// An empty outbox in front of `store`.
    #[must_use]
    pub(super) fn new(store: Box<dyn DurableStore>) -> Outbox {
        Outbox {
            store,
            batch: WriteBatch::default(),
            effects: Vec::new(),
            blockage: None,
        }
    }

    /// Adds changes of the node's state to the batch.
    pub(super) fn persist(&mut self, changes: &[StateChange]) {
        self.batch.changes.extend_from_slice(changes);
    }

    /// Adds a new epoch to the batch. The node announces it only after the commit.
    pub(super) fn persist_epoch(&mut self, epoch: u64) {
        self.batch.epoch = Some(epoch);
    }

    /// Adds node numbers and announcements to the batch. Stored statements refer to nodes by these numbers.
    pub(super) fn persist_directory(&mut self, unstored: Unstored) {
        self.batch.numbers.extend(unstored.numbers);
        for (id, signed) in unstored.announcements {
            // An announcement contains only strings and numbers, so serialization cannot fail.
            let bytes = serde_json::to_vec(&signed).unwrap_or_default();
            self.batch.announcements.push((id, bytes));
        }
    }

    /// Queues an effect until the next successful commit.
    pub(super) fn queue(&mut self, effect: HostEffect) {
        self.effects.push(effect);
    }

    /// Replies after the next successful commit, however long that takes.
    pub(super) fn reply_after_commit<T: Send + 'static>(
        &mut self,
        reply: ReplySender<T>,
        value: T,
    ) {
        // A caller that has stopped waiting has dropped the other end.
        self.queue(HostEffect::Reply(Box::new(move || drop(reply.send(value)))));
    }

    /// Replies after the commit of this turn. While the store fails, it replies immediately, because the call has then
    /// changed nothing.
    pub(super) fn reply<T: Send + 'static>(&mut self, reply: ReplySender<T>, value: T) {
        match self.is_blocked() {
            true => drop(reply.send(value)),
            false => self.reply_after_commit(reply, value),
        }
    }

    /// Removes the node's queued answer to the peers query of `asker`, so that it can be put into the HTTP response.
    pub(super) fn take_peers_answer(&mut self, asker: NodeId) -> Option<Arc<Message>> {
        let at = self.effects.iter().rposition(|effect| {
            matches!(effect, HostEffect::Send(Recipient::Node(node), message)
                if *node == asker && matches!(message.body, Body::Peers(_)))
        })?;
        match lists::remove(&mut self.effects, at)? {
            HostEffect::Send(_, message) => Some(message),
            _ => None,
        }
    }

    /// Number of queued effects, for tests.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.effects.len()
    }

    /// Whether the last commit failed.
    #[must_use]
    pub(super) fn is_blocked(&self) -> bool {
        self.blockage.is_some()
    }

    /// Why the last commit failed.
    #[must_use]
    pub(super) fn storage_error(&self) -> Option<&str> {
        self.blockage
            .as_ref()
            .map(|blockage| blockage.error.as_str())
    }

    /// When a failed commit is retried.
    #[must_use]
    pub(super) fn retry_at(&self) -> Option<Time> {
        self.blockage.as_ref().map(|blockage| blockage.retry_at)
    }

    /// Commits the batch and releases the effects. `None` if the store fails, or has failed less than half a second
    /// ago: batch and effects then stay queued.
    pub(super) fn commit(
        &mut self,
        now: Time,
        counters: &mut MetricCounters,
    ) -> Option<CommittedEffects> {
        if self.retry_at().is_some_and(|retry_at| now < retry_at) {
            return None;
        }
        if !self.batch.is_empty() {
            if let Err(error) = self.store.commit(&self.batch) {
                self.block(&error, now);
                return None;
            }
            self.batch = WriteBatch::default();
            counters.count("transactions");
        }
        if self.blockage.take().is_some() {
            tracing::info!("storing works again");
        }
        Some(CommittedEffects(std::mem::take(&mut self.effects)))
    }

    fn block(&mut self, error: &StoreError, now: Time) {
        if self.blockage.is_none() {
            tracing::error!(%error, "the node sends nothing until the store works again");
        }
        self.blockage = Some(Blockage {
            error: error.to_string(),
            retry_at: now + COMMIT_RETRY,
        });
    }
}
