//! Errors of the store, with advice.

use super::super::folder_lock::{LockError, advice};
use super::VERSION;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process uses it.
    #[error("{}: another process uses this folder; stop it, or choose another data folder", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It was written by another version of the program.
    #[error("{}: this store has format {found}, this program reads {VERSION}; run the version that wrote it, or choose another data folder", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that was found.
        found: String,
    },
    /// Its content differs from what was written.
    #[error("{}: the store is damaged: {why}; restore a backup, or start a new node with a new key in another folder. After a restore from an older copy, the node votes only once other nodes have returned the messages that it has sent since", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        why: String,
    },
    /// A batch contradicts stored data. This is a bug, not a fault of the disk.
    #[error("{}: refused to overwrite stored data: {what}; restart the node, and report this", .path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// The contradiction.
        what: String,
    },
    /// An I/O error.
    #[error("{}: cannot {doing} the store: {source}; {advice}", .path.display(), advice = advice(.source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed, as a verb.
        doing: &'static str,
        /// Error of the operating system.
        source: io::Error,
    },
}

/// An error of the tables, without the path of the file.
#[derive(Debug)]
pub(super) enum RowsError {
    Database(Box<redb::Error>),
    Version(String),
    Damaged(String),
    Contradiction(String),
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for RowsError {
            fn from(why: $error) -> RowsError {
                RowsError::Database(Box::new(why.into()))
            }
        }
    )*};
}
from_redb!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError
);

impl StoreError {
    pub(super) fn of_lock(path: &Path, why: LockError) -> StoreError {
        let path = path.to_owned();
        match why {
            LockError::Held => StoreError::InUse { path },
            LockError::Io(source) => StoreError::Io {
                path,
                doing: "lock",
                source,
            },
        }
    }

    pub(super) fn of_rows(path: &Path, doing: &'static str, why: RowsError) -> StoreError {
        let path = path.to_owned();
        match why {
            RowsError::Database(why) => StoreError::of_redb(path, doing, *why),
            RowsError::Version(found) => StoreError::Version { path, found },
            RowsError::Damaged(why) => StoreError::Damaged { path, why },
            RowsError::Contradiction(what) => StoreError::Contradiction { path, what },
        }
    }

    fn of_redb(path: PathBuf, doing: &'static str, why: redb::Error) -> StoreError {
        use redb::Error as E;
        match why {
            E::DatabaseAlreadyOpen | E::LockProtocolMismatch => StoreError::InUse { path },
            E::UpgradeRequired(found) => StoreError::Version {
                path,
                found: format!("redb {found}"),
            },
            // The file is too short, or redb did not write it.
            E::Io(why)
                if matches!(
                    why.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
                ) =>
            {
                let why = why.to_string();
                StoreError::Damaged { path, why }
            }
            E::Io(source) => StoreError::Io {
                path,
                doing,
                source,
            },
            E::PreviousIo | E::Backend(_) | E::DatabaseClosed | E::LockPoisoned(_) => {
                StoreError::Io {
                    path,
                    doing,
                    source: io::Error::other(why.to_string()),
                }
            }
            // The file contains unknown tables, pages with wrong checksums, or impossible values.
            why => StoreError::Damaged {
                path,
                why: why.to_string(),
            },
        }
    }
}
