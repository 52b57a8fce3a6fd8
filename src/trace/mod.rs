//! What happened, as data: [`Record`]s in order, and [`World`], which is a fold of them.
//!
//! Everything on the screen, in summaries and in files comes from here. Absent: the engine, and any opinion about
//! how records came about.

mod activity;
mod file;
pub mod lanes;
pub mod merge;
pub mod outcome;
mod parts;
mod record;
mod renumber;
mod snapshot;
mod tables;
mod world;

pub use file::{MergeSource, Provenance, TraceError, TraceReader, TraceWriter};
pub use lanes::Lanes;
pub use parts::{Broadcast, EventLogEntry, Flight, NodeStatus, RunCounters, WorldNode};
pub use record::{FlightId, Record};
pub use renumber::{Numbering, Renumber};
pub use snapshot::Snapshot;
pub use tables::{ProposalRow, ProposalState, RowKey, SlotSummary};
pub use world::World;
