//! Writing a trace: of a run under a temporary name, renamed when it is whole; of a process under its name from the
//! start, because nobody knows how it will end.

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
const MESSAGES_MAX: usize = 65_536;
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

    /// Everything written so far can be read from the file when this returns.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(file) => file.flush(),
            // Ends a block, and passes it on.
            Sink::Compressed(encoder) => encoder.flush(),
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

/// Where a trace is until it is whole.
enum Destination {
    /// Under this name. It is removed if the trace does not become whole.
    Temporary(PathBuf),
    /// Under its own name: what there is of it stays.
    InPlace,
}

/// Writes one trace. Until [`TraceWriter::finish`] nothing has the name that was asked for, and what was there before
/// stays; dropped before that, it leaves nothing behind. That of a process ([`TraceWriter::create_in_place`]) is different.
pub struct TraceWriter {
    path: PathBuf,
    destination: Destination,
    sink: Option<Sink>,
    scenario_nodes: Vec<NodeSpec>,
    records: u64,
    messages: MessageTable,
}

impl TraceWriter {
    /// Begins the trace of a run of `scenario`, compressed if `path` ends in `.zst`.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn create(path: &Path, scenario: &Scenario) -> Result<TraceWriter, TraceError> {
        TraceWriter::create_with_provenance(path, scenario, &Provenance::default())
    }

    /// The same for a trace that was merged from those of processes.
    ///
    /// # Errors
    /// If no file can be made there.
    pub fn create_with_provenance(
        path: &Path,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> Result<TraceWriter, TraceError> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let temporary = PathBuf::from(name);
        let sink = open(path, &temporary).map_err(|source| failed(path, "create", source))?;
        let destination = Destination::Temporary(temporary);
        TraceWriter::begin(path, destination, sink, scenario, provenance)
    }

    /// Begins the trace of a process, which may end at any moment: it has its name from the start, and what has been
    /// flushed ([`TraceWriter::flush`]) can be read whatever happens then. A file that is there already keeps its content
    /// under another name: `n1.jsonl.zst` becomes `n1.1.jsonl.zst`, or the next number that is free.
    ///
    /// # Errors
    /// If no file can be made there, or the one that is there cannot be renamed.
    pub fn create_in_place(
        path: &Path,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> Result<TraceWriter, TraceError> {
        rename_earlier(path)
            .map_err(|source| failed(path, "keep what is there and create", source))?;
        let sink = open(path, path).map_err(|source| failed(path, "create", source))?;
        let mut writer =
            TraceWriter::begin(path, Destination::InPlace, sink, scenario, provenance)?;
        writer.flush()?;
        Ok(writer)
    }

    fn begin(
        path: &Path,
        destination: Destination,
        sink: Sink,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> Result<TraceWriter, TraceError> {
        let mut writer = TraceWriter {
            path: path.to_owned(),
            destination,
            sink: Some(sink),
            scenario_nodes: scenario.nodes.clone(),
            records: 0,
            messages: MessageTable::default(),
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

    /// What has been written so far can be read from the file when this returns, even if the process then dies.
    ///
    /// # Errors
    /// If the disk is full, and the like.
    pub fn flush(&mut self) -> Result<(), TraceError> {
        let flushed = self.sink.as_mut().map_or(Ok(()), Sink::flush);
        flushed.map_err(|source| failed(&self.path, "write", source))
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// If the disk is full, or the name cannot be given; then nothing is left behind, except of a trace that had its
    /// name from the start.
    pub fn finish(mut self) -> Result<(), TraceError> {
        let records = self.records;
        self.line(&EndLine {
            end: End { records },
        })?;
        let Some(sink) = self.sink.take() else {
            return Ok(());
        };
        let closed = sink.close().and_then(|()| match &self.destination {
            Destination::Temporary(temporary) => fs::rename(temporary, &self.path),
            Destination::InPlace => Ok(()),
        });
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
        let sink = self.sink.take();
        match &self.destination {
            // Nothing more can be done about a file that does not go away.
            Destination::Temporary(temporary) => drop(fs::remove_file(temporary)),
            // It ends where it ends; what is still in memory may be the last that is known.
            Destination::InPlace => drop(sink.map(Sink::close)),
        }
    }
}

impl Drop for TraceWriter {
    fn drop(&mut self) {
        if self.sink.is_some() {
            self.discard();
        }
    }
}

/// Gives a file that is there another name, so that it stays. What is no file, such as a pipe, has nothing to keep.
fn rename_earlier(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() || about.is_symlink() && path.is_file() => {}
        Ok(_) => return Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(why),
    }
    let is_taken = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let mut names = (1..u32::MAX).map(|nth| earlier_name(path, nth));
    let free = names.find(|name| !is_taken(name));
    let full = || io::Error::new(io::ErrorKind::AlreadyExists, "no number is free for it");
    fs::rename(path, free.ok_or_else(full)?)
}

/// `n1.jsonl.zst` with a number: `n1.1.jsonl.zst`.
fn earlier_name(path: &Path, nth: u32) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (rest, compression) = match name.strip_suffix(".zst") {
        Some(rest) => (rest, ".zst"),
        None => (&*name, ""),
    };
    let (stem, extension) = match rest.rfind('.') {
        Some(dot) if dot > 0 => rest.split_at(dot),
        _ => (rest, ""),
    };
    path.with_file_name(format!("{stem}.{nth}{extension}{compression}"))
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

/// MessageTable that have a number. Those with the same id are told apart by what they say: a liar may reuse one.
#[derive(Default)]
struct MessageTable {
    count: u64,
    by_id: BTreeMap<MessageId, Vec<(Arc<Message>, u64)>>,
    oldest_first: VecDeque<MessageId>,
}

impl MessageTable {
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
        if self.oldest_first.len() > MESSAGES_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_lives_are_numbered_before_the_extension() {
        for (path, expected) in [
            ("n1.jsonl.zst", "n1.7.jsonl.zst"),
            ("a/n1.jsonl", "a/n1.7.jsonl"),
            ("a.b/trace", "a.b/trace.7"),
            ("my.node.jsonl.zst", "my.node.7.jsonl.zst"),
            ("trace.zst", "trace.7.zst"),
            (".hidden", ".hidden.7"),
        ] {
            assert_eq!(earlier_name(Path::new(path), 7), Path::new(expected));
        }
    }
}
