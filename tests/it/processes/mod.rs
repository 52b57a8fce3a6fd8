//! Tests of node processes: the real program with real sockets and folders, killed and restarted.
//!
//! Every test has its own network name, UDP port and folder. Tests wait for conditions, with a deadline of minutes; no
//! test measures time.

mod datagrams;
mod files;
mod flow;
mod forks;
mod harness;
pub(crate) mod hostile;
mod large;
mod proxy;
#[cfg(unix)]
mod real_nodes_page;
mod rest;
mod restart;
mod rollback;
mod signed;
mod starting;
pub(crate) mod stranger;
#[cfg(feature = "tls")]
mod tls;
mod traces;
mod trust;
