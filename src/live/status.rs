//! What a node tells about itself over REST: `GET /status` and `GET /peers` as types.

use super::wire::{LogHead, Signed, WireQuorumSet};
use crate::node::view::LogEntry;
use crate::node::{BackupAnswer, Content, FileInfo, NodeKey, Proposal, ProposalId};
use crate::scp::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Which part of the log is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusQuery {
    /// From this slot on; without it the newest.
    pub from_slot: Option<u64>,
    /// At most so many entries.
    pub limit: usize,
    /// At most so many bytes of them, as they are written; one entry at least.
    pub bytes: usize,
}

impl StatusQuery {
    /// The first of these entries, as many as are asked for.
    fn take<'a>(self, entries: impl Iterator<Item = &'a LogEntry>) -> Vec<LogEntry> {
        let mut bytes = 0;
        let shown = entries.take(self.limit).take_while(|entry| {
            let is_first = bytes == 0;
            bytes += entry_bytes_max(entry);
            is_first || bytes <= self.bytes
        });
        shown.cloned().collect()
    }

    /// The part of `log` that is wanted: from a slot on, or the newest entries.
    #[must_use]
    pub(super) fn part(self, log: &[LogEntry]) -> Vec<LogEntry> {
        match self.from_slot {
            Some(slot) => {
                let from = log.partition_point(|entry| entry.slot.0 < slot);
                self.take(log[from..].iter())
            }
            None => {
                let mut newest = self.take(log.iter().rev());
                newest.reverse();
                newest
            }
        }
    }
}

/// How many bytes an entry has at most when it is written: its proposals once by themselves, in fewer words than in the
/// value, and the value as a string, in which every byte may be escaped.
fn entry_bytes_max(entry: &LogEntry) -> usize {
    3 * entry.value.as_bytes().len() + 64
}

/// How many bytes a proposal has at most when it is written.
fn proposal_bytes_max(proposal: &Proposal) -> usize {
    match &proposal.content {
        Content::Note(text) => 128 + 2 * text.len(),
        Content::File(file) => 256 + 2 * file.name.len(),
        Content::Choice(value) => 128 + 4 * value.as_bytes().len(),
    }
}

/// How many bytes of waiting proposals are shown.
const POOL_BYTES: usize = 1 << 20;

/// A status with the long parts as the node has them: they are written out elsewhere than on its thread.
#[derive(Debug)]
pub(super) struct StatusDraft {
    /// Without entries of the log and without proposals of the pool.
    pub(super) status: Status,
    /// Entries of the log.
    pub(super) entries: Vec<LogEntry>,
    /// Proposals of the pool.
    pub(super) pool: Vec<Arc<Proposal>>,
}

impl StatusDraft {
    /// The status, whole.
    #[must_use]
    pub(super) fn finish(self) -> Status {
        let mut status = self.status;
        status.log.entries = self.entries.iter().map(LogEntryView::from).collect();
        status.pool = self.pool.iter().map(|one| (&**one).into()).collect();
        status
    }
}

/// The first of these proposals, as many as are shown.
pub(super) fn shown_pool<'a>(pool: impl Iterator<Item = &'a Arc<Proposal>>) -> Vec<Arc<Proposal>> {
    let mut bytes = 0;
    let shown = pool.take_while(|proposal| {
        bytes += proposal_bytes_max(proposal);
        bytes <= POOL_BYTES
    });
    shown.cloned().collect()
}

/// How a node is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// The network it belongs to.
    pub network: String,
    /// Where it answers.
    #[schema(value_type = String)]
    pub http: SocketAddr,
    /// `discovering`, `catching_up`, `ready` or `left`.
    pub readiness: String,
    /// Whether it has the broadcast role.
    pub is_beacon: bool,
    /// For how long it has been running.
    pub uptime_ms: u64,
    /// The slot to be decided next.
    pub slot: u64,
    /// How far it is in each slot that it remembers.
    pub slots: Vec<SlotView>,
    /// What was agreed on.
    pub log: LogView,
    /// Everybody trusted, the node itself included.
    pub trust_set: Vec<NodeName>,
    /// Its quorum set, once it has one.
    pub quorum_set: Option<WireQuorumSet>,
    /// How many proposals wait for their decision.
    pub pool_size: u64,
    /// Proposals that wait for their decision: the first 1 MiB of them.
    pub pool: Vec<ProposalView>,
    /// Files that the network has decided to back up.
    pub backup_log: Vec<BackupView>,
    /// Everybody it knows.
    pub nodes: Vec<PeerView>,
    /// How often what has happened since the start.
    pub counters: BTreeMap<String, u64>,
    /// With `?all`: what each known node answers when it is asked for its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<PeerLog>>,
}

/// A node, by its key and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeName {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
}

/// How far a node is in a slot.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SlotView {
    /// Which.
    pub slot: u64,
    /// `idle`, `nominate`, `accept`, `confirm` or `externalized`.
    pub phase: String,
    /// Round of nomination.
    pub round: u32,
    /// Counter of the current ballot; 0 = none.
    pub ballot: u32,
}

/// A log, or a part of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// The last recorded slot; 0 if there is none.
    pub index: u64,
    /// SHA-256 over the whole log.
    pub hash: String,
    /// Ascending by slot.
    pub entries: Vec<LogEntryView>,
}

/// What was agreed on in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEntryView {
    /// Which.
    pub slot: u64,
    /// The proposals in the decision.
    pub proposals: Vec<ProposalView>,
    /// The decision as it was voted for.
    #[schema(value_type = String)]
    pub value: Value,
}

