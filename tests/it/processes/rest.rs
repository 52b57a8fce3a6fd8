//! Errors of the REST interface: status, problem detail, and advice.

use super::harness::{Answer, Network, NodeProcess, call, quorumscope, text, wait_for, wait_until};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const BYTES: &[(&str, &str)] = &[("content-type", "application/octet-stream")];

/// Checks a problem detail with this status and these words.
pub(super) fn check(answer: &Answer, status: u16, words: &str) {
    let body = text(&answer.body);
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status);
    assert!(!problem["title"].as_str().unwrap().is_empty(), "{body}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(words), "no {words:?} in {body}");
    assert_eq!(
        answer.header("retry-after") == "1",
        matches!(status, 429 | 503)
    );
    let is_signature = problem["results"].is_array();
    let scheme = match status {
        401 if is_signature => "Quorumscope-Signature",
        401 => "Bearer",
        _ => "",
    };
    assert_eq!(answer.header("www-authenticate"), scheme);
    let is_part = answer.header("content-range").starts_with("bytes */");
    assert_eq!(is_part, status == 416);
}

#[test]
fn invalid_calls_are_refused() {
    let network = Network::new();
    let node = network.start("n1", &["--file-bytes-max", "1000"]);
    check_bodies(&node);
    check_queries(&node);
    check_places(&node);
    check_sizes(&node);
    let status = node.status();
    let waiting = status
        .pool
        .iter()
        .map(|one| one.file.as_ref().unwrap().name.as_str());
    assert_eq!(waiting.collect::<Vec<_>>(), ["note.txt", "fits.bin"]);
    assert_eq!(
        node.get("/healthz").status,
        204,
        "the node is still healthy"
    );
}

