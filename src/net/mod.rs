//! The medium between nodes: who can hear whom, how long a message takes, which ones are lost.
//!
//! Absent here: messages' contents, queues, clocks, input and output. A question goes in, a verdict comes out.

mod grid;
mod medium;
mod neighbour_table;
mod spec;
#[cfg(test)]
mod tests;

pub use medium::{Medium, TrafficClass, Verdict};
pub use spec::{Latency, LinkRule, LossReason, MediumSpec, Position};
