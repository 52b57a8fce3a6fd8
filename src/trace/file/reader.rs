//! Reading a trace, record by record.

use super::line::{
    BundleLine, EndLine, HeaderIn, MessageIn, NodeLine, Probe, Received, Relayed, StepLine,
};
use super::{FORMAT, Provenance, TraceError, VERSION};
use crate::node::{Bundle, Input, Message, Output};
use crate::scenario::Scenario;
use crate::trace::record::Record;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a compressed file begins.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What is wrong with a line, and what should have been there.
type LineProblem = (String, &'static str);

/// Reads one trace. It is an iterator over its records, and ends with the first error.
pub struct TraceReader {
    path: PathBuf,
    lines: Box<dyn BufRead + Send>,
    line: u64,
    scenario: Arc<Scenario>,
    provenance: Provenance,
    messages: Vec<Arc<Message>>,
    records: u64,
    has_ended: bool,
    end: EndPolicy,
}

/// Whether a trace has to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EndPolicy {
    /// It is an error if the file ends before the line with `end`.
    Required,
    /// The last whole record will do.
    Optional,
    /// It was not there.
    Missing,
}

impl TraceReader {
    /// Opens a trace and reads its header.
    ///
    /// # Errors
    /// If there is no such file, or it is no trace, or one of another version.
    pub fn open(path: &Path) -> Result<TraceReader, TraceError> {
        let mut lines = open(path).map_err(|source| {
            let (path, doing) = (path.to_owned(), "open");
            TraceError::Io {
                path,
                doing,
                source,
            }
        })?;
        let header = header(&mut *lines);
        let header = header.map_err(|problem| malformed(path, 1, problem))?;
        Ok(TraceReader {
            path: path.to_owned(),
            lines,
            line: 1,
            scenario: Arc::new(header.scenario),
            provenance: header.provenance,
            messages: Vec::new(),
            records: 0,
            has_ended: false,
            end: EndPolicy::Required,
        })
    }

    /// Reads as far as the file goes: the process that wrote it may have been killed, in the middle of a line, or of a
    /// compressed block. Then the last whole record is the last; [`TraceReader::is_truncated`] tells.
    #[must_use]
    pub fn allow_truncated(mut self) -> TraceReader {
        self.end = EndPolicy::Optional;
        self
    }

