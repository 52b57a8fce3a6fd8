//! One file per subcommand. They compose everything else, and are the only place besides the frame loop that reads
//! the wall clock.

#[cfg(feature = "window")]
pub mod bench_frame;
pub mod conformance;
mod cpu;
mod error;
mod figure;
mod intersection;
mod load;
mod progress;
mod run;
mod say;
mod scenarios;
mod summary;
mod write;

pub use error::CommandError;

use crate::cli::{Cli, Command, ConformanceArgs, RunArgs};
use std::process::ExitCode;

/// Does what the command line asks for.
///
/// # Errors
/// Bad arguments or input; nothing half-written is left.
pub fn dispatch(cli: &Cli) -> Result<ExitCode, CommandError> {
    match &cli.command {
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Scenarios) => Ok(scenarios::list()),
        Some(Command::Conformance(args)) => conformance(args),
        None => {
            eprintln!(
                "quorumscope: there is no display; running in the terminal, as `quorumscope run` does"
            );
            run::run(&RunArgs::from(&cli.window))
        }
    }
}

fn conformance(args: &ConformanceArgs) -> Result<ExitCode, CommandError> {
    let report = conformance::check_dir(&args.dir)
        .map_err(|error| CommandError::Input(format!("{error:#}")))?;
    say::say(&report.to_string());
    Ok(if report.is_conforming() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(error::VIOLATED)
    })
}
