//! REST client of the tests, with persistent connections.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// A client of the REST interface.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    agent: ureq::Agent,
    token: Option<String>,
}

/// Status and body, or why there was no response.
pub(crate) type Answer = Result<(u16, Value), String>;

impl Rest {
    /// A client whose calls take at most `timeout`.
    pub(crate) fn new(timeout: Duration, token: Option<&str>) -> Rest {
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(2)))
            .timeout_global(Some(timeout))
            // Nodes close idle connections, and a partition drops the FIN packet.
            .max_idle_age(Duration::from_secs(1))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Rest {
            agent,
            token: token.map(str::to_owned),
        }
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.as_deref().unwrap_or("none"))
    }

    fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
        let mut response = answer.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec();
        let body = body.map_err(|error| error.to_string())?;
        match status {
            204 => Ok((status, Value::Null)),
            _ => {
                let body = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
                Ok((status, body))
            }
        }
    }

    /// `GET path`.
    pub(crate) fn get(&self, http: SocketAddr, path: &str) -> Answer {
        let call = self.agent.get(format!("http://{http}{path}"));
        Rest::read(call.header("authorization", self.bearer()).call())
    }

    /// Proposes a note.
    pub(crate) fn note(&self, http: SocketAddr, note: &str, wait_ms: u64) -> Answer {
        let call = self
            .agent
            .post(format!("http://{http}/propose?wait_ms={wait_ms}"))
            .header("authorization", self.bearer())
            .content_type("application/json");
        Rest::read(call.send(json!({ "note": note }).to_string()))
    }

    /// Proposes a file.
    pub(crate) fn file(&self, http: SocketAddr, name: &str, content: &[u8]) -> Answer {
        let call = self
            .agent
            .post(format!("http://{http}/propose?file={name}"))
            .header("authorization", self.bearer())
            .content_type("application/octet-stream");
        Rest::read(call.send(content))
    }

    /// A stream of events. It ends when the node stops.
    pub(crate) fn events(&self, http: SocketAddr) -> Result<impl std::io::BufRead + use<>, String> {
        let call = self.agent.get(format!("http://{http}/events"));
        let response = call
            .header("authorization", self.bearer())
            .call()
            .map_err(|error| error.to_string())?;
        Ok(std::io::BufReader::new(response.into_body().into_reader()))
    }
}
