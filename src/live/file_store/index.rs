//! Index of the folder: the name of the file with each content hash.
//!
//! The index is written to a temporary file and renamed. It is a cache of the folder: entries of files that are gone or
//! have changed are removed.

use super::super::folder_lock::sync_folder;
use super::error::{FilesError, io_error};
use super::hash;
use crate::node::{Content, FileInfo, is_well_formed};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Component, Path};
use std::time::UNIX_EPOCH;

/// Name of the index in the folder of partial files.
const FILE: &str = "index.json";
/// Name of the index while it is written.
pub(super) const FILE_NEW: &str = "index.json.new";
/// Format version of the index.
const VERSION: u32 = 1;

/// One stored file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndexEntry {
    /// Its description.
    pub(super) file: FileInfo,
    /// Its name in the folder.
    pub(super) stored_as: String,
    /// Time of its last modification in the file system: Unix time in nanoseconds.
    modified_ns: u64,
}

impl IndexEntry {
    pub(super) fn new(file: FileInfo, stored_as: String, metadata: &Metadata) -> IndexEntry {
        IndexEntry {
            file,
            stored_as,
            modified_ns: modified_ns(metadata),
        }
    }

    /// Whether size and modification time are unchanged.
    pub(super) fn is_of(&self, metadata: &Metadata) -> bool {
        metadata.is_file()
            && metadata.len() == self.file.size_bytes
            && modified_ns(metadata) == self.modified_ns
    }

    pub(super) fn is_untouched(&self, dir: &Path) -> bool {
        fs::symlink_metadata(dir.join(&self.stored_as)).is_ok_and(|metadata| self.is_of(&metadata))
    }

    /// The entry with its present modification time; `None` if the content has changed or is gone.
    pub(super) fn check(&self, dir: &Path) -> Option<IndexEntry> {
        if self.is_untouched(dir) {
            return Some(self.clone());
        }
        let path = dir.join(&self.stored_as);
        let now = describe(&path, &self.file.name, self.file.size_bytes).ok()?;
        (now.file == self.file).then(|| IndexEntry {
            modified_ns: now.modified_ns,
            ..self.clone()
        })
    }
}

/// Describes the plain file at `path`: reads and hashes all of it. Links are not followed.
pub(super) fn describe(
    path: &Path,
    name: &str,
    size_max_bytes: u64,
) -> Result<IndexEntry, FilesError> {
    let before = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => {
            return Err(FilesError::NotAFile {
                path: path.to_owned(),
            });
        }
        Err(why) => return Err(io_error(path, "read")(why)),
    };
    if before.len() > size_max_bytes {
        return Err(FilesError::TooLarge {
            name: name.to_owned(),
            size_max_bytes,
        });
    }
    let mut file = File::open(path).map_err(io_error(path, "read"))?;
    let mut hash = Sha256::new();
    // A growing file must not be read indefinitely.
    let size_bytes = hash::read_into(
        &mut hash,
        &mut (&mut file).take(before.len().saturating_add(1)),
    )
    .map_err(io_error(path, "read"))?;
    let info = FileInfo {
        name: name.to_owned(),
        size_bytes,
        sha256: hash::digits(hash),
    };
    let entry = IndexEntry::new(info, name.to_owned(), &before);
    let after = file.metadata().map_err(io_error(path, "read"))?;
    if size_bytes != before.len() || !entry.is_of(&after) {
        return Err(FilesError::Changed {
            path: path.to_owned(),
        });
    }
    Ok(entry)
}

