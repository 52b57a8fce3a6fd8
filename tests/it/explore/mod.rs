//! Exhaustive state-space search of small networks: every order in which messages arrive and timers run out.
//!
//! A link holds only the newest statement of each kind of its sender; an older one that has not arrived is lost. That
//! covers all loss and reordering, because a newer statement implies the older ones.
//!
//! Symmetry reduction: nodes with the same quorum set and the same initial state are interchangeable. Of states that
//! differ by a renaming one is checked, and all are counted.

mod ballots;
mod forks;
mod local_states;
mod nominations;
mod search;
mod symmetry;
