//! `quorumscope scenarios`: lists the built-in scenarios.

use crate::commands::support::error::CommandError;
use crate::commands::support::stdout::print_line;
use crate::scenario::BUILT_IN;
use std::process::ExitCode;

/// Line width of the list, in characters.
const WIDTH_CHARS: usize = 100;

/// Prints name, title and description of every built-in scenario.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn list() -> Result<ExitCode, CommandError> {
    for built_in in BUILT_IN {
        let heading = built_in.info();
        print_line(&format!("{:<12} {}", built_in.name, heading.title))?;
        for line in wrapped(&heading.description, WIDTH_CHARS - 13) {
            print_line(&format!("{:<12} {line}", ""))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Wraps text at spaces into lines of at most `width` characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    #[test]
    fn wraps_lines_at_spaces() {
        assert_eq!(super::wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(super::wrapped("", 7), Vec::<String>::new());
    }
}
