//! Integration tests, built as one binary.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[cfg(feature = "net")]
mod attach;
mod bench_scp;
mod byzantine;
mod cli;
#[cfg(feature = "net")]
mod cluster;
mod conformance;
mod conformance_vectors;
mod digests;
#[cfg(all(feature = "net", unix))]
mod docs;
mod event_coverage;
mod executors;
mod explain;
mod explore;
#[cfg(all(feature = "net", target_os = "linux"))]
mod fault_injection;
#[cfg(feature = "net")]
mod fuzz_inputs;
#[cfg(feature = "net")]
mod fuzz_properties;
mod lanes;
mod layers;
mod merge;
mod node_determinism;
mod paper;
mod picture;
mod process_sim;
#[cfg(feature = "net")]
mod processes;
mod run_files;
mod runs;
mod scenarios;
mod scp_harness;
mod scp_net;
mod scp_random_inputs;
mod snapshot;
mod statements;
mod stories;
mod stress;
mod trace_file;
mod trace_format;
mod trace_lines;
mod vectors;
mod watched_run;
#[cfg(feature = "window")]
mod window;
mod witness;
