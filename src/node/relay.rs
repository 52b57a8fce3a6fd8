//! `Relay`: which messages are new, and to whom they are passed on (DESIGN section 4, relaying).
//!
//! What has been seen is kept as a window of the last 128 numbers of each sender: bounded, whatever is sent. A
//! message that is older than its sender's window counts as seen; whatever matters is sent again under a new number.

use super::config::Relaying;
use super::message::MessageId;
use crate::scp::NodeId;
use std::collections::BTreeMap;

/// How many numbers back from the highest one are told apart.
const WINDOW: u64 = 128;
/// How many senders are remembered; messages of further ones are not passed on.
const SENDERS_MAX: usize = 1 << 15;

/// Whether something has been seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    Seen,
}

/// The last numbers of one sender: bit i of `seen` stands for `highest - i`.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    highest: u64,
    seen: [u64; 2],
}

impl Window {
    fn note(&mut self, nth: u64) -> Novelty {
        let bits = u128::from(self.seen[0]) | u128::from(self.seen[1]) << 64;
        let (bits, back) = if nth > self.highest {
            let ahead = nth - self.highest;
            self.highest = nth;
            let moved = if ahead < WINDOW { bits << ahead } else { 0 };
            (moved, 0)
        } else {
            (bits, self.highest - nth)
        };
        if back >= WINDOW || bits >> back & 1 == 1 {
            return Novelty::Seen;
        }
        let bits = bits | 1 << back;
        self.seen = [bits as u64, (bits >> 64) as u64];
        Novelty::New
    }
}

/// Remembers which messages have been seen.
#[derive(Clone, Debug)]
pub(super) struct Relay {
    mode: Relaying,
    windows: BTreeMap<NodeId, Window>,
}

impl Relay {
    pub(super) fn new(mode: Relaying) -> Relay {
        Relay {
            mode,
            windows: BTreeMap::new(),
        }
    }

    /// Does this node pass on what it receives?
    pub(super) fn floods(&self) -> bool {
        self.mode == Relaying::Flood
    }

    /// Notes that a message has arrived. Where nothing is relayed nothing arrives twice, so nothing is kept.
    pub(super) fn note(&mut self, id: MessageId) -> Novelty {
        if !self.floods() {
            return Novelty::New;
        }
        if self.windows.len() >= SENDERS_MAX && !self.windows.contains_key(&id.sender) {
            return Novelty::Seen;
        }
        self.windows.entry(id.sender).or_default().note(id.nth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn id(sender: u32, nth: u64) -> MessageId {
        let sender = NodeId(sender);
        MessageId { sender, nth }
    }

    #[test]
    fn senders_do_not_disturb_each_other() {
        let mut relay = Relay::new(Relaying::Flood);
        assert_eq!(relay.note(id(1, 5)), Novelty::New);
        assert_eq!(relay.note(id(2, 5)), Novelty::New);
        assert_eq!(relay.note(id(1, 5)), Novelty::Seen);
        assert_eq!(relay.note(id(1, 4)), Novelty::New);
        assert_eq!(relay.note(id(1, u64::MAX)), Novelty::New);
        assert_eq!(relay.note(id(1, 6)), Novelty::Seen);
    }

    #[test]
    fn without_relaying_nothing_is_remembered() {
        let mut relay = Relay::new(Relaying::Direct);
        assert_eq!(relay.note(id(1, 5)), Novelty::New);
        assert!(relay.windows.is_empty());
    }

    proptest! {
        /// Against a plain set: no message is new twice, and within the window every first one is new.
        #[test]
        fn a_window_is_a_set_of_recent_numbers(numbers in prop::collection::vec(1u64..400, 1..300)) {
            let mut window = Window::default();
            let mut seen = BTreeSet::new();
            let mut highest = 0;
            for nth in numbers {
                let is_recent = nth + WINDOW > highest;
                let expected = is_recent && seen.insert(nth);
                prop_assert_eq!(window.note(nth) == Novelty::New, expected);
                highest = highest.max(nth);
            }
        }
    }
}
