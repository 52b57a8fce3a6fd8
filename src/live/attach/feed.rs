//! Event feed of one process: a thread that reads `GET /events` and reconnects with exponential backoff.
//!
//! The crates for this (`eventsource-client`, `reqwest-eventsource`) need an async runtime; a feed is one blocking
//! thread.

use super::sse::SseReader;
use crate::live::clock::unix_us;
use crate::scenario::Scenario;
use crate::scp::NodeId;
use crate::trace::format::{Decoded, Decoder};
use crate::trace::{NodeRegistry, Record};
use crossbeam_channel::Sender;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Timeout for the next line. Processes send keep-alive comments more often.
const READ_TIMEOUT: Duration = Duration::from_secs(16);
/// Wait before the first reconnection attempt. It doubles with each attempt.
const RECONNECT_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait between attempts.
const RECONNECT_BACKOFF_MAX: Duration = Duration::from_secs(2);
/// A process that cannot be reached for this long counts as stopped.
const DOWN_AFTER: Duration = Duration::from_millis(700);
/// Longest backoff until then.
const RECONNECT_BACKOFF_UP: Duration = Duration::from_millis(233);
/// Smallest clock skew, in microseconds, that is corrected. Less may be transmission time.
const CLOCK_SKEW_MIN_US: u64 = 200_000;
/// Longest error response in bytes.
const REFUSAL_BYTES_MAX: u64 = 4_096;

/// The `hello` event as it is sent.
#[derive(Debug, Deserialize)]
struct HelloData {
    epoch_unix_us: u64,
    #[serde(default)]
    now_unix_us: Option<u64>,
    key: String,
    name: String,
    preamble: Vec<Box<RawValue>>,
}

/// The first event of a stream: the process, its clock and its scenario.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    /// Start of the process on its own clock: Unix time in microseconds.
    pub(super) epoch_unix_us: u64,
    /// The clock of the process when it sent the event: Unix time in microseconds.
    pub(super) now_unix_us: Option<u64>,
    /// The local clock when the event arrived: Unix time in microseconds.
    pub(super) received_unix_us: u64,
    /// The node.
    pub(super) node: NodeId,
    /// The scenario of its recording.
    pub(super) scenario: Arc<Scenario>,
}

impl Hello {
    /// Correction of the process's clock, in microseconds, so that it agrees with the local clock. 0 if the difference
    /// is small.
    pub(super) fn clock_skew_us(&self) -> i64 {
        let behind = |now| i128::from(self.received_unix_us).saturating_sub(i128::from(now));
        let difference = self.now_unix_us.map_or(0, behind);
        match i64::try_from(difference) {
            Ok(us) if us.unsigned_abs() > CLOCK_SKEW_MIN_US => us,
            _ => 0,
        }
    }
}

/// An event of a feed.
#[derive(Debug)]
pub(super) enum FeedEvent {
    /// The stream starts, with a snapshot.
    Hello(Box<Hello>),
    /// A record.
    Record(Box<Record>),
    /// The process cannot be reached, for this reason.
    Disconnected(String),
}

/// Base URL of a process: `http://HOST:PORT`. The scheme may be missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeUrl {
    /// `HOST:PORT`.
    pub(super) authority: String,
}

impl NodeUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// If the URL is malformed. The text contains the expected form.
    pub(super) fn parse(url: &str) -> Result<NodeUrl, String> {
        let expected =
            || format!("expected http://HOST:PORT such as http://127.0.0.1:8001, found {url:?}");
        let rest = url.strip_prefix("http://").unwrap_or(url);
        let authority = rest.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or_else(expected)?;
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '@' | '?' | '#');
        if host.is_empty() || !host.chars().all(is_plain) || port.parse::<u16>().is_err() {
            return Err(expected());
        }
        Ok(NodeUrl {
            authority: authority.to_owned(),
        })
    }

    /// The URL of `path`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }
}

/// The thread of one feed.
pub(super) struct EventFeed {
    /// Number of the feed.
    pub(super) nth: usize,
    /// URL of the process.
    pub(super) url: NodeUrl,
    /// Bearer token.
    pub(super) token: Option<String>,
    /// Set when the feed has to stop.
    pub(super) stop: Arc<AtomicBool>,
    /// Receives the events.
    pub(super) events: Sender<(usize, FeedEvent)>,
    /// Node numbers, common to all feeds.
    pub(super) registry: Arc<Mutex<NodeRegistry>>,
}

