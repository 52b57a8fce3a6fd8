//! Temporary files of traces that are being written: `t.jsonl.123.partial` for `t.jsonl`, with the number of the process.
//!
//! The writer holds a lock on its file. A file without a lock is left over from a process that was killed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The ending of a temporary file.
const ENDING: &str = ".partial";

/// Creates the temporary file of the trace at `path`. It replaces no existing file: in a container the number of a killed
/// process may be used again.
pub(super) fn create(path: &Path) -> io::Result<(PathBuf, File)> {
    let process = std::process::id();
    let mut nth = 1u32;
    loop {
        let number = match nth {
            1 => process.to_string(),
            _ => format!("{process}-{nth}"),
        };
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}{ENDING}"));
        let name = PathBuf::from(name);
        match File::create_new(&name) {
            Ok(file) => {
                // A file system may not support locks. Then the file is taken for a left-over one.
                drop(file.try_lock());
                return Ok((name, file));
            }
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => nth += 1,
            Err(why) => return Err(why),
        }
    }
}

/// The incomplete traces that killed runs with the trace `path` have left, ascending by name.
#[must_use]
pub fn left_over(path: &Path) -> Vec<PathBuf> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut found: Vec<PathBuf> = names
        .filter(|found| is_temporary(&found.to_string_lossy(), &name))
        .map(|found| path.with_file_name(found))
        .filter(|found| is_abandoned(found))
        .collect();
    found.sort();
    found
}

/// Whether `name` is the name of a temporary file of the trace `trace`.
fn is_temporary(name: &str, trace: &str) -> bool {
    let number = name
        .strip_prefix(trace)
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(ENDING));
    number.is_some_and(|number| {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        number.splitn(2, '-').all(is_number)
    })
}

/// Whether no process writes the file.
fn is_abandoned(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock_shared().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_without_a_writer_are_left_over() {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("t.jsonl");
        for name in [
            "t.jsonl",
            "t.jsonl.part",
            "u.jsonl.7.partial",
            "t.jsonl.x.partial",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(left_over(&trace).is_empty());
        let (first, written) = create(&trace).unwrap();
        let (second, _) = create(&trace).unwrap();
        assert_ne!(first, second);
        assert_eq!(left_over(&trace), std::slice::from_ref(&second));
        drop(written);
        assert_eq!(left_over(&trace), [second, first]);
        assert!(left_over(&folder.path().join("missing/t.jsonl")).is_empty());
    }
}
