//! Settings of a node process.

use super::tls::TlsIdentity;
use super::wire::WireQuorumSet;
use crate::node::{
    AdmissionPolicy, AdmissionSettings, Application, NodeSettings, Relaying, Threshold,
};
use crate::time::Span;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Longest body of an HTTP request in bytes, except for files. Requests between nodes are much shorter.
pub(super) const BODY_BYTES_MAX: usize = 4 << 20;

/// Default settings of the node state machine in a process: the application is a log, and messages are relayed by offers
/// (`/relay/offer`) instead of by the node.
#[must_use]
pub fn process_settings() -> NodeSettings {
    NodeSettings {
        application: Application::Log,
        min_nodes: 4,
        settle: Span::from_ms(1_000),
        refresh: Span::from_ms(2_000),
        announce: Span::from_ms(1_000),
        resend: Span::from_ms(1_000),
        proposal_ttl: Span::from_ms(600_000),
        forget_after: None,
        admission: Some(AdmissionSettings {
            policy: AdmissionPolicy::Anyone,
            probation: Span::from_ms(5_000),
        }),
        relaying: Relaying::Direct,
        relay_interval: Span::ZERO,
        choice_slots: 1,
    }
}

/// What a node does with its membership when its process is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStop {
    /// It announces that it leaves, and others remove it from their quorum sets.
    #[default]
    Leave,
    /// It stops silently and still counts in all thresholds, because it comes back later.
    Pause,
}

/// Limits on requests of other nodes and of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest request body in bytes, except for files.
    pub body_bytes: usize,
    /// Largest file in bytes.
    pub file_bytes: u64,
    /// Rate limit: calls of clients per second and source address.
    pub calls_per_second: u32,
    /// Most concurrent HTTP connections.
    pub connections: usize,
    /// Timeout for receiving the headers or the body of a request, and for the node's reply, in milliseconds.
    pub request_timeout_ms: u64,
    /// Allowed clock skew in milliseconds: announcements with an earlier or later freshness mark are dropped.
    pub clock_skew_ms: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: BODY_BYTES_MAX,
            file_bytes: 1 << 30,
            calls_per_second: 2_000,
            connections: 512,
            request_timeout_ms: 10_000,
            clock_skew_ms: 60_000,
        }
    }
}

/// Settings of a node process.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// Display name of the node.
    pub name: String,
    /// Name of the network. Signatures are valid in this network only.
    pub network: String,
    /// Folder of the secret key and the store.
    pub data: PathBuf,
    /// Folder of the files.
    pub files: PathBuf,
    /// Address that the HTTP server binds.
    pub http: SocketAddr,
    /// Address under which other nodes reach this one, if it differs from `http`.
    pub advertise: Option<SocketAddr>,
    /// Broadcast address for announcements.
    pub broadcast: SocketAddr,
    /// Whether the node has the broadcast role.
    pub is_beacon: bool,
    /// A fixed quorum set. Without one, the node trusts every node that it discovers.
    pub trust: Option<WireQuorumSet>,
    /// Threshold of the quorum set if the node trusts every node that it discovers.
    pub threshold: Threshold,
    /// Settings of the node state machine.
    pub settings: Arc<NodeSettings>,
    /// Limits on requests.
    pub limits: Limits,
    /// Bearer token for calls that change something. Without one, only this machine may make these calls.
    pub token: Option<String>,
    /// Certificate of the REST interface.
    pub tls: Option<TlsIdentity>,
    /// Trace file.
    pub trace: Option<PathBuf>,
    /// What stopping the process means for the membership of the node.
    pub on_stop: OnStop,
}
