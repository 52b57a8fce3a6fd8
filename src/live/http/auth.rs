//! Authorization of calls: rate limit, CSRF and DNS-rebinding guards, and the bearer token (RFC 6750).
//!
//! Calls between nodes need no authorization, because their messages are signed.

use super::origin::{check_host, check_origin};
use super::problem::ProblemDetails;
use super::rate_limit::check_rate;
use crate::live::config::LiveConfig;
use crate::live::token_buckets::TokenBuckets;
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};

/// The access that a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads what every caller may know.
    Read,
    /// Changes something, or is expensive for the node.
    Write,
}

/// Decides which calls are allowed.
#[derive(Debug)]
pub(super) struct Authorizer {
    /// SHA-256 of the bearer token.
    token: Option<[u8; 32]>,
    buckets: TokenBuckets<IpAddr>,
}

impl Authorizer {
    /// An authorizer with the token and the rate limit of the settings.
    #[must_use]
    pub(super) fn new(config: &LiveConfig) -> Authorizer {
        let calls = config.limits.calls_per_second;
        Authorizer {
            token: config.token.as_deref().map(digest),
            buckets: TokenBuckets::new(calls, calls),
        }
    }

    /// Checks whether a call is allowed. Writing needs the token if the node has one; without a token, it is allowed
    /// only from this machine.
    ///
    /// # Errors
    /// 429 above the rate limit, 403 if a guard or the address forbids the call, 401 without the right token.
    pub(super) fn authorize(
        &self,
        access: Access,
        from: SocketAddr,
        headers: &HeaderMap,
    ) -> Result<(), ProblemDetails> {
        check_rate(&self.buckets, from.ip())?;
        if access == Access::Read {
            return Ok(());
        }
        check_origin(headers)?;
        match &self.token {
            None => {
                check_host(headers)?;
                match from.ip().is_loopback() {
                    true => Ok(()),
                    false => Err(ProblemDetails::new(
                        StatusCode::FORBIDDEN,
                        "this node accepts these calls only from this machine; start it with --token-file to allow others",
                    )),
                }
            }
            Some(token) if bearer(headers).is_some_and(|given| digest(given) == *token) => Ok(()),
            Some(_) => Err(ProblemDetails::new(
                StatusCode::UNAUTHORIZED,
                "expected the header Authorization: Bearer with the token of this node",
            )
            .with(header::WWW_AUTHENTICATE, "Bearer")),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("Bearer ")
}

/// Digests are compared instead of tokens, so that the time of the comparison reveals nothing about the token.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