fn check_bodies(node: &NodeProcess) {
    for path in [
        "/propose",
        "/vote",
        "/catch-up",
        "/peers",
        "/relay",
        "/relay/offer",
    ] {
        check(&node.post(path, "{"), 400, "the body: EOF");
        check(&node.post(path, ""), 400, "the body: EOF");
        check(
            &node.post(path, r#"{"poison": 1}"#),
            422,
            "unknown field `poison`",
        );
        let plain = [("content-type", "text/plain")];
        let answer = node.call("POST", path, &plain, b"{}");
        check(&answer, 415, "expected a body of application/json");
        check(
            &node.call("POST", path, &[], b"{}"),
            415,
            "expected a body of",
        );
    }
    let wrong = |body: &str, words: &str| check(&node.post("/propose", body), 422, words);
    wrong(r#"{"note": 7}"#, "expected a string");
    wrong("{}", "exactly one of note, file and messages");
    wrong(r#"{"note": "tea", "file": "photo.jpg"}"#, "exactly one of");
    wrong(r#"{"note": ""}"#, "a note has at most 1,000 bytes");
    wrong(
        &json!({ "note": "x".repeat(1_001) }).to_string(),
        "at most 1,000",
    );
    wrong(r#"{"messages": []}"#, "expected 1 to 1024 messages");
    wrong(
        r#"{"messages": [{"message": {}, "signature": "00"}]}"#,
        "128 lower-case",
    );
    for path in ["/vote", "/catch-up", "/peers"] {
        let answer = node.post(path, r#"{"messages": []}"#);
        check(&answer, 422, "expected 1 to 1024 messages");
    }
}

fn check_queries(node: &NodeProcess) {
    let propose = |query: &str, words: &str| {
        let answer = node.call(
            "POST",
            &format!("/propose?{query}"),
            JSON,
            br#"{"note": "tea"}"#,
        );
        check(&answer, 400, words);
    };
    propose("wait_ms=soon", "wait_ms: invalid digit");
    propose("wait_ms=600001", "expected at most 600000");
    propose("poison=1", "unknown field `poison`");
    check(
        &node.call("POST", "/propose", BYTES, b"content"),
        400,
        "expected ?file=NAME",
    );
    check(
        &node.get("/status?limit=10001"),
        400,
        "expected at most 10000",
    );
    check(&node.get("/status?limit=-1"), 400, "limit: invalid digit");
    check(
        &node.get("/status?all=perhaps"),
        400,
        "expected all, all=true or all=false",
    );
    let question = [("quorumscope-question", "{}")];
    let answer = node.call("GET", "/peers", &question, b"");
    check(
        &answer,
        400,
        "the header quorumscope-question: missing field",
    );
}

fn check_places(node: &NodeProcess) {
    check(&node.get("/"), 404, "no resource at /; see /openapi.json");
    check(&node.get("/files"), 404, "no resource at /files");
    check(
        &node.call("DELETE", "/status", &[], b""),
        405,
        "/status does not accept DELETE",
    );
    check(&node.get("/propose"), 405, "/propose does not accept GET");
    check(
        &node.get("/files/photo.jpg"),
        400,
        "64 lower-case hexadecimal digits",
    );
    let unknown = format!("/files/{}", "0".repeat(64));
    check(&node.get(&unknown), 404, "no file with this SHA-256");

    let answer = node.call("POST", "/propose?file=note.txt", BYTES, b"twelve bytes");
    let sha256 = answer.json()["proposal"]["file"]["sha256"].clone();
    let path = format!("/files/{}", sha256.as_str().unwrap());
    for range in ["bytes=12-", "bytes=5-4", "bytes=-0", "bytes=+1-5"] {
        let answer = node.call("GET", &path, &[("range", range)], b"");
        check(&answer, 416, "the file has 12 bytes");
        assert_eq!(answer.header("content-range"), "bytes */12");
    }
    assert_eq!(node.get(&path).body, b"twelve bytes");
}

fn check_sizes(node: &NodeProcess) {
    // One byte too many, so that the whole body is read before it is refused.
    let mut body = format!(r#"{{"note": "{}"#, "x".repeat(4 << 20));
    body.truncate((4 << 20) + 1);
    for path in ["/propose", "/vote", "/relay"] {
        check(&node.post(path, &body), 413, "longer than 4194304 bytes");
    }
    let answer = node.call("POST", "/propose?file=big.bin", BYTES, &[7; 1_001]);
    check(
        &answer,
        413,
        "larger than the 1000 bytes that this node accepts",
    );
    let answer = node.call("POST", "/propose?file=fits.bin", BYTES, &[7; 1_000]);
    assert_eq!(answer.status, 202, "{}", text(&answer.body));
}

/// Sends `sent` and then nothing. Returns what the node sends before it closes the connection.
fn silence_after(node: &NodeProcess, sent: &str) -> String {
    let place = node.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(place).unwrap();
    let deadline = Duration::from_secs(120);
    stream.set_read_timeout(Some(deadline)).unwrap();
    drop(stream.write_all(sent.as_bytes()));
    let mut response = Vec::new();
    drop(stream.read_to_end(&mut response));
    text(&response)
}

#[test]
fn slow_requests_time_out() {
    let network = Network::new();
    let node = network.start("n1", &["--client-timeout-ms", "700"]);
    for sent in [
        "",
        "GET /status HT",
        "GET /status HTTP/1.1\r\nhost: localhost\r\nx-",
    ] {
        let response = silence_after(&node, sent);
        assert!(
            response.is_empty() || response.starts_with("HTTP/1.1 408"),
            "{response}"
        );
    }
    let half = |path: &str, kind: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/{kind}\r\ncontent-length: 20\r\n\r\n{{\"note"
        )
    };
    for (path, kind) in [
        ("/propose", "json"),
        ("/vote", "json"),
        ("/propose?file=half.txt", "octet-stream"),
    ] {
        let response = wait_for("the node reports the timeout", || {
            let response = silence_after(&node, &half(path, kind));
            let why = "the body did not arrive within 700 ms";
            response.contains(why).then_some(response)
        });
        assert!(response.starts_with("HTTP/1.1 408 "), "{path}: {response}");
        assert!(response.contains("application/problem+json"), "{response}");
    }
    // A partial upload is removed.
    assert!(!network.path("n1/files/half.txt").exists());
    // An idle connection is not slow.
    let close = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    wait_until("the node answers", || {
        silence_after(&node, close).starts_with("HTTP/1.1 204 ")
    });
}

#[test]
fn calls_above_the_rate_limit_are_refused() {
    let network = Network::new();
    let node = network.start("n1", &["--calls-per-second", "1"]);
    // Concurrent calls, so that the speed of the machine does not matter.
    let refused = wait_for("a call above the limit is refused", || {
        let calls = || {
            let path = format!("{}/status", node.url);
            call("GET", &path, &[], b"").unwrap()
        };
        let answers: Vec<Answer> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(calls)).collect();
            threads.into_iter().map(|one| one.join().unwrap()).collect()
        });
        answers.into_iter().find(|answer| answer.status != 200)
    });
    check(
        &refused,
        429,
        "more than 1 calls in a second; wait a moment",
    );
    // Health checks have no rate limit.
    assert_eq!(node.get("/healthz").status, 204);
    wait_until("calls are accepted again", || {
        node.get("/status").status == 200
    });
}

/// An address of this machine that is not a loopback address, if it has one.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Connecting a UDP socket sends nothing.
    socket.connect("198.51.100.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[test]
fn proposals_of_other_machines_need_the_token() {
    let network = Network::new();
    let everywhere = ["--http", "0.0.0.0:0"];
    let secret = "correct-horse-battery";
    let token = network.file("token", format!("{secret}\n"));
    let guarded = network.start("n1", &[&everywhere[..], &["--token-file", &token]].concat());
    let open = network.start("n2", &everywhere);
    let bearer = format!("Bearer {secret}");
    let propose = |url: &str, token: Option<&str>| {
        let mut headers = JSON.to_vec();
        headers.extend(token.map(|token| ("authorization", token)));
        call(
            "POST",
            &format!("{url}/propose"),
            &headers,
            br#"{"note": "tea"}"#,
        )
        .unwrap()
    };
    let local = guarded.url.replace("0.0.0.0", "127.0.0.1");
    let expected = "Authorization: Bearer with the token";
    check(&propose(&local, None), 401, expected);
    check(
        &propose(&local, Some("Bearer wrong-horse-battery")),
        401,
        expected,
    );
    check(&propose(&local, Some(secret)), 401, expected);
    assert_eq!(propose(&local, Some(&bearer)).status, 202);
    check(
        &call("GET", &format!("{local}/events"), &[], b"").unwrap(),
        401,
        expected,
    );
    // Reading needs no token.
    assert_eq!(
        call("GET", &format!("{local}/status"), &[], b"")
            .unwrap()
            .status,
        200
    );
    let command = |more: &[&str]| {
        let args = ["propose", "--to", &local, "--note", "jam", "--wait-ms", "0"];
        quorumscope(&[&args[..], more].concat())
    };
    let refused = command(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("Unauthorized: expected the header"));
    assert_eq!(command(&["--token-file", &token]).status.code(), Some(0));

    let Some(ip) = own_address() else {
        eprintln!("this machine has only a loopback address: calls from elsewhere are not tested");
        return;
    };
    let elsewhere = |node: &NodeProcess| node.url.replace("0.0.0.0", &ip.to_string());
    let answer = propose(&elsewhere(&open), None);
    check(&answer, 403, "start it with --token-file to allow others");
    assert_eq!(propose(&elsewhere(&guarded), Some(&bearer)).status, 202);
    let status = call("GET", &format!("{}/status", elsewhere(&open)), &[], b"");
    assert_eq!(status.unwrap().status, 200);
}

/// CSRF and DNS rebinding: pages of other origins and other host names may read, but not change anything.
#[test]
fn csrf_and_dns_rebinding_are_refused() {
    let network = Network::new();
    let node = network.start("n1", &[]);
    let own = node.url.strip_prefix("http://").unwrap();
    let secret = "correct-horse-battery";
    let token = network.file("token", secret);
    let guarded = network.start("n2", &["--token-file", &token]);
    let bearer = format!("Bearer {secret}");
    let foreign = [
        ("content-type", "text/plain"),
        ("origin", "http://evil.example"),
    ];
    let rebound = [("content-type", "text/plain"), ("host", "evil.example")];
    let path = "/propose?file=note.txt";
    check(
        &node.call("POST", path, &foreign, b"tea"),
        403,
        "a page of another origin",
    );
    check(
        &node.call("POST", path, &rebound, b"tea"),
        403,
        "under localhost or an IP address",
    );
    check(
        &node.call("GET", "/events", &rebound[1..], b""),
        403,
        "under localhost or an IP",
    );
    let note = [("content-type", "application/json"), foreign[1]];
    check(
        &node.call("POST", "/propose", &note, br#"{"note": "tea"}"#),
        403,
        "another origin",
    );
    for headers in [&foreign[1..], &rebound[1..]] {
        assert_eq!(node.call("GET", "/status", headers, b"").status, 200);
    }
    assert_eq!(node.status().pool.len(), 0);
    let itself = [
        ("content-type", "text/plain"),
        ("origin", node.url.as_str()),
        ("host", own),
    ];
    assert_eq!(node.call("POST", path, &itself, b"tea").status, 202);
    // With a token any host name is allowed, but still no other origin.
    let shown = ("authorization", bearer.as_str());
    let named = [rebound[0], rebound[1], shown];
    assert_eq!(guarded.call("POST", path, &named, b"tea").status, 202);
    let page = [foreign[0], foreign[1], shown];
    check(
        &guarded.call("POST", path, &page, b"tea"),
        403,
        "a page of another origin",
    );
}

#[test]
fn a_full_pool_refuses_proposals() {
    let network = Network::new();
    // A single node decides nothing, so all proposals stay pending.
    let node = network.start("n1", &["--calls-per-second", "1000000"]);
    let url = format!("{}/propose", node.url);
    let (threads, most) = (16, 4_096);
    thread::scope(|scope| {
        for thread in 0..threads {
            let url = &url;
            scope.spawn(move || {
                let agent = ureq::Agent::new_with_defaults();
                for nth in 0..most / threads {
                    let body = json!({ "note": format!("{thread} {nth}") }).to_string();
                    let call = agent.post(url).content_type("application/json");
                    let mut answer = call.send(body).unwrap();
                    assert_eq!(answer.status().as_u16(), 202);
                    // A response that is read to its end frees its connection.
                    answer.body_mut().read_to_vec().unwrap();
                }
            });
        }
    });
    let answer = node.post("/propose", r#"{"note": "one too many"}"#);
    check(
        &answer,
        429,
        "too many proposals are waiting; try again in a moment",
    );
    assert_eq!(node.status().pool.len(), most);
}

#[test]
fn open_calls_are_answered_while_a_node_stops() {
    // An open call has two seconds after the host has stopped. On a busy machine a call may take longer, but not every
    // time.
    wait_for("a call during the end is answered", || {
        let network = Network::new();
        let node = network.start("n1", &[]);
        let place = node.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(place).unwrap();
        let head = "POST /propose HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"note\":";
        stream.write_all(head.as_bytes()).unwrap();
        // The node answers a later call on another connection, so it is already reading the first one.
        assert_eq!(node.get("/healthz").status, 204);
        node.signal("TERM");
        wait_until("the node accepts no more calls", || {
            TcpStream::connect(place).is_err()
        });
        let mut response = String::new();
        let sent = stream
            .write_all(b" \"tea\"}")
            .and_then(|()| stream.read_to_string(&mut response));
        assert_eq!(node.ended().code(), Some(0));
        sent.ok().filter(|_| !response.is_empty())?;
        assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
        assert!(response.contains("the node is stopping"), "{response}");
        assert!(response.contains("application/problem+json"), "{response}");
        Some(())
    });
}
