//! Network inputs of a node process for property tests (`fuzz_properties.rs`) and the fuzz targets in `fuzz/`: datagrams, signed
//! messages and REST calls.
//!
//! Inputs are signed correctly, because a wrong signature would hide everything behind it. Checked invariants: no panic,
//! refusals have a reason, other nodes can read all outputs, and no statement contradicts an earlier one.

pub(crate) mod calls;
pub(crate) mod conversation;
pub(crate) mod datagrams;
pub(crate) mod harness;
