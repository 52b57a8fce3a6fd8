//! Fuzzing of the REST interface from its OpenAPI description (schemathesis): every response must match the
//! description.

use super::kills::free_udp_port;
use super::node::Plan;
use super::rest::Rest;
use super::{Folder, TestRng};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Excluded path: `/events` is an endless stream.
const EXCLUDED_PATH: &str = "/events";
/// Excluded check: generated messages have no valid signatures.
const NOT_CHECKED: &str = "positive_data_acceptance";

#[test]
#[ignore = "see ./test --full"]
fn every_response_matches_the_openapi_description() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemathesis/bin/st");
    assert!(
        client.exists(),
        "{} is missing: ./test --full installs it",
        client.display()
    );
    let folder = Folder::new();
    let plan = Plan {
        name: "n0".to_owned(),
        folder: folder.path().to_owned(),
        options: vec![
            "--beacon".to_owned(),
            format!("--broadcast=127.255.255.255:{}", free_udp_port()),
            "--min-nodes=1".to_owned(),
            "--calls-per-second=1000000".to_owned(),
        ],
        namespace: None,
    };
    let mut node = plan.start();
    let seed = TestRng::seed().to_string();
    let output = Command::new(client)
        .args(["run", &format!("http://{}/openapi.json", node.http)])
        .args([
            "--exclude-path",
            EXCLUDED_PATH,
            "--exclude-checks",
            NOT_CHECKED,
        ])
        .args([
            "--continue-on-failure",
            "--max-examples=60",
            "--no-color",
            "--workers=2",
            "--seed",
            &seed,
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    println!(
        "{}",
        report
            .lines()
            .rev()
            .take(12)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
    );
    assert!(
        output.status.success(),
        "{report}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!node.has_ended());
    let (status, _) = Rest::new(Duration::from_secs(30), None)
        .get(node.http, "/healthz")
        .unwrap();
    assert_eq!(status, 204);
}
