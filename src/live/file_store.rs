//! `FileStore`: a folder of files that are known by their SHA-256 and lie there under the names that people gave them.
//!
//! What arrives is written beside (`.parts`), checked, and only then linked under its name: nothing half or wrong ever
//! has a name of its own, no file that was there before is touched, and no name leads out of the folder. What a crash
//! leaves is cleaned up, or continued where it can be.

mod error;
mod hash;
mod index;
mod names;
mod partial_file;
#[cfg(test)]
mod tests;

pub use error::FilesError;
pub use partial_file::PartialFile;

use super::folder_lock::{FolderLock, sync_folder};
use crate::node::{Content, FileInfo, is_well_formed};
use error::io_error;
use index::{FileIndex, IndexEntry};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is not whole yet, and what the folder holds.
const PARTS: &str = ".parts";
/// What two processes on one folder meet at.
const LOCK: &str = "lock";
/// How the names of parts begin whose hash is not known before they are whole.
const UPLOAD: &str = "upload-";

/// The files of a node. Clones are the same store; it may be used by many threads.
#[derive(Clone, Debug)]
pub struct FileStore {
    shared: Arc<FileStoreShared>,
}

#[derive(Debug)]
struct FileStoreShared {
    dir: PathBuf,
    parts: PathBuf,
    size_max_bytes: u64,
    index: Mutex<FileIndex>,
    uploads: AtomicU64,
    _lock: FolderLock,
}

/// A file that is here, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// What it is. Its name is the one that was asked for; the one on the disk may differ.
    pub file: FileInfo,
    /// Where it lies.
    pub path: PathBuf,
}

/// How receiving a wanted file begins.
#[derive(Debug)]
pub enum BeginReceive {
    /// It is here already.
    AlreadyStored(StoredFile),
    /// It is to be received, from [`PartialFile::received_bytes`] on.
    Partial(PartialFile),
}

impl FileStore {
    /// Opens the folder `dir`, and creates it if it is missing. No file in it shall have more than `size_max_bytes`.
    ///
    /// Files that were recorded before are looked at; those that have been touched since are hashed again, which takes a
    /// while if they are large.
    ///
    /// # Errors
    /// If the folder cannot be written, or another process uses it.
    pub fn open(dir: &Path, size_max_bytes: u64) -> Result<FileStore, FilesError> {
        let parts = dir.join(PARTS);
        fs::create_dir_all(dir).map_err(io_error(dir, "create"))?;
        match fs::create_dir(&parts) {
            Err(why) if why.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io_error(&parts, "create")(why));
            }
            _ => {}
        }
        // What is written there must not end up elsewhere.
        if !fs::symlink_metadata(&parts)
            .map_err(io_error(&parts, "read"))?
            .is_dir()
        {
            return Err(FilesError::NotAFolder { path: parts });
        }
        let lock =
            FolderLock::take(&parts.join(LOCK)).map_err(|why| FilesError::of_lock(dir, why))?;
        let mut index = FileIndex::read(&parts)?;
        index.check(dir);
        remove_stale(&parts, &index)?;
        let shared = FileStoreShared {
            dir: dir.to_owned(),
            parts,
            size_max_bytes,
            index: Mutex::new(index),
            uploads: AtomicU64::new(0),
            _lock: lock,
        };
        Ok(FileStore {
            shared: Arc::new(shared),
        })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.shared.dir
    }

    /// How large a file may be.
    #[must_use]
    pub fn size_max_bytes(&self) -> u64 {
        self.shared.size_max_bytes
    }

    /// The files that were received or described, by hash.
    #[must_use]
    pub fn list(&self) -> Vec<FileInfo> {
        self.shared.index().files()
    }

    /// Plain files in the folder that nobody has described yet, and that can be proposed: their names, ascending.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn scan(&self) -> Result<Vec<String>, FilesError> {
        let dir = &self.shared.dir;
        let failed = || io_error(dir, "read");
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let is_file = entry.file_type().map_err(failed())?.is_file();
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if is_file && names::can_be_proposed(&name) && !self.shared.index().is_taken(&name) {
                found.push(name);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Where the content with this hash lies, and what it is; `None` if it is not here, or not any more.
    ///
    /// A file that was touched since is hashed again, which takes a while if it is large.
    #[must_use]
    pub fn find(&self, sha256: &str) -> Option<StoredFile> {
        let entry = self.shared.index().get(sha256)?;
        let path = self.shared.dir.join(&entry.stored_as);
        let Some(entry) = entry.check(&self.shared.dir) else {
            self.shared.index().remove(sha256, &entry);
            return None;
        };
        let file = entry.file.clone();
        self.shared.index().renew(entry);
        Some(StoredFile { file, path })
    }

    /// What a file in the folder is, so that it can be proposed. It is recorded: from now on it can be found.
    ///
    /// Reads the whole file.
    ///
    /// # Errors
    /// If there is no such plain file, if its name cannot be proposed, or if it is too large or cannot be read.
    pub fn describe(&self, name: &str) -> Result<FileInfo, FilesError> {
        if !names::can_be_proposed(name) {
            let name = name.to_owned();
            return Err(FilesError::Name { name });
        }
        let path = self.shared.dir.join(name);
        let described = hash::describe(&path, name, self.shared.size_max_bytes)?;
        let file = described.file.clone();
        let mut index = self.shared.index();
        if !index.holds_elsewhere(&self.shared.dir, &described) {
            index.insert(described);
            index.write(&self.shared.parts)?;
        }
        Ok(file)
    }

    /// Begins to receive a file of which everything is known, or goes on with it: what arrived before an interruption is
    /// read again.
    ///
    /// # Errors
    /// If it is too large, is being received already, or the folder cannot be written.
    pub fn begin(&self, wanted: &FileInfo) -> Result<BeginReceive, FilesError> {
        if !is_well_formed(&Content::File(wanted.clone())) {
            let name = wanted.name.clone();
            return Err(FilesError::Name { name });
        }
        self.shared.check_size(&wanted.name, wanted.size_bytes)?;
        if let Some(StoredFile { path, .. }) = self.find(&wanted.sha256) {
            let file = wanted.clone();
            return Ok(BeginReceive::AlreadyStored(StoredFile { file, path }));
        }
        if !self.shared.index().receiving.insert(wanted.sha256.clone()) {
            let name = wanted.name.clone();
            return Err(FilesError::Busy { name });
        }
        match partial_file::PartFile::resume(
            &self.shared.parts.join(&wanted.sha256),
            wanted.size_bytes,
        ) {
            Ok(opened) => Ok(BeginReceive::Partial(PartialFile::wanted(
                Arc::clone(&self.shared),
                wanted.clone(),
                opened,
            ))),
            Err(why) => {
                self.shared.index().receiving.remove(&wanted.sha256);
                Err(why)
            }
        }
    }

    /// Begins to receive a file of which only the name is known. What is dropped before its end is removed.
    ///
    /// # Errors
    /// If the name cannot be proposed, or the folder cannot be written.
    pub fn receive(&self, name: &str) -> Result<PartialFile, FilesError> {
        if !names::can_be_proposed(name) {
            let name = name.to_owned();
            return Err(FilesError::Name { name });
        }
        let nth = self.shared.uploads.fetch_add(1, Ordering::Relaxed);
        let path = self.shared.parts.join(format!("{UPLOAD}{nth}"));
        let opened = partial_file::PartFile::create(&path)?;
        Ok(PartialFile::upload(
            Arc::clone(&self.shared),
            name.to_owned(),
            opened,
        ))
    }
}

