//! Proxies in the environment do not apply: nodes and `quorumscope propose` connect to nodes directly.

use super::harness::{
    Network, own_file, quorumscope_in, text, wait_for, wait_until_agreed, wait_until_together,
};

/// Environment variables with the address of a proxy that does not exist.
const PROXIES: &[(&str, &str)] = &[
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("http_proxy", "http://127.0.0.1:9"),
    ("ALL_PROXY", "http://127.0.0.1:9"),
    ("NO_PROXY", ""),
    ("no_proxy", ""),
];

#[test]
fn nodes_call_each_other_without_the_proxy_of_their_environment() {
    let network = Network::new();
    let start = |name, more: &[&str]| network.start_in(PROXIES, name, more);
    let nodes = vec![
        start("n1", &["--beacon"]),
        start("n2", &[]),
        start("n3", &[]),
        start("n4", &[]),
    ];
    wait_until_together(&nodes);
    let propose = |what: &[&str]| {
        let args = ["propose", "--to", &nodes[1].url, "--wait-ms", "120000"];
        let output = quorumscope_in(PROXIES, &[&args[..], what].concat());
        let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{printed}");
        printed
    };
    propose(&["--note", "tea"]);
    wait_until_agreed(&nodes, &["tea"]);
    let photo = own_file("assets/photo.jpg");
    let printed = propose(&["--file", photo.to_str().unwrap()]);
    for node in &nodes {
        assert!(
            printed.contains(&format!("backed up at {}\n", node.name)),
            "{printed}"
        );
    }
    let all = wait_for("all nodes answer", || nodes[0].status_of_all());
    assert_eq!(all["all"].as_array().unwrap().len(), 3);
}
