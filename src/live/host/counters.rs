//! Counters of events since the process started, for `GET /status` and `GET /metrics`.

use crate::live::wire::{ReceiptCode, WireError};
use crate::node::NodeEvent;
use std::collections::BTreeMap;

/// The counters, by name. A counter exists from its first event on.
#[derive(Clone, Debug, Default)]
pub(super) struct MetricCounters {
    by_name: BTreeMap<&'static str, u64>,
}

impl MetricCounters {
    /// Counts one event.
    pub(super) fn count(&mut self, name: &'static str) {
        self.add(name, 1);
    }

    /// Counts several events.
    pub(super) fn add(&mut self, name: &'static str, many: u64) {
        let counter = self.by_name.entry(name).or_default();
        *counter = counter.saturating_add(many);
    }

    /// Counts a datagram that was dropped, by reason.
    pub(super) fn datagram_dropped(&mut self, error: &WireError) {
        self.count(counter_of_drop(error));
    }

    /// Counts a received message, by the code of its receipt.
    pub(super) fn receipt(&mut self, code: ReceiptCode) {
        self.count(match code {
            ReceiptCode::Accepted => "messages_accepted",
            ReceiptCode::Duplicate => "messages_duplicate",
            ReceiptCode::WrongSlot => "messages_about_wrong_slots",
            ReceiptCode::Invalid => "messages_invalid",
            ReceiptCode::BadSignature => "messages_forged",
            ReceiptCode::Outsider => "messages_of_outsiders",
            ReceiptCode::Misdirected => "messages_misdirected",
            ReceiptCode::Busy => "messages_busy",
        });
    }

    /// Counts an event of the node.
    pub(super) fn node_event(&mut self, event: &NodeEvent) {
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

    /// All counters.
    #[must_use]
    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        let counters = self.by_name.iter();
        counters
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }
}

/// The counter of dropped datagrams for this reason.
#[must_use]
pub(super) fn counter_of_drop(error: &WireError) -> &'static str {
    match error {
        WireError::Malformed(_) => "datagrams_malformed",
        WireError::BadSignature(_) => "datagrams_forged",
        WireError::OtherNetwork => "datagrams_of_other_networks",
        WireError::OtherVersion(_) => "datagrams_of_other_versions",
        WireError::TooLarge(..) => "datagrams_oversized",
        WireError::TooManyNodes => "datagrams_of_too_many_nodes",
    }
}
