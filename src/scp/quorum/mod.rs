//! Quorums: tests whether some nodes contain a quorum or are v-blocking, and finds witness sets.
//!
//! The rules of nomination and balloting, which use these tests, are in other modules.
//!
//! | module | contents |
//! |---|---|
//! | `node_set`, `compiled_set`, `registry` | bitsets; quorum sets compiled to bitsets and interned |
//! | `latest_statements`, `change_log`, `statement_groups` | latest statement of each node; log of changes; groups of equal statements |
//! | `predicate`, `tallies` | claims of ballot statements; running tallies of claims |
//! | `quorum_view`, `quorum_search`, `pruning`, `no_quorum_cache`, `witness` | search for a quorum, ways to avoid searches, minimal sets |
//! | `federated_voting`, `ballots`, `nominations` | accepting and confirming, for ballots and for nominated values |
//! | `electorate` | the tests for nodes whose statements are assumed |

pub(super) mod ballots;
mod change_log;
mod compiled_set;
pub(super) mod electorate;
pub(super) mod federated_voting;
pub(super) mod latest_statements;
mod no_quorum_cache;
pub(super) mod node_set;
pub(super) mod nominations;
pub(super) mod predicate;
mod pruning;
mod quorum_search;
mod quorum_view;
pub(super) mod registry;
mod statement_groups;
mod tallies;
mod witness;