    /// Whether the file ended before the trace did. Known once all of it has been read.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.end == EndPolicy::Missing
    }

    /// What was run.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Where it comes from, if it is of real processes.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn read(&mut self) -> Result<Option<Record>, TraceError> {
        loop {
            self.line += 1;
            let text = match read_line(&mut *self.lines) {
                Ok(RawLine::Complete(text)) => text,
                Ok(RawLine::Nothing | RawLine::Truncated(_)) if self.end != EndPolicy::Required => {
                    self.end = EndPolicy::Missing;
                    return Ok(None);
                }
                Ok(RawLine::Nothing) => {
                    let problem = format!("the file ends after {} records", self.records);
                    return Err(self.malformed((problem, "more lines, and one with `end`")));
                }
                Ok(RawLine::Truncated(why)) => return Err(self.malformed((why, WHOLE))),
                Err(problem) => return Err(self.malformed(problem)),
            };
            match self.understand(&text) {
                Ok(ParsedLine::Record(record)) => {
                    self.records += 1;
                    return Ok(Some(*record));
                }
                Ok(ParsedLine::Message) => {}
                Ok(ParsedLine::End) => return Ok(None),
                Err(problem) => return Err(self.malformed(problem)),
            }
        }
    }

    fn understand(&mut self, text: &str) -> Result<ParsedLine, LineProblem> {
        let record = match key_of(text) {
            Some("message") => {
                let line: MessageIn = parse(text, "a message")?;
                self.messages.push(Arc::new(line.message));
                return Ok(ParsedLine::Message);
            }
            Some("end") => return self.end(text),
            Some("node_of_scenario") => self.node(text)?,
            Some("stepped") => self.step(text)?,
            _ => parse(text, "a record")?,
        };
        Ok(ParsedLine::Record(Box::new(record)))
    }

    fn end(&mut self, text: &str) -> Result<ParsedLine, LineProblem> {
        let said = parse::<EndLine>(text, "the number of records")?.end.records;
        if said != self.records {
            let problem = format!("there were {} records instead of {said}", self.records);
            return Err((problem, "as many as were written"));
        }
        match read_line(&mut *self.lines)? {
            RawLine::Nothing => Ok(ParsedLine::End),
            // Of the compressed frame only its own end is missing.
            RawLine::Truncated(_) if self.end != EndPolicy::Required => Ok(ParsedLine::End),
            RawLine::Complete(_) | RawLine::Truncated(_) => Err((
                "something follows the end".to_owned(),
                "nothing after this line",
            )),
        }
    }

    fn node(&self, text: &str) -> Result<Record, LineProblem> {
        let line = parse::<NodeLine>(text, "the number of a node")?.node_of_scenario;
        let Some(node) = self.scenario.nodes.get(line.number as usize) else {
            let problem = format!("the scenario has no node number {}", line.number);
            return Err((problem, "the number of a node of the scenario"));
        };
        Ok(Record::NodeAdded {
            at: line.at,
            config: Arc::clone(&node.config),
            position: node.position,
            organization: node.organization.clone(),
        })
    }

    fn step(&self, text: &str) -> Result<Record, LineProblem> {
        let line = parse::<StepLine<Input, Output>>(text, "a step of a node")?.stepped;
        let input = match (line.received, line.relayed, line.input) {
            (Some(Received { from, message }), None, None) => Input::Receive {
                from,
                message: self.message(message)?,
            },
            (None, Some(Relayed { from, bundle }), None) => Input::Relayed {
                from,
                bundle: self.bundle(bundle)?,
            },
            (None, None, Some(input)) => input,
            _ => {
                let problem = "a step needs what happened to the node".to_owned();
                return Err((problem, "one of `received`, `relayed` and `input`"));
            }
        };
        let mut placed = Vec::with_capacity(line.sends.len() + line.relays.len());
        for send in line.sends {
            let (to, message) = (send.to, self.message(send.message)?);
            placed.push((send.position, Output::Send { to, message }));
        }
        for relay in line.relays {
            let (to, bundle) = (relay.to, self.bundle(relay.bundle)?);
            placed.push((relay.position, Output::Relay { to, bundle }));
        }
        placed.sort_by_key(|(position, _)| *position);
        let mut outputs = line.outputs;
        for (position, output) in placed {
            if position > outputs.len() {
                let problem = format!("no output has the position {position}");
                return Err((problem, "positions among all outputs of the step"));
            }
            outputs.insert(position, output);
        }
        Ok(Record::Stepped {
            at: line.at,
            generation: line.generation,
            node: line.node,
            input,
            outputs,
        })
    }

    fn bundle(&self, line: BundleLine) -> Result<Arc<Bundle>, LineProblem> {
        let messages = line.messages.iter().map(|number| self.message(*number));
        Ok(Arc::new(Bundle {
            messages: messages.collect::<Result<_, _>>()?,
            announcements: line.announcements,
        }))
    }

    fn message(&self, number: u64) -> Result<Arc<Message>, LineProblem> {
        let message = usize::try_from(number)
            .ok()
            .and_then(|number| self.messages.get(number));
        message.map(Arc::clone).ok_or_else(|| {
            let problem = format!("no line before has message number {number}");
            (problem, "a message's line before its first use")
        })
    }

    fn malformed(&self, problem: LineProblem) -> TraceError {
        malformed(&self.path, self.line, problem)
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

enum ParsedLine {
    Record(Box<Record>),
    Message,
    End,
}

fn header(lines: &mut dyn BufRead) -> Result<HeaderIn, LineProblem> {
    let text = match read_line(lines)? {
        RawLine::Complete(text) => text,
        RawLine::Nothing => {
            return Err(("the file is empty".to_owned(), "a trace of quorumscope"));
        }
        RawLine::Truncated(why) => return Err((why, WHOLE)),
    };
    let probe: Probe = parse(&text, "the header of a trace of quorumscope")?;
    if probe.format != FORMAT {
        let problem = format!("the format is {:?}", probe.format);
        return Err((problem, "the format \"quorumscope-trace\""));
    }
    if probe.version != VERSION {
        let problem = format!("the version is {}", probe.version);
        return Err((problem, "version 1: record the run again with this program"));
    }
    parse(&text, "the scenario of the run")
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::new(File::open(path)?);
    if file.fill_buf()?.starts_with(&ZSTD_MAGIC) {
        Ok(Box::new(BufReader::new(zstd::Decoder::with_buffer(file)?)))
    } else {
        Ok(Box::new(file))
    }
}

/// What a look for the next line found.
enum RawLine {
    /// A line, without its end.
    Complete(String),
    /// The end of the file.
    Nothing,
    /// The beginning of a line or of a compressed block, and then the end of the file; in words.
    Truncated(String),
}

/// What should have been there instead of the end of the file.
const WHOLE: &str = "a whole trace: record the run again";

fn read_line(lines: &mut dyn BufRead) -> Result<RawLine, LineProblem> {
    let mut bytes = Vec::new();
    let count = match lines.read_until(b'\n', &mut bytes) {
        Ok(count) => count,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Ok(RawLine::Truncated(error.to_string()));
        }
        Err(error) => return Err((error.to_string(), WHOLE)),
    };
    if count == 0 {
        return Ok(RawLine::Nothing);
    }
    if bytes.pop_if(|last| *last == b'\n').is_none() {
        return Ok(RawLine::Truncated("the line is cut off".to_owned()));
    }
    let text = String::from_utf8(bytes);
    text.map(RawLine::Complete)
        .map_err(|_| ("the line is not text".to_owned(), "UTF-8"))
}

/// The first key of the object that a line is.
fn key_of(text: &str) -> Option<&str> {
    let rest = text
        .trim_start()
        .strip_prefix('{')?
        .trim_start()
        .strip_prefix('"')?;
    rest.split('"').next()
}

fn parse<T: DeserializeOwned>(text: &str, expected: &'static str) -> Result<T, LineProblem> {
    serde_json::from_str(text).map_err(|error| {
        // The line of the file is told elsewhere; here a text has one line.
        let told = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = told.strip_suffix(&place).unwrap_or(&told);
        (format!("{what} at column {}", error.column()), expected)
    })
}

fn malformed(path: &Path, line: u64, (problem, expected): LineProblem) -> TraceError {
    let path = path.to_owned();
    TraceError::Malformed {
        path,
        line,
        problem,
        expected,
    }
}
