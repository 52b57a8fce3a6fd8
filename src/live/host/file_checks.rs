//! Checks of proposed files: messages wait here while the origin of a file is asked whether the file can be read there.

use crate::live::wire::{Receipt, ReceiptCode, VerifiedMessage};
use crate::node::ProposalId;
use std::collections::BTreeMap;

/// Most proposals that wait for the answer of their origin.
const FILE_CHECKS_MAX: usize = 256;

/// The messages that wait, by proposal.
#[derive(Default)]
pub(super) struct FileChecks {
    waiting: BTreeMap<ProposalId, Vec<VerifiedMessage>>,
}

impl FileChecks {
    /// Defers a message. Returns whether it is the first one for its proposal, so that the origin has to be asked.
    ///
    /// # Errors
    /// If too many proposals wait: the receipt that refuses the message.
    pub(super) fn defer(
        &mut self,
        id: ProposalId,
        message: &VerifiedMessage,
    ) -> Result<bool, Receipt> {
        if self.waiting.len() >= FILE_CHECKS_MAX {
            let why = "too many files are waiting for certification";
            return Err(Receipt::refused(ReceiptCode::Busy, why));
        }
        let waiting = self.waiting.entry(id).or_default();
        waiting.push(message.clone());
        Ok(waiting.len() == 1)
    }

    /// Number of proposals that wait, for tests.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Ends a check, and returns the messages that waited for it.
    #[must_use]
    pub(super) fn take(&mut self, id: ProposalId) -> Vec<VerifiedMessage> {
        self.waiting.remove(&id).unwrap_or_default()
    }
}