impl From<&LogEntry> for LogEntryView {
    fn from(entry: &LogEntry) -> LogEntryView {
        LogEntryView {
            slot: entry.slot.0,
            proposals: entry.proposals.iter().map(|one| (&**one).into()).collect(),
            value: entry.value.clone(),
        }
    }
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Key of the node where it entered.
    #[schema(value_type = String)]
    pub origin: NodeKey,
    /// The how-manieth of that node.
    pub nth: u32,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileView>,
}

impl From<&Proposal> for ProposalView {
    fn from(proposal: &Proposal) -> ProposalView {
        let ProposalId { origin, nth } = proposal.id;
        let (note, file) = match &proposal.content {
            Content::Note(text) => (Some(text.clone()), None),
            Content::File(file) => (None, Some(file.into())),
            Content::Choice(value) => (Some(value.to_string()), None),
        };
        ProposalView {
            origin,
            nth,
            note,
            file,
        }
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// Plain name.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content; `/files/` and this is where it can be had.
    pub sha256: String,
}

impl From<&FileInfo> for FileView {
    fn from(file: &FileInfo) -> FileView {
        FileView {
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
        }
    }
}

/// A line of the backup log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// The file.
    pub file: FileView,
    /// By which proposal: key of its origin.
    #[schema(value_type = String)]
    pub origin: NodeKey,
    /// By which proposal: the how-manieth of its origin.
    pub nth: u32,
    /// In which slot it was decided; absent as long as it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// What this node said when it was asked: `yes`, `no_has_it` or `not_asked`.
    #[schema(value_type = String)]
    pub answer: BackupAnswer,
    /// Whether the file is here, whole.
    pub is_here: bool,
    /// From whom it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NodeName>,
    /// How much of it is here already, while it is being fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
}

/// What is known about another node.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// Where it answers, if that is known.
    #[schema(value_type = Option<String>)]
    pub http: Option<SocketAddr>,
    /// Whether it is trusted.
    pub is_trusted: bool,
    /// Why it is known, and trusted or not.
    pub why: String,
    /// Whether it answered the last call to it; without it nobody has tried.
    pub is_reachable: Option<bool>,
    /// How long ago it was last heard.
    pub heard_ms_ago: Option<u64>,
    /// How far its log has come, as far as it has told.
    pub log: Option<LogHead>,
}

/// What a node answered when it was asked for its log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerLog {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// Its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The trusted-node service: whom a node has found and whom of them it trusts, and why.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeersView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// `found` (everybody who is found is trusted) or `fixed` (a given quorum set).
    pub policy: String,
    /// Everybody it knows and has not seen leave.
    pub peers: Vec<PeerView>,
    /// How far its log has come.
    pub log: LogHead,
    /// For a node that asks: the same as a signed message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::value_of;
    use crate::scp::SlotIndex;
    use crate::time::Time;

    fn proposal(nth: u32, content: Content) -> Arc<Proposal> {
        let id = ProposalId {
            origin: NodeKey::new([7; 32]),
            nth,
        };
        Arc::new(Proposal { id, content })
    }

    fn contents() -> [Content; 3] {
        let file = FileInfo {
            name: "\"".repeat(255),
            size_bytes: u64::MAX,
            sha256: "ab".repeat(32),
        };
        let quotes = Content::Note("\"".repeat(1000));
        [Content::Note("tea".into()), quotes, Content::File(file)]
    }

    fn entry(slot: u64) -> LogEntry {
        let proposals: Vec<_> = (1..)
            .zip(contents())
            .map(|(n, one)| proposal(n, one))
            .collect();
        let set = proposals.iter().map(|one| (one.id, Arc::clone(one)));
        LogEntry {
            slot: SlotIndex(slot),
            at: Time::ZERO,
            value: value_of(&set.collect()),
            proposals,
        }
    }

    #[test]
    fn nothing_is_longer_than_it_is_counted() {
        for content in contents() {
            let one = proposal(u32::MAX, content);
            let written = serde_json::to_vec(&ProposalView::from(&*one)).unwrap();
            assert!(written.len() < proposal_bytes_max(&one), "{one:?}");
        }
        let entry = entry(u64::MAX);
        let written = serde_json::to_vec(&LogEntryView::from(&entry)).unwrap();
        assert!(written.len() <= entry_bytes_max(&entry));
    }

    #[test]
    fn a_part_of_a_log_is_bounded_in_entries_and_in_bytes() {
        let log: Vec<LogEntry> = (1..=9).map(entry).collect();
        let slots = |from_slot, limit, entries: usize| {
            let question = StatusQuery {
                from_slot,
                limit,
                bytes: entries * entry_bytes_max(&log[0]),
            };
            let part = question.part(&log);
            part.iter().map(|entry| entry.slot.0).collect::<Vec<_>>()
        };
        assert_eq!(slots(None, 100, 3), [7, 8, 9], "the newest");
        assert_eq!(slots(None, 2, 3), [8, 9]);
        assert_eq!(slots(Some(2), 100, 3), [2, 3, 4]);
        assert_eq!(slots(Some(8), 100, 3), [8, 9]);
        assert_eq!(slots(Some(2), 100, 0), [2], "one at least");
        assert!(slots(Some(10), 100, 3).is_empty() && slots(None, 0, 3).is_empty());
    }

    #[test]
    fn a_pool_is_shown_within_bounds() {
        let [short, long, _] = contents();
        let pool = |content: &Content| -> Vec<_> {
            (0..4096)
                .map(|nth| proposal(nth, content.clone()))
                .collect()
        };
        assert_eq!(shown_pool(pool(&short).iter()).len(), 4096);
        let shown = shown_pool(pool(&long).iter());
        let written: Vec<ProposalView> = shown.iter().map(|one| (&**one).into()).collect();
        let bytes = serde_json::to_vec(&written).unwrap().len();
        assert!((POOL_BYTES / 2..=POOL_BYTES).contains(&bytes), "{bytes}");
    }
}
