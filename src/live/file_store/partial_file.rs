//! `PartialFile`: a file that is being received, written to disk and hashed as it arrives.

use super::error::{FilesError, io_error};
use super::hash;
use super::{FileStoreShared, StoredFile};
use crate::node::FileInfo;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open partial file, positioned at its end, with the hash of its content.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    file: File,
    hash: Sha256,
    received_bytes: u64,
}

impl PartFile {
    /// Creates a partial file. `path` must not exist.
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

    /// Opens the partial file at `path`, or creates one. A partial file with more than `size_bytes` is discarded.
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

/// What is known about a file before it is complete.
#[derive(Clone, Debug)]
enum ReceivedFile {
    /// A download: name, size and hash are decided.
    Download(FileInfo),
    /// An upload: only the name is known.
    Upload(String),
}

/// A file that is being received.
///
/// If it is dropped before [`PartialFile::finish`], a partial download stays for resuming, and a partial upload is removed.
#[derive(Debug)]
pub struct PartialFile {
    shared: Arc<FileStoreShared>,
    expected: ReceivedFile,
    opened: PartFile,
    /// Whether the partial file is on the disk: false once it has its final name or is removed.
    is_on_disk: bool,
}

impl PartialFile {
    pub(super) fn wanted(
        shared: Arc<FileStoreShared>,
        wanted: FileInfo,
        opened: PartFile,
    ) -> PartialFile {
        PartialFile {
            shared,
            expected: ReceivedFile::Download(wanted),
            opened,
            is_on_disk: true,
        }
    }

    pub(super) fn upload(
        shared: Arc<FileStoreShared>,
        name: String,
        opened: PartFile,
    ) -> PartialFile {
        PartialFile {
            shared,
            expected: ReceivedFile::Upload(name),
            opened,
            is_on_disk: true,
        }
    }

    /// Bytes received so far.
    #[must_use]
    pub fn received_bytes(&self) -> u64 {
        self.opened.received_bytes
    }

    fn name(&self) -> &str {
        match &self.expected {
            ReceivedFile::Download(file) => &file.name,
            ReceivedFile::Upload(name) => name,
        }
    }

    /// Appends the next bytes.
    ///
    /// # Errors
    /// If they exceed the size of the file or the limit of the node, or if the disk is full. In these cases, none of
    /// them is stored.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError> {
        let received_bytes = (self.opened.received_bytes).saturating_add(bytes.len() as u64);
        match &self.expected {
            ReceivedFile::Download(file) if received_bytes > file.size_bytes => {
                return Err(FilesError::TooLong {
                    name: file.name.clone(),
                    size_bytes: file.size_bytes,
                });
            }
            ReceivedFile::Download(_) => {}
            ReceivedFile::Upload(name) => self.shared.check_size(name, received_bytes)?,
        }
        if let Err(why) = self.opened.file.write_all(bytes) {
            // Some bytes may be written. The file is truncated, so that file and hash agree.
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

    /// Discards the content and starts at the first byte again.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn restart(&mut self) -> Result<(), FilesError> {
        self.cut(0)?;
        self.opened.hash = Sha256::new();
        self.opened.received_bytes = 0;
        Ok(())
    }

    /// Verifies the hash, makes the file durable, and gives it its name.
    ///
    /// # Errors
    /// If bytes are missing (a partial download stays for resuming), if the hash differs (the content is discarded), or if
    /// the disk fails.
    pub fn finish(mut self) -> Result<StoredFile, FilesError> {
        let received_bytes = self.opened.received_bytes;
        let found = hash::digits(self.opened.hash.clone());
        let file = match &self.expected {
            ReceivedFile::Upload(name) => FileInfo {
                name: name.clone(),
                size_bytes: received_bytes,
                sha256: found,
            },
            ReceivedFile::Download(file) if received_bytes < file.size_bytes => {
                return Err(FilesError::TooShort {
                    name: file.name.clone(),
                    received_bytes,
                    size_bytes: file.size_bytes,
                });
            }
            ReceivedFile::Download(file) if found == file.sha256 => file.clone(),
            ReceivedFile::Download(file) => {
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
        self.is_on_disk = false;
        Ok(stored)
    }

    /// Discards the partial file.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn discard(mut self) -> Result<(), FilesError> {
        self.remove()
    }

    fn remove(&mut self) -> Result<(), FilesError> {
        fs::remove_file(&self.opened.path).map_err(io_error(&self.opened.path, "remove"))?;
        self.is_on_disk = false;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        match &self.expected {
            ReceivedFile::Download(file) => {
                if self.is_on_disk && self.opened.received_bytes == 0 {
                    // An empty partial file is useless, and harmless if it stays.
                    let _ = fs::remove_file(&self.opened.path);
                }
                self.shared.index().receiving.remove(&file.sha256);
            }
            ReceivedFile::Upload(_) if self.is_on_disk => {
                tracing::debug!(name = self.name(), "an incomplete upload is removed");
                // If this fails, the file is removed when the store is opened the next time.
                let _ = fs::remove_file(&self.opened.path);
            }
            ReceivedFile::Upload(_) => {}
        }
    }
}
