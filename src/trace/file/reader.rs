//! `TraceReader`: reads a trace file record by record, within limits on line length and expanded size.

use super::{EXPANDED_BYTES_FREE, EXPANSION_MAX, LINE_BYTES_MAX, TraceError};
use crate::scenario::{BYTE_ORDER_MARK, Scenario};
use crate::trace::format::{
    Decoded, Decoder, FORMAT, Header, InvalidLine, NodeRegistry, Probe, Provenance, VERSION,
    invalid,
};
use crate::trace::record::Record;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The first bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads one trace. The reader is an iterator over the records and ends after the first error.
pub struct TraceReader {
    path: PathBuf,
    lines: Lines,
    registry: NodeRegistry,
    decoder: Decoder,
    scenario: Arc<Scenario>,
    provenance: Provenance,
    records: u64,
    has_ended: bool,
    end: EndPolicy,
}

/// Whether a trace must be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndPolicy {
    /// It is an error if the file ends before its `end` line.
    Required,
    /// A truncated file ends with its last complete record.
    Optional,
    /// The file is truncated.
    Missing,
}

impl TraceReader {
    /// Opens a trace and reads it up to its scenario.
    ///
    /// # Errors
    /// If the file cannot be opened, is not a trace, or is a trace of another version.
    pub fn open(path: &Path) -> Result<TraceReader, TraceError> {
        TraceReader::begin(path, NodeRegistry::default(), Decoder::default())
    }

    /// Opens a trace whose nodes get the numbers of `registry`; [`TraceReader::into_registry`] gives it back.
    ///
    /// # Errors
    /// As [`TraceReader::open`].
    pub fn open_with(path: &Path, registry: NodeRegistry) -> Result<TraceReader, TraceError> {
        TraceReader::begin(path, registry, Decoder::with_common_numbers())
    }

    fn begin(
        path: &Path,
        mut registry: NodeRegistry,
        mut decoder: Decoder,
    ) -> Result<TraceReader, TraceError> {
        let mut lines = Lines::open(path).map_err(|source| {
            let (path, doing) = (path.to_owned(), "open");
            TraceError::Io {
                path,
                doing,
                source,
            }
        })?;
        let begun = preamble(&mut lines, &mut decoder, &mut registry);
        let (provenance, scenario) =
            begun.map_err(|problem| malformed(path, lines.number, problem))?;
        Ok(TraceReader {
            path: path.to_owned(),
            lines,
            registry,
            decoder,
            scenario,
            provenance,
            records: 0,
            has_ended: false,
            end: EndPolicy::Required,
        })
    }

    /// Accepts a truncated file: its writer may have been killed in the middle of a line or of a compressed block. The
    /// trace then ends with its last complete record, and [`TraceReader::is_truncated`] returns true.
    #[must_use]
    pub fn allow_truncated(mut self) -> TraceReader {
        self.end = EndPolicy::Optional;
        self
    }

    /// Whether the file ends before the trace is complete. Valid after all records have been read.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.end == EndPolicy::Missing
    }

    /// The scenario of the run.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Where the trace comes from, if it is of real processes.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The nodes that this trace has introduced, and those that were in the registry before.
    #[must_use]
    pub fn into_registry(self) -> NodeRegistry {
        self.registry
    }

    fn read(&mut self) -> Result<Option<Record>, TraceError> {
        loop {
            match self.lines.next() {
                Ok(LineRead::Complete) => {}
                Ok(LineRead::Nothing | LineRead::Truncated(_))
                    if self.end != EndPolicy::Required =>
                {
                    self.end = EndPolicy::Missing;
                    return Ok(None);
                }
                Ok(LineRead::Nothing) => {
                    let problem = format!("the file ends after {} records", self.records);
                    let expected = "more lines, and one with `end`";
                    return Err(self.malformed(InvalidLine { problem, expected }));
                }
                Ok(LineRead::Truncated(why)) => return Err(self.malformed(truncated(why))),
                Err(problem) => return Err(self.malformed(problem)),
            }
            match self.decoder.line(self.lines.text(), &mut self.registry) {
                Ok(Decoded::Record(record)) => {
                    self.records += 1;
                    return Ok(Some(*record));
                }
                Ok(Decoded::Definition) => {}
                Ok(Decoded::Scenario(_)) => {
                    let problem = "a second scenario".to_owned();
                    let expected = "one scenario per trace";
                    return Err(self.malformed(InvalidLine { problem, expected }));
                }
                Ok(Decoded::End(records)) => {
                    let ended = self.check_end(records);
                    return ended
                        .map(|()| None)
                        .map_err(|problem| self.malformed(problem));
                }
                Err(problem) => return Err(self.malformed(problem)),
            }
        }
    }

    fn check_end(&mut self, records: u64) -> Result<(), InvalidLine> {
        if records != self.records {
            return Err(InvalidLine {
                problem: format!("there were {} records instead of {records}", self.records),
                expected: "as many as were written",
            });
        }
        let number = self.lines.number;
        let after = self.lines.next()?;
        self.lines.number = number;
        match after {
            LineRead::Nothing => Ok(()),
            // Only the end of the compressed frame is missing.
            LineRead::Truncated(_) if self.end != EndPolicy::Required => Ok(()),
            LineRead::Complete | LineRead::Truncated(_) => Err(InvalidLine {
                problem: "something follows the end".to_owned(),
                expected: "nothing after this line",
            }),
        }
    }

    fn malformed(&self, problem: InvalidLine) -> TraceError {
        malformed(&self.path, self.lines.number, problem)
    }
}

impl Iterator for TraceReader {
    type Item = Result<Record, TraceError>;

    fn next(&mut self) -> Option<Result<Record, TraceError>> {
        if self.has_ended {
            return None;
        }
        let read = self.read().transpose();
        self.has_ended = !matches!(read, Some(Ok(_)));
        read
    }
}

