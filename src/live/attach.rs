//! Watching processes from outside: a [`Session`] over the `GET /events` of several nodes.
//!
//! ```text
//!  GET /events ──> feed (a thread each) ──> timeline (one numbering, one clock) ──> Session ──> window
//!  GET /peers  ──> scout (one thread): whom they know, and where, is watched too
//!  POST /propose <── act
//! ```
//!
//! Nobody waits for a process here: the window asks what there is. Who does not watch for long is not told everything:
//! a feed that is full waits, and its process then says that there is a gap, upon which it tells from the beginning.

mod connections;
mod feed;
mod merged_timeline;
mod rest_client;
mod sse;

use super::clock::unix_us;
use crate::net::{Latency, MediumSpec};
use crate::node::Content;
use crate::run::{BatchKind, RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Placement, Scenario};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::Record;
use connections::{Connections, EVENTS_WAITING};
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use feed::{FeedEvent, NodeUrl};
use merged_timeline::{AREA_M, FLIGHT_MIN, FeedUse, MergedTimeline, REORDER_DELAY};
use rest_client::RestClient;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long whoever proposes waits for an answer; a large file goes on being sent.
const ANSWER: Duration = Duration::from_millis(2_500);

/// Whom to watch.
#[derive(Debug, Default)]
pub struct Targets {
    /// Processes that are known from the start, such as `http://127.0.0.1:8001`.
    pub urls: Vec<String>,
    /// Others, as they are found; at least one has to be found if there are no `urls`.
    pub found: Option<Receiver<String>>,
}

/// What else there is to know.
#[derive(Clone, Default)]
pub struct AttachOptions {
    /// What processes of other machines want to be shown.
    pub token: Option<String>,
    /// Where the file with a SHA-256 lies on this machine: a proposal names a file only by that.
    pub files: Option<Arc<FileFinder>>,
}

/// Finds files by their SHA-256.
pub type FileFinder = dyn Fn(&str) -> Option<PathBuf> + Send + Sync;

/// Why nothing can be watched.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// An address is none.
    #[error("{0}")]
    Address(String),
    /// Nobody answered.
    #[error("no node answers: {}; start one with `quorumscope node`, or several with `quorumscope cluster`", .0.join("; "))]
    NoAnswer(Vec<String>),
    /// The system gives no thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
}

/// Processes being watched.
pub struct AttachedSession {
    scenario: Arc<Scenario>,
    timeline: MergedTimeline,
    connections: Connections,
    client: RestClient,
    files: Option<Arc<FileFinder>>,
}

impl AttachedSession {
    /// Begins to watch, and waits a little for everybody's first word.
    ///
    /// # Errors
    /// If an address is none, or nobody answers.
    pub fn open(targets: Targets, options: AttachOptions) -> Result<AttachedSession, AttachError> {
        let places: Result<Vec<NodeUrl>, String> =
            targets.urls.iter().map(|url| NodeUrl::parse(url)).collect();
        let places = places.map_err(AttachError::Address)?;
        let client = RestClient::new(options.token.clone());
        let mut connections = Connections::new(targets.found, options.token, &client)?;
        for place in places {
            connections.watch(place)?;
        }
        let (beginning, remarks) = connections.wait()?;
        let hellos = || {
            beginning.iter().filter_map(|(_, news)| match news {
                FeedEvent::Hello(hello) => Some(hello),
                _ => None,
            })
        };
        let zero_unix_us = hellos().map(|hello| hello.epoch_unix_us).min();
        let first = hellos().next().map(|hello| &hello.scenario);
        let (Some(zero_unix_us), Some(first)) = (zero_unix_us, first) else {
            return Err(AttachError::NoAnswer(remarks));
        };
        let scenario = Arc::new(scenario(first, remarks));
        let mut attached = AttachedSession {
            scenario,
            timeline: MergedTimeline::new(zero_unix_us),
            connections,
            client,
            files: options.files,
        };
        for (feed, news) in beginning {
            attached.hear(feed, news);
        }
        attached.timeline.release(Time::ZERO, usize::MAX);
        Ok(attached)
    }

    /// Looks what there is.
    fn listen(&mut self) {
        while let Some(place) = self.connections.next_found() {
            // Without a thread for it, it stays known by name only.
            let _ = self.connections.watch(place);
        }
        for _ in 0..EVENTS_WAITING {
            match self.connections.news.try_recv() {
                Ok((feed, news)) => self.hear(feed, news),
                Err(_) => return,
            }
        }
    }

