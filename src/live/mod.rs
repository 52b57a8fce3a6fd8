//! Nodes as processes: the same `node::Node` as in the simulation, with a real clock, a store, files and a network.
//!
//! ```text
//!  UDP ──> udp ─┐                         ┌─> store (what must survive; before anything leaves)
//!               ├─> Command ──> host ─────┼─> udp, links (to other nodes), fetcher (files)
//!  HTTP ─> http ┘    (node::Node lives    └─> recorder (trace file, GET /events)
//!                     here, one thread)
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `process` | starts everything, stops it in order |
//! | `host` | the thread on which the node lives: commands in, steps, store, deeds out |
//! | `wire` | what crosses the network, as types; numbers become keys and back |
//! | `directory` | which number stands for which key in this process |
//! | `identity` | the key pair, and what signatures cover |
//! | `udp`, `links`, `seen` | announcements; calls to other nodes; what has come lately |
//! | `http`, `status` | REST, and what it tells |
//! | `agent` | the client with which nodes are called |
//! | `store`, `files`, `fetch` | what survives; files by hash; getting them from others |
//! | `cluster` | several nodes on one machine, and their end |
//! | `attach` | watching nodes from outside: a session over their `GET /events` |
//!
//! One thread decides (`qs-node`); the others wait for the network or the disk. Absent here: protocol, pictures.

pub mod agent;
pub mod attach;
mod chain;
mod clock;
pub mod cluster;
mod command;
mod config;
pub mod directory;
pub mod fetch;
mod files;
mod host;
mod http;
pub mod identity;
mod links;
mod listen;
mod lock;
mod process;
mod recorder;
mod seen;
pub mod status;
mod store;
mod timers;
mod udp;
pub mod wire;

pub use config::{Limits, LiveConfig, OnStop, process_settings};
pub use files::{Begun, FileStore, FilesError, Part, Stored};
pub use listen::{ListenError, listen};
pub use process::{Process, StartError, identify};
pub use store::{Batch, Store, StoreError};
pub use wire::WireQuorumSet;
