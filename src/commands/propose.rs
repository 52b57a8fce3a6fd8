//! `quorumscope propose`: sends a note, or a file to back up, to a running node over its REST interface.

use crate::cli::ProposeArgs;
use crate::commands::support::error::{CommandError, EXIT_NO_PROGRESS};
use crate::commands::support::node_client::NodeClient;
use crate::commands::support::stdout::print_line;
use crate::live::status::{ProposalView, Status};
use crate::scp::SlotIndex;
use crate::text::{format, terminal};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// Time limit for `GET /status`.
const STATUS_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval between checks whether a backup is complete.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Response to `POST /propose`.
#[derive(Deserialize)]
struct ProposeResponse {
    proposal: ProposalView,
    state: String,
    slot: Option<u64>,
}

/// Proposes, waits for the decision and the backups, and prints the outcome.
///
/// # Errors
/// Bad arguments, a node that does not respond, one that refuses, or standard output that cannot be written.
pub(super) fn run(args: &ProposeArgs) -> Result<ExitCode, CommandError> {
    let wait = Duration::from_millis(args.wait_ms);
    let node = ProposingClient(NodeClient::new(&args.to, args.token_file.as_deref(), wait)?);
    let (proposed, sent_at) = match (&args.file, &args.note) {
        (Some(path), _) => node.propose_file(path, args.wait_ms)?,
        (None, note) => node.propose_note(note.as_deref().unwrap_or_default(), args.wait_ms)?,
    };
    let (outcome, text) = proposed.outcome(args);
    print_line(&text)?;
    match (outcome, &proposed.proposal.file) {
        (ProposalOutcome::Agreed, Some(file)) => {
            let until = sent_at + Duration::from_millis(args.wait_ms);
            node.wait_for_backups(&file.sha256, until)
        }
        (ProposalOutcome::Agreed, None) | (ProposalOutcome::NotAwaited, _) => Ok(ExitCode::SUCCESS),
        (ProposalOutcome::NotDecided, _) => Ok(ExitCode::from(EXIT_NO_PROGRESS)),
    }
}

/// The state of a proposal at the end of the request.
#[derive(Clone, Copy)]
enum ProposalOutcome {
    Agreed,
    /// Rejected, or still pending after the time to wait.
    NotDecided,
    /// Pending, and the caller does not wait.
    NotAwaited,
}

impl ProposeResponse {
    /// The outcome, and the sentence to print.
    fn outcome(&self, args: &ProposeArgs) -> (ProposalOutcome, String) {
        let nth = &self.proposal.nth.to_string();
        let origin = &self.proposal.origin.to_string();
        match (self.state.as_str(), self.slot.map(SlotIndex)) {
            ("agreed", Some(slot)) => (
                ProposalOutcome::Agreed,
                terminal::proposal_agreed(nth, origin, slot),
            ),
            ("rejected", _) => (
                ProposalOutcome::NotDecided,
                terminal::proposal_rejected(nth, origin),
            ),
            _ if args.wait_ms == 0 => (
                ProposalOutcome::NotAwaited,
                terminal::proposal_pending(nth, origin),
            ),
            _ => (
                ProposalOutcome::NotDecided,
                match args.file {
                    Some(_) => terminal::file_undecided(nth, origin, args.wait_ms),
                    None => terminal::note_undecided(nth, origin, args.wait_ms),
                },
            ),
        }
    }
}

/// A file that is being uploaded, and the time of the last read.
struct Upload {
    file: File,
    read_at: Instant,
}

impl Read for Upload {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer);
        self.read_at = Instant::now();
        read
    }
}

/// Proposes at a node and looks at its backups.
struct ProposingClient(NodeClient);

impl ProposingClient {
    /// Proposes a note. Returns the response and the time at which the request was sent.
    fn propose_note(
        &self,
        note: &str,
        wait_ms: u64,
    ) -> Result<(ProposeResponse, Instant), CommandError> {
        let body = serde_json::json!({ "note": note }).to_string();
        let call = self
            .0
            .post(&format!("/propose?wait_ms={wait_ms}"))
            .content_type("application/json");
        let sent_at = Instant::now();
        Ok((self.0.read(call.send(body))?, sent_at))
    }

    /// Uploads and proposes a file. Returns the response and the time at which the upload ended.
    fn propose_file(
        &self,
        path: &Path,
        wait_ms: u64,
    ) -> Result<(ProposeResponse, Instant), CommandError> {
        let shown = path.display().to_string();
        let failed = |error: io::Error| {
            CommandError::Input(terminal::file_error(&shown, &error.to_string()))
        };
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| CommandError::Input(terminal::file_without_name(&shown)))?;
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if about.is_dir() {
            return Err(CommandError::Input(terminal::file_is_folder(&shown)));
        }
        let length = about.len();
        let path = format!("/propose?wait_ms={wait_ms}&file={}", percent_encoded(name));
        let call = self
            .0
            .post(&path)
            .content_type("application/octet-stream")
            .header("content-length", length.to_string());
        let mut upload = Upload {
            file,
            read_at: Instant::now(),
        };
        let answer = call.send(ureq::SendBody::from_reader(&mut upload));
        Ok((self.0.read(answer)?, upload.read_at))
    }

    fn status_at(&self, base: &str) -> Result<Status, CommandError> {
        let call = self.0.get(base, "/status?limit=0");
        let call = call.config().timeout_global(Some(STATUS_TIMEOUT)).build();
        self.0.read(call.call())
    }

    /// Whether the node at `base` has a backup of the file.
    fn has_file(&self, base: &str, sha256: &str) -> bool {
        let backups = self.status_at(base).map(|status| status.backup_log);
        backups.is_ok_and(|backups| {
            let mut backups = backups.iter();
            backups.any(|line| line.is_here && line.file.sha256 == sha256)
        })
    }

    /// Polls every trusted node until all have the file, and prints a line for each. At `until` it gives up with exit code 3.
    fn wait_for_backups(&self, sha256: &str, until: Instant) -> Result<ExitCode, CommandError> {
        let here = self.status_at(self.0.base())?;
        let mut pending_nodes: Vec<(String, String)> = here
            .nodes
            .iter()
            .filter(|node| node.is_trusted)
            .filter_map(|node| Some((node.name.clone(), format!("http://{}", node.http?))))
            .collect();
        pending_nodes.insert(0, (here.name, self.0.base().to_owned()));
        loop {
            for (name, _) in pending_nodes.extract_if(.., |(_, base)| self.has_file(base, sha256)) {
                print_line(&terminal::backed_up(&name))?;
            }
            if pending_nodes.is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            if Instant::now() >= until {
                let names = pending_nodes.iter().map(|(name, _)| name.clone());
                print_line(&terminal::backups_missing(&format::list(names, usize::MAX)))?;
                return Ok(ExitCode::from(EXIT_NO_PROGRESS));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// Percent-encodes a file name for a query (RFC 3986, unreserved characters stay).
fn percent_encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
