//! Batching: which messages fit into one call, and the backlog of names that are still to be offered.
//!
//! Sizes are those of the serialized JSON, so no call exceeds the body limit of a node.

use crate::live::wire::{MessageName, Signed};
use std::collections::{BTreeSet, VecDeque};

/// Most messages of a call.
const MESSAGES_PER_CALL: usize = 128;
/// Most bytes of messages of a call. A larger message is sent in a separate call.
const BYTES_PER_CALL: usize = 1 << 20;
/// Bytes that a message needs in a call besides its signed text: the signature and the field names.
const SIGNED_BYTES: usize = 160;
/// Most names of an offer. A name takes about 100 bytes.
const NAMES_PER_OFFER: usize = 8192;
/// Most names in the backlog of a node that does not answer. The oldest are dropped first.
const BACKLOG_MAX: usize = 8192;

/// The size of a call so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MessageBatch {
    messages: usize,
    bytes: usize,
}

impl MessageBatch {
    /// Adds a message. Returns false if it does not fit. The first message always fits.
    pub(super) fn add(&mut self, signed: &Signed) -> bool {
        let added = signed.message.get().len().saturating_add(SIGNED_BYTES);
        let bytes = self.bytes.saturating_add(added);
        let messages = self.messages.saturating_add(1);
        let is_first = self.messages == 0;
        let is_fitting = is_first || messages <= MESSAGES_PER_CALL && bytes <= BYTES_PER_CALL;
        if is_fitting {
            *self = MessageBatch { messages, bytes };
        }
        is_fitting
    }
}

/// Splits messages into batches for one call each, in their order.
pub(super) fn batches(messages: Vec<(MessageName, Signed)>) -> Vec<Vec<(MessageName, Signed)>> {
    let mut batches: Vec<Vec<_>> = Vec::new();
    let mut batch = MessageBatch::default();
    for named in messages {
        let fits = batch.add(&named.1);
        match batches.last_mut() {
            Some(last) if fits => last.push(named),
            _ => {
                batch = MessageBatch::default();
                batch.add(&named.1);
                batches.push(vec![named]);
            }
        }
    }
    batches
}

/// Names that are still to be offered to one node, the oldest first, each once.
#[derive(Debug, Default)]
pub(super) struct OfferBacklog {
    names: VecDeque<MessageName>,
    known: BTreeSet<MessageName>,
}

impl OfferBacklog {
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds names.
    pub(super) fn add(&mut self, names: impl IntoIterator<Item = MessageName>) {
        for name in names {
            if self.known.insert(name) {
                self.names.push_back(name);
            }
        }
        while self.names.len() > BACKLOG_MAX {
            if let Some(oldest) = self.names.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Removes and returns the names of the next offer.
    pub(super) fn take(&mut self) -> Vec<MessageName> {
        let names = std::iter::from_fn(|| self.names.pop_front());
        let taken: Vec<MessageName> = names.take(NAMES_PER_OFFER).collect();
        for name in &taken {
            self.known.remove(name);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::identity::{Identity, SignaturePurpose};
    use crate::live::peer_client::{MessagesBody, Offer};
    use crate::node::NodeKey;

    fn name(nth: u64) -> MessageName {
        let sender = NodeKey::new([7; 32]);
        MessageName { sender, nth }
    }

    fn signed(length: usize) -> Signed {
        let identity = Identity::new([7; 32]);
        Signed::new(
            &identity,
            "test",
            SignaturePurpose::Message,
            &"x".repeat(length),
        )
        .unwrap()
    }

    #[test]
    fn batches_contain_every_message_and_no_call_exceeds_its_limit() {
        let lengths = [
            10,
            BYTES_PER_CALL / 3,
            BYTES_PER_CALL / 3,
            3 * BYTES_PER_CALL,
            10,
        ];
        let mut messages: Vec<_> = lengths.map(signed).into_iter().collect();
        messages.extend(std::iter::repeat_n(signed(5), 300));
        let named = (1..).map(name).zip(messages.clone()).collect();
        let batches = batches(named);
        assert_eq!(
            batches.iter().map(Vec::len).collect::<Vec<_>>(),
            [3, 1, 128, 128, 45]
        );
        let all: Vec<Signed> = batches
            .iter()
            .flatten()
            .map(|(_, one)| one.clone())
            .collect();
        assert_eq!(all, messages);
        for batch in batches.iter().filter(|batch| batch.len() > 1) {
            let messages = batch.iter().map(|(_, one)| one.clone()).collect();
            let body = serde_json::to_vec(&MessagesBody { messages }).unwrap();
            assert!(body.len() <= BYTES_PER_CALL + 64, "{}", body.len());
        }
    }

    #[test]
    fn the_backlog_is_ordered_bounded_and_without_duplicates() {
        let mut backlog = OfferBacklog::default();
        backlog.add([name(1), name(2), name(1)]);
        assert_eq!(backlog.take(), [name(1), name(2)]);
        assert!(backlog.is_empty() && backlog.take().is_empty());
        backlog.add((0..2 * BACKLOG_MAX as u64).map(|nth| name(u64::MAX - nth)));
        let have = backlog.take();
        assert_eq!(have.len(), NAMES_PER_OFFER);
        assert_eq!(
            have[0],
            name(u64::MAX - BACKLOG_MAX as u64),
            "the newest stay"
        );
        let body = serde_json::to_vec(&Offer { have }).unwrap();
        assert!(body.len() <= 1 << 20, "{}", body.len());
    }
}
