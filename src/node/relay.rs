//! `Relay`: flooding with duplicate suppression.
//!
//! Every node relays each new message once. So in a network of n nodes with d neighbours each, a statement crosses
//! `n * d` links, and most copies are duplicates. Three measures reduce this cost:
//!
//! * A node relays all messages that it receives within `relay_interval` in one transmission, a [`Bundle`]. An idle
//!   node relays immediately, a busy node at most once per interval. So the number of transmissions grows with time
//!   instead of with statements.
//! * A statement that its sender has replaced meanwhile is dropped from the bundle.
//! * One table look-up recognises a duplicate, before any other processing.
//!
//! A bundle also saves work in SCP, which processes its statements together: most of the work in a large network is the
//! search for quorums, and fifty statements need no more searches than one.
//!
//! Every node relays. Multipoint relays (only chosen nodes relay) would need fewer transmissions, but then one lost
//! transmission can cut off a region until the next re-sending.
//!
//! Housekeeping waits in a separate queue, so that the messages of a bundle are all housekeeping or all progress.
//!
//! Seen messages are stored as a sliding window over the last 128 numbers of each sender, as in IPsec anti-replay. A
//! message older than the window counts as seen. Nodes re-send important messages with new numbers.

use super::config::{NodeSettings, Relaying};
use super::context::Context;
use super::contract::{Output, Recipient, TimerKind};
use super::message::{Announcement, Body, Bundle, Message, MessageId};
use crate::scp::{NodeId, SlotIndex};
use crate::time::{Span, Time};
use std::sync::Arc;

/// The size of the sliding window, in message numbers.
const WINDOW: u64 = 128;
/// The maximum number of senders with a window. Messages of further senders count as seen.
const SENDERS_MAX: usize = 1 << 15;

/// Whether a message has arrived before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    New,
    Seen,
}

/// The sliding window of one sender: bit i of `seen` is set if number `highest - i` has been seen.
#[derive(Clone, Copy, Debug, Default)]
struct SequenceWindow {
    highest: u64,
    seen: [u64; 2],
}

/// The window moved by this many numbers. It no longer contains the numbers that leave it.
fn moved(bits: u128, by: u64) -> u128 {
    let by = u32::try_from(by).unwrap_or(u32::MAX);
    bits.checked_shl(by).unwrap_or(0)
}

impl SequenceWindow {
    fn bits(&self) -> u128 {
        let [low, high] = self.seen;
        u128::from(low) | u128::from(high) << 64
    }

    fn look_up(&self, nth: u64) -> Freshness {
        match self.highest.checked_sub(nth) {
            None => Freshness::New,
            Some(back) if back >= WINDOW || self.bits() & moved(1, back) != 0 => Freshness::Seen,
            Some(_) => Freshness::New,
        }
    }

    /// Marks a new number as seen.
    fn note(&mut self, nth: u64) {
        let mut bits = self.bits();
        if let Some(ahead) = nth.checked_sub(self.highest) {
            bits = moved(bits, ahead);
            self.highest = nth;
        }
        bits |= moved(1, self.highest.saturating_sub(nth));
        self.seen = [bits as u64, (bits >> 64) as u64];
    }
}

/// The neighbours that transmitted the contents of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RelaySource {
    #[default]
    None,
    /// One neighbour, which does not need the bundle.
    One(NodeId),
    Several,
}

impl RelaySource {
    fn and(self, from: NodeId) -> RelaySource {
        match self {
            RelaySource::None => RelaySource::One(from),
            RelaySource::One(known) if known == from => self,
            RelaySource::One(_) | RelaySource::Several => RelaySource::Several,
        }
    }
}

/// A bundle that waits to be relayed, and its timer.
#[derive(Clone, Debug)]
struct RelayQueue {
    timer: TimerKind,
    bundle: Bundle,
    source: RelaySource,
    last_sent: Option<Time>,
    /// Whether the timer runs.
    is_armed: bool,
}

/// The next action of a queue.
enum Flush {
    Nothing,
    Now(Recipient, Bundle),
    /// Start the timer.
    After(Span),
}

