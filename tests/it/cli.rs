//! End-to-end tests of the command line: exit codes, error texts, deterministic summaries.

use quorumscope::trace::TraceReader;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

pub(crate) fn quorumscope(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorumscope"));
    // Without a display, commands that open a window fall back to the terminal.
    command
        .args(args)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY");
    command.output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The JSON summary without `cpu_ms`, the only field in which two runs may differ.
fn summary(args: &[&str], code: i32) -> serde_json::Value {
    let output = quorumscope(args);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        text(&output.stderr)
    );
    let mut json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        json.as_object_mut()
            .unwrap()
            .remove("cpu_ms")
            .unwrap()
            .is_u64()
    );
    json
}

pub(crate) fn check_refused(args: &[&str], expected: &[&str]) {
    let output = quorumscope(args);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
    for part in expected {
        assert!(
            error.contains(part),
            "{args:?}: {part:?} is not in: {error}"
        );
    }
    assert!(!error.contains("panicked"), "{error}");
}

pub(crate) fn in_folder(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn json_summary_is_complete_and_deterministic() {
    let args = ["run", "--scenario", "demo", "--seed", "7", "--json"];
    let first = summary(&args, 0);
    assert_eq!(first, summary(&args, 0));
    assert_eq!(first["scenario"], "demo");
    assert_eq!(first["seed"], 7);
    assert_eq!(first["executor"], "inline");
    assert_eq!(first["nodes"], 20);
    assert_eq!(first["outcome"], "agreed");
    assert_eq!(first["intersecting"], true);
    assert_eq!(first["slots"]["1"].as_object().unwrap().len(), 20);
    let messages = &first["messages"];
    let count = |name: &str| messages[name].as_u64().unwrap();
    assert!(count("sent") >= count("delivered") + count("lost") && count("delivered") > 100);
    assert!(
        first["rounds_max"].as_u64().unwrap() >= 1 && first["ballots_max"].as_u64().unwrap() >= 1
    );
    assert!(first["virtual_ms"].as_f64().unwrap() > 0.0);
    let mut threads = summary(&[&args[..], &["--executor", "threads"]].concat(), 0);
    assert_eq!(threads["executor"], "threads");
    threads["executor"] = "inline".into();
    assert_eq!(first, threads);
}

#[test]
fn exit_code_matches_run_outcome() {
    let fork = summary(&["run", "--scenario", "w4", "--json"], 1);
    assert_eq!(
        (&fork["outcome"], &fork["intersecting"]),
        (&"violated".into(), &false.into())
    );
    let stuck = summary(&["run", "--scenario", "s2", "--json"], 3);
    assert_eq!(stuck["outcome"], "no_progress");
    assert_eq!(
        stuck["slots"]
            .as_object()
            .unwrap()
            .values()
            .filter(|slot| !slot.as_object().unwrap().is_empty())
            .count(),
        0
    );
}

#[test]
fn summary_names_undecided_nodes_and_missing_quorums() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| text(&quorumscope(&[&["run"], args].concat()).stdout);
    // "a" depends on a node that the list lacks.
    let network = in_folder(
        folder.path(),
        "no-quorum.json",
        r#"[{"publicKey": "a", "quorumSet": {"threshold": 2, "validators": ["a", "gone"]}}]"#,
    );
    let out = run(&["--network", &network]);
    assert!(out.contains("no progress: there is no quorum"), "{out}");
    assert!(
        out.contains("quorums intersect: there is no quorum"),
        "{out}"
    );
    let out = run(&["--scenario", "s3", "--until", "1s"]);
    assert!(
        out.contains("slot 1: \"pizza\", decided by 3 of 5\nslot 1: not decided by D, S\n"),
        "{out}"
    );
    let out = run(&["--scenario", "s2"]);
    assert!(
        out.contains("3 of 5 nodes are eligible") && out.contains("slot 1: decided by no node"),
        "{out}"
    );
    let out = run(&["--scenario", "w1", "--until", "slot", "2"]);
    assert!(out.contains("no progress: slot 2 never began"), "{out}");
    assert!(out.contains("decided by all 4"), "{out}");
    let silent = format!(
        "title = \"T\"\ndescription = \"D\"\napplication = \"log\"\n{}",
        "[quorum_sets]\nq = { threshold = 1, validators = [\"a\"] }\n[[nodes]]\nname = \"a\"\nquorum_set = \"q\"\n"
    );
    let silent = in_folder(folder.path(), "silent.toml", &silent);
    let out = run(&["--scenario", &silent]);
    assert!(out.contains("no progress: nothing was proposed"), "{out}");
}

#[test]
fn window_command_falls_back_to_terminal_without_display() {
    let output = quorumscope(&["--scenario", "w1"]);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains("terminal"), "{err}");
    assert!(
        out.contains("agreed") && out.contains("quorums intersect: yes"),
        "{out}"
    );
}

#[test]
fn run_writes_images_and_traces() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (svg, png, trace) = (path("a.svg"), path("a.png"), path("a.jsonl.zst"));
    let args = [
        "run",
        "--scenario",
        "w1",
        "--quiet",
        "--svg",
        &svg,
        "--png",
        &png,
        "--trace",
        &trace,
    ];
    let output = quorumscope(&args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert!(fs::read_to_string(svg).unwrap().starts_with("<svg"));
    assert_eq!(&fs::read(png).unwrap()[..8], b"\x89PNG\r\n\x1a\n");
    assert!(fs::metadata(trace).unwrap().len() > 1000);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "a temporary file is left"
    );
}

