//! REST client of a session: proposals, and queries for peers.

use super::feed::{NodeUrl, refusal};
use serde::Deserialize;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Timeout of a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of an upload.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Makes calls to processes.
#[derive(Clone, Debug)]
pub(super) struct RestClient {
    agent: ureq::Agent,
    token: Option<String>,
}

/// A node that a process knows.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PeerEntry {
    /// Its public key.
    pub(super) id: String,
    /// Its HTTP address, if known.
    pub(super) http: Option<String>,
}

#[derive(Deserialize)]
struct PeersAnswer {
    peers: Vec<PeerEntry>,
}

impl RestClient {
    /// A client with this bearer token.
    pub(super) fn new(token: Option<String>) -> RestClient {
        let config = crate::live::http_client::http_client()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(CALL_TIMEOUT))
            .build();
        RestClient {
            agent: config.into(),
            token,
        }
    }

    /// The nodes that the process knows.
    ///
    /// # Errors
    /// If the call fails. The text is the reason.
    pub(super) fn peers(&self, url: &NodeUrl) -> Result<Vec<PeerEntry>, String> {
        let call = self.agent.get(url.url("/peers"));
        let mut answer = call.call().map_err(|error| error.to_string())?;
        let peers: PeersAnswer = answer
            .body_mut()
            .read_json()
            .map_err(|error| error.to_string())?;
        Ok(peers.peers)
    }

    /// Proposes a note at a process.
    ///
    /// # Errors
    /// If the proposal is not accepted. The text is the reason.
    pub(super) fn propose_note(&self, url: &NodeUrl, text: &str) -> Result<(), String> {
        let call = self.post(url.url("/propose"));
        let body = serde_json::json!({ "note": text });
        accepted(call.send_json(body))
    }

    /// Uploads a file to a process and proposes its backup.
    ///
    /// # Errors
    /// If the proposal is not accepted or the file cannot be read. The text is the reason.
    pub(super) fn propose_file(
        &self,
        url: &NodeUrl,
        name: &str,
        path: &Path,
    ) -> Result<(), String> {
        let file = File::open(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let call = self.post(url.url("/propose")).query("file", name);
        let call = call.header("Content-Type", "application/octet-stream");
        let call = call.config().timeout_global(Some(UPLOAD_TIMEOUT)).build();
        accepted(call.send(file))
    }

    fn post(&self, url: String) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let call = self.agent.post(url);
        match &self.token {
            Some(token) => call.header("Authorization", format!("Bearer {token}")),
            None => call,
        }
    }
}

/// Checks that a proposal was accepted; otherwise returns the reason.
fn accepted(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<(), String> {
    let mut answer = answer.map_err(|error| format!("it cannot be reached: {error}"))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status().to_string();
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    Err(refusal(&status, &body))
}
