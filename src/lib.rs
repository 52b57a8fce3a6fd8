//! Quorumscope: simulator and viewer of the Stellar Consensus Protocol, with the evidence for every transition.
//!
//! # Modules
//!
//! Data flows one way. A scenario and actions enter the engine. The engine calls nodes and emits records of what
//! happened. The world is a fold of the records. Pictures, summaries and outcomes read the world.
//!
//! ```text
//!  scenario ──> sim (engine, executors) ──> trace::Record ──> trace::World ──> picture ──> window, SVG, PNG
//!   Action  ──>  │  ▲                                              │
//!                ▼  │                                              └──> outcome, summary, explain
//!              node (step) ──> scp
//!                net (verdicts)
//!
//!  UDP, REST ──> live ──> node (step) ──> scp           the same node as a process: its records go into a trace
//!                 └─────> trace::Record ──> World       file, or over GET /events to a window
//! ```
//!
//! | module | contents | does not contain |
//! |---|---|---|
//! | [`time`], [`rng`] | integer microseconds; named random streams split from one seed | clocks; shared generators |
//! | `lists` | positions of vectors: methods that panic in the standard library, without panics | contents |
//! | [`scp`] | the protocol: nomination, ballots, quorums, evidence | clocks, IO, randomness, logging, node names |
//! | [`node`] | one participant: `step(now, Input) -> Vec<Output>` | IO, clocks, randomness, threads |
//! | [`net`] | the network model: reachability, latency, loss | message contents, queues |
//! | [`analysis`] | analysis of quorum configurations | protocol state, clocks |
//! | [`scenario`] | scenario files, and [`scenario::Action`], which lists all actions on a network | the engine |
//! | [`trace`] | records of events; the world and the timeline lanes folded from them; checkers; files | the engine |
//! | [`explain`] | why and why not: explanations of recorded transitions, missing statements, availability, verdicts | words, drawing, the engine |
//! | [`run`] | a run for a viewer: session, replay of a recording, history for seeking | the engine, the window |
//! | [`sim`] | virtual time, the event queue, two executors: inline, and one named thread per node | wall-clock time |
//! | `live` | nodes as processes: clock, store, files, UDP and REST around the same `node`; watching them (feature `net`) | virtual time, protocol |
//! | `text` | all user-visible text, with typed arguments; one file per language | layout, drawing |
//! | [`picture`] | drawing of the world and the view state as shapes, SVG and PNG | macroquad, egui |
//! | `window` | the window: input, painting, panels (feature `window`) | simulation, nodes |
//! | [`commands`] | the subcommands, one file or folder each | argument parsing |
//! | [`cli`] | command-line arguments | execution |
//!
//! A table in `tests/it/layers/mod.rs` lists the imports that each module may have, and a test enforces it. Files do
//! not import each other in a circle, except parent and child.
//!
//! # Invariants
//!
//! * A scenario, its seed and the list of actions determine every record, under both executors.
//! * Replayed code uses no hashed collection, no clock and no shared random generator.
//! * [`node::Node::step`] never fails and never panics. A bad input becomes an event and changes nothing. Lints deny
//!   arithmetic and indexing that can panic in `scp`, `node` and `live`.
//! * A process stores every change that must survive a crash before it sends a message about it.
//! * The window draws only from the [`trace::World`], the lanes, the quorum analysis, and the state of playback and
//!   view.
//!
//! # Glossary
//!
//! | term | meaning |
//! |---|---|
//! | node | one participant of the network, identified by its key |
//! | quorum set | a threshold over nodes and inner quorum sets; it defines the slices of a node |
//! | slice | a set of nodes that satisfies a node's quorum set |
//! | quorum | a set of nodes that contains a slice of each of its members |
//! | v-blocking set | a set with a member in every slice of node v, and so in every quorum that contains v |
//! | witness | the quorum or v-blocking set that justifies a transition |
//! | evidence | the witness of a transition, with the rule and the statement of each member |
//! | slot | one decision: an index in the log of every node |
//! | statement | a protocol message about a slot: NOMINATE, PREPARE, CONFIRM or EXTERNALIZE |
//! | envelope | a statement with its sender and slot, as it is sent |
//! | ballot | a counter and a value, `<n, x>` |
//! | vote, accept, confirm | the three steps of federated voting |
//! | candidate | a value confirmed as nominated |
//! | composite | the value that combines all candidates; ballots begin with it |
//! | externalize | to decide a slot |
//! | fork | two values externalized for one slot: agreement is violated |
//! | top tier | the nodes on which every quorum depends |
//! | proposal | a note or a file that a node asks the network to record |
//! | certify | to send or relay a proposal as a trusted node; only certified proposals are nominated |
//! | pool | the certified proposals of a node that are not yet decided |
//! | housekeeping | periodic or re-sent messages and timers; outcome checks and idle detection ignore them |
//! | relay | to forward messages of other nodes to nodes that the senders do not reach |
//! | roster | the nodes that a node has discovered |
//! | trust policy | how a node derives its quorum set from its roster |
//! | listener | a node whose votes cannot count, because it belongs to no quorum |
//! | incarnation | one run of a node or process, from its start to its stop; a restart begins the next |
//! | medium | the simulated network: partitions, latency, loss, radio range |
//! | flight | one transmission of a message from one node to another, from sending to arrival or loss |
//! | record | one event with its time; a trace is a sequence of records |
//! | world | the state of all nodes and messages at one time, folded from records |
//! | referenced node | a node that others name or trust, but whose own events are not recorded |
//! | Byzantine node, ill-behaved node | a node that does not follow the protocol |
//! | intact, befouled | a node whose safety and liveness do not depend on ill-behaved nodes; any other well-behaved node |
//!
//! # Reading order
//!
//! Start with [`scp`], whose documentation explains the protocol. Then read `node::contract`, [`trace::Record`] and
//! [`trace::World`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod explain;
mod lists;
#[cfg(feature = "net")]
pub mod live;
pub mod net;
pub mod node;
pub mod picture;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod scp;
pub mod sim;
#[doc(hidden)]
pub mod text;
pub mod time;
pub mod trace;
#[cfg(feature = "window")]
pub mod window;