/// Reads the header, and everything up to the scenario.
fn preamble(
    lines: &mut Lines,
    decoder: &mut Decoder,
    registry: &mut NodeRegistry,
) -> Result<(Provenance, Arc<Scenario>), InvalidLine> {
    lines.next_complete("the file is empty")?;
    let provenance = header(lines.text())?;
    loop {
        lines.next_complete("the file ends before its scenario")?;
        match decoder.line(lines.text(), registry)? {
            Decoded::Scenario(scenario) => return Ok((provenance, scenario)),
            Decoded::Definition => {}
            Decoded::Record(_) | Decoded::End(_) => {
                return Err(InvalidLine {
                    problem: "a record before the scenario".to_owned(),
                    expected: "the scenario of the run",
                });
            }
        }
    }
}

fn header(line: &[u8]) -> Result<Provenance, InvalidLine> {
    let expecting = |error: serde_json::Error| InvalidLine {
        expected: "the header of a trace of quorumscope",
        ..invalid(&error)
    };
    let line = line
        .strip_prefix(BYTE_ORDER_MARK.as_bytes())
        .unwrap_or(line);
    let probe: Probe = serde_json::from_slice(line).map_err(expecting)?;
    if probe.format != FORMAT {
        return Err(InvalidLine {
            problem: format!("the format is {:?}", probe.format),
            expected: "the format \"quorumscope-trace\"",
        });
    }
    if probe.version != VERSION {
        return Err(InvalidLine {
            problem: format!("this is a trace of version {}", probe.version),
            expected: "version 2, the only one that this program reads: record the run again",
        });
    }
    let header: Header<'_> = serde_json::from_slice(line).map_err(expecting)?;
    Ok(header.provenance.into_owned())
}

/// The lines of a file.
struct Lines {
    source: Box<dyn BufRead + Send>,
    /// Bytes read from the file itself, if it is compressed.
    compressed: Option<Arc<AtomicU64>>,
    expanded: u64,
    line: Vec<u8>,
    /// Number of the current line, from 1.
    number: u64,
}

/// The result of reading a line.
enum LineRead {
    /// A complete line; see [`Lines::text`].
    Complete,
    /// The end of the file.
    Nothing,
    /// The file ended within a line or a compressed block; the reason.
    Truncated(String),
}

impl Lines {
    fn open(path: &Path) -> io::Result<Lines> {
        Lines::new(BufReader::new(File::open(path)?))
    }

    fn new(mut file: impl BufRead + Send + 'static) -> io::Result<Lines> {
        let is_compressed = file.fill_buf()?.starts_with(&ZSTD_MAGIC);
        let (source, compressed): (Box<dyn BufRead + Send>, _) = if is_compressed {
            let count = Arc::new(AtomicU64::new(0));
            let counted = Counted {
                file,
                count: Arc::clone(&count),
            };
            let decoder = zstd::Decoder::with_buffer(BufReader::new(counted))?;
            (
                Box::new(BufReader::with_capacity(1 << 16, decoder)),
                Some(count),
            )
        } else {
            (Box::new(file), None)
        };
        Ok(Lines {
            source,
            compressed,
            expanded: 0,
            line: Vec::new(),
            number: 0,
        })
    }

    /// The line that was read last, without its line feed.
    fn text(&self) -> &[u8] {
        &self.line
    }

    fn next_complete(&mut self, if_none: &str) -> Result<(), InvalidLine> {
        match self.next()? {
            LineRead::Complete => Ok(()),
            LineRead::Nothing => Err(InvalidLine {
                problem: if_none.to_owned(),
                expected: "a trace of quorumscope",
            }),
            LineRead::Truncated(why) => Err(truncated(why)),
        }
    }

    fn next(&mut self) -> Result<LineRead, InvalidLine> {
        self.number += 1;
        self.line.clear();
        let mut limited = self.source.by_ref().take(LINE_BYTES_MAX);
        let count = match limited.read_until(b'\n', &mut self.line) {
            Ok(count) => count as u64,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(LineRead::Truncated(error.to_string()));
            }
            Err(error) => return Err(truncated(error.to_string())),
        };
        if count == 0 {
            return Ok(LineRead::Nothing);
        }
        self.check_expansion(count)?;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(LineRead::Complete);
        }
        if count == LINE_BYTES_MAX {
            return Err(InvalidLine {
                problem: format!("the line is longer than {LINE_BYTES_MAX} bytes"),
                expected: "a trace of quorumscope",
            });
        }
        Ok(LineRead::Truncated("the line is cut off".to_owned()))
    }

    /// Refuses decompression bombs.
    fn check_expansion(&mut self, count: u64) -> Result<(), InvalidLine> {
        self.expanded += count;
        let Some(compressed) = &self.compressed else {
            return Ok(());
        };
        let read = compressed.load(Ordering::Relaxed);
        if self.expanded <= EXPANDED_BYTES_FREE.max(read.saturating_mul(EXPANSION_MAX)) {
            return Ok(());
        }
        Err(InvalidLine {
            problem: format!(
                "{read} compressed bytes expand to more than {} bytes",
                self.expanded
            ),
            expected: "a trace, which expands at most 250 times",
        })
    }
}

/// Counts the bytes read from a file.
struct Counted<R> {
    file: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn truncated(problem: String) -> InvalidLine {
    InvalidLine {
        problem,
        expected: "a complete trace: record the run again",
    }
}

fn malformed(path: &Path, line: u64, invalid: InvalidLine) -> TraceError {
    let InvalidLine { problem, expected } = invalid;
    let path = path.to_owned();
    TraceError::Malformed {
        path,
        line,
        problem,
        expected,
    }
}
