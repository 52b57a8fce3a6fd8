//! Nodes as processes: the same [`node::Node`](crate::node::Node) as in the simulation, with a real clock, a durable store,
//! files, UDP discovery and a REST interface.
//!
//! ```text
//!  UDP ──> udp ──┐                               ┌─> store: one transaction, before anything leaves
//!                ├─> HostCommand ──> host ───────┼─> peer_client (HTTP), udp, fetch: messages, announcements, files
//!  HTTP ─> http ─┘    (owns node::Node,          └─> recorder: trace file, GET /events
//!                      one thread)
//! ```
//!
//! | module | contents |
//! |---|---|
//! | `process`, `config` | starts and stops all threads of a node in order; settings |
//! | `clock` | monotonic and wall-clock time; timestamps for replay protection |
//! | `host` | the thread that owns the node; transactional outbox: store first, then effects |
//! | `command`, `timers` | commands to the host; the running timers of the node |
//! | `wire` | messages, announcements and bundles as they are sent: signed JSON, nodes by key |
//! | `node_directory` | local node numbers for keys, and announcements |
//! | `identity` | Ed25519 key pair; signatures with domain separation |
//! | `known_keys`, `inbound_counters` | what the checks of incoming calls share with the host |
//! | `token_buckets` | rate limits by source address or sender |
//! | `message_cache` | duplicate suppression; signed messages for relaying |
//! | `peer_client` | HTTP client for each other node: batching, exponential backoff |
//! | `udp`, `passive_discovery` | UDP broadcast; discovery without announcing |
//! | `address_prover` | checks whether a node answers at its announced address |
//! | `http` | REST interface: authentication, rate limit, CSRF and DNS-rebinding guards |
//! | `status` | the types of `GET /status` and `GET /peers` |
//! | `http_client`, `tls` | settings that all HTTP clients share; certificates (feature `tls`) |
//! | `store`, `folder_lock` | durable state of the node (redb), with rollback of failed transactions; advisory lock |
//! | `log_hash` | SHA-256 hash chain over the log |
//! | `file_store`, `fetch` | content-addressed files; resumable downloads from other nodes |
//! | `recorder` | trace file and event stream |
//! | `cluster` | several node processes on one machine |
//! | `attach` | a session over the `GET /events` of running nodes, for the window |
//!
//! One thread (`qs-node`) decides; all others wait for the network or the disk.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::disallowed_methods,
        clippy::expect_used,
        clippy::unwrap_used,
        clippy::panic,
        clippy::unreachable
    )
)]

mod address_prover;
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
mod inbound_counters;
mod known_keys;
mod log_hash;
mod message_cache;
pub mod node_directory;
mod passive_discovery;
mod peer_client;
mod process;
mod recorder;
pub mod status;
mod store;
mod timers;
pub mod tls;
mod token_buckets;
mod udp;
pub mod wire;

pub use config::{Limits, LiveConfig, OnStop, process_settings};
pub use file_store::{BeginReceive, FileStore, FilesError, PartialFile, StoredFile};
pub use passive_discovery::{ListenError, listen};
pub use process::{Process, StartError, identify};
pub use store::{Store, StoreError, WriteBatch};
pub use wire::WireQuorumSet;
