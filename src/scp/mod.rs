//! The Stellar Consensus Protocol: draft-mazieres-dinrg-scp-05, implemented message for message like stellar-core.
//!
//! [`Scp`] takes inputs and returns [`Effect`]s. A [`Driver`] implements the functions that SCP requires from the
//! application. The module performs no input or output and uses no clock, randomness, logging or node names. No input
//! causes a panic: SCP refuses an input that it cannot process, and then nothing changes.
//!
//! # How a slot is decided
//!
//! Nodes decide one value per slot. *Nomination* finds values that a quorum is willing to decide. *Ballots* `<n, x>`
//! (counter, value) then decide one of them: a node first makes sure that no lower ballot can have decided another
//! value (**prepare**), then commits. Both parts are built from *federated voting*:
//!
//! | a node may | when | because |
//! |---|---|---|
//! | vote | it agrees and has not voted for the contrary | |
//! | accept | a quorum votes for or accepts it, or a *v-blocking* set accepts it | no intact node can accept the contrary |
//! | confirm | a quorum accepts it | every intact node will confirm it |
//!
//! A *slice* of a node is a set of nodes that satisfies its quorum set. A *quorum* contains a slice of each of its
//! members. A v-blocking set has a member in every slice of node v, and so in every quorum that contains v.
//!
//! # Variables
//!
//! | letter | field of [`SlotState`] | meaning | changes in |
//! |---|---|---|---|
//! | X | `voted` | values voted for in nomination | `nomination_protocol` |
//! | Y | `accepted` | values accepted as nominated | `nomination_protocol` |
//! | Z | `candidates` | values confirmed as nominated | `nomination_protocol` |
//! | b | `b` | current ballot: votes prepare(b) | `ballot_protocol`, `counter` |
//! | p | `p` | highest ballot accepted as prepared | `prepare` |
//! | p' | `p_prime` | the second highest, with another value | `prepare` |
//! | h | `h` | highest ballot confirmed prepared; once a commit is accepted, its upper end | `prepare`, `commit` |
//! | c | `c` | lowest ballot voted to commit; once a commit is accepted, its lower end | `prepare`, `commit` |
//! | z | `z` | value for new ballots; takes precedence over the composite of Z | `prepare`, `commit` |
//! | ~ | | same value | `statement` |
//!
//! `check_invariants` checks the invariants: p' < p, p' !~ p, c <= h <= b and c ~ h ~ b.
//!
//! # Sources of the rules
//!
//! Numbers after NOTES in this module refer to the numbered facts about stellar-core and its differences from the draft
//! in `tests/conformance/NOTES.md`. The transcripts beside that file prove them. Sections of the draft are cited by
//! title, sections of the whitepaper (Mazieres, "The Stellar Consensus Protocol", 2015) by number:
//!
//! | NOTES | about | draft | whitepaper | where |
//! |---|---|---|---|---|
//! | 1-15 | which statements are sane, newer, valid | Nominate, Prepare, Commit and Externalize message | 6.1, 6.2 | `statement`, `ballot_protocol`, `nomination_protocol` |
//! | 16-19 | quorums, v-blocking sets, accepting and confirming | Configuration, Federated voting, Quorum slices | 3.1, 5.2, 5.3, 5.5 | `quorum` |
//! | 20-24 | leaders and rounds | Nominate message | 6.1 | `leader` |
//! | 25-36 | votes, acceptance, candidates | Nominate message | 6.1 | `nomination_protocol` |
//! | 37-47 | preparing | Ballots, Prepare message | 6.2 | `ballot_protocol::prepare`, `statement` |
//! | 48-54 | committing | Prepare message (its end), Commit message, Externalize message | 6.2 | `ballot_protocol::commit` |
//! | 55-61 | counters and the ballot timer | Prepare message (`ballot.counter`, `ballot.value`) | 6.2 | `ballot_protocol::counter` |
//! | 62-69 | sending and restoring statements | Summary of phases | 6.2 | `ballot_protocol`, `slot`, `protocol` |
//! | section 7 | inputs on which stellar-core aborts, refused here | | | `transaction`, `ballot_protocol` |
//!
//! The most surprising differences from the draft:
//!
//! * PREPARE contains p' itself instead of a counter below which all ballots are aborted (1), and p unchanged, even if
//!   p is above b (4).
//! * `voted` contains `accepted` in NOMINATE (3).
//! * The local node need not be a member of the quorum on which it relies (16).
//! * A round without a new leader is skipped immediately (23). One value is echoed per event (25).
//! * Nomination ends with the decision, not when a ballot is confirmed prepared (33).
//! * The vote to commit is withdrawn when h is aborted, not when c is. h stays (42).
//! * c is the lowest ballot confirmed prepared from b up to h, and may be above b. In the draft it is b, and only when
//!   h has b's counter (44).
//! * The value of b can change while its counter does not (46). The value of a ballot that was only accepted as
//!   prepared starts no new ballot (47).
//! * Accepting a commit is enough to leave PREPARE. The draft also requires its ballot to be confirmed prepared (48).
//! * b can decrease when a commit is accepted (51).
//! * CONFIRM and EXTERNALIZE count as "heard" at any counter (59). Timeouts are n seconds, not n + 1 (60).
//! * The time spent in a slot does not limit its counters: a v-blocking set can raise the counter of a
//!   node to the highest one (61).
//!
//! In 42, 44 and 48 stellar-core follows the whitepaper (6.2).
//!
//! # Attacks on liveness
//!
//! Intact nodes never decide differently, but even a tolerated number of Byzantine nodes can prevent a decision. If a
//! Byzantine node claims to have decided at the highest counter, a node in CONFIRM accepts that commit and no other. If
//! the nodes needed for a decision have accepted no common counter by then, they reach one only at 2^32 - 1
//! (`tests/it/byzantine/liveness.rs`). A node that receives candidates before it nominates only stores them (28): a
//! Byzantine node that stops at the right moment can leave nodes with different composites permanently.
//!
//! # Reading order
//!
//! | module | contents |
//! |---|---|
//! | `id`, `value`, `value_set`, `statement`, `event`, `driver`, `quorum_set` | vocabulary |
//! | `quorum` | tests whether some nodes contain a quorum or are v-blocking, and finds the witness |
//! | `protocol` | the entry point |
//! | `transaction`, `undo` | one input, all or nothing |
//! | `slot_table`, `slot`, `context` | the slots; one slot; what its parts share |
//! | `leader`, `nomination_protocol` | nomination |
//! | `ballot_ref`, `ballot_protocol` | ballots; `prepare`, `commit` and `counter` contain the steps |
//!
//! Functions `attempt_*` test whether a step is allowed, functions `set_*` apply it.
//!
//! # Performance
//!
//! Most messages only set a bit in a tally. A step first tests whether the tally meets the thresholds of the local
//! node, and only then searches for a quorum, by classes of equal quorum sets. No search is needed if all nodes have
//! the same set or are singletons. Only ballots that a message supports are tried, as in stellar-core (NOTES 39).
//!
//! Tallies are updated lazily: change by change, or from the distinct statements if that is less work. A predicate
//! that is no longer queried costs nothing. Undo saves only the variables that were set, by moving their values. A new
//! slot reuses the allocations of a removed one. `quorumscope bench scp` and `cargo bench` measure the performance.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::disallowed_methods,
        clippy::expect_used,
        clippy::unwrap_used,
        clippy::panic,
        clippy::unreachable
    )
)]

mod ballot_protocol;
mod ballot_ref;
mod context;
mod driver;
mod event;
mod id;
mod leader;
mod nomination_protocol;
mod protocol;
mod quorum;
mod quorum_set;
mod slot;
mod slot_table;
mod statement;
#[cfg(test)]
mod stub_driver;
mod transaction;
mod undo;
mod value;
mod value_set;

pub use context::LocalNode;
pub use driver::{Driver, ValidationContext, Validity};
pub use event::{
    BallotPhase, BallotReason, Effect, Evidence, EvidenceMode, ScpEvent, ScpRefusal, ScpTimer,
    SlotState, VoteReason, VotingRule,
};
pub use id::{Counter, NodeId, QuorumSetId, SlotIndex};
pub use nomination_protocol::NominateOutcome;
pub use protocol::Scp;
pub use quorum::electorate::{Electorate, MemberSet};
pub use quorum::node_set::NodeSet;
pub use quorum::predicate::{Claim, Interval};
pub use quorum_set::{QuorumSet, QuorumSetError};
pub use statement::{Ballot, Envelope, Statement};
pub use value::Value;
