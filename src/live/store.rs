//! `Store`: what a node must not forget, in one file that is always whole.
//!
//! A step of a node ends in a [`WriteBatch`]; it is in the file, all of it, before the node says a word about it. Tables have
//! a row for each thing, so a step costs the same however long the log is. Absent here: what the rows mean to a node.

mod error;
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

/// The file in the data folder.
const FILE: &str = "node.redb";
/// The file while it is being made.
const FILE_NEW: &str = "node.redb.new";
/// What two processes on one folder meet at.
pub(super) const FILE_LOCK: &str = "node.lock";
/// How much of the file is held in memory, in bytes.
const CACHE_BYTES: usize = 32 << 20;

/// What is kept together: all of it or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteBatch {
    /// Numbers that this process has given to nodes. They are the same after a restart, for what was kept names nodes by
    /// them.
    pub numbers: Vec<(NodeId, NodeKey)>,
    /// The newest announcement of a node, signed, as it came.
    pub announcements: Vec<(NodeId, Vec<u8>)>,
    /// What a step of the node changed.
    pub changes: Vec<StateChange>,
}

impl WriteBatch {
    /// Is there nothing to keep?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.announcements.is_empty() && self.changes.is_empty()
    }
}

/// How often a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// When the process starts: anything may have happened to the file since.
    First,
    /// After an error of the disk.
    Again,
}

type OpenDatabase = Box<dyn Fn(Opening) -> Result<Database, DatabaseError> + Send>;

/// The store of one node. Nobody else can open its folder while it exists.
pub struct Store {
    path: PathBuf,
    open_database: OpenDatabase,
    /// None after an error: what the file holds is found out by opening it again.
    database: Option<Database>,
    _lock: FolderLock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish()
    }
}

impl Store {
    /// The file in the data folder.
    #[must_use]
    pub fn path_in(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Is there a store in this folder? What cannot be looked at is taken for one, and cannot be opened.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        Store::path_in(dir).try_exists().unwrap_or(true)
    }

    /// Opens the store in the folder `dir`; both are created if they are missing.
    ///
    /// The whole file is read and checked once.
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
        // Closed first: a database does not open twice.
        self.database = None;
        let opened = (self.open_database)(opening)
            .map_err(RowsError::from)
            .and_then(|database| tables::check_version(&database).map(|()| database));
        match opened {
            Ok(database) => Ok(self.database.insert(database)),
            Err(why) => Err(StoreError::of_rows(&self.path, "open", why)),
        }
    }

    /// Does `work` on the open file; opens it again if an error closed it.
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
                // After an error of the disk nobody knows what the file holds.
                self.database = None;
            }
            StoreError::of_rows(&self.path, doing, why)
        })
    }

    /// Keeps a batch: it survives a crash and a loss of power from the moment that this returns.
    ///
    /// After an error give the same batch again, with more behind it if there is more: what is kept twice is kept once.
    /// The file is opened again by itself, so writing goes on as soon as the disk lets it.
    ///
    /// # Errors
    /// If the disk is full or broken: the file then holds all of the batch or nothing of it. If the batch contradicts
    /// what is kept (another decision of a slot, another owner of a number): nothing of it is kept.
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

    /// What [`Persisted::keep`] makes of all changes that were kept, in their order.
    ///
    /// # Errors
    /// If the file cannot be read, or its rows make no sense.
    pub fn load(&mut self) -> Result<Persisted, StoreError> {
        self.work("read", |database| {
            tables::persisted(&database.begin_read()?)
        })
    }

    /// Keys by number: the node with number 0 is the first.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn numbers(&mut self) -> Result<Vec<NodeKey>, StoreError> {
        self.work("read", |database| tables::numbers(&database.begin_read()?))
    }

    /// The newest announcement of every node that has made one, signed, as it came.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn announcements(&mut self) -> Result<BTreeMap<NodeId, Vec<u8>>, StoreError> {
        self.work("read", |database| {
            tables::announcements(&database.begin_read()?)
        })
    }
}

/// Makes an empty store: under another name until it is whole, so that a crash meanwhile leaves none.
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
            // Best effort: the error to report is the first one.
            let _ = fs::remove_file(&new);
            StoreError::of_rows(path, "create", why)
        })?;
    fs::rename(&new, path)
        .and_then(|()| sync_folder(dir))
        .map_err(failed)
}
