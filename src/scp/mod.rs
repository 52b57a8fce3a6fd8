//! The Stellar Consensus Protocol: what draft-mazieres-dinrg-scp-05 says, done the way stellar-core does it.
//!
//! Absent here: clocks, input and output, randomness, logging, names of nodes. Inputs go into [`Scp`], [`Effect`]s come
//! out; what SCP leaves to the application it asks of a [`Driver`]. No input panics: what cannot be followed is refused
//! and changes nothing.
//!
//! # What happens in a slot
//!
//! Nodes decide one value per slot. *Nomination* finds values that a quorum is willing to decide; *ballots* `<n, x>`
//! (counter, value) then decide one: a node first makes sure that nothing else can have been decided in lower ballots
//! (**prepare**), then commits. Both are built from one tool, *federated voting*:
//!
//! | a node may | when | because |
//! |---|---|---|
//! | vote | it likes, unless it has voted for the contrary | |
//! | accept | a quorum votes for or accepts it, or a *v-blocking* set accepts it | no intact node can accept the contrary |
//! | confirm | a quorum accepts it | every intact node will |
//!
//! A *slice* is a set of nodes that convinces one node; a *quorum* holds a slice of each of its members; a v-blocking
//! set meets every slice of v, so that v cannot be convinced without it.
//!
//! # The letters
//!
//! | letter | field of [`SlotState`] | meaning | moved in |
//! |---|---|---|---|
//! | X | `voted` | values voted for in nomination | `nomination_protocol` |
//! | Y | `accepted` | values accepted as nominated | `nomination_protocol` |
//! | Z | `candidates` | values confirmed as nominated | `nomination_protocol` |
//! | b | `b` | current ballot: votes prepare(b) | `ballot_counter`, `ballot_protocol` |
//! | p | `p` | highest ballot accepted as prepared | `ballot_prepare` |
//! | p' | `p_prime` | the second highest, of another value | `ballot_prepare` |
//! | h | `h` | highest ballot confirmed prepared; once a commit is accepted, its upper end | `ballot_prepare`, `ballot_commit` |
//! | c | `c` | lowest ballot voted to commit; once a commit is accepted, its lower end | `ballot_prepare`, `ballot_commit` |
//! | z | `z` | value for new ballots, before the composite of Z | `ballot_prepare`, `ballot_commit` |
//! | ~ | | same value | `statement` |
//!
//! `check_invariants` holds what always holds between them: p' < p, p' !~ p, c <= h <= b and c ~ h ~ b.
//!
//! # Where each rule comes from
//!
//! Numbers after NOTES in this module count the known differences between the draft and stellar-core, as written down
//! in `tests/conformance/NOTES.md`, beside the transcripts that prove them. Sections of the draft go by title, those of
//! the whitepaper (Mazieres, "The Stellar Consensus Protocol", 2015) by number:
//!
//! | NOTES | about | draft | whitepaper | where |
//! |---|---|---|---|---|
//! | 1-15 | which statements are sane, newer, valid | Nominate, Prepare, Commit and Externalize message | 6.1, 6.2 | `statement`, `ballot_protocol`, `nomination_protocol` |
//! | 16-19 | quorums, v-blocking sets, accepting and confirming | Configuration, Federated voting, Quorum slices | 3.1, 5.2, 5.3, 5.5 | `quorum`, `compiled_set`, `federated_voting` |
//! | 20-24 | leaders and rounds | Nominate message | 6.1 | `leader` |
//! | 25-36 | votes, acceptance, candidates | Nominate message | 6.1 | `nomination_protocol` |
//! | 37-47 | preparing | Ballots, Prepare message | 6.2 | `ballot_prepare`, `statement` |
//! | 48-54 | committing | Prepare message (its end), Commit message, Externalize message | 6.2 | `ballot_commit` |
//! | 55-61 | counters and the ballot timer | Prepare message (`ballot.counter`, `ballot.value`) | 6.2 | `ballot_counter` |
//! | 62-69 | what is said, and when; restoring | Summary of phases | 6.2 | `ballot_protocol`, `slot`, `protocol` |
//! | section 7 | inputs on which stellar-core aborts: refused here | | | `transaction`, `ballot_protocol` |
//!
//! The departures that surprise a reader of the draft most:
//!
//! * PREPARE carries p' itself instead of a counter below which all is aborted (1), and p as it is, even above b (4).
//! * `voted` contains `accepted` in NOMINATE (3).
//! * The local node need not be in the quorum it sees (16).
//! * A round that brings no new leader is skipped at once (23); one value is echoed per event (25).
//! * Nomination ends with the decision, not as soon as a ballot is confirmed prepared (33).
//! * The vote to commit is withdrawn when h is aborted, not when c is; h stays (42).
//! * c is the lowest ballot confirmed prepared from b up to h, which may be above b; in the draft it is b, and only when
//!   h has b's counter (44).
//! * The value of b can change while its counter does not (46); the value of a node that has only accepted a ballot as
//!   prepared starts no ballot (47).
//! * Accepting a commit is enough to leave PREPARE; the draft also wants its ballot confirmed prepared (48).
//! * b can step back when a commit is accepted (51).
//! * CONFIRM and EXTERNALIZE count as "heard" at any counter (59); timeouts are n seconds, not n + 1 (60).
//! * Counters are not held back by the time that the slot has taken: a v-blocking set can pull a node to the last (61).
//!
//! In 42, 44 and 48 stellar-core does what the whitepaper says (6.2).
//!
//! # What a tolerated liar can still do
//!
//! Intact nodes never decide differently, but they can be kept from deciding. A liar that says it has decided at the
//! highest counter makes a node in CONFIRM accept that commit, and only that: if those who are needed then have accepted
//! no counter in common, they would have to count up to 2^32 - 1 to meet (`tests/it/byzantine/liveness.rs`). And who hears of
//! candidates before it nominates itself only stores what it hears (28): a liar that falls silent at the right moment can
//! leave composites apart for good.
//!
//! # Reading order
//!
//! 1. The vocabulary: `id`, `value`, `value_set`, `statement`, `event`, `driver`.
//! 2. Trust: `quorum_set`, `node_set`, `compiled_set`, `set_registry`.
//! 3. Voting: `ledger` (who said what last), `pledge` (what a ballot statement promises), `ballot_ledger` and
//!    `nomination_ledger` (who promises it), `quorum`, `federated_voting`.
//! 4. The protocol: `protocol` (the door), `transaction` (one input, all or nothing), `slots`, `slot`, `kept`, `leader`, `nomination_protocol`,
//!    `ballot_protocol`, `mention`, `ballot_prepare`, `ballot_commit`, `ballot_counter`. `attempt_*` decides, `set_*` changes.
//!
//! # Speed
//!
//! Most messages change nothing but a bit. A step first asks whether the local node's own thresholds are met by the
//! tally of a pledge, and only then searches for a quorum, by classes of equal quorum sets; where all have the same one,
//! or need nobody any more, there is nothing to search. Only what a message mentions is tried at all, which is also what
//! the reference does (NOTES 39).
//!
//! A tally hears of new statements when it is asked: of each in turn, or of all different ones if it has missed more than
//! there are. So a pledge that nobody asks for any more costs nothing. A transaction that changes little costs little to undo:
//! what is set is moved to where it is kept. And the memory of a forgotten slot serves the next one.
//! `quorumscope bench scp` and `cargo bench` measure all this.

mod ballot_protocol;
mod ballot_ref;
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

pub use driver::{Driver, ValidationContext, Validity};
pub use event::{
    BallotPhase, BallotReason, Effect, Evidence, ScpEvent, ScpRefusal, ScpTimer, SlotState,
    VoteReason, VotingRule,
};
pub use id::{Counter, NodeId, QuorumSetId, SlotIndex};
pub use protocol::{EvidenceMode, LocalNode, NominateOutcome, Scp};
pub use quorum::node_set::NodeSet;
pub use quorum_set::{QuorumSet, QuorumSetError};
pub use statement::{Ballot, Envelope, Statement};
pub use value::Value;
