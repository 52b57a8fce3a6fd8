//! Nodes as processes: the real program, real sockets, real folders, killed and started again.
//!
//! Every test has a network name, a UDP port and a folder of its own. Nothing here is timed: everything is waited for, and
//! only a deadline of minutes turns waiting into failure.

mod datagrams;
mod files;
mod flow;
mod harness;
mod large;
mod proxy;
#[cfg(unix)]
mod readme;
mod rest;
mod restart;
mod signed;
mod starting;
mod traces;
