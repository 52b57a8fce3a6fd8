//! File contents as `conformance` and the trace reader read them. Reading may fail; every decoded transcript is
//! replayed.

use super::ScpHarness;
use super::choices::Choices;
use quorumscope::commands::conformance::format::{
    NamedEnvelope, NamedQuorumSet, SetFile, StepInput, Transcript,
};
use quorumscope::commands::conformance::{
    NameTable, VectorDriver, Vectors, check_sets, check_transcript, read_vectors,
};
use quorumscope::scp::{
    Envelope, EvidenceMode, LocalNode, NodeId, QuorumSetId, Scp, ScpEvent, SlotState,
};
use quorumscope::trace::format::Decoder;
use quorumscope::trace::{NodeRegistry, TraceError, TraceReader};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Longer transcripts and larger sets are only decoded.
const STEPS_MAX: usize = 300;
const NODES_MAX: usize = 60;

/// Decodes `text` as every type that it could be.
pub(crate) fn read_text(text: &str) {
    if let Some(envelope) = round_trip::<Envelope>(text) {
        receive_envelope(Arc::new(envelope));
    }
    round_trip::<NamedEnvelope>(text);
    let _ = serde_json::from_str::<StepInput>(text);
    round_trip::<ScpEvent>(text);
    round_trip::<SlotState>(text);
    let _ = Decoder::default().line(text.as_bytes(), &mut NodeRegistry::default());
    if let Ok(transcript) = serde_json::from_str::<Transcript>(text) {
        replay_transcript(&transcript);
    }
    if let Ok(sets) = serde_json::from_str::<SetFile>(text) {
        check_set_file(&sets);
    }
}

/// Reads `text` from a file in `folder` as every file format that it could be.
pub(crate) fn read_files(text: &str, folder: &Path) {
    for name in ["text.json", "text.jsonl"] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        match read_vectors(&path) {
            Ok(Vectors::Transcripts(transcripts)) => transcripts.iter().for_each(replay_transcript),
            Ok(Vectors::Sets(sets)) => check_set_file(&sets),
            Err(error) => assert!(format!("{error:#}").contains(name)),
        }
    }
    let path = folder.join("text.jsonl");
    let is_named = |error: TraceError| assert!(error.to_string().contains("text.jsonl"));
    match TraceReader::open(&path) {
        Ok(reader) => reader
            .take(10_000)
            .filter_map(Result::err)
            .for_each(is_named),
        Err(error) => is_named(error),
    }
}

fn replay_transcript(transcript: &Transcript) {
    let nodes: usize = transcript.qsets.values().map(size).sum();
    if transcript.steps.len() <= STEPS_MAX && nodes <= NODES_MAX {
        let _ = check_transcript(transcript);
        ScpHarness::run(transcript);
    }
}

fn check_set_file(file: &SetFile) {
    let mut sizes = (file.sets.iter().map(|case| size(&case.qset)))
        .chain(file.leaders.iter().map(|case| size(&case.qset)));
    let rounds: usize = file.leaders.iter().map(|case| case.rounds.len()).sum();
    if sizes.all(|size| size <= NODES_MAX) && rounds <= 100 {
        let _ = check_sets(file);
    }
}

fn size(set: &NamedQuorumSet) -> usize {
    set.v.len() + set.i.iter().map(size).sum::<usize>()
}

/// Decodes `text`, and checks that the result survives a round trip.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) -> Option<T> {
    let read: T = serde_json::from_str(text).ok()?;
    let again = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<T>(&again).unwrap(), read);
    Some(read)
}

/// Checks that a node can receive and restore an envelope with any numbers.
fn receive_envelope(envelope: Arc<Envelope>) {
    let names = NameTable::new(["n0", "n1"], ["s"]);
    let set = NamedQuorumSet {
        t: 1,
        v: vec!["n0".to_owned(), "n1".to_owned()],
        i: Vec::new(),
    };
    let driver = VectorDriver::new("!?~", &names, &BTreeMap::from([("s".to_owned(), set)]));
    let local = LocalNode {
        id: NodeId(0),
        quorum_set: QuorumSetId {
            owner: NodeId(0),
            nth: 1,
        },
        is_validator: true,
    };
    let mut scp = Scp::new(local, EvidenceMode::Record);
    for _ in 0..2 {
        let mut out = Vec::new();
        let _ = scp.receive(&driver, &envelope, &mut out);
        let _ = scp.restore(&driver, Arc::clone(&envelope), &mut out);
        assert_eq!(scp.check_invariants(), Ok(()));
    }
}

/// Unexpected JSON values.
const ODD: [&str; 16] = [
    "null",
    "-1",
    "0",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "1e400",
    "0.5",
    "true",
    "\"\"",
    "\"\\ud800\"",
    "\"0xf\"",
    "[]",
    "{}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
];

/// `text` with some tokens removed, repeated, swapped or replaced.
pub(crate) fn mutated_text(text: &str, choices: &mut Choices<'_>) -> String {
    let mut words: Vec<String> = text
        .split_inclusive(|c: char| "{}[],:\"\n".contains(c))
        .map(str::to_owned)
        .collect();
    for _ in 0..=choices.below(4) {
        if words.is_empty() {
            break;
        }
        let (at, other) = (place(choices, words.len()), place(choices, words.len()));
        match choices.below(6) {
            0 => drop(words.remove(at)),
            1 => words.insert(other, words[at].clone()),
            2 => words.swap(at, other),
            3 => words.insert(at, odd(choices)),
            4 => words[at] = odd(choices),
            _ => replace_number(&mut words[at..], choices),
        }
    }
    if choices.once_in(16) {
        words.truncate(place(choices, words.len()));
    }
    words.concat()
}

fn odd(choices: &mut Choices<'_>) -> String {
    ODD[choices.below(ODD.len())].to_owned()
}

/// Any index below `count`, which may be large.
fn place(choices: &mut Choices<'_>, count: usize) -> usize {
    choices.below(1 << 16) % count.max(1)
}

/// Replaces the first number and keeps the delimiter after it.
fn replace_number(words: &mut [String], choices: &mut Choices<'_>) {
    let is_digit = |c: char| c.is_ascii_digit();
    if let Some(word) = words.iter_mut().find(|word| word.starts_with(is_digit)) {
        let number = [0, 1, 2, u64::from(u32::MAX), 1 << 32][choices.below(5)];
        *word = format!("{}{}", number, word.trim_start_matches(is_digit));
    }
}
