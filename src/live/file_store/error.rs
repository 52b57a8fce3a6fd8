//! Why a file could not be taken in, in words that say what to do.

use super::super::folder_lock::{LockError, advice};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be taken in or found.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Another process has the folder.
    #[error("{}: another process uses this folder; stop it, or choose another folder for files", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Something else is where a folder should be.
    #[error("{}: this is not a folder; move it away", .path.display())]
    NotAFolder {
        /// What is there.
        path: PathBuf,
    },
    /// No plain file: nothing, a folder, or a link to something else.
    #[error("{}: this is not a plain file; put the file itself into the folder", .path.display())]
    NotAFile {
        /// What is there.
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
    /// Larger than this node takes.
    #[error(
        "{name}: larger than the {size_max_bytes} bytes that this node takes; choose a smaller file, or a larger limit"
    )]
    TooLarge {
        /// The file's name.
        name: String,
        /// The limit.
        size_max_bytes: u64,
    },
    /// More arrived than the file has.
    #[error("{name}: more arrived than its {size_bytes} bytes")]
    TooLong {
        /// The file's name.
        name: String,
        /// The size that was agreed on.
        size_bytes: u64,
    },
    /// Less arrived than the file has. What arrived is kept.
    #[error("{name}: {received_bytes} of {size_bytes} bytes arrived")]
    TooShort {
        /// The file's name.
        name: String,
        /// How much arrived.
        received_bytes: u64,
        /// The size that was agreed on.
        size_bytes: u64,
    },
    /// What arrived is something else. It was thrown away.
    #[error("{name}: expected content with SHA-256 {expected}, what arrived has {found}")]
    Hash {
        /// The file's name.
        name: String,
        /// The hash that was agreed on.
        expected: String,
        /// The hash of what arrived.
        found: String,
    },
    /// It is being received already.
    #[error("{name}: it is being received already")]
    Busy {
        /// The file's name.
        name: String,
    },
    /// Somebody wrote to the file while it was read.
    #[error("{}: it changed while it was read; try again when it is finished", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The record of what the folder holds makes no sense.
    #[error("{}: the record of the folder is damaged: {why}; remove this file, then propose the folder's files again", .path.display())]
    DamagedIndex {
        /// The record.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The system said no.
    #[error("{}: cannot {doing} it: {source}; {advice}", .path.display(), advice = advice(.source))]
    Io {
        /// What it was about.
        path: PathBuf,
        /// What was being done, as a verb.
        doing: &'static str,
        /// What the system said.
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

/// The error of the system about `path`.
pub(super) fn io_error(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError::Io {
        path,
        doing,
        source,
    }
}
