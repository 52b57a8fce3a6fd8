//! Responses of other nodes: an answer, or an error that states whether a retry makes sense.

use serde::Deserialize;
use ureq::http::StatusCode;

/// Longest response in bytes.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
/// Most characters that are kept of an error text that is not a problem detail.
const TEXT_MAX: usize = 200;

/// Why a call to another node failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// No connection, or no response in time.
    Unreachable(String),
    /// A temporary refusal (5xx, 408, 429): a retry may succeed.
    Busy(String),
    /// A permanent refusal of this call.
    Refused(String),
}

/// The part of a problem detail (RFC 9457) that is shown.
#[derive(Deserialize)]
struct Detail {
    detail: String,
}

/// Reads a response of type `A`.
///
/// # Errors
/// If the response is an error, or cannot be read as `A`.
pub(super) fn read<A: for<'de> Deserialize<'de>>(
    mut response: ureq::http::Response<ureq::Body>,
) -> Result<A, CallError> {
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_vec()
        .map_err(|error| CallError::Unreachable(error.to_string()))?;
    answer(status, &body)
}

fn answer<A: for<'de> Deserialize<'de>>(status: StatusCode, body: &[u8]) -> Result<A, CallError> {
    // An error response may contain receipts, too. Then the messages have arrived.
    let error = match serde_json::from_slice(body) {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    if status.is_success() {
        let why = format!("its response cannot be read: {error}");
        return Err(CallError::Refused(why));
    }
    let text = match serde_json::from_slice(body) {
        Ok(Detail { detail }) => detail,
        Err(_) => String::from_utf8_lossy(body)
            .chars()
            .filter(|c| !c.is_control())
            .take(TEXT_MAX)
            .collect(),
    };
    let why = format!("{status}: {text}");
    let is_temporary = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    Err(match is_temporary {
        true => CallError::Busy(why),
        false => CallError::Refused(why),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::wire::{LogHead, Receipts};

    fn read(status: u16, body: &str) -> Result<Receipts, CallError> {
        answer(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn answers_temporary_and_permanent_errors_are_distinguished() {
        let receipts = Receipts {
            results: Vec::new(),
            log: Some(LogHead::default()),
        };
        let written = serde_json::to_string(&receipts).unwrap();
        assert_eq!(read(200, &written), Ok(receipts.clone()));
        assert_eq!(
            read(409, &written),
            Ok(receipts),
            "the messages have arrived"
        );
        let problem = r#"{"type":"about:blank","status":413,"detail":"the body is too long"}"#;
        let refused = |why: &str| Err(CallError::Refused(why.to_owned()));
        assert_eq!(
            read(413, problem),
            refused("413 Payload Too Large: the body is too long")
        );
        let busy = r#"{"detail":"too many calls are waiting"}"#;
        let why = "503 Service Unavailable: too many calls are waiting".to_owned();
        assert_eq!(read(503, busy), Err(CallError::Busy(why)));
        assert!(matches!(read(429, busy), Err(CallError::Busy(_))));
        let foreign = format!("<html>\u{1b}{}", "x".repeat(10_000));
        let Err(CallError::Refused(why)) = read(404, &foreign) else {
            panic!("not refused");
        };
        assert!(why.starts_with("404 Not Found: <html>xxx") && why.len() < 300);
        let Err(CallError::Refused(why)) = read(200, "[") else {
            panic!("not refused");
        };
        assert!(why.starts_with("its response cannot be read"), "{why}");
    }
}
