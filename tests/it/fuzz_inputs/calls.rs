//! REST calls as text: method and path, headers, an empty line, the body.

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use quorumscope::live::{Limits, LiveConfig, OnStop, Process, process_settings};
use quorumscope::node::{NodeSettings, Threshold};
use quorumscope::time::Span;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Maximum length of a response in bytes.
const BYTES_MAX: usize = 64 << 20;
/// Deadline of a response.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(90);

/// A node that decides alone. Tests call its router without a network.
pub(crate) struct NodeUnderTest {
    process: Process,
    router: axum::Router,
    runtime: Runtime,
}

impl NodeUnderTest {
    /// Starts the node on `folder`.
    pub(crate) fn start(folder: &Path) -> NodeUnderTest {
        let port = UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.local_addr());
        let process = Process::start(config(folder, port.expect("a free port").port()));
        let process = process.expect("the node starts");
        NodeUnderTest {
            router: process.router(),
            process,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    /// Makes a call and checks the response. Returns its status, or `None` if `text` is not a call.
    pub(crate) fn call(&self, text: &str) -> Option<StatusCode> {
        let request = request(text)?;
        let method = request.method().clone();
        let (status, headers, body) = self.answer(request);
        check_response(text, &method, status, &headers, &body);
        let health = Request::builder().uri("/healthz").body(Body::empty());
        let (well, ..) = self.answer(health.expect("a good call"));
        assert_eq!(well, StatusCode::NO_CONTENT, "after {text}");
        assert!(!self.process.has_ended(), "after {text}");
        Some(status)
    }

    /// Subscribes to events, makes a call, stops the node, and then reads the stream.
    pub(crate) fn followed(self, text: &str) -> String {
        let from = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let mut request = request("GET /events").expect("a good call");
        request.extensions_mut().insert(ConnectInfo(from));
        let events = self.runtime.block_on(self.router.clone().oneshot(request));
        let Ok(events) = events;
        assert_eq!(self.call(text), Some(StatusCode::OK));
        self.process.stop();
        let body = to_bytes(events.into_body(), BYTES_MAX);
        let body = self
            .runtime
            .block_on(async { tokio::time::timeout(ANSWER_TIMEOUT, body).await });
        let body = body.expect("the stream ends").expect("a whole answer");
        String::from_utf8_lossy(&body).into_owned()
    }

    fn answer(&self, mut request: Request<Body>) -> (StatusCode, HeaderMap, Vec<u8>) {
        let from = SocketAddr::from(([127, 0, 0, 1], 40_000));
        request.extensions_mut().insert(ConnectInfo(from));
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let answer = async {
                let Ok(response): Result<Response<Body>, _> = router.oneshot(request).await;
                let (parts, body) = response.into_parts();
                let is_endless = parts
                    .headers
                    .get("content-type")
                    .is_some_and(|kind| kind == "text/event-stream");
                let body = match is_endless {
                    true => Vec::new(),
                    false => to_bytes(body, BYTES_MAX)
                        .await
                        .expect("a whole answer")
                        .to_vec(),
                };
                (parts.status, parts.headers, body)
            };
            tokio::time::timeout(ANSWER_TIMEOUT, answer)
                .await
                .expect("an answer")
        })
    }
}

fn request(text: &str) -> Option<Request<Body>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, uri) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_owned())).ok()
}

/// Checks a response: no server errors, and problem details for client errors.
fn check_response(
    text: &str,
    method: &Method,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) {
    assert!(
        !status.is_server_error(),
        "{status} for {text}: {}",
        String::from_utf8_lossy(body)
    );
    let kind = headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    if status == StatusCode::METHOD_NOT_ALLOWED {
        assert!(headers.contains_key("allow"), "{text}");
    }
    if method == Method::HEAD {
        return;
    }
    if status.is_client_error() {
        assert_eq!(kind, Some("application/problem+json"), "{text}");
        let problem: serde_json::Value = serde_json::from_slice(body).expect("a problem");
        assert_eq!(problem["status"], status.as_u16(), "{text}");
        assert_ne!(problem["detail"].as_str(), None, "{text}");
        assert_ne!(problem["detail"], "", "{text}");
    } else if kind == Some("application/json") {
        let _: serde_json::Value = serde_json::from_slice(body).expect("JSON");
    }
}

