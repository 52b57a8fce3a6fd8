//! Advisory file lock, by which only one process at a time uses a folder.
//!
//! The operating system releases the lock when the process ends, also after a crash.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

/// Why a folder cannot be locked.
#[derive(Debug)]
pub(super) enum LockError {
    /// Another process holds the lock.
    Held,
    /// The lock file cannot be opened or locked.
    Io(io::Error),
}

impl FolderLock {
    /// Locks `path`, a file that serves only as a lock. It is created if it is missing, and is never removed.
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
            // Some network file systems have no locks. Two processes could then write the same store.
            Err(TryLockError::Error(why)) => Err(LockError::Io(why)),
        }
    }
}

/// Makes changes of the entries of a folder (create, rename, remove) survive a power failure.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Other systems cannot open a folder as a file, and write its entries through.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Advice to the user about an error of the file system, for the end of a message.
pub(super) fn advice(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space there; earlier data is safe"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder in which you may write"
        }
        io::ErrorKind::NotFound => "put it back, or choose another folder",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "choose a folder, not a file"
        }
        io::ErrorKind::Unsupported => "choose a folder on a local disk",
        _ => "check the disk, then try again; earlier data is safe",
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
