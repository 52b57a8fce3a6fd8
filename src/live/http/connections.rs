//! Connections: their number in total and per source address, and which of them makes room for a new one.
//!
//! A connection is idle, or it receives a request, or it is busy with a response. When no place is left, an idle
//! connection of the same source is closed for the new one, or else one whose request has stopped arriving. A busy one is
//! never closed for another. Downloads and event streams, which are busy for long, have fewer places than there are
//! connections (see [`Places`](super::places)), so a short call always finds a place.

use super::places::{PlaceLimits, source_of};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A request that has not continued for this long may make room.
const STALLED_AFTER: Duration = Duration::from_secs(1);

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// It has no request, since this time.
    Idle(Instant),
    /// Its request is arriving; the last part came at this time.
    Receiving(Instant),
    /// Its response is made or sent.
    Busy,
}

#[derive(Debug)]
struct Entry {
    source: IpAddr,
    activity: Activity,
    close: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    entries: BTreeMap<u64, Entry>,
}

impl State {
    fn count(&self, source: IpAddr) -> usize {
        let entries = self.entries.values();
        entries.filter(|entry| entry.source == source).count()
    }

    /// Removes the connection that makes room: of `source` only, if given.
    fn make_room(&mut self, source: Option<IpAddr>, now: Instant) -> bool {
        let candidates = self.entries.iter().filter_map(|(id, entry)| {
            let rank = match entry.activity {
                Activity::Idle(since) => (0, since),
                Activity::Receiving(since) if now.duration_since(since) >= STALLED_AFTER => {
                    (1, since)
                }
                Activity::Receiving(_) | Activity::Busy => return None,
            };
            let is_candidate = source.is_none_or(|source| entry.source == source);
            is_candidate.then_some((rank, *id))
        });
        let Some((_, id)) = candidates.min() else {
            return false;
        };
        if let Some(entry) = self.entries.remove(&id) {
            entry.close.notify_one();
        }
        true
    }
}

/// All open connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    limits: PlaceLimits,
    state: Arc<Mutex<State>>,
}

impl Connections {
    /// A table without connections.
    #[must_use]
    pub(super) fn new(limits: PlaceLimits) -> Connections {
        Connections {
            limits,
            state: Arc::default(),
        }
    }

    /// Takes a place for a new connection. If necessary, closes another one. `None` if no place can be made.
    #[must_use]
    pub(super) fn open(&self, address: IpAddr) -> Option<Connection> {
        self.open_at(address, Instant::now())
    }

    fn open_at(&self, address: IpAddr, now: Instant) -> Option<Connection> {
        let source = source_of(address);
        let mut state = lock(&self.state);
        if state.count(source) >= self.limits.of(source) && !state.make_room(Some(source), now) {
            return None;
        }
        if state.entries.len() >= self.limits.total && !state.make_room(None, now) {
            return None;
        }
        let id = state.next;
        state.next = state.next.saturating_add(1);
        let close = Arc::new(Notify::new());
        state.entries.insert(
            id,
            Entry {
                source,
                activity: Activity::Idle(now),
                close: Arc::clone(&close),
            },
        );
        Some(Connection {
            id,
            close,
            state: Arc::clone(&self.state),
        })
    }
}

/// An open connection. Dropping it frees its place.
#[derive(Debug)]
pub(super) struct Connection {
    id: u64,
    close: Arc<Notify>,
    state: Arc<Mutex<State>>,
}

impl Connection {
    /// Returns when the connection has to make room for another one.
    pub(super) async fn displaced(&self) {
        self.close.notified().await;
    }

    /// A part of the request has arrived.
    pub(super) fn receives(&self) {
        self.set(Activity::Receiving(Instant::now()));
    }

    /// The request is complete. This can be noticed more than once, and after the response.
    pub(super) fn has_received(&self) {
        if let Some(entry) = lock(&self.state).entries.get_mut(&self.id)
            && let Activity::Receiving(_) = entry.activity
        {
            entry.activity = Activity::Busy;
        }
    }

    /// The response is complete.
    pub(super) fn has_answered(&self) {
        self.set(Activity::Idle(Instant::now()));
    }

    fn set(&self, activity: Activity) {
        if let Some(entry) = lock(&self.state).entries.get_mut(&self.id) {
            entry.activity = activity;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        lock(&self.state).entries.remove(&self.id);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // No method panics halfway through a change.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PlaceLimits = PlaceLimits {
        total: 4,
        per_source: 2,
        loopback: 3,
    };

    fn remote(nth: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, nth])
    }

    #[test]
    fn the_oldest_idle_connection_of_the_source_makes_room() {
        let connections = Connections::new(LIMITS);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let first = connections.open_at(remote(1), at(0)).unwrap();
        let second = connections.open_at(remote(1), at(1)).unwrap();
        let other = connections.open_at(remote(2), at(0)).unwrap();
        let answer = |connection: &Connection| {
            connection.receives();
            connection.has_received();
        };
        answer(&first);
        let third = connections.open_at(remote(1), at(2)).unwrap();
        let ids = || -> Vec<u64> { lock(&connections.state).entries.keys().copied().collect() };
        assert_eq!(ids(), [first.id, other.id, third.id]);
        answer(&third);
        assert!(
            connections.open_at(remote(1), at(3)).is_none(),
            "both are busy"
        );
        drop(second);
        first.has_answered();
        first.has_received();
        assert!(connections.open_at(remote(1), at(4)).is_some());
    }

    #[test]
    fn a_stalled_request_makes_room_and_a_running_one_does_not() {
        let connections = Connections::new(LIMITS);
        let local = IpAddr::from([127, 0, 0, 1]);
        let open: Vec<_> = (0..3).map(|_| connections.open(local).unwrap()).collect();
        open.iter().for_each(Connection::receives);
        assert!(connections.open(local).is_none());
        let later = Instant::now() + STALLED_AFTER;
        assert!(connections.open_at(local, later).is_some());
    }
}
