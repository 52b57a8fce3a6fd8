//! Who may ask what, and how often; and reading bodies with bounds on size and time.

use super::Api;
use super::problem::ProblemDetails;
use axum::body::Body;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
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
pub(super) struct TokenBuckets {
    by_address: Mutex<BTreeMap<IpAddr, (f64, Instant)>>,
}

impl TokenBuckets {
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
pub(super) enum Access {
    /// Reading what anybody may know.
    Read,
    /// Changing something, or costing the node much.
    Write,
}

impl Api {
    /// Lets a call of a person in, or not.
    pub(super) fn authorize(
        &self,
        call: Access,
        from: SocketAddr,
        headers: &HeaderMap,
    ) -> Result<(), ProblemDetails> {
        let per_second = self.config.limits.calls_per_second;
        if !self.buckets.take(from.ip(), per_second) {
            let why = format!("more than {per_second} calls in a second; wait a moment");
            return Err(ProblemDetails::new(StatusCode::TOO_MANY_REQUESTS, why));
        }
        if call == Access::Read {
            return Ok(());
        }
        check_origin(headers)?;
        if self.config.token.is_none() {
            check_host(headers)?;
        }
        match &self.config.token {
            None if from.ip().is_loopback() => Ok(()),
            None => Err(ProblemDetails::new(
                StatusCode::FORBIDDEN,
                "this node takes such calls from its own machine only; start it with --token-file to allow others",
            )),
            Some(token) if bears(headers, token) => Ok(()),
            Some(_) => Err(ProblemDetails::new(
                StatusCode::UNAUTHORIZED,
                "expected the header Authorization: Bearer with the token of this node",
            )
            .with(header::WWW_AUTHENTICATE, "Bearer")),
        }
    }

    /// Reads a body of JSON.
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
        let limit = self.config.limits.body_bytes;
        let mut bytes = Vec::new();
        let mut stream = body.into_data_stream();
        let deadline = tokio::time::Instant::now() + self.request_timeout();
        loop {
            match tokio::time::timeout_at(deadline, stream.next()).await {
                Err(_) => return Err(self.too_slow()),
                Ok(None) => return Ok(bytes),
                Ok(Some(Err(error))) => {
                    return Err(ProblemDetails::new(
                        StatusCode::BAD_REQUEST,
                        error.to_string(),
                    ));
                }
                Ok(Some(Ok(chunk))) => {
                    if bytes.len() + chunk.len() > limit {
                        let why = format!("the body is longer than {limit} bytes");
                        return Err(ProblemDetails::new(StatusCode::PAYLOAD_TOO_LARGE, why));
                    }
                    bytes.extend_from_slice(&chunk);
                }
            }
        }
    }

    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.config.limits.request_timeout_ms)
    }

    pub(super) fn too_slow(&self) -> ProblemDetails {
        let why = format!(
            "the body did not arrive within {} ms",
            self.config.limits.request_timeout_ms
        );
        ProblemDetails::new(StatusCode::REQUEST_TIMEOUT, why)
    }
}

/// Browsers say which page makes a call. Pages of others do not act here: some calls need no permission that a browser
/// would ask for first.
fn check_origin(headers: &HeaderMap) -> Result<(), ProblemDetails> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = text(header::HOST).map(|host| format!("http://{host}"));
    let is_own = |origin: &HeaderValue| {
        let own = own.as_deref();
        own.is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
    };
    if headers.get_all(header::ORIGIN).iter().all(is_own) {
        return Ok(());
    }
    Err(ProblemDetails::new(
        StatusCode::FORBIDDEN,
        "this call comes from a page of another origin, and such pages may not act here; expected no header Origin, or the node's own address in it",
    ))
}

/// A name may stand for this machine today because somebody wants a browser to believe it. Where nobody shows a token,
/// only what nobody can make up counts: an address, or localhost.
fn check_host(headers: &HeaderMap) -> Result<(), ProblemDetails> {
    let is_plain = |host: &HeaderValue| {
        let authority = host
            .to_str()
            .ok()
            .and_then(|text| text.parse::<Authority>().ok());
        authority.is_some_and(|authority| {
            let name = authority.host();
            let bare = name
                .strip_prefix('[')
                .and_then(|name| name.strip_suffix(']'));
            name.eq_ignore_ascii_case("localhost") || bare.unwrap_or(name).parse::<IpAddr>().is_ok()
        })
    };
    if headers.get_all(header::HOST).iter().all(is_plain) {
        return Ok(());
    }
    Err(ProblemDetails::new(
        StatusCode::FORBIDDEN,
        "this node takes such calls only under localhost or an IP address in the header Host, such as 127.0.0.1; start it with --token-file to use other names",
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(told: &[(header::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in told {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn only_pages_of_the_node_itself_act() {
        let is_let_in = |host: &str, origins: &[&str]| {
            let mut told = vec![(header::HOST, host)];
            told.extend(origins.iter().map(|origin| (header::ORIGIN, *origin)));
            check_origin(&headers(&told)).is_ok()
        };
        let own = "127.0.0.1:8001";
        assert!(is_let_in(own, &[]), "programs name no origin");
        assert!(is_let_in(own, &["http://127.0.0.1:8001"]));
        assert!(is_let_in("LOCALHOST:8001", &["http://localhost:8001"]));
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "http://127.0.0.1:8002",
            "http://127.0.0.1",
            "https://127.0.0.1:8001",
            "http://127.0.0.1:8001.evil.example",
        ] {
            assert!(!is_let_in(own, &[foreign]), "{foreign}");
            assert!(!is_let_in(own, &["http://127.0.0.1:8001", foreign]));
        }
        let nowhere = headers(&[(header::ORIGIN, "http://127.0.0.1:8001")]);
        assert!(check_origin(&nowhere).is_err(), "there is no own address");
    }

    #[test]
    fn names_that_somebody_could_make_up_are_no_hosts() {
        let is_let_in = |hosts: &[&str]| {
            let told: Vec<_> = hosts.iter().map(|host| (header::HOST, *host)).collect();
            check_host(&headers(&told)).is_ok()
        };
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1",
            "127.0.0.1:8001",
            "[::1]:8001",
            "192.168.1.5:18471",
        ] {
            assert!(is_let_in(&[host]), "{host}");
        }
        assert!(is_let_in(&[]), "browsers always name one");
        for host in [
            "",
            "n1",
            "evil.example:8001",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1 evil.example",
            "[::1",
        ] {
            assert!(!is_let_in(&[host]), "{host}");
            assert!(!is_let_in(&["127.0.0.1", host]), "{host}");
        }
    }
}
