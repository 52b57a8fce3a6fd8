//! Standard output of commands. A reader that goes away early (`| head`) is no error.

use std::io::Write;

/// Prints the text and a line break.
pub(in crate::commands) fn print_line(text: &str) {
    // There is nobody left to tell if this fails.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
