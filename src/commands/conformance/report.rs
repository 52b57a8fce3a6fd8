//! Result of checking a folder: the number of vectors of each class that passed, and the first difference of each that
//! failed.

use super::compare::{Mismatch, check_transcript};
use super::sets::check_sets;
use super::{Vectors, read_vectors, vector_files};
use crate::text::conformance as text;
use anyhow::bail;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The class of quorum-set cases. A transcript names its class itself.
const SETS_CLASS: &str = "qsets";

/// The number of vectors, and how many of them passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PassCount {
    /// All vectors.
    pub total: usize,
    /// Vectors without a difference.
    pub passed: usize,
}

impl PassCount {
    fn add(&mut self, passed: usize) {
        self.total += 1;
        self.passed += passed;
    }
}

impl fmt::Display for PassCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.passed, self.total)
    }
}

/// The result of checking a folder of vectors.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// All transcripts and quorum-set cases.
    #[serde(flatten)]
    pub all: PassCount,
    /// The counts by class.
    pub classes: BTreeMap<String, PassCount>,
    /// The first difference of each transcript or case that failed, with its file.
    #[serde(skip)]
    pub mismatches: Vec<(PathBuf, Mismatch)>,
    /// Steps in all transcripts.
    #[serde(skip)]
    pub steps: usize,
    /// Inputs on which stellar-core aborts.
    #[serde(skip)]
    pub fatal: usize,
}

impl Report {
    /// Whether everything passed.
    #[must_use]
    pub fn is_conforming(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// One JSON object with `total`, `passed`, and both for each of `classes`.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn add(&mut self, file: &Path, class: &str, result: Result<(), Mismatch>) {
        let passed = usize::from(result.is_ok());
        self.all.add(passed);
        match self.classes.get_mut(class) {
            Some(count) => count.add(passed),
            None => {
                self.classes
                    .insert(class.to_owned(), PassCount { total: 1, passed });
            }
        }
        if let Err(mismatch) = result {
            self.mismatches.push((file.to_owned(), mismatch));
        }
    }

    fn add_file(&mut self, file: &Path, vectors: &Vectors) {
        match vectors {
            Vectors::Transcripts(transcripts) => {
                for transcript in transcripts {
                    self.steps += transcript.steps.len();
                    self.fatal += usize::from(transcript.fatal.is_some());
                    self.add(file, &transcript.class, check_transcript(transcript));
                }
            }
            Vectors::Sets(sets) => {
                for result in check_sets(sets) {
                    self.add(file, SETS_CLASS, result);
                }
            }
        }
    }
}

impl fmt::Display for Report {
    /// The differences, one line for each class, and the total.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (file, mismatch) in &self.mismatches {
            writeln!(f, "{}: {mismatch}\n", file.display())?;
        }
        for (class, count) in &self.classes {
            writeln!(f, "{class} {count}")?;
        }
        let (all, steps, fatal) = (self.all, self.steps, self.fatal);
        let (steps, fatal) = (steps.to_string(), fatal.to_string());
        f.write_str(&text::total(&all.to_string(), &steps, &fatal))
    }
}

/// Checks all vector files in `dir` and its subfolders, in order of their names.
///
/// # Errors
/// If a file cannot be read or has another format, or if there is no file.
pub fn check_dir(dir: &Path) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let files = vector_files(dir)?;
    if files.is_empty() {
        bail!(text::no_vectors(&dir.display().to_string()));
    }
    for file in files {
        report.add_file(&file, &read_vectors(&file)?);
    }
    Ok(report)
}
