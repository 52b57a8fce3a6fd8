//! One participant around SCP: discovery, trust, relaying, the pool of proposals, the log, backups.
//!
//! The contract is `step(now, Input) -> Vec<Output>`: simulation and processes interpret the same outputs.
//! Absent here: input and output, clocks, randomness, threads.

mod backup;
mod catch_up;
mod config;
mod consensus;
mod contract;
mod decoding;
mod discovery;
mod driver;
mod event;
mod inbound;
mod key;
mod limits;
mod log;
mod membership;
mod message;
#[expect(clippy::module_inception, reason = "the node itself, beside its parts")]
mod node;
mod node_map;
mod outbox;
mod pending_statements;
mod persisted;
mod pool;
mod proposal;
mod proposing;
mod quorum_closure;
mod recording;
mod relay;
mod resend;
#[cfg(test)]
mod tests;
mod trust;
pub mod view;

pub use config::{
    Application, JoinMode, NodeConfig, NodeSettings, Peer, Relaying, Threshold, TrustPolicy,
};
pub use contract::{FetchError, Input, Output, Recipient, TimerKind};
pub use event::{BackupAnswer, MessageRefusal, NodeEvent, ProposalRefusal, SlotStart, TrustCause};
pub use key::{InvalidNodeKey, NodeKey};
pub use message::{Announcement, AnnouncementKind, Body, Bundle, Message, MessageId, MessageKind};
pub use node::Node;
pub use persisted::{Persisted, StateChange};
pub use pool::is_well_formed;
pub use proposal::{Content, FileInfo, Proposal, ProposalId, proposals_in, value_of};
