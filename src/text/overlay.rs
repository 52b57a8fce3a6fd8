//! Overlay: labels and values of the statistics, the intersection badge, the slot summary, the proposals and the
//! legend.

use super::catalogue::messages;
use crate::scp::{Counter, SlotIndex};

messages! { "overlay":
    fn nodes();
    fn listeners();
    fn ready();
    fn state();
    fn steps();
    fn time();
    fn seed();
    fn in_flight();
    fn frame_rate();
    fn node_count(present: usize);
    fn node_count_down(present: usize, down: usize);
    fn node_count_referenced(present: usize, referenced: usize);
    fn node_count_down_referenced(present: usize, down: usize, referenced: usize);
    fn time_paused(time: &str);
    fn time_past(time: &str);

    fn state_empty();
    fn state_discovering();
    fn state_discovering_count(ready: usize, total: usize);
    fn state_ready();
    fn state_voting(slot: SlotIndex);
    fn state_stuck(slot: SlotIndex);
    fn state_partly_agreed(slot: SlotIndex, decided: usize, total: usize);
    fn state_agreed(slot: SlotIndex);
    fn state_forked();
    fn status_line(nodes: usize, externalized: usize, state: &str, quorums: &str);
    fn status_line_paused(nodes: usize, externalized: usize, state: &str, quorums: &str);
    fn status_line_past(nodes: usize, externalized: usize, state: &str, quorums: &str);

    fn externalized();
    fn externalized_in_slot(slot: SlotIndex);
    fn nothing_externalized();
    fn other_values(count: usize);
    fn slot_agreed(slot: SlotIndex);
    fn slot_split(slot: SlotIndex, values: usize);
    fn value();
    fn recorded_by();
    fn duration();
    fn rounds();
    fn highest_ballot();
    fn statements();
    fn fork(slot: SlotIndex, values: usize);
    fn fork_paused(slot: SlotIndex, values: usize);
    fn quorum_of(names: &str);
    fn members(count: usize, names: &str);
    fn common_nodes(names: &str);
    fn no_common_node();

    fn quorums_checking();
    fn quorums_intersect();
    fn quorums_disjoint();
    fn quorums_unknown();
    fn no_quorum();
    fn two_disjoint_quorums();
    fn depends_on_referenced();
    fn no_slot_can_be_decided();

    fn proposals();
    fn proposals_count(count: usize);
    fn no_proposals();
    fn pending();
    fn stuck();
    fn agreed_in_slot(slot: SlotIndex);
    fn decided_by(recorded: usize, total: usize);
    fn rejected();
    fn outvoted_in_slot(slot: SlotIndex);
    fn split(nodes: usize);
    fn votes(votes: usize, total: usize);
    fn votes_received(votes: usize, total: usize);
    fn more_proposals(count: usize);

    fn value_and_more(value: &str, count: usize);
    fn ballot_value(counter: Counter, value: &str);

    fn idle();
    fn idle_not_ready();
    fn nominated();
    fn accepted();
    fn confirmed();
    fn externalized_phase();
    fn even_value();
    fn odd_value();
    fn quarters();
    fn timer();
    fn leader();
    fn beacon();
    fn value_chip();
    fn trusts();
    fn mutual_trust();
    fn crashed();
    fn stopped();
    fn silent();
    fn referenced();
    fn ill_behaved();
    fn befouled();
    fn no_quorum_set();
    fn messages();
    fn proposal_message();
    fn vote_message();
    fn accept_message();
    fn externalize_message();
    fn service_message();
    fn chunk_message();
    fn messages_slowed();
    fn several_messages();
    fn lost_message();
    fn broadcast();
}
