//! Traces of node processes: complete, equal to what the nodes did, and replayable after a merge.

use super::harness::{
    Network, NodeProcess, own_file, quorumscope, text, wait_until, wait_until_agreed,
    wait_until_together,
};
use crate::merge::check_replay;
use crate::node_determinism::check_nodes;
use crate::trace_lines::StreamReader;
use quorumscope::node::{Content, Input, Output, Persisted};
use quorumscope::scenario::{Action, Scenario};
use quorumscope::trace::merge::MergedTrace;
use quorumscope::trace::{NodeStatus, Record, TraceReader, World};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn records(path: &Path) -> Vec<Record> {
    TraceReader::open(path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn is_step(record: &Record) -> bool {
    matches!(record, Record::Stepped { .. })
}

/// The persisted state at the end of a recording.
fn final_state(records: &[Record]) -> Persisted {
    let mut final_state = Persisted::default();
    for record in records {
        if let Record::Stepped { outputs, .. } = record {
            for output in outputs {
                if let Output::Persist(changes) = output {
                    changes.iter().for_each(|change| final_state.apply(change));
                }
            }
        }
    }
    final_state
}

/// The persisted state with which a recording starts.
fn initial_state(records: &[Record]) -> Option<Persisted> {
    records.iter().find_map(|record| match record {
        Record::Stepped {
            input: Input::Start(persisted),
            ..
        } => persisted.as_deref().cloned(),
        _ => None,
    })
}

/// Four nodes decide notes and a file; the third one pauses in between. Returns the paths of the traces.
fn recorded(network: &Network) -> Vec<String> {
    let trace = |name: &str| {
        let path = network.path(&format!("{name}.jsonl.zst"));
        path.to_str().unwrap().to_owned()
    };
    let start = |name: &str, life: &str, more: &[&str]| {
        let path = trace(life);
        network.start(name, &[&["--trace", path.as_str()], more].concat())
    };
    let mut nodes = vec![
        start("n1", "n1", &["--beacon"]),
        start("n2", "n2", &[]),
        start("n4", "n4", &[]),
        start("n3", "n3", &["--on-stop", "pause"]),
    ];
    wait_until_together(&nodes);
    nodes[0].propose("tea");
    let photo = fs::read(own_file("assets/photo.jpg")).unwrap();
    let sha256 = nodes[3].propose_file("photo.jpg", &photo);
    for node in &nodes {
        wait_until("all nodes have the file", || {
            let lines = node.status().backup_log;
            lines
                .iter()
                .any(|line| line.from.is_some() && line.file.sha256 == sha256)
        });
    }
    nodes.pop().unwrap().stop();
    nodes[1].propose("cake");
    nodes.push(start("n3", "n3 again", &[]));
    wait_until_agreed(&nodes, &["tea", "cake"]);
    wait_until_together(&nodes);
    nodes[3].propose("scones");
    wait_until_agreed(&nodes, &["tea", "cake", "scones"]);
    nodes.into_iter().for_each(NodeProcess::stop);
    ["n1", "n2", "n3", "n4", "n3 again"].map(trace).to_vec()
}

#[test]
fn traces_contain_every_step_and_can_be_replayed() {
    let network = Network::new();
    let paths = recorded(&network);
    let lives: Vec<Vec<Record>> = paths.iter().map(|path| records(path.as_ref())).collect();
    for (path, records) in paths[..4].iter().zip(&lives) {
        assert_eq!(initial_state(records), None);
        check_nodes(path, records);
    }
    assert_eq!(
        initial_state(&lives[4]),
        Some(final_state(&lives[2])),
        "the restart begins with the state at the stop"
    );

    let out = network.path("all.jsonl.zst");
    let out = out.to_str().unwrap();
    let mut args = vec!["merge", "-o", out];
    args.extend(paths.iter().map(String::as_str));
    let output = quorumscope(&args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("4 processes from 5 traces"), "{stdout}");
    let mut reader = TraceReader::open(out.as_ref()).unwrap();
    let merged = MergedTrace {
        scenario: reader.scenario().as_ref().clone(),
        provenance: reader.provenance().clone(),
        records: reader.by_ref().map(Result::unwrap).collect(),
    };
    let steps = lives.iter().flatten().filter(|record| is_step(record));
    assert_eq!(
        check_replay(&merged),
        steps.count(),
        "every step is still there"
    );

    let svg = network.path("end.svg");
    let played = [
        "run",
        "--replay",
        out,
        "--json",
        "--svg",
        svg.to_str().unwrap(),
    ];
    let output = quorumscope(&played);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["executor"], "recorded");
    assert_eq!(summary["outcome"], "agreed");
    assert_eq!(summary["nodes"], 4);
    let picture = fs::read_to_string(svg).unwrap();
    for name in ["n1", "n2", "n3", "n4"] {
        assert!(picture.contains(name), "{name}");
    }
}

/// The records of an incomplete trace.
fn so_far(path: &Path) -> Option<(Arc<Scenario>, Vec<Record>)> {
    // A file without its first line cannot be opened.
    let reader = TraceReader::open(path).ok()?.allow_truncated();
    let scenario = Arc::clone(reader.scenario());
    Some((scenario, reader.map(Result::unwrap).collect()))
}

/// The notes in the log at the end of a recording.
fn notes_in(path: &str) -> Vec<String> {
    let Some((scenario, records)) = so_far(path.as_ref()) else {
        return Vec::new();
    };
    let mut world = World::new(scenario);
    records.iter().for_each(|record| world.apply(record));
    notes(&world)
}

/// A node is killed and restarted twice with the same arguments: all its traces are kept and can be merged with those
/// of the others.
#[test]
fn traces_of_killed_nodes_are_kept_and_can_be_merged() {
    let network = Network::new();
    let trace = |name: &str| {
        let path = network.path(&format!("{name}.jsonl.zst"));
        path.to_str().unwrap().to_owned()
    };
    let start = |name: &str, more: &[&str]| {
        let path = trace(name);
        network.start(name, &[&["--trace", path.as_str()], more].concat())
    };
    let mut nodes = vec![
        start("n1", &["--beacon"]),
        start("n2", &[]),
        start("n3", &[]),
        start("n4", &[]),
    ];
    wait_until_together(&nodes);
    let mut notes = Vec::new();
    for (nth, note) in ["tea", "cake"].into_iter().enumerate() {
        nodes[0].propose(note);
        notes.push(note);
        wait_until_agreed(&nodes, &notes);
        wait_until("the note is on the disk", || {
            notes_in(&trace("n4")) == notes
        });
        nodes.pop().unwrap().kill();
        nodes.push(start("n4", &[]));
        assert!(Path::new(&trace(&format!("n4.{}", nth + 1))).exists());
        wait_until_together(&nodes);
    }
    nodes[3].propose("scones");
    wait_until_agreed(&nodes, &["tea", "cake", "scones"]);
    nodes.into_iter().for_each(NodeProcess::stop);

    check_nodes("the first life", &so_far(trace("n4.1").as_ref()).unwrap().1);
    assert_eq!(notes_in(&trace("n4.1")), notes[..1]);
    assert_eq!(notes_in(&trace("n4.2")), notes[..2]);
    assert_eq!(notes_in(&trace("n4")), ["tea", "cake", "scones"]);

    let out = network.path("all.jsonl.zst");
    let out = out.to_str().unwrap();
    let paths = ["n1", "n2", "n3", "n4.1", "n4.2", "n4"].map(trace);
    let mut args = vec!["merge", "-o", out];
    args.extend(paths.iter().map(String::as_str));
    let output = quorumscope(&args);
    let (stdout, warned) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{warned}");
    assert!(stdout.contains("4 processes from 6 traces"), "{stdout}");
    let cut: Vec<&str> = warned
        .lines()
        .filter(|line| line.contains("is incomplete"))
        .collect();
    assert_eq!(cut.len(), 2, "{warned}");
    assert!(
        cut[0].contains(&paths[3]) && cut[1].contains(&paths[4]),
        "{warned}"
    );
    let mut reader = TraceReader::open(out.as_ref()).unwrap();
    let merged: Vec<Record> = reader.by_ref().map(Result::unwrap).collect();
    let acted = |wanted: fn(&Action) -> bool| {
        let actions = merged
            .iter()
            .filter(|record| matches!(record, Record::Acted { action, .. } if wanted(action)));
        actions.count()
    };
    assert_eq!(acted(|action| matches!(action, Action::Crash { .. })), 2);
    assert_eq!(acted(|action| matches!(action, Action::Restart { .. })), 2);
    for path in [out, paths[3].as_str()] {
        let output = quorumscope(&["run", "--replay", path, "--json"]);
        let warned = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{path}: {warned}");
        assert_eq!(
            warned.contains("is incomplete"),
            path != out,
            "{path}: {warned}"
        );
    }
}

/// The next event of a stream: its name and its data. `None` at the end of the stream.
fn next_event(stream: &mut impl BufRead) -> Option<(String, String)> {
    let (mut kind, mut data) = (None, None);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        let line = line.trim_end();
        if let Some(text) = line.strip_prefix("event: ") {
            kind = Some(text.to_owned());
        } else if let Some(text) = line.strip_prefix("data: ") {
            data = Some(text.to_owned());
        } else if line.is_empty() && kind.is_some() {
            return kind.zip(data);
        }
    }
}

