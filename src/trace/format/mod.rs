//! Trace format, version 2: JSON lines with separate types, in which public keys identify nodes.
//!
//! A trace is a text with one JSON object per line. Each object after the header has one key, which names its kind:
//!
//! | line | meaning |
//! |---|---|
//! | header | `{"format": "quorumscope-trace", "version": 2, "seed": .., ..}`, always the first line |
//! | `node` | introduces a node: its `key`, its `name`, and the `id` by which later lines refer to it |
//! | `quorum_set`, `address_book`, `announcement`, `envelope`, `message`, `bundle` | define a shared object; later lines refer to it by its number among the lines of its kind, from 0 |
//! | `scenario` | the scenario of the run; ends the preamble |
//! | `node_added`, `node_referenced`, `acted`, `stepped`, `sent`, `lost`, `chunk` | a [`Record`](crate::trace::Record) each |
//! | `end` | the last line, with the number of records; a trace without it is truncated |
//!
//! The `id` of a node is the shortest unique prefix of its key, eight characters or more. Lines contain no node numbers
//! ([`NodeId`](crate::scp::NodeId)), except `#` and the number for a node that no line introduces. The reader issues
//! numbers in the order of the `node` lines, or takes those of a [`NodeRegistry`] that several traces share.
//!
//! The types here mirror the internal ones field by field. Renaming an internal type changes nothing in a file. The
//! program does not compile after a field is added or removed until this format defines how the field is written.
//!
//! The *canonical form* of a record is the sequence of lines that [`Encoder`] writes for it, definitions included. It
//! depends on the scenario and the records before it, and not on the executor, the machine or the sharing of memory.
//! [`Digest`] is the SHA-256 over these lines.

mod context;
mod digest;
mod node_forms;
mod nodes;
mod plain_forms;
mod record_forms;
mod scenario_forms;
mod scp_forms;
mod serialized_form;
mod shared_objects;

mod decoder;
mod encoder;

pub(super) use decoder::invalid;
pub use decoder::{Decoded, Decoder, InvalidLine};
pub use digest::Digest;
pub use encoder::Encoder;
pub use nodes::NodeRegistry;
pub(super) use record_forms::{Header, Probe};
pub use record_forms::{Provenance, SourceTrace};

/// The `format` of every header.
pub(super) const FORMAT: &str = "quorumscope-trace";
/// The version that is written and read.
pub(super) const VERSION: u32 = 2;
