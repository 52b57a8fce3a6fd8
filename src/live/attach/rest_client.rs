//! Short calls to processes: proposing something, asking whom they know.

use super::feed::{NodeUrl, refusal};
use serde::Deserialize;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How long a call may take in all.
const CALL: Duration = Duration::from_secs(5);
/// ... one that carries a file.
const UPLOAD: Duration = Duration::from_secs(120);
/// ... and until it has got through.
const CONNECT: Duration = Duration::from_millis(1_500);

/// Calls processes.
#[derive(Clone, Debug)]
pub(super) struct RestClient {
    agent: ureq::Agent,
    token: Option<String>,
}

/// Somebody whom a process knows.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PeerEntry {
    /// Its public key.
    pub(super) id: String,
    /// Where it answers, if that is known.
    pub(super) http: Option<String>,
}

#[derive(Deserialize)]
struct PeersAnswer {
    peers: Vec<PeerEntry>,
}

impl RestClient {
    /// A client that shows this token, if one is needed.
    pub(super) fn new(token: Option<String>) -> RestClient {
        let config = crate::live::http_client::http_client()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(CALL))
            .build();
        RestClient {
            agent: config.into(),
            token,
        }
    }

    /// Whom the process at `place` knows.
    ///
    /// # Errors
    /// Says why it cannot be asked.
    pub(super) fn peers(&self, place: &NodeUrl) -> Result<Vec<PeerEntry>, String> {
        let call = self.agent.get(place.url("/peers"));
        let mut answer = call.call().map_err(|error| error.to_string())?;
        let peers: PeersAnswer = answer
            .body_mut()
            .read_json()
            .map_err(|error| error.to_string())?;
        Ok(peers.peers)
    }

    /// Has the process propose a note.
    ///
    /// # Errors
    /// Says why it does not.
    pub(super) fn propose_note(&self, place: &NodeUrl, text: &str) -> Result<(), String> {
        let call = self.post(place.url("/propose"));
        let body = serde_json::json!({ "note": text });
        told(call.send_json(body))
    }

    /// Has the process propose a file for backup; its content is sent along.
    ///
    /// # Errors
    /// Says why it does not, or why the file cannot be read.
    pub(super) fn propose_file(
        &self,
        place: &NodeUrl,
        name: &str,
        path: &Path,
    ) -> Result<(), String> {
        let file = File::open(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let call = self.post(place.url("/propose")).query("file", name);
        let call = call.header("Content-Type", "application/octet-stream");
        let call = call.config().timeout_global(Some(UPLOAD)).build();
        told(call.send(file))
    }

    fn post(&self, url: String) -> ureq::RequestBuilder<ureq::typestate::WithBody> {
        let call = self.agent.post(url);
        match &self.token {
            Some(token) => call.header("Authorization", format!("Bearer {token}")),
            None => call,
        }
    }
}

/// Whether a proposal was taken.
fn told(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<(), String> {
    let mut answer = answer.map_err(|error| format!("it cannot be reached: {error}"))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status().to_string();
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    Err(refusal(&status, &body))
}
