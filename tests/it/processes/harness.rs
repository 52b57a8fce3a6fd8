//! Test harness: a network of node processes on one machine.

use quorumscope::live::identity::Identity;
use quorumscope::live::status::{PeersView, Status};
use quorumscope::node::NodeKey;
use quorumscope::node::strkey::{self, StrkeyKind};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::net::UdpSocket;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Deadline of a wait. Only a failing test takes this long.
const DEADLINE: Duration = Duration::from_secs(180);
/// Interval of polling.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// `wait_ms` of proposals.
const WAIT_MS: u64 = 120_000;
/// Range of UDP ports.
const PORTS: Range<u16> = 20_000..32_000;

/// Polls until `look` returns a value.
pub(super) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < until, "timeout: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Polls until the condition is true.
pub(super) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || is_so().then_some(()));
}

/// Runs the program with these arguments to its end.
pub(super) fn quorumscope(args: &[&str]) -> Output {
    quorumscope_in(&[], args)
}

/// Like `quorumscope`, with these environment variables.
pub(super) fn quorumscope_in(environment: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorumscope"));
    command.args(args).env_remove("DISPLAY");
    command.envs(environment.iter().copied()).output().unwrap()
}

/// Output as text.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Path of a file of this repository.
pub(super) fn own_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A response of a node.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map_or("", |(_, value)| value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: status {}: {}", self.status, text(&self.body));
        })
    }
}

