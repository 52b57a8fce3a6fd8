//! `Relay`: which messages are new, and passing them on (DESIGN section 4, relaying).
//!
//! Everything new is passed on once, so in a network of n nodes with d neighbours each, every statement crosses n times
//! d links, and n times that many arrive where they are known already. Both are made cheap. What a node hears within
//! `relay_interval` goes out as one transmission, a [`Bundle`]: a node that has been quiet passes on at once, a busy one
//! at most once per interval, so transmissions grow with time and no longer with what is said. A statement that its
//! sender has replaced meanwhile is not passed on at all. And what is known already is recognised by a look at a table,
//! before anything else is done with it.
//!
//! What a busy node hears it also thinks about once per interval, all together: nearly all of a large network's work is
//! searching for quorums, and half a hundred statements need one search as one does.
//!
//! Which nodes relay is not decided: choosing only those who are needed (multipoint relays) would save as much again,
//! but then one lost transmission can cut off a region until the next re-sending.
//!
//! Housekeeping waits in a queue of its own, so that a bundle is housekeeping as a whole or not at all.
//!
//! What has been seen is kept as a window of the last 128 numbers of each sender: bounded, whatever is sent. A
//! message that is older than its sender's window counts as seen; whatever matters is sent again under a new number.

use super::config::{NodeSettings, Relaying};
use super::contract::{Output, Recipient, TimerKind};
use super::message::{Announcement, Body, Bundle, Message, MessageId};
use super::node::Node;
use crate::scp::{NodeId, SlotIndex};
use crate::time::{Span, Time};
use std::sync::Arc;

/// How many numbers back from the highest one are told apart.
const WINDOW: u64 = 128;
/// How many senders are remembered; messages of further ones are not passed on.
const SENDERS_MAX: usize = 1 << 15;

/// Whether something has been seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    New,
    Seen,
}

/// The last numbers of one sender: bit i of `seen` stands for `highest - i`.
#[derive(Clone, Copy, Debug, Default)]
struct SequenceWindow {
    highest: u64,
    seen: [u64; 2],
}

impl SequenceWindow {
    fn bits(&self) -> u128 {
        u128::from(self.seen[0]) | u128::from(self.seen[1]) << 64
    }

    fn look_up(&self, nth: u64) -> Freshness {
        match self.highest.checked_sub(nth) {
            None => Freshness::New,
            Some(back) if back >= WINDOW || self.bits() >> back & 1 == 1 => Freshness::Seen,
            Some(_) => Freshness::New,
        }
    }

    /// Takes note of a number that is new.
    fn note(&mut self, nth: u64) {
        let mut bits = self.bits();
        if nth > self.highest {
            let ahead = nth - self.highest;
            bits = if ahead < WINDOW { bits << ahead } else { 0 };
            self.highest = nth;
        }
        bits |= 1 << (self.highest - nth);
        self.seen = [bits as u64, (bits >> 64) as u64];
    }
}

/// From whom everything in a queue has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RelaySource {
    #[default]
    None,
    /// This neighbour, which need not hear it again.
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

/// What waits to be passed on together.
#[derive(Clone, Debug)]
struct RelayQueue {
    timer: TimerKind,
    bundle: Bundle,
    source: RelaySource,
    /// When something was passed on last.
    last: Option<Time>,
    is_armed: bool,
}

/// What is to be done about a queue.
enum Flush {
    Nothing,
    Now(Recipient, Bundle),
    After(Span),
}

impl RelayQueue {
    fn new(timer: TimerKind) -> RelayQueue {
        RelayQueue {
            timer,
            bundle: Bundle::default(),
            source: RelaySource::None,
            last: None,
            is_armed: false,
        }
    }