impl FileStoreShared {
    fn index(&self) -> MutexGuard<'_, FileIndex> {
        // It is whole after every statement that changes it.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_size(&self, name: &str, size_bytes: u64) -> Result<(), FilesError> {
        if size_bytes <= self.size_max_bytes {
            return Ok(());
        }
        Err(FilesError::TooLarge {
            name: name.to_owned(),
            size_max_bytes: self.size_max_bytes,
        })
    }

    /// Gives the whole and checked content at `part` its name.
    fn adopt(&self, part: &Path, file: FileInfo) -> Result<StoredFile, FilesError> {
        let mut index = self.index();
        if let Some(held) = index.get(&file.sha256)
            && held.is_untouched(&self.dir)
        {
            fs::remove_file(part).map_err(io_error(part, "remove"))?;
            let path = self.dir.join(&held.stored_as);
            return Ok(StoredFile { file, path });
        }
        let metadata = fs::symlink_metadata(part).map_err(io_error(part, "read"))?;
        for name in names::candidates(&file.name) {
            let path = self.dir.join(&name);
            // Links and whatever else: what is there stays there.
            if index.is_taken(&name) || fs::symlink_metadata(&path).is_ok() {
                continue;
            }
            // Recorded first: a crash leaves a record of nothing, which is forgotten, never a file of which nobody knows.
            index.insert(IndexEntry::new(file.clone(), name, &metadata));
            let placed = index
                .write(&self.parts)
                .and_then(|()| place(part, &path).map_err(io_error(&path, "write")));
            match placed {
                Ok(()) => {
                    sync_folder(&self.dir).map_err(io_error(&self.dir, "write"))?;
                    return Ok(StoredFile { file, path });
                }
                Err(why) => {
                    index.forget(&file.sha256);
                    let is_taken = matches!(&why, FilesError::Io { source, .. } if source.kind() == io::ErrorKind::AlreadyExists);
                    if !is_taken {
                        return Err(why);
                    }
                }
            }
        }
        Err(FilesError::NoName { name: file.name })
    }
}

/// Moves `part` to `path`, where nothing may be.
fn place(part: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(part, path) {
        Ok(()) => fs::remove_file(part),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Err(why),
        // File systems without links, such as FAT.
        Err(_) if fs::symlink_metadata(path).is_err() => fs::rename(part, path),
        Err(why) => Err(why),
    }
}

/// Removes what uploads and a crash have left, and parts of what is here.
fn remove_stale(parts: &Path, index: &FileIndex) -> Result<(), FilesError> {
    let failed = || io_error(parts, "clean");
    for entry in fs::read_dir(parts).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(UPLOAD) || name == index::FILE_NEW || index.get(&name).is_some() {
            fs::remove_file(entry.path()).map_err(io_error(&entry.path(), "remove"))?;
        }
    }
    Ok(())
}
