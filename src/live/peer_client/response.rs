//! How a call to another node ended: with an answer, with a refusal in its own words, or in silence.

use serde::Deserialize;
use ureq::http::StatusCode;

/// No answer is longer.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
/// Of a refusal in other words than ours so many characters are kept.
const WORDS_MAX: usize = 200;

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// Nobody answers there, or not in time.
    Unreachable(String),
    /// It answers that it cannot take the call now; another time it may.
    Busy(String),
    /// It answers, and does not take this call.
    Refused(String),
}

/// What of a problem (RFC 9457) is of interest.
#[derive(Deserialize)]
struct Detail {
    detail: String,
}

/// Reads an answer of the form `A`.
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
    // Refused messages have arrived: what became of them is said in the same form.
    let error = match serde_json::from_slice(body) {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    if status.is_success() {
        let why = format!("its answer cannot be read: {error}");
        return Err(CallError::Refused(why));
    }
    let said = match serde_json::from_slice(body) {
        Ok(Detail { detail }) => detail,
        Err(_) => String::from_utf8_lossy(body)
            .chars()
            .filter(|c| !c.is_control())
            .take(WORDS_MAX)
            .collect(),
    };
    let why = format!("{status}: {said}");
    let is_passing = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    Err(match is_passing {
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
    fn answers_refusals_and_nonsense_are_told_apart() {
        let receipts = Receipts {
            results: Vec::new(),
            log: Some(LogHead::default()),
        };
        let written = serde_json::to_string(&receipts).unwrap();
        assert_eq!(read(200, &written), Ok(receipts.clone()));
        assert_eq!(read(409, &written), Ok(receipts), "its messages arrived");
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
            panic!("it is refused");
        };
        assert!(why.starts_with("404 Not Found: <html>xxx") && why.len() < 300);
        let Err(CallError::Refused(why)) = read(200, "[") else {
            panic!("it is refused");
        };
        assert!(why.starts_with("its answer cannot be read"), "{why}");
    }
}
