//! Recovery: whether the node may accept proposals after a restart, after a rollback of its data folder, and while
//! another process uses its key.
//!
//! An acknowledged proposal must not be lost. A node whose data folder is an older copy would use numbers again that
//! others know as different proposals. So a restarted node accepts proposals only once it is ready, that is, once other
//! nodes have returned its newest messages.

use crate::live::command::ProposeError;
use crate::live::node_directory::NodeDirectory;
use crate::live::wire::{OwnMessages, WireBody};
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
}

/// Another process with the same key.
#[derive(Clone, Copy, Debug)]
struct OtherProcess {
    http: SocketAddr,
    /// When its newest announcement arrived.
    seen: Time,
    /// The timestamp of that announcement. Other nodes repeat it long after the process has ended.
    mark_us: u64,
}

impl Recovery {
    /// A node that starts for the `epoch`-th time.
    #[must_use]
    pub(super) fn new(epoch: u64) -> Recovery {
        Recovery {
            epoch,
            state: State::Normal,
            key_in_use: None,
        }
    }

    /// How often the node has started.
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

    /// Another process with the same key has made an announcement with the timestamp `mark_us`. Returns true if that is
    /// new.
    pub(super) fn key_in_use(&mut self, http: SocketAddr, mark_us: u64, now: Time) -> bool {
        if self
            .key_in_use
            .is_some_and(|known| mark_us <= known.mark_us)
        {
            return false;
        }
        let is_new = self.other_process(now).is_none();
        self.key_in_use = Some(OtherProcess {
            http,
            seen: now,
            mark_us,
        });
        is_new
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

    #[test]
    fn a_repeated_announcement_of_an_ended_process_does_not_count() {
        let mut recovery = Recovery::new(1);
        let http = SocketAddr::from(([10, 0, 0, 1], 8000));
        let start = Time::from_ms(1_000);
        assert!(recovery.key_in_use(http, 7, start));
        assert!(!recovery.key_in_use(http, 8, start), "it is known already");
        assert!(recovery.check_proposals(start).is_err());
        let later = start + KEY_IN_USE;
        assert!(!recovery.key_in_use(http, 8, later));
        assert!(recovery.check_proposals(later).is_ok());
        assert!(recovery.key_in_use(http, 9, later));
    }
}
