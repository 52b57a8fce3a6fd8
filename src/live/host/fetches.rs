//! Fetches under way: the holders of each file, and how many of its bytes have arrived.

use crate::live::fetch::FetchEvent;
use crate::live::node_directory::NodeDirectory;
use crate::node::{FetchError, Input};
use crate::scp::NodeId;
use std::collections::BTreeMap;

/// The fetches of this host, by SHA-256 of the file.
#[derive(Default)]
pub(super) struct Fetches {
    holders: BTreeMap<String, Vec<NodeId>>,
    received_bytes: BTreeMap<String, u64>,
}

impl Fetches {
    /// Records the start of a fetch. The fetcher refers to holders by their index in this list.
    pub(super) fn started(&mut self, sha256: &str, holders: Vec<NodeId>) {
        self.holders.insert(sha256.to_owned(), holders);
    }

    /// Handles an event of the fetcher. The end of a fetch becomes an input of the node.
    pub(super) fn handle(&mut self, event: FetchEvent, directory: &NodeDirectory) -> Option<Input> {
        let end = match event {
            FetchEvent::Progress(progress) => {
                self.received_bytes
                    .insert(progress.sha256, progress.received_bytes);
                return None;
            }
            FetchEvent::End(end) => end,
        };
        let holders = self.holders.remove(&end.sha256).unwrap_or_default();
        for (nth, error) in &end.errors {
            let name = holders.get(*nth).map(|&node| directory.name(node));
            tracing::warn!(sha256 = %end.sha256, ?name, %error, "a holder did not send the file");
        }
        let result = end
            .result
            .and_then(|nth| holders.get(nth).copied().ok_or(FetchError::Unreachable));
        Some(Input::Fetched {
            sha256: end.sha256,
            result,
        })
    }

    /// Number of fetches under way, for tests.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.holders.len()
    }

    /// Removes the progress of a stored file.
    pub(super) fn stored(&mut self, sha256: &str) {
        self.received_bytes.remove(sha256);
    }

    /// How many bytes of a file have arrived, if it is or was being fetched.
    #[must_use]
    pub(super) fn received_bytes(&self, sha256: &str) -> Option<u64> {
        self.received_bytes.get(sha256).copied()
    }
}
