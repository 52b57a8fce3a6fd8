//! Counters: how often what has happened since the process started.

use crate::live::wire::{ReceiptCode, WireError};
use crate::node::NodeEvent;
use std::collections::BTreeMap;

/// The counters, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct MetricCounters {
    /// Steps of the node.
    pub(super) steps: u64,
    by_name: BTreeMap<&'static str, u64>,
}

impl MetricCounters {
    pub(super) fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }

    pub(super) fn add(&mut self, name: &'static str, many: u64) {
        *self.by_name.entry(name).or_default() += many;
    }

    /// Why a packet was dropped.
    pub(super) fn datagram_dropped(&mut self, error: &WireError) {
        self.count(match error {
            WireError::Malformed(_) => "datagrams_malformed",
            WireError::BadSignature(_) => "datagrams_forged",
            WireError::OtherNetwork => "datagrams_of_other_networks",
            WireError::OtherVersion(_) => "datagrams_of_other_versions",
            WireError::TooLarge(..) => "datagrams_oversized",
            WireError::TooManyNodes => "datagrams_of_too_many_nodes",
        });
    }

    /// What became of a message.
    pub(super) fn receipt(&mut self, verdict: ReceiptCode) {
        self.count(match verdict {
            ReceiptCode::Accepted => "messages_accepted",
            ReceiptCode::Duplicate => "messages_duplicate",
            ReceiptCode::WrongSlot => "messages_about_wrong_slots",
            ReceiptCode::Invalid => "messages_invalid",
            ReceiptCode::BadSignature => "messages_forged",
            ReceiptCode::Outsider => "messages_of_outsiders",
            ReceiptCode::Misdirected => "messages_misdirected",
            ReceiptCode::Busy => "messages_turned_away",
        });
    }

    /// What the node tells.
    pub(super) fn note(&mut self, event: &NodeEvent) {
        match event {
            NodeEvent::Recorded { proposals, .. } => {
                self.count("slots_agreed");
                self.add("proposals_agreed", proposals.len() as u64);
            }
            NodeEvent::ProposalPooled { .. } => self.count("proposals_pooled"),
            NodeEvent::ProposalRefused { .. } => self.count("proposals_refused"),
            NodeEvent::ProposalExpired { .. } => self.count("proposals_expired"),
            NodeEvent::BackedUp { .. } => self.count("files_backed_up"),
            NodeEvent::BackupFailed { .. } => self.count("fetches_failed"),
            _ => {}
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        let named = self.by_name.iter();
        let mut all: BTreeMap<String, u64> = named
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
        all.insert("steps".to_owned(), self.steps);
        all
    }
}
