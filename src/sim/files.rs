//! Files: a fetching node asks a holder for one chunk after the other. Requests and chunks fly through the medium like
//! everything else; what does not come in time is asked for again, of another holder if the first is out of reach.
//!
//! In a simulation a file is its name, size, hash and the chunks that fly: absent here are its bytes.

use super::engine::{Simulation, Standing};
use super::queue::{Attempt, Cargo, Key, Moment};
use super::transmit::Departure;
use crate::net::Load;
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
const PATIENCE: Span = Span::from_ms(1_000);
/// What an answer may take beyond both ways.
const SLACK: Span = Span::from_ms(10);

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
pub(super) struct Files {
    begun: u64,
    transfers: BTreeMap<u64, Transfer>,
}

impl Files {
    /// The hash of the file whose fetch ends with this arrival, well or badly.
    pub(super) fn ends_with(&self, cargo: &Cargo) -> Option<String> {
        let transfer = match cargo {
            Cargo::Chunk(_, attempt) => self.current(*attempt).filter(|it| it.next + 1 == it.of),
            Cargo::FetchFailed(transfer) => self.transfers.get(transfer),
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
    fn current(&self, attempt: Attempt) -> Option<&Transfer> {
        let transfer = self.transfers.get(&attempt.transfer)?;
        (transfer.attempts == attempt.nth).then_some(transfer)
    }
}

impl Simulation {
    /// A node wants a file. A fetch of the same file that is going on already goes on alone.
    pub(super) fn fetch(
        &mut self,
        to: NodeId,
        moment: Moment,
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
        self.ask(id, moment);
    }

    /// Something about a file arrived that is no node's business.
    pub(super) fn handle_file(&mut self, key: &Key, cargo: &Cargo) {
        match cargo {
            Cargo::Ask(_, attempt) => self.give(key.receiver, key.moment, *attempt),
            Cargo::Chunk(_, attempt) => self.take(key.moment, *attempt),
            Cargo::Overdue(attempt) if self.files.current(*attempt).is_some() => {
                self.ask(attempt.transfer, key.moment);
            }
            _ => {}
        }
        self.records.append(&mut self.outbox);
    }

    /// Asks the first holder within reach for the awaited chunk.
    fn ask(&mut self, id: u64, moment: Moment) {
        let Some(transfer) = self.files.transfers.get(&id) else {
            return;
        };
        let to = transfer.to;
        let serves = |holder: &&NodeId| self.serves(**holder, to, &transfer.file);
        let holder = transfer.holders.iter().find(serves).copied();
        let holder = holder.filter(|_| transfer.attempts_for_chunk < ATTEMPTS_MAX);
        let Some(holder) = holder else {
            let patience = PATIENCE.max(self.delay_min);
            self.push_local(to, moment.after(patience), Cargo::FetchFailed(id));
            return;
        };
        let Some(transfer) = self.files.transfers.get_mut(&id) else {
            return;
        };
        transfer.attempts += 1;
        transfer.attempts_for_chunk += 1;
        let attempt = Attempt {
            transfer: id,
            nth: transfer.attempts,
        };
        let (nth, verdict) = self.medium.send(self.streams, Load::Message, to, holder);
        let departure = departure(to, moment, MessageKind::Service);
        self.depart(&departure, holder, nth, verdict, |tag| {
            Cargo::Ask(tag, attempt)
        });
        let there_and_back = self.medium.delay_max(to, holder) + self.medium.delay_max(holder, to);
        let overdue = moment.after(there_and_back + SLACK);
        self.push_local(to, overdue, Cargo::Overdue(attempt));
    }

    /// A holder is asked for a chunk and sends it.
    fn give(&mut self, holder: NodeId, moment: Moment, attempt: Attempt) {
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
        let (nth, verdict) = self.medium.send(self.streams, Load::Chunk, holder, to);
        let departure = departure(holder, moment, MessageKind::Chunk);
        let flight = self.depart(&departure, to, nth, verdict, |tag| {
            Cargo::Chunk(tag, attempt)
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
    fn take(&mut self, moment: Moment, attempt: Attempt) {
        if self.files.current(attempt).is_none() {
            return;
        }
        if let Some(transfer) = self.files.transfers.get_mut(&attempt.transfer) {
            transfer.next += 1;
            transfer.attempts_for_chunk = 0;
        }
        self.ask(attempt.transfer, moment);
    }

    /// Whether `holder` runs, has the file, and both can talk to each other.
    fn serves(&self, holder: NodeId, to: NodeId, file: &FileInfo) -> bool {
        self.holds(holder, file)
            && self.medium.reaches(to, holder)
            && self.medium.reaches(holder, to)
    }

    fn holds(&self, holder: NodeId, file: &FileInfo) -> bool {
        let Some(station) = self.stations.get(holder.index()) else {
            return false;
        };
        let mut configured = station.config.held_files.iter();
        let persisted = station.persisted.as_ref();
        station.standing == Standing::Up
            && (configured.any(|held| held.sha256 == file.sha256)
                || persisted.is_some_and(|kept| kept.files.contains_key(&file.sha256)))
    }
}

fn departure(from: NodeId, moment: Moment, kind: MessageKind) -> Departure {
    Departure {
        from,
        moment,
        kind,
        message: None,
        is_housekeeping: false,
    }
}
