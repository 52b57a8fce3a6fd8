//! Network inputs of a node process for property tests (`fuzz_properties.rs`) and the fuzz targets in `fuzz/`:
//! datagrams, signed messages and REST calls.
//!
//! Inputs have valid signatures, because otherwise the signature check would refuse them before any other code runs.
//! Checked invariants: no panic, refusals have a reason, other nodes can read all outputs, and no statement contradicts
//! an earlier one.

pub(crate) mod calls;
pub(crate) mod conversation;
pub(crate) mod datagrams;
pub(crate) mod harness;
