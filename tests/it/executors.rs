//! Both executors, one thread per node and all nodes on one thread, give the same records.

use super::runs::{EVENTFUL, NETWORKS, built_in, records, scenario};
use quorumscope::node::{NodeEvent, Output};
use quorumscope::scenario::Scenario;
use quorumscope::sim::ExecutorKind;
use quorumscope::time::Span;
use quorumscope::trace::Record;

fn check_equal(name: &str, of_seed: impl Fn(u64) -> Scenario, span: Span) {
    let mut decisions = 0;
    for seed in 0..10 {
        let scenario = of_seed(seed);
        let inline = records(&scenario, ExecutorKind::Inline, span);
        let threads = records(&scenario, ExecutorKind::Threads, span);
        let first = inline
            .iter()
            .zip(&threads)
            .position(|(inline, threads)| inline != threads);
        if let Some(first) = first {
            panic!(
                "{name}, seed {seed}, record {first}: inline {:?}, threads {:?}",
                inline[first], threads[first]
            );
        }
        assert_eq!(inline.len(), threads.len(), "{name}, seed {seed}");
        decisions += inline.iter().filter(|record| decides(record)).count();
    }
    assert!(
        decisions > 0,
        "{name}: no node decided anything, so little was compared"
    );
}

fn decides(record: &Record) -> bool {
    let is_recorded = |output: &Output| matches!(output, Output::Event(NodeEvent::Recorded { .. }));
    matches!(record, Record::Stepped { outputs, .. } if outputs.iter().any(is_recorded))
}

#[test]
fn eventful_networks_give_identical_traces() {
    for (name, text) in NETWORKS {
        check_equal(name, |seed| scenario(name, seed, None, text), EVENTFUL);
    }
}

#[test]
fn built_in_scenarios_give_identical_traces() {
    for name in ["s1", "s2-3of5", "w2", "w4", "backup"] {
        check_equal(name, |seed| built_in(name, seed), Span::from_ms(6_000));
    }
    check_equal("s3", |seed| built_in("s3", seed), Span::from_ms(32_000));
}