fn config(folder: &Path, port: u16) -> LiveConfig {
    LiveConfig {
        name: "n0".to_owned(),
        network: super::harness::NETWORK.to_owned(),
        data: folder.join("data"),
        files: folder.join("files"),
        http: ([127, 0, 0, 1], 0).into(),
        advertise: None,
        broadcast: ([127, 255, 255, 255], port).into(),
        is_beacon: true,
        trust: None,
        threshold: Threshold::TwoThirds,
        settings: Arc::new(NodeSettings {
            min_nodes: 1,
            settle: Span::from_ms(1),
            refresh: Span::from_ms(60_000),
            announce: Span::from_ms(60_000),
            ..process_settings()
        }),
        limits: Limits {
            calls_per_second: u32::MAX,
            request_timeout_ms: 60_000,
            ..Limits::default()
        },
        token: None,
        tls: None,
        trace: None,
        on_stop: OnStop::Pause,
    }
}

/// Calls with their expected status.
pub(crate) fn examples() -> Vec<(String, u16)> {
    let json = "content-type: application/json";
    let key = super::harness::identity(1).key();
    let message = super::conversation::example()
        .lines()
        .find_map(|line| line.strip_prefix("message "));
    let message = super::harness::signed(
        message.unwrap_or_default(),
        "sender",
        quorumscope::live::identity::SignaturePurpose::Message,
    );
    let message = serde_json::to_string(&message).expect("a message");
    let content = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    let examples = [
        (
            format!("POST /propose?wait_ms=60000\n{json}\n\n{{\"note\": \"tea\"}}"),
            200,
        ),
        (
            "POST /propose?file=letter.txt\ncontent-type: application/octet-stream\n\ndata"
                .to_owned(),
            202,
        ),
        (
            format!("POST /propose\n{json}\n\n{{\"file\": \"letter.txt\"}}"),
            202,
        ),
        (
            format!("POST /propose\n{json}\n\n{{\"file\": \"../data/secret-key\"}}"),
            422,
        ),
        (format!("POST /propose\n{json}\n\n{{\"note\": \"\"}}"), 422),
        (
            format!("POST /propose\n{json}\n\n{{\"messages\": [{message}]}}"),
            421,
        ),
        (
            format!("POST /vote\n{json}\n\n{{\"messages\": [{message}]}}"),
            421,
        ),
        (
            format!("POST /peers\n{json}\n\n{{\"messages\": [{message}]}}"),
            421,
        ),
        (
            format!("POST /catch-up\n{json}\n\n{{\"messages\": [{message}]}}"),
            421,
        ),
        (
            format!(
                "POST /relay/offer\n{json}\n\n{{\"have\": [{{\"sender\": \"{key}\", \"nth\": 1}}]}}"
            ),
            200,
        ),
        (format!("POST /relay\n{json}\n\n{message}"), 422),
        (
            format!("POST /propose?file=letter.txt\n{json}\n\n{{}}"),
            415,
        ),
        ("GET /status?from_slot=1&limit=10&all".to_owned(), 200),
        ("GET /status?limit=10001".to_owned(), 400),
        ("GET /peers".to_owned(), 200),
        (format!("GET /peers\nquorumscope-question: {message}"), 200),
        (format!("GET /files/{content}\nrange: bytes=1-2"), 206),
        (format!("GET /files/{content}\nrange: bytes=9-"), 416),
        (format!("HEAD /files/{content}"), 200),
        ("GET /files/abc".to_owned(), 400),
        ("GET /files/%FF".to_owned(), 400),
        ("GET /events".to_owned(), 200),
        ("GET /healthz".to_owned(), 204),
        ("GET /metrics".to_owned(), 200),
        ("GET /openapi.json".to_owned(), 200),
        ("DELETE /status".to_owned(), 405),
        ("GET /".to_owned(), 404),
    ];
    examples.into()
}
