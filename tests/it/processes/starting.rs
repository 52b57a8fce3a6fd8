//! Startup errors: a message with advice, exit code 2, and no running process.

use super::harness::{Network, quorumscope, text};
use std::fs;
use std::net::{TcpListener, UdpSocket};

/// Tries to start a node. It must fail with these words.
fn refused(network: &Network, name: &str, more: &[&str], words: &[&str]) {
    let common = network.arguments(name);
    let mut args: Vec<&str> = common.iter().map(String::as_str).collect();
    args.extend(more);
    let output = quorumscope(&args);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{more:?}: {error}");
    assert_eq!(text(&output.stdout), "", "{more:?}");
    for part in words {
        assert!(error.contains(part), "{more:?}: no {part:?} in {error}");
    }
    assert!(!error.contains("panicked"), "{error}");
}

#[test]
fn unusable_folders_are_refused() {
    let network = Network::new();
    network.file("file", "not a folder");
    refused(&network, "file", &[], &["/file: ", "choose a data folder"]);
    let file = network.path("file");
    refused(
        &network,
        "n1",
        &["--files", file.to_str().unwrap()],
        &["/file"],
    );

    let running = network.start("n2", &[]);
    let used = "another process uses this folder";
    refused(
        &network,
        "n2",
        &[],
        &["/n2", used, "stop it, or choose another"],
    );
    let files = network.path("n2/files");
    refused(
        &network,
        "n3",
        &["--files", files.to_str().unwrap()],
        &["/n2/files", used],
    );
    running.kill();
    // The system has released the lock.
    let running = network.start("n2", &[]);
    running.stop();

    let key = network.path("n2/secret-key");
    fs::write(&key, "S123").unwrap();
    refused(
        &network,
        "n2",
        &[],
        &["secret-key: not a secret key", "Restore the file"],
    );
    fs::remove_file(&key).unwrap();
    refused(
        &network,
        "n2",
        &[],
        &[
            "belongs to another key",
            "restore the store that belongs to this key",
        ],
    );
    let trace = network.path("nowhere/trace.jsonl");
    refused(
        &network,
        "n4",
        &["--trace", trace.to_str().unwrap()],
        &["nowhere/trace.jsonl"],
    );
}

#[test]
fn a_damaged_store_is_refused() {
    let network = Network::new();
    let node = network.start("n1", &[]);
    node.stop();
    let store = network.path("n1/node.redb");
    let mut bytes = fs::read(&store).unwrap();
    bytes.truncate(100);
    fs::write(&store, bytes).unwrap();
    refused(&network, "n1", &[], &["node.redb", "damaged"]);
    fs::remove_file(&store).unwrap();
    let words = [
        "node.redb",
        "missing",
        "must not send statements under its key again",
    ];
    refused(&network, "n1", &[], &words);
}

#[test]
fn unusable_addresses_are_refused() {
    let network = Network::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let http = taken.local_addr().unwrap().to_string();
    let why = ["choose another address or port for --http", http.as_str()];
    refused(&network, "n1", &["--http", &http], &why);
    refused(&network, "n1", &["--http", "localhost"], &["--http"]);
    let nowhere = ["--http", "0.0.0.0:0", "--advertise", "0.0.0.0:80"];
    refused(&network, "n1", &nowhere, &["--advertise ADDRESS:PORT"]);
    // This socket does not share the port.
    let _exclusive = UdpSocket::bind(("0.0.0.0", network.port)).unwrap();
    let port = format!("UDP port {}", network.port);
    refused(&network, "n1", &[], &[&port, "--broadcast"]);
}

#[cfg(not(feature = "tls"))]
#[test]
fn certificates_need_a_program_with_tls() {
    let network = Network::new();
    let files = ["--tls-cert", "certificate.pem", "--tls-key", "key.pem"];
    refused(
        &network,
        "n1",
        &files,
        &["built without TLS", "--features tls"],
    );
    let one = ["--tls-cert", "certificate.pem"];
    refused(&network, "n1", &one, &["--tls-key"]);
    let to = ["propose", "--to", "https://127.0.0.1:1", "--note", "tea"];
    let output = quorumscope(&to);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("built without TLS"), "{error}");
}

