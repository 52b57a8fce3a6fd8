//! Several nodes on this machine, each a process of its own; whoever holds the [`Cluster`] holds their lives.
//!
//! A node ends when its standard input does, so none outlives whoever started it, however that ends. Absent here: what a
//! node does, and who looks at it.

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
/// How long nodes may take until they listen.
const START: Duration = Duration::from_secs(60);
/// How long nodes may take to end by themselves.
const END: Duration = Duration::from_secs(8);
/// How long a folder is tried to be removed.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);
/// A folder that is gone at so many looks stays away.
const GONE_LOOKS: u32 = 15;
/// How much of a log is shown, in lines.
const LOG_LINES: usize = 6;
/// Prefix of the line in which a node process prints the URL of its REST interface. Scripts read it, so it is no text
/// of the catalogue.
pub const LISTENING: &str = "listening on ";

/// What a cluster is to be.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// This program.
    pub program: PathBuf,
    /// Where the nodes keep what they keep; it exists.
    pub folder: PathBuf,
    /// How many.
    pub nodes: u16,
    /// Whether each of them records what happens to it, in the folder.
    pub traces: TraceMode,
}

/// Whether nodes record what happens to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceMode {
    /// They do not.
    #[default]
    None,
    /// Each into a file of its own, another one for every life.
    PerLife,
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A node could not be started.
    #[error("{name} could not be started: {why}")]
    Start {
        /// Which.
        name: String,
        /// What the system said.
        why: io::Error,
    },
    /// A node ended, or did not say where it listens.
    #[error("{name} {what}; its log, {}, ends with:\n{log}", .path.display())]
    Failed {
        /// Which.
        name: String,
        /// What it did.
        what: &'static str,
        /// Its log.
        path: PathBuf,
        /// The last lines of it.
        log: String,
    },
    /// No port for discovery.
    #[error("no UDP port is free: {0}")]
    Port(io::Error),
}

/// Nodes that run.
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
    /// Starts all nodes and waits until they listen. The first has the broadcast role.
    ///
    /// # Errors
    /// If one of them does not start; none is left then.
    pub fn start(config: &ClusterConfig) -> Result<Cluster, ClusterError> {
        let port = free_port().map_err(ClusterError::Port)?;
        let mut cluster = Cluster { nodes: Vec::new() };
        let (said, listening) = channel();
        for nth in 1..=config.nodes {
            let mut node = ClusterNode::start(config, nth, port)?;
            let place = cluster.nodes.len();
            let output = node.child.stdout.take();
            cluster.nodes.push(node);
            let said = said.clone();
            let listen = move || {
                let url = output.and_then(first_word);
                drop(said.send((place, url)));
            };
            let thread = thread::Builder::new().name(format!("qs-says-{nth}"));
            thread.spawn(listen).map_err(|why| ClusterError::Start {
                name: name(nth),
                why,
            })?;
        }
        cluster.wait(&listening)?;
        Ok(cluster)
    }

    fn wait(&mut self, listening: &Receiver<(usize, Option<String>)>) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START;
        for _ in 0..self.nodes.len() {
            let left = deadline.saturating_duration_since(Instant::now());
            match listening.recv_timeout(left) {
                Ok((place, Some(url))) => self.nodes[place].url = url,
                Ok((place, None)) => return Err(self.nodes[place].failed("has ended")),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let silent = self.nodes.iter().find(|node| node.url.is_empty());
                    let what = "does not say where it listens";
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

    /// Those that have ended since the last look, in words; `None` once nobody is left.
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

    /// Ends all nodes, the hard way if they do not hear. Nobody is left when it returns.
    pub fn stop(&mut self) {
        for node in &mut self.nodes {
            node.stdin = None;
        }
        let deadline = Instant::now() + END;
        for node in &mut self.nodes {
            while matches!(node.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(POLL);
            }
            if matches!(node.child.try_wait(), Ok(None)) {
                // It has ended meanwhile, or it ends now.
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
        if config.traces == TraceMode::PerLife {
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

/// Reads where a node listens, and then whatever else it says: a full pipe would hold it up.
fn first_word(output: impl Read + Send + 'static) -> Option<String> {
    let mut lines = BufReader::new(output).lines();
    let first = lines.next()?.ok()?;
    let url = first.strip_prefix(LISTENING)?.to_owned();
    let thread = thread::Builder::new().name("qs-says-more".to_owned());
    // Without the thread the pipe is closed, and what a node says there is lost.
    drop(thread.spawn(move || lines.for_each(drop)));
    Some(url)
}

fn name(nth: u16) -> String {
    format!("n{nth}")
}

/// A port on which nobody listens now.
fn free_port() -> io::Result<u16> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    Ok(socket.local_addr()?.port())
}

/// A name for a trace that is not there yet.
fn next_trace(folder: &Path, name: &str) -> PathBuf {
    let path = |nth: u32| folder.join(format!("{name}-{nth}.jsonl.zst"));
    let free = (1..u32::MAX).find(|nth| !path(*nth).exists());
    path(free.unwrap_or(u32::MAX))
}

/// Removes the folder of a cluster as soon as no node uses it any more: true if it is gone.
#[must_use]
pub fn remove_folder(folder: &Path) -> bool {
    let deadline = Instant::now() + REMOVE_TIMEOUT;
    let mut gone = 0;
    while Instant::now() < deadline && gone < GONE_LOOKS {
        if !is_used(folder) {
            drop(fs::remove_dir_all(folder));
        }
        // A node that was only just started may still make its folder.
        gone = if folder.exists() { 0 } else { gone + 1 };
        thread::sleep(POLL);
    }
    !folder.exists()
}

/// Whether a node still has its store in it.
fn is_used(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let locks = entries.map(|entry| entry.path().join(super::store::FILE_LOCK));
    locks
        .filter(|lock| lock.exists())
        .any(|lock| matches!(FolderLock::take(&lock), Err(LockError::Held)))
}
