//! Checks that the files of a command are distinct, before it writes any of them: otherwise one output would replace
//! another, or an input.

use crate::cli::SourceArgs;
use crate::commands::support::error::CommandError;
use crate::scenario::BuiltIn;
use crate::text::terminal;
use std::fs;
use std::path::{Path, PathBuf};

/// Most symbolic links that are followed to a file that does not exist yet.
const LINKS_MAX: usize = 40;

/// A file of the command line, and the option that names it.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) struct NamedFile<'a> {
    /// The option, such as `--trace`.
    pub(in crate::commands) option: &'a str,
    /// Its argument.
    pub(in crate::commands) path: &'a Path,
}

impl<'a> NamedFile<'a> {
    /// The file that an option names, if the option is given.
    pub(in crate::commands) fn of(
        option: &'a str,
        path: Option<&'a PathBuf>,
    ) -> Option<NamedFile<'a>> {
        path.map(|path| NamedFile { option, path })
    }
}

/// The files that a run reads.
pub(in crate::commands) fn inputs(source: &SourceArgs) -> Vec<NamedFile<'_>> {
    let scenario = (BuiltIn::find(&source.scenario).is_none()).then_some(NamedFile {
        option: "--scenario",
        path: Path::new(&source.scenario),
    });
    let files = [
        scenario,
        NamedFile::of("--network", source.network.as_ref()),
        NamedFile::of("--organizations", source.organizations.as_ref()),
        NamedFile::of("--replay", source.replay.as_ref()),
    ];
    files.into_iter().flatten().collect()
}

/// Checks that no output is an input or another output, not even under another name or through a link.
///
/// # Errors
/// If two of them are the same file.
pub(in crate::commands) fn check_distinct(
    inputs: &[NamedFile<'_>],
    outputs: &[NamedFile<'_>],
) -> Result<(), CommandError> {
    for (nth, output) in outputs.iter().enumerate() {
        let path = output.path.display().to_string();
        let is_same = |other: &&NamedFile<'_>| is_same_file(output.path, other.path);
        if let Some(input) = inputs.iter().find(is_same) {
            let text = terminal::output_is_input(output.option, &path, input.option);
            return Err(CommandError::Input(text));
        }
        if let Some(other) = outputs[..nth].iter().find(is_same) {
            let text = terminal::outputs_are_same(other.option, output.option, &path);
            return Err(CommandError::Input(text));
        }
    }
    Ok(())
}

/// Whether two paths lead to the same file, which may not exist yet.
pub(in crate::commands) fn is_same_file(one: &Path, other: &Path) -> bool {
    let same_path = || real_path(one, LINKS_MAX) == real_path(other, LINKS_MAX);
    have_same_inode(one, other) || same_path()
}

/// Whether both paths lead to one existing file, possibly by hard links.
#[cfg(unix)]
fn have_same_inode(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |path: &Path| {
        fs::metadata(path)
            .map(|about| (about.dev(), about.ino()))
            .ok()
    };
    let one = inode(one);
    one.is_some() && one == inode(other)
}

#[cfg(not(unix))]
fn have_same_inode(_: &Path, _: &Path) -> bool {
    false
}

/// The path without links, `.` and `..`; the last part need not exist.
fn real_path(path: &Path, links_max: usize) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::read_link(path) {
        // The link leads to a file that does not exist yet.
        Ok(target) if links_max > 0 => real_path(&folder.join(target), links_max - 1),
        _ => {
            let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            folder.join(path.file_name().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_recognised_under_other_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(is_same_file(&at("new"), &at("./new")));
        fs::create_dir(at("inner")).unwrap();
        assert!(is_same_file(&at("new"), &at("inner/../new")));
        assert!(!is_same_file(&at("new"), &at("inner/new")));
        assert!(is_same_file(Path::new("new"), Path::new("./new")));
        fs::write(at("old"), "").unwrap();
        assert!(is_same_file(&at("old"), &at("inner/../old")));
        assert!(!is_same_file(&at("old"), &at("new")));
    }

    #[cfg(unix)]
    #[test]
    fn the_same_file_is_recognised_through_links() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("new", at("link")).unwrap();
        symlink("link", at("second")).unwrap();
        assert!(is_same_file(&at("second"), &at("new")));
        symlink("loop", at("loop")).unwrap();
        assert!(!is_same_file(&at("loop"), &at("new")));
        symlink(folder.path(), at("folder")).unwrap();
        assert!(is_same_file(&at("folder/new"), &at("new")));
        fs::write(at("old"), "").unwrap();
        fs::hard_link(at("old"), at("hard")).unwrap();
        assert!(is_same_file(&at("hard"), &at("old")));
    }
}
