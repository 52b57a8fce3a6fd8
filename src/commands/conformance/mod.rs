//! Conformance test: replays golden transcripts of stellar-core in `scp` and compares the outputs message for message.
//!
//! Reading order: `format` (the files), `names` and `driver` (around the node), `replay`, `compare` and `sets`,
//! `report`. This module implements no rule of the protocol.

mod compare;
mod driver;
pub mod format;
mod names;
mod replay;
mod report;
mod sets;

pub use compare::{Difference, Mismatch, check_step, check_transcript};
pub use driver::VectorDriver;
pub(in crate::commands) use driver::{combine, hash, timeout};
pub use names::NameTable;
pub use replay::{StepResult, TranscriptReplay};
pub use report::{PassCount, Report, check_dir};
pub use sets::check_sets;

use crate::scenario::without_byte_order_mark;
use crate::text::conformance as text;
use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use format::{SetFile, Transcript};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// The supported version of the format.
const FORMAT: u32 = 1;

/// The content of one file.
#[derive(Clone, Debug)]
pub enum Vectors {
    /// Transcripts.
    Transcripts(Vec<Transcript>),
    /// Quorum-set cases.
    Sets(Box<SetFile>),
}

/// All vector files in `dir` and its subfolders, in order of their names.
///
/// # Errors
/// If a folder cannot be read.
pub fn vector_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    let listing = dir
        .read_dir()
        .with_context(|| text::folder_unreadable(&dir.display().to_string()))?;
    for entry in listing {
        entries.push(entry.with_context(|| dir.display().to_string())?.path());
    }
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let name = path.to_string_lossy();
        if path.is_dir() {
            files.extend(vector_files(&path)?);
        } else if [".json", ".json.gz", ".jsonl", ".jsonl.gz"]
            .iter()
            .any(|ending| name.ends_with(ending))
        {
            files.push(path);
        }
    }
    Ok(files)
}

/// Reads one vector file.
///
/// # Errors
/// If it cannot be read or has another format. The error names the file and the line.
pub fn read_vectors(file: &Path) -> anyhow::Result<Vectors> {
    let text = read_text(file).with_context(|| file.display().to_string())?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".jsonl") || name.ends_with(".jsonl.gz") {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let parsed = lines.map(|(nth, line)| {
            let transcript: Transcript = parse(line)
                .with_context(|| text::line(&file.display().to_string(), &(nth + 1).to_string()))?;
            Ok(transcript)
        });
        return Ok(Vectors::Transcripts(parsed.collect::<anyhow::Result<_>>()?));
    }
    let place = || file.display().to_string();
    let is_sets = parse::<FileHeader>(&text)
        .with_context(place)?
        .kind
        .is_some();
    Ok(if is_sets {
        Vectors::Sets(Box::new(parse(&text).with_context(place)?))
    } else {
        Vectors::Transcripts(vec![parse(&text).with_context(place)?])
    })
}

/// The fields that identify the version and kind of a file.
#[derive(serde::Deserialize)]
struct FileHeader {
    format: u32,
    kind: Option<String>,
}

fn parse<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    let head: FileHeader = serde_json::from_str(text)?;
    if head.format != FORMAT {
        bail!(text::format_expected(head.format, FORMAT));
    }
    Ok(serde_json::from_str(text)?)
}

fn read_text(file: &Path) -> anyhow::Result<String> {
    let raw = BufReader::new(File::open(file)?);
    let mut text = String::new();
    if file.extension().is_some_and(|ending| ending == "gz") {
        GzDecoder::new(raw).read_to_string(&mut text)?;
    } else {
        { raw }.read_to_string(&mut text)?;
    }
    Ok(without_byte_order_mark(&text).to_owned())
}
