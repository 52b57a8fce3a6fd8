//! Writing a trace: under a temporary name, renamed when it is whole.

use super::line::{
    BundleLine, End, EndLine, HeaderOut, MessageOut, NodeLine, NodeOfScenario, Received,
    RelayOutput, Relayed, SendOutput, StepLine, Stepped,
};
use super::{FORMAT, Provenance, TraceError, VERSION};
use crate::node::{Bundle, Input, Message, MessageId, Output};
use crate::scenario::{NodeSpec, Scenario};
use crate::trace::record::Record;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many messages are remembered; one that turns up again after that many others gets another number.
const MESSAGES_KEPT: usize = 65_536;
/// zstd's own default: fast, and a tenth of the size.
const COMPRESSION_LEVEL: i32 = 3;

enum Sink {
    Plain(BufWriter<File>),
    Compressed(zstd::Encoder<'static, BufWriter<File>>),
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Sink::Plain(file) => file,
            Sink::Compressed(encoder) => encoder,
        }
    }

    /// Everything is on disk when this returns.
    fn close(self) -> io::Result<()> {
        let mut file = match self {
            Sink::Plain(file) => file,
            Sink::Compressed(encoder) => encoder.finish()?,
        };
        file.flush()?;
        file.get_ref().sync_all()
    }
}

/// Writes one trace. Until [`TraceWriter::finish`] nothing has the name that was asked for, and what was there before
/// stays; dropped before that, it leaves nothing behind.
pub struct TraceWriter {
    path: PathBuf,
    temporary: PathBuf,
    sink: Option<Sink>,
    scenario_nodes: Vec<NodeSpec>,
    records: u64,
    messages: Messages,
}

