//! Small worlds, exhausted: every order in which messages can arrive and timers can run out.
//!
//! A link holds only the newest statement of each kind that its sender has made: an older one that has not arrived by
//! then is lost. That is every way in which a network can lose and overtake, as a newer statement says all that an
//! older one said.
//!
//! Nodes with the same quorum set and the same beginning differ by name only: of worlds that a renaming makes equal one is
//! looked at, and all are counted.

mod ballots;
mod forks;
mod local_states;
mod nominations;
mod search;
mod symmetry;
