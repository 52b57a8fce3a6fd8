//! `ProblemDetails`: every error of the REST interface, as problem details (RFC 9457).

use crate::live::wire::{LogHead, Receipt, ReceiptCode, Receipts};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// What may come instead of any answer.
#[derive(IntoResponses)]
#[expect(
    dead_code,
    reason = "it describes; problems themselves are made by their constructors"
)]
pub(super) enum ProblemResponses {
    #[response(status = "4XX", content_type = "application/problem+json")]
    OfTheCall(ProblemDetails),
    #[response(status = "5XX", content_type = "application/problem+json")]
    OfTheNode(ProblemDetails),
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDetails {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What exactly, what was expected, and what to do.
    detail: String,
    /// What became of the messages of the call, if it carried any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    results: Option<Vec<Receipt>>,
    /// How far the log of the answering node has come, if the call carried messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    log: Option<Box<LogHead>>,
    /// What a client reads instead of words.
    #[serde(skip)]
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl ProblemDetails {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> ProblemDetails {
        ProblemDetails {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            results: None,
            log: None,
            header: None,
        }
    }

    /// The same with a header that programs look for.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> ProblemDetails {
        let value = HeaderValue::from_str(value).ok();
        self.header = value.map(|value| Box::new((name, value)));
        self
    }

    /// The node has ended, or is too busy to answer.
    pub(super) fn unavailable(detail: impl Into<String>) -> ProblemDetails {
        ProblemDetails::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// None of the messages of a call was taken in.
    pub(super) fn refused(receipts: Receipts) -> ProblemDetails {
        let first = receipts.results.first();
        let status = match first.map(|receipt| receipt.verdict) {
            Some(ReceiptCode::Duplicate | ReceiptCode::WrongSlot) => StatusCode::CONFLICT,
            Some(ReceiptCode::BadSignature) => StatusCode::UNAUTHORIZED,
            Some(ReceiptCode::Outsider) => StatusCode::FORBIDDEN,
            Some(ReceiptCode::Misdirected) => StatusCode::MISDIRECTED_REQUEST,
            Some(ReceiptCode::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Some(ReceiptCode::Invalid | ReceiptCode::Accepted) | None => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
        };
        let why = first.and_then(|receipt| receipt.why.clone());
        let problem = ProblemDetails {
            results: Some(receipts.results),
            log: receipts.log.map(Box::new),
            ..ProblemDetails::new(status, why.unwrap_or_default())
        };
        match status {
            // Not the scheme of people's calls: a token would not help.
            StatusCode::UNAUTHORIZED => {
                problem.with(header::WWW_AUTHENTICATE, "Quorumscope-Signature")
            }
            _ => problem,
        }
    }
}

impl IntoResponse for ProblemDetails {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Strings and numbers only: it can be written.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, content_type);
        let retry = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        if retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some((name, value)) = self.header.map(|header| *header) {
            headers.insert(name, value);
        }
        response
    }
}
