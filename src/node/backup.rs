//! `Backup`: the files that a node holds, its answers to backup proposals, and the fetches of missing files.
//!
//! A node that holds a file does not vote for its backup, unless the proposal is its own. It fetches a missing file
//! from its neighbours first, so that a file spreads hop by hop even if the origin is out of reach.
//!
//! File contents never pass through the node: a fetch is an output, and its result is an input.

use super::context::Context;
use super::contract::Output;
use super::event::{BackupAnswer, FetchError, NodeEvent};
use super::key::NodeKey;
use super::persisted::StateChange;
use super::proposal::{FileInfo, Proposal, ProposalId};
use crate::lists;
use crate::scp::{NodeId, NodeSet};
use std::collections::BTreeMap;

/// The maximum number of holders that a fetch names.
const HOLDERS_MAX: usize = 16;

/// A decided file that the node does not hold.
#[derive(Clone, Debug)]
struct MissingFile {
    file: FileInfo,
    /// Nodes that should hold the file, in order of preference. For a file that was decided before a restart,
    /// the list contains at most the origin.
    holders: Vec<NodeId>,
    is_fetching: bool,
    /// The number of failed fetches. It rotates the neighbours, so that each fetch starts with a different one.
    failures: usize,
}

impl MissingFile {
    /// The nodes to fetch from: neighbouring holders, the other neighbours, the other holders.
    fn sources(&self, neighbours: &NodeSet) -> Vec<NodeId> {
        let others: Vec<NodeId> = neighbours
            .iter()
            .filter(|node| !self.holders.contains(node))
            .collect();
        let others = lists::rotated(&others, self.failures);
        let (mut sources, distant): (Vec<_>, Vec<_>) = self
            .holders
            .iter()
            .partition(|node| neighbours.contains(**node));
        sources.extend(others);
        sources.extend(distant);
        sources.truncate(HOLDERS_MAX);
        sources
    }
}

/// The backups of one node. Files are keyed by their hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Backup {
    configured: BTreeMap<String, FileInfo>,
    acquired: BTreeMap<String, FileInfo>,
    missing: BTreeMap<String, MissingFile>,
    answers: BTreeMap<ProposalId, BackupAnswer>,
}

impl Backup {
    /// A node that holds the files `configured` from the start.
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

    /// Whether a node with the key `me` rejects `proposal` because the node holds its file already.
    pub(super) fn rejects(&self, me: NodeKey, proposal: &Proposal) -> bool {
        proposal.id.origin != me && proposal.file().is_some_and(|file| self.holds(&file.sha256))
    }

    /// Adds a file to those that the node holds.
    pub(super) fn add(&mut self, file: &FileInfo) {
        self.missing.remove(&file.sha256);
        if !self.configured.contains_key(&file.sha256) {
            self.acquired.insert(file.sha256.clone(), file.clone());
        }
    }

    /// Records the first answer to a proposal; later ones are ignored.
    pub(super) fn answer(&mut self, cx: &mut Context, proposal: &Proposal, answer: BackupAnswer) {
        let Some(file) = proposal.file() else {
            return;
        };
        if self.answers.contains_key(&proposal.id) {
            return;
        }
        let (file, proposal) = (file.clone(), proposal.id);
        self.answers.insert(proposal, answer);
        cx.out.persist(StateChange::Answered { proposal, answer });
        cx.out.event(NodeEvent::BackupAnswered {
            file,
            proposal,
            answer,
        });
    }

    /// A proposal was decided. Its file is backed up already, or missing and held by `holders`.
    pub(super) fn decided(
        &mut self,
        cx: &mut Context,
        proposal: &Proposal,
        holders: impl FnOnce(&Context) -> Vec<NodeId>,
    ) {
        let Some(file) = proposal.file() else {
            return;
        };
        self.answer(cx, proposal, BackupAnswer::DecidedBeforeVote);
        // A decided proposal is never voted on again.
        self.answers.remove(&proposal.id);
        if self.holds(&file.sha256) {
            let me = cx.me();
            report_backed_up(cx, file.clone(), me);
        } else {
            self.add_missing(file, holders(cx));
        }
    }

    /// Adds a file that has to be fetched. `holders` should hold it; the preferred holder comes first.
    pub(super) fn add_missing(&mut self, file: &FileInfo, holders: Vec<NodeId>) {
        let missing = MissingFile {
            file: file.clone(),
            holders,
            is_fetching: false,
            failures: 0,
        };
        self.missing.entry(file.sha256.clone()).or_insert(missing);
    }

    /// Whether a file is missing and no fetch of it is running.
    pub(super) fn is_waiting(&self) -> bool {
        self.missing.values().any(|missing| !missing.is_fetching)
    }

    /// Starts a fetch of every missing file that has a source and no running fetch.
    pub(super) fn start_fetches(&mut self, cx: &mut Context, neighbours: &NodeSet) {
        for (file, holders) in self.next_fetches(neighbours) {
            cx.out.push(Output::Fetch { file, holders });
        }
    }

