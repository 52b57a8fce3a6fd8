//! One participant around SCP: discovery, trust, relaying, the pool of proposals, the log, backups.
//!
//! The contract is `step(now, Input) -> Vec<Output>`: simulation and processes interpret the same outputs.
//! Absent here: input and output, clocks, randomness, threads.

mod aside;
mod backup;
mod bounds;
mod by_node;
mod catch_up;
mod closure;
mod config;
mod consensus;
mod contract;
mod decoding;
mod discovery;
mod driver;
mod durable;
mod event;
mod key;
mod log;
mod membership;
mod message;
#[expect(clippy::module_inception, reason = "the node itself, beside its parts")]
mod node;
mod outbox;
mod pool;
mod proposal;
mod proposing;
mod recording;
mod relay;
mod resend;
mod statements;
#[cfg(test)]
mod tests;
mod trust;
pub mod view;

pub use config::{
    Application, Arrival, NodeConfig, NodeSettings, Peer, Relaying, Threshold, TrustPolicy,
};
pub use contract::{FetchError, Input, Output, Recipient, TimerKind};
pub use durable::{Change, Persisted};
pub use event::{BackupAnswer, NodeEvent, ProposalRefusal, RefusedWhy, SlotStart, TrustCause};
pub use key::{NodeKey, NotANodeKey};
pub use message::{Announcement, AnnouncementKind, Body, Bundle, Message, MessageId, MessageKind};
pub use node::Node;
pub use pool::is_well_formed;
pub use proposal::{Content, FileInfo, Proposal, ProposalId, proposals_in, value_of};
