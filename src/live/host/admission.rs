//! Admission control: which announcements and messages reach the node, and the receipts for messages.
//!
//! Signatures have been verified before. The node itself makes the checks that need the protocol; [`receipt_of`] turns
//! its refusals into receipts.

use super::candidates::is_announceable;
use super::counters::counter_of_drop;
use super::decision_waiters::DecisionWaiters;
use crate::live::clock::{Age, Clock};
use crate::live::command::refusal_text;
use crate::live::config::Limits;
use crate::live::node_directory::NodeDirectory;
use crate::live::peer_client::PeerContext;
use crate::live::wire::{
    Receipt, ReceiptCode, Signed, VerifiedMessage, WireAnnouncement, WireBody,
};
use crate::node::view::NodeView;
use crate::node::{
    AnnouncementKind, Body, Content, Message, MessageRefusal, NodeEvent, NodeKey, Output, Peer,
    Proposal, ProposalRefusal,
};
use std::net::IpAddr;

/// What happens with an announcement.
pub(super) enum AnnouncementRoute {
    /// This node, which has proved the address, made it. It is stored.
    Proved(Peer),
    /// The address is not proved yet.
    Unproved,
}

/// The state on which the admission of announcements depends.
pub(super) struct AnnouncementAdmission<'a> {
    /// The node's own key.
    pub(super) own_key: NodeKey,
    /// The allowed clock skew.
    pub(super) limits: &'a Limits,
    /// Compares freshness marks with the system clock.
    pub(super) clock: &'a Clock,
    /// Known nodes; announcements add to it.
    pub(super) directory: &'a mut NodeDirectory,
}

impl AnnouncementAdmission<'_> {
    /// Checks an announcement. Those of nodes that have proved the announced address are stored.
    ///
    /// # Errors
    /// If the announcement is this node's own, stale or replayed, or names an address that no node can have. The error
    /// is the counter of the reason.
    pub(super) fn announcement(
        &mut self,
        announcement: &WireAnnouncement,
        signed: &Signed,
        source: IpAddr,
    ) -> Result<AnnouncementRoute, &'static str> {
        if announcement.key == self.own_key {
            return Err("datagrams_own");
        }
        self.check_age(announcement)?;
        if announcement.kind == AnnouncementKind::Leaving {
            // A node that leaves no longer answers, so its last address counts.
            return match self
                .directory
                .has_announced(announcement.key, announcement.http)
            {
                true => self.leave_announcement(announcement, signed),
                false => Err("datagrams_of_unknown_nodes"),
            };
        }
        let known = self.directory.find(announcement.key);
        if known.is_some_and(|node| announcement.epoch < self.directory.newest_recency(node).epoch)
        {
            // A node that was rolled back learns its higher epoch from others, and announces itself again.
            return Err("datagrams_of_other_runs");
        }
        if self.directory.has_proved(announcement) {
            return self
                .proved_announcement(announcement, signed)
                .map(AnnouncementRoute::Proved);
        }
        match is_announceable(announcement.http, source.is_loopback()) {
            true => Ok(AnnouncementRoute::Unproved),
            false => Err("datagrams_with_unusable_addresses"),
        }
    }

    /// Admits an announcement that a node leaves. It counts only for the run in which it was made: another process with
    /// the same key, or the same node after a restart, stays.
    fn leave_announcement(
        &mut self,
        announcement: &WireAnnouncement,
        signed: &Signed,
    ) -> Result<AnnouncementRoute, &'static str> {
        let known = self.directory.find(announcement.key);
        let stored = known.and_then(|node| self.directory.announcement(node));
        if stored.is_some_and(|stored| stored.epoch != announcement.epoch) {
            return Err("datagrams_of_other_runs");
        }
        let stored = self.store_announcement(announcement, signed);
        stored.map(AnnouncementRoute::Proved)
    }

    fn check_age(&self, announcement: &WireAnnouncement) -> Result<(), &'static str> {
        let skew_us = self.limits.clock_skew_ms.saturating_mul(1000);
        match self.clock.age(announcement.mark_us, skew_us) {
            Age::Fresh => Ok(()),
            // Nodes repeat the leave announcement of another node long afterwards. Its number reveals replays.
            Age::Old if announcement.kind == AnnouncementKind::Leaving => Ok(()),
            Age::Old | Age::Early => Err("datagrams_stale"),
        }
    }

    /// Stores the announcement of a node that answers at the announced address. Returns the node.
    ///
    /// # Errors
    /// If the announcement is replayed, or if the directory is full. The error is the counter of the reason.
    pub(super) fn proved_announcement(
        &mut self,
        announcement: &WireAnnouncement,
        signed: &Signed,
    ) -> Result<Peer, &'static str> {
        let peer = self.store_announcement(announcement, signed)?;
        let (key, http) = (announcement.key, announcement.http);
        match self.directory.has_announced(key, http) {
            true => self.directory.mark_proved(peer.id),
            // A more recent announcement, at another address, was stored meanwhile.
            false => return Err("datagrams_replayed"),
        }
        Ok(peer)
    }

    fn store_announcement(
        &mut self,
        announcement: &WireAnnouncement,
        signed: &Signed,
    ) -> Result<Peer, &'static str> {
        let number = self.directory.assign(announcement.key);
        let id = number.map_err(|error| counter_of_drop(&error))?;
        if !self.directory.accept(id, announcement.recency()) {
            return Err("datagrams_replayed");
        }
        let learned = self.directory.update(announcement, signed);
        learned.map_err(|error| counter_of_drop(&error))?;
        // This lookup does not fail, because the node has just been stored.
        self.directory.peer(id).ok_or("datagrams_of_too_many_nodes")
    }
}

