//! Merging traces of processes: no step is lost, and every node can still be replayed exactly.

use super::process_sim::{EPOCH_UNIX_US, ProcessSim};
use super::trace_lines::{renumbered, with_common_numbers};
use quorumscope::node::{Content, Input, Node, NodeConfig, Output};
use quorumscope::run::{Recording, Replay};
use quorumscope::run::{RunProgress, Session};
use quorumscope::scenario::{Action, ActionRefused};
use quorumscope::scp::{NodeId, SlotIndex};
use quorumscope::time::{Span, Time};
use quorumscope::trace::merge::{MergeError, MergedTrace, ProcessTrace, merge};
use quorumscope::trace::{NodeRegistry, NodeStatus, Record, TraceReader, TraceWriter, World};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

fn note(text: &str) -> Content {
    Content::Note(text.to_owned())
}

/// Five nodes agree on three notes. The third node is killed after the first note and restarts; the fifth leaves before
/// the last note.
fn eventful() -> Vec<ProcessTrace> {
    let mut sim = ProcessSim::new(5);
    sim.run_until(6_000);
    sim.propose(1, note("tea"));
    sim.run_until(8_000);
    sim.stop(2);
    sim.run_until(9_000);
    sim.propose(3, note("cake"));
    sim.run_until(11_500);
    sim.start(2);
    sim.run_until(16_000);
    sim.leave(4);
    sim.run_until(18_000);
    sim.propose(0, note("scones"));
    sim.run_until(21_000);
    sim.recordings()
}

fn world(merged: &MergedTrace) -> World {
    let mut world = World::new(Arc::new(merged.scenario.clone()));
    merged.records.iter().for_each(|record| world.apply(record));
    world
}

fn named(world: &World, name: &str) -> NodeId {
    let place = world
        .nodes
        .iter()
        .position(|node| &*node.config.peer.name == name);
    NodeId(place.unwrap() as u32)
}

/// Replays the merged inputs in every incarnation of every node, with the node numbers of that node. Returns the number
/// of compared steps.
pub(crate) fn check_replay(merged: &MergedTrace) -> usize {
    let sources = &merged.provenance.sources;
    let checked = (0..sources.len()).map(|nth| check_source(merged, nth));
    checked.sum()
}

/// Replays the process of the `nth` source. Returns the number of compared steps.
fn check_source(merged: &MergedTrace, nth: usize) -> usize {
    let sources = &merged.provenance.sources;
    let source = &sources[nth];
    let earlier = sources[..nth].iter().filter(|it| it.key == source.key);
    let incarnation = earlier.count() + 1;
    let mut own_numbers = NodeRegistry::default();
    for key in &source.nodes {
        own_numbers.number(key, &name_of(merged, key));
    }
    let node = NodeId(
        source
            .nodes
            .iter()
            .position(|key| *key == source.key)
            .unwrap() as u32,
    );
    let (_, records) = renumbered(&merged.scenario, &merged.records, &mut own_numbers);
    let (mut config, mut own, mut starts, mut checked) = (None, None, 0, 0);
    for record in &records {
        match record {
            Record::NodeAdded { config: added, .. } if added.peer.id == node => {
                config = Some(Arc::clone(added));
            }
            Record::Stepped {
                at,
                node: stepped,
                input,
                outputs,
                ..
            } if *stepped == node => {
                if matches!(input, Input::Start(_)) {
                    starts += 1;
                    own = Some(Node::new(config.clone().unwrap()));
                }
                if starts != incarnation {
                    continue;
                }
                let now = Time(at.0 - source.zero_at.0);
                let expected: Vec<Output> = own.as_mut().unwrap().step(now, input.clone());
                assert!(
                    expected == *outputs,
                    "{}, {at}: {outputs:?} instead of {expected:?}",
                    source.key
                );
                checked += 1;
            }
            _ => {}
        }
    }
    assert!(starts >= incarnation);
    checked
}

fn name_of(merged: &MergedTrace, key: &str) -> String {
    let mut names = merged.records.iter().filter_map(|record| match record {
        Record::NodeReferenced { peer, .. } if &*peer.key == key => Some(peer.name.to_string()),
        _ => None,
    });
    names.next().unwrap()
}

fn merge_own(traces: Vec<ProcessTrace>) -> Result<MergedTrace, MergeError> {
    let (traces, registry) = with_common_numbers(traces);
    merge(traces, &registry)
}

