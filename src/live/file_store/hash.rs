//! SHA-256 of files, read in chunks.

use super::error::{FilesError, io_error};
use super::index::IndexEntry;
use crate::node::FileInfo;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Chunk size in bytes.
const PIECE_BYTES: usize = 1 << 16;

/// A finished hash as 64 lower-case hexadecimal digits.
pub(super) fn digits(hash: Sha256) -> String {
    use std::fmt::Write;
    let mut digits = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Hashes all of `from`; returns its size in bytes.
pub(super) fn read_into(hash: &mut Sha256, from: &mut impl Read) -> io::Result<u64> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut size_bytes = 0;
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(size_bytes),
            Ok(n) => {
                hash.update(&piece[..n]);
                size_bytes += n as u64;
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
}

/// What the plain file at `path` is; links are not followed.
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
    // A file that grows all the time would never end.
    let size_bytes = read_into(&mut hash, &mut (&mut file).take(before.len() + 1))
        .map_err(io_error(path, "read"))?;
    let info = FileInfo {
        name: name.to_owned(),
        size_bytes,
        sha256: digits(hash),
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
