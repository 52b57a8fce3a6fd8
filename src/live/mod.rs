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
//! | `node_directory` | which number stands for which key in this process |
//! | `identity` | the key pair, and what signatures cover |
//! | `udp`, `peer_client`, `message_cache` | announcements; calls to other nodes; what has come lately |
//! | `http`, `status` | REST, and what it tells |
//! | `http_client` | the client with which nodes are called |
//! | `store`, `file_store`, `fetch` | what survives; files by hash; getting them from others |
//! | `cluster` | several nodes on one machine, and their end |
//! | `attach` | watching nodes from outside: a session over their `GET /events` |
//!
//! One thread decides (`qs-node`); the others wait for the network or the disk. Absent here: protocol, pictures.

pub mod attach;
mod clock;
pub mod cluster;
mod command;
mod config;
pub mod fetch;
mod file_store;
mod folder_lock;
mod host;
mod http;
pub mod http_client;
pub mod identity;
mod listen;
mod log_hash;
mod message_cache;
pub mod node_directory;
mod peer_client;
mod process;
mod recorder;
pub mod status;
mod store;
mod timers;
mod udp;
pub mod wire;

pub use config::{Limits, LiveConfig, OnStop, process_settings};
pub use file_store::{BeginReceive, FileStore, FilesError, PartialFile, StoredFile};
pub use listen::{ListenError, listen};
pub use process::{Process, StartError, identify};
pub use store::{Store, StoreError, WriteBatch};
pub use wire::WireQuorumSet;
