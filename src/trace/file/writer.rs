//! `TraceWriter`: writes the trace of a simulated run under a temporary name, and that of a process in place.

use super::{TraceError, partial};
use crate::scenario::Scenario;
use crate::trace::format::{Encoder, Provenance};
use crate::trace::record::Record;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Lines are written in chunks of about this many bytes, because the compressor is slow with small writes.
const CHUNK_BYTES: usize = 1 << 20;
/// Level 1, the fastest of the ordinary levels: writing a trace must not dominate the run.
const COMPRESSION_LEVEL: i32 = 1;

enum Sink {
    Plain(File),
    /// One zstd frame per chunk. The compressor then reads the chunk in place, which takes two thirds of the CPU time of
    /// a stream, for the same size.
    Frames(Frames),
    /// One zstd frame for the whole file. Short writes cost few bytes.
    Stream(zstd::Encoder<'static, File>),
}

/// Writes chunks as independent zstd frames (RFC 8878, section 3.1: frames may be concatenated).
struct Frames {
    file: File,
    compressor: zstd::bulk::Compressor<'static>,
    /// The compressed chunk; kept to reuse its memory.
    frame: Vec<u8>,
}

impl Frames {
    fn new(file: File) -> io::Result<Frames> {
        let compressor = zstd::bulk::Compressor::new(COMPRESSION_LEVEL)?;
        Ok(Frames {
            file,
            compressor,
            frame: Vec::new(),
        })
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        self.frame.clear();
        self.frame
            .reserve(zstd::zstd_safe::compress_bound(chunk.len()));
        self.compressor.compress_to_buffer(chunk, &mut self.frame)?;
        self.file.write_all(&self.frame)
    }
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Plain(file) => file.write_all(bytes),
            Sink::Frames(frames) => frames.write(bytes),
            Sink::Stream(encoder) => encoder.write_all(bytes),
        }
    }

    /// Makes everything written so far readable from the file.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(file) => file.flush(),
            Sink::Frames(frames) => frames.file.flush(),
            // Ends the current block.
            Sink::Stream(encoder) => encoder.flush(),
        }
    }

    /// Completes the file and waits until it is on disk.
    fn close(self) -> io::Result<()> {
        let file = match self {
            Sink::Plain(file) => file,
            Sink::Frames(frames) => frames.file,
            Sink::Stream(encoder) => encoder.finish()?,
        };
        file.sync_all()
    }
}

/// The name of a trace while it is being written.
enum Destination {
    /// This temporary name. The file is removed if the trace is not completed.
    Temporary(PathBuf),
    /// Its final name. An incomplete trace stays.
    InPlace,
}

/// Writes one trace.
///
/// A trace made by [`TraceWriter::create`] gets its name only in [`TraceWriter::finish`]: until then an earlier file
/// stays, and a writer that is dropped leaves nothing behind. If the process is killed, the temporary file stays and can
/// be read. [`TraceWriter::create_in_place`] is for the traces of processes.
pub struct TraceWriter {
    path: PathBuf,
    destination: Destination,
    sink: Option<Sink>,
    encoder: Encoder,
    /// Lines that have not been passed to `sink`.
    pending: Vec<u8>,
}

