//! Standard output. A closed pipe (`| head`) is no error.

use std::io::Write;

/// Prints `text` and a line break.
pub(in crate::commands) fn print_line(text: &str) {
    // Writing fails if the reader has closed the pipe.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
