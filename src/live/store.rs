//! Durable state of a node: an embedded database (redb) with atomic transactions.
//!
//! The changes of one turn form a [`WriteBatch`], written in one transaction: a crash or an I/O error rolls it back, so
//! the file contains all of a batch or none of it. Each change writes separate rows, so the cost of a step does not
//! grow with the log.

mod error;
#[cfg(test)]
pub(super) mod simulated_disk;
mod tables;
#[cfg(test)]
mod tests;

pub use error::StoreError;

use super::folder_lock::{FolderLock, sync_folder};
use crate::node::{NodeKey, Persisted, StateChange};
use crate::scp::NodeId;
use error::RowsError;
use redb::{Builder, Database, DatabaseError, ReadableDatabase};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Version of the tables.
const VERSION: u32 = 2;
/// Name of the database in the data folder.
const FILE: &str = "node.redb";
/// Name of the database while it is being created.
const FILE_NEW: &str = "node.redb.new";
/// Name of the lock file, by which only one process at a time uses the folder.
pub(super) const FILE_LOCK: &str = "node.lock";
/// Size of the page cache in bytes.
const CACHE_BYTES: usize = 32 << 20;

/// Changes that are stored atomically: all of them or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteBatch {
    /// Node numbers that this process has assigned. Stored statements refer to nodes by them, so a restart keeps them.
    pub numbers: Vec<(NodeId, NodeKey)>,
    /// Newest announcements, as serialized signed messages.
    pub announcements: Vec<(NodeId, Vec<u8>)>,
    /// Changes of the node's state.
    pub changes: Vec<StateChange>,
    /// The epoch, if it was raised since the start.
    pub epoch: Option<u64>,
}

impl WriteBatch {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_empty = self.numbers.is_empty() && self.announcements.is_empty();
        is_empty && self.changes.is_empty() && self.epoch.is_none()
    }
}

/// Why the database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// The process starts, and the integrity of the file is checked.
    First,
    /// The database is opened again after an I/O error.
    Again,
}

type OpenDatabase = Box<dyn Fn(Opening) -> Result<Database, DatabaseError> + Send>;

/// The store of one node. It holds the lock of its folder.
pub struct Store {
    path: PathBuf,
    open_database: OpenDatabase,
    /// `None` after an I/O error: opening the file again rolls back the failed transaction.
    database: Option<Database>,
    _lock: FolderLock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish()
    }
}

impl Store {
    /// Path of the database in a data folder.
    #[must_use]
    pub fn path_in(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Whether the folder contains a store. A folder that cannot be read counts as one with a store.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        Store::path_in(dir).try_exists().unwrap_or(true)
    }

    /// Opens the store in the folder `dir`, and creates both if they are missing. Checks the integrity of the whole
    /// file.
    ///
    /// # Errors
    /// If the folder cannot be written, if another process uses it, or if the file is of another version or damaged.
    pub fn open(dir: &Path) -> Result<Store, StoreError> {
        let path = Store::path_in(dir);
        let cannot = |doing| {
            let path = path.clone();
            move |source| StoreError::Io {
                path,
                doing,
                source,
            }
        };
        fs::create_dir_all(dir).map_err(cannot("create its folder for"))?;
        let lock = FolderLock::take(&dir.join(FILE_LOCK))
            .map_err(|why| StoreError::of_lock(&path, why))?;
        if !path.try_exists().map_err(cannot("find"))? {
            create(dir, &path)?;
        }
        let opened = path.clone();
        let open_database = move |opening| {
            Builder::new()
                .set_cache_size(CACHE_BYTES)
                .set_check_integrity_on_open(opening == Opening::First)
                .open(&opened)
        };
        Store::with(path, lock, Box::new(open_database))
    }

    fn with(
        path: PathBuf,
        lock: FolderLock,
        open_database: OpenDatabase,
    ) -> Result<Store, StoreError> {
        let mut store = Store {
            path,
            open_database,
            database: None,
            _lock: lock,
        };
        store.open_again(Opening::First)?;
        Ok(store)
    }

    fn open_again(&mut self, opening: Opening) -> Result<&Database, StoreError> {
        // A database cannot be opened twice at the same time.
        self.database = None;
        let opened = (self.open_database)(opening)
            .map_err(RowsError::from)
            .and_then(|database| tables::check_version(&database).map(|()| database));
        match opened {
            Ok(database) => Ok(self.database.insert(database)),
            Err(why) => Err(StoreError::of_rows(&self.path, "open", why)),
        }
    }

    /// Runs `work` on the database. Opens it again first if an error has closed it.
    fn work<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Database) -> Result<T, RowsError>,
    ) -> Result<T, StoreError> {
        if self.database.is_none() {
            self.open_again(Opening::Again)?;
        }
        let Some(database) = &self.database else {
            return Err(StoreError::Io {
                path: self.path.clone(),
                doing,
                source: io::Error::other("it is closed"),
            });
        };
        work(database).map_err(|why| {
            if !matches!(why, RowsError::Contradiction(_)) {
                // It is now unknown whether the transaction was written.
                self.database = None;
            }
            StoreError::of_rows(&self.path, doing, why)
        })
    }

    /// Commits a batch. The batch survives a crash and a power failure once this returns.
    ///
    /// Commits are idempotent: after an error, commit the same batch again, with later changes appended. The database
    /// is opened again automatically, so writing continues as soon as the disk allows it.
    ///
    /// # Errors
    /// If the disk is full or broken: the file then contains all of the batch or none of it. If the batch contradicts
    /// stored data (another decision of a slot, another key for a number): none of it is stored.
    pub fn commit(&mut self, batch: &WriteBatch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.work("write", |database| {
            let transaction = database.begin_write()?;
            tables::write(&transaction, batch)?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Counts a start of the node, durably. Returns the epoch: how often the node has started, or more after a rollback.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn begin_epoch(&mut self) -> Result<u64, StoreError> {
        self.work("write", tables::begin_epoch)
    }

    /// The state of the node: the fold of all committed changes by [`Persisted::apply`].
    ///
    /// # Errors
    /// If the file cannot be read, or its rows are damaged.
    pub fn load(&mut self) -> Result<Persisted, StoreError> {
        self.work("read", |database| {
            tables::persisted(&database.begin_read()?)
        })
    }

    /// The keys of all nodes, in the order of their numbers.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn numbers(&mut self) -> Result<Vec<NodeKey>, StoreError> {
        self.work("read", |database| tables::numbers(&database.begin_read()?))
    }

    /// The newest announcement of each node, as a serialized signed message.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn announcements(&mut self) -> Result<BTreeMap<NodeId, Vec<u8>>, StoreError> {
        self.work("read", |database| {
            tables::announcements(&database.begin_read()?)
        })
    }
}

/// Creates an empty store under a temporary name and renames it, so that a crash leaves no incomplete store.
fn create(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let new = dir.join(FILE_NEW);
    let failed = |source| StoreError::Io {
        path: path.to_owned(),
        doing: "create",
        source,
    };
    match fs::remove_file(&new) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(failed(why)),
        _ => {}
    }
    Database::create(&new)
        .map_err(RowsError::from)
        .and_then(|database| {
            tables::create(&database)?;
            Ok(database.close()?)
        })
        .map_err(|why| {
            // Best effort: the caller gets the first error.
            let _ = fs::remove_file(&new);
            StoreError::of_rows(path, "create", why)
        })?;
    fs::rename(&new, path)
        .and_then(|()| sync_folder(dir))
        .map_err(failed)
}
