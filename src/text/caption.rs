//! Captions: one sentence per event of a node.
//!
//! `event.rs` chooses the sentence of an event.

use super::catalogue::messages;
use crate::scp::{Counter, SlotIndex};

messages! { "caption":
    fn nothing_yet();
    fn click_to_propose();

    fn discovered(node: &str, peer: &str);
    fn discovered_via(node: &str, peer: &str, via: &str);
    fn trust_configured(node: &str, trusted: usize);
    fn trust_discovered(node: &str, trusted: usize);
    fn trust_refreshed(node: &str, trusted: usize);
    fn trust_departed(node: &str, trusted: usize);
    fn trust_forgotten(node: &str, trusted: usize);
    fn trust_replaced(node: &str, trusted: usize);
    fn trust_admitted(node: &str, trusted: usize);
    fn trust_suspended(node: &str, trusted: usize);
    fn trust_edited(node: &str, trusted: usize);
    fn standing_candidate(node: &str, peer: &str);
    fn standing_newcomer(node: &str, peer: &str);
    fn standing_established(node: &str, peer: &str);
    fn standing_removed(node: &str, peer: &str);
    fn rolled_back(node: &str);
    fn quorum_set_overridden(node: &str, slot: SlotIndex);
    fn quorum_set_changed(node: &str, threshold: u32, total: usize, slot: SlotIndex);
    fn ready(node: &str, known: u32);
    fn catching_up(node: &str, slot: SlotIndex);
    fn peer_left(node: &str, peer: &str);
    fn left(node: &str);
    fn message_refused(node: &str, peer: &str);

    fn proposed(node: &str, proposal: &str);
    fn pooled(node: &str, proposal: &str, certified_by: &str);
    fn proposal_malformed(node: &str);
    fn proposal_in_log(node: &str);
    fn proposal_untrusted(node: &str);
    fn proposal_wrong_application(node: &str);
    fn proposal_not_participating(node: &str);
    fn proposal_stale(node: &str);
    fn proposal_pool_full(node: &str);
    fn proposal_expired(node: &str, voted: usize, missing: usize);
    fn recorded(node: &str, value: &str, slot: SlotIndex);
    fn backup_yes(node: &str, file: &str);
    fn backup_has_it(node: &str, file: &str);
    fn backup_decided_before_vote(node: &str, file: &str);
    fn backed_up_own(node: &str, file: &str);
    fn backed_up_from(node: &str, file: &str, peer: &str);
    fn backup_failed(node: &str, file: &str);

    fn slot_opened(node: &str, slot: SlotIndex);
    fn slot_joined(node: &str, slot: SlotIndex);
    fn round_started(node: &str, round: u32, slot: SlotIndex, leaders: &str);
    fn voted_own(node: &str, value: &str);
    fn voted_echo(node: &str, leader: &str, value: &str);
    fn voted_extracted(node: &str, value: &str);
    fn accepted_nominated(node: &str, value: &str, reason: &str);
    fn confirmed_nominated(node: &str, value: &str, reason: &str);
    fn composite(node: &str, value: &str);

    fn ballot_candidate(node: &str, ballot: &str);
    fn ballot_timeout(node: &str, ballot: &str);
    fn ballot_catch_up(node: &str, ballot: &str, reason: &str);
    fn ballot_confirmed_prepared(node: &str, ballot: &str);
    fn ballot_accepted_commit(node: &str, ballot: &str);
    fn accepted_prepared(node: &str, ballot: &str, reason: &str);
    fn confirmed_prepared(node: &str, ballot: &str, reason: &str);
    fn accepted_commit_one(node: &str, value: &str, low: Counter, reason: &str);
    fn accepted_commit_range(node: &str, value: &str, low: Counter, high: Counter, reason: &str);
    fn accepted_commit_from(node: &str, value: &str, low: Counter, reason: &str);
    fn confirmed_commit(node: &str, value: &str, slot: SlotIndex, reason: &str);
    fn commit_vote_withdrawn(node: &str, ballot: &str);
    fn heard_from_quorum(node: &str, counter: Counter);
    fn not_fully_validated(node: &str, slot: SlotIndex);

    fn refused_not_sane(node: &str, peer: &str);
    fn refused_unknown_quorum_set(node: &str, peer: &str);
    fn refused_malformed_quorum_set(node: &str, peer: &str);
    fn refused_invalid_value(node: &str, peer: &str);
    fn refused_other_value_decided(node: &str, peer: &str);
    fn refused_breaks_invariant(node: &str, peer: &str);
    fn refused_not_own(node: &str, peer: &str);
    fn refused_too_late(node: &str, peer: &str);
}
