//! Fault injection: a disk in memory that fails writes, tears them, and loses unsynchronised writes on a power failure.

use super::{FILE, FILE_LOCK, Opening, Store, StoreError, tables};
use crate::live::folder_lock::FolderLock;
use redb::{Builder, StorageBackend};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// Size of the page cache in bytes. Tests keep many stores open.
const CACHE_BYTES: usize = 1 << 20;

/// A write to the file.
#[derive(Clone, Debug)]
enum DiskOp {
    Write(u64, Vec<u8>),
    SetLen(u64),
}

fn apply(image: &mut Vec<u8>, op: &DiskOp) {
    match op {
        DiskOp::Write(offset, data) => {
            let (from, to) = (*offset as usize, *offset as usize + data.len());
            if image.len() < to {
                image.resize(to, 0);
            }
            image[from..to].copy_from_slice(data);
        }
        DiskOp::SetLen(len) => image.resize(*len as usize, 0),
    }
}

#[derive(Debug, Default)]
struct DiskState {
    /// The content that programs read.
    image: Vec<u8>,
    /// The content that survives a power failure.
    durable: Vec<u8>,
    /// Writes since the last sync.
    unsynced: Vec<DiskOp>,
    /// Number of writes that succeed before all fail; `None` if all succeed.
    left: Option<u32>,
    written_bytes: u64,
}

impl DiskState {
    fn change(&mut self, op: DiskOp) -> io::Result<()> {
        let failed = match &mut self.left {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
        match (failed, op) {
            (false, op) => {
                if let DiskOp::Write(_, data) = &op {
                    self.written_bytes += data.len() as u64;
                }
                apply(&mut self.image, &op);
                self.unsynced.push(op);
                Ok(())
            }
            (true, DiskOp::Write(offset, mut data)) if offset < self.image.len() as u64 => {
                // A torn write stores only half of its data.
                data.truncate(data.len() / 2);
                let torn = DiskOp::Write(offset, data);
                apply(&mut self.image, &torn);
                self.unsynced.push(torn);
                full()
            }
            (true, _) => full(),
        }
    }
}

/// A simulated disk. Clones share one disk.
#[derive(Clone, Debug, Default)]
pub(in crate::live) struct SimulatedDisk(Arc<Mutex<DiskState>>);

impl SimulatedDisk {
    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().unwrap()
    }

    /// A disk with an empty store.
    pub(in crate::live) fn with_store() -> SimulatedDisk {
        let disk = SimulatedDisk::default();
        let database = Builder::new().create_with_backend(disk.clone()).unwrap();
        tables::create(&database).unwrap();
        database.close().unwrap();
        disk
    }

    /// Opens the store on this disk. Its lock is in `folder`.
    pub(in crate::live) fn open_store(&self, folder: &Path) -> Result<Store, StoreError> {
        let disk = self.clone();
        let open = move |opening: Opening| {
            Builder::new()
                .set_cache_size(CACHE_BYTES)
                .set_check_integrity_on_open(opening == Opening::First)
                .create_with_backend(disk.clone())
        };
        let lock = FolderLock::take(&folder.join(FILE_LOCK)).unwrap();
        Store::with(folder.join(FILE), lock, Box::new(open))
    }

    /// A disk with the content that programs read from this one.
    pub(in crate::live) fn copy(&self) -> SimulatedDisk {
        let image = self.state().image.clone();
        SimulatedDisk(Arc::new(Mutex::new(DiskState {
            durable: image.clone(),
            image,
            ..DiskState::default()
        })))
    }

    /// Ends the process that uses this disk: moves the content to the returned disk. All later writes to this one fail
    /// and change nothing, so closing the store leaves no trace.
    pub(in crate::live) fn end_process(&self) -> SimulatedDisk {
        let ended = DiskState {
            left: Some(0),
            ..DiskState::default()
        };
        let mut state = std::mem::replace(&mut *self.state(), ended);
        state.left = None;
        SimulatedDisk(Arc::new(Mutex::new(state)))
    }

    /// Whether writes fail at present.
    pub(in crate::live) fn is_failing(&self) -> bool {
        self.state().left == Some(0)
    }

    /// Makes writes fail after this many; `None`: never.
    pub(in crate::live) fn fail_after(&self, changes: Option<u32>) {
        self.state().left = changes;
    }

    /// Simulates a power failure. The bits of `survivors` select the unsynchronised writes that survive.
    pub(in crate::live) fn lose_power(&self, survivors: u64) {
        let mut state = self.state();
        let unsynced = std::mem::take(&mut state.unsynced);
        let lucky = unsynced
            .iter()
            .enumerate()
            .filter(|(nth, _)| survivors.rotate_right(*nth as u32) & 1 == 1);
        let mut durable = std::mem::take(&mut state.durable);
        lucky.for_each(|(_, op)| apply(&mut durable, op));
        state.image.clone_from(&durable);
        state.durable = durable;
        state.left = None;
    }

    /// Bytes written so far.
    pub(in crate::live) fn written_bytes(&self) -> u64 {
        self.state().written_bytes
    }
}

impl StorageBackend for SimulatedDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().image.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let from = offset as usize;
        let Some(found) = state.image.get(from..from + out.len()) else {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        };
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.state().change(DiskOp::SetLen(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.left == Some(0) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let unsynced = std::mem::take(&mut state.unsynced);
        let mut durable = std::mem::take(&mut state.durable);
        unsynced.iter().for_each(|op| apply(&mut durable, op));
        state.durable = durable;
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.state().change(DiskOp::Write(offset, data.to_vec()))
    }
}
