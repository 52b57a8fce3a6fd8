//! Module maps: the tables `| module | contents |` at the top of files that declare modules.

use super::source::Source;
use std::collections::BTreeSet;

/// A file with more modules than this must have a map.
const UNMAPPED_MAX: usize = 12;

/// Files with many modules whose documentation states where to find what in another way.
const EXEMPT: &[(&str, &str)] = &[("commands/mod.rs", "a module per subcommand")];

/// Modules that a map lists but its file does not declare, and the other way round.
pub(super) fn differences(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<String> {
    let path = &source.path;
    let Some(listed) = listed(&source.text) else {
        let is_exempt = EXEMPT.iter().any(|(file, _)| file == path);
        let needs_map = source.declared.len() > UNMAPPED_MAX && !is_exempt;
        return needs_map
            .then(|| format!("{path}: has no table `| module | contents |`"))
            .into_iter()
            .collect();
    };
    let absent = listed.difference(&source.declared);
    let absent = absent.map(|name| format!("{path}: lists `{name}`, which it does not declare"));
    let missing = source.declared.difference(&listed);
    let missing = missing.map(|name| format!("{path}: does not list `{name}`"));
    absent.chain(missing).collect()
}

/// The names in backquotes in the first column of the map.
fn listed(text: &str) -> Option<BTreeSet<String>> {
    let docs = text.lines().map_while(|line| line.strip_prefix("//!"));
    let mut rows = docs.skip_while(|line| !line.starts_with(" | module | contents |"));
    rows.next()?;
    let rows = rows.take_while(|line| line.starts_with(" |"));
    let columns = rows.filter_map(|row| row.split('|').nth(1));
    let names = columns.flat_map(|column| column.split('`').skip(1).step_by(2));
    Some(names.map(str::to_owned).collect())
}

#[test]
fn maps_are_read_from_the_documentation_of_a_file() {
    let text = "//! Title.\n//!\n//! | module | contents |\n//! |---|---|\n\
        //! | `a`, [`b`](mod@b) | see `c` |\n//!\n//! `d`\n\nmod a;\n";
    let names: Vec<String> = listed(text).unwrap().into_iter().collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(listed("//! Title.\n"), None);
}