#[test]
fn rejects_bad_arguments_and_files_with_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| in_folder(folder.path(), name, content);
    check_refused(
        &["run", "--scenario", "dmeo"],
        &["dmeo", "demo", "scenarios"],
    );
    check_refused(&["--scenario", "dmeo"], &["dmeo"]);
    check_refused(
        &["run", "--no-such-argument"],
        &["--no-such-argument", "Usage"],
    );
    check_refused(&["run", "--nodes", "0"], &["0"]);
    check_refused(&["run", "--nodes", "100000"], &["100000", "10000"]);
    check_refused(
        &["run", "--nodes", "5000", "--executor", "threads"],
        &["5000", "2000", "inline"],
    );
    check_refused(&["run", "--scenario", "w1", "--nodes", "7"], &["w1"]);
    check_refused(&["run", "--until", "soon"], &["soon", "slot N"]);
    check_refused(&["run", "--network", "missing.json"], &["missing.json"]);
    check_refused(&["run", "--scenario", "missing.toml"], &["missing.toml"]);
    let toml = file("broken.toml", "title = \"x\"\ndescription = \n");
    check_refused(
        &["run", "--scenario", &toml],
        &["broken.toml", "line 2", "column"],
    );
    let unknown = file("unknown.toml", "title = \"x\"\ncolour = 3\n");
    check_refused(
        &["run", "--scenario", &unknown],
        &["unknown.toml", "line 2", "colour", "expected"],
    );
    let json = file("broken.json", "[\n  {\"publicKey\": 7}\n]\n");
    check_refused(
        &["run", "--network", &json],
        &["broken.json", "line 2", "publicKey"],
    );
    let binary = folder.path().join("binary.toml");
    fs::write(&binary, [0xff, 0xfe, 0]).unwrap();
    check_refused(
        &["run", "--scenario", binary.to_str().unwrap()],
        &["binary.toml", "UTF-8"],
    );
    for output in ["--trace", "--svg", "--png"] {
        let path = folder
            .path()
            .join("missing/out")
            .to_str()
            .unwrap()
            .to_owned();
        check_refused(
            &["run", "--scenario", "w1", output, &path],
            &["missing/out", "write"],
        );
    }
}

/// Sends a signal such as `-TERM`.
pub(crate) fn send_signal(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let mut kill = Command::new("kill");
    assert!(kill.args([signal, &pid]).status().unwrap().success());
}

/// Starts a run of a day of virtual time, longer than a test waits, and returns once its unfinished trace has this size.
/// Also returns the name of the unfinished file.
#[cfg(unix)]
pub(crate) fn endless_run(trace: &Path, bytes: u64) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quorumscope"))
        .args([
            "run",
            "--scenario",
            "demo",
            "--until",
            "86400000ms",
            "--trace",
        ])
        .arg(trace)
        .spawn()
        .unwrap();
    let name = trace.file_name().unwrap().to_str().unwrap();
    let partial = format!("{name}.{}.partial", child.id());
    let path = trace.with_file_name(&partial);
    while fs::metadata(&path).map_or(0, |about| about.len()) < bytes {
        assert!(child.try_wait().unwrap().is_none(), "the run has ended");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (child, partial)
}

/// After SIGINT or SIGTERM the trace has an end record and contains every record so far.
#[cfg(unix)]
#[test]
fn interrupted_run_completes_its_trace() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("t.jsonl");
        let (mut child, _) = endless_run(&trace, 200_000);
        send_signal(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let records = TraceReader::open(&trace)
            .unwrap()
            .collect::<Result<Vec<_>, _>>();
        assert!(records.unwrap().len() > 100);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "a temporary file is left"
        );
    }
}

/// Runs the program with its standard output connected to `stdout`.
fn into(stdout: impl Into<Stdio>, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorumscope"));
    command.args(args).stdout(stdout).stderr(Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

/// Runs the commands that print a result without a network or a window, each with a new `stdout`. Returns them with
/// their exit codes and their errors.
fn run_printing_commands<T: Into<Stdio>>(stdout: impl Fn() -> T) -> Vec<(String, i32, String)> {
    let folder = tempfile::tempdir().unwrap();
    let vectors = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance/asym.jsonl.gz"
    );
    fs::copy(vectors, folder.path().join("asym.jsonl.gz")).unwrap();
    let conformance = format!("conformance {}", folder.path().display());
    let commands = [
        "--help",
        "--version",
        "scenarios",
        "run --scenario w1",
        "run --scenario w1 --json",
        "run --scenario w1 --digest",
        "bench scp --nodes 4 --slots 1",
        "bench scp --nodes 4 --slots 1 --json",
        &conformance,
        &format!("{conformance} --json"),
    ];
    let ran = commands.map(|command| {
        let args: Vec<&str> = command.split(' ').collect();
        let output = into(stdout(), &args);
        let code = output.status.code().unwrap();
        (command.to_owned(), code, text(&output.stderr))
    });
    ran.into()
}

#[cfg(target_os = "linux")]
#[test]
fn failed_write_to_stdout_is_an_error() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for (command, code, error) in run_printing_commands(full) {
        assert_eq!(code, 2, "{command}: {error}");
        let expected = "quorumscope: cannot write to standard output: No space left on device";
        assert!(error.contains(expected), "{command}: {error}");
    }
}

#[test]
fn closed_pipe_is_no_error() {
    let closed = || std::io::pipe().unwrap().1;
    for (command, code, error) in run_printing_commands(closed) {
        assert_eq!(code, 0, "{command}: {error}");
        assert!(!error.contains("standard output"), "{command}: {error}");
    }
}
