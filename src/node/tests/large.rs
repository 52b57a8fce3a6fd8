//! Tests of the size limits: what exceeds one value or one answer follows in the next, and nothing is lost.

use super::test_net::{Net, finder, note, settings};
use super::*;
use crate::node::limits::{ANSWER_BYTES_MAX, VALUE_BYTES_MAX, value_bytes};
use crate::scp::Statement;
use crate::time::Span;

/// A note whose size in a message is four times its length.
fn quotes(nth: u32) -> String {
    format!("{nth} {}", "\"".repeat(990))
}

/// Four nodes that agree on `count` large notes, all proposed at the same time.
fn with_large_notes(count: u32) -> Net {
    let mut settings = settings(Application::Log);
    settings.proposal_ttl = Span::from_ms(600_000);
    let mut net = Net::new(finders(4, &settings));
    net.run_until(2_000);
    for nth in 0..count {
        net.propose(nth % 4, note(&quotes(nth)));
    }
    net.run_until(120_000);
    net
}

fn newcomer(id: usize) -> NodeConfig {
    NodeConfig {
        join_mode: JoinMode::Newcomer,
        ..finder(id, &settings(Application::Log))
    }
}

#[test]
fn large_notes_are_decided_in_values_and_statements_within_the_limits() {
    let net = with_large_notes(100);
    let mut texts = net.texts(0);
    texts.sort();
    let mut expected: Vec<String> = (0..100).map(quotes).collect();
    expected.sort();
    assert_eq!(texts, expected, "each note is recorded once");
    assert!((1..4).all(|id| net.log(id) == net.log(0)));
    assert!(net.log(0).len() > 5, "{}", net.log(0).len());
    assert!(
        net.log(0)
            .iter()
            .all(|value| value_bytes(value) <= VALUE_BYTES_MAX)
    );
    for envelope in net.statements.values().flatten() {
        if let Statement::Nominate { voted, accepted } = &envelope.statement {
            let bytes: usize = voted.iter().chain(accepted).map(value_bytes).sum();
            assert!(bytes <= 8 * VALUE_BYTES_MAX, "{bytes}");
        }
    }
}

#[test]
fn a_newcomer_asks_again_after_a_full_answer() {
    let mut net = with_large_notes(300);
    let bytes: usize = net.log(0).iter().map(value_bytes).sum();
    assert!(bytes > ANSWER_BYTES_MAX);
    net.add(newcomer(4));
    for ms in (120_000..130_000).step_by(10) {
        net.run_until(ms);
        let is_partial = net.log(4).len() < net.log(0).len();
        assert!(
            !is_partial || net.count(4, is_ready) == 0,
            "the node votes before it has all decisions"
        );
    }
    assert_eq!(net.log(4), net.log(0));
    assert_eq!(net.count(4, is_ready), 1);
}

#[test]
fn a_node_that_is_behind_votes_only_after_catching_up_or_many_attempts() {
    for is_answered in [true, false] {
        let mut net = Net::new(finders(4, &settings(Application::Log)));
        net.propose(0, note("tea"));
        net.run_until(10_000);
        // Node 4 receives everything and reaches no node.
        net.reach = Box::new(|_, from, _| from.0 != 4);
        net.add(newcomer(4));
        for nth in 0..10 {
            net.propose(1, note(&format!("note {nth}")));
            net.run_until(13_000 + nth * 1_000);
        }
        net.run_until(30_000);
        assert_eq!((net.count(4, is_ready), net.log(4).len()), (0, 0));
        if is_answered {
            net.reach = Box::new(|_, _, _| true);
            net.run_until(40_000);
            assert_eq!(net.log(4), net.log(0));
        } else {
            net.run_until(120_000);
        }
        assert_eq!(net.count(4, is_ready), 1);
    }
}
