//! TLS of the REST interface, in a program that contains it.

use super::harness::{Network, own_file, quorumscope, quorumscope_in, text, wait_until};

/// Path of a file of this test: a self-signed certificate for 127.0.0.1, which is valid until 2126, and its key.
fn file(name: &str) -> String {
    let path = own_file("tests/it/processes/tls").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn clients_propose_with_tls_and_nodes_call_each_other_without() {
    let network = Network::new();
    let token = network.file("token", "0123456789abcdef");
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let with_tls = [
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
        "--token-file",
        &token,
    ];
    let nodes = network.start_many(4, &with_tls);
    let url = nodes[1].url.replace("http://", "https://");
    let propose = ["propose", "--to", &url, "--token-file", &token];
    let propose = [&propose[..], &["--note", "tea", "--wait-ms", "120000"]].concat();
    let agreed = quorumscope_in(&[("SSL_CERT_FILE", &certificate)], &propose);
    assert_eq!(agreed.status.code(), Some(0), "{}", text(&agreed.stderr));
    for node in &nodes {
        wait_until("the note arrives", || node.notes() == ["tea"]);
    }
    // The certificate is not one that every client trusts.
    let untrusting = quorumscope(&propose);
    assert_eq!(untrusting.status.code(), Some(2));
    let why = text(&untrusting.stderr);
    assert!(why.contains("certificate"), "{why}");
    let unreadable = quorumscope_in(&[("SSL_CERT_FILE", &token)], &propose);
    assert_eq!(unreadable.status.code(), Some(2));
    let why = text(&unreadable.stderr);
    assert!(why.contains("no certificate in PEM"), "{why}");
}

#[test]
fn unusable_certificates_are_refused() {
    let network = Network::new();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    let missing = file("missing.pem");
    for (files, why) in [
        ([&missing, &key], "missing.pem: "),
        ([&key, &key], "expected certificates in PEM"),
        ([&certificate, &certificate], "expected a secret key in PEM"),
    ] {
        let mut args = network.arguments("n1");
        let files = ["--tls-cert", files[0], "--tls-key", files[1]];
        args.extend(files.map(str::to_owned));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let refused = quorumscope(&args);
        let error = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{error}");
        assert!(error.contains(why), "no {why:?} in {error}");
    }
}
