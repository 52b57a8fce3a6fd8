//! `GET /files/{sha256}`: content by hash, whole or in part.

use super::Api;
use super::problem::{ProblemDetails, ProblemResponses};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use std::io::SeekFrom;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Part of a file: first byte, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    length: u64,
}

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Everything: there is no header, or one that is to be ignored.
    All,
    Part(Span),
    /// Nothing of the file.
    Nothing,
}

/// Reads a `Range` header (RFC 9110, section 14): one range of bytes; several are answered with everything.
fn asked(headers: &HeaderMap, size: u64) -> Asked {
    let Some(header) = headers.get(header::RANGE) else {
        return Asked::All;
    };
    let Some(range) = header
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("bytes="))
    else {
        return Asked::All;
    };
    if range.contains(',') {
        return Asked::All;
    }
    let Some((first, last)) = range.trim().split_once('-') else {
        return Asked::Nothing;
    };
    // Digits only: a number may have a sign elsewhere.
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(first) || !is_digits(last) {
        return Asked::Nothing;
    }
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => {
            (size.saturating_sub(suffix), size.saturating_sub(1))
        }
        _ => return Asked::Nothing,
    };
    if first >= size {
        return Asked::Nothing;
    }
    Asked::Part(Span {
        first,
        length: last - first + 1,
    })
}

/// The content of a file, by its SHA-256; `Range` asks for a part.
#[utoipa::path(get, path = "/files/{sha256}", params(
    ("sha256" = String, Path, description = "64 lower-case hexadecimal digits", pattern = "^[0-9a-f]{64}$"),
    ("range" = Option<String>, Header, description = "One range of bytes")), responses(
    (status = OK, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = PARTIAL_CONTENT, body = Vec<u8>, content_type = "application/octet-stream"),
    ProblemResponses))]
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    method: Method,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ProblemDetails> {
    // What is no text is no hash either.
    let sha256 = path.map_or_else(|_| String::new(), |Path(sha256)| sha256);
    let is_hash = sha256.len() == 64
        && sha256
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hash {
        let why = "expected /files/ and 64 lower-case hexadecimal digits";
        return Err(ProblemDetails::new(StatusCode::BAD_REQUEST, why));
    }
    let Some(stored) = api.files.find(&sha256) else {
        let why = "this node has no file with this SHA-256";
        return Err(ProblemDetails::new(StatusCode::NOT_FOUND, why));
    };
    let size = stored.file.size_bytes;
    let (status, span) = match asked(&headers, size) {
        Asked::All => (
            StatusCode::OK,
            Span {
                first: 0,
                length: size,
            },
        ),
        Asked::Part(span) => (StatusCode::PARTIAL_CONTENT, span),
        Asked::Nothing => {
            let why =
                format!("the file has {size} bytes; expected Range: bytes=FIRST-LAST within it");
            let problem = ProblemDetails::new(StatusCode::RANGE_NOT_SATISFIABLE, why);
            return Err(problem.with(header::CONTENT_RANGE, &format!("bytes */{size}")));
        }
    };
    let body = match method {
        Method::HEAD => Body::empty(),
        _ => {
            let gone = |error: std::io::Error| {
                ProblemDetails::unavailable(format!("the file cannot be read: {error}"))
            };
            let mut file = File::open(&stored.path).await.map_err(gone)?;
            file.seek(SeekFrom::Start(span.first)).await.map_err(gone)?;
            content(file, span.length)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let entries = response.headers_mut();
    let mut put = |name, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            entries.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, "application/octet-stream".to_owned());
    put(header::CONTENT_LENGTH, span.length.to_string());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    put(header::ETAG, format!("\"{sha256}\""));
    if status == StatusCode::PARTIAL_CONTENT {
        let last = span.first + span.length - 1;
        put(
            header::CONTENT_RANGE,
            format!("bytes {}-{last}/{size}", span.first),
        );
    }
    Ok(response)
}

/// So many bytes of a file.
fn content(file: File, length: u64) -> Body {
    let chunks = stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        let mut chunk = vec![0; most];
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            // Shorter than it was: the reader notices by the length.
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        chunk.truncate(read);
        Ok(Some((chunk, (file, left - read as u64))))
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_they_are_meant() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_str(text).unwrap());
            asked(&headers, 100)
        };
        let part = |first, length| Asked::Part(Span { first, length });
        assert_eq!(of("bytes=0-"), part(0, 100));
        assert_eq!(of("bytes=10-19"), part(10, 10));
        assert_eq!(of("bytes=90-900"), part(90, 10));
        assert_eq!(of("bytes=-5"), part(95, 5));
        assert_eq!(of("bytes=-500"), part(0, 100));
        for nothing in [
            "bytes=100-",
            "bytes=5-4",
            "bytes=x-",
            "bytes=-",
            "bytes=-0",
            "bytes=5",
            "bytes=+1-5",
            "bytes=1-+5",
            "bytes=-+5",
        ] {
            assert_eq!(of(nothing), Asked::Nothing, "{nothing}");
        }
        assert_eq!(of("lines=1-2"), Asked::All);
        assert_eq!(of("bytes=0-1,5-6"), Asked::All);
        assert_eq!(asked(&HeaderMap::new(), 0), Asked::All);
    }
}