    fn due(&mut self, now: Time, interval: Span) -> Flush {
        if self.is_armed || self.bundle.is_empty() {
            return Flush::Nothing;
        }
        match self.last.map(|last| last + interval) {
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
        self.last = Some(now);
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

/// Leaves out statements that a newer one of the same sender replaces.
fn drop_replaced(messages: &mut Vec<Arc<Message>>) {
    if messages.len() < 2 {
        return;
    }
    let mut statements: Vec<_> = (0..)
        .zip(messages.iter())
        .filter_map(|(at, message): (usize, _)| Some((topic(message)?, message.id.nth, at)))
        .collect();
    statements.sort_unstable();
    let replaced: Vec<usize> = statements
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .map(|pair| pair[0].2)
        .collect();
    if replaced.is_empty() {
        return;
    }
    let mut keep = vec![true; messages.len()];
    for at in replaced {
        keep[at] = false;
    }
    let mut keep = keep.into_iter();
    messages.retain(|_| keep.next() == Some(true));
}

/// Of statements with the same topic the last one says it all. `None`: it is no statement for everybody.
fn topic(message: &Message) -> Option<(NodeId, SlotIndex, bool)> {
    match &message.body {
        Body::Scp { envelope, .. } if message.to.is_none() => {
            let is_nominate = envelope.statement.is_nominate();
            Some((message.id.sender, envelope.slot, is_nominate))
        }
        _ => None,
    }
}

/// Remembers which messages have been seen, and keeps what is to be passed on.
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

    /// Does this node pass on what it receives?
    pub(super) fn floods(&self) -> bool {
        self.mode == Relaying::Flood
    }

    /// Has this message arrived before? Where nothing is relayed nothing arrives twice.
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

    /// Notes that a message that is new has arrived.
    pub(super) fn note(&mut self, id: MessageId) {
        let at = id.sender.index();
        if !self.floods() || at >= SENDERS_MAX {
            return;
        }
        if at >= self.windows.len() {
            self.windows.resize(at + 1, SequenceWindow::default());
        }
        self.windows[at].note(id.nth);
    }

    /// Is the node waiting until it may pass on again? Meanwhile it only listens.
    pub(super) fn is_collecting(&self) -> bool {
        self.progress.is_armed || self.housekeeping.is_armed
    }

    fn put(&mut self, from: NodeId, message: &Arc<Message>) {
        let queue = match message.housekeeping {
            true => &mut self.housekeeping,
            false => &mut self.progress,
        };
        queue.source = queue.source.and(from);
        queue.bundle.messages.push(Arc::clone(message));
    }

    fn queue(&mut self, timer: TimerKind) -> &mut RelayQueue {
        match timer {
            TimerKind::RelayRepeats => &mut self.housekeeping,
            _ => &mut self.progress,
        }
    }
}

impl Node {
    /// Passes a message on to everybody else in reach, unless it has arrived where it was going.
    pub(super) fn pass_on(&mut self, from: NodeId, message: &Arc<Message>) {
        if self.relay.floods() && message.to != Some(self.me) {
            self.relay.put(from, message);
        }
    }

    /// Passes on the progress of a node.
    pub(super) fn pass_on_announcement(&mut self, from: NodeId, announcement: &Announcement) {
        if !self.relay.floods() {
            return;
        }
        let hops = announcement.hops.saturating_add(1);
        let peer = announcement.peer.clone();
        let passed_on = Announcement {
            peer,
            hops,
            ..*announcement
        };
        let queue = &mut self.relay.progress;
        queue.source = queue.source.and(from);
        queue.bundle.announcements.push(Arc::new(passed_on));
    }

    /// A neighbour passes on what it has heard.
    pub(super) fn receive_bundle(&mut self, from: NodeId, bundle: &Bundle) {
        for announcement in &bundle.announcements {
            self.hear(from, announcement);
        }
        let mut is_heard = false;
        for message in &bundle.messages {
            // Most of it is known already: nothing else is asked about that.
            if !is_heard || self.relay.look_up(message.id) == Freshness::New {
                self.receive(from, message);
                is_heard = true;
            }
        }
    }

    /// A timer of passing on ran out.
    pub(super) fn relay_timer(&mut self, timer: TimerKind) {
        self.relay.queue(timer).is_armed = false;
    }

    /// Transmits what is to be passed on, or sees to it that a timer runs until it may be.
    pub(super) fn relay_waiting(&mut self) {
        let (now, interval) = (self.now, self.relay.interval);
        for queue in [&mut self.relay.progress, &mut self.relay.housekeeping] {
            match queue.due(now, interval) {
                Flush::Nothing => {}
                Flush::After(span) => self.out.push(Output::SetTimer(queue.timer, span)),
                Flush::Now(to, bundle) => {
                    let bundle = Arc::new(bundle);
                    self.out.push(Output::Relay { to, bundle });
                }
            }
        }
    }

    /// Transmits it at once: the node leaves.
    pub(super) fn relay_rest(&mut self) {
        for queue in [&mut self.relay.progress, &mut self.relay.housekeeping] {
            if let Flush::Now(to, bundle) = queue.take(self.now) {
                let bundle = Arc::new(bundle);
                self.out.push(Output::Relay { to, bundle });
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
    fn senders_do_not_disturb_each_other() {
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
    fn without_relaying_nothing_is_remembered() {
        let mut relay = relay(Relaying::Direct);
        assert_eq!(note(&mut relay, id(1, 5)), Freshness::New);
        assert_eq!(note(&mut relay, id(1, 5)), Freshness::New);
        assert!(relay.windows.is_empty());
    }

    /// What goes out at `ms`: the numbers of the messages, and to whom.
    fn goes_out(relay: &mut Relay, ms: u64) -> Option<(Recipient, Vec<u64>)> {
        match relay.progress.due(Time::from_ms(ms), relay.interval) {
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
    fn the_first_goes_out_at_once_and_what_follows_together() {
        let mut relay = relay(Relaying::Flood);
        let (a, b) = (NodeId(7), NodeId(8));
        relay.put(a, &nominate(1, 1));
        assert_eq!(
            goes_out(&mut relay, 100),
            Some((Recipient::NeighboursExcept(a), vec![1]))
        );
        for nth in 2..5 {
            relay.put(a, &nominate(nth, u64::from(nth)));
            assert_eq!(goes_out(&mut relay, 100 + u64::from(nth)), None);
        }
        relay.put(b, &nominate(5, 5));
        assert_eq!(goes_out(&mut relay, 149), None, "the timer runs");
        relay.queue(TimerKind::Relay).is_armed = false;
        assert_eq!(
            goes_out(&mut relay, 150),
            Some((Recipient::Neighbours, vec![2, 3, 4, 5]))
        );
        assert_eq!(goes_out(&mut relay, 400), None);
    }

    #[test]
    fn what_its_sender_has_replaced_is_not_passed_on() {
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
        /// Against a plain set: no message is new twice, and within the window every first one is new.
        #[test]
        fn a_window_is_a_set_of_recent_numbers(numbers in prop::collection::vec(1u64..400, 1..300)) {
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