impl RelayQueue {
    fn new(timer: TimerKind) -> RelayQueue {
        RelayQueue {
            timer,
            bundle: Bundle::default(),
            source: RelaySource::None,
            last_sent: None,
            is_armed: false,
        }
    }

    /// The bundle if `interval` has passed since the last transmission; otherwise the remaining time.
    fn flush(&mut self, now: Time, interval: Span) -> Flush {
        if self.is_armed || self.bundle.is_empty() {
            return Flush::Nothing;
        }
        match self.last_sent.map(|last| last + interval) {
            Some(next) if next > now => {
                self.is_armed = true;
                Flush::After(next.since(now))
            }
            _ => self.take(now),
        }
    }

    fn take(&mut self, now: Time) -> Flush {
        let mut bundle = std::mem::take(&mut self.bundle);
        let source = std::mem::take(&mut self.source);
        if bundle.is_empty() {
            return Flush::Nothing;
        }
        self.last_sent = Some(now);
        drop_replaced(&mut bundle.messages);
        let to = match source {
            RelaySource::One(from) if bundle.announcements.is_empty() => {
                Recipient::NeighboursExcept(from)
            }
            _ => Recipient::Neighbours,
        };
        Flush::Now(to, bundle)
    }
}

/// Removes statements that a newer statement of the same sender replaces.
fn drop_replaced(messages: &mut Vec<Arc<Message>>) {
    if messages.len() < 2 {
        return;
    }
    let mut statements: Vec<_> = (0..)
        .zip(messages.iter())
        .filter_map(|(at, message): (usize, _)| Some((topic(message)?, message.id.nth, at)))
        .collect();
    statements.sort_unstable();
    let mut replaced: Vec<usize> = statements
        .array_windows()
        .filter(|[(topic, ..), (next, ..)]| topic == next)
        .map(|[(_, _, at), _]| *at)
        .collect();
    if replaced.is_empty() {
        return;
    }
    replaced.sort_unstable();
    let mut replaced = replaced.into_iter().peekable();
    let mut positions = 0..;
    messages.retain(|_| {
        let at = positions.next();
        replaced.next_if(|next| Some(*next) == at).is_none()
    });
}

/// The sender, the slot and whether the statement belongs to nomination. A later statement with the same key replaces
/// an earlier one. `None` for a message that is not a statement for all nodes.
fn topic(message: &Message) -> Option<(NodeId, SlotIndex, bool)> {
    match &message.body {
        Body::Scp { envelope, .. } if message.to.is_none() => {
            let is_nominate = envelope.statement.is_nominate();
            Some((message.id.sender, envelope.slot, is_nominate))
        }
        _ => None,
    }
}

/// The seen messages, and the two queues of messages to relay.
#[derive(Clone, Debug)]
pub(super) struct Relay {
    mode: Relaying,
    interval: Span,
    /// By sender.
    windows: Vec<SequenceWindow>,
    progress: RelayQueue,
    housekeeping: RelayQueue,
}

impl Relay {
    pub(super) fn new(settings: &NodeSettings) -> Relay {
        Relay {
            mode: settings.relaying,
            interval: settings.relay_interval,
            windows: Vec::new(),
            progress: RelayQueue::new(TimerKind::Relay),
            housekeeping: RelayQueue::new(TimerKind::RelayRepeats),
        }
    }

    fn floods(&self) -> bool {
        self.mode == Relaying::Flood
    }

    /// Whether this message has arrived before. Without relaying no message arrives twice.
    pub(super) fn look_up(&self, id: MessageId) -> Freshness {
        if !self.floods() {
            return Freshness::New;
        }
        let at = id.sender.index();
        match self.windows.get(at) {
            Some(window) => window.look_up(id.nth),
            None if at < SENDERS_MAX => Freshness::New,
            None => Freshness::Seen,
        }
    }

