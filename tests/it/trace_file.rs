//! Trace files: round trips, malformed input, truncation, limits.

use super::runs::{EVENTFUL, NETWORKS, records, scenario};
use quorumscope::scenario::Scenario;
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::time::Span;
use quorumscope::trace::{Provenance, Record, TraceError, TraceReader, TraceWriter};
use std::fs;
use std::path::Path;

fn write(path: &Path, scenario: &Scenario, records: &[Record]) {
    let mut writer = TraceWriter::create(path, scenario).unwrap();
    records
        .iter()
        .for_each(|record| writer.write(record).unwrap());
    writer.finish().unwrap();
}

fn read(path: &Path) -> Result<Vec<Record>, TraceError> {
    TraceReader::open(path)?.collect()
}

fn network(name: &str) -> Scenario {
    let (name, text) = NETWORKS.iter().find(|(known, _)| *known == name).unwrap();
    scenario(name, 2, None, text)
}

/// A short trace and its lines.
fn sample(path: &Path) -> Vec<String> {
    let scenario = network("joining and leaving within a slot");
    write(
        path,
        &scenario,
        &records(&scenario, Inline, Span::from_ms(2_800)),
    );
    let lines: Vec<String> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(lines.iter().any(|line| line.starts_with("{\"message\"")));
    lines
}

#[test]
fn records_survive_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in NETWORKS {
        let scenario = scenario(name, 1, None, text);
        let expected = records(&scenario, Inline, EVENTFUL);
        let sizes = ["trace.jsonl", "trace.jsonl.zst"].map(|file| {
            let path = folder.path().join(file);
            write(&path, &scenario, &expected);
            let reader = TraceReader::open(&path).unwrap();
            assert_eq!(**reader.scenario(), scenario, "{name}");
            let found: Vec<Record> = reader.map(Result::unwrap).collect();
            assert!(found == expected, "{name}, {file}");
            fs::metadata(&path).unwrap().len()
        });
        assert!(sizes[1] * 4 < sizes[0], "{name}: {sizes:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn each_message_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut messages: Vec<String> = sample(&folder.path().join("t.jsonl"));
    messages.retain(|line| line.starts_with("{\"message\""));
    let count = messages.len();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), count);
}

#[test]
fn an_abandoned_trace_leaves_the_existing_file_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    fs::write(&path, "what was here before").unwrap();
    let scenario = network("loss");
    let mut writer = TraceWriter::create(&path, &scenario).unwrap();
    for record in records(&scenario, Inline, Span::from_ms(100)) {
        writer.write(&record).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "what was here before");
    drop(writer);
    assert_eq!(fs::read_to_string(&path).unwrap(), "what was here before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn malformed_lines_are_refused_with_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    let lines = sample(&path);
    let last = lines.len();
    let first = |start: &str| {
        lines
            .iter()
            .position(|line| line.starts_with(start))
            .unwrap()
    };
    let (sent, stepped, message) = (
        first("{\"sent\""),
        first("{\"stepped\""),
        first("{\"message\""),
    );
    let check = |changed: Vec<String>, line: usize, words: &str| {
        fs::write(&path, changed.join("\n") + "\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        let place = format!("{}, line {line}: ", path.display());
        assert!(
            error.starts_with(&place) && error.contains(words),
            "{error}\nshould start with {place:?} and contain {words:?}"
        );
    };
    let with = |at: usize, line: String| {
        let mut changed = lines.clone();
        changed[at] = line;
        changed
    };
    let without = |at: usize| {
        let mut changed = lines.clone();
        changed.remove(at);
        changed
    };
    check(
        with(0, "hello".to_owned()),
        1,
        "expected the header of a trace",
    );
    check(
        with(0, lines[0].replace("quorumscope-trace", "other")),
        1,
        "the format is \"other\"",
    );
    check(
        with(0, lines[0].replace("\"version\":2", "\"version\":1")),
        1,
        "this is a trace of version 1; expected version 2",
    );
    check(
        with(0, lines[0].replace("\"seed\"", "\"sow\"")),
        1,
        "missing field `seed`",
    );
    check(
        with(sent, lines[sent].replace("\"flight\"", "\"fright\"")),
        sent + 1,
        "missing field `flight`",
    );
    check(
        with(sent, "{\"landed\":{}}".to_owned()),
        sent + 1,
        "unknown variant `landed`",
    );
    check(
        with(stepped, lines[stepped].replace("\"input\"", "\"output\"")),
        stepped + 1,
        "missing field `input`",
    );
    check(
        with(sent, lines[sent][..20].to_owned()),
        sent + 1,
        "expected a line of a trace",
    );
    let mut shifted = without(message);
    shifted.truncate(last - 2);
    fs::write(&path, shifted.join("\n") + "\n").unwrap();
    assert!(read(&path).is_err());
    check(without(sent), last - 1, "records instead of");
    check(without(last - 1), last, "the file ends after");
    check(
        [lines.clone(), vec!["{}".to_owned()]].concat(),
        last,
        "something follows the end",
    );
    fs::write(&path, lines.join("\n")).unwrap();
    assert!(
        read(&path)
            .unwrap_err()
            .to_string()
            .contains("the line is cut off")
    );
    fs::write(&path, "").unwrap();
    assert!(
        read(&path)
            .unwrap_err()
            .to_string()
            .contains("line 1: the file is empty")
    );
}

#[test]
fn a_reader_ends_with_the_first_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    let mut lines = sample(&path);
    let middle = lines.len() / 2;
    lines[middle] = "{}".to_owned();
    fs::write(&path, lines.join("\n")).unwrap();
    let read: Vec<_> = TraceReader::open(&path).unwrap().collect();
    let errors = read.iter().filter(|record| record.is_err()).count();
    assert!(errors == 1 && read.last().unwrap().is_err() && read.len() > 10);
}

