//! `Cluster`: owns several node processes on this machine.
//!
//! A node stops when its standard input is closed, so no node outlives the process that started it, not even after a crash.

use super::clock::deadline_after;
use super::folder_lock::{FolderLock, LockError};
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Most nodes of a cluster.
pub const NODES_MAX: u16 = 64;
/// Timeout for all nodes to listen.
const START: Duration = Duration::from_secs(60);
/// Timeout for nodes to stop; then they are killed.
const END: Duration = Duration::from_secs(8);
/// Timeout for removing a folder.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Interval of polling.
const POLL: Duration = Duration::from_millis(20);
/// A folder that is missing in this many consecutive polls counts as removed.
const ABSENT_POLLS: u32 = 15;
/// Lines of a log in an error message.
const LOG_LINES: usize = 6;
/// Prefix of the line in which a node process prints the URL of its REST interface. Scripts read it, so it is not in
/// the message catalogue.
pub const LISTENING: &str = "listening on ";

/// Settings of a cluster.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Path of this program.
    pub program: PathBuf,
    /// Folder for the data of the nodes. It must exist.
    pub folder: PathBuf,
    /// Number of nodes.
    pub nodes: u16,
    /// Whether each node writes a trace into the folder.
    pub traces: TraceMode,
}

/// Whether nodes write traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceMode {
    /// No traces.
    #[default]
    None,
    /// One file per process. A restarted node writes another file.
    PerProcess,
}

/// Why a cluster cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A node could not be started.
    #[error("{name} could not be started: {why}")]
    Start {
        /// Name of the node.
        name: String,
        /// Error of the operating system.
        why: io::Error,
    },
    /// A node ended, or did not print its URL.
    #[error("{name} {what}; its log, {}, ends with:\n{log}", .path.display())]
    Failed {
        /// Name of the node.
        name: String,
        /// What happened.
        what: &'static str,
        /// Path of its log.
        path: PathBuf,
        /// The last lines of its log.
        log: String,
    },
    /// No UDP port for discovery is free.
    #[error("no UDP port is free: {0}")]
    Port(io::Error),
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<ClusterNode>,
}

#[derive(Debug)]
struct ClusterNode {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    log: PathBuf,
    url: String,
    has_ended: bool,
}

impl Cluster {
    /// Starts all nodes and waits until they listen. The first node has the broadcast role.
    ///
    /// # Errors
    /// If a node does not start. The others are then stopped.
    pub fn start(config: &ClusterConfig) -> Result<Cluster, ClusterError> {
        let port = free_port().map_err(ClusterError::Port)?;
        let mut cluster = Cluster { nodes: Vec::new() };
        let (sender, listening) = channel();
        for nth in 1..=config.nodes {
            let mut node = ClusterNode::start(config, nth, port)?;
            let place = cluster.nodes.len();
            let output = node.child.stdout.take();
            cluster.nodes.push(node);
            let sender = sender.clone();
            let listen = move || {
                let url = output.and_then(read_url);
                drop(sender.send((place, url)));
            };
            let thread = thread::Builder::new().name(format!("qs-output-{nth}"));
            thread.spawn(listen).map_err(|why| ClusterError::Start {
                name: name(nth),
                why,
            })?;
        }
        cluster.wait(&listening)?;
        Ok(cluster)
    }

    fn wait(&mut self, listening: &Receiver<(usize, Option<String>)>) -> Result<(), ClusterError> {
        let deadline = deadline_after(START);
        for _ in 0..self.nodes.len() {
            let left = deadline.saturating_duration_since(Instant::now());
            match listening.recv_timeout(left) {
                Ok((place, url)) => {
                    let Some(node) = self.nodes.get_mut(place) else {
                        continue;
                    };
                    match url {
                        Some(url) => node.url = url,
                        None => return Err(node.failed("has ended")),
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let silent = self.nodes.iter().find(|node| node.url.is_empty());
                    let what = "does not print where it listens";
                    return silent.map_or(Ok(()), |node| Err(node.failed(what)));
                }
            }
        }
        Ok(())
    }

    /// Names and addresses of the nodes.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, &str)> {
        let nodes = self.nodes.iter();
        nodes.map(|node| (node.name.as_str(), node.url.as_str()))
    }

    /// Messages about the nodes that have ended since the last poll; `None` once all nodes have ended.
    pub fn poll(&mut self) -> Option<Vec<String>> {
        let mut ended = Vec::new();
        for node in &mut self.nodes {
            if !node.has_ended && matches!(node.child.try_wait(), Ok(Some(_))) {
                node.has_ended = true;
                ended.push(node.failed("has ended").to_string());
            }
        }
        let is_left = self.nodes.iter().any(|node| !node.has_ended);
        (is_left || !ended.is_empty()).then_some(ended)
    }

