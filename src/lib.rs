//! Quorumscope: watch the Stellar Consensus Protocol reach agreement, and see exactly why, or why not.
//!
//! # The map
//!
//! Data flows one way. A scenario and actions enter the engine. The engine calls nodes and emits records of what
//! happened. The world is a fold of the records. Pictures, summaries and verdicts read the world.
//!
//! ```text
//!  scenario ──> sim (engine, executors) ──> trace::Record ──> trace::World ──> picture ──> window, SVG, PNG
//!   Action  ──>  │  ▲                                              │
//!                ▼  │                                              └──> outcome, summary
//!              node (step) ──> scp
//!                net (verdicts)
//!
//!  UDP, REST ──> live ──> node (step) ──> scp           the same node as a process: its records go into a trace
//!                 └─────> trace::Record ──> World       file, or over GET /events to a window
//! ```
//!
//! | module | what it is | absent there |
//! |---|---|---|
//! | [`time`], [`rng`] | integer microseconds; named random streams split from one seed | clocks; shared generators |
//! | [`scp`] | the protocol: nomination, ballots, quorums, evidence | clocks, IO, randomness, logging, names of nodes |
//! | [`node`] | one participant: `step(now, Input) -> Vec<Output>` | IO, clocks, randomness, threads |
//! | [`net`] | the medium: who hears whom, how late, what is lost | message contents, queues |
//! | [`analysis`] | questions about quorum configurations | protocol state, clocks |
//! | [`scenario`] | what is to be run; [`scenario::Action`], the one vocabulary of things one can do | running anything |
//! | [`trace`] | what happened, as data; the world and the lanes of the timeline folded from it; checkers; files | the engine |
//! | [`run`] | a run to watch: session, replay of a recording, history that a viewer seeks in | the engine, the window |
//! | [`sim`] | virtual time, the queue, two executors: inline, and one named thread per node | wall-clock time |
//! | `live` | nodes as processes: a clock, a store, files, UDP and REST around the same `node`; watching them (feature `net`) | virtual time, protocol |
//! | `text` | every sentence that a person reads, with typed arguments; one file per language | layout, drawing |
//! | [`picture`] | world and view state to shapes, to SVG and PNG | macroquad, egui |
//! | `window` | input to commands, shapes to pixels, panels (feature `window`) | simulation, nodes |
//! | [`commands`], [`cli`] | one file per subcommand; they compose the rest | |
//!
//! Who may import whom is a table in `tests/it/layers/mod.rs`, and a test. Files do not import each other in a circle.
//!
//! # Invariants
//!
//! * A scenario, its seed and the list of actions determine every record, under both executors.
//! * No hashed collection, no clock and no shared generator in anything that is replayed.
//! * [`node::Node::step`] never fails and never panics. A bad input becomes an event and changes nothing.
//! * A process stores what must survive a crash before any message about it leaves.
//! * The window draws from the [`trace::World`] alone.
//!
//! # Glossary
//!
//! | term | meaning |
//! |---|---|
//! | node | one participant of the network, identified by its key |
//! | quorum set | a threshold over nodes and inner quorum sets: how many of whom a node wants to agree |
//! | slice | a set of nodes that satisfies a node's quorum set |
//! | quorum | a set of nodes that contains a slice of each of its members |
//! | v-blocking set | a set that meets every slice of node v: v cannot decide against it |
//! | witness | the quorum or v-blocking set that justifies a transition |
//! | slot | one decision: an index in everybody's log |
//! | statement | what a node says about a slot: NOMINATE, PREPARE, CONFIRM or EXTERNALIZE |
//! | envelope | a statement with its sender and slot, as it is sent |
//! | ballot | a counter and a value, `<n, x>` |
//! | vote, accept, confirm | the three steps of federated voting |
//! | candidate | a value confirmed as nominated |
//! | composite | the value that combines all candidates; ballots begin with it |
//! | externalize | to decide a slot |
//! | fork | two values externalized for one slot: agreement is violated |
//! | proposal | a note or a file that a node asks the network to record |
//! | pool | the proposals that a node knows and that are not yet decided |
//! | relay | to forward what others sent to nodes that they cannot reach |
//! | roster | the nodes that a node has discovered |
//! | trust policy | how a node derives its quorum set from its roster |
//! | medium | the simulated network: latency, loss, radio range |
//! | record | one thing that happened, with its time; a trace is a sequence of records |
//! | world | the state of all nodes and messages at one time, folded from records |
//! | Byzantine node | a node that does not follow the protocol |
//!
//! # Reading order
//!
//! [`scp`] first: its documentation teaches the protocol. Then `node::contract`, [`trace::Record`], [`trace::World`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

pub mod analysis;
pub mod cli;
pub mod commands;
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
pub(crate) mod text;
pub mod time;
pub mod trace;
#[cfg(feature = "window")]
pub mod window;
