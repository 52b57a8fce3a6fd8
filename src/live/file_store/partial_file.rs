//! `PartialFile`: a file on its way in. Its hash is computed as it arrives.

use super::error::{FilesError, io_error};
use super::hash;
use super::{FileStoreShared, StoredFile};
use crate::node::FileInfo;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A part on the disk, positioned at its end.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    file: File,
    hash: Sha256,
    received_bytes: u64,
}

impl PartFile {
    /// A new part; nothing may be at `path`.
    pub(super) fn create(path: &Path) -> Result<PartFile, FilesError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(io_error(path, "create"))?;
        Ok(PartFile {
            path: path.to_owned(),
            file,
            hash: Sha256::new(),
            received_bytes: 0,
        })
    }

    /// The part at `path` with what it holds, or a new one. One with more than `size_bytes` is none of this file.
    pub(super) fn resume(path: &Path, size_bytes: u64) -> Result<PartFile, FilesError> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() && metadata.len() <= size_bytes => {}
            Ok(metadata) if metadata.is_dir() => {
                return Err(FilesError::NotAFile {
                    path: path.to_owned(),
                });
            }
            Ok(_) => {
                fs::remove_file(path).map_err(io_error(path, "remove"))?;
                return PartFile::create(path);
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => return PartFile::create(path),
            Err(why) => return Err(io_error(path, "read")(why)),
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(io_error(path, "open"))?;
        let mut hash = Sha256::new();
        let received_bytes =
            hash::read_into(&mut hash, &mut file).map_err(io_error(path, "read"))?;
        Ok(PartFile {
            path: path.to_owned(),
            file,
            hash,
            received_bytes,
        })
    }
}

/// What is known about a file before it is whole.
#[derive(Clone, Debug)]
enum Expected {
    All(FileInfo),
    Name(String),
}

/// A file on its way in.
///
/// Dropped before [`PartialFile::finish`], a file of which everything is known is kept as far as it is, to go on with later;
/// one of which only the name is known is removed.
#[derive(Debug)]
pub struct PartialFile {
    shared: Arc<FileStoreShared>,
    expected: Expected,
    opened: PartFile,
    /// False once its content has a name, or nothing is left of it.
    is_there: bool,
}

impl PartialFile {
    pub(super) fn wanted(
        shared: Arc<FileStoreShared>,
        wanted: FileInfo,
        opened: PartFile,
    ) -> PartialFile {
        PartialFile {
            shared,
            expected: Expected::All(wanted),
            opened,
            is_there: true,
        }
    }

    pub(super) fn upload(
        shared: Arc<FileStoreShared>,
        name: String,
        opened: PartFile,
    ) -> PartialFile {
        PartialFile {
            shared,
            expected: Expected::Name(name),
            opened,
            is_there: true,
        }
    }

    /// How many bytes are here.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.opened.received_bytes
    }

    fn name(&self) -> &str {
        match &self.expected {
            Expected::All(file) => &file.name,
            Expected::Name(name) => name,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// If they are more than the file has or this node takes, or if the disk is full: none of them is taken then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        let received_bytes = self.opened.received_bytes + bytes.len() as u64;
        match &self.expected {
            Expected::All(file) if received_bytes > file.size_bytes => {
                return Err(FilesError::TooLong {
                    name: file.name.clone(),
                    size_bytes: file.size_bytes,
                });
            }
            Expected::All(_) => {}
            Expected::Name(name) => self.shared.check_size(name, received_bytes)?,
        }
        if let Err(why) = self.opened.file.write_all(bytes) {
            // Some of them may be there: cut off, so that hash and file stay the same.
            self.cut(self.opened.received_bytes)?;
            return Err(io_error(&self.opened.path, "write")(why));
        }
        self.opened.hash.update(bytes);
        self.opened.received_bytes = received_bytes;
        Ok(())
    }

    fn cut(&mut self, size_bytes: u64) -> Result<(), FilesError> {
        let file = &mut self.opened.file;
        file.set_len(size_bytes)
            .and_then(|()| file.seek(SeekFrom::Start(size_bytes)))
            .map(|_| ())
            .map_err(io_error(&self.opened.path, "write"))
    }

    /// Begins again from the first byte.
    ///
    /// # Errors
    /// If the disk does not let it.
    pub fn restart(&mut self) -> Result<(), FilesError> {
        self.cut(0)?;
        self.opened.hash = Sha256::new();
        self.opened.received_bytes = 0;
        Ok(())
    }

    /// Checks the file, makes it survive a loss of power, and gives it a name of its own.
    ///
    /// # Errors
    /// If it is not whole (what is here is kept if everything is known about the file), if it is something else (it is
    /// thrown away), or if the disk does not let it.
    pub fn finish(mut self) -> Result<StoredFile, FilesError> {
        let received_bytes = self.opened.received_bytes;
        let found = hash::digits(self.opened.hash.clone());
        let file = match &self.expected {
            Expected::Name(name) => FileInfo {
                name: name.clone(),
                size_bytes: received_bytes,
                sha256: found,
            },
            Expected::All(file) if received_bytes < file.size_bytes => {
                return Err(FilesError::TooShort {
                    name: file.name.clone(),
                    received_bytes,
                    size_bytes: file.size_bytes,
                });
            }
            Expected::All(file) if found == file.sha256 => file.clone(),
            Expected::All(file) => {
                let (name, expected) = (file.name.clone(), file.sha256.clone());
                self.remove()?;
                return Err(FilesError::Hash {
                    name,
                    expected,
                    found,
                });
            }
        };
        self.opened
            .file
            .sync_all()
            .map_err(io_error(&self.opened.path, "write"))?;
        let stored = self.shared.adopt(&self.opened.path, file)?;
        self.is_there = false;
        Ok(stored)
    }

    /// Throws away what is here.
    ///
    /// # Errors
    /// If the disk does not let it.
    pub fn discard(mut self) -> Result<(), FilesError> {
        self.remove()
    }

    fn remove(&mut self) -> Result<(), FilesError> {
        fs::remove_file(&self.opened.path).map_err(io_error(&self.opened.path, "remove"))?;
        self.is_there = false;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        match &self.expected {
            Expected::All(file) => {
                if self.is_there && self.opened.received_bytes == 0 {
                    // Nothing to go on with; if it stays it does no harm.
                    let _ = fs::remove_file(&self.opened.path);
                }
                self.shared.index().receiving.remove(&file.sha256);
            }
            Expected::Name(_) if self.is_there => {
                tracing::debug!(name = self.name(), "an upload that did not end is removed");
                // What cannot be removed now is removed when the store is opened the next time.
                let _ = fs::remove_file(&self.opened.path);
            }
            Expected::Name(_) => {}
        }
    }
}
