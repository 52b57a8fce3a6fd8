//! `FolderLock`: a folder belongs to one process at a time.
//!
//! The system gives a lock back when its process ends, however it ends: no lock outlives a crash.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

/// Why a folder could not be locked.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody holds it.
    Held,
    /// The system said no.
    Io(io::Error),
}

impl FolderLock {
    /// Locks `path`, a file that exists for this only; it is created, and it stays.
    pub(super) fn take(path: &Path) -> Result<FolderLock, LockError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held),
            // A file system without locks (some network folders): the node would be safe only by luck.
            Err(TryLockError::Error(why)) => Err(LockError::Io(why)),
        }
    }
}

/// Makes what happened to the entries of a folder (created, renamed, removed) survive a loss of power.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened as a file, and its entries are written through.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// What a person can do about an error of the file system.
pub(super) fn advice(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space there; what was kept before is safe"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder in which you may write"
        }
        io::ErrorKind::NotFound => "put it back, or choose another folder",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "choose a folder, not a file"
        }
        io::ErrorKind::Unsupported => "choose a folder on a local disk",
        _ => "look after the disk, then try again; what was kept before is safe",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_until_the_lock_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let lock = FolderLock::take(&path).unwrap();
        assert!(matches!(FolderLock::take(&path), Err(LockError::Held)));
        drop(lock);
        FolderLock::take(&path).unwrap();
        let nowhere = folder.path().join("missing/lock");
        let error = FolderLock::take(&nowhere).unwrap_err();
        assert!(matches!(error, LockError::Io(why) if why.kind() == io::ErrorKind::NotFound));
    }
}
