//! Recovery: whether the node may accept proposals after a restart, after a rollback of its data folder, and while
//! another process uses its key.
//!
//! An acknowledged proposal must not be lost. A node whose data folder is an older copy would use numbers again that
//! others know as different proposals. So a restarted node accepts proposals only once it is ready, that is, once other
//! nodes have returned its newest messages.
//!
//! Announcements are ordered by epoch. A rolled-back node counts its starts from an older number, so others ignore its
//! announcements until it has taken an epoch beyond those that they remember. It does so when they return its messages of
//! the lost run. A node whose key another process has used asks for them once that process is silent.

use crate::live::command::ProposeError;
use crate::live::node_directory::NodeDirectory;
use crate::live::wire::{OwnMessages, Recency, WireBody};
use crate::node::{Body, Remembered};
use crate::time::{Span, Time};
use std::net::SocketAddr;

/// How long after its last announcement another process with the same key counts as running.
const KEY_IN_USE: Span = Span::from_ms(30_000);

/// What prevents the node from accepting proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Normal,
    /// Since the start of the process.
    Restarted,
    RolledBack,
}

/// The recovery of one node.
#[derive(Debug)]
pub(super) struct Recovery {
    epoch: u64,
    state: State,
    key_in_use: Option<OtherProcess>,
    /// The newest announcement of a later run that has arrived, if other nodes have not been asked about it.
    heard: Option<Recency>,
    /// The newest announcement of a later run about which other nodes have been asked.
    asked: Recency,
    /// The newest announcement of a later run that other nodes have returned with the messages of that run.
    later_run: Option<Recency>,
}

/// Another process with the same key.
#[derive(Clone, Copy, Debug)]
struct OtherProcess {
    http: SocketAddr,
    /// When its newest announcement arrived.
    seen: Time,
    /// The recency of that announcement. Other nodes repeat it long after the process has ended.
    recency: Recency,
}

impl Recovery {
    /// A node that starts for the `epoch`-th time.
    #[must_use]
    pub(super) fn new(epoch: u64) -> Recovery {
        Recovery {
            epoch,
            state: State::Normal,
            key_in_use: None,
            heard: None,
            asked: Recency::default(),
            later_run: None,
        }
    }

    /// How often the node has started, or more after a rollback.
    #[must_use]
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The node has state of an earlier run.
    pub(super) fn restarted(&mut self) {
        self.state = State::Restarted;
    }

    /// The node was rolled back.
    pub(super) fn rolled_back(&mut self) {
        self.state = State::RolledBack;
    }

    /// The node votes.
    pub(super) fn ready(&mut self) {
        self.state = State::Normal;
    }

    /// Another process with the same key has made an announcement. Returns true if the process was not known.
    pub(super) fn key_in_use(&mut self, http: SocketAddr, recency: Recency, now: Time) -> bool {
        if self
            .key_in_use
            .is_some_and(|known| recency <= known.recency)
        {
            return false;
        }
        let is_new = self.other_process(now).is_none();
        self.key_in_use = Some(OtherProcess {
            http,
            seen: now,
            recency,
        });
        is_new
    }

    /// Whether an announcement with the key of this node belongs to a run with a later epoch, or with a clock that was
    /// ahead in the same epoch. `newest` is the recency of the node's own newest one.
    fn is_later_run(&self, recency: Recency, newest: Recency) -> bool {
        recency.epoch >= self.epoch && recency > newest
    }

    /// An announcement with the key of this node has arrived.
    pub(super) fn heard(&mut self, recency: Recency, newest: Recency) {
        if self.is_later_run(recency, newest) && recency > self.asked {
            self.heard = self.heard.max(Some(recency));
        }
    }

    /// Whether other nodes have to be asked for the messages of a later run, because no other process uses the key any
    /// more.
    pub(super) fn has_to_ask(&mut self, now: Time) -> bool {
        if self.other_process(now).is_some() {
            return false;
        }
        let heard = self.heard.take().filter(|heard| heard.epoch >= self.epoch);
        self.asked = self.asked.max(heard.unwrap_or_default());
        heard.is_some()
    }

    /// Another node has returned the messages of this node and its newest announcement. If another process uses the key,
    /// it makes further ones, so they are asked for again later.
    pub(super) fn remembered(&mut self, recency: Recency, newest: Recency, now: Time) {
        if !self.is_later_run(recency, newest) {
            return;
        }
        match self.other_process(now) {
            Some(_) => self.heard(recency, newest),
            None => self.later_run = self.later_run.max(Some(recency)),
        }
    }

    /// Begins an epoch beyond that of a later run and returns it. The caller stores it before the node announces itself
    /// again.
    pub(super) fn begin_epoch(&mut self) -> Option<u64> {
        let later = self.later_run.take()?;
        if later.epoch < self.epoch {
            return None;
        }
        self.epoch = later.epoch.saturating_add(1);
        Some(self.epoch)
    }

