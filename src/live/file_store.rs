//! Content-addressed file store: finds files by SHA-256 and keeps them in a folder under their proposed names.
//!
//! A file is written into `.parts`, its hash is verified, and then it is linked under its name. Therefore no partial or
//! wrong file has a name, no existing file is overwritten, and no name leads out of the folder. After a crash, partial
//! uploads are removed and partial downloads are resumed.

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

/// Folder of partial files and of the index.
const PARTS: &str = ".parts";
/// Name of the lock file, by which only one process at a time uses the folder.
const LOCK: &str = "lock";
/// Prefix of partial uploads, whose hash is unknown until they are complete.
const UPLOAD: &str = "upload-";

/// The files of a node. Clones share one store; it is thread-safe.
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

/// The files that a node holds. A host needs nothing else from a file store.
pub(super) trait HeldFiles: Send {
    /// Whether the complete file with this hash is stored.
    fn is_held(&self, sha256: &str) -> bool;
}

/// A complete file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its description, with the requested name. The name on the disk may differ.
    pub file: FileInfo,
    /// Its path.
    pub path: PathBuf,
}

/// The start of a download.
#[derive(Debug)]
pub enum BeginReceive {
    /// The file is stored already.
    AlreadyStored(StoredFile),
    /// The file has to be received from byte [`PartialFile::received_bytes`] on.
    Partial(PartialFile),
}

impl FileStore {
    /// Opens the folder `dir`, and creates it if it is missing. Files are limited to `size_max_bytes`.
    ///
    /// Files whose modification time differs from the index are hashed again, which takes a while for large files.
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
        // A symbolic link would lead out of the folder.
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

    /// Path of the folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.shared.dir
    }

    /// Size limit of a file in bytes.
    #[must_use]
    pub fn size_max_bytes(&self) -> u64 {
        self.shared.size_max_bytes
    }

    /// The files in the index, ordered by hash.
    #[must_use]
    pub fn list(&self) -> Vec<FileInfo> {
        self.shared.index().files()
    }

    /// Names of plain files in the folder that are not in the index and can be proposed, ascending.
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

    /// Finds a file by its hash. `None` if it is not stored, or has been changed or removed.
    ///
    /// A file whose modification time differs from the index is hashed again, which takes a while if it is large.
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

    /// Describes a file in the folder, so that it can be proposed, and adds it to the index. Reads the whole file.
    ///
    /// # Errors
    /// If there is no such plain file, if its name cannot be proposed, or if it is too large or cannot be read.
    pub fn describe(&self, name: &str) -> Result<FileInfo, FilesError> {
        if !names::can_be_proposed(name) {
            let name = name.to_owned();
            return Err(FilesError::Name { name });
        }
        let path = self.shared.dir.join(name);
        let described = index::describe(&path, name, self.shared.size_max_bytes)?;
        let file = described.file.clone();
        let mut index = self.shared.index();
        if !index.holds_elsewhere(&self.shared.dir, &described) {
            index.insert(described);
            index.write(&self.shared.parts)?;
        }
        Ok(file)
    }

    /// Starts or resumes a download of a file whose size and hash are known. A partial file is read again for its hash.
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

    /// Starts an upload, of which only the name is known. An incomplete upload is removed when it is dropped.
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

impl HeldFiles for FileStore {
    fn is_held(&self, sha256: &str) -> bool {
        self.find(sha256).is_some()
    }
}

impl FileStoreShared {
    fn index(&self) -> MutexGuard<'_, FileIndex> {
        // A panic of another thread cannot leave the index inconsistent.
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

    /// Gives the complete and verified file at `part` its name.
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
            // Existing files of any kind are not overwritten.
            if index.is_taken(&name) || fs::symlink_metadata(&path).is_ok() {
                continue;
            }
            // The index is written first. A crash may then leave an entry without a file, which is removed at the next
            // start, but never a file without an entry.
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

/// Moves `part` to `path`. Fails if `path` exists.
fn place(part: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(part, path) {
        Ok(()) => fs::remove_file(part),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Err(why),
        // The file system has no hard links (such as FAT).
        Err(_) if fs::symlink_metadata(path).is_err() => fs::rename(part, path),
        Err(why) => Err(why),
    }
}

/// Removes partial uploads, temporary files, and partial files of stored files.
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
