//! Files: a fetching node asks a holder for one chunk after the other. Requests and chunks fly through the medium like
//! everything else; what does not come in time is asked for again, of another holder if the first is out of reach.
//!
//! In a simulation a file is its name, size, hash and the chunks that fly: absent here are its bytes.

use super::engine::{Lifecycle, Simulation};
use super::queue::{ChunkAttempt, EventKey, EventPayload, LogicalTime};
use super::transmit::Transmission;
use crate::net::TrafficClass;
use crate::node::{FileInfo, MessageKind};
use crate::scp::NodeId;
use crate::time::Span;
use crate::trace::Record;
use std::collections::BTreeMap;

/// Size of a chunk in bytes, as long as [`CHUNKS_MAX`] of them are enough.
const CHUNK_BYTES: u64 = 64 * 1024;
/// No file has more chunks than this; larger files have larger ones.
const CHUNKS_MAX: u64 = 16;
/// How often a node asks for the same chunk before it gives up.
const ATTEMPTS_MAX: u32 = 20;
/// How long a node waits until it takes its holders for unreachable.
const UNREACHABLE_AFTER: Span = Span::from_ms(1_000);
/// What an answer may take beyond both ways.
const CHUNK_TIMEOUT_MARGIN: Span = Span::from_ms(10);

/// A file on its way to a node.
#[derive(Debug)]
struct Transfer {
    to: NodeId,
    file: FileInfo,
    holders: Vec<NodeId>,
    /// The chunk that is awaited.
    next: u32,
    of: u32,
    /// Attempts so far, over all chunks: the last of them is the one that counts.
    attempts: u32,
    /// Attempts for this chunk.
    attempts_for_chunk: u32,
}

/// All transfers that are going on.
#[derive(Debug, Default)]
pub(super) struct FileTransfers {
    begun: u64,
    transfers: BTreeMap<u64, Transfer>,
}

impl FileTransfers {
    /// The hash of the file whose fetch ends with this arrival, well or badly.
    pub(super) fn finished_by(&self, payload: &EventPayload) -> Option<String> {
        let transfer = match payload {
            EventPayload::Chunk(_, attempt) => {
                self.current(*attempt).filter(|it| it.next + 1 == it.of)
            }
            EventPayload::FetchFailed(transfer) => self.transfers.get(transfer),
            _ => None,
        };
        transfer.map(|transfer| transfer.file.sha256.clone())
    }

    /// A node has learned what became of its fetch.
    pub(super) fn end(&mut self, node: NodeId, sha256: &str) {
        self.transfers
            .retain(|_, it| it.to != node || it.file.sha256 != sha256);
    }

    /// A node is gone, and with it what it was fetching.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.transfers.retain(|_, it| it.to != node);
    }

    /// The transfer that an attempt belongs to, unless the attempt is an old one.
    fn current(&self, attempt: ChunkAttempt) -> Option<&Transfer> {
        let transfer = self.transfers.get(&attempt.transfer)?;
        (transfer.attempts == attempt.nth).then_some(transfer)
    }
}

impl Simulation {
    /// A node wants a file. A fetch of the same file that is going on already goes on alone.
    pub(super) fn fetch(
        &mut self,
        to: NodeId,
        moment: LogicalTime,
        file: &FileInfo,
        holders: &[NodeId],
    ) {
        let is_known = |it: &Transfer| it.to == to && it.file.sha256 == file.sha256;
        if self.files.transfers.values().any(is_known) {
            return;
        }
        let id = self.files.begun;
        self.files.begun += 1;
        let transfer = Transfer {
            to,
            file: file.clone(),
            holders: holders.to_vec(),
            next: 0,
            of: file.size_bytes.div_ceil(CHUNK_BYTES).clamp(1, CHUNKS_MAX) as u32,
            attempts: 0,
            attempts_for_chunk: 0,
        };
        self.files.transfers.insert(id, transfer);
        self.request_chunk(id, moment);
    }

