//! Subcommands, one file or folder each; shared helpers are in `support`.
//!
//! Commands compose all other modules. Besides the frame loop and `live`, they are the only code that reads the wall
//! clock.

#[cfg(feature = "window")]
mod bench_frame;
pub mod bench_scp;
#[cfg(feature = "net")]
mod cluster;
pub mod conformance;
mod explain;
mod merge;
#[cfg(feature = "net")]
mod node;
#[cfg(feature = "net")]
mod propose;
mod run;
mod scenarios;
mod support;
#[cfg(feature = "net")]
mod trust;
#[cfg(feature = "window")]
mod window;

pub use support::error::CommandError;

use crate::cli::{Bench, Cli, Command, ConformanceArgs, RunArgs, WindowArgs};
#[cfg(not(feature = "window"))]
use crate::text;
use std::process::ExitCode;

/// Executes the subcommand.
///
/// # Errors
/// If arguments or input are bad, or the command fails. No partial file remains.
pub fn dispatch(cli: &Cli) -> Result<ExitCode, CommandError> {
    match &cli.command {
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Explain(args)) => explain::run(args),
        Some(Command::Merge(args)) => merge::run(args),
        Some(Command::Scenarios) => scenarios::list(),
        Some(Command::Conformance(args)) => conformance(args),
        #[cfg(feature = "net")]
        Some(Command::Node(args)) => node::run(args),
        #[cfg(feature = "net")]
        Some(Command::Cluster(args)) => cluster::run(args),
        #[cfg(feature = "net")]
        Some(Command::Propose(args)) => propose::run(args),
        #[cfg(feature = "net")]
        Some(Command::Trust(args)) => trust::run(args),
        #[cfg(feature = "window")]
        Some(Command::Bench(Bench::Frame(args))) => bench_frame::run(args),
        Some(Command::Bench(Bench::Scp(args))) => bench_scp::bench(args),
        #[cfg(feature = "window")]
        None => window::run(&cli.window),
        #[cfg(not(feature = "window"))]
        None => run_in_terminal(&cli.window, text::terminal::no_window_support_run()),
    }
}

/// Prints what clap has formatted: the help, the version, or the error of bad arguments.
///
/// # Errors
/// If standard output cannot be written.
pub fn print_usage(usage: &clap::Error) -> Result<ExitCode, CommandError> {
    let printed = usage.print();
    if !usage.use_stderr() {
        support::stdout::check_written(printed)?;
    }
    let code = u8::try_from(usage.exit_code());
    Ok(ExitCode::from(
        code.unwrap_or(support::error::EXIT_BAD_INPUT),
    ))
}

/// Fallback without a window: prints the reason and executes `run`.
fn run_in_terminal(args: &WindowArgs, reason: &str) -> Result<ExitCode, CommandError> {
    eprintln!("quorumscope: {reason}");
    run::run(&RunArgs::from(args))
}

fn conformance(args: &ConformanceArgs) -> Result<ExitCode, CommandError> {
    let report = conformance::check_dir(&args.dir)
        .map_err(|error| CommandError::Input(format!("{error:#}")))?;
    support::stdout::print_line(&match args.json {
        true => report.to_json(),
        false => report.to_string(),
    })?;
    if args.json {
        for (file, mismatch) in &report.mismatches {
            eprintln!("{}: {mismatch}", file.display());
        }
    }
    Ok(if report.is_conforming() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(support::error::EXIT_VIOLATED)
    })
}