    fn hear(&mut self, feed: usize, news: FeedEvent) {
        if self.timeline.hear(feed, news, unix_us()) == FeedUse::Nothing {
            self.connections.stop(feed);
        }
    }

    /// Up to when everybody has had time to tell.
    fn horizon(&self) -> Time {
        let now = self.timeline.time_at(unix_us());
        Time(now.0.saturating_sub(REORDER_DELAY.0))
    }

    fn place_of(&self, node: NodeId) -> Result<NodeUrl, ActionRefused> {
        let feed = self.timeline.feed_of(node);
        let place = feed.and_then(|feed| self.connections.place(feed));
        place.ok_or_else(|| {
            ActionRefused::NotFromHere("it is known by name only: nobody here can ask it".into())
        })
    }

    fn propose(&self, node: NodeId, content: Content) -> Result<(), ActionRefused> {
        let place = self.place_of(node)?;
        let client = self.client.clone();
        let call: Box<dyn FnOnce() -> Result<(), String> + Send> = match content {
            Content::Note(text) => Box::new(move || client.propose_note(&place, &text)),
            Content::File(file) => {
                let path = self.files.as_ref().and_then(|files| files(&file.sha256));
                let path = path.ok_or_else(|| {
                    let why = "processes back up real files: type the path of one, or drop it on the window";
                    ActionRefused::NotFromHere(why.into())
                })?;
                Box::new(move || client.propose_file(&place, &file.name, &path))
            }
            Content::Choice(_) => {
                let expected = "notes and files";
                return Err(ActionRefused::WrongContent { expected });
            }
        };
        answer(call)
    }
}

/// Does it on a thread of its own and waits a little for what comes of it.
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
    started
        .map_err(|why| ActionRefused::NotFromHere(format!("no thread could be started: {why}")))?;
    match receiver.recv_timeout(ANSWER) {
        Ok(Err(why)) => Err(ActionRefused::NotFromHere(why)),
        Ok(Ok(())) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(()),
    }
}

/// What is being run, as far as one can say from outside.
fn scenario(first: &Scenario, remarks: Vec<String>) -> Scenario {
    Scenario {
        name: "live".to_owned(),
        title: "Live: nodes as processes".to_owned(),
        description: "Nodes that run by themselves, watched from outside.".to_owned(),
        nodes: Vec::new(),
        area_m: AREA_M,
        placement: Placement::View,
        medium: MediumSpec {
            // As it is drawn.
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
            .map(|who| format!("{who} does not answer yet"))
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

    /// Goes as far as everybody has had time to tell, and never finishes.
    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        self.listen();
        let until = until.min(self.horizon());
        let taken = self.timeline.told().len();
        self.timeline
            .release(until, taken.saturating_add(records_max));
        if self.timeline.next_at().is_some_and(|next| next <= until) {
            return RunProgress::Limited;
        }
        self.timeline.pass(until);
        RunProgress::Reached
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        self.listen();
        let until = until.min(self.horizon());
        let at = self.timeline.next_at().filter(|at| *at <= until)?;
        let before = self.timeline.told().len();
        self.timeline.release(at, usize::MAX);
        let mut records = self.timeline.told()[before..].iter();
        let kind = match records.all(Record::is_housekeeping) {
            true => BatchKind::Housekeeping,
            false => BatchKind::Progress,
        };
        Some((at, kind))
    }

    fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        let why = match action {
            Action::Propose { node, content } => return self.propose(node, content),
            Action::AddNode { .. } => "a node joins when somebody starts one: quorumscope node",
            Action::Leave { .. } => "a node leaves when its process is told to end (Ctrl-C)",
            Action::Crash { .. } => "a process crashes when somebody kills it",
            Action::Restart { .. } => "a process starts again when somebody starts it",
            Action::Silence { .. } | Action::Unsilence { .. } => {
                "what a process sends cannot be held back from here"
            }
            Action::Move { .. } => return Err(ActionRefused::NotPhysical),
            Action::SetTrust { .. } => "whom a process trusts is said when it is started",
            Action::Partition { .. } | Action::Heal => "the network between processes is not ours",
        };
        Err(ActionRefused::NotFromHere(why.to_owned()))
    }

    fn take_records(&mut self) -> Vec<Record> {
        self.timeline.take()
    }
}
