//! Helpers that several subcommands share.

pub(super) mod atomic_write;
pub(super) mod cpu_time;
pub(super) mod distinct_files;
pub(super) mod error;
pub(super) mod image_export;
pub(super) mod load;
#[cfg(feature = "net")]
pub(super) mod node_client;
pub(super) mod quorum_intersection;
#[cfg(feature = "window")]
pub(super) mod recording_session;
pub(super) mod stdout;
#[cfg(feature = "net")]
pub(super) mod token_file;
pub(super) mod trace_file;
