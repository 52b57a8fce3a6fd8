//! Terminal texts: summaries, progress, notes and refusals of the subcommands.
//!
//! The catalogue contains neither machine-readable output (JSON, addresses of nodes) nor the help of the command line,
//! which clap derives from the arguments.

use super::catalogue::messages;
use crate::scp::SlotIndex;

messages! { "terminal":
    fn run_simulated(scenario: &str, seed: &str, nodes: usize, executor: &str);
    fn run_recorded(scenario: &str, seed: &str, nodes: usize);
    fn outcome_agreed();
    fn outcome_violated();
    fn no_progress_no_quorum();
    fn no_progress_no_decider();
    fn no_progress_nothing_proposed();
    fn no_progress_slot_not_begun(slot: SlotIndex);
    fn no_progress_undecided();
    fn counted_nodes(counted: usize, total: usize);
    fn node_unknown(node: &str);
    fn slot_decided_by_all(slot: SlotIndex, value: &str, nodes: usize);
    fn slot_decided_by_some(slot: SlotIndex, value: &str, decided: usize, total: usize);
    fn slot_decided_by(slot: SlotIndex, value: &str, nodes: &str);
    fn slot_undecided(slot: SlotIndex);
    fn slot_undecided_by(slot: SlotIndex, nodes: &str);
    fn quorums_intersect();
    fn quorums_disjoint();
    fn quorums_none();
    fn quorums_unknown();
    fn messages(sent: u64, delivered: u64, lost: u64);
    fn rounds_and_ballots(rounds: u32, ballots: u32);
    fn run_times(virtual_s: &str, cpu_ms: u64);
    fn note(note: &str);
    fn live_title();
    fn live_description();

    fn progress_run(scenario: &str, seed: &str);
    fn progress_discovering(time: &str, messages: u64);
    fn progress_slot(time: &str, slot: SlotIndex, decided: usize, total: usize, messages: u64);

    fn no_window_run(error: &str);
    #[cfg(not(feature = "window"))]
    fn no_window_support_run();
    fn no_window_attach(error: &str);
    fn no_window_cluster(error: &str);
    #[cfg(all(feature = "net", not(feature = "window")))]
    fn no_window_support();
    fn no_display_bench(error: &str);
    #[cfg_attr(any(not(unix), target_os = "macos"), allow(dead_code))]
    fn no_display_variable();
    #[cfg_attr(any(not(unix), target_os = "macos"), allow(dead_code))]
    fn no_x_server(display: &str, error: &str);
    fn no_open_gl();
    fn shader_refused(error: &str);

    fn trace_incomplete(path: &str, records: usize);
    fn trace_left_over(path: &str);
    fn trace_failed(error: &str);
    fn trace_not_completed_if_interrupted(error: &str);
    fn interrupted(path: &str);
    fn interrupted_without_trace(error: &str);
    fn merged(path: &str, processes: usize, traces: usize, records: usize, time: &str);
    fn merged_title(processes: usize);
    fn merged_description(traces: usize, others: usize);
    fn merge_output_is_input(path: &str);
    fn merge_no_start_time(path: &str);
    fn output_is_input(output: &str, path: &str, input: &str);
    fn outputs_are_same(one: &str, other: &str, path: &str);
    fn file_unreadable(path: &str, error: &str);
    fn file_not_regular(path: &str);
    fn file_too_large(path: &str, size: u64, limit: u64);
    fn file_not_text(path: &str, position: usize);
    fn file_error(path: &str, error: &str);
    fn file_is_folder(path: &str);
    fn file_without_name(path: &str);

    fn proposal_agreed(nth: &str, origin: &str, slot: SlotIndex);
    fn proposal_rejected(nth: &str, origin: &str);
    fn proposal_pending(nth: &str, origin: &str);
    fn note_undecided(nth: &str, origin: &str, waited_ms: u64);
    fn file_undecided(nth: &str, origin: &str, waited_ms: u64);
    fn backed_up(node: &str);
    fn backups_missing(nodes: &str);
    fn trusts_now(url: &str, trusted: usize);
    fn node_url_expected(url: &str);
    fn node_unreachable(url: &str, error: &str);
    fn node_refused(url: &str, title: &str, detail: &str);
    fn response_not_understood(url: &str, status: &str, error: &str);

    fn node_failed();
    fn signals_unavailable(error: &str);
    fn name_expected();
    fn network_expected();
    fn broadcast_expected(address: &str);
    fn duration_expected(option: &str, milliseconds: &str, limit: &str);
    fn threshold_expected(threshold: &str);
    fn quorum_set_expected(path: &str, error: &str);
    fn token_expected(path: &str);
    fn forgetting_is_unsafe();

    fn cluster_program_unknown(error: &str);
    fn cluster_ended();
    fn cluster_folder_left(path: &str);

    fn slot_costs_nodes();
    fn slot_costs_executor();
    fn slot_costs_cpu();
    fn slot_costs_deliveries();
    fn slot_costs_broadcasts();
    fn slot_costs_memory();
    fn memory_megabytes(megabytes: &str);
    fn memory_unknown();
    fn frame_costs_title();
    fn frame_costs_description();
    fn frame_costs_mode();
    fn frame_costs_cpu();
    fn frame_costs_app();
    fn frame_costs_fps();
    fn frame_costs_share();
    fn frame_costs_propose_nothing(path: &str);
}
