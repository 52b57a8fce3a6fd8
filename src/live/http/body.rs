//! `BodyReader`: reads request bodies with a size limit and a timeout.

use super::problem::ProblemDetails;
use crate::live::config::Limits;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::time::Duration;

/// Limits on request bodies, except for files.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyReader {
    bytes_max: usize,
    timeout: Duration,
}

impl BodyReader {
    /// A reader with these limits.
    #[must_use]
    pub(super) fn new(limits: &Limits) -> BodyReader {
        BodyReader {
            bytes_max: limits.body_bytes,
            timeout: Duration::from_millis(limits.request_timeout_ms),
        }
    }

    /// Reads a JSON body.
    ///
    /// # Errors
    /// 415 for another media type, 408 or 413 if a limit is exceeded, 400 if it is not JSON, 422 if the JSON does not
    /// have the expected structure.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<T, ProblemDetails> {
        if media_type(headers) != Some("application/json") {
            let why = "expected a body of application/json";
            return Err(ProblemDetails::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let bytes = self.bytes(body).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let status = match error.classify() {
                Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_REQUEST,
            };
            ProblemDetails::new(status, format!("the body: {error}"))
        })
    }

    async fn bytes(&self, body: Body) -> Result<Vec<u8>, ProblemDetails> {
        let mut bytes = Vec::new();
        let mut stream = body.into_data_stream();
        let deadline = tokio::time::Instant::now() + self.timeout;
        loop {
            match tokio::time::timeout_at(deadline, stream.next()).await {
                Err(_) => return Err(self.timed_out()),
                Ok(None) => return Ok(bytes),
                Ok(Some(Err(error))) => {
                    return Err(ProblemDetails::new(
                        StatusCode::BAD_REQUEST,
                        error.to_string(),
                    ));
                }
                Ok(Some(Ok(chunk))) => {
                    if bytes.len() + chunk.len() > self.bytes_max {
                        let why = format!("the body is longer than {} bytes", self.bytes_max);
                        return Err(ProblemDetails::new(StatusCode::PAYLOAD_TOO_LARGE, why));
                    }
                    bytes.extend_from_slice(&chunk);
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

/// The media type of a body, without parameters.
#[must_use]
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(text.split(';').next().unwrap_or_default().trim())
}
