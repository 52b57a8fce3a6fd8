//! Invariants of a network: equal logs with every acknowledged proposal, and every decided file at every node.

use super::node::Plan;
use super::rest::Rest;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// Deadline for a network to become idle. Only a failing test takes this long.
const IDLE_DEADLINE: Duration = Duration::from_secs(300);

/// A proposal that a node has acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    /// Key of the node where the proposal entered.
    pub(crate) origin: String,
    /// The sequence number of the proposal at that node.
    pub(crate) nth: u64,
    /// The text of a note, or the hash of a file.
    pub(crate) content: String,
    /// The slot that was reported to the client, if it waited for the decision.
    pub(crate) slot: Option<u64>,
}

impl Acknowledged {
    /// Reads the response to a proposal.
    pub(crate) fn read(answer: &Value) -> Acknowledged {
        let proposal = &answer["proposal"];
        assert_ne!(answer["state"], "rejected", "{answer}");
        Acknowledged {
            origin: proposal["origin"].as_str().unwrap().to_owned(),
            nth: proposal["nth"].as_u64().unwrap(),
            content: content(proposal),
            slot: answer["slot"].as_u64(),
        }
    }
}

fn content(proposal: &Value) -> String {
    let file = &proposal["file"]["sha256"];
    let text = proposal["note"].as_str().or(file.as_str());
    text.unwrap_or_else(|| panic!("{proposal}")).to_owned()
}

/// The decisions of a log, in slot order.
pub(crate) type Log = Vec<Value>;

/// The whole log of a node.
pub(crate) fn log_of(rest: &Rest, http: SocketAddr) -> Log {
    let mut log: Log = Vec::new();
    loop {
        let from = log.len() + 1;
        let (status, body) = rest
            .get(http, &format!("/status?from_slot={from}&limit=2000"))
            .unwrap();
        assert_eq!(status, 200, "{body}");
        let entries = body["log"]["entries"].as_array().unwrap();
        if entries.is_empty() {
            return log;
        }
        log.extend(entries.iter().cloned());
    }
}

/// The length of all logs if the network is idle. Otherwise the error describes what is still in progress.
fn idle_length(rest: &Rest, nodes: &[SocketAddr]) -> Result<u64, String> {
    let mut heads = BTreeSet::new();
    for &http in nodes {
        let (status, body) = rest.get(http, "/status?limit=0")?;
        if status != 200 || body["readiness"] != "ready" {
            return Err(format!(
                "{http}: {status}, {}, {}",
                body["readiness"], body["detail"]
            ));
        }
        let pool = body["pool"].as_array().map_or(0, Vec::len);
        if pool > 0 {
            return Err(format!(
                "{http}: {pool} proposals wait, its log has come to {}",
                body["log"]["index"]
            ));
        }
        let files = body["backup_log"].as_array().into_iter().flatten();
        let missing = files.filter(|line| line["is_here"] != true).count();
        if missing > 0 {
            return Err(format!("{http}: {missing} files are not here yet"));
        }
        heads.insert((
            body["log"]["index"].as_u64(),
            body["log"]["hash"].to_string(),
        ));
    }
    match heads.first() {
        Some((Some(index), _)) if heads.len() == 1 => Ok(*index),
        _ => Err(format!("{heads:?}")),
    }
}

/// Waits until the network is idle; returns the length of all logs.
pub(crate) fn wait_until_idle(rest: &Rest, nodes: &[SocketAddr]) -> u64 {
    let since = Instant::now();
    loop {
        match idle_length(rest, nodes) {
            Ok(index) => return index,
            Err(why) if since.elapsed() > IDLE_DEADLINE => panic!("not idle: {why}"),
            Err(_) => thread::sleep(Duration::from_millis(200)),
        }
    }
}

/// Checks that all logs are equal and contain every acknowledged proposal exactly once. Returns their content.
pub(crate) fn check_logs(
    rest: &Rest,
    nodes: &[SocketAddr],
    acknowledged: &[Acknowledged],
) -> BTreeMap<(String, u64), (u64, String)> {
    let logs: Vec<Log> = nodes.iter().map(|&http| log_of(rest, http)).collect();
    for (http, log) in nodes.iter().zip(&logs) {
        for (ours, first) in log.iter().zip(&logs[0]) {
            assert_eq!(ours, first, "the logs of {http} and {} differ", nodes[0]);
        }
        assert_eq!(
            log.len(),
            logs[0].len(),
            "the log of {http} is not as long as that of {}",
            nodes[0]
        );
    }
    let mut by_name = BTreeMap::new();
    for (nth, entry) in (1..).zip(&logs[0]) {
        let slot = entry["slot"].as_u64().unwrap();
        assert_eq!(slot, nth, "the log has a gap");
        for proposal in entry["proposals"].as_array().unwrap() {
            let name = (
                proposal["origin"].as_str().unwrap().to_owned(),
                proposal["nth"].as_u64().unwrap(),
            );
            let before = by_name.insert(name, (slot, content(proposal)));
            assert_eq!(before, None, "{proposal} is in the log twice");
        }
    }
    for proposal in acknowledged {
        let name = (proposal.origin.clone(), proposal.nth);
        let Some((slot, content)) = by_name.get(&name) else {
            panic!("{proposal:?} was acknowledged and is in no log");
        };
        assert_eq!(content, &proposal.content, "{proposal:?}");
        assert_eq!(proposal.slot.unwrap_or(*slot), *slot, "{proposal:?}");
    }
    by_name
}

/// Checks that every node has every decided file completely, and no other files.
pub(crate) fn check_files(
    rest: &Rest,
    plans: &[Plan],
    nodes: &[SocketAddr],
    uploaded: &BTreeSet<String>,
) {
    for (plan, &http) in plans.iter().zip(nodes) {
        let folder = plan.data().join("files");
        let mut there = BTreeMap::new();
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            if entry.file_name() == ".parts" {
                continue;
            }
            let content = fs::read(entry.path()).unwrap();
            let digest = Sha256::digest(&content);
            let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let path = entry.path();
            assert!(
                uploaded.contains(&sha256),
                "{}: this content was never uploaded",
                path.display()
            );
            there.insert(sha256, content.len() as u64);
        }
        let (_, status) = rest.get(http, "/status?limit=0").unwrap();
        for line in status["backup_log"].as_array().unwrap() {
            let sha256 = line["file"]["sha256"].as_str().unwrap();
            let size = there.get(sha256);
            assert_eq!(
                size,
                line["file"]["size_bytes"].as_u64().as_ref(),
                "{}: {line}",
                plan.name
            );
        }
    }
}

/// Checks that the backup logs of all nodes contain exactly the files of the log.
pub(crate) fn check_backup_logs(rest: &Rest, nodes: &[SocketAddr]) {
    for &http in nodes {
        let log = log_of(rest, http);
        let decided = log
            .iter()
            .flat_map(|entry| entry["proposals"].as_array().unwrap());
        let files = decided.filter(|proposal| proposal["file"].is_object());
        let named: BTreeSet<(String, String)> = files
            .map(|one| (one["origin"].to_string(), one["nth"].to_string()))
            .collect();
        let (_, status) = rest.get(http, "/status?limit=0").unwrap();
        let lines = status["backup_log"].as_array().unwrap();
        let listed: BTreeSet<(String, String)> = lines
            .iter()
            .map(|one| (one["origin"].to_string(), one["nth"].to_string()))
            .collect();
        assert_eq!(listed, named, "the backup log of {http}");
        assert_eq!(lines.len(), named.len(), "the backup log of {http}");
    }
}
