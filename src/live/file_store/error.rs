//! Errors of the file store, with advice.

use super::super::folder_lock::{LockError, advice};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Another process uses the folder.
    #[error("{}: another process uses this folder; stop it, or choose another folder for files", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A path that should be a folder is not a folder.
    #[error("{}: this is not a folder; move it away", .path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// Not a plain file: a folder, a link, or missing.
    #[error("{}: this is not a plain file; put the file itself into the folder", .path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A name that cannot be proposed.
    #[error(
        "{name:?} cannot be the name of a file that is backed up; expected 1 to 255 bytes without / \\ : and control characters, and no dot in front"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// Too many different files of one name.
    #[error("{name}: there are too many files of this name; rename some of them")]
    NoName {
        /// The name.
        name: String,
    },
    /// Larger than the limit of this node.
    #[error(
        "{name}: larger than the {size_max_bytes} bytes that this node accepts; choose a smaller file, or a larger limit"
    )]
    TooLarge {
        /// The file's name.
        name: String,
        /// The limit.
        size_max_bytes: u64,
    },
    /// More bytes arrived than the file has.
    #[error("{name}: more than its {size_bytes} bytes arrived")]
    TooLong {
        /// The file's name.
        name: String,
        /// The decided size.
        size_bytes: u64,
    },
    /// Fewer bytes arrived than the file has. They are kept for resuming.
    #[error("{name}: {received_bytes} of {size_bytes} bytes arrived")]
    TooShort {
        /// The file's name.
        name: String,
        /// Bytes that arrived.
        received_bytes: u64,
        /// The decided size.
        size_bytes: u64,
    },
    /// The content has another hash. It was discarded.
    #[error("{name}: expected content with SHA-256 {expected}, the received content has {found}")]
    Hash {
        /// The file's name.
        name: String,
        /// The decided hash.
        expected: String,
        /// The hash of the received content.
        found: String,
    },
    /// The same file is being received already.
    #[error("{name}: it is being received already")]
    Busy {
        /// The file's name.
        name: String,
    },
    /// The file was modified while it was read.
    #[error("{}: it changed while it was read; try again when it is finished", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The index of the folder is damaged.
    #[error("{}: the index of the folder is damaged: {why}; remove this file, then propose the folder's files again", .path.display())]
    DamagedIndex {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An I/O error.
    #[error("{}: cannot {doing} it: {source}; {advice}", .path.display(), advice = advice(.source))]
    Io {
        /// The path.
        path: PathBuf,
        /// What failed, as a verb.
        doing: &'static str,
        /// Error of the operating system.
        source: io::Error,
    },
}

impl FilesError {
    pub(super) fn of_lock(dir: &Path, why: LockError) -> FilesError {
        match why {
            LockError::Held => FilesError::InUse {
                path: dir.to_owned(),
            },
            LockError::Io(source) => io_error(dir, "lock")(source),
        }
    }
}

/// Makes an I/O error about `path`.
pub(super) fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError::Io {
        path,
        doing,
        source,
    }
}
