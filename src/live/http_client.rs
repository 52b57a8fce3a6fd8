//! HTTP client settings that all calls to nodes share: no proxies, no redirects.
//!
//! Proxies of the environment (`HTTP_PROXY`, `ALL_PROXY`) do not apply, because nodes form a separate network. A node
//! answers every request itself, so a redirect is an error.

#[cfg(feature = "tls")]
use std::sync::Arc;
use ureq::config::ConfigBuilder;
#[cfg(feature = "tls")]
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// A client configuration without proxies and redirects. Every status is a response, never an error. The caller sets
/// time limits.
#[must_use]
pub fn http_client() -> ConfigBuilder<AgentScope> {
    let config = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("quorumscope/", env!("CARGO_PKG_VERSION")));
    #[cfg(feature = "tls")]
    let config = {
        // Without readable certificates, no server is trusted.
        let trusted = super::tls::trusted_certificates();
        let trusted = trusted.unwrap_or_else(|_| RootCerts::Specific(Arc::default()));
        config.tls_config(TlsConfig::builder().root_certs(trusted).build())
    };
    config
}
