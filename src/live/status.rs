//! The types of `GET /status` and `GET /peers`, and the limits on their size.

use super::wire::{LogHead, Signed, WireQuorumSet};
use crate::node::view::LogEntry;
use crate::node::{BackupAnswer, Content, FileInfo, NodeKey, Proposal, ProposalId, Standing};
use crate::scp::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Selects the part of the log in a status.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusQuery {
    /// First slot; `None` for the newest entries.
    pub from_slot: Option<u64>,
    /// Most entries.
    pub limit: usize,
    /// Most bytes of serialized entries. The first entry is included whatever its size.
    pub bytes: usize,
}

impl StatusQuery {
    /// The first of these entries within the limits.
    fn take<'a>(self, entries: impl Iterator<Item = &'a LogEntry>) -> Vec<LogEntry> {
        let mut bytes = 0_usize;
        let shown = entries.take(self.limit).take_while(|entry| {
            let is_first = bytes == 0;
            bytes = bytes.saturating_add(entry_bytes_max(entry));
            is_first || bytes <= self.bytes
        });
        shown.cloned().collect()
    }

    /// The entries of `log` from a slot on, or the newest ones.
    #[must_use]
    pub(super) fn part(self, log: &[LogEntry]) -> Vec<LogEntry> {
        match self.from_slot {
            Some(slot) => {
                let from = log.partition_point(|entry| entry.slot.0 < slot);
                self.take(log.iter().skip(from))
            }
            None => {
                let mut newest = self.take(log.iter().rev());
                newest.reverse();
                newest
            }
        }
    }
}

fn size(fixed: usize, factor: usize, text: &[u8]) -> usize {
    text.len().saturating_mul(factor).saturating_add(fixed)
}

/// Upper bound of the serialized size of an entry in bytes: its proposals, shorter than in the value, and the value as a
/// string in which every byte may be escaped.
fn entry_bytes_max(entry: &LogEntry) -> usize {
    size(64, 3, entry.value.as_bytes())
}

/// Upper bound of the serialized size of a proposal in bytes.
fn proposal_bytes_max(proposal: &Proposal) -> usize {
    match &proposal.content {
        Content::Note(text) => size(128, 2, text.as_bytes()),
        Content::File(file) => size(256, 2, file.name.as_bytes()),
        Content::Choice(value) => size(128, 4, value.as_bytes()),
    }
}

/// Most bytes of pending proposals in a status.
const POOL_BYTES: usize = 1 << 20;

/// A status whose long parts are not converted yet. They are converted outside of the host's thread.
#[derive(Debug)]
pub(super) struct StatusDraft {
    /// The status without log entries and proposals of the pool.
    pub(super) status: Status,
    /// Entries of the log.
    pub(super) entries: Vec<LogEntry>,
    /// Proposals of the pool.
    pub(super) pool: Vec<Arc<Proposal>>,
}

impl StatusDraft {
    /// The complete status.
    #[must_use]
    pub(super) fn finish(self) -> Status {
        let mut status = self.status;
        status.log.entries = self.entries.iter().map(LogEntryView::from).collect();
        status.pool = self.pool.iter().map(|one| (&**one).into()).collect();
        status
    }
}

/// The first of these proposals within the limit of a status.
pub(super) fn shown_pool<'a>(pool: impl Iterator<Item = &'a Arc<Proposal>>) -> Vec<Arc<Proposal>> {
    let mut bytes = 0_usize;
    let shown = pool.take_while(|proposal| {
        bytes = bytes.saturating_add(proposal_bytes_max(proposal));
        bytes <= POOL_BYTES
    });
    shown.cloned().collect()
}

/// The state of a node.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// Its display name.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// The network it belongs to.
    pub network: String,
    /// Its HTTP address.
    #[schema(value_type = String)]
    pub http: SocketAddr,
    /// `discovering`, `catching_up`, `ready` or `left`.
    pub readiness: String,
    /// Whether it has the broadcast role.
    pub is_beacon: bool,
    /// Time since its start, in milliseconds.
    pub uptime_ms: u64,
    /// The slot to be decided next.
    pub slot: u64,
    /// Its progress in each slot in memory.
    pub slots: Vec<SlotView>,
    /// Its log.
    pub log: LogView,
    /// The trusted nodes, the node itself included.
    pub trust_set: Vec<NodeName>,
    /// Its quorum set, once it has one.
    pub quorum_set: Option<WireQuorumSet>,
    /// Number of proposals that wait for their decision.
    pub pool_size: u64,
    /// Proposals that wait for their decision: the first 1 MiB of them.
    pub pool: Vec<ProposalView>,
    /// Files that the network has decided to back up, and files that it votes on.
    pub backup_log: Vec<BackupView>,
    /// The nodes that it knows.
    pub nodes: Vec<PeerView>,
    /// Known nodes whose logs differ from its log: the network has forked.
    #[serde(default)]
    pub forks: Vec<ForkView>,
    /// Counters since its start.
    pub counters: BTreeMap<String, u64>,
    /// With `?all`: the logs of all known nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<PeerLog>>,
}

