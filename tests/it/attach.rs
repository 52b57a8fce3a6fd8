//! Tests of attached sessions with fake processes: servers that replay the recordings of simulated processes.

use super::process_sim::ProcessSim;
use super::trace_lines::{stream_lines, with_common_numbers};
use quorumscope::live::attach::{AttachError, AttachOptions, AttachedSession, Targets};
use quorumscope::node::{Content, FileInfo};
use quorumscope::run::{RunProgress, Session, SessionKind};
use quorumscope::scenario::{Action, ActionRefused, ProcessAction};
use quorumscope::scp::NodeId;
use quorumscope::time::Time;
use quorumscope::trace::merge::{ProcessTrace, merge};
use quorumscope::trace::{NodeStatus, Record, World};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Deadline of a wait. Only a failing test takes this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// Responses of a fake process, and the requests that it received.
#[derive(Default)]
struct State {
    hello: String,
    records: Vec<String>,
    peers: String,
    /// Incremented by a test to close all event streams, with a `gap` event if `gap` is set.
    cuts: u32,
    gap: bool,
    /// The process closes every connection without a response.
    is_down: bool,
    /// Status and body of the responses to proposals; `None` accepts them.
    answer: Option<(u16, String)>,
    proposed: Vec<(String, String, Vec<u8>)>,
    calls: u32,
}

struct FakeProcess {
    url: String,
    state: Arc<Mutex<State>>,
}

fn now_unix_us() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_micros() as u64
}

