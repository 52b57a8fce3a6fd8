//! One process that is being watched: a thread that reads its `GET /events` for as long as anybody wants to know, and
//! comes again whenever the line breaks.

use super::sse::SseReader;
use crate::live::clock::unix_us;
use crate::node::Peer;
use crate::scenario::Scenario;
use crate::trace::Record;
use crossbeam_channel::Sender;
use serde::Deserialize;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a call may take to get through.
const CONNECT: Duration = Duration::from_millis(1_500);
/// A process says at least this often that it is there.
const SILENCE_MAX: Duration = Duration::from_secs(16);
/// Between two attempts at first; it doubles with each.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// ... up to this.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// A process that has not been reached again for this long is gone, as far as one can see.
const GONE_AFTER: Duration = Duration::from_millis(700);
/// Clocks that differ by more microseconds than this are taken to be set differently.
const CLOCKS_APART_US: u64 = 200_000;
/// Longest answer in bytes to a call that is refused.
const REFUSAL_BYTES_MAX: u64 = 4_096;

/// What a process says first.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Hello {
    /// Its zero, in microseconds since 1970.
    pub(super) epoch_unix_us: u64,
    /// What time it was on its clock when it said this.
    #[serde(default)]
    pub(super) now_unix_us: Option<u64>,
    /// ... and on ours when we heard it.
    #[serde(skip)]
    pub(super) heard_unix_us: u64,
    /// Who it is.
    pub(super) peer: Peer,
    /// What it takes part in.
    pub(super) scenario: Scenario,
}

impl Hello {
    /// By how many microseconds its clock has to be put forward to agree with ours. A small difference may as well be
    /// the time that the words took, and is left alone.
    pub(super) fn clock_us(&self) -> i64 {
        let behind = |now| i128::from(self.heard_unix_us) - i128::from(now);
        let difference = self.now_unix_us.map_or(0, behind);
        match i64::try_from(difference) {
            Ok(us) if us.unsigned_abs() > CLOCKS_APART_US => us,
            _ => 0,
        }
    }
}

/// What is heard of a process.
#[derive(Debug)]
pub(super) enum FeedEvent {
    /// It begins to tell, from its beginning.
    Hello(Box<Hello>),
    /// It tells.
    Record(Box<Record>),
    /// It cannot be reached any more, or not yet: why, in words.
    Gone(String),
}

/// Where a process answers: `http://HOST:PORT`, without the scheme too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeUrl {
    /// `HOST:PORT`.
    pub(super) authority: String,
}

impl NodeUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// Says what was expected.
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

    /// The address of something there.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }
}

/// What the thread of a feed works with.
pub(super) struct EventFeed {
    /// Its number.
    pub(super) nth: usize,
    /// Where the process answers.
    pub(super) place: NodeUrl,
    /// What it wants to be shown, if it is on another machine.
    pub(super) token: Option<String>,
    /// Set when nobody wants to know any more.
    pub(super) stop: Arc<AtomicBool>,
    /// Where news go.
    pub(super) news: Sender<(usize, FeedEvent)>,
}

impl EventFeed {
    /// Reads on a thread of its own.
    ///
    /// # Errors
    /// If the system gives none.
    pub(super) fn start(self) -> io::Result<()> {
        let name = format!("qs-feed-{}", self.nth);
        thread::Builder::new()
            .name(name)
            .spawn(move || self.run())?;
        Ok(())
    }

    fn run(self) {
        let mut pause = PAUSE_MIN;
        let mut failing_since: Option<Instant> = None;
        let mut is_gone = false;
        while !self.is_over() {
            let mut was_there = false;
            let failure = match self.read(&mut was_there) {
                Ok(()) => "the line was closed".to_owned(),
                Err(why) => why.to_string(),
            };
            if was_there {
                (pause, failing_since, is_gone) = (PAUSE_MIN, None, false);
            }
            let since = *failing_since.get_or_insert_with(Instant::now);
            if !is_gone && since.elapsed() >= GONE_AFTER {
                is_gone = true;
                if self.tell(FeedEvent::Gone(failure)).is_err() {
                    return;
                }
            }
            thread::sleep(pause);
            pause = (pause * 2).min(if is_gone { PAUSE_MAX } else { GONE_AFTER / 3 });
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn tell(&self, news: FeedEvent) -> io::Result<()> {
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody listens");
        self.news.send((self.nth, news)).map_err(gone)
    }

    /// Reads until the line breaks or a gap asks to begin again.
    fn read(&self, was_there: &mut bool) -> io::Result<()> {
        let mut events = SseReader::new(self.connect()?);
        while let Some(event) = events.next()? {
            if self.is_over() {
                return Ok(());
            }
            let news = match event.name.as_str() {
                "hello" => {
                    let mut hello: Box<Hello> = parse(&event.data)?;
                    hello.heard_unix_us = unix_us();
                    FeedEvent::Hello(hello)
                }
                "record" => FeedEvent::Record(parse(&event.data)?),
                "gap" => return Ok(()),
                _ => continue,
            };
            *was_there = true;
            self.tell(news)?;
        }
        Ok(())
    }

    /// Asks for the events; what is read next is the first of them. HTTP/1.0, so that the body comes as it is.
    fn connect(&self) -> io::Result<BufReader<TcpStream>> {
        let authority = &self.place.authority;
        let mut addresses = authority.to_socket_addrs()?;
        let nowhere = || io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
        let address = addresses.next().ok_or_else(nowhere)?;
        let mut stream = TcpStream::connect_timeout(&address, CONNECT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(CONNECT))?;
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

/// A line of the head of an answer.
fn header(lines: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    lines
        .by_ref()
        .take(REFUSAL_BYTES_MAX)
        .read_line(&mut line)?;
    if !line.ends_with('\n') {
        let what = "expected an answer in HTTP";
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(line.trim_end().to_owned())
}

/// Why a call was refused: the words of the problem (RFC 9457) if there are any.
pub(super) fn refusal(status: &str, body: &str) -> String {
    #[derive(Deserialize)]
    struct ProblemBody {
        detail: Option<String>,
        title: Option<String>,
    }
    let problem: Option<ProblemBody> = serde_json::from_str(body).ok();
    let words = problem.and_then(|problem| problem.detail.or(problem.title));
    words.unwrap_or_else(|| format!("it answers {status:?}"))
}

fn parse<'a, T: Deserialize<'a>>(data: &'a str) -> io::Result<Box<T>> {
    let read = serde_json::from_str(data).map(Box::new);
    read.map_err(|error| {
        let what = format!("it tells what this program does not understand: {error}");
        io::Error::new(io::ErrorKind::InvalidData, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_with_and_without_scheme() {
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
    fn refusals_are_told_in_the_words_of_the_process() {
        assert_eq!(
            refusal("HTTP/1.0 403 Forbidden", r#"{"detail": "not you"}"#),
            "not you"
        );
        assert!(refusal("HTTP/1.0 500 Oops", "<html>").contains("500 Oops"));
    }
}
