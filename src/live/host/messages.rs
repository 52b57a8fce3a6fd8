//! `Messages`: handles messages of other nodes, direct and relayed, from their admission to the receipt.

use super::admission::{check_message, needs_file_check, receipt_of};
use super::announcements::Announcements;
use super::context::HostContext;
use super::file_checks::FileChecks;
use super::key_budget::KeyBudget;
use super::latest_messages::LatestMessages;
use super::transactional_outbox::HostEffect;
use crate::live::wire::{Receipt, ReceiptCode, Signed, VerifiedBundle, VerifiedMessage, WireBody};
use crate::node::{Input, NodeKey, Proposal};
use std::sync::Arc;

/// See the documentation of the module.
#[derive(Default)]
pub(super) struct Messages {
    key_budget: KeyBudget,
    latest: LatestMessages,
    file_checks: FileChecks,
}

impl Messages {
    /// Receives a message from its author, directly or relayed.
    pub(super) fn receive(
        &mut self,
        cx: &mut HostContext,
        announcements: &mut Announcements,
        message: &VerifiedMessage,
    ) -> Receipt {
        let receipt = self.admit(cx, announcements, message);
        cx.counters.receipt(receipt.verdict);
        receipt
    }

    /// Receives relayed messages. The relaying node does not certify them: each counts as sent by its author.
    pub(super) fn receive_bundle(
        &mut self,
        cx: &mut HostContext,
        announcements: &mut Announcements,
        bundle: &VerifiedBundle,
    ) -> Vec<Receipt> {
        let is_known = cx.directory.find(bundle.from).is_some();
        let messages = bundle.messages.iter();
        messages
            .map(|message| match is_known {
                true => self.receive(cx, announcements, message),
                false => Receipt::refused(
                    ReceiptCode::Outsider,
                    "the relaying node has not announced itself",
                ),
            })
            .collect()
    }

    /// Handles the answer of a file's origin: delivers or drops the messages that waited for it.
    pub(super) fn file_checked(
        &mut self,
        cx: &mut HostContext,
        announcements: &mut Announcements,
        proposal: &Proposal,
        result: Result<(), String>,
    ) {
        let waiting = self.file_checks.take(proposal.id);
        if cx.outbox.is_blocked() {
            // The sender sends the proposal again.
            return;
        }
        match result {
            Ok(()) => {
                for message in waiting {
                    let receipt = self.deliver(cx, announcements, &message);
                    cx.counters.receipt(receipt.verdict);
                }
            }
            Err(why) => {
                cx.counters.count("files_not_readable_at_origin");
                tracing::warn!(%why, proposal = ?proposal.id, "not certified");
            }
        }
    }

    /// A check of a file could not be queued. The proposal is checked again when its sender sends it again.
    pub(super) fn file_check_dropped(&mut self, proposal: &Proposal) {
        drop(self.file_checks.take(proposal.id));
    }

    /// The newest messages of a node.
    #[must_use]
    pub(super) fn latest_of(&self, sender: NodeKey) -> Vec<Signed> {
        self.latest.of(sender)
    }

    /// Number of proposals whose files are checked, for tests.
    #[cfg(test)]
    pub(super) fn file_checks(&self) -> usize {
        self.file_checks.len()
    }

    fn admit(
        &mut self,
        cx: &mut HostContext,
        announcements: &mut Announcements,
        message: &VerifiedMessage,
    ) -> Receipt {
        if let Some(error) = cx.outbox.storage_error() {
            return Receipt::refused(ReceiptCode::Busy, format!("the store fails: {error}"));
        }
        let limits = &cx.config.limits;
        if let Err(refusal) = check_message(message, &cx.peer_context, &cx.directory, limits) {
            return refusal;
        }
        if let WireBody::Proposal { proposal } = &message.message.body
            && needs_file_check(proposal, cx.own_key(), cx.runtime.view(), &cx.waiters)
        {
            return self.check_file(cx, message, proposal);
        }
        self.deliver(cx, announcements, message)
    }

    /// Passes an admitted message to the node.
    fn deliver(
        &mut self,
        cx: &mut HostContext,
        announcements: &mut Announcements,
        verified: &VerifiedMessage,
    ) -> Receipt {
        announcements.receive_list(cx, verified);
        if !self.has_key_budget(cx, verified) {
            let why = "its quorum set names too many unknown nodes";
            return Receipt::refused(ReceiptCode::Outsider, why);
        }
        let message = match verified.to_local(&mut cx.directory) {
            Ok(message) => Arc::new(message),
            Err(error) => return Receipt::from(&error),
        };
        let from = message.id.sender;
        self.latest.note(verified);
        cx.peers.received(from, cx.clock.now());
        // The index is read before the step, because the message itself may decide its slot.
        let log_index = cx.runtime.log_index();
        let outputs = cx.step(Input::Receive {
            from,
            message: Arc::clone(&message),
        });
        receipt_of(&outputs, &message, log_index)
    }

    /// Whether the sender of a statement may name the nodes of its quorum set.
    fn has_key_budget(&mut self, cx: &HostContext, message: &VerifiedMessage) -> bool {
        let WireBody::Statement(statement) = &message.message.body else {
            return true;
        };
        let Some(sender) = cx.directory.find(message.message.sender) else {
            return false;
        };
        let is_trusted = cx.runtime.view().trusted.contains(&sender);
        let set = &statement.quorum_set;
        self.key_budget.take(sender, is_trusted, set, &cx.directory)
    }

    /// Defers a proposed file until its origin has confirmed that the file can be read there.
    fn check_file(
        &mut self,
        cx: &mut HostContext,
        message: &VerifiedMessage,
        proposal: &Proposal,
    ) -> Receipt {
        let origin = cx.directory.find(proposal.id.origin);
        if origin
            .and_then(|origin| cx.directory.http(origin))
            .is_none()
        {
            let why = "the address of its origin, where the file would be checked, is unknown";
            return Receipt::refused(ReceiptCode::Outsider, why);
        }
        match self.file_checks.defer(proposal.id, message) {
            Err(refusal) => return refusal,
            Ok(is_first) if is_first => cx
                .outbox
                .queue(HostEffect::CheckFile(Arc::new(proposal.clone()))),
            Ok(_) => {}
        }
        Receipt::accepted()
    }
}