impl TraceWriter {
    /// Begins the trace of a run of `scenario`, compressed if `path` ends in `.zst`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path, scenario: &Scenario) -> Result<TraceWriter, TraceError> {
        TraceWriter::create_with_provenance(path, scenario, &Provenance::default())
    }

    /// Begins a trace that is merged from traces of processes.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create_with_provenance(
        path: &Path,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> Result<TraceWriter, TraceError> {
        let create = || {
            refuse_folder(path)?;
            let (temporary, file) = partial::create(path)?;
            let sink = match is_compressed(path) {
                true => Sink::Frames(Frames::new(file)?),
                false => Sink::Plain(file),
            };
            Ok((Destination::Temporary(temporary), sink))
        };
        let (destination, sink) = create().map_err(|source| failed(path, "create", source))?;
        let mut writer = TraceWriter::begin(path, destination, sink, scenario, provenance);
        writer.flush()?;
        Ok(writer)
    }

    /// Begins the trace of a process under its final name. Everything before the last [`TraceWriter::flush`] can be read
    /// even if the process is killed. An existing file is renamed: `n1.jsonl.zst` becomes `n1.1.jsonl.zst`, or the next
    /// free number.
    ///
    /// # Errors
    /// If the file cannot be created, or the existing one cannot be renamed.
    pub fn create_in_place(
        path: &Path,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> Result<TraceWriter, TraceError> {
        rename_earlier(path)
            .map_err(|source| failed(path, "keep the existing file and create", source))?;
        let create = || {
            refuse_folder(path)?;
            let file = File::create(path)?;
            match is_compressed(path) {
                // A process flushes after a few lines.
                true => zstd::Encoder::new(file, COMPRESSION_LEVEL).map(Sink::Stream),
                false => Ok(Sink::Plain(file)),
            }
        };
        let sink = create().map_err(|source| failed(path, "create", source))?;
        let mut writer = TraceWriter::begin(path, Destination::InPlace, sink, scenario, provenance);
        writer.flush()?;
        Ok(writer)
    }

    fn begin(
        path: &Path,
        destination: Destination,
        sink: Sink,
        scenario: &Scenario,
        provenance: &Provenance,
    ) -> TraceWriter {
        let mut encoder = Encoder::for_trace(scenario);
        let mut pending = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
        Encoder::header(&mut pending, scenario.seed, provenance);
        encoder.scenario(scenario, &mut pending);
        TraceWriter {
            path: path.to_owned(),
            destination,
            sink: Some(sink),
            encoder,
            pending,
        }
    }

    /// Writes the next record.
    ///
    /// # Errors
    /// If the file cannot be written, for example because the disk is full.
    pub fn write(&mut self, record: &Record) -> Result<(), TraceError> {
        self.encoder.record(record, &mut self.pending);
        if self.pending.len() < CHUNK_BYTES {
            return Ok(());
        }
        self.flush()
    }

    /// Makes everything written so far readable from the file, even if the process is killed afterwards.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn flush(&mut self) -> Result<(), TraceError> {
        self.write_pending()?;
        let flushed = self.sink.as_mut().map_or(Ok(()), Sink::flush);
        flushed.map_err(|source| failed(&self.path, "write", source))
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// If the file cannot be written or renamed. Then nothing is left behind, except by a writer in place.
    pub fn finish(mut self) -> Result<(), TraceError> {
        self.encoder.end(&mut self.pending);
        self.write_pending()?;
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

    fn write_pending(&mut self) -> Result<(), TraceError> {
        let written = match &mut self.sink {
            Some(sink) => sink.write(&self.pending),
            None => Ok(()),
        };
        self.pending.clear();
        written.map_err(|source| failed(&self.path, "write", source))
    }

    fn discard(&mut self) {
        match &self.destination {
            Destination::Temporary(temporary) => {
                self.sink = None;
                // The file is useless; a failure to remove it changes nothing.
                drop(fs::remove_file(temporary));
            }
            Destination::InPlace => {
                // The pending lines may be the last information about the process.
                drop(self.write_pending());
                drop(self.sink.take().map(Sink::close));
            }
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

/// Renames an existing file, so that it is not overwritten. Pipes and other special files have no content to keep.
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
    let full = || {
        io::Error::new(
            io::ErrorKind::AlreadyExists,
            "no free number is left for its new name",
        )
    };
    fs::rename(path, free.ok_or_else(full)?)
}

/// The name with a number before its extension: `n1.jsonl.zst` becomes `n1.1.jsonl.zst`.
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

fn refuse_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder");
        return Err(error);
    }
    Ok(())
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> TraceError {
    let path = path.to_owned();
    TraceError::Io {
        path,
        doing,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_files_are_numbered_before_the_extension() {
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
