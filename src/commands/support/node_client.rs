//! Client of a node's REST interface, for subcommands.

use crate::commands::support::error::CommandError;
use crate::commands::support::token_file::read_token;
use crate::text::terminal;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;
use ureq::typestate::{WithBody, WithoutBody};

/// Time limit for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time without progress after which an upload fails. The whole upload may take longer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for a response body, and for a response in addition to the time that the request asks the node to wait.
pub(crate) const RESPONSE_GRACE: Duration = Duration::from_secs(60);

/// A problem detail (RFC 9457).
#[derive(Deserialize)]
struct ProblemResponse {
    title: String,
    detail: String,
}

/// The client of one node.
pub(crate) struct NodeClient {
    base: String,
    agent: ureq::Agent,
    token: Option<String>,
}

impl NodeClient {
    /// A client of the node at `url`. `wait` is the time that a request may ask the node to wait.
    ///
    /// # Errors
    /// If `url` is not the address of a node, or the token file cannot be read.
    pub(crate) fn new(
        url: &str,
        token_file: Option<&Path>,
        wait: Duration,
    ) -> Result<NodeClient, CommandError> {
        let agent = crate::live::http_client::http_client()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_write(Some(WRITE_TIMEOUT))
            .timeout_recv_response(Some(wait + RESPONSE_GRACE))
            .timeout_recv_body(Some(RESPONSE_GRACE))
            .build()
            .new_agent();
        Ok(NodeClient {
            base: base(url)?,
            agent,
            token: token_file.map(read_token).transpose()?,
        })
    }

    /// Address of the node.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A `GET` request for the node at `base`.
    pub(crate) fn get(&self, base: &str, path: &str) -> ureq::RequestBuilder<WithoutBody> {
        self.agent.get(format!("{base}{path}"))
    }

    /// A `POST` request, with the token if there is one.
    pub(crate) fn post(&self, path: &str) -> ureq::RequestBuilder<WithBody> {
        let call = self.agent.post(format!("{}{path}", self.base));
        match &self.token {
            None => call,
            Some(token) => call.header("authorization", format!("Bearer {token}")),
        }
    }

    /// Reads a response.
    ///
    /// # Errors
    /// If there is none, the node refuses the request, or the response is of another form.
    pub(crate) fn read<T: for<'de> Deserialize<'de>>(
        &self,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, CommandError> {
        let no_response = |error: ureq::Error| {
            CommandError::Input(terminal::node_unreachable(&self.base, &error.to_string()))
        };
        let mut response = answer.map_err(no_response)?;
        let status = response.status();
        let text = response.body_mut().read_to_string().map_err(no_response)?;
        if let (false, Ok(problem)) = (
            status.is_success(),
            serde_json::from_str::<ProblemResponse>(&text),
        ) {
            let refusal = terminal::node_refused(&self.base, &problem.title, &problem.detail);
            return Err(CommandError::Input(refusal));
        }
        serde_json::from_str(&text).map_err(|error| {
            let (status, error) = (status.to_string(), error.to_string());
            CommandError::Input(terminal::response_not_understood(
                &self.base, &status, &error,
            ))
        })
    }
}

fn base(url: &str) -> Result<String, CommandError> {
    let base = url.trim_end_matches('/');
    if base.starts_with("https://") {
        check_tls()?;
    }
    let rest = base.strip_prefix("http://");
    match rest.or_else(|| base.strip_prefix("https://")) {
        Some(rest) if !rest.is_empty() => Ok(base.to_owned()),
        _ => Err(CommandError::Input(terminal::node_url_expected(url))),
    }
}

/// Checks that calls with TLS are possible.
#[cfg(feature = "tls")]
fn check_tls() -> Result<(), CommandError> {
    let trusted = crate::live::tls::trusted_certificates();
    trusted.map(drop).map_err(CommandError::Input)
}

/// Checks that calls with TLS are possible.
#[cfg(not(feature = "tls"))]
fn check_tls() -> Result<(), CommandError> {
    let why = crate::live::tls::TlsError::NotBuilt;
    Err(CommandError::Input(why.to_string()))
}
