//! Equality with the reference, on every transcript and quorum-set case there is.

use quorumscope::commands::conformance::check_dir;
use std::path::Path;

fn check(dir: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let report = check_dir(&dir).unwrap();
    assert!(report.is_conforming(), "{report}");
}

#[test]
fn every_readable_transcript_passes() {
    check("tests/transcripts/readable");
}

#[test]
fn every_bulk_transcript_and_quorum_set_case_passes() {
    check("tests/conformance");
}
