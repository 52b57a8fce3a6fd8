//! Exhaustive state-space search of small networks: every order in which messages arrive and timers expire.
//!
//! A link holds only the newest statement of each kind of its sender; an older one that has not arrived is lost. This
//! model covers all loss and reordering, because a newer statement implies the older ones.
//!
//! Symmetry reduction: nodes with the same quorum set and the same initial state are interchangeable. The search checks
//! one of the states that differ only by a renaming, and counts all of them.

mod ballots;
mod forks;
mod local_states;
mod nominations;
mod search;
mod symmetry;
