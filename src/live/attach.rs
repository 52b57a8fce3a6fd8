//! `AttachedSession`: a [`Session`] over the `GET /events` streams of running node processes.
//!
//! ```text
//!  GET /events ──> feed (a thread each) ──> timeline (one numbering, one clock) ──> Session ──> window
//!  GET /peers  ──> poller (one thread): finds further processes, which are then watched, too
//!  POST /propose <── act
//! ```
//!
//! The session never blocks on a process: the window polls it. If the session is not polled, the channel of events
//! fills up, the feeds stop reading, and the processes end their streams with a `gap`. The feeds then start again from
//! a snapshot.

mod connections;
mod feed;
mod merged_timeline;
mod rest_client;
mod sse;

use super::clock::unix_us;
use crate::net::{Latency, MediumSpec};
use crate::node::{Application, Content};
use crate::run::{BatchKind, RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Placement, ProcessAction, Remark, Scenario};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::{NodeRegistry, Record};
use connections::{Connections, EVENTS_WAITING};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use feed::{FeedEvent, NodeUrl};
use merged_timeline::{AREA_M, FLIGHT_MIN, FeedUse, MergedTimeline, REORDER_DELAY};
use rest_client::RestClient;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long a proposal waits for the response of the process. Afterwards the call continues in the background, for
/// example with a large file.
const ANSWER: Duration = Duration::from_millis(2_500);

/// The processes to attach to.
#[derive(Debug, Default)]
pub struct Targets {
    /// URLs of processes, such as `http://127.0.0.1:8001`.
    pub urls: Vec<String>,
    /// URLs that are discovered later. Without `urls`, at least one must be discovered.
    pub found: Option<Receiver<String>>,
}

/// Options of an attached session.
#[derive(Clone, Default)]
pub struct AttachOptions {
    /// Bearer token for processes on other machines.
    pub token: Option<String>,
    /// Finds the local path of a file that is proposed; proposals identify files by SHA-256.
    pub files: Option<Arc<FileFinder>>,
    /// Title of the session, for the window.
    pub title: String,
    /// What the session shows, for the window.
    pub description: String,
}

/// Finds files by their SHA-256.
pub type FileFinder = dyn Fn(&str) -> Option<PathBuf> + Send + Sync;

/// Why a session cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// A URL is malformed.
    #[error("{0}")]
    Address(String),
    /// No process answered. Contains the reason for each.
    #[error("no node answers: {}; start one with `quorumscope node`, or several with `quorumscope cluster`", .0.join("; "))]
    NoAnswer(Vec<String>),
    /// The operating system starts no further thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
}

/// A session over running processes.
pub struct AttachedSession {
    scenario: Arc<Scenario>,
    timeline: MergedTimeline,
    connections: Connections,
    client: RestClient,
    files: Option<Arc<FileFinder>>,
}

impl AttachedSession {
    /// Attaches, and waits a few seconds for the first events of every process.
    ///
    /// # Errors
    /// If a URL is malformed, or no process answers.
    pub fn open(targets: Targets, options: AttachOptions) -> Result<AttachedSession, AttachError> {
        let urls: Result<Vec<NodeUrl>, String> =
            targets.urls.iter().map(|url| NodeUrl::parse(url)).collect();
        let urls = urls.map_err(AttachError::Address)?;
        let client = RestClient::new(options.token.clone());
        let registry = Arc::new(Mutex::new(NodeRegistry::default()));
        let mut connections =
            Connections::new(targets.found, options.token, &client, Arc::clone(&registry))?;
        for url in urls {
            connections.watch(url)?;
        }
        let (first_events, remarks) = connections.wait()?;
        let hellos = || {
            first_events.iter().filter_map(|(_, event)| match event {
                FeedEvent::Hello(hello) => Some(hello),
                _ => None,
            })
        };
        let zero_unix_us = hellos().map(|hello| hello.epoch_unix_us).min();
        let first = hellos().next().map(|hello| Arc::clone(&hello.scenario));
        let (Some(zero_unix_us), Some(first)) = (zero_unix_us, first) else {
            return Err(AttachError::NoAnswer(remarks));
        };
        let scenario = Arc::new(scenario(
            &first,
            remarks,
            (options.title, options.description),
        ));
        let mut attached = AttachedSession {
            scenario,
            timeline: MergedTimeline::new(zero_unix_us, registry),
            connections,
            client,
            files: options.files,
        };
        for (feed, event) in first_events {
            attached.handle(feed, event);
        }
        attached.timeline.release(Time::ZERO, usize::MAX);
        Ok(attached)
    }

    /// Handles the events that have arrived.
    fn poll(&mut self) {
        while let Some(url) = self.connections.next_found() {
            // If no thread can be started, the node stays a referenced node.
            let _ = self.connections.watch(url);
        }
        for _ in 0..EVENTS_WAITING {
            match self.connections.events.try_recv() {
                Ok((feed, event)) => self.handle(feed, event),
                Err(_) => return,
            }
        }
    }