    /// Marks a new message as seen.
    pub(super) fn note(&mut self, id: MessageId) {
        let at = id.sender.index();
        if !self.floods() || at >= SENDERS_MAX {
            return;
        }
        if at >= self.windows.len() {
            self.windows
                .resize(at.saturating_add(1), SequenceWindow::default());
        }
        if let Some(window) = self.windows.get_mut(at) {
            window.note(id.nth);
        }
    }

    /// Whether a queue waits for its timer. Meanwhile the node collects new statements for SCP.
    pub(super) fn is_collecting(&self) -> bool {
        self.progress.is_armed || self.housekeeping.is_armed
    }

    /// Queues a message for all neighbours, unless this node is its destination.
    pub(super) fn queue_message(&mut self, me: NodeId, from: NodeId, message: &Arc<Message>) {
        if !self.floods() || message.to == Some(me) {
            return;
        }
        let queue = match message.housekeeping {
            true => &mut self.housekeeping,
            false => &mut self.progress,
        };
        queue.source = queue.source.and(from);
        queue.bundle.messages.push(Arc::clone(message));
    }

    /// Queues an announcement for all neighbours, with one more hop.
    pub(super) fn queue_announcement(&mut self, from: NodeId, announcement: &Announcement) {
        if !self.floods() {
            return;
        }
        let queue = &mut self.progress;
        queue.source = queue.source.and(from);
        let relayed = announcement.relayed();
        queue.bundle.announcements.push(Arc::new(relayed));
    }

    /// The timer of a queue expired.
    pub(super) fn timer_expired(&mut self, timer: TimerKind) {
        let queue = match timer {
            TimerKind::RelayRepeats => &mut self.housekeeping,
            _ => &mut self.progress,
        };
        queue.is_armed = false;
    }

    /// Transmits the bundles that are due and starts the timers of the others.
    pub(super) fn flush(&mut self, cx: &mut Context) {
        for queue in [&mut self.progress, &mut self.housekeeping] {
            match queue.flush(cx.now, self.interval) {
                Flush::Nothing => {}
                Flush::After(span) => cx.out.push(Output::SetTimer(queue.timer, span)),
                Flush::Now(to, bundle) => {
                    let bundle = Arc::new(bundle);
                    cx.out.push(Output::Relay { to, bundle });
                }
            }
        }
    }

