//! Tests of restarts from the durable state while backed-up files are missing and fetches fail.

use super::backups::until_node_2_decides_the_photo;
use super::test_net::{Net, photo, settings};
use super::*;
use crate::scp::NodeId;
use crate::time::Span;
use proptest::prelude::*;

const NODES: u32 = 4;

/// A step of a random schedule.
#[derive(Clone, Copy, Debug)]
enum ScheduleStep {
    Run(u64),
    Crash(u32),
    Restart(u32),
    ProposeNote(u32),
    ProposeFile(u32, u8),
    /// From now on every fetch fails (true) or no fetch fails (false).
    FailFetches(bool),
}

fn schedule_steps() -> impl Strategy<Value = ScheduleStep> {
    let node = || 0..NODES;
    prop_oneof![
        6 => (20u64..4_000).prop_map(ScheduleStep::Run),
        2 => node().prop_map(ScheduleStep::Crash),
        2 => node().prop_map(ScheduleStep::Restart),
        1 => node().prop_map(ScheduleStep::ProposeNote),
        3 => (node(), 0u8..3).prop_map(|(node, nth)| ScheduleStep::ProposeFile(node, nth)),
        2 => prop::bool::ANY.prop_map(ScheduleStep::FailFetches),
    ]
}

fn file(nth: u8) -> FileInfo {
    FileInfo {
        name: format!("photo{nth}.jpg"),
        size_bytes: 1_000,
        sha256: format!("{nth:02x}").repeat(32),
    }
}

fn run_step(net: &mut Net, step: ScheduleStep) {
    match step {
        ScheduleStep::Run(ms) => {
            let now = net.now.0 / 1000;
            net.run_until(now + ms);
        }
        ScheduleStep::Crash(node) => net.crash(node),
        ScheduleStep::Restart(node) if !net.is_running(node) => net.restart(node),
        ScheduleStep::Restart(_) => {}
        ScheduleStep::ProposeNote(node) => {
            let text = format!("note {}", net.now.0);
            net.propose(node, Content::Note(text));
        }
        ScheduleStep::ProposeFile(node, nth) => net.propose(node, Content::File(file(nth))),
        ScheduleStep::FailFetches(fail) => net.fetches_fail = fail,
    }
}

/// The files in the log of a node.
fn decided_files(net: &Net, id: u32) -> Vec<FileInfo> {
    let log = net.log(id);
    let proposals = log.iter().flat_map(|value| proposals_in(value).unwrap());
    proposals
        .filter_map(|(_, proposal)| match &proposal.content {
            Content::File(file) => Some(file.clone()),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// After any crashes and failed fetches, once all nodes run again, they agree and each holds every decided file.
    #[test]
    fn decided_files_reach_all_nodes_despite_crashes_and_failed_fetches(
        schedule in prop::collection::vec(schedule_steps(), 5..40),
    ) {
        let mut net = Net::new(finders(NODES as usize, &settings(Application::Log)));
        net.run_until(2_000);
        for step in schedule {
            run_step(&mut net, step);
        }
        net.fetches_fail = false;
        for node in 0..NODES {
            run_step(&mut net, ScheduleStep::Restart(node));
        }
        run_step(&mut net, ScheduleStep::Run(120_000));
        for node in 0..NODES {
            prop_assert_eq!(net.log(node), net.log(0), "node {}", node);
            for file in decided_files(&net, node) {
                prop_assert!(net.node(node).holds(&file.sha256), "node {node} lacks {}", file.name);
            }
        }
    }
}

/// Runs until node 2 has decided the backup of the photo and started its fetch, then crashes all nodes.
fn crashed_with_a_missing_file() -> Net {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    settings.resend = Span::from_ms(1_000);
    let mut net = until_node_2_decides_the_photo(&settings);
    (0..3).for_each(|node| net.crash(node));
    assert!(net.persisted(2).files.is_empty());
    net
}

#[test]
fn a_restarted_node_survives_failed_fetches_of_a_file_without_known_holders() {
    let mut net = crashed_with_a_missing_file();
    net.restart(2);
    for error in [FetchError::Unreachable, FetchError::HashMismatch] {
        let sha256 = photo().sha256;
        let result = Err(error);
        net.give(NodeId(2), Input::Fetched { sha256, result });
    }
    let now = net.now.0 / 1000;
    net.run_until(now + 30_000);
    let failures = net.count(2, |event| matches!(event, NodeEvent::BackupFailed { .. }));
    assert_eq!(failures, 2);
    assert!(!net.node(2).holds(&photo().sha256));
}

#[test]
fn a_restarted_node_fetches_a_missing_file_once_a_holder_is_back() {
    let mut net = crashed_with_a_missing_file();
    net.fetches_fail = true;
    (0..3).for_each(|node| net.restart(node));
    let now = net.now.0 / 1000;
    net.run_until(now + 20_000);
    assert!(!net.node(2).holds(&photo().sha256));
    let failed = |event: &NodeEvent| matches!(event, NodeEvent::BackupFailed { .. });
    assert!(net.count(2, failed) > 1, "the node tries again");
    net.fetches_fail = false;
    net.run_until(now + 60_000);
    assert!(net.node(2).holds(&photo().sha256));
}
