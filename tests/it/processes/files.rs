//! Backups: every node gets every decided file, byte for byte.

use super::harness::{
    Network, NodeProcess, own_file, quorumscope, text, wait_for, wait_until, wait_until_together,
};
use quorumscope::live::status::BackupView;
use serde_json::json;
use std::fs;

/// The entry of the backup log for a proposal of `origin`, once the file is stored and recorded.
fn backup(node: &NodeProcess, origin: &NodeProcess, sha256: &str) -> BackupView {
    wait_for("the file is stored and recorded", || {
        let lines = node.status().backup_log.into_iter();
        let mut found = lines.filter(|line| line.origin == origin.id && line.file.sha256 == sha256);
        found
            .next()
            .filter(|line| line.is_here && line.from.is_some())
    })
}

fn has(node: &NodeProcess, sha256: &str, content: &[u8]) {
    let answer = node.get(&format!("/files/{sha256}"));
    assert_eq!(answer.status, 200, "{}", node.name);
    assert!(answer.body == content, "{}: other bytes", node.name);
}

#[test]
fn decided_files_are_backed_up_at_all_nodes() {
    let network = Network::new();
    let nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    check_photo(&network, &nodes);
    check_holders_say_no(&nodes);
    check_one_name_for_two(&network, &nodes);
    check_folder(&network, &nodes);
}

#[test]
fn a_folder_cannot_be_proposed() {
    let network = Network::new();
    let node = network.start("n1", &[]);
    let folder = network.path("n1");
    let folder = folder.to_str().unwrap();
    let refused = quorumscope(&["propose", "--to", &node.url, "--file", folder]);
    assert_eq!(refused.status.code(), Some(2));
    let error = text(&refused.stderr);
    assert!(
        error.contains(&format!("{folder}: this is a folder; expected a file")),
        "{error}"
    );
    assert!(!error.contains("is a node running"), "{error}");
}

/// `quorumscope propose` names the nodes that do not have the file in time, and exits with 3.
#[test]
fn nodes_without_the_file_are_named() {
    let network = Network::new();
    let mut nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    nodes.remove(3).kill();
    let file = network.file("minutes.txt", "agreed without n4");
    let waits = ["--wait-ms", "15000"];
    let proposed = quorumscope(
        &[
            &["propose", "--to", &nodes[0].url, "--file", &file],
            &waits[..],
        ]
        .concat(),
    );
    let stdout = text(&proposed.stdout);
    assert_eq!(proposed.status.code(), Some(3), "{stdout}");
    for name in ["n1", "n2", "n3"] {
        assert!(
            stdout.contains(&format!("backed up at {name}\n")),
            "{stdout}"
        );
    }
    assert!(stdout.ends_with("not yet backed up at n4\n"), "{stdout}");
}

/// An uploaded file is backed up at all nodes, and each reports where it came from.
fn check_photo(network: &Network, nodes: &[NodeProcess]) {
    let photo = fs::read(own_file("assets/photo.jpg")).unwrap();
    let sha256 = nodes[1].propose_file("photo.jpg", &photo);
    for node in nodes {
        let line = backup(node, &nodes[1], &sha256);
        assert_eq!(line.file.name, "photo.jpg");
        assert_eq!(line.file.size_bytes, photo.len() as u64);
        let from = line.from.unwrap().name;
        assert_eq!(
            from == node.name,
            node.name == "n2",
            "{} from {from}",
            node.name
        );
        has(node, &sha256, &photo);
        let folder = network.path(&node.name).join("files");
        assert!(fs::read(folder.join("photo.jpg")).unwrap() == photo);
        let logged = &node.status().log.entries[0].proposals[0];
        assert_eq!(logged.file.as_ref().unwrap().sha256, sha256);
    }
    check_parts(&nodes[0], &sha256, &photo);
}

/// Checks range and HEAD requests.
fn check_parts(node: &NodeProcess, sha256: &str, photo: &[u8]) {
    let path = format!("/files/{sha256}");
    let part = node.call("GET", &path, &[("range", "bytes=10-19")], b"");
    assert_eq!(part.status, 206);
    assert_eq!(part.body, photo[10..20]);
    let range = format!("bytes 10-19/{}", photo.len());
    assert_eq!(part.header("content-range"), range);
    let rest = node.call("GET", &path, &[("range", "bytes=-7")], b"");
    assert_eq!(rest.body, photo[photo.len() - 7..]);
    let head = node.call("HEAD", &path, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), photo.len().to_string());
}

/// Nodes that have the file do not vote for another backup of it.
fn check_holders_say_no(nodes: &[NodeProcess]) {
    let photo = fs::read(own_file("assets/photo.jpg")).unwrap();
    // No node votes for it, so it stays undecided in the pool.
    let path = "/propose?file=photo.jpg";
    let headers = [("content-type", "application/octet-stream")];
    let answer = nodes[2].call("POST", path, &headers, &photo);
    assert_eq!(answer.status, 202, "{}", text(&answer.body));
    for node in nodes.iter().filter(|node| node.id != nodes[2].id) {
        wait_until("nodes that have the file answer no", || {
            let lines = node.status().backup_log.into_iter();
            let mut asked = lines.filter(|line| line.origin == nodes[2].id);
            asked.any(|line| serde_json::to_value(line.answer).unwrap() == "no_has_it")
        });
    }
}

/// Two files with the same name are both stored.
fn check_one_name_for_two(network: &Network, nodes: &[NodeProcess]) {
    let (one, other) = (b"one".as_slice(), b"the other".as_slice());
    let first = nodes[0].propose_file("list.txt", one);
    let second = nodes[3].propose_file("list.txt", other);
    assert_ne!(first, second);
    for node in nodes {
        backup(node, &nodes[0], &first);
        backup(node, &nodes[3], &second);
        has(node, &first, one);
        has(node, &second, other);
        let folder = network.path(&node.name).join("files");
        let mut contents =
            ["list.txt", "list (2).txt"].map(|name| fs::read(folder.join(name)).unwrap());
        contents.sort();
        assert_eq!(contents, [one, other]);
    }
}

/// A file in the folder is proposed by its name. Paths and hidden files are refused.
fn check_folder(network: &Network, nodes: &[NodeProcess]) {
    let folder = network.path("n1/files");
    fs::write(folder.join("shopping.txt"), "bread").unwrap();
    fs::write(folder.join(".hidden"), "secret").unwrap();
    let body = json!({ "file": "shopping.txt" }).to_string();
    let answer = nodes[0].post("/propose?wait_ms=120000", &body).json();
    assert_eq!(answer["state"], "agreed", "{answer}");
    let sha256 = answer["proposal"]["file"]["sha256"].as_str().unwrap();
    for node in nodes {
        backup(node, &nodes[0], sha256);
        has(node, sha256, b"bread");
    }
    let index = nodes[0].status().log.index;
    let refused = |answer: super::harness::Answer, status: u16| {
        assert_eq!(answer.status, status, "{}", text(&answer.body));
        assert_eq!(answer.header("content-type"), "application/problem+json");
    };
    for name in [
        "../n2/secret-key",
        "files/shopping.txt",
        ".hidden",
        "",
        "/etc/passwd",
    ] {
        let body = json!({ "file": name }).to_string();
        refused(nodes[0].post("/propose", &body), 422);
        let path = format!("/propose?file={}", name.replace('/', "%2F"));
        refused(nodes[0].call("POST", &path, &[], b"content"), 422);
    }
    refused(nodes[0].post("/propose", r#"{"file": "nothing.txt"}"#), 404);
    assert_eq!(nodes[0].status().log.index, index);
    assert!(!network.path("files").exists());
}