    /// Transmits both bundles immediately, because the node leaves.
    pub(super) fn flush_all(&mut self, cx: &mut Context) {
        for queue in [&mut self.progress, &mut self.housekeeping] {
            if let Flush::Now(to, bundle) = queue.take(cx.now) {
                let bundle = Arc::new(bundle);
                cx.out.push(Output::Relay { to, bundle });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::{Envelope, QuorumSet, QuorumSetId, Statement};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn id(sender: u32, nth: u64) -> MessageId {
        let sender = NodeId(sender);
        MessageId { sender, nth }
    }

    fn relay(mode: Relaying) -> Relay {
        Relay {
            mode,
            interval: Span::from_ms(50),
            windows: Vec::new(),
            progress: RelayQueue::new(TimerKind::Relay),
            housekeeping: RelayQueue::new(TimerKind::RelayRepeats),
        }
    }

    fn note(relay: &mut Relay, id: MessageId) -> Freshness {
        let novelty = relay.look_up(id);
        if novelty == Freshness::New {
            relay.note(id);
        }
        novelty
    }

    fn statement(sender: u32, nth: u64, statement: Statement) -> Arc<Message> {
        let from = NodeId(sender);
        let envelope = Arc::new(Envelope {
            from,
            slot: SlotIndex(1),
            quorum_set: QuorumSetId {
                owner: from,
                nth: 1,
            },
            statement,
        });
        Arc::new(Message {
            id: id(sender, nth),
            to: None,
            housekeeping: false,
            body: Body::Scp {
                envelope,
                quorum_set: Arc::new(QuorumSet::flat(1, [from])),
            },
        })
    }

    fn nominate(sender: u32, nth: u64) -> Arc<Message> {
        let (voted, accepted) = (vec![], vec![]);
        statement(sender, nth, Statement::Nominate { voted, accepted })
    }

    fn externalize(sender: u32, nth: u64) -> Arc<Message> {
        let commit = crate::scp::Ballot {
            n: 1,
            x: "a".into(),
        };
        statement(sender, nth, Statement::Externalize { commit, n_h: 1 })
    }

    #[test]
    fn every_sender_has_its_own_window() {
        let mut relay = relay(Relaying::Flood);
        assert_eq!(note(&mut relay, id(1, 5)), Freshness::New);
        assert_eq!(note(&mut relay, id(2, 5)), Freshness::New);
        assert_eq!(note(&mut relay, id(1, 5)), Freshness::Seen);
        assert_eq!(note(&mut relay, id(1, 4)), Freshness::New);
        assert_eq!(note(&mut relay, id(1, u64::MAX)), Freshness::New);
        assert_eq!(note(&mut relay, id(1, 6)), Freshness::Seen);
        assert_eq!(note(&mut relay, id(u32::MAX, 1)), Freshness::Seen);
    }

    #[test]
    fn without_relaying_no_window_is_stored() {
        let mut relay = relay(Relaying::Direct);
        assert_eq!(note(&mut relay, id(1, 5)), Freshness::New);
        assert_eq!(note(&mut relay, id(1, 5)), Freshness::New);
        assert!(relay.windows.is_empty());
    }

    /// The bundle that is transmitted at `ms`: its recipient and the numbers of its messages.
    fn flushed(relay: &mut Relay, ms: u64) -> Option<(Recipient, Vec<u64>)> {
        match relay.progress.flush(Time::from_ms(ms), relay.interval) {
            Flush::Now(to, bundle) => {
                let numbers = bundle.messages.iter().map(|message| message.id.nth);
                Some((to, numbers.collect()))
            }
            Flush::After(span) => {
                assert!(span > Span::ZERO && span <= relay.interval);
                None
            }
            Flush::Nothing => None,
        }
    }

    #[test]
    fn an_idle_node_relays_immediately_and_a_busy_one_once_per_interval() {
        let mut relay = relay(Relaying::Flood);
        let (a, b) = (NodeId(7), NodeId(8));
        relay.queue_message(NodeId(0), a, &nominate(1, 1));
        assert_eq!(
            flushed(&mut relay, 100),
            Some((Recipient::NeighboursExcept(a), vec![1]))
        );
        for nth in 2..5 {
            relay.queue_message(NodeId(0), a, &nominate(nth, u64::from(nth)));
            assert_eq!(flushed(&mut relay, 100 + u64::from(nth)), None);
        }
        relay.queue_message(NodeId(0), b, &nominate(5, 5));
        assert_eq!(flushed(&mut relay, 149), None, "the timer is running");
        relay.timer_expired(TimerKind::Relay);
        assert_eq!(
            flushed(&mut relay, 150),
            Some((Recipient::Neighbours, vec![2, 3, 4, 5]))
        );
        assert_eq!(flushed(&mut relay, 400), None);
    }

    #[test]
    fn replaced_statements_are_dropped_from_a_bundle() {
        let mut messages = vec![
            nominate(1, 9),
            externalize(1, 7),
            nominate(2, 3),
            nominate(1, 8),
            externalize(1, 10),
        ];
        drop_replaced(&mut messages);
        assert_eq!(
            messages,
            [nominate(1, 9), nominate(2, 3), externalize(1, 10)]
        );
    }

    proptest! {
        /// The model is a plain set: no message is new twice, and within the window every first copy is new.
        #[test]
        fn a_window_equals_a_set_of_recent_numbers(numbers in prop::collection::vec(1u64..400, 1..300)) {
            let mut relay = relay(Relaying::Flood);
            let mut seen = BTreeSet::new();
            let mut highest = 0;
            for nth in numbers {
                let is_recent = nth + WINDOW > highest;
                let expected = is_recent && seen.insert(nth);
                prop_assert_eq!(note(&mut relay, id(3, nth)) == Freshness::New, expected);
                highest = highest.max(nth);
            }
        }
    }
}
