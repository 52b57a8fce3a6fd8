//! `quorumscope scenarios`: lists the built-in scenarios.

use crate::commands::support::error::CommandError;
use crate::commands::support::stdout::print_line;
use crate::scenario::BUILT_IN;
use crate::text::line_breaker::wrapped;
use std::process::ExitCode;

/// Width of the list, in columns of the terminal.
const LINE_COLUMNS: usize = 100;
/// Width of the names and the space after them.
const INDENT_COLUMNS: usize = 13;

/// Prints name, title and description of every built-in scenario.
///
/// # Errors
/// If standard output cannot be written.
pub(super) fn list() -> Result<ExitCode, CommandError> {
    for built_in in BUILT_IN {
        let heading = built_in.info();
        print_line(&format!(
            "{:INDENT_COLUMNS$}{}",
            built_in.name, heading.title
        ))?;
        for line in wrapped(&heading.description, LINE_COLUMNS - INDENT_COLUMNS) {
            print_line(&format!("{:INDENT_COLUMNS$}{line}", ""))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
