//! Quorums: whether some nodes contain a quorum or are v-blocking, and which witness set shows it.
//!
//! Absent here: the rules of nomination and of balloting, which ask these questions.
//!
//! | file | idea |
//! |---|---|
//! | `node_set`, `compiled_set`, `registry` | bitsets; quorum sets compiled to bitsets and interned |
//! | `latest`, `change_log`, `groups` | latest statement of each node; what changed; equal statements grouped |
//! | `predicate`, `tallies` | what a ballot statement claims; running tallies of claims |
//! | `view`, `search`, `pruning`, `no_quorum_cache`, `witness` | the search for a quorum, what saves searches, minimal sets |
//! | `federated_voting`, `ballots`, `nominations` | accept and confirm, for ballots and for nominated values |

pub(super) mod ballots;
mod change_log;
mod compiled_set;
pub(super) mod federated_voting;
mod groups;
pub(super) mod latest;
mod no_quorum_cache;
pub(super) mod node_set;
pub(super) mod nominations;
pub(super) mod predicate;
mod pruning;
pub(super) mod registry;
mod search;
mod tallies;
mod view;
mod witness;
