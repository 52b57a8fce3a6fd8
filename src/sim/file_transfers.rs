//! `FileTransfers`: fetches of files, chunk by chunk, from holders within reach.
//!
//! Requests and chunks go through the medium like messages. A chunk that does not arrive in time is requested again,
//! from another holder if the first is out of reach. A simulated file is a name, a size and a hash; it has no bytes.

use super::node_table::NodeTable;
use super::queue::{ChunkAttempt, EventKey, EventPayload, LogicalTime};
use super::transport::{Transmission, Transport};
use crate::net::PayloadKind;
use crate::node::{FileInfo, MessageKind};
use crate::scp::NodeId;
use crate::time::Span;
use crate::trace::Record;
use std::collections::BTreeMap;

/// Size of a chunk in bytes, for files of at most [`CHUNKS_MAX`] such chunks.
const CHUNK_BYTES: u64 = 64 * 1024;
/// Most chunks of a file; larger files have larger chunks.
const CHUNKS_MAX: u64 = 16;
/// How often a chunk is requested before the fetch fails.
const ATTEMPTS_MAX: u32 = 20;
/// Time from the moment when no holder is within reach, or no attempt is left, to the failure of the fetch.
const UNREACHABLE_AFTER: Span = Span::from_ms(1_000);
/// How much later than the longest round trip a chunk may arrive.
const CHUNK_TIMEOUT_MARGIN: Span = Span::from_ms(10);

/// A file being fetched.
#[derive(Debug)]
struct Transfer {
    to: NodeId,
    file: FileInfo,
    holders: Vec<NodeId>,
    /// Index of the awaited chunk.
    next: u32,
    of: u32,
    /// Requests so far, over all chunks. Only the last one counts.
    attempts: u32,
    attempts_for_chunk: u32,
}

/// All files being fetched.
#[derive(Debug, Default)]
pub(super) struct FileTransfers {
    begun: u64,
    transfers: BTreeMap<u64, Transfer>,
}

impl FileTransfers {
    /// The hash of the file whose fetch ends with this arrival, with success or not.
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

    /// Ends a fetch whose result the node has received.
    pub(super) fn end(&mut self, node: NodeId, sha256: &str) {
        self.transfers
            .retain(|_, it| it.to != node || it.file.sha256 != sha256);
    }

    /// Ends all fetches of a node that is gone.
    pub(super) fn forget(&mut self, node: NodeId) {
        self.transfers.retain(|_, it| it.to != node);
    }

    /// Starts a fetch. A second fetch of the same file by the same node joins the first.
    pub(super) fn fetch(
        &mut self,
        transport: &mut Transport,
        nodes: &NodeTable,
        (to, at): (NodeId, LogicalTime),
        file: &FileInfo,
        holders: &[NodeId],
    ) {
        let is_known = |it: &Transfer| it.to == to && it.file.sha256 == file.sha256;
        if self.transfers.values().any(is_known) {
            return;
        }
        let id = self.begun;
        self.begun += 1;
        let transfer = Transfer {
            to,
            file: file.clone(),
            holders: holders.to_vec(),
            next: 0,
            of: file.size_bytes.div_ceil(CHUNK_BYTES).clamp(1, CHUNKS_MAX) as u32,
            attempts: 0,
            attempts_for_chunk: 0,
        };
        self.transfers.insert(id, transfer);
        self.request_chunk(transport, nodes, id, at);
    }

    /// Handles an arrival that concerns a fetch and no node.
    pub(super) fn handle(
        &mut self,
        transport: &mut Transport,
        nodes: &NodeTable,
        key: &EventKey,
        payload: &EventPayload,
    ) {
        match payload {
            EventPayload::ChunkRequest(_, attempt) => {
                self.serve_chunk(transport, nodes, key, *attempt);
            }
            EventPayload::Chunk(_, attempt) => self.receive_chunk(transport, nodes, key, *attempt),
            EventPayload::ChunkTimeout(attempt) if self.current(*attempt).is_some() => {
                self.request_chunk(transport, nodes, attempt.transfer, key.at);
            }
            _ => {}
        }
    }

    /// Requests the awaited chunk from the first holder within reach.
    fn request_chunk(
        &mut self,
        transport: &mut Transport,
        nodes: &NodeTable,
        id: u64,
        at: LogicalTime,
    ) {
        let Some(transfer) = self.transfers.get_mut(&id) else {
            return;
        };
        let to = transfer.to;
        let can_serve = |holder: &&NodeId| {
            nodes.holds(**holder, &transfer.file) && transport.connects(to, **holder)
        };
        let holder = transfer.holders.iter().find(can_serve).copied();
        let holder = holder.filter(|_| transfer.attempts_for_chunk < ATTEMPTS_MAX);
        let Some(holder) = holder else {
            let fails_at = at.after(UNREACHABLE_AFTER.max(transport.latency_min()));
            transport.schedule_local(to, fails_at, EventPayload::FetchFailed(id));
            return;
        };
        transfer.attempts += 1;
        transfer.attempts_for_chunk += 1;
        let attempt = ChunkAttempt {
            transfer: id,
            nth: transfer.attempts,
        };
        let request = transmission(to, at, MessageKind::Service);
        transport.send(&request, PayloadKind::Message, holder, |info| {
            EventPayload::ChunkRequest(info, attempt)
        });
        let deadline = at.after(transport.round_trip_max(to, holder) + CHUNK_TIMEOUT_MARGIN);
        transport.schedule_local(to, deadline, EventPayload::ChunkTimeout(attempt));
    }

    /// Sends the requested chunk from the holder.
    fn serve_chunk(
        &mut self,
        transport: &mut Transport,
        nodes: &NodeTable,
        key: &EventKey,
        attempt: ChunkAttempt,
    ) {
        let holder = key.receiver;
        let transfer = self.current(attempt);
        let Some(transfer) = transfer.filter(|transfer| nodes.holds(holder, &transfer.file)) else {
            return;
        };
        let chunk = transmission(holder, key.at, MessageKind::Chunk);
        let flight = transport.send(&chunk, PayloadKind::Chunk, transfer.to, |info| {
            EventPayload::Chunk(info, attempt)
        });
        transport.record(Record::Chunk {
            at: key.at.time,
            flight,
            file: transfer.file.clone(),
            index: transfer.next,
            of: transfer.of,
        });
    }

    /// Handles the arrival of a chunk that is not the last one.
    fn receive_chunk(
        &mut self,
        transport: &mut Transport,
        nodes: &NodeTable,
        key: &EventKey,
        attempt: ChunkAttempt,
    ) {
        if self.current(attempt).is_none() {
            return;
        }
        if let Some(transfer) = self.transfers.get_mut(&attempt.transfer) {
            transfer.next += 1;
            transfer.attempts_for_chunk = 0;
        }
        self.request_chunk(transport, nodes, attempt.transfer, key.at);
    }

    /// The transfer of an attempt, unless a later attempt has replaced it.
    fn current(&self, attempt: ChunkAttempt) -> Option<&Transfer> {
        let transfer = self.transfers.get(&attempt.transfer)?;
        (transfer.attempts == attempt.nth).then_some(transfer)
    }
}

fn transmission(from: NodeId, at: LogicalTime, kind: MessageKind) -> Transmission {
    Transmission {
        from,
        at,
        kind,
        message: None,
        is_housekeeping: false,
    }
}