impl FakeProcess {
    fn new(recording: &ProcessTrace, epoch_unix_us: u64) -> FakeProcess {
        let epoch = epoch_unix_us + recording.epoch_unix_us - super::process_sim::EPOCH_UNIX_US;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (hello, records) = stream_lines(recording, epoch);
        let state = Arc::new(Mutex::new(State {
            hello,
            records,
            peers: r#"{"peers":[]}"#.to_owned(),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        FakeProcess { url, state }
    }

    fn with<T>(&self, call: impl FnOnce(&mut State) -> T) -> T {
        call(&mut self.state.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    lines.read_line(&mut request).unwrap();
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) < 3 {
            break;
        }
        head.push(line.trim_end().to_ascii_lowercase());
    }
    if state.lock().unwrap().is_down {
        return;
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    if path == "/events" {
        stream_events(stream, state);
    } else if path == "/peers" {
        let peers = state.lock().unwrap().peers.clone();
        drop(reply(&mut stream, 200, &peers));
    } else {
        let body = body(&head, &mut lines);
        let kind = head
            .iter()
            .find_map(|line| line.strip_prefix("content-type: "));
        let mut state = state.lock().unwrap();
        state
            .proposed
            .push((path, kind.unwrap_or_default().to_owned(), body));
        let (status, body) = state.answer.clone().unwrap_or((202, "{}".to_owned()));
        drop(reply(&mut stream, status, &body));
    }
}

fn reply(stream: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

fn body(head: &[String], lines: &mut BufReader<TcpStream>) -> Vec<u8> {
    let mut body = Vec::new();
    let length = head
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        body.resize(length.parse().unwrap(), 0);
        lines.read_exact(&mut body).unwrap();
        return body;
    }
    loop {
        let mut size = String::new();
        lines.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        lines.read_exact(&mut chunk).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

fn stream_events(mut stream: TcpStream, state: &Mutex<State>) {
    let (hello, cuts) = {
        let mut state = state.lock().unwrap();
        state.calls += 1;
        (state.hello.clone(), state.cuts)
    };
    let head = "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: good day\n\n";
    let hello = format!("{head}event: hello\ndata: {hello}\n\n");
    let mut is_alive = stream.write_all(hello.as_bytes()).is_ok();
    let mut sent = 0;
    while is_alive {
        let (next, is_cut, gap) = {
            let state = state.lock().unwrap();
            let next: Vec<String> = state.records.iter().skip(sent).cloned().collect();
            (next, state.cuts != cuts, state.gap)
        };
        if is_cut {
            if gap {
                drop(stream.write_all(b"event: gap\ndata: {}\n\n"));
            }
            return;
        }
        sent += next.len();
        // A keep-alive comment, as nodes send it.
        is_alive &= stream.write_all(b": here\n\n").is_ok();
        for record in next {
            // A slow connection: the watcher sees every intermediate state.
            thread::sleep(Duration::from_millis(1));
            is_alive &= stream
                .write_all(format!("event: record\ndata: {record}\n\n").as_bytes())
                .is_ok();
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Recordings of four processes that agree on two notes.
fn process_recordings() -> Vec<ProcessTrace> {
    let mut sim = ProcessSim::new(4);
    sim.run_until(4_000);
    sim.propose(1, Content::Note("tea".to_owned()));
    sim.run_until(6_000);
    sim.propose(2, Content::Note("cake".to_owned()));
    sim.run_until(8_000);
    sim.recordings()
}

/// Fake processes that started half a minute ago, so that their last events lie in the past.
fn processes(recordings: &[ProcessTrace]) -> Vec<FakeProcess> {
    let started_us = now_unix_us() - 30_000_000;
    recordings
        .iter()
        .map(|recording| FakeProcess::new(recording, started_us))
        .collect()
}

fn attach(processes: &[&FakeProcess]) -> AttachedSession {
    let targets = || Targets {
        urls: processes
            .iter()
            .map(|process| process.url.clone())
            .collect(),
        found: None,
    };
    opened(targets, &AttachOptions::default())
}

/// Attaches, and retries while no process answers, because a process may start slowly.
pub(crate) fn opened(targets: impl Fn() -> Targets, options: &AttachOptions) -> AttachedSession {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match AttachedSession::open(targets(), options.clone()) {
            Err(AttachError::NoAnswer(_)) if Instant::now() < deadline => {}
            opened => return opened.unwrap(),
        }
    }
}

/// An attached session and the world built from its records.
pub(crate) struct Watcher {
    pub(crate) session: AttachedSession,
    pub(crate) world: World,
    records: Vec<Record>,
}

impl Watcher {
    fn new(processes: &[&FakeProcess]) -> Watcher {
        Watcher::of(attach(processes))
    }

    pub(crate) fn of(session: AttachedSession) -> Watcher {
        let world = World::new(Arc::new(session.scenario().clone()));
        Watcher {
            session,
            world,
            records: Vec::new(),
        }
    }

    pub(crate) fn look(&mut self) {
        let mut progress = RunProgress::Limited;
        while progress == RunProgress::Limited {
            progress = self.session.advance(Time::MAX, 100);
            for record in self.session.take_records() {
                self.world.apply(&record);
                self.records.push(record);
            }
        }
        self.world.advance_to(self.session.now());
    }

    #[track_caller]
    pub(crate) fn wait(&mut self, what: &str, condition: impl Fn(&World) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.look();
            if condition(&self.world) {
                return;
            }
            assert!(Instant::now() < deadline, "{what} never came true");
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn named(&self, name: &str) -> NodeId {
        named(&self.world, name)
    }
}

fn named(world: &World, name: &str) -> NodeId {
    let place = world
        .nodes
        .iter()
        .position(|node| &*node.config.peer.name == name);
    NodeId(place.unwrap_or_else(|| panic!("no node is called {name}")) as u32)
}

/// The number of steps of a recording.
fn steps(recording: &ProcessTrace) -> u64 {
    let is_step = |record: &&Record| matches!(record, Record::Stepped { .. });
    recording.records.iter().filter(is_step).count() as u64
}

fn log_lengths(world: &World) -> Vec<usize> {
    world.nodes.iter().map(|node| node.view.log.len()).collect()
}

fn status(world: &World, name: &str) -> NodeStatus {
    world.node(named(world, name)).unwrap().status
}

#[test]
fn records_of_several_processes_are_merged_into_one_world() {
    let recordings = process_recordings();
    let processes = processes(&recordings);
    let mut watcher = Watcher::new(&processes.iter().collect::<Vec<_>>());
    assert_eq!(watcher.session.kind(), SessionKind::Live);
    let (traces, registry) = with_common_numbers(recordings);
    let merged = merge(traces, &registry).unwrap();
    let mut expected = World::new(Arc::new(merged.scenario.clone()));
    merged
        .records
        .iter()
        .for_each(|record| expected.apply(record));
    watcher.wait("all records are released", |world| {
        world.counters.steps == expected.counters.steps
    });
    assert_eq!(log_lengths(&watcher.world), [2, 2, 2, 2]);
    let described = |world: &World, name: &str| {
        let view = &world.node(named(world, name)).unwrap().view;
        let names = |ids: &mut dyn Iterator<Item = NodeId>| {
            let mut names: Vec<_> = ids.map(|id| world.name(id)).collect();
            names.sort();
            names
        };
        let values: Vec<_> = view
            .log
            .iter()
            .map(|entry| (entry.slot, entry.value.clone()))
            .collect();
        (
            values,
            names(&mut view.trusted.iter().copied()),
            names(&mut view.known.iter()),
        )
    };
    for name in ["v0", "v1", "v2", "v3"] {
        assert_eq!(described(&watcher.world, name), described(&expected, name));
    }
    let flights: Vec<(Time, Time)> = watcher
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Sent { at, arrives_at, .. } => Some((*at, *arrives_at)),
            _ => None,
        })
        .collect();
    assert!(flights.len() > 50);
    assert!(
        flights
            .iter()
            .all(|(at, arrives_at)| arrives_at.since(*at).as_ms() >= 400.0),
        "a flight lasts long enough to be seen"
    );
    assert!(watcher.session.next_at().is_none());
}

#[test]
fn a_referenced_node_is_attached_once_its_address_is_known() {
    let processes = processes(&process_recordings());
    let mut watcher = Watcher::new(&[&processes[0], &processes[1]]);
    watcher.wait("two attached", |world| {
        world.nodes.len() == 4 && world.participants().count() == 2 && world.slots().len() == 2
    });
    let referenced: Vec<_> = watcher
        .world
        .nodes
        .iter()
        .filter(|node| node.is_referenced())
        .collect();
    assert_eq!(referenced.len(), 2);
    let known = referenced[0].config.peer.clone();
    let why = watcher.session.act(Action::Propose {
        node: known.id,
        content: Content::Note("hm".to_owned()),
    });
    let id = known.id;
    assert_eq!(why, Err(ActionRefused::AddressUnknown(id)));
    let place = processes
        .iter()
        .find(|process| process.with(|state| state.hello.contains(&*known.key)));
    let address = place
        .unwrap()
        .url
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    processes[1].with(|state| {
        state.peers = serde_json::json!({ "peers": [
            { "id": &*known.key, "name": &*known.name, "http": address },
            { "id": "GUNKNOWN", "name": "unknown", "http": null },
        ]})
        .to_string();
    });
    watcher.wait("three attached", |world| world.participants().count() == 3);
    assert_eq!(status(&watcher.world, &known.name), NodeStatus::Running);
}

#[test]
fn a_stopped_process_is_shown_as_crashed_and_a_restarted_one_starts_over() {
    let processes = processes(&process_recordings());
    let mut watcher = Watcher::new(&processes.iter().collect::<Vec<_>>());
    watcher.wait("all have decided", |world| {
        log_lengths(world) == [2, 2, 2, 2]
    });
    let node = watcher.named("v1");
    let process = processes
        .iter()
        .find(|process| process.with(|state| state.hello.contains("\"v1\"")))
        .unwrap();
    process.with(|state| {
        state.is_down = true;
        state.cuts += 1;
    });
    watcher.wait("v1 is shown as crashed", |world| {
        status(world, "v1") == NodeStatus::Crashed
    });
    let refused = watcher.session.act(Action::Propose {
        node,
        content: Content::Note("?".to_owned()),
    });
    assert!(refused.is_err());
    // It restarts with an empty state.
    process.with(|state| {
        let epoch = now_unix_us() - 5_000_000;
        let mut hello: serde_json::Value = serde_json::from_str(&state.hello).unwrap();
        hello["epoch_unix_us"] = epoch.into();
        state.hello = hello.to_string();
        state.records.truncate(1);
        state.is_down = false;
    });
    watcher.wait("v1 runs again", |world| {
        status(world, "v1") == NodeStatus::Running
    });
    let view = &watcher.world.node(node).unwrap().view;
    assert!(
        view.log.is_empty() && view.known.is_empty(),
        "the snapshot replaces the earlier state"
    );
    assert_eq!(watcher.world.nodes.len(), 4);
}

#[test]
fn a_gap_is_followed_by_a_new_snapshot() {
    let recordings = process_recordings();
    let (processes, steps) = (processes(&recordings), steps(&recordings[0]));
    let mut watcher = Watcher::new(&[&processes[0]]);
    watcher.wait("all steps are released", |world| {
        world.counters.steps == steps
    });
    let before = watcher
        .world
        .node(watcher.named("v0"))
        .map(|node| node.view.clone());
    processes[0].with(|state| {
        state.gap = true;
        state.cuts += 1;
    });
    let deadline = Instant::now() + DEADLINE;
    while processes[0].with(|state| state.calls) < 2 {
        watcher.look();
        assert_ne!(status(&watcher.world, "v0"), NodeStatus::Crashed);
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(10));
    }
    watcher.wait("the snapshot is released", |world| {
        world.counters.steps == 2 * steps
    });
    let after = watcher.world.node(watcher.named("v0"));
    assert_eq!(after.map(|node| node.view.clone()), before);
    let lines = watcher.world.log.iter().collect::<Vec<_>>();
    assert!(lines.is_sorted_by_key(|line| line.at));
    for (one, next) in lines.iter().zip(&lines[1..]) {
        assert!(one != next, "released twice: {one:?}");
    }
}

#[test]
fn proposals_reach_the_process_and_its_refusals_are_returned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo one.jpg");
    fs::write(&path, vec![7_u8; 100_000]).unwrap();
    let processes = processes(&process_recordings());
    let targets = || Targets {
        urls: vec![processes[0].url.clone()],
        found: None,
    };
    let found = path.clone();
    let options = AttachOptions {
        token: Some("sesame".to_owned()),
        files: Some(Arc::new(move |sha256: &str| {
            (sha256 == "abc").then(|| found.clone())
        })),
        ..AttachOptions::default()
    };
    let mut session = opened(targets, &options);
    let node = NodeId(0);
    let propose =
        |session: &mut AttachedSession, content| session.act(Action::Propose { node, content });
    propose(&mut session, Content::Note("tea \"and\" cake".to_owned())).unwrap();
    let file = |sha256: &str| {
        Content::File(FileInfo {
            name: "photo one.jpg".to_owned(),
            size_bytes: 100_000,
            sha256: sha256.to_owned(),
        })
    };
    propose(&mut session, file("abc")).unwrap();
    let why = propose(&mut session, file("def")).unwrap_err();
    assert_eq!(why, ActionRefused::NeedsRealFile);
    let why = propose(&mut session, Content::Choice("pizza".into())).unwrap_err();
    assert!(matches!(why, ActionRefused::WrongContent { .. }));
    let deadline = Instant::now() + DEADLINE;
    while processes[0].with(|state| state.proposed.len()) < 2 {
        assert!(Instant::now() < deadline);
        thread::sleep(Duration::from_millis(10));
    }
    processes[0].with(|state| {
        let mut proposed = std::mem::take(&mut state.proposed);
        // The calls are concurrent: their order is not defined.
        proposed.sort();
        let [(path, kind, body), (other, bytes, content)] = &proposed[..] else {
            panic!("{proposed:?}")
        };
        assert_eq!(path, "/propose");
        assert!(kind.starts_with("application/json"), "{kind}");
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body, serde_json::json!({ "note": "tea \"and\" cake" }));
        assert_eq!(bytes, "application/octet-stream");
        assert!(other.starts_with("/propose?file=photo"), "{other}");
        assert_eq!(content, &vec![7_u8; 100_000]);
        state.answer = Some((422, r#"{"detail": "the note is too long"}"#.to_owned()));
    });
    let why = loop {
        // `act` does not wait for a slow response.
        if let Err(why) = propose(&mut session, Content::Note("x".repeat(5_000))) {
            break why;
        }
    };
    assert_eq!(
        why,
        ActionRefused::ByProcess("the note is too long".to_owned())
    );
    for (action, impossible) in [
        (Action::Crash { node }, ProcessAction::Crash),
        (Action::Heal, ProcessAction::Partition),
        (Action::Leave { node }, ProcessAction::Stop),
    ] {
        let refused = ActionRefused::NotControllable(impossible);
        assert_eq!(session.act(action), Err(refused));
    }
}

#[test]
fn a_process_with_two_urls_is_attached_once() {
    let recordings = process_recordings();
    let started_us = now_unix_us() - 30_000_000;
    let processes =
        [&recordings[0], &recordings[0]].map(|recording| FakeProcess::new(recording, started_us));
    let mut watcher = Watcher::new(&processes.iter().collect::<Vec<_>>());
    let steps = steps(&recordings[0]);
    watcher.wait("all steps are released", |world| {
        world.counters.steps >= steps
    });
    for _ in 0..20 {
        watcher.look();
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(watcher.world.counters.steps, steps);
    assert_eq!(watcher.world.participants().count(), 1);
}

#[test]
fn clock_skew_is_corrected() {
    let recordings = process_recordings();
    let hour_us = 3_600_000_000;
    let started_us = now_unix_us() - 30_000_000;
    // The clock of the second process is an hour behind.
    let processes = [
        FakeProcess::new(&recordings[0], started_us),
        FakeProcess::new(&recordings[1], started_us - hour_us),
    ];
    for (process, behind_us) in processes.iter().zip([0, hour_us]) {
        process.with(|state| {
            let mut hello: serde_json::Value = serde_json::from_str(&state.hello).unwrap();
            hello["now_unix_us"] = (now_unix_us() - behind_us).into();
            state.hello = hello.to_string();
        });
    }
    let mut watcher = Watcher::new(&processes.iter().collect::<Vec<_>>());
    watcher.wait("both have decided", |world| {
        world
            .participants()
            .filter(|(_, node)| node.view.log.len() == 2)
            .count()
            == 2
    });
    let summary = watcher.world.slots().values().next().unwrap();
    let mut times = summary.decided.values().map(|(at, _)| at.as_ms());
    let (one, other) = (times.next().unwrap(), times.next().unwrap());
    assert!(
        (one - other).abs() < 600_000.0,
        "{one} and {other} differ by clock skew only"
    );
}

#[test]
fn unreachable_processes_are_reported() {
    let refused = |url: &str| {
        let targets = Targets {
            urls: vec![url.to_owned()],
            found: None,
        };
        AttachedSession::open(targets, AttachOptions::default())
            .map(drop)
            .unwrap_err()
    };
    assert!(matches!(refused("ftp://x"), AttachError::Address(_)));
    let deadline = Instant::now() + DEADLINE;
    // The error omits a process that has not answered in time.
    let error_with = |address: &str| loop {
        let error = refused(address).to_string();
        if error.contains(address) {
            break error;
        }
        assert!(Instant::now() < deadline, "{error}");
    };
    let error = error_with("127.0.0.1:9");
    assert!(error.contains("no node answers"), "{error}");
    // A service other than a node answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            drop(stream.unwrap().write_all(b"SSH-2.0-OpenSSH\r\n"));
        }
    });
    error_with(&address);
}