    fn next_fetches(&mut self, neighbours: &NodeSet) -> Vec<(FileInfo, Vec<NodeId>)> {
        let mut fetches = Vec::new();
        for missing in self
            .missing
            .values_mut()
            .filter(|missing| !missing.is_fetching)
        {
            let sources = missing.sources(neighbours);
            if !sources.is_empty() {
                missing.is_fetching = true;
                fetches.push((missing.file.clone(), sources));
            }
        }
        fetches
    }

    /// A fetch ended. A failed fetch starts again with the next tick of the re-send timer.
    pub(super) fn fetched(
        &mut self,
        cx: &mut Context,
        sha256: &str,
        result: Result<NodeId, FetchError>,
    ) {
        let Some(file) = self.end_fetch(sha256, result) else {
            return;
        };
        match result {
            Ok(from) => report_backed_up(cx, file, from),
            Err(why) => cx.out.event(NodeEvent::BackupFailed { file, why }),
        }
    }

    /// The file, if it was missing. After a failure the next holder is preferred.
    fn end_fetch(&mut self, sha256: &str, result: Result<NodeId, FetchError>) -> Option<FileInfo> {
        let missing = self.missing.get_mut(sha256)?;
        missing.is_fetching = false;
        let file = missing.file.clone();
        match result {
            Ok(_) => self.add(&file),
            Err(_) => {
                missing.failures = missing.failures.wrapping_add(1);
                missing.holders = lists::rotated(&missing.holders, 1);
            }
        }
        Some(file)
    }
}

fn report_backed_up(cx: &mut Context, file: FileInfo, from: NodeId) {
    cx.out.persist(StateChange::BackedUp {
        file: file.clone(),
        from,
    });
    cx.out.event(NodeEvent::BackedUp { file, from });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Content;
    use crate::node::tests::test_net::context;

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
    fn a_holder_rejects_a_file_unless_the_proposal_is_its_own() {
        let mut backup = Backup::default();
        assert!(!backup.rejects(NodeKey::of("G1"), &proposal(2)));
        backup.add(&photo());
        assert!(
            backup.rejects(NodeKey::of("G1"), &proposal(2))
                && !backup.rejects(NodeKey::of("G1"), &proposal(1))
        );
        let holder = Backup::new(&[photo()]);
        assert!(holder.rejects(NodeKey::of("G1"), &proposal(2)));
    }

    #[test]
    fn a_failed_fetch_is_retried_with_the_next_holder() {
        let mut backup = Backup::default();
        let none = NodeSet::new();
        backup.add_missing(&photo(), vec![NodeId(1), NodeId(2)]);
        let fetch = |a, b| [(photo(), vec![NodeId(a), NodeId(b)])];
        assert_eq!(backup.next_fetches(&none), fetch(1, 2));
        assert_eq!(backup.next_fetches(&none), [], "a fetch is running");
        assert!(!backup.is_waiting());
        let sha256 = photo().sha256;
        assert_eq!(backup.end_fetch("??", Ok(NodeId(1))), None);
        let failed = backup.end_fetch(&sha256, Err(FetchError::HashMismatch));
        assert_eq!(failed, Some(photo()));
        assert_eq!(backup.next_fetches(&none), fetch(2, 1));
        assert_eq!(backup.end_fetch(&sha256, Ok(NodeId(2))), Some(photo()));
        assert!(backup.holds(&sha256) && backup.next_fetches(&none).is_empty());
        let again = backup.end_fetch(&sha256, Ok(NodeId(2)));
        assert_eq!(again, None, "the file is no longer missing");
    }

    #[test]
    fn failed_fetch_without_known_holders_is_retried() {
        let mut backup = Backup::default();
        backup.add_missing(&photo(), Vec::new());
        let neighbours: NodeSet = [5].map(NodeId).into_iter().collect();
        assert_eq!(backup.next_fetches(&neighbours)[0].1, [NodeId(5)]);
        let sha256 = photo().sha256;
        let failed = backup.end_fetch(&sha256, Err(FetchError::Unreachable));
        assert_eq!(failed, Some(photo()));
        assert!(!backup.holds(&sha256) && backup.is_waiting());
        assert_eq!(backup.next_fetches(&neighbours)[0].1, [NodeId(5)]);
    }

    #[test]
    fn neighbours_are_asked_first_and_in_rotation() {
        let mut backup = Backup::default();
        backup.add_missing(&photo(), vec![NodeId(1), NodeId(2)]);
        let neighbours: NodeSet = [2, 5, 6].map(NodeId).into_iter().collect();
        let sources = backup.next_fetches(&neighbours).remove(0).1;
        assert_eq!(sources, [2, 5, 6, 1].map(NodeId));
        let failed = backup.end_fetch(&photo().sha256, Err(FetchError::Unreachable));
        assert!(failed.is_some() && backup.is_waiting());
        let sources = backup.next_fetches(&neighbours).remove(0).1;
        assert_eq!(sources, [2, 6, 5, 1].map(NodeId));
    }

    #[test]
    fn only_the_first_answer_to_a_proposal_is_recorded() {
        let (mut backup, mut cx) = (Backup::default(), context());
        backup.answer(&mut cx, &proposal(1), BackupAnswer::Yes);
        backup.answer(&mut cx, &proposal(1), BackupAnswer::DecidedBeforeVote);
        let outputs = cx.out.take();
        assert_eq!(outputs.len(), 2, "one Persist and one event: {outputs:?}");
    }
}