/// Key and name of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeName {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// Its display name.
    pub name: String,
}

/// Progress of a node in a slot.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SlotView {
    /// The slot.
    pub slot: u64,
    /// `idle`, `nominate`, `accept`, `confirm` or `externalized`.
    pub phase: String,
    /// Nomination round.
    pub round: u32,
    /// Counter of the current ballot; 0 if there is none.
    pub ballot: u32,
}

/// A log, with some of its entries.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// The last recorded slot; 0 if the log is empty.
    pub index: u64,
    /// SHA-256 over the whole log: equal logs have equal hashes.
    pub hash: String,
    /// Entries, ascending by slot.
    pub entries: Vec<LogEntryView>,
}

/// The decision of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEntryView {
    /// The slot.
    pub slot: u64,
    /// The proposals in the decision.
    pub proposals: Vec<ProposalView>,
    /// The decided value.
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
    /// Key of the node at which it was proposed.
    #[schema(value_type = String)]
    pub origin: NodeKey,
    /// Number of the proposal at that node.
    pub nth: u32,
    /// The text, if it is a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The file, if it is a file.
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

/// Description of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// Its name, without folders.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of its content, which `GET /files/{sha256}` returns.
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

/// An entry of the backup log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// The file.
    pub file: FileView,
    /// Id of the proposal: key of the node at which it was proposed.
    #[schema(value_type = String)]
    pub origin: NodeKey,
    /// Id of the proposal: its number at that node.
    pub nth: u32,
    /// The slot in which it was decided, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// The vote of this node: `yes`, `no_has_it` or `decided_before_vote`.
    #[schema(value_type = String)]
    pub answer: BackupAnswer,
    /// Whether this node has the complete file.
    pub is_here: bool,
    /// The node from which it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NodeName>,
    /// Bytes received so far, while the file is being fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
}

/// The state of another node, as far as this node knows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// Its display name.
    pub name: String,
    /// Its HTTP address, if known.
    #[schema(value_type = Option<String>)]
    pub http: Option<SocketAddr>,
    /// Whether the node trusts it.
    pub is_trusted: bool,
    /// Whether it counts for the node, if the node admits others one by one: `candidate`, `newcomer`, `established` or
    /// `removed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, nullable = false)]
    pub standing: Option<Standing>,
    /// How it became known.
    pub why: String,
    /// Whether it answered the last call; absent before the first call.
    pub is_reachable: Option<bool>,
    /// Time since an announcement, a message or an answer last arrived from it, in milliseconds.
    pub received_ms_ago: Option<u64>,
    /// Head of its log, as it last reported it.
    pub log: Option<LogHead>,
}

/// A node whose log differs from the log of the answering node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForkView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// Its display name.
    pub name: String,
    /// Whether the answering node trusts it.
    pub is_trusted: bool,
    /// Length of its log.
    pub index: u64,
}

/// The log of another node.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeerLog {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// Its display name.
    pub name: String,
    /// Its log, if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
    /// Why there is no log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The answer of the trusted-node service: the nodes that a node knows, and which of them it trusts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeersView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// Its display name.
    pub name: String,
    /// `found` (every discovered node is trusted) or `fixed` (a given quorum set).
    pub policy: String,
    /// The nodes that it knows and that have not left.
    pub peers: Vec<PeerView>,
    /// Head of its log.
    pub log: LogHead,
    /// The same content as a signed message, if a node sent a signed query.
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
    fn serialized_sizes_stay_below_their_bounds() {
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
    fn log_entries_are_limited_in_number_and_in_bytes() {
        let log: Vec<LogEntry> = (1..=9).map(entry).collect();
        let slots = |from_slot, limit, entries: usize| {
            let query = StatusQuery {
                from_slot,
                limit,
                bytes: entries * entry_bytes_max(&log[0]),
            };
            let part = query.part(&log);
            part.iter().map(|entry| entry.slot.0).collect::<Vec<_>>()
        };
        assert_eq!(slots(None, 100, 3), [7, 8, 9], "the newest entries");
        assert_eq!(slots(None, 2, 3), [8, 9]);
        assert_eq!(slots(Some(2), 100, 3), [2, 3, 4]);
        assert_eq!(slots(Some(8), 100, 3), [8, 9]);
        assert_eq!(slots(Some(2), 100, 0), [2], "at least one");
        assert!(slots(Some(10), 100, 3).is_empty() && slots(None, 0, 3).is_empty());
    }

    #[test]
    fn pool_proposals_are_limited_in_bytes() {
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
