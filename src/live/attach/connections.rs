//! Connections to the attached processes: one event feed per process, and a poller that finds further processes.

use super::AttachError;
use super::feed::{EventFeed, FeedEvent, NodeUrl};
use super::rest_client::RestClient;
use crate::live::clock::deadline_after;
use crate::trace::NodeRegistry;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long opening a session waits for the first events of all processes.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// Capacity of the channel of events. Feeds stop reading while it is full.
pub(super) const EVENTS_WAITING: usize = 16_384;
/// Interval of `GET /peers` calls.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Most processes of a session.
const FEEDS_MAX: usize = 256;

/// The connections of a session.
pub(super) struct Connections {
    pub(super) events: Receiver<(usize, FeedEvent)>,
    sender: Sender<(usize, FeedEvent)>,
    found: Receiver<NodeUrl>,
    discovered: Option<Receiver<String>>,
    urls: Arc<Mutex<Vec<NodeUrl>>>,
    stops: Vec<Arc<AtomicBool>>,
    token: Option<String>,
    registry: Arc<Mutex<NodeRegistry>>,
}

impl Connections {
    pub(super) fn new(
        discovered: Option<Receiver<String>>,
        token: Option<String>,
        client: &RestClient,
        registry: Arc<Mutex<NodeRegistry>>,
    ) -> Result<Connections, AttachError> {
        let (sender, events) = bounded(EVENTS_WAITING);
        let (discoveries, found) = unbounded();
        let urls = Arc::new(Mutex::new(Vec::new()));
        let poller = PeerPoller {
            client: client.clone(),
            urls: Arc::clone(&urls),
            discoveries,
        };
        let thread = thread::Builder::new().name("qs-peer-poll".to_owned());
        thread
            .spawn(move || poller.run())
            .map_err(AttachError::Thread)?;
        Ok(Connections {
            events,
            sender,
            found,
            discovered,
            urls,
            stops: Vec::new(),
            token,
            registry,
        })
    }

    pub(super) fn url(&self, feed: usize) -> Option<NodeUrl> {
        locked(&self.urls).get(feed).cloned()
    }

    pub(super) fn next_found(&self) -> Option<NodeUrl> {
        let discovered = self
            .discovered
            .as_ref()
            .and_then(|found| found.try_recv().ok());
        let discovered = discovered.and_then(|url| NodeUrl::parse(&url).ok());
        discovered.or_else(|| self.found.try_recv().ok())
    }

    pub(super) fn watch(&mut self, url: NodeUrl) -> Result<(), AttachError> {
        let nth = {
            let mut urls = locked(&self.urls);
            if urls.contains(&url) || urls.len() >= FEEDS_MAX {
                return Ok(());
            }
            let nth = urls.len();
            urls.push(url.clone());
            nth
        };
        let stop = Arc::new(AtomicBool::new(false));
        self.stops.push(Arc::clone(&stop));
        let feed = EventFeed {
            nth,
            url,
            token: self.token.clone(),
            registry: Arc::clone(&self.registry),
            stop,
            events: self.sender.clone(),
        };
        feed.start().map_err(AttachError::Thread)
    }

    pub(super) fn stop(&self, feed: usize) {
        if let Some(stop) = self.stops.get(feed) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// Waits for the first events of all feeds. Returns these events in the order of the feeds, and the errors of the
    /// feeds that failed.
    #[allow(clippy::type_complexity)]
    pub(super) fn wait(&mut self) -> Result<(Vec<(usize, FeedEvent)>, Vec<String>), AttachError> {
        let deadline = deadline_after(FIRST_ANSWER_TIMEOUT);
        let mut received: Vec<(usize, FeedEvent)> = Vec::new();
        let mut answered = BTreeSet::new();
        let mut unanswered = Vec::new();
        loop {
            while let Some(url) = self.next_found() {
                self.watch(url)?;
            }
            let is_complete = !self.stops.is_empty() && answered.len() == self.stops.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if is_complete || left.is_zero() {
                break;
            }
            match self
                .events
                .recv_timeout(left.min(Duration::from_millis(100)))
            {
                Ok((feed, FeedEvent::Disconnected(why))) => {
                    answered.insert(feed);
                    let url = self.url(feed).map(|url| url.authority);
                    unanswered.push(format!("{}: {why}", url.unwrap_or_default()));
                }
                Ok((feed, event)) => {
                    answered.insert(feed);
                    received.push((feed, event));
                }
                Err(_) => {}
            }
        }
        if self.stops.is_empty() {
            unanswered.push("no process was discovered".to_owned());
        }
        received.sort_by_key(|(feed, _)| *feed);
        Ok((received, unanswered))
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        for stop in &self.stops {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Polls the known processes for their peers.
struct PeerPoller {
    client: RestClient,
    urls: Arc<Mutex<Vec<NodeUrl>>>,
    discoveries: Sender<NodeUrl>,
}

impl PeerPoller {
    /// Runs until the session is dropped.
    fn run(self) {
        let mut keys: BTreeSet<String> = BTreeSet::new();
        // The session holds the other reference.
        while Arc::strong_count(&self.urls) > 1 {
            thread::sleep(POLL_INTERVAL);
            let urls = locked(&self.urls).clone();
            for url in &urls {
                // The feed of a process reports if the process cannot be reached.
                for peer in self.client.peers(url).unwrap_or_default() {
                    let Some(url) = peer.http.and_then(|url| NodeUrl::parse(&url).ok()) else {
                        continue;
                    };
                    let is_new = keys.insert(format!("{}@{}", peer.id, url.authority));
                    if is_new && !urls.contains(&url) && self.discoveries.send(url).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// A panic of another thread cannot leave the list inconsistent.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
