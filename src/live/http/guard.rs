//! Who may ask what, and how often; and reading bodies with bounds on size and time.

use super::Api;
use super::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Of how many addresses calls are counted.
const ADDRESSES_MAX: usize = 4096;

/// Counts the calls of each address: each may save up calls for a second.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    by_address: Mutex<BTreeMap<IpAddr, (f64, Instant)>>,
}

impl Buckets {
    fn take(&self, address: IpAddr, per_second: u32) -> bool {
        let (now, most) = (Instant::now(), f64::from(per_second));
        let mut buckets = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_MAX {
            let whole = Duration::from_secs(1);
            buckets.retain(|_, (_, last)| now.duration_since(*last) < whole);
        }
        let (left, last) = buckets.entry(address).or_insert((most, now));
        *left = (*left + now.duration_since(*last).as_secs_f64() * most).min(most);
        *last = now;
        let is_left = *left >= 1.0;
        if is_left {
            *left -= 1.0;
        }
        is_left
    }
}

/// What a call of a person needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Reading what anybody may know.
    Read,
    /// Changing something, or costing the node much.
    Act,
}

impl Api {
    /// Lets a call of a person in, or not.
    pub(super) fn admit(
        &self,
        call: Call,
        from: SocketAddr,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        let per_second = self.config.limits.calls_per_second;
        if !self.buckets.take(from.ip(), per_second) {
            let why = format!("more than {per_second} calls in a second; wait a moment");
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, why));
        }
        if call == Call::Read {
            return Ok(());
        }
        match &self.config.token {
            None if from.ip().is_loopback() => Ok(()),
            None => Err(Problem::new(
                StatusCode::FORBIDDEN,
                "this node takes such calls from its own machine only; start it with --token-file to allow others",
            )),
            Some(token) if bears(headers, token) => Ok(()),
            Some(_) => Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "expected the header Authorization: Bearer with the token of this node",
            )),
        }
    }

    /// Reads a body of JSON.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<T, Problem> {
        if media_type(headers) != Some("application/json") {
            let why = "expected a body of application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let bytes = self.bytes(body).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let status = match error.classify() {
                Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_REQUEST,
            };
            Problem::new(status, format!("the body: {error}"))
        })
    }

    async fn bytes(&self, body: Body) -> Result<Vec<u8>, Problem> {
        let limit = self.config.limits.body_bytes;
        let mut bytes = Vec::new();
        let mut stream = body.into_data_stream();
        let deadline = tokio::time::Instant::now() + self.patience();
        loop {
            match tokio::time::timeout_at(deadline, stream.next()).await {
                Err(_) => return Err(self.too_slow()),
                Ok(None) => return Ok(bytes),
                Ok(Some(Err(error))) => {
                    return Err(Problem::new(StatusCode::BAD_REQUEST, error.to_string()));
                }
                Ok(Some(Ok(chunk))) => {
                    if bytes.len() + chunk.len() > limit {
                        let why = format!("the body is longer than {limit} bytes");
                        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, why));
                    }
                    bytes.extend_from_slice(&chunk);
                }
            }
        }
    }

    pub(super) fn patience(&self) -> Duration {
        Duration::from_millis(self.config.limits.patience_ms)
    }

    pub(super) fn too_slow(&self) -> Problem {
        let why = format!(
            "the body did not arrive within {} ms",
            self.config.limits.patience_ms
        );
        Problem::new(StatusCode::REQUEST_TIMEOUT, why)
    }
}

/// The type of a body, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim())
}

fn bears(headers: &HeaderMap, token: &str) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|text| text.to_str().ok()?.strip_prefix("Bearer "));
    // Digests are compared: how long that takes says nothing about the token.
    let digest = |text: &str| {
        use sha2::{Digest, Sha256};
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        digest
    };
    given.is_some_and(|given| digest(given) == digest(token))
}