    /// Something about a file arrived that is no node's business.
    pub(super) fn handle_file_event(&mut self, key: &EventKey, payload: &EventPayload) {
        match payload {
            EventPayload::ChunkRequest(_, attempt) => {
                self.serve_chunk(key.receiver, key.moment, *attempt)
            }
            EventPayload::Chunk(_, attempt) => self.receive_chunk(key.moment, *attempt),
            EventPayload::ChunkTimeout(attempt) if self.files.current(*attempt).is_some() => {
                self.request_chunk(attempt.transfer, key.moment);
            }
            _ => {}
        }
        self.records.append(&mut self.outbox);
    }

    /// Asks the first holder within reach for the awaited chunk.
    fn request_chunk(&mut self, id: u64, moment: LogicalTime) {
        let Some(transfer) = self.files.transfers.get(&id) else {
            return;
        };
        let to = transfer.to;
        let serves = |holder: &&NodeId| self.can_serve(**holder, to, &transfer.file);
        let holder = transfer.holders.iter().find(serves).copied();
        let holder = holder.filter(|_| transfer.attempts_for_chunk < ATTEMPTS_MAX);
        let Some(holder) = holder else {
            let delay = UNREACHABLE_AFTER.max(self.delay_min);
            self.push_local(to, moment.after(delay), EventPayload::FetchFailed(id));
            return;
        };
        let Some(transfer) = self.files.transfers.get_mut(&id) else {
            return;
        };
        transfer.attempts += 1;
        transfer.attempts_for_chunk += 1;
        let attempt = ChunkAttempt {
            transfer: id,
            nth: transfer.attempts,
        };
        let (nth, verdict) = self
            .medium
            .send(self.streams, TrafficClass::Message, to, holder);
        let transmission = transmission(to, moment, MessageKind::Service);
        self.start_transmission(&transmission, holder, nth, verdict, |tag| {
            EventPayload::ChunkRequest(tag, attempt)
        });
        let round_trip = self.medium.delay_max(to, holder) + self.medium.delay_max(holder, to);
        let deadline = moment.after(round_trip + CHUNK_TIMEOUT_MARGIN);
        self.push_local(to, deadline, EventPayload::ChunkTimeout(attempt));
    }

    /// A holder is asked for a chunk and sends it.
    fn serve_chunk(&mut self, holder: NodeId, moment: LogicalTime, attempt: ChunkAttempt) {
        let Some(transfer) = self.files.current(attempt) else {
            return;
        };
        if !self.holds(holder, &transfer.file) {
            return;
        }
        let (to, file, index, of) = (
            transfer.to,
            transfer.file.clone(),
            transfer.next,
            transfer.of,
        );
        let (nth, verdict) = self
            .medium
            .send(self.streams, TrafficClass::Chunk, holder, to);
        let transmission = transmission(holder, moment, MessageKind::Chunk);
        let flight = self.start_transmission(&transmission, to, nth, verdict, |tag| {
            EventPayload::Chunk(tag, attempt)
        });
        self.outbox.push(Record::Chunk {
            at: moment.at,
            flight,
            file,
            index,
            of,
        });
    }

    /// A chunk has arrived that is not the last one.
    fn receive_chunk(&mut self, moment: LogicalTime, attempt: ChunkAttempt) {
        if self.files.current(attempt).is_none() {
            return;
        }
        if let Some(transfer) = self.files.transfers.get_mut(&attempt.transfer) {
            transfer.next += 1;
            transfer.attempts_for_chunk = 0;
        }
        self.request_chunk(attempt.transfer, moment);
    }

    /// Whether `holder` runs, has the file, and both can talk to each other.
    fn can_serve(&self, holder: NodeId, to: NodeId, file: &FileInfo) -> bool {
        self.holds(holder, file)
            && self.medium.reaches(to, holder)
            && self.medium.reaches(holder, to)
    }

    fn holds(&self, holder: NodeId, file: &FileInfo) -> bool {
        let Some(handle) = self.nodes.get(holder.index()) else {
            return false;
        };
        let mut configured = handle.config.held_files.iter();
        let persisted = handle.persisted.as_ref();
        handle.lifecycle == Lifecycle::Running
            && (configured.any(|held| held.sha256 == file.sha256)
                || persisted.is_some_and(|persisted| persisted.files.contains_key(&file.sha256)))
    }
}

fn transmission(from: NodeId, moment: LogicalTime, kind: MessageKind) -> Transmission {
    Transmission {
        from,
        moment,
        kind,
        message: None,
        is_housekeeping: false,
    }
}
