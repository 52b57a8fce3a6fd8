//! A holder of files: a small HTTP server that answers as a test wants it to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a holder does with a request: the connection, its number from 0, and where the range that was asked for begins.
type Answer = dyn Fn(&mut TcpStream, usize, Option<usize>) -> std::io::Result<()> + Send + Sync;

/// A holder, for as long as it is there.
pub(super) struct Holder {
    pub(super) base: String,
    asked: Arc<Mutex<Vec<Option<usize>>>>,
    is_closed: Arc<AtomicBool>,
}

impl Holder {
    pub(super) fn new(
        answer: impl Fn(&mut TcpStream, usize, Option<usize>) -> std::io::Result<()>
        + Send
        + Sync
        + 'static,
    ) -> Holder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let is_closed: Arc<AtomicBool> = Arc::default();
        let answer: Arc<Answer> = Arc::new(answer);
        let (asked_there, is_closed_there) = (Arc::clone(&asked), Arc::clone(&is_closed));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_closed_there.load(Ordering::Relaxed) {
                    return;
                }
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked_there));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let range = range_of(&stream);
                    let nth = {
                        let mut asked = asked.lock().unwrap();
                        asked.push(range);
                        asked.len() - 1
                    };
                    // Whether the other side still listens is not its business.
                    let _ = answer(&mut stream, nth, range);
                });
            }
        });
        Holder {
            base,
            asked,
            is_closed,
        }
    }

    /// Serves `content` as it should be.
    pub(super) fn honest(content: &[u8]) -> Holder {
        let content = content.to_vec();
        Holder::new(move |stream, _, range| match range {
            Some(from) => partial(stream, &content, from, content.len()),
            None => whole(stream, &content),
        })
    }

    /// Nobody listens there.
    pub(super) fn absent() -> String {
        // The port of a service that only throws away what it hears, and is nowhere any more.
        "http://127.0.0.1:9".to_owned()
    }

    pub(super) fn asked(&self) -> Vec<Option<usize>> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
        let address = self.base.trim_start_matches("http://");
        let _ = TcpStream::connect(address);
    }
}

fn range_of(stream: &TcpStream) -> Option<usize> {
    let mut range = None;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(from) = line.strip_prefix("range: bytes=") {
            range = Some(from.trim_end_matches('-').parse().unwrap());
        }
    }
    range
}

/// The beginning of an answer.
pub(super) fn head(stream: &mut TcpStream, status: &str, headers: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n"
    )
}

/// All of `content`.
pub(super) fn whole(stream: &mut TcpStream, content: &[u8]) -> std::io::Result<()> {
    head(
        stream,
        "200 OK",
        &format!("Content-Length: {}\r\n", content.len()),
    )?;
    stream.write_all(content)
}

/// Announces everything from `from` on, and sends it up to `to`.
pub(super) fn partial(
    stream: &mut TcpStream,
    content: &[u8],
    from: usize,
    to: usize,
) -> std::io::Result<()> {
    let (all, last) = (content.len(), content.len() - 1);
    let headers = format!(
        "Content-Range: bytes {from}-{last}/{all}\r\nContent-Length: {}\r\n",
        all - from
    );
    head(stream, "206 Partial Content", &headers)?;
    stream.write_all(&content[from..to])
}