    fn other_process(&self, now: Time) -> Option<SocketAddr> {
        self.key_in_use
            .filter(|known| now.since(known.seen) < KEY_IN_USE)
            .map(|known| known.http)
    }

    /// # Errors
    /// Why the node accepts no proposals.
    pub(super) fn check_proposals(&self, now: Time) -> Result<(), ProposeError> {
        if let Some(http) = self.other_process(now) {
            return Err(ProposeError::KeyInUse(http));
        }
        match self.state {
            State::Normal => Ok(()),
            State::Restarted => Err(ProposeError::Restarting),
            State::RolledBack => Err(ProposeError::RolledBack),
        }
    }

    /// # Errors
    /// Why the node does not do its work. A restart is no reason.
    pub(super) fn health(&self, now: Time) -> Result<(), String> {
        match self.check_proposals(now) {
            Err(ProposeError::Restarting) | Ok(()) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The messages of this node that another node has returned, for the node state machine.
#[must_use]
pub(super) fn remembered(own: &OwnMessages, directory: &mut NodeDirectory) -> Remembered {
    let mut remembered = Remembered::default();
    if let Some(announcement) = &own.announcement {
        remembered.messages = announcement.messages;
        remembered.announcements = announcement.nth;
    }
    for verified in &own.messages {
        let message = &verified.message;
        remembered.messages = remembered.messages.max(message.nth);
        if let WireBody::Proposal { proposal } = &message.body
            && proposal.id.origin == message.sender
        {
            remembered.proposals = remembered.proposals.max(proposal.id.nth);
        }
        let is_statement = matches!(message.body, WireBody::Statement(_));
        if is_statement
            && let Ok(local) = verified.to_local(directory)
            && let Body::Scp {
                envelope,
                quorum_set,
            } = local.body
        {
            remembered.statements.push((envelope, quorum_set));
        }
    }
    remembered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recency(epoch: u64, mark_us: u64) -> Recency {
        Recency { epoch, mark_us }
    }

    #[test]
    fn a_repeated_announcement_of_an_ended_process_does_not_count() {
        let mut recovery = Recovery::new(1);
        let http = SocketAddr::from(([10, 0, 0, 1], 8000));
        let start = Time::from_ms(1_000);
        assert!(recovery.key_in_use(http, recency(2, 7), start));
        assert!(
            !recovery.key_in_use(http, recency(2, 8), start),
            "it is known already"
        );
        assert!(recovery.check_proposals(start).is_err());
        let later = start + KEY_IN_USE;
        assert!(!recovery.key_in_use(http, recency(2, 8), later));
        assert!(recovery.check_proposals(later).is_ok());
        assert!(recovery.key_in_use(http, recency(2, 9), later));
    }

    #[test]
    fn an_epoch_begins_beyond_those_of_later_runs_only() {
        let mut recovery = Recovery::new(5);
        let (newest, now) = (recency(5, 100), Time::ZERO);
        for (epoch, mark_us) in [(4, 200), (5, 100), (5, 7)] {
            recovery.remembered(recency(epoch, mark_us), newest, now);
            assert_eq!(recovery.begin_epoch(), None, "{epoch} {mark_us}");
        }
        recovery.remembered(recency(5, 101), newest, now);
        assert_eq!(recovery.begin_epoch(), Some(6), "a clock was ahead");
        for epoch in [8, 9, 7] {
            recovery.remembered(recency(epoch, 1), newest, now);
        }
        assert_eq!(recovery.begin_epoch(), Some(10));
        assert_eq!((recovery.begin_epoch(), recovery.epoch()), (None, 10));
    }

    #[test]
    fn other_nodes_are_asked_once_about_a_later_run_that_has_ended() {
        let mut recovery = Recovery::new(5);
        let newest = recency(5, 100);
        let (http, other) = (SocketAddr::from(([10, 0, 0, 1], 8000)), recency(6, 200));
        recovery.heard(other, newest);
        recovery.key_in_use(http, other, Time::ZERO);
        assert!(!recovery.has_to_ask(Time::ZERO), "it runs");
        recovery.remembered(recency(6, 300), newest, Time::ZERO);
        assert_eq!(recovery.begin_epoch(), None, "it runs");
        let later = Time::ZERO + KEY_IN_USE;
        assert!(recovery.has_to_ask(later));
        recovery.heard(recency(6, 300), newest);
        assert!(!recovery.has_to_ask(later), "it has asked");
        recovery.remembered(recency(6, 300), newest, later);
        assert_eq!(recovery.begin_epoch(), Some(7));
    }
}
