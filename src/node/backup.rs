//! `Backup`: the files a node holds, what it says to backups, and what it still has to fetch (DESIGN section 4, backup).
//!
//! A node asks those first that it can hear: where not everybody reaches the origin, a file spreads from neighbour to
//! neighbour, as every node that has decided comes to hold it.
//!
//! Who holds a file says no to backing it up again, except to its own proposal. Content never passes through here: a
//! fetch is an output, its end an input.

use super::contract::FetchError;
use super::event::BackupAnswer;
use super::key::NodeKey;
use super::pool::file_of;
use super::proposal::{FileInfo, Proposal, ProposalId};
use crate::scp::{NodeId, NodeSet};
use std::collections::BTreeMap;

/// How many holders a fetch names.
const HOLDERS_MAX: usize = 16;

/// A file that is wanted and not here.
#[derive(Clone, Debug)]
struct MissingFile {
    file: FileInfo,
    /// Those who should have it, the preferred first.
    holders: Vec<NodeId>,
    is_running: bool,
    /// How often it was tried in vain: another neighbour is the first to be asked each time.
    failures: usize,
}

impl MissingFile {
    /// Whom to ask: holders that can be heard, then whoever else can be heard, then the other holders.
    fn asked(&self, near: &NodeSet) -> Vec<NodeId> {
        let mut others: Vec<NodeId> = near
            .iter()
            .filter(|node| !self.holders.contains(node))
            .collect();
        let turn = self.failures % others.len().max(1);
        others.rotate_left(turn);
        let (mut asked, far): (Vec<_>, Vec<_>) =
            self.holders.iter().partition(|node| near.contains(**node));
        asked.extend(others);
        asked.extend(far);
        asked.truncate(HOLDERS_MAX);
        asked
    }
}

/// The backups of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Backup {
    configured: BTreeMap<String, FileInfo>,
    acquired: BTreeMap<String, FileInfo>,
    missing: BTreeMap<String, MissingFile>,
    answers: BTreeMap<ProposalId, BackupAnswer>,
}

impl Backup {
    pub(super) fn new(configured: &[FileInfo]) -> Backup {
        let by_hash = |file: &FileInfo| (file.sha256.clone(), file.clone());
        Backup {
            configured: configured.iter().map(by_hash).collect(),
            ..Backup::default()
        }
    }

    pub(super) fn holds(&self, sha256: &str) -> bool {
        self.configured.contains_key(sha256) || self.acquired.contains_key(sha256)
    }

    /// Would `me` say no to `proposal`?
    pub(super) fn says_no(&self, me: NodeKey, proposal: &Proposal) -> bool {
        proposal.id.origin != me && file_of(proposal).is_some_and(|file| self.holds(&file.sha256))
    }

    /// The file is here from now on.
    pub(super) fn acquire(&mut self, file: &FileInfo) {
        self.missing.remove(&file.sha256);
        if !self.configured.contains_key(&file.sha256) {
            self.acquired.insert(file.sha256.clone(), file.clone());
        }
    }

    /// Gives an answer once. False if one was given before.
    pub(super) fn answer(&mut self, id: ProposalId, answer: BackupAnswer) -> bool {
        if self.answers.contains_key(&id) {
            return false;
        }
        self.answers.insert(id, answer);
        true
    }

    /// Forgets answers to proposals that can no longer be asked about.
    pub(super) fn forget_answer(&mut self, id: ProposalId) {
        self.answers.remove(&id);
    }

    /// The file is wanted; `holders` should have it, the preferred first.
    pub(super) fn want(&mut self, file: &FileInfo, holders: Vec<NodeId>) {
        let missing = MissingFile {
            file: file.clone(),
            holders,
            is_running: false,
            failures: 0,
        };
        self.missing.entry(file.sha256.clone()).or_insert(missing);
    }

    /// Is anything missing for which no fetch is running?
    pub(super) fn is_waiting(&self) -> bool {
        self.missing.values().any(|missing| !missing.is_running)
    }

    /// Fetches to start now: everything missing for which none is running. `near` are those that the node can hear.
    pub(super) fn start_fetches(&mut self, near: &NodeSet) -> Vec<(FileInfo, Vec<NodeId>)> {
        let mut fetches = Vec::new();
        for missing in self
            .missing
            .values_mut()
            .filter(|missing| !missing.is_running)
        {
            let asked = missing.asked(near);
            if !asked.is_empty() {
                missing.is_running = true;
                fetches.push((missing.file.clone(), asked));
            }
        }
        fetches
    }

