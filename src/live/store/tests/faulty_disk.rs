//! Fault injection: a disk in memory that fails writes, tears them, and loses unsynchronised writes on a power failure.

use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

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
pub(super) struct FaultyDisk(Arc<Mutex<DiskState>>);

impl FaultyDisk {
    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().unwrap()
    }

    /// Makes writes fail after this many; `None`: never.
    pub(super) fn fail_after(&self, changes: Option<u32>) {
        self.state().left = changes;
    }

    /// Simulates a power failure. The bits of `survivors` select the unsynchronised writes that survive.
    pub(super) fn lose_power(&self, survivors: u64) {
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
    pub(super) fn written_bytes(&self) -> u64 {
        self.state().written_bytes
    }
}

impl StorageBackend for FaultyDisk {
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
