//! The Stellar Consensus Protocol: what draft-mazieres-dinrg-scp-05 says, done the way stellar-core does it.
//!
//! Absent here: clocks, input and output, randomness, logging, names of nodes. Inputs go in, [`Effect`]s come out.

mod driver;
mod event;
mod id;
mod protocol;
mod quorum_set;
mod statement;
mod value;

pub use driver::{Driver, ValidationContext, Validity};
pub use event::{
    BallotPhase, BallotReason, Effect, Evidence, Refusal, Rule, ScpEvent, ScpTimer, SlotState,
    VoteReason,
};
pub use id::{Counter, NodeId, QuorumSetId, SlotIndex};
pub use protocol::{LocalNode, Nomination, Recording, Scp};
pub use quorum_set::QuorumSet;
pub use statement::{Ballot, Envelope, Statement};
pub use value::Value;