/// Makes one call. Fails only if the connection fails.
pub(super) fn call(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, ureq::Error> {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        // Connections of a killed node must not be reused.
        .max_idle_connections(0)
        .timeout_global(Some(DEADLINE))
        .build()
        .new_agent();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let has_body = !matches!(method, "GET" | "HEAD");
    let mut response = match has_body {
        true => agent.run(request.body(body.to_vec()).unwrap())?,
        false => agent.run(request.body(()).unwrap())?,
    };
    let known = response.headers().iter();
    let headers = known.map(|(name, value)| {
        let value = value.to_str().unwrap_or_default();
        (name.as_str().to_owned(), value.to_owned())
    });
    Ok(Answer {
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()?,
    })
}

/// A free UDP port, different for each `nth`, outside the range of ephemeral ports: the system could assign one of
/// those again before the nodes bind it.
fn free_port(nth: u32) -> u16 {
    let first = std::process::id().wrapping_mul(97).wrapping_add(nth);
    let mut ports = (0..PORTS.len() as u32).map(|more| {
        let offset = first.wrapping_add(more.wrapping_mul(193)) % PORTS.len() as u32;
        PORTS.start + offset as u16
    });
    let free = ports.find(|port| UdpSocket::bind(("0.0.0.0", *port)).is_ok());
    free.expect("a free UDP port")
}

/// A separate network: name, UDP port, folder.
pub(super) struct Network {
    folder: tempfile::TempDir,
    pub(super) name: String,
    pub(super) port: u16,
}

impl Network {
    pub(super) fn new() -> Network {
        static NTH: AtomicU32 = AtomicU32::new(0);
        let nth = NTH.fetch_add(1, Ordering::Relaxed);
        Network {
            folder: tempfile::tempdir().unwrap(),
            name: format!("test-{}-{nth}", std::process::id()),
            port: free_port(nth),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and returns its path.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The secret key that [`Network::identity`] gives a node.
    pub(super) fn secret(&self, name: &str) -> [u8; 32] {
        Sha256::digest(format!("{} {name}", self.name)).into()
    }

    /// Gives a node a known key before it starts.
    pub(super) fn identity(&self, name: &str) -> Identity {
        let digest = self.secret(name);
        let secret = strkey::encode(StrkeyKind::SecretSeed, &digest);
        // A key needs a store beside it.
        let data = self.path(name);
        let data = data.to_str().unwrap();
        let made = quorumscope(&["node", "--name", name, "--data", data, "--print-id"]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        fs::write(self.path(name).join("secret-key"), &secret).unwrap();
        Identity::new(digest)
    }

    /// The arguments of a node, without its address.
    pub(super) fn arguments(&self, name: &str) -> Vec<String> {
        let data = self.path(name);
        let broadcast = format!("127.255.255.255:{}", self.port);
        let args = [
            "node",
            "--name",
            name,
            "--data",
            data.to_str().unwrap(),
            "--broadcast",
            &broadcast,
            "--network",
            &self.name,
            "--settle-ms",
            "300",
            "--refresh-ms",
            "500",
            // A killed test leaves no nodes behind.
            "--exit-with-stdin",
        ];
        args.map(str::to_owned).to_vec()
    }

    /// Starts a node and waits until it listens. Nodes with the same name share a data folder.
    pub(super) fn start(&self, name: &str, more: &[&str]) -> NodeProcess {
        self.start_in(&[], name, more)
    }

    /// Like `start`, with these environment variables.
    pub(super) fn start_in(
        &self,
        environment: &[(&str, &str)],
        name: &str,
        more: &[&str],
    ) -> NodeProcess {
        let mut args = self.arguments(name);
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        if !more.contains(&"--client-timeout-ms") {
            // A commit may take long on a busy machine.
            args.extend(["--client-timeout-ms", "60000"].map(str::to_owned));
        }
        if !more.contains(&"--http") {
            args.extend(["--http", "127.0.0.1:0"].map(str::to_owned));
        }
        let (out, log) = (
            self.path(&format!("{name}.out")),
            self.path(&format!("{name}.log")),
        );
        let child = Command::new(env!("CARGO_BIN_EXE_quorumscope"))
            .args(&args)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(File::create(&out).unwrap())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(&log)
                    .unwrap(),
            )
            .spawn()
            .unwrap();
        let mut node = NodeProcess {
            name: name.to_owned(),
            url: String::new(),
            id: NodeKey::new([0; 32]),
            child,
            log,
        };
        let output = wait_for("the node listens", || {
            let output = fs::read_to_string(&out).unwrap();
            let ended = node.child.try_wait().unwrap();
            assert_eq!(ended, None, "{name} ended: {}", node.log());
            (output.lines().count() >= 2 && output.ends_with('\n')).then_some(output)
        });
        let field = |prefix: &str| {
            let line = output.lines().find_map(|line| line.strip_prefix(prefix));
            line.unwrap_or_else(|| panic!("no {prefix:?} in {output}"))
                .to_owned()
        };
        node.url = field("listening on ");
        node.id = field("id ").parse().unwrap();
        node
    }

    /// Starts the nodes `n1` to `n{count}`; the first is the beacon.
    pub(super) fn start_many(&self, count: usize, more: &[&str]) -> Vec<NodeProcess> {
        let started = (1..=count).map(|nth| {
            let mut args = more.to_vec();
            if nth == 1 {
                args.push("--beacon");
            }
            self.start(&format!("n{nth}"), &args)
        });
        started.collect()
    }
}

/// A running node. Dropping the value kills it.
pub(super) struct NodeProcess {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) id: NodeKey,
    child: Child,
    log: PathBuf,
}

impl NodeProcess {
    /// The log of the node, for failure messages.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The status with the logs of all nodes, once all have answered.
    pub(super) fn status_of_all(&self) -> Option<serde_json::Value> {
        let all = self.get("/status?all&limit=10000").json();
        let others = all["all"].as_array().unwrap();
        let has_answered = |other: &serde_json::Value| other["error"].is_null();
        others.iter().all(has_answered).then_some(all)
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], b"")
    }

    pub(super) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let url = format!("{}{path}", self.url);
        call(method, &url, headers, body)
            .unwrap_or_else(|error| panic!("{method} {url} of {}: {error}", self.name))
    }

    /// Posts a JSON text.
    pub(super) fn post(&self, path: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/json")];
        self.call("POST", path, &headers, body.as_bytes())
    }

    pub(super) fn status(&self) -> Status {
        let answer = self.get("/status?limit=10000");
        assert_eq!(answer.status, 200, "{}", text(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(super) fn peers(&self) -> PeersView {
        serde_json::from_slice(&self.get("/peers").body).unwrap()
    }

    pub(super) fn counter(&self, name: &str) -> u64 {
        let counters = self.status().counters;
        counters.get(name).copied().unwrap_or_default()
    }

    /// Proposes a note and waits for the decision. Returns its number at the node, and the slot.
    pub(super) fn propose(&self, note: &str) -> (u64, u64) {
        let body = json!({ "note": note }).to_string();
        let answer = self.post(&format!("/propose?wait_ms={WAIT_MS}"), &body);
        assert_eq!(answer.status, 200, "{note}: {}", text(&answer.body));
        let answer = answer.json();
        assert_eq!(answer["state"], "agreed", "{note}: {answer}");
        assert_eq!(answer["proposal"]["origin"], self.id.to_string());
        let number = |value: &Value| value.as_u64().unwrap();
        (number(&answer["proposal"]["nth"]), number(&answer["slot"]))
    }

    /// Uploads and proposes a file, and waits for the decision. Returns its SHA-256.
    pub(super) fn propose_file(&self, name: &str, content: &[u8]) -> String {
        let path = format!("/propose?file={name}&wait_ms={WAIT_MS}");
        let headers = [("content-type", "application/octet-stream")];
        let answer = self.call("POST", &path, &headers, content);
        assert_eq!(answer.status, 200, "{name}: {}", text(&answer.body));
        let answer = answer.json();
        assert_eq!(answer["state"], "agreed", "{name}: {answer}");
        answer["proposal"]["file"]["sha256"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The notes in the log of the node, in order.
    pub(super) fn notes(&self) -> Vec<String> {
        let entries = self.status().log.entries.into_iter();
        let proposals = entries.flat_map(|entry| entry.proposals);
        proposals.filter_map(|proposal| proposal.note).collect()
    }

    /// Names of the nodes that the node trusts, including itself.
    pub(super) fn trusts(&self) -> Vec<String> {
        let trusted = self.status().trust_set.into_iter();
        let mut names: Vec<String> = trusted.map(|node| node.name).collect();
        names.sort();
        names
    }

    /// Kills the process with SIGKILL, so that it cannot clean up.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal to the process.
    pub(super) fn signal(&self, name: &str) {
        // Every shell has a built-in `kill`.
        let order = format!("kill -{name} {}", self.child.id());
        let sent = Command::new("sh").args(["-c", &order]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until the process has ended.
    pub(super) fn ended(mut self) -> ExitStatus {
        wait_for("the process ends", || self.child.try_wait().unwrap())
    }

    /// Stops the process and waits until it has ended.
    pub(super) fn stop(self) {
        self.signal("TERM");
        let name = self.name.clone();
        assert_eq!(self.ended().code(), Some(0), "{name}");
    }

    /// Closes the standard input of the process.
    pub(super) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- log of {}\n{}", self.name, self.log());
        }
    }
}

/// Waits until all nodes are ready to vote and each one trusts exactly all of them.
pub(super) fn wait_until_together(nodes: &[NodeProcess]) {
    let mut names: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
    names.sort();
    for node in nodes {
        wait_until("all nodes trust all and are ready", || {
            node.status().readiness == "ready" && node.trusts() == names
        });
    }
}

/// Waits until all logs are equal and contain `notes`.
pub(super) fn wait_until_agreed(nodes: &[NodeProcess], notes: &[&str]) {
    for node in nodes {
        wait_until("the notes are in every log", || {
            let known = node.notes();
            notes.iter().all(|note| known.iter().any(|one| one == note))
        });
    }
    wait_until("all logs are equally long", || {
        let heads = nodes.iter().map(|node| node.status().log.index);
        heads.collect::<std::collections::BTreeSet<_>>().len() == 1
    });
    let first = nodes[0].status().log;
    for node in &nodes[1..] {
        let log = node.status().log;
        assert_eq!(log.entries, first.entries, "{}", node.name);
        assert_eq!(log.hash, first.hash, "{}", node.name);
    }
}
