//! `quorumscope explain`.

use crate::cli::{check_refused, in_folder, quorumscope, text};
use serde_json::{Value, json};

fn explained(args: &[&str]) -> Value {
    let mut all = vec!["explain", "--json"];
    all.extend(args);
    let output = quorumscope(&all);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{args:?}: {}",
        text(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn node<'a>(report: &'a Value, name: &str) -> &'a Value {
    let nodes = report["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["node"] == name).unwrap()
}

#[test]
fn a_halted_network_names_who_is_missing_and_what_helps() {
    let report = explained(&["--scenario", "s2"]);
    let expected = json!({"available": false, "without": ["A", "D"], "bring_back": [["A"], ["D"]]});
    assert_eq!(report["availability"], expected);
    let verdict = &report["verdict"];
    assert_eq!(verdict["agreement"], "holds");
    assert_eq!(verdict["ill_behaved"], json!(["A", "D"]));
    assert_eq!(verdict["befouled"], json!(["B", "C", "E"]));
    assert_eq!(verdict["intact"], json!([]));
    let why_not = &node(&report, "B")["why_not"][0];
    let silent = json!({"standing": "silent", "arrives_us": null});
    let expected = json!({
        "step": "accept_nominated", "value": "burger", "ballot": null, "rule": "quorum",
        "needs": [["A"], ["D"]], "more": 0, "members": {"A": silent, "D": silent}, "by": "restart",
    });
    assert_eq!(*why_not, expected);
    let why = &node(&report, "B")["why"][0];
    assert_eq!(
        (&why["step"], &why["rule"]),
        (&json!("vote_nominate"), &json!("leader"))
    );
    let message = &why["messages"][0];
    let said = json!({"type": "nominate", "voted": ["burger"], "accepted": []});
    assert_eq!(message["said"], said);
    assert!(message["sent_us"].as_u64() < message["heard_us"].as_u64());
}

#[test]
fn the_text_says_the_same() {
    let output = quorumscope(&["explain", "--scenario", "s2", "--node", "B"]);
    let out = text(&output.stdout);
    for line in [
        "A quorum is available: no. Without A, D, B cannot decide",
        "Enough to bring back: A, or D",
        "Progress: STUCK, B, C, E cannot decide without a quorum",
        "  To accept the nomination of \"burger\", the votes of A, or D are missing",
        "    D: is silent",
        "    The restart of a node can bring this",
    ] {
        assert!(
            out.lines().any(|found| found == line),
            "{line:?} is not in {out}"
        );
    }
}

#[test]
fn a_decided_run_has_no_missing_steps() {
    let report = explained(&["--scenario", "s2-3of5"]);
    assert_eq!(report["availability"]["available"], true);
    for name in ["B", "C", "E"] {
        let node = node(&report, name);
        assert_eq!(node["phase"], "EXTERNALIZE");
        assert_eq!(node["why_not"], json!([]));
        let steps: Vec<&Value> = node["why"]
            .as_array()
            .unwrap()
            .iter()
            .map(|why| &why["step"])
            .collect();
        for step in ["vote_nominate", "accept_prepared", "confirm_commit"] {
            assert!(steps.contains(&&json!(step)), "{name}: {steps:?}");
        }
    }
}

#[test]
fn a_fork_is_broken_agreement_and_a_partition_heals() {
    let report = explained(&["--scenario", "s1"]);
    assert_eq!(report["verdict"]["agreement"], "broken");
    let report = explained(&["--scenario", "w4", "--at", "0s"]);
    assert_eq!(report["verdict"]["agreement"], "undefined");
    let report = explained(&["--scenario", "s3", "--at", "3s"]);
    let is_healed = |why_not: &Value| why_not["by"] == "heal";
    let nodes = report["nodes"].as_array().unwrap().iter();
    let mut all = nodes.flat_map(|node| node["why_not"].as_array().unwrap());
    assert!(all.any(is_healed), "{report}");
}

#[test]
fn a_trace_explains_the_same_as_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("s3.jsonl");
    let trace = trace.to_str().unwrap();
    let run = quorumscope(&["run", "--scenario", "s3", "--trace", trace, "--quiet"]);
    assert_eq!(run.status.code(), Some(0));
    for at in ["1200ms", "2s", "9s"] {
        let simulated = explained(&["--scenario", "s3", "--at", at]);
        let replayed = explained(&["--replay", trace, "--at", at]);
        assert_eq!(simulated, replayed, "{at}");
    }
}

#[test]
fn bad_arguments_are_refused() {
    check_refused(&["explain", "--scenario", "s2", "--node", "Z"], &["Z"]);
    check_refused(&["explain", "--at", "soon"], &["soon", "end"]);
    check_refused(&["explain", "--slot", "0"], &["0"]);
    let folder = tempfile::tempdir().unwrap();
    let path = in_folder(folder.path(), "bad.toml", "title = 1\n");
    check_refused(&["explain", "--scenario", &path], &["bad.toml"]);
}
