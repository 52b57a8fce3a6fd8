//! How much goes into one call, and what of an offer is still to be made. Everything is counted as it is written, so no
//! call is longer than nodes take.

use crate::live::wire::{MessageName, Signed};
use std::collections::{BTreeSet, VecDeque};

/// How many messages one call carries.
const MESSAGES_PER_CALL: usize = 128;
/// How many bytes of messages one call carries, unless a single one is larger.
const BYTES_PER_CALL: usize = 1 << 20;
/// What a message has in a call besides what was signed: the signature and the words around it.
const SIGNED_BYTES: usize = 160;
/// How many names one offer has; each takes about 100 bytes.
const NAMES_PER_OFFER: usize = 8192;
/// How many names are kept for a node that does not take offers; the oldest go first.
const NAMES_KEPT: usize = 8192;

/// What one call carries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MessageBatch {
    messages: usize,
    bytes: usize,
}

impl MessageBatch {
    /// Puts a message in. False if it does not fit; the first one always does.
    pub(super) fn take(&mut self, signed: &Signed) -> bool {
        let bytes = signed.message.get().len() + SIGNED_BYTES;
        let is_fitting = self.messages == 0
            || self.messages < MESSAGES_PER_CALL && self.bytes + bytes <= BYTES_PER_CALL;
        if is_fitting {
            self.messages += 1;
            self.bytes += bytes;
        }
        is_fitting
    }
}

/// MessagesBody in batches for one call each, in their order.
pub(super) fn batches(messages: Vec<(MessageName, Signed)>) -> Vec<Vec<(MessageName, Signed)>> {
    let mut batches: Vec<Vec<_>> = Vec::new();
    let mut batch = MessageBatch::default();
    for named in messages {
        let fits = batch.take(&named.1);
        match batches.last_mut() {
            Some(last) if fits => last.push(named),
            _ => {
                batch = MessageBatch::default();
                batch.take(&named.1);
                batches.push(vec![named]);
            }
        }
    }
    batches
}

/// What is still to be offered to one node, the oldest first, each name once.
#[derive(Debug, Default)]
pub(super) struct OfferBacklog {
    names: VecDeque<MessageName>,
    known: BTreeSet<MessageName>,
}

impl OfferBacklog {
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// These are to be offered, too.
    pub(super) fn put(&mut self, names: impl IntoIterator<Item = MessageName>) {
        for name in names {
            if self.known.insert(name) {
                self.names.push_back(name);
            }
        }
        while self.names.len() > NAMES_KEPT {
            if let Some(oldest) = self.names.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    /// Takes out what one offer holds.
    pub(super) fn take(&mut self) -> Vec<MessageName> {
        let count = self.names.len().min(NAMES_PER_OFFER);
        let taken: Vec<MessageName> = self.names.drain(..count).collect();
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
    fn no_call_is_longer_than_its_bound_and_nothing_is_left_out() {
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
    fn what_is_to_be_offered_is_kept_in_order_once_and_within_bounds() {
        let mut backlog = OfferBacklog::default();
        backlog.put([name(1), name(2), name(1)]);
        assert_eq!(backlog.take(), [name(1), name(2)]);
        assert!(backlog.is_empty() && backlog.take().is_empty());
        backlog.put((0..2 * NAMES_KEPT as u64).map(|nth| name(u64::MAX - nth)));
        let have = backlog.take();
        assert_eq!(have.len(), NAMES_PER_OFFER);
        assert_eq!(
            have[0],
            name(u64::MAX - NAMES_KEPT as u64),
            "the newest stay"
        );
        let body = serde_json::to_vec(&Offer { have }).unwrap();
        assert!(body.len() <= 1 << 20, "{}", body.len());
    }
}
