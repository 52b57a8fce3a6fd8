//! Standard output. A closed pipe (`| head`) is not an error; any other failure, such as a full disk, is one.

use crate::commands::support::error::CommandError;
use std::io::{self, Write};

/// Prints `text` and a line break.
///
/// # Errors
/// If standard output cannot be written, except that its reader has closed the pipe.
pub(in crate::commands) fn print_line(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    check_written(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// Converts the result of writing to standard output.
///
/// # Errors
/// As [`print_line`].
pub(in crate::commands) fn check_written(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::Stdout(error.to_string()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_pipe_is_ignored() {
        let failure = |kind: io::ErrorKind| Err(io::Error::from(kind));
        assert!(check_written(Ok(())).is_ok());
        assert!(check_written(failure(io::ErrorKind::BrokenPipe)).is_ok());
        assert!(check_written(failure(io::ErrorKind::StorageFull)).is_err());
    }
}
