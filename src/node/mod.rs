//! One participant around SCP: discovery, trust, relaying, the pool of proposals, the log, backups.
//!
//! The contract is `step(now, Input) -> Vec<Output>`: simulation and processes interpret the same outputs.
//! Absent here: input and output, clocks, randomness, threads.

mod config;
mod contract;
mod event;
mod message;
mod proposal;
pub mod view;

pub use config::{Application, NodeConfig, NodeSettings, Peer, Relaying, Threshold, TrustPolicy};
pub use contract::{FetchError, Input, Output, Persisted, Recipient, TimerKind};
pub use event::{BackupAnswer, NodeEvent, ProposalRefusal, RefusedWhy, SlotStart, TrustCause};
pub use message::{Announcement, AnnouncementKind, Body, Message, MessageId, MessageKind};
pub use proposal::{Content, FileInfo, Proposal, ProposalId, proposals_in, value_of};