fn modified_ns(metadata: &Metadata) -> u64 {
    // Some file systems have no modification times. For them, only the size is compared.
    metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexFile {
    version: u32,
    files: Vec<IndexEntry>,
}

/// The entries, and the files that are being received.
#[derive(Debug, Default)]
pub(super) struct FileIndex {
    entries: BTreeMap<String, IndexEntry>,
    /// Hashes of files that are being received.
    pub(super) receiving: BTreeSet<String>,
}

impl FileIndex {
    /// Reads the index in `parts`.
    pub(super) fn read(parts: &Path) -> Result<FileIndex, FilesError> {
        let path = parts.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(FileIndex::default()),
            Err(why) => return Err(io_error(&path, "read")(why)),
        };
        let damaged = |why| FilesError::DamagedIndex { path, why };
        let written: IndexFile = match serde_json::from_slice(&bytes) {
            Ok(written) => written,
            Err(why) => return Err(damaged(why.to_string())),
        };
        if written.version != VERSION {
            return Err(damaged(format!(
                "expected version {VERSION}, found {}",
                written.version
            )));
        }
        if let Some(entry) = written.files.iter().find(|entry| !is_sound(entry)) {
            return Err(damaged(format!("{:?} is not a file name", entry.stored_as)));
        }
        let mut index = FileIndex::default();
        written
            .files
            .into_iter()
            .for_each(|entry| index.insert(entry));
        Ok(index)
    }

    /// Writes the index.
    pub(super) fn write(&self, parts: &Path) -> Result<(), FilesError> {
        let path = parts.join(FILE);
        let new = parts.join(FILE_NEW);
        let written = IndexFile {
            version: VERSION,
            files: self.entries.values().cloned().collect(),
        };
        let write = || {
            let bytes = serde_json::to_vec(&written)?;
            let mut file = File::create(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            sync_folder(parts)
        };
        write().map_err(|why| {
            // Best effort: the caller gets the first error.
            let _ = fs::remove_file(&new);
            io_error(&path, "write")(why)
        })
    }

    /// Removes entries of files that have changed or are gone.
    pub(super) fn check(&mut self, dir: &Path) {
        let entries = std::mem::take(&mut self.entries);
        for entry in entries.into_values() {
            if let Some(entry) = entry.check(dir) {
                self.insert(entry);
            }
        }
    }

    pub(super) fn files(&self) -> Vec<FileInfo> {
        let file = |entry: &IndexEntry| entry.file.clone();
        self.entries.values().map(file).collect()
    }

    pub(super) fn get(&self, sha256: &str) -> Option<IndexEntry> {
        self.entries.get(sha256).cloned()
    }

    /// Whether an entry has this name, ignoring case as some file systems do.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.entries
            .values()
            .any(|entry| entry.stored_as.to_lowercase() == name)
    }

    /// Whether the content of `described` is stored under another name.
    pub(super) fn holds_elsewhere(&self, dir: &Path, described: &IndexEntry) -> bool {
        self.entries
            .get(&described.file.sha256)
            .is_some_and(|held| held.stored_as != described.stored_as && held.is_untouched(dir))
    }

    /// Adds an entry. It replaces an entry with the same name.
    pub(super) fn insert(&mut self, entry: IndexEntry) {
        self.entries
            .retain(|_, other| other.stored_as != entry.stored_as);
        self.entries.insert(entry.file.sha256.clone(), entry);
    }

    /// Updates the modification time of an entry, unless it has been replaced meanwhile.
    pub(super) fn renew(&mut self, entry: IndexEntry) {
        if let Some(known) = self.entries.get_mut(&entry.file.sha256)
            && known.stored_as == entry.stored_as
        {
            *known = entry;
        }
    }

    pub(super) fn forget(&mut self, sha256: &str) {
        self.entries.remove(sha256);
    }

    /// Removes `entry`, unless it has been replaced meanwhile.
    pub(super) fn remove(&mut self, sha256: &str, entry: &IndexEntry) {
        if self.entries.get(sha256) == Some(entry) {
            self.forget(sha256);
        }
    }
}

/// Whether an entry is plausible: its path must not leave the folder.
fn is_sound(entry: &IndexEntry) -> bool {
    let mut components = Path::new(&entry.stored_as).components();
    let is_plain = matches!(
        (components.next(), components.next()),
        (Some(Component::Normal(_)), None)
    );
    is_plain && is_well_formed(&Content::File(entry.file.clone()))
}
