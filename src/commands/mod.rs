//! One file per subcommand. They compose everything else, and are the only place besides the frame loop that reads
//! the wall clock.

#[cfg(feature = "window")]
mod bench;
#[cfg(feature = "window")]
pub mod bench_frame;
pub mod bench_scp;
#[cfg(feature = "net")]
mod cluster;
pub mod conformance;
mod cpu;
mod error;
mod figure;
mod intersection;
#[cfg(all(feature = "net", feature = "window"))]
mod live;
mod load;
mod merge;
#[cfg(feature = "net")]
mod node;
mod progress;
#[cfg(feature = "net")]
mod propose;
#[cfg(feature = "window")]
mod recorded;
mod run;
mod say;
mod scenarios;
mod summary;
mod trace_file;
#[cfg(feature = "window")]
mod window;
mod write;

pub use error::CommandError;

use crate::cli::{Bench, Cli, Command, ConformanceArgs, RunArgs, WindowArgs};
use std::process::ExitCode;

/// Does what the command line asks for.
///
/// # Errors
/// Bad arguments or input; nothing half-written is left.
pub fn dispatch(cli: &Cli) -> Result<ExitCode, CommandError> {
    match &cli.command {
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Merge(args)) => merge::run(args),
        Some(Command::Scenarios) => Ok(scenarios::list()),
        Some(Command::Conformance(args)) => conformance(args),
        #[cfg(feature = "net")]
        Some(Command::Node(args)) => node::run(args),
        #[cfg(feature = "net")]
        Some(Command::Cluster(args)) => cluster::run(args),
        #[cfg(feature = "net")]
        Some(Command::Propose(args)) => propose::run(args),
        #[cfg(feature = "window")]
        Some(Command::Bench(Bench::Frame(args))) => bench::frame(args),
        Some(Command::Bench(Bench::Scp(args))) => bench_scp::bench(args),
        #[cfg(feature = "window")]
        None => window::run(&cli.window),
        #[cfg(not(feature = "window"))]
        None => run_in_terminal(&cli.window, "this program was built without the window"),
    }
}

/// Says in one line why there is no window, and does what `run` does.
fn run_in_terminal(args: &WindowArgs, why: &str) -> Result<ExitCode, CommandError> {
    eprintln!("quorumscope: {why}; running in the terminal, as `quorumscope run` does");
    run::run(&RunArgs::from(args))
}

fn conformance(args: &ConformanceArgs) -> Result<ExitCode, CommandError> {
    let report = conformance::check_dir(&args.dir)
        .map_err(|error| CommandError::Input(format!("{error:#}")))?;
    say::say(&match args.json {
        true => report.to_json(),
        false => report.to_string(),
    });
    if args.json {
        for (file, mismatch) in &report.mismatches {
            eprintln!("{}: {mismatch}", file.display());
        }
    }
    Ok(if report.is_conforming() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(error::VIOLATED)
    })
}
