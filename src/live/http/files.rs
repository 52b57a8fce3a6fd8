//! `GET /files/{sha256}`: content by hash, with range requests (RFC 9110, section 14).
//!
//! `tower_http::services::ServeFile` serves ranges, too, but takes the media type from the name of the file, answers
//! several ranges with 416 instead of the whole file, and reports errors without problem details.

use super::Api;
use super::places::Place;
use super::problem::{ProblemDetails, ProblemResponses};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use std::io::SeekFrom;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes per chunk of a body.
const CHUNK_BYTES: usize = 64 * 1024;

/// A byte range of a file: first byte and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ByteRange {
    first: u64,
    length: u64,
}

/// The request of a `Range` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RangeRequest {
    /// The whole file, because the header is missing, has another unit, or has several ranges.
    Whole,
    Part(ByteRange),
    /// The range is malformed or outside of the file, which gives status 416.
    Unsatisfiable,
}

/// Reads the `Range` header for a file of `size` bytes.
fn range_request(headers: &HeaderMap, size: u64) -> RangeRequest {
    let Some(header) = headers.get(header::RANGE) else {
        return RangeRequest::Whole;
    };
    let Some(range) = header
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("bytes="))
    else {
        return RangeRequest::Whole;
    };
    if range.contains(',') {
        return RangeRequest::Whole;
    }
    let Some((first, last)) = range.trim().split_once('-') else {
        return RangeRequest::Unsatisfiable;
    };
    // `parse` would accept a sign.
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(first) || !is_digits(last) {
        return RangeRequest::Unsatisfiable;
    }
    let (first, last) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(size.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, size.saturating_sub(1)),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => {
            (size.saturating_sub(suffix), size.saturating_sub(1))
        }
        _ => return RangeRequest::Unsatisfiable,
    };
    if first >= size {
        return RangeRequest::Unsatisfiable;
    }
    RangeRequest::Part(ByteRange {
        first,
        length: last.saturating_sub(first).saturating_add(1),
    })
}

/// The content of a file, by its SHA-256. `Range` requests a part of it.
#[utoipa::path(get, path = "/files/{sha256}", params(
    ("sha256" = String, Path, description = "64 lower-case hexadecimal digits", pattern = "^[0-9a-f]{64}$"),
    ("range" = Option<String>, Header, description = "One range of bytes")), responses(
    (status = OK, body = Vec<u8>, content_type = "application/octet-stream"),
    (status = PARTIAL_CONTENT, body = Vec<u8>, content_type = "application/octet-stream"),
    ProblemResponses))]
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    method: Method,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ProblemDetails> {
    // A path that is not UTF-8 is not a hash either.
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
    let (status, range) = match range_request(&headers, size) {
        RangeRequest::Whole => (
            StatusCode::OK,
            ByteRange {
                first: 0,
                length: size,
            },
        ),
        RangeRequest::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        RangeRequest::Unsatisfiable => {
            let why =
                format!("the file has {size} bytes; expected Range: bytes=FIRST-LAST within it");
            let problem = ProblemDetails::new(StatusCode::RANGE_NOT_SATISFIABLE, why);
            return Err(problem.with(header::CONTENT_RANGE, &format!("bytes */{size}")));
        }
    };
    let body = match method {
        Method::HEAD => Body::empty(),
        _ => {
            let place = api.downloads.take(from.ip()).ok_or_else(|| {
                ProblemDetails::unavailable(
                    "too many downloads are running, or too many from your address; wait until one has ended",
                )
            })?;
            let gone = |error: std::io::Error| {
                ProblemDetails::unavailable(format!("the file cannot be read: {error}"))
            };
            let mut file = File::open(&stored.path).await.map_err(gone)?;
            file.seek(SeekFrom::Start(range.first))
                .await
                .map_err(gone)?;
            content(file, range.length, place)
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
    put(header::CONTENT_LENGTH, range.length.to_string());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    put(header::ETAG, format!("\"{sha256}\""));
    if status == StatusCode::PARTIAL_CONTENT {
        let end = range.first.saturating_add(range.length);
        let last = end.saturating_sub(1);
        put(
            header::CONTENT_RANGE,
            format!("bytes {}-{last}/{size}", range.first),
        );
    }
    Ok(response)
}

/// A body with the next `length` bytes of `file`. It keeps its place among the downloads until it is dropped.
fn content(file: File, length: u64, place: Place) -> Body {
    let chunks = stream::try_unfold(
        (file, length, place),
        |(mut file, left, place)| async move {
            if left == 0 {
                return Ok(None);
            }
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
            let mut chunk = vec![0; most];
            let read = file.read(&mut chunk).await?;
            if read == 0 {
                // The file has shrunk. The client sees a body that is too short.
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            chunk.truncate(read);
            let left = left.saturating_sub(read as u64);
            Ok(Some((chunk, (file, left, place))))
        },
    );
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_headers_are_parsed() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_str(text).unwrap());
            range_request(&headers, 100)
        };
        let part = |first, length| RangeRequest::Part(ByteRange { first, length });
        assert_eq!(of("bytes=0-"), part(0, 100));
        assert_eq!(of("bytes=10-19"), part(10, 10));
        assert_eq!(of("bytes=90-900"), part(90, 10));
        assert_eq!(of("bytes=-5"), part(95, 5));
        assert_eq!(of("bytes=-500"), part(0, 100));
        for unsatisfiable in [
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
            assert_eq!(
                of(unsatisfiable),
                RangeRequest::Unsatisfiable,
                "{unsatisfiable}"
            );
        }
        assert_eq!(of("lines=1-2"), RangeRequest::Whole);
        assert_eq!(of("bytes=0-1,5-6"), RangeRequest::Whole);
        assert_eq!(range_request(&HeaderMap::new(), 0), RangeRequest::Whole);
    }
}
