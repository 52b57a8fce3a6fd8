//! CSRF and DNS-rebinding guards: checks of the headers `Origin` and `Host` for calls that change something.

use super::problem::ProblemDetails;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use std::net::IpAddr;

/// CSRF guard: `Origin` must be absent or the node's own address. Browsers send it with every call of a page; some calls
/// (`text/plain`, for example) need no CORS preflight, so the server has to check.
///
/// # Errors
/// 403 if the call comes from a page of another origin.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), ProblemDetails> {
    let host = headers.get(header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    let own = host.map(|host| format!("http://{host}"));
    let is_own = |origin: &HeaderValue| {
        let own = own.as_deref();
        own.is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
    };
    if headers.get_all(header::ORIGIN).iter().all(is_own) {
        return Ok(());
    }
    Err(ProblemDetails::new(
        StatusCode::FORBIDDEN,
        "this call comes from a page of another origin, and cross-origin requests are not allowed; expected no header Origin, or the node's own address in it",
    ))
}

/// DNS-rebinding guard: without a token, `Host` must be `localhost` or an IP literal. Any other name can be made to point
/// to this machine by the owner of its DNS zone.
///
/// # Errors
/// 403 if `Host` is another name.
pub(super) fn check_host(headers: &HeaderMap) -> Result<(), ProblemDetails> {
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
        "this node accepts these calls only under localhost or an IP address in the header Host, such as 127.0.0.1; start it with --token-file to use other names",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(header::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn csrf_guard_accepts_only_the_own_origin() {
        let is_accepted = |host: &str, origins: &[&str]| {
            let mut fields = vec![(header::HOST, host)];
            fields.extend(origins.iter().map(|origin| (header::ORIGIN, *origin)));
            check_origin(&headers(&fields)).is_ok()
        };
        let own = "127.0.0.1:8001";
        assert!(is_accepted(own, &[]), "programs send no Origin");
        assert!(is_accepted(own, &["http://127.0.0.1:8001"]));
        assert!(is_accepted("LOCALHOST:8001", &["http://localhost:8001"]));
        for foreign in [
            "null",
            "",
            "http://evil.example",
            "http://127.0.0.1:8002",
            "http://127.0.0.1",
            "https://127.0.0.1:8001",
            "http://127.0.0.1:8001.evil.example",
        ] {
            assert!(!is_accepted(own, &[foreign]), "{foreign}");
            assert!(!is_accepted(own, &["http://127.0.0.1:8001", foreign]));
        }
        let without_host = headers(&[(header::ORIGIN, "http://127.0.0.1:8001")]);
        assert!(
            check_origin(&without_host).is_err(),
            "without Host there is no own origin"
        );
    }

    #[test]
    fn dns_rebinding_guard_accepts_only_localhost_and_ip_literals() {
        let is_accepted = |hosts: &[&str]| {
            let fields: Vec<_> = hosts.iter().map(|host| (header::HOST, *host)).collect();
            check_host(&headers(&fields)).is_ok()
        };
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1",
            "127.0.0.1:8001",
            "[::1]:8001",
            "192.168.1.5:18471",
        ] {
            assert!(is_accepted(&[host]), "{host}");
        }
        assert!(is_accepted(&[]), "browsers always send Host");
        for host in [
            "",
            "n1",
            "evil.example:8001",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1 evil.example",
            "[::1",
        ] {
            assert!(!is_accepted(&[host]), "{host}");
            assert!(!is_accepted(&["127.0.0.1", host]), "{host}");
        }
    }
}
