//! Tests of backups: answers, sources and failed fetches.

use super::test_net::{Net, note, photo, settings};
use super::*;
use crate::scp::NodeId;
use crate::time::Span;

fn answers(net: &Net, id: u32) -> Vec<BackupAnswer> {
    let answer = |event: &NodeEvent| match event {
        NodeEvent::BackupAnswered { answer, .. } => Some(*answer),
        _ => None,
    };
    net.events_of(id).filter_map(answer).collect()
}

fn backup_net(holder: Option<usize>) -> Net {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    let mut configs = finders(3, &settings);
    for config in &mut configs {
        config.threshold = Threshold::Majority;
    }
    if let Some(holder) = holder {
        configs[holder].held_files.push(photo());
    }
    let mut net = Net::new(configs);
    net.propose(0, Content::File(photo()));
    net.run_until(20_000);
    net
}

fn sources(net: &Net, id: u32) -> Vec<u32> {
    let source = |event: &NodeEvent| match event {
        NodeEvent::BackedUp { from, .. } => Some(from.0),
        _ => None,
    };
    net.events_of(id).filter_map(source).collect()
}

#[test]
fn a_decided_file_reaches_all_nodes() {
    let net = backup_net(None);
    for id in 0..3 {
        assert_eq!(net.texts(id), ["photo.jpg"]);
        assert!(net.node(id).holds(&photo().sha256));
        assert_eq!(sources(&net, id), [0], "the origin delivers to all nodes");
        assert_eq!(answers(&net, id), [BackupAnswer::Yes]);
    }
}

#[test]
fn a_holder_answers_no_and_follows_the_decision() {
    let net = backup_net(Some(2));
    for id in 0..3 {
        assert_eq!(net.texts(id), ["photo.jpg"]);
    }
    assert_eq!(answers(&net, 2), [BackupAnswer::NoHasIt]);
    assert_eq!(sources(&net, 2), [2]);
    assert_eq!(sources(&net, 1), [0]);
}

#[test]
fn a_backup_that_most_nodes_reject_expires_and_does_not_block_others() {
    let mut settings = settings(Application::Log);
    settings.proposal_ttl = Span::from_ms(8_000);
    let mut configs = finders(4, &settings);
    for config in configs.iter_mut().skip(1) {
        config.held_files.push(photo());
    }
    let mut net = Net::new(configs);
    net.propose(0, Content::File(photo()));
    net.run_until(12_000);
    for id in 1..4 {
        assert_eq!(answers(&net, id), [BackupAnswer::NoHasIt]);
        let expired = net.events_of(id).find_map(|event| match event {
            NodeEvent::ProposalExpired { voted, missing, .. } => {
                Some((voted.clone(), missing.clone()))
            }
            _ => None,
        });
        let (voted, missing) = expired.unwrap();
        assert_eq!(voted, [NodeId(0)]);
        assert_eq!(missing, [NodeId(1), NodeId(2), NodeId(3)]);
    }
    net.propose(1, note("tea"));
    net.run_until(120_000);
    assert!((0..4).all(|id| net.texts(id).contains(&"tea".to_string())));
}

/// Three nodes with a majority threshold: runs until node 2 has decided the backup of the photo and started its fetch.
pub(super) fn until_node_2_decides_the_photo(settings: &NodeSettings) -> Net {
    let mut configs = finders(3, settings);
    for config in &mut configs {
        config.threshold = Threshold::Majority;
    }
    let mut net = Net::new(configs);
    net.propose(0, Content::File(photo()));
    while net.log(2).is_empty() {
        let now = net.now.0 / 1000;
        net.run_until(now + 1);
    }
    net
}

#[test]
fn a_failed_fetch_is_repeated() {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    let mut net = until_node_2_decides_the_photo(&settings);
    net.crash(0);
    net.crash(1);
    let sha256 = photo().sha256;
    let result = Err(FetchError::HashMismatch);
    net.give(
        NodeId(2),
        Input::Fetched {
            sha256: sha256.clone(),
            result,
        },
    );
    assert!(!net.node(2).holds(&sha256));
    net.restart(0);
    let now = net.now.0 / 1000;
    net.run_until(now + 12_000);
    assert!(net.node(2).holds(&sha256));
}
