//! Analysis of quorum configurations: quorum intersection, quorum-containing components, the top tier.
//!
//! A configuration is an [`Fbas`]: the quorum set of each node, or none. The analysis has no protocol state, values,
//! time or faults. A computation that may take long calls a `stop` closure and returns "unknown" once the closure
//! returns true, or if the encoding would exceed its size limit. Only the caller's closure may
//! read a clock. The module computes no blocking sets and no splitting sets.

#[cfg(test)]
mod brute_force;
mod circuit;
mod components;
mod counting;
mod fbas;
mod intersection;
#[cfg(test)]
mod known_network_tests;
mod sat_encoding;

pub use components::{quorum_components, top_tier};
pub use fbas::Fbas;
pub use intersection::{IntersectionResult, intersection, stop_after};
