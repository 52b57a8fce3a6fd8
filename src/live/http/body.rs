//! `BodyReader`: reads request bodies with a size limit and a timeout. Large bodies have few
//! places, and the worker pool parses them.

use super::places::{Place, PlaceLimits, Places};
use super::problem::ProblemDetails;
use super::worker_pool::{SMALL_BYTES, WorkerPool};
use crate::live::clock::deadline_after;
use crate::live::config::Limits;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Most large bodies that are received at once. Together they take at most 64 MiB.
const LARGE_BODIES_MAX: usize = 16;
/// Bytes after which the beginning of a body is checked.
const START_BYTES: usize = 128;

/// Limits on request bodies, except for files.
#[derive(Debug)]
pub(super) struct BodyReader {
    bytes_max: usize,
    timeout: Duration,
    large: Places,
    workers: Arc<WorkerPool>,
}

impl BodyReader {
    /// A reader with these limits. Large bodies are parsed by `workers`.
    #[must_use]
    pub(super) fn new(limits: &Limits, workers: Arc<WorkerPool>) -> BodyReader {
        BodyReader {
            bytes_max: limits.body_bytes,
            timeout: Duration::from_millis(limits.request_timeout_ms),
            large: Places::new(PlaceLimits::shares_of(LARGE_BODIES_MAX)),
            workers,
        }
    }

    /// Reads a JSON body.
    ///
    /// # Errors
    /// 415 for another media type, 408 or 413 if a limit is exceeded, 400 if it is not JSON, 422 if the JSON does not
    /// have the expected structure, 503 if too many large bodies are being received.
    pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
        &self,
        from: IpAddr,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<T, ProblemDetails> {
        self.json_if(from, headers, body, |_| Ok(())).await
    }

    /// Reads a JSON body. `check` sees its first bytes, and can refuse it before the rest is received.
    ///
    /// # Errors
    /// As [`BodyReader::json`], and the errors of `check`.
    pub(super) async fn json_if<T: DeserializeOwned + Send + 'static>(
        &self,
        from: IpAddr,
        headers: &HeaderMap,
        body: Body,
        check: impl Fn(&[u8]) -> Result<(), ProblemDetails>,
    ) -> Result<T, ProblemDetails> {
        if media_type(headers) != Some("application/json") {
            let why = "expected a body of application/json";
            return Err(ProblemDetails::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let mut received = Received::default();
        self.receive(from, body, check, &mut received).await?;
        match received.bytes.len() <= SMALL_BYTES {
            true => parse(&received.bytes),
            false => {
                let bytes = received.bytes.len();
                self.workers
                    .run(bytes, move || parse(&received.bytes))
                    .await?
            }
        }
    }

    async fn receive(
        &self,
        from: IpAddr,
        body: Body,
        check: impl Fn(&[u8]) -> Result<(), ProblemDetails>,
        received: &mut Received,
    ) -> Result<(), ProblemDetails> {
        let mut stream = body.into_data_stream();
        let deadline = deadline_after(self.timeout).into();
        let mut is_checked = false;
        loop {
            match tokio::time::timeout_at(deadline, stream.next()).await {
                Err(_) => return Err(self.timed_out()),
                Ok(None) => return Ok(()),
                Ok(Some(Err(error))) => {
                    return Err(ProblemDetails::new(
                        StatusCode::BAD_REQUEST,
                        error.to_string(),
                    ));
                }
                Ok(Some(Ok(chunk))) => {
                    let length = received.bytes.len().saturating_add(chunk.len());
                    if length > self.bytes_max {
                        let why = format!("the body is longer than {} bytes", self.bytes_max);
                        return Err(ProblemDetails::new(StatusCode::PAYLOAD_TOO_LARGE, why));
                    }
                    if length > SMALL_BYTES && received.place.is_none() {
                        received.place = Some(self.large.take(from).ok_or_else(too_many)?);
                    }
                    received.bytes.extend_from_slice(&chunk);
                    if !is_checked && length >= START_BYTES {
                        is_checked = true;
                        check(&received.bytes)?;
                    }
                }
            }
        }
    }

    /// Timeout for a whole body, or for the next part of a file.
    #[must_use]
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The response to a body that takes longer.
    #[must_use]
    pub(super) fn timed_out(&self) -> ProblemDetails {
        let ms = self.timeout.as_millis();
        let why = format!("the body did not arrive within {ms} ms");
        ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, why)
    }
}

/// A body, with its place among the large ones if it is large.
#[derive(Debug, Default)]
struct Received {
    bytes: Vec<u8>,
    place: Option<Place>,
}

fn too_many() -> ProblemDetails {
    ProblemDetails::unavailable("too many large calls are being received; wait a moment")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ProblemDetails> {
    serde_json::from_slice(bytes).map_err(|error| {
        let status = match error.classify() {
            Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        ProblemDetails::new(status, format!("the body: {error}"))
    })
}

/// The media type of a body, without parameters.
#[must_use]
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim())
}
