//! Counters of datagrams, messages and calls that are refused before the host sees them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The counters, by name. The UDP thread, HTTP handlers and their workers count; the host reads.
#[derive(Debug, Default)]
pub(super) struct InboundCounters {
    by_name: Mutex<BTreeMap<&'static str, u64>>,
}

impl InboundCounters {
    /// Counts one event.
    pub(super) fn count(&self, name: &'static str) {
        let mut counters = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counters.entry(name).or_default();
        *counter = counter.saturating_add(1);
    }

    /// Adds the counters to `all`.
    pub(super) fn add_to(&self, all: &mut BTreeMap<String, u64>) {
        let counters = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, count) in counters.iter() {
            let sum = all.entry((*name).to_owned()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}
