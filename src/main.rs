//! The `quorumscope` program: arguments in, exit code out. Everything else is in the library.

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
