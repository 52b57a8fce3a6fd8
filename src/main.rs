//! The `quorumscope` program: parses the arguments, runs the command and returns its exit code.

use clap::Parser;
use quorumscope::cli::Cli;
use quorumscope::commands::{dispatch, print_usage};
use std::process::ExitCode;

fn main() -> ExitCode {
    let ended = match Cli::try_parse() {
        Ok(cli) => dispatch(&cli),
        Err(usage) => print_usage(&usage),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("quorumscope: {error}");
        error.exit_code()
    })
}
