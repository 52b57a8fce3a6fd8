//! `quorumscope trust`: adds a node to the trust set of a running node, or removes it, over the REST interface.

use crate::cli::{TrustArgs, TrustCommand};
use crate::commands::support::error::CommandError;
use crate::commands::support::node_client::NodeClient;
use crate::commands::support::stdout::print_line;
use crate::text::terminal;
use serde::Deserialize;
use std::process::ExitCode;
use std::time::Duration;

/// Response to `POST /trust`.
#[derive(Deserialize)]
struct TrustResponse {
    trusted: usize,
}

/// Changes the trust set and prints its new size.
///
/// # Errors
/// Bad arguments, a node that does not respond or refuses, or standard output that cannot be written.
pub(super) fn run(args: &TrustArgs) -> Result<ExitCode, CommandError> {
    let (edit, target) = match &args.command {
        TrustCommand::Add(target) => ("add", target),
        TrustCommand::Remove(target) => ("remove", target),
    };
    let node = NodeClient::new(&target.to, target.token_file.as_deref(), Duration::ZERO)?;
    let body = serde_json::json!({ edit: &target.key }).to_string();
    let call = node.post("/trust").content_type("application/json");
    let response: TrustResponse = node.read(call.send(body))?;
    print_line(&terminal::trusts_now(node.base(), response.trusted))?;
    Ok(ExitCode::SUCCESS)
}
