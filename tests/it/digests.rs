//! Digests of built-in scenarios, kept in `tests/transcripts/digests.txt`: a run gives the same records on every machine,
//! with both executors, and replayed from its trace.
//!
//! After an intended change of the protocol, of a scenario or of the trace format, `REWRITE=1 cargo test --test it digests`
//! rewrites the file.

use quorumscope::scenario::BUILT_IN;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// A scenario of 90 nodes, which takes too long without optimisation: each scenario is run twice and replayed.
const SLOW: &str = "classic";

/// A scenario that decides three slots.
const UNTIL: &str = "s3";

/// The names of all other built-in scenarios.
fn fast_scenarios() -> impl Iterator<Item = &'static str> {
    let names = BUILT_IN.iter().map(|scenario| scenario.name);
    names.filter(|name| *name != SLOW)
}

/// What `run --digest` prints with these arguments. The exit code depends on the outcome of the scenario.
fn digest(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorumscope"));
    let output = command.args(["run", "--digest"]).args(args).output();
    let output = output.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let digest = printed.trim_end();
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(is_digest, "{args:?} printed {printed:?}: {error}");
    digest.to_owned()
}

/// The digest of a scenario, after checking that executors and replay agree.
fn agreed_digest(name: &str, folder: &Path) -> String {
    let trace = folder.join(format!("{name}.jsonl.zst"));
    let trace = trace.to_str().unwrap();
    let inline = digest(&["--scenario", name, "--trace", trace]);
    let threads = digest(&["--scenario", name, "--executor", "threads"]);
    assert_eq!(threads, inline, "{name}: executors differ");
    assert_eq!(
        digest(&["--replay", trace]),
        inline,
        "{name}: the replay differs from the run"
    );
    inline
}

/// A replay stops where a simulation with the same `--until` stops, also if the trace continues.
#[test]
fn a_replay_until_an_instant_or_a_slot_has_the_digest_of_the_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("until.jsonl.zst");
    let trace = trace.to_str().unwrap();
    let whole = digest(&["--scenario", UNTIL, "--until", "slot 3", "--trace", trace]);
    assert_eq!(digest(&["--replay", trace, "--until", "slot 3"]), whole);
    for until in ["slot 1", "1s"] {
        let simulated = digest(&["--scenario", UNTIL, "--until", until]);
        assert_ne!(simulated, whole, "{until}");
        let replayed = digest(&["--replay", trace, "--until", until]);
        assert_eq!(replayed, simulated, "{until}");
    }
}

#[test]
fn built_in_scenarios_have_the_recorded_digests() {
    let folder = tempfile::tempdir().unwrap();
    let actual: String = fast_scenarios()
        .map(|name| format!("{name} {}\n", agreed_digest(name, folder.path())))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/digests.txt");
    if env::var_os("REWRITE").is_some() {
        fs::write(&path, &actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(
        actual,
        expected,
        "the records of a scenario or their form in traces have changed; REWRITE=1 rewrites {}",
        path.display()
    );
}
