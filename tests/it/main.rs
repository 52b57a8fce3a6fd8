//! All integration tests, in one binary.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod hostile;
mod layers;
mod paper;
mod scene;
mod scp_net;
mod transcripts;
mod witness;