    fn handle(&mut self, feed: usize, event: FeedEvent) {
        if self.timeline.handle(feed, event, unix_us()) == FeedUse::Redundant {
            self.connections.stop(feed);
        }
    }

    /// The time up to which events are complete and in order. Later events may still be missing.
    fn horizon(&self) -> Time {
        let now = self.timeline.time_at(unix_us());
        Time(now.0.saturating_sub(REORDER_DELAY.0))
    }

    fn url_of(&self, node: NodeId) -> Result<NodeUrl, ActionRefused> {
        let feed = self.timeline.feed_of(node);
        let url = feed.and_then(|feed| self.connections.url(feed));
        url.ok_or(ActionRefused::AddressUnknown(node))
    }

    fn propose(&self, node: NodeId, content: Content) -> Result<(), ActionRefused> {
        let url = self.url_of(node)?;
        let client = self.client.clone();
        let call: Box<dyn FnOnce() -> Result<(), String> + Send> = match content {
            Content::Note(text) => Box::new(move || client.propose_note(&url, &text)),
            Content::File(file) => {
                let path = self.files.as_ref().and_then(|files| files(&file.sha256));
                let path = path.ok_or(ActionRefused::NeedsRealFile)?;
                Box::new(move || client.propose_file(&url, &file.name, &path))
            }
            Content::Choice(_) => {
                let application = Application::Log;
                return Err(ActionRefused::WrongContent { application });
            }
        };
        answer(call)
    }
}

/// Makes a call on a separate thread and waits for its result for a short time.
fn answer(call: Box<dyn FnOnce() -> Result<(), String> + Send>) -> Result<(), ActionRefused> {
    let (sender, receiver) = bounded(1);
    let thread = thread::Builder::new().name("qs-propose".to_owned());
    let started = thread.spawn(move || {
        if let Err(unsent) = sender.send(call())
            && let Err(why) = unsent.into_inner()
        {
            eprintln!("quorumscope: a proposal was not taken: {why}");
        }
    });
    started.map_err(|why| ActionRefused::NoThread(why.to_string()))?;
    match receiver.recv_timeout(ANSWER) {
        Ok(Err(why)) => Err(ActionRefused::ByProcess(why)),
        Ok(Ok(())) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
    }
}

/// The scenario of the session, as far as it is known from outside.
fn scenario(
    first: &Scenario,
    remarks: Vec<String>,
    (title, description): (String, String),
) -> Scenario {
    Scenario {
        name: "live".to_owned(),
        title,
        description,
        nodes: Vec::new(),
        area_m: AREA_M,
        placement: Placement::View,
        medium: MediumSpec {
            // The duration of the flights that the window draws.
            latency: Latency {
                min: FLIGHT_MIN,
                max: FLIGHT_MIN,
            },
            loss: 0.0,
            radio_range_m: None,
            links: Vec::new(),
        },
        events: Vec::new(),
        remarks: remarks
            .into_iter()
            .map(|process| Remark::NotAnswered { process })
            .collect(),
        ..first.clone()
    }
}

impl Session for AttachedSession {
    fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn kind(&self) -> SessionKind {
        SessionKind::Live
    }

    fn now(&self) -> Time {
        self.timeline.now()
    }

    fn next_at(&self) -> Option<Time> {
        self.timeline.next_at()
    }

    /// Advances up to the horizon. The run never finishes.
    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        self.poll();
        let until = until.min(self.horizon());
        let taken = self.timeline.released().len();
        self.timeline
            .release(until, taken.saturating_add(records_max));
        if self.timeline.next_at().is_some_and(|next| next <= until) {
            return RunProgress::Limited;
        }
        self.timeline.advance_to(until);
        RunProgress::Reached
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        self.poll();
        let until = until.min(self.horizon());
        let at = self.timeline.next_at().filter(|at| *at <= until)?;
        let before = self.timeline.released().len();
        self.timeline.release(at, usize::MAX);
        let mut records = self.timeline.released().iter().skip(before);
        let kind = match records.all(Record::is_housekeeping) {
            true => BatchKind::Housekeeping,
            false => BatchKind::Progress,
        };
        Some((at, kind))
    }

    fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        let impossible = match action {
            Action::Propose { node, content } => return self.propose(node, content),
            Action::Move { .. } => return Err(ActionRefused::NotPhysical),
            Action::AddNode { .. } => ProcessAction::Start,
            Action::Leave { .. } => ProcessAction::Stop,
            Action::Crash { .. } => ProcessAction::Crash,
            Action::Restart { .. } => ProcessAction::Restart,
            Action::Silence { .. } | Action::Unsilence { .. } => ProcessAction::Silence,
            Action::SetTrust { .. } => ProcessAction::SetTrust,
            Action::Partition { .. } | Action::Heal => ProcessAction::Partition,
        };
        Err(ActionRefused::NotControllable(impossible))
    }

    fn take_records(&mut self) -> Vec<Record> {
        self.timeline.take()
    }
}
