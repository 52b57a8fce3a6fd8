//! Errors of commands and the exit codes of the program.

use std::path::PathBuf;
use std::process::ExitCode;

/// Two nodes decided differently.
pub(in crate::commands) const EXIT_VIOLATED: u8 = 1;
/// Bad arguments or bad input, or an output that cannot be written.
pub(in crate::commands) const EXIT_BAD_INPUT: u8 = 2;
/// No decision within the time limit.
pub(in crate::commands) const EXIT_NO_PROGRESS: u8 = 3;
/// The node failed while it ran (`EX_SOFTWARE` of sysexits.h).
pub(in crate::commands) const EXIT_NODE_FAILED: u8 = 70;
/// The run was interrupted; shells use the same code for SIGINT.
pub(in crate::commands) const EXIT_INTERRUPTED: i32 = 130;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// A bad argument, or a file with bad content.
    #[error("{0}")]
    Input(String),
    /// An output file cannot be written.
    #[error("{path}: cannot write: {why}; choose a path in a folder that exists and is writable", path = path.display())]
    Write {
        /// The output file.
        path: PathBuf,
        /// The operating system's message.
        why: String,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Stdout(String),
    /// The window cannot be opened.
    #[error("{0}")]
    Window(String),
    /// The node failed while it ran: its thread has ended.
    #[error("{0}")]
    NodeFailed(String),
}

impl CommandError {
    /// The exit code of this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            CommandError::NodeFailed(_) => EXIT_NODE_FAILED,
            CommandError::Input(_)
            | CommandError::Write { .. }
            | CommandError::Stdout(_)
            | CommandError::Window(_) => EXIT_BAD_INPUT,
        })
    }
}