/// The notes that a node of `world` has in its log.
fn notes(world: &World) -> Vec<String> {
    let log = world
        .nodes
        .first()
        .into_iter()
        .flat_map(|node| &node.view.log);
    let proposals = log.flat_map(|entry| &entry.proposals);
    let notes = proposals.filter_map(|proposal| match &proposal.content {
        Content::Note(text) => Some(text.clone()),
        _ => None,
    });
    notes.collect()
}

#[test]
fn an_event_stream_has_past_and_new_records_until_the_node_ends() {
    let network = Network::new();
    let nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    nodes[1].propose("tea");
    wait_until_agreed(&nodes, &["tea"]);
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(180)))
        .build()
        .new_agent();
    let mut answer = agent
        .get(format!("{}/events", nodes[1].url))
        .call()
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = BufReader::new(answer.body_mut().as_reader());
    let (kind, hello) = next_event(&mut stream).unwrap();
    let mut reader = StreamReader::default();
    let scenario = reader.hello(&hello);
    let hello: serde_json::Value = serde_json::from_str(&hello).unwrap();
    assert_eq!((kind.as_str(), &hello["name"]), ("hello", &"n2".into()));
    let mut world = World::new(scenario);

    nodes[2].propose("cake");
    let mut follow = |world: &mut World| {
        let (kind, data) = next_event(&mut stream)?;
        assert_eq!(kind, "record");
        if let Some(record) = reader.record(&data) {
            world.apply(&record);
        }
        Some(())
    };
    while notes(&world).len() < 2 {
        follow(&mut world).unwrap();
    }
    assert_eq!(notes(&world), ["tea", "cake"]);
    assert_eq!(world.nodes.len(), 4, "all nodes that the node has met");
    nodes.into_iter().for_each(NodeProcess::stop);
    while follow(&mut world).is_some() {}
    assert_eq!(world.nodes[0].status, NodeStatus::Left);
}
