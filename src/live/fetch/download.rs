//! One download: requests to the holders, resuming with `Range`, and the checks of their responses.

use super::FetchSettings;
use crate::live::file_store::{BeginReceive, FileStore, FilesError, PartialFile};
use crate::node::{FetchError, FileInfo};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use ureq::http::{HeaderMap, StatusCode, header};

/// Chunk size in bytes.
const PIECE_BYTES: usize = 1 << 16;
/// Most attempts at a holder whose connection breaks after it has sent something.
const ATTEMPTS_MAX: u32 = 4;
/// Most progress events of a fetch, apart from the first and the last.
const PROGRESS_STEPS: u64 = 100;
/// Fewest bytes between two progress events.
const PROGRESS_BYTES_MIN: u64 = 1 << 16;

/// Why a download from one holder failed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The connection failed or broke.
    #[error("the connection failed: {0}")]
    Broken(String),
    /// Another status than 200 or 206.
    #[error("expected the file, got status {0}")]
    Status(u16),
    /// Another size or range than requested.
    #[error("expected {expected}, got {found:?}")]
    UnexpectedRange {
        /// The requested size or range.
        expected: String,
        /// The size or range in the response.
        found: String,
    },
    /// Below the minimum rate.
    #[error("only {received_bytes} bytes in {seconds} s")]
    Slow {
        /// Bytes that arrived.
        received_bytes: u64,
        /// Time in which they arrived, in seconds.
        seconds: u64,
    },
    /// The content is wrong. It was discarded.
    #[error("{0}")]
    Mismatch(FilesError),
    /// This node cannot store the file, so other holders do not help.
    #[error("{0}")]
    LocalStore(FilesError),
    /// The fetch was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<FilesError> for DownloadError {
    fn from(why: FilesError) -> DownloadError {
        match why {
            FilesError::Hash { .. } | FilesError::TooLong { .. } => DownloadError::Mismatch(why),
            FilesError::TooShort { .. } => DownloadError::Broken(why.to_string()),
            why => DownloadError::LocalStore(why),
        }
    }
}

/// How a download ended.
pub(super) enum DownloadEnd {
    Cancelled,
    Finished {
        result: Result<usize, FetchError>,
        errors: Vec<(usize, DownloadError)>,
    },
}

/// An HTTP client with the timeouts of the settings.
pub(super) fn agent(settings: &FetchSettings) -> ureq::Agent {
    crate::live::http_client::http_client()
        .max_idle_connections(0)
        .timeout_resolve(Some(settings.connect))
        .timeout_connect(Some(settings.connect))
        .timeout_per_write(Some(settings.idle))
        .timeout_recv_response(Some(settings.idle))
        .timeout_per_read(Some(settings.idle))
        .build()
        .new_agent()
}

/// A download in progress.
pub(super) struct Download<'a> {
    pub(super) files: &'a FileStore,
    pub(super) settings: &'a FetchSettings,
    pub(super) agent: &'a ureq::Agent,
    pub(super) file: &'a FileInfo,
    pub(super) is_cancelled: &'a AtomicBool,
    pub(super) report: &'a dyn Fn(u64),
}