impl TraceWriter {
    /// Begins the trace of a run of `scenario`, compressed if `path` ends in `.zst`.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn create(path: &Path, scenario: &Scenario) -> Result<TraceWriter, TraceError> {
        TraceWriter::create_from(path, scenario, &Provenance::default())
    }

    /// The same for a trace of real processes.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn create_from(
        path: &Path,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> Result<TraceWriter, TraceError> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let temporary = PathBuf::from(name);
        let sink = open(path, &temporary).map_err(|source| failed(path, "create", source))?;
        let mut writer = TraceWriter {
            path: path.to_owned(),
            temporary,
            sink: Some(sink),
            scenario_nodes: scenario.nodes.clone(),
            records: 0,
            messages: Messages::default(),
        };
        writer.line(&HeaderOut {
            format: FORMAT,
            version: VERSION,
            seed: scenario.seed,
            provenance,
            scenario,
        })?;
        Ok(writer)
    }

    /// Writes the next record.
    ///
    /// # Errors
    /// If the disk is full, and the like.
    pub fn write(&mut self, record: &Record) -> Result<(), TraceError> {
        self.records += 1;
        match record {
            Record::Stepped { .. } => self.write_step(record),
            Record::NodeAdded {
                at,
                config,
                position,
                organization,
            } => {
                let number = config.peer.id.0;
                let planned = self.scenario_nodes.get(config.peer.id.index());
                let is_as_planned = planned.is_some_and(|planned| {
                    planned.config == *config
                        && planned.position == *position
                        && planned.organization == *organization
                });
                if !is_as_planned {
                    return self.line(record);
                }
                let at = *at;
                self.line(&NodeLine {
                    node_of_scenario: NodeOfScenario { at, number },
                })
            }
            _ => self.line(record),
        }
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// If the disk is full, or the name cannot be given; then nothing is left behind.
    pub fn finish(mut self) -> Result<(), TraceError> {
        let records = self.records;
        self.line(&EndLine {
            end: End { records },
        })?;
        let Some(sink) = self.sink.take() else {
            return Ok(());
        };
        let closed = sink
            .close()
            .and_then(|()| fs::rename(&self.temporary, &self.path));
        if let Err(source) = closed {
            self.discard();
            return Err(failed(&self.path, "write", source));
        }
        Ok(())
    }

    fn write_step(&mut self, record: &Record) -> Result<(), TraceError> {
        let Record::Stepped {
            at,
            generation,
            node,
            input,
            outputs,
        } = record
        else {
            return self.line(record);
        };
        let (mut received, mut relayed, mut other) = (None, None, None);
        match input {
            Input::Receive { from, message } => {
                let (from, message) = (*from, self.number(message)?);
                received = Some(Received { from, message });
            }
            Input::Relayed { from, bundle } => {
                let (from, bundle) = (*from, self.bundle(bundle)?);
                relayed = Some(Relayed { from, bundle });
            }
            input => other = Some(input),
        }
        let (mut sends, mut relays, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (position, output) in outputs.iter().enumerate() {
            match output {
                Output::Send { to, message } => sends.push(SendOutput {
                    position,
                    to: *to,
                    message: self.number(message)?,
                }),
                Output::Relay { to, bundle } => relays.push(RelayOutput {
                    position,
                    to: *to,
                    bundle: self.bundle(bundle)?,
                }),
                output => others.push(output),
            }
        }
        self.line(&StepLine {
            stepped: Stepped {
                at: *at,
                generation: *generation,
                node: *node,
                input: other,
                received,
                relayed,
                outputs: others,
                sends,
                relays,
            },
        })
    }

    fn bundle(&mut self, bundle: &Bundle) -> Result<BundleLine, TraceError> {
        let messages = bundle.messages.iter().map(|message| self.number(message));
        Ok(BundleLine {
            messages: messages.collect::<Result<_, _>>()?,
            announcements: bundle.announcements.clone(),
        })
    }

    /// The number of a message, which is written first if it has none yet.
    fn number(&mut self, message: &Arc<Message>) -> Result<u64, TraceError> {
        if let Some(number) = self.messages.find(message) {
            return Ok(number);
        }
        self.line(&MessageOut { message })?;
        Ok(self.messages.insert(message))
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), TraceError> {
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        let writer = sink.writer();
        let written = serde_json::to_writer(&mut *writer, line).map_err(io::Error::from);
        let written = written.and_then(|()| writer.write_all(b"\n"));
        written.map_err(|source| failed(&self.path, "write", source))
    }

    fn discard(&mut self) {
        self.sink = None;
        // Nothing more can be done about a file that does not go away.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Drop for TraceWriter {
    fn drop(&mut self) {
        if self.sink.is_some() {
            self.discard();
        }
    }
}

fn open(path: &Path, temporary: &Path) -> io::Result<Sink> {
    if path.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    let file = BufWriter::new(File::create(temporary)?);
    if path.extension().is_some_and(|extension| extension == "zst") {
        Ok(Sink::Compressed(zstd::Encoder::new(
            file,
            COMPRESSION_LEVEL,
        )?))
    } else {
        Ok(Sink::Plain(file))
    }
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> TraceError {
    let path = path.to_owned();
    TraceError::Io {
        path,
        doing,
        source,
    }
}

/// Messages that have a number. Those with the same id are told apart by what they say: a liar may reuse one.
#[derive(Default)]
struct Messages {
    count: u64,
    by_id: BTreeMap<MessageId, Vec<(Arc<Message>, u64)>>,
    oldest_first: VecDeque<MessageId>,
}

impl Messages {
    fn find(&self, message: &Arc<Message>) -> Option<u64> {
        let mut known = self.by_id.get(&message.id)?.iter();
        let found = known.find(|(known, _)| Arc::ptr_eq(known, message) || known == message);
        found.map(|(_, number)| *number)
    }

    fn insert(&mut self, message: &Arc<Message>) -> u64 {
        let number = self.count;
        self.count += 1;
        let of_id = self.by_id.entry(message.id).or_default();
        of_id.push((Arc::clone(message), number));
        if of_id.len() == 1 {
            self.oldest_first.push_back(message.id);
        }
        if self.oldest_first.len() > MESSAGES_KEPT
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        number
    }
}
