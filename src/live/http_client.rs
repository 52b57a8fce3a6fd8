//! The HTTP client of everything here that calls nodes: what all of those calls have in common.
//!
//! Nodes are addresses of a network of their own, so what the environment says about proxies (`HTTP_PROXY`,
//! `ALL_PROXY`) is not meant for them; and a node answers itself instead of sending its callers elsewhere.

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// A client without proxies and without ways elsewhere, to which a status is an answer like any other. It has no time
/// limits yet.
#[must_use]
pub fn http_client() -> ConfigBuilder<AgentScope> {
    ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("quorumscope/", env!("CARGO_PKG_VERSION")))
}
