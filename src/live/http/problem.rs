//! Error responses of the REST interface: problem details (RFC 9457).

use crate::live::wire::{LogHead, Receipt, ReceiptCode, Receipts};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The error responses of every endpoint, for the OpenAPI description.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its derived description is used")]
pub(super) enum ProblemResponses {
    #[response(status = "4XX", content_type = "application/problem+json")]
    OfTheCall(ProblemDetails),
    #[response(status = "5XX", content_type = "application/problem+json")]
    OfTheNode(ProblemDetails),
}

/// A problem detail (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDetails {
    /// Always `about:blank`: the status is the type of the problem.
    r#type: &'static str,
    /// The reason phrase of the status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong, what was expected, and what to do.
    detail: String,
    /// Receipts for the messages of the call, if it delivered any.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    results: Option<Vec<Receipt>>,
    /// Head of the log of the answering node, if the call delivered messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    log: Option<Box<LogHead>>,
    /// A header that belongs to the status.
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

    /// Adds a header.
    pub(super) fn with(mut self, name: HeaderName, value: &str) -> ProblemDetails {
        let value = HeaderValue::from_str(value).ok();
        self.header = value.map(|value| Box::new((name, value)));
        self
    }

    /// 503: the node is stopping, or too busy to answer.
    pub(super) fn unavailable(detail: impl Into<String>) -> ProblemDetails {
        ProblemDetails::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// The response to a call of which no message was accepted. The first receipt determines the status.
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
            // The scheme is not `Bearer`, because a token would not help.
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
        // The body contains only strings and numbers, so serialization cannot fail.
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