impl EventFeed {
    /// Starts the thread.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn start(self) -> io::Result<()> {
        let name = format!("qs-feed-{}", self.nth);
        thread::Builder::new()
            .name(name)
            .spawn(move || self.run())?;
        Ok(())
    }

    fn run(self) {
        let mut backoff = RECONNECT_BACKOFF;
        let mut failing_since: Option<Instant> = None;
        let mut is_disconnected = false;
        while !self.is_stopped() {
            let mut has_answered = false;
            let failure = match self.read(&mut has_answered) {
                Ok(()) => "the connection was closed".to_owned(),
                Err(why) => why.to_string(),
            };
            if has_answered {
                (backoff, failing_since, is_disconnected) = (RECONNECT_BACKOFF, None, false);
            }
            let since = *failing_since.get_or_insert_with(Instant::now);
            if !is_disconnected && since.elapsed() >= DOWN_AFTER {
                is_disconnected = true;
                if self.send(FeedEvent::Disconnected(failure)).is_err() {
                    return;
                }
            }
            thread::sleep(backoff);
            backoff = backoff.saturating_mul(2).min(if is_disconnected {
                RECONNECT_BACKOFF_MAX
            } else {
                RECONNECT_BACKOFF_UP
            });
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn send(&self, event: FeedEvent) -> io::Result<()> {
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the session is closed");
        self.events.send((self.nth, event)).map_err(gone)
    }

    /// Reads until the connection breaks, or a `gap` requests a new stream.
    fn read(&self, has_answered: &mut bool) -> io::Result<()> {
        let mut decoder = Decoder::with_common_numbers();
        let mut events = SseReader::new(self.connect()?);
        while let Some(event) = events.next()? {
            if self.is_stopped() {
                return Ok(());
            }
            let event = match event.name.as_str() {
                "hello" => FeedEvent::Hello(Box::new(self.hello(&event.data, &mut decoder)?)),
                "record" => match self.decode(&event.data, &mut decoder)? {
                    Decoded::Record(record) => FeedEvent::Record(record),
                    Decoded::Definition | Decoded::Scenario(_) | Decoded::End(_) => continue,
                },
                "gap" => return Ok(()),
                _ => continue,
            };
            *has_answered = true;
            self.send(event)?;
        }
        Ok(())
    }

    fn hello(&self, data: &str, decoder: &mut Decoder) -> io::Result<Hello> {
        let received_unix_us = unix_us();
        let sent: HelloData = serde_json::from_str(data).map_err(|why| unreadable(&why))?;
        let mut scenario = None;
        for line in &sent.preamble {
            if let Decoded::Scenario(found) = self.decode(line.get(), decoder)? {
                scenario = Some(found);
            }
        }
        Ok(Hello {
            epoch_unix_us: sent.epoch_unix_us,
            now_unix_us: sent.now_unix_us,
            received_unix_us,
            node: self.registry().number(&sent.key, &sent.name),
            scenario: scenario.ok_or_else(|| unreadable(&"`hello` has no scenario"))?,
        })
    }

    fn decode(&self, line: &str, decoder: &mut Decoder) -> io::Result<Decoded> {
        let decoded = decoder.line(line.as_bytes(), &mut self.registry());
        decoded.map_err(|why| unreadable(&why))
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, NodeRegistry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests the events and returns a reader at the first one. Uses HTTP/1.0, so that the body is not chunked.
    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let authority = &self.url.authority;
        let mut addresses = authority.to_socket_addrs()?;
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let address = addresses.next().ok_or_else(nowhere)?;
        let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_write_timeout(Some(CONNECT_TIMEOUT))?;
        let mut request =
            format!("GET /events HTTP/1.0\r\nHost: {authority}\r\nAccept: text/event-stream\r\n");
        if let Some(token) = &self.token {
            request.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes())?;
        let mut lines = BufReader::new(stream);
        let status = header(&mut lines)?;
        while !header(&mut lines)?.is_empty() {}
        if status.split(' ').nth(1) == Some("200") {
            return Ok(lines);
        }
        let mut body = String::new();
        lines.take(REFUSAL_BYTES_MAX).read_to_string(&mut body)?;
        Err(io::Error::other(refusal(&status, &body)))
    }
}

/// One line of the response headers.
fn header(lines: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    lines
        .by_ref()
        .take(REFUSAL_BYTES_MAX)
        .read_line(&mut line)?;
    if !line.ends_with('\n') {
        let what = "expected an HTTP response";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(line.trim_end().to_owned())
}

/// The reason of an error response: its problem detail (RFC 9457), if it has one.
pub(super) fn refusal(status: &str, body: &str) -> String {
    #[derive(Deserialize)]
    struct ProblemBody {
        detail: Option<String>,
        title: Option<String>,
    }
    let problem: Option<ProblemBody> = serde_json::from_str(body).ok();
    let words = problem.and_then(|problem| problem.detail.or(problem.title));
    words.unwrap_or_else(|| format!("the response is {status:?}"))
}

fn unreadable(why: &dyn std::fmt::Display) -> io::Error {
    let what = format!("an event cannot be read: {why}");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_parsed_with_and_without_scheme() {
        for url in [
            "127.0.0.1:8001",
            "http://127.0.0.1:8001",
            "http://127.0.0.1:8001/",
        ] {
            assert_eq!(NodeUrl::parse(url).unwrap().authority, "127.0.0.1:8001");
        }
        assert_eq!(
            NodeUrl::parse("[::1]:80").unwrap().url("/peers"),
            "http://[::1]:80/peers"
        );
        for url in [
            "",
            "127.0.0.1",
            "http://:80",
            "https://a:80",
            "a b:80",
            "a:99999",
            "a:80/x",
        ] {
            let why = NodeUrl::parse(url).unwrap_err();
            assert!(why.contains("expected http://HOST:PORT"), "{why}");
        }
    }

    #[test]
    fn error_responses_are_reported_by_their_detail() {
        assert_eq!(
            refusal("HTTP/1.0 403 Forbidden", r#"{"detail": "not you"}"#),
            "not you"
        );
        assert!(refusal("HTTP/1.0 500 Oops", "<html>").contains("500 Oops"));
    }
}