impl Download<'_> {
    /// Tries the holders in order.
    pub(super) fn run(&self, holders: &[String]) -> DownloadEnd {
        let mut errors = Vec::new();
        let mut result = Err(FetchError::Unreachable);
        for (nth, base) in holders.iter().enumerate() {
            match self.from(base) {
                Ok(()) => {
                    result = Ok(nth);
                    break;
                }
                Err(DownloadError::Cancelled) => return DownloadEnd::Cancelled,
                Err(error) => {
                    if matches!(error, DownloadError::Mismatch(_)) {
                        result = Err(FetchError::HashMismatch);
                    }
                    let is_here = matches!(error, DownloadError::LocalStore(_));
                    errors.push((nth, error));
                    if is_here {
                        break;
                    }
                }
            }
        }
        DownloadEnd::Finished { result, errors }
    }

    /// Downloads the file from one holder. Resumes if the connection breaks after progress.
    fn from(&self, base: &str) -> Result<(), DownloadError> {
        let mut attempt = 1;
        loop {
            let mut part = match self.files.begin(self.file)? {
                BeginReceive::AlreadyStored(_) => return Ok(()),
                BeginReceive::Partial(part) => part,
            };
            let had_bytes = part.received_bytes();
            let got = self.receive(base, &mut part);
            let has_more = part.received_bytes() > had_bytes;
            let got = match got {
                Ok(()) => part.finish().map(|_| ()).map_err(DownloadError::from),
                Err(error @ DownloadError::Mismatch(_)) => {
                    part.discard()?;
                    Err(error)
                }
                Err(error) => Err(error),
            };
            match got {
                // The wrong bytes may come from an earlier holder: start again with this holder only.
                Err(DownloadError::Mismatch(FilesError::Hash { .. })) if had_bytes > 0 => {}
                Err(DownloadError::Broken(_)) if has_more && attempt < ATTEMPTS_MAX => {}
                got => return got,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Requests the missing bytes and reads them.
    fn receive(&self, base: &str, part: &mut PartialFile) -> Result<(), DownloadError> {
        (self.report)(part.received_bytes());
        if part.received_bytes() == self.file.size_bytes {
            return Ok(());
        }
        self.check_wanted()?;
        let url = format!("{}/files/{}", base.trim_end_matches('/'), self.file.sha256);
        let mut request = self.agent.get(url);
        if part.received_bytes() > 0 {
            let range = format!("bytes={}-", part.received_bytes());
            request = request.header(header::RANGE, range);
        }
        let response = request
            .call()
            .map_err(|why| DownloadError::Broken(why.to_string()))?;
        match response.status() {
            StatusCode::OK => {
                self.check_length(response.body().content_length())?;
                // The holder ignores ranges and sends the whole file.
                if part.received_bytes() > 0 {
                    part.restart()?;
                }
            }
            StatusCode::PARTIAL_CONTENT => {
                self.check_range(response.headers(), part.received_bytes())?;
            }
            other => return Err(DownloadError::Status(other.as_u16())),
        }
        self.read(response.into_body().into_reader(), part)
    }

    fn read(&self, mut body: impl Read, part: &mut PartialFile) -> Result<(), DownloadError> {
        let mut piece = vec![0; PIECE_BYTES];
        let step_bytes = (self.file.size_bytes / PROGRESS_STEPS).max(PROGRESS_BYTES_MIN);
        let mut reported_bytes = part.received_bytes();
        let mut window = (Instant::now(), part.received_bytes());
        loop {
            self.check_wanted()?;
            let n = match body.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => return Err(DownloadError::Broken(why.to_string())),
            };
            part.write(piece.get(..n).unwrap_or_default())?;
            let received_bytes = part.received_bytes();
            if received_bytes.saturating_sub(reported_bytes) >= step_bytes
                || received_bytes == self.file.size_bytes
            {
                reported_bytes = received_bytes;
                (self.report)(received_bytes);
            }
            if window.0.elapsed() >= self.settings.slow {
                let received_bytes = received_bytes.saturating_sub(window.1);
                if received_bytes < self.settings.slow_bytes {
                    return Err(DownloadError::Slow {
                        received_bytes,
                        seconds: self.settings.slow.as_secs(),
                    });
                }
                window = (Instant::now(), part.received_bytes());
            }
        }
    }

    fn check_wanted(&self) -> Result<(), DownloadError> {
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(DownloadError::Cancelled);
        }
        Ok(())
    }

    fn check_length(&self, length_bytes: Option<u64>) -> Result<(), DownloadError> {
        match length_bytes {
            Some(found) if found != self.file.size_bytes => Err(DownloadError::UnexpectedRange {
                expected: format!("{} bytes", self.file.size_bytes),
                found: format!("{found} bytes"),
            }),
            _ => Ok(()),
        }
    }

    /// Checks `Content-Range`, such as `bytes 5-9/10`: from the first missing byte to the last.
    fn check_range(&self, headers: &HeaderMap, have_bytes: u64) -> Result<(), DownloadError> {
        let size_bytes = self.file.size_bytes;
        let rest = format!("bytes {have_bytes}-{}", size_bytes.saturating_sub(1));
        let found = headers
            .get(header::CONTENT_RANGE)
            .and_then(|range| range.to_str().ok())
            .unwrap_or_default()
            .trim();
        if found == format!("{rest}/{size_bytes}") || found == format!("{rest}/*") {
            return Ok(());
        }
        Err(DownloadError::UnexpectedRange {
            expected: format!("{rest}/{size_bytes}"),
            found: found.to_owned(),
        })
    }
}
