//! Node: one participant of the network, with discovery, trust, relaying, proposals, log and backups around SCP.
//!
//! The contract is `step(now, Input) -> Vec<Output>`: simulation and processes execute the same outputs.
//! A node performs no input or output and has no clock, randomness or threads.
//!
//! | module | contents |
//! |---|---|
//! | `contract`, `config`, `message`, `event` | inputs, outputs and timers; settings; wire messages; reported events |
//! | `node`, `context`, `outbox` | dispatch of inputs to the parts; time, identity and outputs of a step |
//! | `discovery`, `roster`, `trust_set`, `trust_policy` | announcements; known peers; trusted nodes and the quorum set |
//! | `probation`, `peer_list` | when a discovered node gets a vote; shared lists of peers |
//! | `consensus`, `driver`, `quorum_closure`, `pending_statements` | the running slot of SCP; callbacks; transitive quorum set; statements that wait |
//! | `replica`, `ledger`, `log`, `catch_up` | log replication; log, pool and backups together; decisions; state transfer |
//! | `pool`, `proposal`, `limits` | certified proposals; their content and encoding; size limits |
//! | `backup` | files, and fetches of missing files |
//! | `relay`, `resend`, `resend_backoff` | flooding with duplicate suppression; periodic re-sending |
//! | `persisted` | durable state, and the journal of changes to it |
//! | `rollback` | recovery of a node whose durable state was replaced by an older copy |
//! | `view` | the visible state, a fold over the events; for viewers |
//! | `key`, `strkey`, `node_map` | public key; its text form; map by node |

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
mod peer_list;
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
mod rollback;
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
pub use peer_list::{PeerList, PeersAnswer};
pub use persisted::{Persisted, StateChange};
pub use probation::{Standing, Standings, TrustEdit};
pub use proposal::{
    Content, FileInfo, Proposal, ProposalId, is_well_formed, proposals_in, value_of,
};
pub use rollback::Remembered;
pub use trust_policy::{Threshold, TrustPolicy};
