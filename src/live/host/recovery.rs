//! Recovery: whether the node may accept proposals after a restart, after a rollback of its data folder, and while
//! another process uses its key.
//!
//! An acknowledged proposal must not be lost. A node whose data folder is an older copy would use numbers again that
//! others know as different proposals. So a restarted node accepts proposals only once it is ready, that is, once other
//! nodes have returned its newest messages.
//!
//! Announcements are ordered by epoch. A rolled-back node counts its starts from an older number, so others ignore its
//! announcements until it has taken an epoch beyond those that they remember. A node whose key another process has used
//! does the same once that process is silent.

use crate::live::command::ProposeError;
use crate::live::node_directory::NodeDirectory;
use crate::live::wire::{OwnMessages, Recency, WireAnnouncement, WireBody};
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
    /// The most recent announcement with the key of this node that is more recent than its own.
    newer_run: Option<NewerRun>,
}

/// A run of the node with a later epoch than the present one, or with a clock that was ahead in the same epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewerRun {
    recency: Recency,
    /// The highest number that a message of the run can have.
    messages: u64,
    /// The number of announcements that the run had made.
    announcements: u64,
}

impl NewerRun {
    /// What the run has used up, for the node state machine.
    #[must_use]
    pub(super) fn remembered(self) -> Remembered {
        Remembered {
            messages: self.messages,
            announcements: self.announcements,
            ..Remembered::default()
        }
    }
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
            newer_run: None,
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

    /// An announcement with the key of this node has arrived. `newest` is the recency of the node's own newest one.
    pub(super) fn note_own_key(&mut self, announcement: &WireAnnouncement, newest: Recency) {
        let recency = announcement.recency();
        let is_newer = recency.epoch >= self.epoch && recency > newest;
        if is_newer && self.newer_run.is_none_or(|known| recency > known.recency) {
            self.newer_run = Some(NewerRun {
                recency,
                messages: announcement.messages,
                announcements: announcement.nth,
            });
        }
    }

    /// Begins an epoch beyond that of a newer run, once no other process uses the key. The caller stores the new epoch
    /// before the node announces itself again.
    pub(super) fn begin_epoch(&mut self, now: Time) -> Option<NewerRun> {
        if self.other_process(now).is_some() {
            return None;
        }
        let newer = self.newer_run.take()?;
        if newer.recency.epoch < self.epoch {
            return None;
        }
        self.epoch = newer.recency.epoch.saturating_add(1);
        Some(newer)
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
    use crate::live::wire::VERSION;
    use crate::node::{AnnouncementKind, NodeKey};

    fn recency(epoch: u64, mark_us: u64) -> Recency {
        Recency { epoch, mark_us }
    }

    fn announcement(epoch: u64, mark_us: u64) -> WireAnnouncement {
        WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: NodeKey::new([1; 32]),
            name: "n1".to_owned(),
            http: SocketAddr::from(([10, 0, 0, 1], 8000)),
            kind: AnnouncementKind::Here,
            nth: 5,
            epoch,
            messages: 256,
            mark_us,
        }
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
    fn an_epoch_begins_beyond_those_of_newer_runs_only() {
        let mut recovery = Recovery::new(5);
        let (newest, now) = (recency(5, 100), Time::ZERO);
        for (epoch, mark_us) in [(4, 200), (5, 100), (5, 7)] {
            recovery.note_own_key(&announcement(epoch, mark_us), newest);
            assert_eq!(recovery.begin_epoch(now), None, "{epoch} {mark_us}");
        }
        recovery.note_own_key(&announcement(5, 101), newest);
        assert!(recovery.begin_epoch(now).is_some());
        assert_eq!(recovery.epoch(), 6, "a clock was ahead in the same epoch");
        for epoch in [8, 9, 7] {
            recovery.note_own_key(&announcement(epoch, 1), newest);
        }
        let newer = recovery.begin_epoch(now).unwrap().remembered();
        assert_eq!((newer.messages, newer.announcements), (256, 5));
        assert_eq!(recovery.epoch(), 10);
        assert_eq!(recovery.begin_epoch(now), None);
    }

    #[test]
    fn no_epoch_begins_while_another_process_uses_the_key() {
        let mut recovery = Recovery::new(5);
        let other = announcement(6, 200);
        recovery.note_own_key(&other, recency(5, 100));
        recovery.key_in_use(other.http, other.recency(), Time::ZERO);
        assert_eq!(recovery.begin_epoch(Time::ZERO), None);
        assert!(recovery.begin_epoch(Time::ZERO + KEY_IN_USE).is_some());
        assert_eq!(recovery.epoch(), 7);
    }
}
