//! Errors of commands, and the exit codes they lead to (DESIGN section 7).

use std::path::PathBuf;
use std::process::ExitCode;

/// Exit code for a run in which two nodes decided differently.
pub(in crate::commands) const EXIT_VIOLATED: u8 = 1;
/// Exit code for bad arguments and bad input.
pub(in crate::commands) const EXIT_BAD_INPUT: u8 = 2;
/// Exit code for a run that did not reach what it was asked for.
pub(in crate::commands) const EXIT_NO_PROGRESS: u8 = 3;

/// Exit code for a node that has ended by itself.
pub(in crate::commands) const EXIT_NODE_FAILED: u8 = 70;

/// Exit code for a run that was interrupted, as shells have it for the signal of Ctrl-C.
pub(in crate::commands) const EXIT_INTERRUPTED: i32 = 130;

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// An argument, or the content of a file, is not what it should be.
    #[error("{0}")]
    Input(String),
    /// A file could not be written.
    #[error("{path}: cannot write: {why}; choose a path in a folder that exists and is writable", path = path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The window failed.
    #[error("{0}")]
    Window(String),
    /// Something has ended that never should.
    #[error("{0}")]
    NodeFailed(String),
}

impl CommandError {
    /// The exit code that tells of this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            CommandError::NodeFailed(_) => EXIT_NODE_FAILED,
            CommandError::Input(_) | CommandError::Write { .. } | CommandError::Window(_) => {
                EXIT_BAD_INPUT
            }
        })
    }
}
