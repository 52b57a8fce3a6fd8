//! Tests of `quorumscope cluster`: real processes agree, can be attached to and recorded, and leave no process and no
//! folder behind.

use super::attach::{Watcher, opened};
use super::cli::send_signal;
use super::merge::check_replay;
use quorumscope::live::attach::{AttachOptions, Targets};
use quorumscope::node::Content;
use quorumscope::run::Session;
use quorumscope::scenario::Action;
use quorumscope::trace::merge::MergedTrace;
use quorumscope::trace::{NodeStatus, Record, TraceReader, World};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Deadline of a wait. Only a failing test takes this long.
const DEADLINE: Duration = Duration::from_secs(90);
const PROGRAM: &str = env!("CARGO_BIN_EXE_quorumscope");

pub(crate) struct Cluster {
    child: Child,
    pub(crate) urls: Vec<String>,
    folder: PathBuf,
    has_ended: bool,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.has_ended {
            // The nodes then stop, and the folder is removed.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

impl Cluster {
    pub(crate) fn start(args: &[&str]) -> Cluster {
        let mut child = Command::new(PROGRAM)
            .args(["cluster", "--headless"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut urls = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.split_once(' ').unwrap() {
                ("folder", folder) => {
                    let folder = PathBuf::from(folder);
                    return Cluster {
                        child,
                        urls,
                        folder,
                        has_ended: false,
                    };
                }
                (_, url) => urls.push(url.to_owned()),
            }
        }
        panic!("the cluster ended: {:?}", child.wait());
    }

    /// Stops the cluster and returns its exit code.
    pub(crate) fn end(mut self) -> i32 {
        send_signal(&self.child, "-TERM");
        let status = self.child.wait().unwrap();
        self.has_ended = true;
        status.code().unwrap()
    }

    pub(crate) fn watch(&self) -> Watcher {
        let targets = || Targets {
            urls: self.urls.clone(),
            found: None,
        };
        Watcher::of(opened(targets, &AttachOptions::default()))
    }
}

#[track_caller]
fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what} never came true");
        thread::sleep(Duration::from_millis(20));
    }
}

fn answers(url: &str) -> bool {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).is_ok()
}

pub(crate) fn all_ready(world: &World) -> bool {
    use quorumscope::node::view::Readiness;
    world
        .nodes
        .iter()
        .all(|node| node.view.readiness == Readiness::Ready)
}

pub(crate) fn agreed(world: &World, slots: usize) -> bool {
    world.nodes.iter().all(|node| node.view.log.len() == slots) && world.fork().is_none()
}

fn propose(watcher: &mut Watcher, name: &str, text: &str) {
    let node = watcher.named(name);
    let content = Content::Note(text.to_owned());
    watcher
        .session
        .act(Action::Propose { node, content })
        .unwrap();
}

#[test]
fn a_cluster_decides_and_leaves_no_process_behind() {
    let cluster = Cluster::start(&["--nodes", "4"]);
    let (urls, folder) = (cluster.urls.clone(), cluster.folder.clone());
    assert_eq!(urls.len(), 4);
    let mut watcher = cluster.watch();
    watcher.wait("all are ready to vote", |world| {
        world.nodes.len() == 4 && all_ready(world)
    });
    propose(&mut watcher, "n3", "tea");
    watcher.wait("all agree", |world| agreed(world, 1));
    assert_eq!(cluster.end(), 0);
    watcher.wait("all are shown as crashed", |world| {
        world
            .nodes
            .iter()
            .all(|node| node.status == NodeStatus::Crashed)
    });
    assert!(!urls.iter().any(|url| answers(url)));
    assert!(!folder.exists(), "the folder is removed");
}

#[test]
fn a_killed_cluster_leaves_no_process_and_no_folder() {
    let mut cluster = Cluster::start(&["--nodes", "2"]);
    assert!(cluster.urls.iter().all(|url| answers(url)) && cluster.folder.exists());
    send_signal(&cluster.child, "-KILL");
    cluster.child.wait().unwrap();
    wait("the nodes end", || {
        !cluster.urls.iter().any(|url| answers(url))
    });
    wait("the folder is removed", || !cluster.folder.exists());
}

#[test]
fn a_restarted_cluster_continues_its_log_and_its_traces_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("network");
    let args = ["--nodes", "4", "--trace", "--dir", dir.to_str().unwrap()];
    for (slot, name) in [(1, "n2"), (2, "n4")] {
        let cluster = Cluster::start(&args);
        let mut watcher = cluster.watch();
        watcher.wait("all are ready to vote", |world| {
            world.nodes.len() == 4 && all_ready(world)
        });
        assert!(
            agreed(&watcher.world, slot - 1),
            "earlier decisions are in the log"
        );
        propose(&mut watcher, name, &format!("note {slot}"));
        watcher.wait("all agree", |world| agreed(world, slot));
        assert_eq!(cluster.end(), 0);
        assert!(dir.exists(), "a given folder is kept");
    }
    let merged = merged(&dir);
    assert_eq!(
        merged.provenance.sources.len(),
        8,
        "four nodes, each started twice"
    );
    let steps = merged
        .records
        .iter()
        .filter(|record| matches!(record, Record::Stepped { .. }))
        .count();
    assert_eq!(check_replay(&merged), steps);
    let world = merged.records.iter().fold(
        World::new(std::sync::Arc::new(merged.scenario.clone())),
        |mut world, record| {
            world.apply(record);
            world
        },
    );
    assert_eq!(world.nodes.len(), 4);
    assert!(agreed(&world, 2));
}

/// The result of `quorumscope merge` for all traces in a folder.
fn merged(dir: &Path) -> MergedTrace {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let traces: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "zst"))
        .collect();
    assert_eq!(traces.len(), 8, "{traces:?}");
    let out = dir.join("all.jsonl");
    let output = Command::new(PROGRAM)
        .arg("merge")
        .args(&traces)
        .arg("-o")
        .arg(&out)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let run = Command::new(PROGRAM)
        .args(["run", "--json", "--replay"])
        .arg(&out)
        .output()
        .unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(
        (&summary["nodes"], &summary["outcome"]),
        (&4.into(), &"agreed".into())
    );
    let mut reader = TraceReader::open(&out).unwrap();
    let records = reader.by_ref().map(Result::unwrap).collect();
    MergedTrace {
        scenario: (**reader.scenario()).clone(),
        provenance: reader.provenance().clone(),
        records,
    }
}

#[test]
fn errors_include_the_log_of_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    // A file has the path of the first node's folder.
    fs::write(dir.join("n1"), "in the way").unwrap();
    let args = [
        "cluster",
        "--headless",
        "--nodes",
        "2",
        "--dir",
        dir.to_str().unwrap(),
    ];
    let output = Command::new(PROGRAM).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("n1 has ended") && error.contains("n1.log"),
        "{error}"
    );
    let output = Command::new(PROGRAM)
        .args(["cluster", "--nodes", "0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
