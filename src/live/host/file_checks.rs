//! Proposed files whose origin is being asked whether they can be read there. Their messages wait here, bounded.

use crate::live::wire::{Receipt, ReceiptCode, VerifiedMessage};
use crate::node::ProposalId;
use std::collections::BTreeMap;

/// Proposals that wait for the answer of their origin, at most.
const FILE_CHECKS_MAX: usize = 256;

/// The messages that wait, by proposal.
#[derive(Default)]
pub(super) struct FileChecks {
    waiting: BTreeMap<ProposalId, Vec<VerifiedMessage>>,
}

impl FileChecks {
    /// Lets a message wait. True if it is the first one for its proposal: then the origin has to be asked.
    ///
    /// # Errors
    /// A refusal if too many proposals wait.
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

    /// Takes the messages that wait for a proposal; the check is over.
    #[must_use]
    pub(super) fn take(&mut self, id: ProposalId) -> Vec<VerifiedMessage> {
        self.waiting.remove(&id).unwrap_or_default()
    }
}