    /// A fetch ended. The file, if it was wanted; after a failure another holder will be preferred.
    pub(super) fn fetched(
        &mut self,
        sha256: &str,
        result: Result<NodeId, FetchError>,
    ) -> Option<FileInfo> {
        let missing = self.missing.get_mut(sha256)?;
        missing.is_running = false;
        let file = missing.file.clone();
        match result {
            Ok(_) => self.acquire(&file),
            Err(_) => {
                missing.failures += 1;
                // A node that restarts knows no holder, and `rotate_left(1)` panics on an empty list.
                if !missing.holders.is_empty() {
                    missing.holders.rotate_left(1);
                }
            }
        }
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Content;

    fn photo() -> FileInfo {
        FileInfo {
            name: "photo.jpg".into(),
            size_bytes: 9,
            sha256: "ab".repeat(32),
        }
    }

    fn proposal(origin: u32) -> Proposal {
        let id = ProposalId {
            origin: NodeKey::of(&format!("G{origin}")),
            nth: 1,
        };
        Proposal {
            id,
            content: Content::File(photo()),
        }
    }

    #[test]
    fn a_holder_says_no_except_to_its_own_proposal() {
        let mut backup = Backup::default();
        assert!(!backup.says_no(NodeKey::of("G1"), &proposal(2)));
        backup.acquire(&photo());
        assert!(
            backup.says_no(NodeKey::of("G1"), &proposal(2))
                && !backup.says_no(NodeKey::of("G1"), &proposal(1))
        );
        let holder = Backup::new(&[photo()]);
        assert!(holder.says_no(NodeKey::of("G1"), &proposal(2)));
    }

    #[test]
    fn a_failed_fetch_is_tried_again_with_another_holder() {
        let mut backup = Backup::default();
        let nobody = NodeSet::new();
        backup.want(&photo(), vec![NodeId(1), NodeId(2)]);
        assert_eq!(
            backup.start_fetches(&nobody),
            [(photo(), vec![NodeId(1), NodeId(2)])]
        );
        assert_eq!(backup.start_fetches(&nobody), [], "one is running");
        assert!(!backup.is_waiting());
        let sha256 = photo().sha256;
        assert_eq!(backup.fetched("??", Ok(NodeId(1))), None);
        assert_eq!(
            backup.fetched(&sha256, Err(FetchError::HashMismatch)),
            Some(photo())
        );
        assert_eq!(
            backup.start_fetches(&nobody),
            [(photo(), vec![NodeId(2), NodeId(1)])]
        );
        assert_eq!(backup.fetched(&sha256, Ok(NodeId(2))), Some(photo()));
        assert!(backup.holds(&sha256) && backup.start_fetches(&nobody).is_empty());
        assert_eq!(
            backup.fetched(&sha256, Ok(NodeId(2))),
            None,
            "it is here already"
        );
    }

    #[test]
    fn failed_fetch_without_known_holders_is_retried() {
        let mut backup = Backup::default();
        backup.want(&photo(), Vec::new());
        let near: NodeSet = [5].map(NodeId).into_iter().collect();
        assert_eq!(backup.start_fetches(&near)[0].1, [NodeId(5)]);
        let sha256 = photo().sha256;
        let failed = backup.fetched(&sha256, Err(FetchError::Unreachable));
        assert_eq!(failed, Some(photo()));
        assert!(!backup.holds(&sha256) && backup.is_waiting());
        assert_eq!(backup.start_fetches(&near)[0].1, [NodeId(5)]);
    }

    #[test]
    fn those_who_can_be_heard_are_asked_first_and_take_turns() {
        let mut backup = Backup::default();
        backup.want(&photo(), vec![NodeId(1), NodeId(2)]);
        let near: NodeSet = [2, 5, 6].map(NodeId).into_iter().collect();
        let mut asked = || backup.start_fetches(&near).remove(0).1;
        assert_eq!(asked(), [2, 5, 6, 1].map(NodeId));
        let sha256 = photo().sha256;
        assert!(
            backup
                .fetched(&sha256, Err(FetchError::Unreachable))
                .is_some()
        );
        assert!(backup.is_waiting());
        assert_eq!(backup.start_fetches(&near)[0].1, [2, 6, 5, 1].map(NodeId));
    }

    #[test]
    fn one_answer_per_proposal() {
        let mut backup = Backup::default();
        let id = proposal(1).id;
        assert!(backup.answer(id, BackupAnswer::Yes) && !backup.answer(id, BackupAnswer::NotAsked));
    }
}