/// Admits a message that is addressed to this node or to all nodes, comes from a known node, has not been seen before
/// and is within the limits.
///
/// # Errors
/// If the message is not admitted: the receipt that refuses it.
pub(super) fn check_message(
    verified: &VerifiedMessage,
    context: &PeerContext,
    directory: &NodeDirectory,
    limits: &Limits,
) -> Result<(), Receipt> {
    let refuse = |code, why: &str| Err(Receipt::refused(code, why));
    let (message, own_key) = (&verified.message, context.identity.key());
    if message.sender == own_key {
        return refuse(ReceiptCode::Misdirected, "this node is its sender");
    }
    if message.to.is_some_and(|to| to != own_key) {
        return refuse(ReceiptCode::Misdirected, "it is for another node");
    }
    if directory.find(message.sender).is_none() {
        // A valid signature alone does not add a node to the directory; announcements and quorum sets do.
        return refuse(ReceiptCode::Outsider, "its sender has not announced itself");
    }
    if !context.message_cache.insert(verified) {
        return refuse(ReceiptCode::Duplicate, "duplicate message");
    }
    if let WireBody::Proposal { proposal } = &message.body
        && let Content::File(file) = &proposal.content
        && file.size_bytes > limits.file_bytes
    {
        let why = format!("expected a file of at most {} bytes", limits.file_bytes);
        return refuse(ReceiptCode::Invalid, &why);
    }
    Ok(())
}

/// Whether the origin of a proposal must confirm that its file can be read there. This holds for files of other nodes
/// whose proposals are neither in the pool nor in the log of this node.
pub(super) fn needs_file_check(
    proposal: &Proposal,
    own_key: NodeKey,
    view: &NodeView,
    decisions: &DecisionWaiters,
) -> bool {
    matches!(proposal.content, Content::File(_))
        && proposal.id.origin != own_key
        && !view.pool.contains_key(&proposal.id)
        && decisions.slot_of(proposal.id).is_none()
}

/// The receipt for a message that the node has received. `log_index` is the last slot that was decided before.
pub(super) fn receipt_of(outputs: &[Output], message: &Message, log_index: u64) -> Receipt {
    if matches!(&message.body, Body::Scp { envelope, .. } if envelope.slot.0 <= log_index) {
        return Receipt::refused(ReceiptCode::WrongSlot, "that slot is decided here");
    }
    // A step may also refuse messages that were deferred. Only a refusal of this message counts.
    let refusal = outputs.iter().find_map(|output| match output {
        Output::Event(NodeEvent::Refused { from, why }) if *from == message.id.sender => {
            Some(message_refusal(why))
        }
        Output::Event(NodeEvent::ProposalRefused {
            id: Some(id), why, ..
        }) if matches!(&message.body, Body::Proposal(proposal) if proposal.id == *id) => {
            Some((proposal_code(*why), refusal_text(*why).to_owned()))
        }
        _ => None,
    });
    match refusal {
        None => Receipt::accepted(),
        Some((code, why)) => Receipt::refused(code, why),
    }
}

fn message_refusal(why: &MessageRefusal) -> (ReceiptCode, String) {
    match why {
        MessageRefusal::OutsideClosure => (
            ReceiptCode::Outsider,
            "its sender lies outside the closure of the quorum set".to_owned(),
        ),
        MessageRefusal::FarFuture => (
            ReceiptCode::WrongSlot,
            "that slot is too far ahead".to_owned(),
        ),
        MessageRefusal::Malformed => (ReceiptCode::Invalid, "it contradicts itself".to_owned()),
        MessageRefusal::Scp(why) => (ReceiptCode::Invalid, format!("SCP refuses it: {why:?}")),
    }
}

fn proposal_code(why: ProposalRefusal) -> ReceiptCode {
    match why {
        ProposalRefusal::Untrusted => ReceiptCode::Outsider,
        ProposalRefusal::InLog => ReceiptCode::Duplicate,
        ProposalRefusal::PoolFull => ReceiptCode::Busy,
        _ => ReceiptCode::Invalid,
    }
}
