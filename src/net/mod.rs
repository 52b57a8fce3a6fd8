//! The network model: which nodes reach each other, the latency of a message, and which messages are lost.
//!
//! The model has no message contents, queues, clocks, input or output. It only returns a verdict on each transmission.

mod grid;
mod medium;
mod neighbour_table;
mod spec;
#[cfg(test)]
mod tests;

pub use medium::{Medium, PayloadKind, Verdict};
pub use spec::{Latency, LinkRule, LossReason, MediumSpec, Position};
