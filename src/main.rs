//! The `quorumscope` program: parses the arguments, runs the command and returns its exit code.

use clap::Parser;
use quorumscope::cli::Cli;
use quorumscope::commands::dispatch;
use std::process::ExitCode;

fn main() -> ExitCode {
    match dispatch(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("quorumscope: {error}");
            error.exit_code()
        }
    }
}