    /// Stops all nodes, and kills those that do not stop in time. No node runs when this returns.
    pub fn stop(&mut self) {
        for node in &mut self.nodes {
            node.stdin = None;
        }
        let deadline = deadline_after(END);
        for node in &mut self.nodes {
            while matches!(node.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(POLL);
            }
            if matches!(node.child.try_wait(), Ok(None)) {
                // This fails only if the node has ended meanwhile.
                drop(node.child.kill());
                drop(node.child.wait());
            }
        }
        self.nodes.clear();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

impl ClusterNode {
    fn start(config: &ClusterConfig, nth: u16, port: u16) -> Result<ClusterNode, ClusterError> {
        let name = name(nth);
        let started = ClusterNode::spawn(config, nth, port);
        let (mut child, log) = started.map_err(|why| ClusterError::Start {
            name: name.clone(),
            why,
        })?;
        Ok(ClusterNode {
            stdin: child.stdin.take(),
            child,
            log,
            url: String::new(),
            name,
            has_ended: false,
        })
    }

    fn spawn(config: &ClusterConfig, nth: u16, port: u16) -> io::Result<(Child, PathBuf)> {
        let name = name(nth);
        let log = config.folder.join(format!("{name}.log"));
        let broadcast = format!("127.255.255.255:{port}");
        let nodes = config.nodes.to_string();
        let mut command = Command::new(&config.program);
        command
            .args(["node", "--name", &name, "--http", "127.0.0.1:0"])
            .args(["--broadcast", &broadcast, "--network", "cluster"])
            .args(["--min-nodes", &nodes, "--on-stop", "pause"])
            .arg("--exit-with-stdin")
            .arg("--data")
            .arg(config.folder.join(&name));
        if nth == 1 {
            command.arg("--beacon");
        }
        if config.traces == TraceMode::PerProcess {
            command
                .arg("--trace")
                .arg(next_trace(&config.folder, &name));
        }
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(OpenOptions::new().append(true).create(true).open(&log)?)
            .spawn()?;
        Ok((child, log))
    }

    fn failed(&self, what: &'static str) -> ClusterError {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let mut lines: Vec<&str> = log.lines().rev().take(LOG_LINES).collect();
        lines.reverse();
        ClusterError::Failed {
            name: self.name.clone(),
            what,
            path: self.log.clone(),
            log: lines.join("\n"),
        }
    }
}

/// Reads the URL that a node prints, and discards its later output, because a full pipe would block the node.
fn read_url(output: impl Read + Send + 'static) -> Option<String> {
    let mut lines = BufReader::new(output).lines();
    let first = lines.next()?.ok()?;
    let url = first.strip_prefix(LISTENING)?.to_owned();
    let thread = thread::Builder::new().name("qs-discard-output".to_owned());
    // If the thread does not start, the pipe is closed, which the node tolerates.
    drop(thread.spawn(move || lines.for_each(drop)));
    Some(url)
}

fn name(nth: u16) -> String {
    format!("n{nth}")
}

/// A free UDP port.
fn free_port() -> io::Result<u16> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    Ok(socket.local_addr()?.port())
}

/// The path of the next trace of a node, which does not exist yet.
fn next_trace(folder: &Path, name: &str) -> PathBuf {
    let path = |nth: u32| folder.join(format!("{name}-{nth}.jsonl.zst"));
    let free = (1..u32::MAX).find(|nth| !path(*nth).exists());
    path(free.unwrap_or(u32::MAX))
}

/// Removes the folder of a cluster as soon as no node uses it. Returns whether the folder is gone.
#[must_use]
pub fn remove_folder(folder: &Path) -> bool {
    let deadline = deadline_after(REMOVE_TIMEOUT);
    let mut gone = 0_u32;
    while Instant::now() < deadline && gone < ABSENT_POLLS {
        if !is_used(folder) {
            drop(fs::remove_dir_all(folder));
        }
        // A node that has just been started may still create its folder.
        gone = if folder.exists() {
            0
        } else {
            gone.saturating_add(1)
        };
        thread::sleep(POLL);
    }
    !folder.exists()
}

/// Whether a node still holds the lock of a store in `folder`.
fn is_used(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let locks = entries.map(|entry| entry.path().join(super::store::FILE_LOCK));
    locks
        .filter(|lock| lock.exists())
        .any(|lock| matches!(FolderLock::take(&lock), Err(LockError::Held)))
}
