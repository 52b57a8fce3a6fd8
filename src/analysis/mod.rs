//! Pure questions about a quorum configuration: which sets are quorums, do any two of them meet, who is in the middle.
//!
//! A configuration is an [`Fbas`]: for every node the quorum set it has chosen, or none. Nothing here changes it and
//! nothing here knows the protocol's state, values, time or faults. A question that may take long is given a `stop`
//! closure and answers "unknown" once that returns true; nothing else makes it give up, except an encoding that would
//! not fit into memory. Absent: clocks (the caller's closure has one), blocking and splitting sets.

#[cfg(test)]
mod brute_force;
mod circuit;
mod components;
mod counting;
mod fbas;
mod intersection;
#[cfg(test)]
mod known_networks;
mod sat_encoding;

pub use components::{quorum_components, top_tier};
pub use fbas::Fbas;
pub use intersection::{IntersectionResult, intersection, stop_after};
