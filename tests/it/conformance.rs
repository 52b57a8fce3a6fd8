//! `quorumscope conformance` as a process: counts, reports of differences, refused files.

use super::vectors::readable;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

fn read(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(readable().join(name)).unwrap()).unwrap()
}

fn conformance(dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quorumscope"))
        .arg("conformance")
        .arg(dir)
        .args(more)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A network of four nodes that decides; the file expects another vote in the first step.
fn with_wrong_vote() -> Value {
    let mut transcript = read("02-happy-path.json");
    let vote = transcript.pointer_mut("/steps/0/out/1/emit/st/nominate/voted/0");
    *vote.unwrap() = json!("zebra");
    transcript
}

#[test]
fn every_kind_of_file_is_read_and_counted_by_class() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let mut flat = read("02-happy-path.json");
    flat["class"] = json!("flat");
    let lines = format!("{flat}\n{flat}\n");
    fs::create_dir_all(path("below/further.jsonl")).unwrap();
    fs::write(path("a.jsonl"), &lines).unwrap();
    fs::write(path("below/b.jsonl.gz"), gzip(&lines)).unwrap();
    fs::write(
        path("below/further.jsonl/c.json"),
        read("01-alone.json").to_string(),
    )
    .unwrap();
    let sets = read("qsets-small.json");
    fs::write(path("qsets.json.gz"), gzip(&sets.to_string())).unwrap();
    fs::write(path("qsets-more.json"), sets.to_string()).unwrap();
    fs::write(path("notes.md"), "not a vector").unwrap();

    let output = conformance(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let questions = |part: &str| sets[part].as_array().unwrap().len();
    let quorums = sets["quorums"].as_array().unwrap();
    let asked = quorums
        .iter()
        .map(|case| case["tests"].as_array().unwrap().len());
    let cases = 2 * (questions("sets") + asked.sum::<usize>() + questions("leaders"));
    assert!(cases > 10);
    let total = cases + 5;
    let text = out(&output);
    let lines: Vec<&str> = text.lines().collect();
    let qsets = format!("qsets {cases}/{cases}");
    assert_eq!(lines[..3], ["flat 4/4", qsets.as_str(), "scripted 1/1"]);
    assert!(
        lines[3].starts_with(&format!("total {total}/{total} ")) && lines.len() == 4,
        "{text}"
    );

    let output = conformance(dir.path(), &["--json"]);
    let counted: Value = serde_json::from_str(&out(&output)).unwrap();
    let both = |n: usize| json!({"total": n, "passed": n});
    let expected = json!({
        "total": total,
        "passed": total,
        "classes": {"flat": both(4), "qsets": both(cases), "scripted": both(1)},
    });
    assert_eq!(counted, expected);
}

#[test]
fn a_difference_is_reported_with_file_step_input_and_both_values() {
    let dir = tempfile::tempdir().unwrap();
    let lines = format!("{}\n{}\n", read("01-alone.json"), with_wrong_vote());
    fs::write(dir.path().join("made-up.jsonl"), lines).unwrap();
    let output = conformance(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let text = out(&output);
    let lines: Vec<&str> = text.lines().collect();
    for part in ["made-up.jsonl: ", "scripted/02-happy-path/n00, step 0 "] {
        assert!(lines[0].contains(part), "{text}");
    }
    assert!(
        lines[1].contains("input") && lines[1].contains(r#"{"nominate":{"slot":1,"value":"a""#),
        "{text}"
    );
    assert!(
        lines[2].contains("expected") && lines[2].contains(r#""voted":["zebra"]"#),
        "{text}"
    );
    assert!(
        lines[3].contains("actual") && lines[3].contains(r#""voted":["a"]"#),
        "{text}"
    );
    assert!(text.contains("\nscripted 1/2\ntotal 1/2 "), "{text}");

    let output = conformance(dir.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let counted: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(
        counted["classes"]["scripted"],
        json!({"total": 2, "passed": 1})
    );
    assert!(err(&output).contains("zebra"));
}

#[test]
fn return_values_timers_decisions_and_set_cases_are_compared() {
    let check = |path: &str, value: Value, expected: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        let mut transcript = read("02-happy-path.json");
        *transcript.pointer_mut(path).unwrap() = value;
        fs::write(dir.path().join("x.json"), transcript.to_string()).unwrap();
        let output = conformance(dir.path(), &[]);
        assert_eq!(output.status.code(), Some(1), "{path}: {}", out(&output));
        for part in expected {
            assert!(out(&output).contains(part), "{path}: {}", out(&output));
        }
    };
    check(
        "/steps/0/res",
        json!("unchanged"),
        &[
            "return value",
            r#"expected  "unchanged""#,
            r#"actual    "updated""#,
        ],
    );
    check(
        "/steps/0/out/0/set/ms",
        json!(7),
        &["timers", r#"{"set":7}"#, r#"{"set":1000}"#],
    );
    check(
        "/externalized/1",
        json!("q"),
        &["decision of slot 1", r#"expected  "q""#, r#"actual    "b""#],
    );

    let dir = tempfile::tempdir().unwrap();
    let mut sets = read("qsets-small.json");
    let sane = sets["sets"][0]["sane"].as_bool().unwrap();
    sets["sets"][0]["sane"] = json!(!sane);
    fs::write(dir.path().join("qsets.json"), sets.to_string()).unwrap();
    let output = conformance(dir.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("qsets.json: sets[0]: sane"),
        "{}",
        out(&output)
    );
}

#[test]
fn unreadable_files_are_refused_with_file_and_line() {
    let check = |name: &str, content: &[u8], expected: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), content).unwrap();
        let output = conformance(dir.path(), &[]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", out(&output));
        assert!(output.stdout.is_empty());
        for part in expected {
            assert!(
                err(&output).contains(part),
                "{part:?} is not in: {}",
                err(&output)
            );
        }
    };
    let good = read("01-alone.json").to_string();
    let broken = format!("{good}\n{{\"format\": 1,, }}\n");
    check("x.jsonl", broken.as_bytes(), &["x.jsonl, line 2", "column"]);
    check("x.jsonl.gz", &gzip(&broken), &["x.jsonl.gz, line 2"]);
    check(
        "x.json",
        b"{\n  \"format\": 1,\n  oops\n}",
        &["x.json", "line 3"],
    );
    let mut other = read("01-alone.json");
    other["format"] = json!(2);
    check(
        "x.json",
        other.to_string().as_bytes(),
        &["x.json", "format 2"],
    );
    let mut strange = read("01-alone.json");
    strange["steps"][0]["in"] = json!({"dance": {}});
    check(
        "x.json",
        strange.to_string().as_bytes(),
        &["x.json", "dance", "line 1"],
    );
    let whole = gzip(&good);
    check("x.jsonl.gz", &whole[..whole.len() / 2], &["x.jsonl.gz"]);
    check(
        "qsets.json",
        b"{\"format\": 1, \"kind\": \"quorum_sets\"}",
        &["qsets.json", "sets"],
    );
    check("readme.txt", b"", &["no vectors"]);
    let output = conformance(Path::new("missing/folder"), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("missing/folder"));
}
