//! Node: one participant of the network, with discovery, trust, relaying, proposals, log and backups around SCP.
//!
//! The contract is `step(now, Input) -> Vec<Output>`: simulation and processes execute the same outputs.
//! A node performs no input or output and has no clock, randomness or threads.

mod backup;
mod catch_up;
mod config;
mod consensus;
mod context;
mod contract;
mod discovery;
mod driver;
mod event;
mod key;
mod ledger;
mod limits;
mod log;
mod message;
#[expect(
    clippy::module_inception,
    reason = "`node` is the node itself; its siblings are its parts"
)]
mod node;
mod node_map;
mod outbox;
mod pending_statements;
mod persisted;
mod pool;
mod probation;
mod proposal;
mod quorum_closure;
mod relay;
mod replica;
mod resend;
mod resend_backoff;
mod roster;
pub mod strkey;
#[cfg(test)]
mod tests;
mod trust_policy;
mod trust_set;
pub mod view;

pub use config::{
    AdmissionPolicy, AdmissionSettings, Application, JoinMode, NodeConfig, NodeSettings, Peer,
    Relaying,
};
pub use contract::{Input, Output, Recipient, TimerKind};
pub use event::{
    BackupAnswer, FetchError, MessageRefusal, NodeEvent, ProposalRefusal, SlotStart, TrustCause,
};
pub use key::{InvalidNodeKey, NodeKey};
pub use message::{Announcement, AnnouncementKind, Body, Bundle, Message, MessageId, MessageKind};
pub use node::Node;
pub use persisted::{Persisted, StateChange};
pub use probation::{Standing, Standings, TrustEdit};
pub use proposal::{
    Content, FileInfo, Proposal, ProposalId, is_well_formed, proposals_in, value_of,
};
pub use trust_policy::{Threshold, TrustPolicy};
