//! Quorumscope: watch the Stellar Consensus Protocol reach agreement, and see exactly why, or why not.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod analysis;
pub mod commands;
pub mod net;
pub mod node;
pub mod picture;
pub mod rng;
pub mod scenario;
pub mod scp;
pub mod session;
pub mod sim;
pub mod time;
pub mod trace;
#[cfg(feature = "window")]
pub mod window;
