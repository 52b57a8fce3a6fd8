//! Tests of the files of `run`: outputs that would replace each other, traces of killed runs, byte order marks, networks
//! that are too large or hard to analyse.

#[cfg(unix)]
use super::cli::endless_run;
use super::cli::{check_refused, in_folder, quorumscope, text};
use std::fs;
use std::path::Path;

/// The names in a folder, ascending.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn outputs_that_are_one_file_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("inner")).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |args: &[&str], expected: &[&str]| {
        check_refused(&[&["run", "--scenario", "w1"], args].concat(), expected);
    };
    let out = path("out");
    let same = ["same file", "out"];
    for other in ["out", "./out", "inner/../out"] {
        let other = path(other);
        for pair in [
            ["--trace", "--svg"],
            ["--trace", "--png"],
            ["--svg", "--png"],
        ] {
            let [one, two] = pair;
            refused(&[one, &out, two, &other], &[&same[..], &pair].concat());
        }
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("out", path("link")).unwrap();
        refused(&["--trace", &out, "--svg", &path("link")], &["same file"]);
        fs::remove_file(path("link")).unwrap();
    }
    assert_eq!(names(folder.path()), ["inner"]);
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let network = r#"[{"publicKey": "a", "quorumSet": {"threshold": 1, "validators": ["a"]}}]"#;
    let network = in_folder(folder.path(), "network.json", network);
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios/w1.toml");
    let scenario = in_folder(
        folder.path(),
        "w1.toml",
        &fs::read_to_string(scenario).unwrap(),
    );
    let trace = path("t.jsonl");
    let recorded = quorumscope(&["run", "--scenario", &scenario, "--trace", &trace]);
    assert_eq!(
        recorded.status.code(),
        Some(0),
        "{}",
        text(&recorded.stderr)
    );
    let before = fs::read(&trace).unwrap();
    let dotted = path("./t.jsonl");
    for (input, file, output, other) in [
        ("--scenario", &scenario, "--trace", &scenario),
        ("--network", &network, "--trace", &network),
        ("--network", &network, "--svg", &network),
        ("--replay", &trace, "--svg", &dotted),
        ("--replay", &trace, "--png", &trace),
    ] {
        let args = [input, file, output, other];
        check_refused(&[&["run"], &args[..]].concat(), &[input, output, "input"]);
    }
    check_refused(&["--scenario", &scenario, "--trace", &scenario], &["input"]);
    check_refused(
        &["run", "--replay", &trace, "--trace", &trace],
        &["--trace"],
    );
    check_refused(&["merge", &trace, "--output", &dotted], &["t.jsonl"]);
    assert_eq!(fs::read(&trace).unwrap(), before);
    assert_eq!(names(folder.path()), ["network.json", "t.jsonl", "w1.toml"]);
}

/// Starts a run of a day of virtual time with a trace, kills it after its first flush and returns the name of the file
/// that it leaves.
#[cfg(unix)]
fn left_over(folder: &Path, trace: &str) -> String {
    let (mut child, partial) = endless_run(&folder.join(trace), 10_000);
    let written = quorumscope(&[
        "run",
        "--scenario",
        "w1",
        "--trace",
        &path_of(folder, trace),
    ]);
    assert!(
        !text(&written.stderr).contains(&partial),
        "it is not left over yet"
    );
    fs::remove_file(folder.join(trace)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    partial
}

#[cfg(unix)]
fn path_of(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn the_trace_of_a_killed_run_can_be_read_and_is_reported() {
    for trace in ["t.jsonl", "t.jsonl.zst"] {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path(), trace);
        let partial = left_over(folder.path(), trace);
        let left = path_of(folder.path(), &partial);
        check_refused(&["run", "--replay", &path], &[&partial, "--replay"]);
        let replayed = quorumscope(&["run", "--replay", &left, "--json"]);
        let (out, error) = (text(&replayed.stdout), text(&replayed.stderr));
        assert!(
            error.contains(&partial) && error.contains("incomplete"),
            "{error}"
        );
        assert!(out.contains("\"nodes\":20"), "{out}");
        let run = quorumscope(&["run", "--scenario", "w1", "--trace", &path]);
        let error = text(&run.stderr);
        assert_eq!(run.status.code(), Some(0), "{error}");
        assert!(error.contains(&format!("--replay {left}")), "{error}");
        assert_eq!(names(folder.path()), [trace, &partial]);
    }
}

#[test]
fn a_byte_order_mark_is_accepted_in_every_input() {
    let folder = tempfile::tempdir().unwrap();
    let marked = |name: &str, content: &str| {
        let content = format!("\u{feff}{content}");
        in_folder(folder.path(), name, &content)
    };
    let run = |args: &[&str]| {
        let output = quorumscope(&[&["run"], args].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {error}");
    };
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios/w1.toml");
    let scenario = marked("w1.toml", &fs::read_to_string(scenario).unwrap());
    let trace = folder.path().join("t.jsonl");
    run(&["--scenario", &scenario, "--trace", trace.to_str().unwrap()]);
    let trace = marked("marked.jsonl", &fs::read_to_string(&trace).unwrap());
    run(&["--replay", &trace]);
    let network = marked(
        "network.json",
        r#"[{"publicKey": "a", "quorumSet": {"threshold": 1, "validators": ["a"]}}]"#,
    );
    let organizations = marked(
        "organizations.json",
        r#"[{"id": "o", "validators": ["a"]}]"#,
    );
    run(&["--network", &network, "--organizations", &organizations]);
}

/// A node list: node i has this quorum set.
fn node_list(count: usize, mut set: impl FnMut(usize) -> (usize, Vec<usize>)) -> String {
    let nodes = (0..count).map(|node| {
        let (threshold, members) = set(node);
        let keys: Vec<String> = members.iter().map(|key| format!("\"G{key}\"")).collect();
        let keys = keys.join(",");
        format!(
            r#"{{"publicKey":"G{node}","quorumSet":{{"threshold":{threshold},"validators":[{keys}]}}}}"#
        )
    });
    format!("[{}]", nodes.collect::<Vec<_>>().join(","))
}

/// Different numbers below `count`, in pseudo-random order.
fn drawn(seed: &mut u64, count: usize, wanted: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    for at in 0..wanted {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = at + (*seed >> 33) as usize % (count - at);
        numbers.swap(at, other);
    }
    numbers.truncate(wanted);
    numbers
}

#[test]
fn networks_that_no_run_can_hold_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut seed = 1;
    let wide = node_list(10_000, |_| (2, drawn(&mut seed, 20, 3)));
    let wide = in_folder(folder.path(), "wide.json", &wide);
    let expected = ["wide.json: 10000 nodes, expected 1 to 2000", "Leave out"];
    check_refused(&["run", "--network", &wide], &expected);
    let deep = in_folder(
        folder.path(),
        "deep.json",
        &node_list(1, |_| (1, (0..10_000).collect())),
    );
    let expected = ["deep.json: 10000 nodes, 9999 of them only in quorum sets"];
    check_refused(&["run", "--network", &deep], &expected);
}

#[test]
fn a_network_that_is_hard_to_analyse_runs_and_its_intersection_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let mut seed = 1;
    let hard = node_list(120, |_| (21, drawn(&mut seed, 120, 40)));
    let hard = in_folder(folder.path(), "hard.json", &hard);
    let output = quorumscope(&["run", "--network", &hard, "--until", "1ms", "--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["intersecting"], "unknown");
}
