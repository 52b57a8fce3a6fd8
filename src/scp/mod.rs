//! The Stellar Consensus Protocol: what draft-mazieres-dinrg-scp-05 says, done the way stellar-core does it.
//!
//! Absent here: clocks, input and output, randomness, logging, names of nodes. Inputs go in, [`Effect`]s come out.

mod ballot_commit;
mod ballot_counter;
mod ballot_ledger;
mod ballot_prepare;
mod ballot_protocol;
mod compiled_set;
mod driver;
mod event;
mod federated_voting;
mod id;
mod leader;
mod ledger;
mod node_set;
mod nomination_ledger;
mod nomination_protocol;
mod pledge;
mod protocol;
mod quorum;
mod quorum_set;
mod set_registry;
mod slot;
mod statement;
mod turn;
mod value;

pub use driver::{Driver, ValidationContext, Validity};
pub use event::{
    BallotPhase, BallotReason, Effect, Evidence, Refusal, Rule, ScpEvent, ScpTimer, SlotState,
    VoteReason,
};
pub use id::{Counter, NodeId, QuorumSetId, SlotIndex};
pub use node_set::NodeSet;
pub use protocol::{LocalNode, Nomination, Recording, Scp};
pub use quorum_set::{Insanity, QuorumSet};
pub use statement::{Ballot, Envelope, Statement};
pub use value::Value;
