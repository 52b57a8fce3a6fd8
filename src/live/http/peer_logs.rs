//! Fan-out of `GET /status?all`: asks all known nodes for their logs.
//!
//! Other nodes may be slow or silent. Separate threads call them, so that the thread of the HTTP server never waits.
//! The number of callers and the number of threads per caller are bounded.

use super::problem::ProblemDetails;
use crate::live::clock::deadline_after;
use crate::live::peer_client::agent;
use crate::live::status::{PeerLog, PeerView, Status};
use axum::http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};

/// Most concurrent callers.
const CALLERS_MAX: usize = 4;
/// Most concurrent calls for one caller.
const CONCURRENT_CALLS: usize = 8;
/// Timeout of one call.
const OTHER_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest status of another node in bytes.
const STATUS_BYTES_MAX: u64 = 32 << 20;
/// Timeout of all calls together.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// Asks other nodes for their logs, for a few concurrent callers.
#[derive(Debug)]
pub(super) struct PeerLogFetcher {
    places: Arc<Semaphore>,
}

impl Default for PeerLogFetcher {
    fn default() -> PeerLogFetcher {
        PeerLogFetcher {
            places: Arc::new(Semaphore::new(CALLERS_MAX)),
        }
    }
}

impl PeerLogFetcher {
    /// The logs of `nodes`, in their order, each with the reason if there is none. `query` selects the part of the log.
    ///
    /// # Errors
    /// 429 if there are too many callers, 503 if no thread could be started.
    pub(super) async fn logs_of(
        &self,
        nodes: Vec<PeerView>,
        query: String,
    ) -> Result<Vec<PeerLog>, ProblemDetails> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let why = format!(
                "other nodes are being asked for {CALLERS_MAX} callers already; wait a moment, or ask without ?all"
            );
            return Err(ProblemDetails::new(StatusCode::TOO_MANY_REQUESTS, why));
        };
        let (reply, answer) = oneshot::channel();
        let fetch_all = move || {
            let logs = fetch_all(&nodes, &query);
            // The place is held until all calls have ended, even if the caller has disconnected.
            drop(place);
            drop(reply.send(logs));
        };
        thread::Builder::new()
            .name("qs-fetch_all".to_owned())
            .spawn(fetch_all)
            .map_err(|error| {
                ProblemDetails::unavailable(format!("other nodes cannot be asked: {error}"))
            })?;
        answer
            .await
            .map_err(|_| ProblemDetails::unavailable("the other nodes could not be asked"))
    }
}

fn fetch_all(nodes: &[PeerView], query: &str) -> Vec<PeerLog> {
    let deadline = deadline_after(TOTAL_TIMEOUT);
    let next = AtomicUsize::new(0);
    let ask = || {
        let mut logs = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            match nodes.get(nth) {
                Some(node) => logs.push((nth, log_of(node, query, deadline))),
                None => return logs,
            }
        }
    };
    let mut logs = thread::scope(|scope| {
        // If no more threads can be started, this one makes all calls.
        let more: Vec<_> = (1..CONCURRENT_CALLS.min(nodes.len()))
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, ask).ok())
            .collect();
        let mut logs = ask();
        for asked in more {
            // The nodes of a thread that panicked are left out.
            logs.extend(asked.join().unwrap_or_default());
        }
        logs
    });
    logs.sort_by_key(|(nth, _)| *nth);
    logs.into_iter().map(|(_, log)| log).collect()
}

fn log_of(node: &PeerView, query: &str, deadline: Instant) -> PeerLog {
    let left = deadline.saturating_duration_since(Instant::now());
    let answer = match node.http {
        None => Err("its address is unknown".to_owned()),
        Some(_) if left.is_zero() => Err("the time was up before it was asked".to_owned()),
        Some(http) => agent(OTHER_TIMEOUT.min(left))
            .get(format!("http://{http}/status?{query}"))
            .call()
            .map_err(|error| error.to_string())
            .and_then(|mut response| {
                let status = response.status();
                let body = response.body_mut().with_config().limit(STATUS_BYTES_MAX);
                let read = body.read_json::<Status>();
                read.map_err(|error| format!("status {status}: {error}"))
            }),
    };
    let (log, error) = match answer {
        Ok(status) if status.id == node.id => (Some(status.log), None),
        Ok(_) => (None, Some("another node answers at its address".to_owned())),
        Err(error) => (None, Some(error)),
    };
    PeerLog {
        id: node.id,
        name: node.name.clone(),
        log,
        error,
    }
}
