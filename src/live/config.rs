//! What a node process is told.

use super::wire::WireQuorumSet;
use crate::node::{Application, NodeSettings, Relaying, Threshold};
use crate::time::Span;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Longest body of a call, except for files. The bounds of what nodes send each other lie well below it.
pub(super) const BODY_BYTES_MAX: usize = 4 << 20;

/// The settings of nodes as processes where nothing else is asked for: they agree on a log, and the transport relays.
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
        relaying: Relaying::Direct,
        relay_interval: Span::ZERO,
        choice_slots: 1,
    }
}

/// What happens to the membership of a node that is asked to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStop {
    /// It says goodbye: others take it out of their quorum sets.
    #[default]
    Leave,
    /// It is only away for a moment: it still counts in everybody's thresholds.
    Pause,
}

/// Bounds on what others may ask of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest body of a call, except for files.
    pub body_bytes: usize,
    /// Largest file.
    pub file_bytes: u64,
    /// How many calls of people one address may make in a second.
    pub calls_per_second: u32,
    /// How many connections there may be at once.
    pub connections: usize,
    /// How long a slow client may keep a call waiting.
    pub request_timeout_ms: u64,
    /// Announcements that are older, or come from the future by more, are dropped.
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

/// What a node process is told.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// How people call the node.
    pub name: String,
    /// The network it belongs to: signatures hold within one network only.
    pub network: String,
    /// Where key and store live.
    pub data: PathBuf,
    /// Where files live.
    pub files: PathBuf,
    /// Where it answers.
    pub http: SocketAddr,
    /// Where others find it, if that is another address than the one it is bound to.
    pub advertise: Option<SocketAddr>,
    /// Where announcements are broadcast.
    pub broadcast: SocketAddr,
    /// Whether it has the broadcast role.
    pub is_beacon: bool,
    /// Its quorum set, if it does not trust everybody it finds.
    pub trust: Option<WireQuorumSet>,
    /// Size of its slices if it trusts everybody it finds.
    pub threshold: Threshold,
    /// Timing and numbers of the node state machine.
    pub settings: Arc<NodeSettings>,
    /// Bounds.
    pub limits: Limits,
    /// What people have to show if they call from elsewhere.
    pub token: Option<String>,
    /// Where everything is recorded.
    pub trace: Option<PathBuf>,
    /// What ending means.
    pub on_stop: OnStop,
}
