//! Conformance with stellar-core on all golden transcripts and quorum-set cases.

use super::vectors::folder;
use quorumscope::commands::conformance::check_dir;

#[test]
fn every_transcript_and_quorum_set_case_passes() {
    let report = check_dir(&folder()).unwrap();
    assert!(report.is_conforming(), "{report}");
    assert!(report.to_string().contains("total 2630/2630"), "{report}");
}
