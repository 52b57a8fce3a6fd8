//! Quorumscope: watch the Stellar Consensus Protocol reach agreement, and see exactly why, or why not.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod picture;
pub mod rng;
pub mod scp;
pub mod time;
