//! A node process that is started, killed and restarted on the same folder.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The configuration of a node process.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The name of the node and of its data folder.
    pub(crate) name: String,
    /// The parent of the data folder.
    pub(crate) folder: PathBuf,
    /// Further options.
    pub(crate) options: Vec<String>,
    /// The network namespace; `None` for that of the test.
    pub(crate) namespace: Option<PathBuf>,
}

/// The executable that is tested.
fn executable() -> PathBuf {
    // The environment can name another build of the program.
    std::env::var_os("QUORUMSCOPE_EXE")
        .map_or_else(|| env!("CARGO_BIN_EXE_quorumscope").into(), PathBuf::from)
}

impl Plan {
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn command(&self) -> Command {
        let mut command = match &self.namespace {
            None => Command::new(executable()),
            Some(namespace) => {
                // `nsenter` does not fork: the process becomes the node.
                let mut command = Command::new("nsenter");
                command
                    .arg(format!("--net={}", namespace.display()))
                    .arg(executable());
                command
            }
        };
        command.args(["node", "--exit-with-stdin", "--name", &self.name, "--data"]);
        command.arg(self.data()).args(&self.options);
        command
    }

    /// The id of the node. Creates its key.
    pub(crate) fn id(&self) -> String {
        let mut command = Command::new(executable());
        command.args(["node", "--print-id", "--name", &self.name, "--data"]);
        let printed = command.arg(self.data()).output().unwrap();
        let id = String::from_utf8(printed.stdout).unwrap();
        assert!(printed.status.success());
        id.trim().to_owned()
    }

    /// Starts the node and waits until it listens.
    pub(crate) fn start(&self) -> NodeProcess {
        self.try_start()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", self.name))
    }

    /// Starts the node. If it does not listen, the error is the end of its log.
    pub(crate) fn try_start(&self) -> Result<NodeProcess, String> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", self.command()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |prefix: &str| {
            let line = lines.next().and_then(Result::ok);
            line.and_then(|line| Some(line.strip_prefix(prefix)?.to_owned()))
        };
        let (http, key) = (after("listening on http://"), after("id "));
        match http.filter(|_| key.is_some()) {
            Some(http) => Ok(NodeProcess {
                child,
                http: http.parse().unwrap(),
            }),
            None => {
                child.wait().unwrap();
                Err(tail(&self.log()))
            }
        }
    }
}

/// The last lines of a log.
pub(crate) fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// A running node.
#[derive(Debug)]
pub(crate) struct NodeProcess {
    child: Child,
    /// The HTTP address of the node.
    pub(crate) http: SocketAddr,
}

impl NodeProcess {
    /// Kills the process with SIGKILL, so that it cannot clean up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether the process has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// A file of the system about this process.
    fn about(&self, name: &str) -> String {
        let path = format!("/proc/{}/{name}", self.child.id());
        let mut text = String::new();
        std::io::Read::read_to_string(&mut File::open(path).unwrap(), &mut text).unwrap();
        text
    }

    /// Number of threads.
    pub(crate) fn threads(&self) -> usize {
        let status = self.about("status");
        let threads = status
            .lines()
            .find_map(|line| line.strip_prefix("Threads:"))
            .unwrap();
        threads.trim().parse().unwrap()
    }

    /// CPU time in seconds, and peak memory in MiB.
    pub(crate) fn usage(&self) -> (f64, f64) {
        let stat = self.about("stat");
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
        let status = self.about("status");
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        // USER_HZ is 100 on Linux.
        ((ticks(11) + ticks(12)) / 100.0, peak / 1024.0)
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