#[test]
fn a_merged_trace_has_every_step_and_each_node_replays_exactly() {
    let recordings = eventful();
    let steps = |recording: &ProcessTrace| {
        let stepped = |record: &&Record| matches!(record, Record::Stepped { .. });
        recording.records.iter().filter(stepped).count()
    };
    let stepped: usize = recordings.iter().map(steps).sum();
    assert_eq!(recordings.len(), 6, "one process started twice");
    let merged = merge_own(recordings).unwrap();
    assert!(merged.records.is_sorted_by_key(Record::at));
    assert_eq!(check_replay(&merged), stepped, "no step is lost");
    assert_eq!(merged.provenance.epoch_unix_us, Some(EPOCH_UNIX_US));

    let world = world(&merged);
    assert_eq!(world.nodes.len(), 5);
    assert!(world.nodes.iter().all(|node| !node.is_referenced()));
    let status = |name: &str| world.nodes[named(&world, name).index()].status;
    assert_eq!(
        ["v0", "v2", "v4"].map(status),
        [NodeStatus::Running, NodeStatus::Running, NodeStatus::Left]
    );
    for slot in 1..=3 {
        let summary = &world.slots()[&SlotIndex(slot)];
        assert_eq!(summary.nodes_by_value().len(), 1);
        assert!(
            summary.decided.len() >= 4,
            "slot {slot}: {:?}",
            summary.decided.keys()
        );
    }
    let logged = world.nodes[named(&world, "v2").index()].view.log.len();
    assert_eq!(logged, 3, "the log also has the missed entries, each once");
    let mut flights: Vec<_> = merged
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Sent { flight, .. } => Some(*flight),
            _ => None,
        })
        .collect();
    let count = flights.len();
    flights.sort_unstable();
    flights.dedup();
    assert!(
        count > 100 && flights.len() == count,
        "flight numbers are unique"
    );
}

#[test]
fn a_killed_process_is_shown_as_crashed_until_it_restarts() {
    let merged = merge_own(eventful()).unwrap();
    let world = world(&merged);
    let node = named(&world, "v2");
    let acted = merged.records.iter().filter_map(|record| match record {
        Record::Acted { at, action } => Some((*at, action.clone())),
        _ => None,
    });
    let [(crashed_at, crash), (restarted_at, restart)] = &acted.collect::<Vec<_>>()[..] else {
        panic!("expected a crash and a restart");
    };
    assert_eq!(
        (crash, restart),
        (&Action::Crash { node }, &Action::Restart { node })
    );
    // The crash has the time of the last record of the process. Times count from the first start.
    assert!(
        (6_000.0..8_000.0).contains(&crashed_at.as_ms()),
        "{crashed_at}"
    );
    assert!(
        (11_400.0..11_500.0 + 1.0).contains(&restarted_at.as_ms()),
        "{restarted_at}"
    );
}

#[test]
fn a_node_without_a_trace_is_known_by_name_only() {
    let mut recordings = eventful();
    recordings.retain(|recording| !recording.name.starts_with("v3"));
    let merged = merge_own(recordings).unwrap();
    check_replay(&merged);
    let mut world = world(&merged);
    let v3 = named(&world, "v3");
    assert!(world.node(v3).unwrap().is_referenced());
    assert!(world.depends_on_referenced());
    world.advance_to(Time::from_ms(60_000));
    assert_eq!(world.participants().count(), 3);
}

