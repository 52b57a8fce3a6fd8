//! SHA-256 of files, read in chunks.

use sha2::{Digest, Sha256};
use std::io::{self, Read};

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
    let mut size_bytes = 0_u64;
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(size_bytes),
            Ok(n) => {
                hash.update(piece.get(..n).unwrap_or_default());
                size_bytes = size_bytes.saturating_add(n as u64);
            }
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
}
