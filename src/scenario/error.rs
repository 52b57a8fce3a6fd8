//! Errors in input files: file, line and column, what was expected, and the remedy.

use std::fmt;
use std::ops::Range;

/// Most nodes that a scenario may have.
pub const NODES_MAX: usize = 10_000;

/// An error in a scenario file, a node list or an option.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InputError {
    /// The file, or the option.
    pub source_name: String,
    /// Line and column, both from 1, if known.
    pub at: Option<(usize, usize)>,
    /// What is wrong and what was expected, without a full stop.
    pub problem: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

impl fmt::Display for InputError {
    /// `FILE, line 3, column 7: unknown node "v9" in ..., expected one of ... Correct the name, or ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source_name)?;
        if let Some((line, column)) = self.at {
            write!(f, ", line {line}, column {column}")?;
        }
        write!(f, ": {}. {}", self.problem, self.remedy)
    }
}

/// A text and its name, for errors with positions in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceText<'a> {
    pub(super) name: &'a str,
    pub(super) content: &'a str,
}

impl SourceText<'_> {
    /// An error at a byte range of the text, or about the whole text.
    pub(super) fn error(
        self,
        span: Option<Range<usize>>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> InputError {
        InputError {
            source_name: self.name.to_owned(),
            at: span.map(|span| self.line_and_column(span.start)),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    fn line_and_column(self, byte: usize) -> (usize, usize) {
        let mut byte = byte.min(self.content.len());
        while !self.content.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &self.content[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// A parser's message with names of Rust types replaced by words.
pub(super) fn in_words(message: &str) -> String {
    let types = [
        ("f64", "a number"),
        ("i64", "a whole number"),
        ("u64", "a whole number, not negative"),
        ("u32", "a whole number, not negative"),
        ("usize", "a whole number, not negative"),
        ("a sequence", "a list"),
        ("sequence", "list"),
        ("struct NodeEntry", "a node"),
        ("struct QuorumSetEntry", "a quorum set"),
        ("struct OrganizationEntry", "an organisation"),
        ("struct RandomFormat", "a table"),
        ("struct NodeFormat", "a table"),
        ("struct QuorumSetFormat", "a quorum set"),
        ("struct EventFormat", "a table"),
        ("struct LinkFormat", "a table"),
        ("struct AreaFormat", "a table"),
        ("struct RadioFormat", "a table"),
        ("struct MediumFormat", "a table"),
        ("struct TimingFormat", "a table"),
        ("struct TrustFormat", "a table"),
        ("struct FileInfo", "a table"),
        ("a tuple of size 2", "two numbers"),
    ];
    types
        .iter()
        .fold(message.trim().replace('\n', ", "), |text, (name, words)| {
            text.replace(&format!("expected {name}"), &format!("expected {words}"))
                .replace(&format!("type: {name}"), &format!("type: {words}"))
        })
}

/// A readable list: `a, b, c`, shortened after ten.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut text = names.by_ref().take(10).collect::<Vec<_>>().join(", ");
    let rest = names.count();
    if rest > 0 {
        text.push_str(&format!(" and {rest} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = SourceText {
            name: "a.toml",
            content: "x = 1\n\u{e9}\u{e9} = y",
        };
        let place = |byte: usize| text.error(Some(byte..byte), "p", "R.").at.unwrap();
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(6), (2, 1));
        assert_eq!(place(10), (2, 3));
        assert_eq!(place(999), (2, 7));
        let error = text.error(Some(6..7), "expected a number", "Write one.");
        assert_eq!(
            error.to_string(),
            "a.toml, line 2, column 1: expected a number. Write one."
        );
    }

    #[test]
    fn long_lists_are_shortened() {
        assert_eq!(listed(["a", "b"]), "a, b");
        assert_eq!(listed(["a"; 12]), "a, a, a, a, a, a, a, a, a, a and 2 more");
    }
}