#[test]
fn a_merged_trace_can_be_replayed() {
    let merged = merge_own(eventful()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("merged.jsonl.zst");
    let mut writer =
        TraceWriter::create_with_provenance(&path, &merged.scenario, &merged.provenance).unwrap();
    merged
        .records
        .iter()
        .for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
    let reader = TraceReader::open(&path).unwrap();
    assert_eq!(*reader.provenance(), merged.provenance);
    let read: Vec<Record> = reader.map(Result::unwrap).collect();
    assert!(read == merged.records);

    let mut replay = Replay::new(Recording::open(&path).unwrap());
    let mut played = World::new(Arc::new(replay.scenario().clone()));
    let mut now = Time::ZERO;
    loop {
        now = now + Span::from_ms(170);
        let progress = replay.advance(now, 50);
        for record in replay.take_records() {
            assert!(record.at() <= now);
            played.apply(&record);
        }
        match progress {
            RunProgress::Limited => now = replay.now(),
            RunProgress::Reached => assert_eq!(replay.now(), now),
            RunProgress::Finished => break,
        }
    }
    let expected = world(&merged);
    assert_eq!(played.counters.steps, expected.counters.steps);
    for (one, other) in played.nodes.iter().zip(&expected.nodes) {
        assert_eq!(one.view, other.view);
    }
    let refused = replay.act(Action::Heal).unwrap_err();
    assert_eq!(refused, ActionRefused::Recorded);
    let mut replay = Replay::new(Recording::open(&path).unwrap());
    let mut steps = 0;
    while replay.step() != RunProgress::Finished {
        steps += 1;
    }
    assert!(steps > 50, "{steps}");
}

#[test]
fn traces_that_cannot_be_merged_are_refused_with_the_reason() {
    let check = |traces: Vec<ProcessTrace>, words: &str| {
        let error = merge_own(traces).unwrap_err().to_string();
        assert!(error.contains(words), "{error:?} does not say {words:?}");
    };
    assert_eq!(merge_own(vec![]).unwrap_err(), MergeError::NoTraces);
    let all = eventful();
    let mut twice = all.clone();
    twice.push(all[1].clone());
    check(twice, "both contain what node");
    let mut two = all.clone();
    let Record::NodeAdded { config, .. } = &all[1].records[0] else {
        panic!()
    };
    let mut config = NodeConfig::clone(config);
    config.peer.id = NodeId(5);
    two[0].records.push(Record::NodeAdded {
        at: Time::from_ms(1_000),
        config: Arc::new(config),
        position: quorumscope::net::Position { x_m: 0.0, y_m: 0.0 },
        organization: None,
    });
    check(two, "contains the steps of 2 nodes");
}

fn quorumscope(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_quorumscope"))
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn written(folder: &Path) -> Vec<String> {
    let write = |recording: &ProcessTrace| {
        let path = folder.join(&recording.name);
        let provenance = quorumscope::trace::Provenance {
            epoch_unix_us: Some(recording.epoch_unix_us),
            sources: vec![],
        };
        let mut writer =
            TraceWriter::create_with_provenance(&path, &recording.scenario, &provenance).unwrap();
        recording
            .records
            .iter()
            .for_each(|record| writer.write(record).unwrap());
        writer.finish().unwrap();
        path.to_str().unwrap().to_owned()
    };
    eventful().iter().map(write).collect()
}

#[test]
fn the_merge_command_writes_a_trace_that_run_replays() {
    let folder = tempfile::tempdir().unwrap();
    let paths = written(folder.path());
    let out = folder.path().join("all.jsonl");
    let out = out.to_str().unwrap();
    let mut args = vec!["merge", "-o", out];
    args.extend(paths.iter().map(String::as_str));
    let (code, stdout, stderr) = quorumscope(&args);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("5 processes from 6 traces"), "{stdout}");
    let svg = folder.path().join("end.svg");
    let (code, stdout, stderr) = quorumscope(&[
        "run",
        "--replay",
        out,
        "--json",
        "--svg",
        svg.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{stderr}");
    let summary: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(summary["executor"], "recorded");
    assert_eq!(summary["outcome"], "agreed");
    assert_eq!(summary["nodes"], 5);
    assert!(fs::read_to_string(svg).unwrap().contains("5 processes"));
    let (_, until, _) = quorumscope(&["run", "--replay", out, "--json", "--until", "9s"]);
    let until: serde_json::Value = serde_json::from_str(&until).unwrap();
    assert_eq!(until["virtual_ms"], 9_000.0);
}

#[test]
fn the_merge_command_refuses_bad_input_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let paths = written(folder.path());
    let simulated = folder.path().join("simulated.jsonl");
    let simulated = simulated.to_str().unwrap();
    let made = quorumscope(&["run", "--scenario", "w1", "--quiet", "--trace", simulated]);
    assert_eq!(made.0, 0, "{}", made.2);
    let out = folder.path().join("all.jsonl");
    let out = out.to_str().unwrap();
    let check = |inputs: &[&str], output: &str, words: &str| {
        let args = [&["merge", "-o", output], inputs].concat();
        let (code, _, stderr) = quorumscope(&args);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains(words), "{stderr:?} does not say {words:?}");
        assert!(!Path::new(out).exists());
    };
    check(
        &[simulated],
        out,
        "simulated.jsonl, line 1: it has no start time",
    );
    check(&[&paths[0]], &paths[0], "cannot also be the output");
    check(&[&paths[0], &paths[0]], out, "both contain what node");
    check(
        &["/nowhere.jsonl"],
        out,
        "/nowhere.jsonl: cannot open the trace",
    );
    let (code, _, stderr) = quorumscope(&["run", "--replay", simulated, "--seed", "3"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("cannot be used with"), "{stderr}");
}
