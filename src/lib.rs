//! Quorumscope: watch the Stellar Consensus Protocol reach agreement, and see exactly why, or why not.
//!
//! # The map
//!
//! Data flows one way: a scenario and actions go into an engine, the engine lets nodes do steps and says what
//! happened as records, the world is folded from records, and pictures, summaries and verdicts read the world.
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
//! | [`picture`] | world and view state to shapes, to SVG and PNG | macroquad, egui |
//! | `window` | input to commands, shapes to pixels, panels (feature `window`) | simulation, nodes |
//! | [`commands`], [`cli`] | one file per subcommand; they compose the rest | |
//!
//! Who may import whom is a table in `tests/it/layers.rs`, and a test.
//!
//! # Invariants
//!
//! * A scenario, its seed and the list of actions determine every record, under both executors.
//! * No hashed collection, no clock and no shared generator in anything that is replayed.
//! * A node's `step` never fails and never panics: what it does not like becomes an event.
//! * The window draws from the world alone; nothing on the screen has another source.
//!
//! # Reading order
//!
//! [`scp`] first (its documentation teaches the protocol), then `node::contract`, [`trace::Record`],
//! [`trace::World`], and then whatever you came for.

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
pub mod time;
pub mod trace;
#[cfg(feature = "window")]
pub mod window;