#[test]
fn a_truncated_compressed_trace_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl.zst");
    let scenario = network("loss");
    write(&path, &scenario, &records(&scenario, Inline, EVENTFUL));
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains(", line ") && error.contains("expected"),
            "{error}"
        );
    }
}

#[test]
fn unusable_paths_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere").join("t.jsonl");
    let scenario = network("loss");
    let text = |error: TraceError| error.to_string();
    assert!(text(TraceReader::open(&missing).err().unwrap()).contains("cannot open the trace"));
    assert!(
        text(TraceWriter::create(&missing, &scenario).err().unwrap())
            .contains("cannot create the trace")
    );
    assert!(
        text(TraceWriter::create(folder.path(), &scenario).err().unwrap())
            .contains("it is a folder")
    );
}

/// Wherever the file of a killed process is cut off, the reader returns a prefix of its records. The prefix contains
/// everything up to the last flush.
#[test]
fn a_truncated_trace_is_read_up_to_its_last_complete_record() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = network("joining and leaving within a slot");
    let expected = records(&scenario, Inline, Span::from_ms(1_500));
    let half = expected.len() / 2;
    for name in ["t.jsonl", "t.jsonl.zst"] {
        let path = folder.path().join(name);
        let provenance = Provenance::default();
        let mut writer = TraceWriter::create_in_place(&path, &scenario, &provenance).unwrap();
        let begun = fs::metadata(&path).unwrap().len();
        let (first, rest) = expected.split_at(half);
        first
            .iter()
            .for_each(|record| writer.write(record).unwrap());
        writer.flush().unwrap();
        let flushed = fs::metadata(&path).unwrap().len();
        rest.iter().for_each(|record| writer.write(record).unwrap());
        writer.finish().unwrap();
        let whole = fs::read(&path).unwrap();
        let cut = folder.path().join("cut");
        for length in (begun..whole.len() as u64)
            .step_by(1_009)
            .chain([begun, flushed])
        {
            fs::write(&cut, &whole[..length as usize]).unwrap();
            let mut reader = TraceReader::open(&cut).unwrap().allow_truncated();
            let found: Vec<Record> = reader.by_ref().map(Result::unwrap).collect();
            assert!(reader.is_truncated(), "{name}, {length}");
            assert!(expected.starts_with(&found), "{name}, {length}");
            assert!(length < flushed || found.len() >= half, "{name}, {length}");
            let strict = read(&cut).unwrap_err().to_string();
            assert!(strict.contains("expected"), "{name}, {length}: {strict}");
        }
        let mut reader = TraceReader::open(&path).unwrap().allow_truncated();
        assert!(
            reader
                .by_ref()
                .map(Result::unwrap)
                .eq(expected.iter().cloned())
        );
        assert!(!reader.is_truncated(), "{name}");
    }
}

/// The trace of a process overwrites no file, and stays however the process ends.
#[test]
fn the_trace_of_a_process_is_kept_and_overwrites_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let scenario = network("loss");
    let records = records(&scenario, Inline, Span::from_ms(100));
    let kept = path("n1.jsonl.zst");
    for _ in 0..3 {
        let mut writer =
            TraceWriter::create_in_place(&kept, &scenario, &Provenance::default()).unwrap();
        records
            .iter()
            .for_each(|record| writer.write(record).unwrap());
    }
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["n1.1.jsonl.zst", "n1.2.jsonl.zst", "n1.jsonl.zst"]);
    for name in names {
        let reader = TraceReader::open(&folder.path().join(name)).unwrap();
        let found: Vec<Record> = reader.allow_truncated().map(Result::unwrap).collect();
        assert!(found == records, "a dropped writer loses no record");
    }
}

/// The reader stops early at a small file that would expand to gigabytes: many frames of equal lines, or one endless
/// line.
#[test]
fn a_file_that_expands_too_far_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.jsonl.zst");
    let compressed = |bytes: &[u8]| zstd::encode_all(bytes, 19).unwrap();
    let scenario = network("loss");
    let plain = folder.path().join("t.jsonl");
    write(&plain, &scenario, &[]);
    let header = fs::read_to_string(&plain).unwrap();
    let header = compressed(header.lines().next().unwrap().as_bytes());
    let refused = |frame: &[u8], frames: usize, words: &str| {
        let bomb = [header.clone(), compressed(b"\n"), frame.repeat(frames)].concat();
        assert!(bomb.len() < 500_000, "{}", bomb.len());
        fs::write(&path, bomb).unwrap();
        let error = TraceReader::open(&path).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    };
    let name = "n".repeat(64 << 10);
    let line = format!("{{\"node\":{{\"id\":\"A\",\"key\":\"A\",\"name\":\"{name}\"}}}}\n");
    let frame = compressed(line.repeat(1_000).as_bytes());
    refused(&frame, 65, "compressed bytes expand to more than");
    let frame = compressed(&[b' '].repeat(64 << 20));
    refused(&frame, 64, "the line is longer than");
}

#[test]
fn a_line_beyond_the_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.jsonl");
    fs::write(&path, vec![b'x'; (64 << 20) + 1]).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(
        error.contains("line 1: the line is longer than 67108864 bytes"),
        "{error}"
    );
}
