//! `Holder`: a fake holder of files, a small HTTP server whose responses a test chooses.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Handles a request. The arguments are the connection, the number of the request from 0, and the first byte of the
/// requested range.
type Answer = dyn Fn(&mut TcpStream, usize, Option<usize>) -> std::io::Result<()> + Send + Sync;

/// A holder. It stops when it is dropped.
pub(super) struct Holder {
    pub(super) base: String,
    requested_ranges: Arc<Mutex<Vec<Option<usize>>>>,
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
        let requested_ranges: Arc<Mutex<Vec<_>>> = Arc::default();
        let is_closed: Arc<AtomicBool> = Arc::default();
        let answer: Arc<Answer> = Arc::new(answer);
        let (ranges_there, is_closed_there) =
            (Arc::clone(&requested_ranges), Arc::clone(&is_closed));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_closed_there.load(Ordering::Relaxed) {
                    return;
                }
                let (answer, requested_ranges) = (Arc::clone(&answer), Arc::clone(&ranges_there));
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let range = range_of(&stream);
                    let nth = {
                        let mut requested_ranges = requested_ranges.lock().unwrap();
                        requested_ranges.push(range);
                        requested_ranges.len() - 1
                    };
                    // The client may have disconnected.
                    let _ = answer(&mut stream, nth, range);
                });
            }
        });
        Holder {
            base,
            requested_ranges,
            is_closed,
        }
    }

    /// Serves `content` correctly.
    pub(super) fn honest(content: &[u8]) -> Holder {
        let content = content.to_vec();
        Holder::new(move |stream, _, range| match range {
            Some(from) => partial(stream, &content, from, content.len()),
            None => whole(stream, &content),
        })
    }

    /// An address without a listener.
    pub(super) fn absent() -> String {
        // The port of the discard service, which no longer runs on today's systems.
        "http://127.0.0.1:9".to_owned()
    }

    pub(super) fn requested_ranges(&self) -> Vec<Option<usize>> {
        self.requested_ranges.lock().unwrap().clone()
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

/// Status line and headers.
pub(super) fn head(stream: &mut TcpStream, status: &str, headers: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n"
    )
}

/// A whole file.
pub(super) fn whole(stream: &mut TcpStream, content: &[u8]) -> std::io::Result<()> {
    head(
        stream,
        "200 OK",
        &format!("Content-Length: {}\r\n", content.len()),
    )?;
    stream.write_all(content)
}

/// Announces the range from `from` to the end, and sends it up to `to`.
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
