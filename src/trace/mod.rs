//! The event log of a run: [`Record`]s in order, and [`World`], the state that is folded from them.
//!
//! Pictures, summaries and files derive only from records.
//!
//! | module | contents |
//! |---|---|
//! | `record` | one event |
//! | `world`, `world_parts`, `slot_tables` | the state after a sequence of events |
//! | `causal_log` | transitions, and the statements behind them |
//! | `activity` | whether a run is at rest |
//! | [`lanes`] | phases of nodes over time |
//! | [`outcome`] | when a run ends, and whether its nodes agreed |
//! | `snapshot` | compacted events of one node |
//! | [`format`](mod@format), `file` | the trace format, version 2, and trace files |
//! | [`merge`](mod@merge) | one run from the traces of several processes |
//!
//! `sim` and `live` emit the records.

mod activity;
mod causal_log;
mod file;
pub mod format;
pub mod lanes;
pub mod merge;
pub mod outcome;
mod record;
mod slot_tables;
mod snapshot;
mod world;
mod world_parts;

pub use causal_log::{
    CausalLog, CopyInTransit, NodeLog, ReceivedStatement, SentStatement, SlotsKept, Transition,
    TransitionId,
};
pub use file::{LINE_BYTES_MAX, TraceError, TraceReader, TraceWriter, left_over};
pub use format::{Digest, NodeRegistry, Provenance, SourceTrace};
pub use lanes::Lanes;
pub use record::{FlightId, Record};
pub use slot_tables::{ProposalRow, ProposalState, RowKey, SlotSummary};
pub use snapshot::Snapshot;
pub use world::World;
pub use world_parts::{Broadcast, EventLogEntry, Flight, NodeStatus, RunCounters, WorldNode};
