//! `Connections`: whom one listens to, and who else is found meanwhile.

use super::AttachError;
use super::feed::{EventFeed, FeedEvent, NodeUrl};
use super::rest_client::RestClient;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait at first for those who are asked for.
const FIRST_ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
/// How many news may wait to be looked at; then their processes wait, too.
pub(super) const EVENTS_WAITING: usize = 16_384;
/// How often nodes are asked whom they know.
const SCOUTING: Duration = Duration::from_secs(2);
/// Most processes that are watched at once.
const FEEDS_MAX: usize = 256;

/// The lines to the processes.
pub(super) struct Connections {
    pub(super) news: Receiver<(usize, FeedEvent)>,
    sender: Sender<(usize, FeedEvent)>,
    found: Receiver<NodeUrl>,
    outside: Option<Receiver<String>>,
    places: Arc<Mutex<Vec<NodeUrl>>>,
    stops: Vec<Arc<AtomicBool>>,
    token: Option<String>,
}

impl Connections {
    pub(super) fn new(
        outside: Option<Receiver<String>>,
        token: Option<String>,
        client: &RestClient,
    ) -> Result<Connections, AttachError> {
        let (sender, news) = bounded(EVENTS_WAITING);
        let (finder, found) = unbounded();
        let places = Arc::new(Mutex::new(Vec::new()));
        let scout = PeerPoller {
            client: client.clone(),
            places: Arc::clone(&places),
            finder,
        };
        let thread = thread::Builder::new().name("qs-scout".to_owned());
        thread
            .spawn(move || scout.run())
            .map_err(AttachError::Thread)?;
        Ok(Connections {
            news,
            sender,
            found,
            outside,
            places,
            stops: Vec::new(),
            token,
        })
    }

    pub(super) fn place(&self, feed: usize) -> Option<NodeUrl> {
        locked(&self.places).get(feed).cloned()
    }

    pub(super) fn next_found(&self) -> Option<NodeUrl> {
        let outside = self
            .outside
            .as_ref()
            .and_then(|found| found.try_recv().ok());
        let outside = outside.and_then(|url| NodeUrl::parse(&url).ok());
        outside.or_else(|| self.found.try_recv().ok())
    }

    pub(super) fn watch(&mut self, place: NodeUrl) -> Result<(), AttachError> {
        let nth = {
            let mut places = locked(&self.places);
            if places.contains(&place) || places.len() >= FEEDS_MAX {
                return Ok(());
            }
            places.push(place.clone());
            places.len() - 1
        };
        let stop = Arc::new(AtomicBool::new(false));
        self.stops.push(Arc::clone(&stop));
        let feed = EventFeed {
            nth,
            place,
            token: self.token.clone(),
            stop,
            news: self.sender.clone(),
        };
        feed.start().map_err(AttachError::Thread)
    }

    pub(super) fn stop(&self, feed: usize) {
        if let Some(stop) = self.stops.get(feed) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    /// What everybody says at first, in the order of the feeds; and who has not answered.
    #[allow(clippy::type_complexity)]
    pub(super) fn wait(&mut self) -> Result<(Vec<(usize, FeedEvent)>, Vec<String>), AttachError> {
        let deadline = Instant::now() + FIRST_ANSWER_TIMEOUT;
        let mut heard: Vec<(usize, FeedEvent)> = Vec::new();
        let mut answered = BTreeSet::new();
        let mut silent = Vec::new();
        loop {
            while let Some(place) = self.next_found() {
                self.watch(place)?;
            }
            let is_complete = !self.stops.is_empty() && answered.len() == self.stops.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if is_complete || left.is_zero() {
                break;
            }
            match self.news.recv_timeout(left.min(Duration::from_millis(100))) {
                Ok((feed, FeedEvent::Gone(why))) => {
                    answered.insert(feed);
                    let place = self.place(feed).map(|place| place.authority);
                    silent.push(format!("{}: {why}", place.unwrap_or_default()));
                }
                Ok((feed, news)) => {
                    answered.insert(feed);
                    heard.push((feed, news));
                }
                Err(_) => {}
            }
        }
        if self.stops.is_empty() {
            silent.push("none was found".to_owned());
        }
        heard.sort_by_key(|(feed, _)| *feed);
        Ok((heard, silent))
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        for stop in &self.stops {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Asks nodes whom they know, again and again.
struct PeerPoller {
    client: RestClient,
    places: Arc<Mutex<Vec<NodeUrl>>>,
    finder: Sender<NodeUrl>,
}

impl PeerPoller {
    /// Until nobody wants to know any more.
    fn run(self) {
        let mut keys: BTreeSet<String> = BTreeSet::new();
        // The other holder is whoever watches.
        while Arc::strong_count(&self.places) > 1 {
            thread::sleep(SCOUTING);
            let places = locked(&self.places).clone();
            for place in &places {
                // Who cannot be asked is told of by its feed.
                for acquaintance in self.client.peers(place).unwrap_or_default() {
                    let Some(place) = acquaintance.http.and_then(|url| NodeUrl::parse(&url).ok())
                    else {
                        continue;
                    };
                    let is_new = keys.insert(format!("{}@{}", acquaintance.id, place.authority));
                    if is_new && !places.contains(&place) && self.finder.send(place).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Whoever panicked meanwhile left a list of places.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
