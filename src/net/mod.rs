//! The network model: which nodes reach each other, the latency of a message, and which messages are lost.
//!
//! Absent here: the contents of messages, queues, clocks, input and output. A question goes in, a verdict comes out.

mod grid;
mod medium;
mod neighbour_table;
mod spec;
#[cfg(test)]
mod tests;

pub use medium::{Medium, TrafficClass, Verdict};
pub use spec::{Latency, LinkRule, LossReason, MediumSpec, Position};