#[test]
fn invalid_quorum_sets_are_refused() {
    let network = Network::new();
    let key = network.identity("n9").key();
    let nowhere = network.path("nowhere.json");
    refused(
        &network,
        "n1",
        &["--trust", nowhere.to_str().unwrap()],
        &["nowhere.json: "],
    );
    let check = |content: String, words: &[&str]| {
        let path = network.file("trust.json", content);
        refused(&network, "n1", &["--trust", &path], words);
    };
    let expected = ["trust.json: ", "expected a quorum set such as"];
    check("{".to_owned(), &expected);
    check(
        r#"{"threshold": 1, "validators": ["n1"]}"#.to_owned(),
        &expected,
    );
    check(
        format!(r#"{{"threshold": 1, "nodes": ["{key}"]}}"#),
        &expected,
    );
    let prefix = "the quorum set: ";
    let quorum_set = |threshold: u32, keys: &str| {
        format!(r#"{{"threshold": {threshold}, "validators": [{keys}]}}"#)
    };
    check(
        quorum_set(2, &format!(r#""{key}""#)),
        &[prefix, "1 to the number of entries"],
    );
    check(
        quorum_set(0, &format!(r#""{key}""#)),
        &[prefix, "1 to the number of entries"],
    );
    check(
        quorum_set(1, &format!(r#""{key}", "{key}""#)),
        &[prefix, "twice"],
    );
    check(quorum_set(1, ""), &[prefix, "1 to the number of entries"]);
}

#[test]
fn unsafe_quorum_sets_cause_a_warning() {
    let network = Network::new();
    let [one, other] = ["n1", "n2"].map(|name| network.identity(name).key().to_string());
    let says_so = |threshold: u32| {
        let set = serde_json::json!({ "threshold": threshold, "validators": [&one, &other] });
        let trust = network.file("trust.json", set.to_string());
        let node = network.start("n1", &["--trust", &trust]);
        let warned = node.log().contains("need not have a node in common");
        node.stop();
        warned
    };
    assert!(!says_so(2));
    assert!(says_so(1));
}

#[test]
fn invalid_arguments_are_refused() {
    let network = Network::new();
    let threshold = "expected 2/3, majority, or a number of nodes from 1";
    for bad in ["0", "3/4", "all"] {
        refused(
            &network,
            "n1",
            &["--threshold", bad],
            &["--threshold", threshold],
        );
    }
    let both = ["--threshold", "3", "--trust", "trust.json"];
    refused(&network, "n1", &both, &["cannot be used with"]);
    refused(
        &network,
        "n1",
        &["--proposal-ttl-ms", "0"],
        &["--proposal-ttl-ms 0"],
    );
    let token = network.file("token", "short");
    refused(
        &network,
        "n1",
        &["--token-file", &token],
        &["at least 16 letters"],
    );
    let nameless = quorumscope(&["node", "--name", "", "--data", "/nowhere"]);
    assert_eq!(nameless.status.code(), Some(2));
    assert!(text(&nameless.stderr).contains("--name: expected 1 to 64 bytes"));
    let args = ["node", "--name", "n1", "--data", "/nowhere", "--broadcast"];
    for broadcast in ["255.255.255.255:0", "[ff02::1]:47700"] {
        let output = quorumscope(&[&args[..], &[broadcast]].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("expected an IPv4 broadcast address"));
    }
}

#[test]
fn the_id_can_be_printed_before_the_first_start() {
    let network = Network::new();
    let data = network.path("n1");
    let print = || {
        let args = [
            "node",
            "--name",
            "n1",
            "--data",
            data.to_str().unwrap(),
            "--print-id",
        ];
        let output = quorumscope(&args);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let printed = print();
    assert_eq!(print(), printed);
    let node = network.start("n1", &[]);
    assert_eq!(printed.trim(), node.id.to_string());
}
