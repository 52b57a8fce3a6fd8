//! Atomic file writes: a temporary file beside the target, then a rename.

use crate::commands::support::error::CommandError;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path` atomically.
///
/// # Errors
/// If the folder is missing or read-only, or the disk is full. No partial file remains.
pub(in crate::commands) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let temporary = temporary(path);
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|why| {
            // Best effort: the first error is the one to report.
            let _ = fs::remove_file(&temporary);
            CommandError::Write {
                path: path.to_owned(),
                why: why.to_string(),
            }
        })
}

/// Checks that `path` can be written. Call it before the work that produces the content.
///
/// # Errors
/// The same as [`write_atomically`].
pub(in crate::commands) fn check_writable(path: &Path) -> Result<(), CommandError> {
    let refuse = |why: String| CommandError::Write {
        path: path.to_owned(),
        why,
    };
    if path.is_dir() {
        return Err(refuse(ErrorKind::IsADirectory.to_string()));
    }
    let temporary = temporary(path);
    fs::write(&temporary, [])
        .and_then(|()| fs::remove_file(&temporary))
        .map_err(|why| refuse(why.to_string()))
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atomic_write_leaves_no_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        check_writable(&path).unwrap();
        assert!(!path.exists());
        write_atomically(&path, b"all of it").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"all of it");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("missing/a.svg");
        assert!(check_writable(&nowhere).is_err());
        let error = write_atomically(&nowhere, b"x").unwrap_err().to_string();
        assert!(
            error.contains("missing/a.svg") && error.contains("folder"),
            "{error}"
        );
        assert!(write_atomically(folder.path(), b"x").is_err());
    }
}
