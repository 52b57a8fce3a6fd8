//! Safety monitor: reads `GET /events` of every node, also after restarts, and collects all statements that are sent or
//! received. No node may contradict its earlier statements, even if processes were killed in between.

use super::clients::Addresses;
use super::rest::Rest;
use crate::statements::may_follow;
use crate::trace_lines::StreamReader;
use quorumscope::node::{Body, Input, Message, Output};
use quorumscope::scp::{NodeId, Statement};
use quorumscope::trace::Record;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Slot of a statement, and whether it is a nomination.
type Kind = (u64, bool);

/// Statements by message name: key of the sender and number of the message.
type StatementLog = BTreeMap<(String, u64), (Kind, Statement)>;

/// Collects statements in the background.
pub(crate) struct Monitor {
    stop: Arc<AtomicBool>,
    statements: Arc<Mutex<StatementLog>>,
    listeners: Vec<JoinHandle<()>>,
}

impl Monitor {
    /// Subscribes to each node whenever it runs.
    pub(crate) fn listen(addresses: &Addresses) -> Monitor {
        let (stop, statements) = (Arc::default(), Arc::default());
        let count = addresses.lock().unwrap().len();
        let listeners = (0..count).map(|nth| {
            let (stop, statements, addresses): (Arc<AtomicBool>, Arc<Mutex<StatementLog>>, _) = (
                Arc::clone(&stop),
                Arc::clone(&statements),
                Arc::clone(addresses),
            );
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let place = addresses.lock().unwrap()[nth];
                    match place {
                        Some(http) => follow(http, &stop, &statements),
                        None => thread::sleep(Duration::from_millis(20)),
                    }
                }
            })
        });
        Monitor {
            listeners: listeners.collect(),
            stop,
            statements,
        }
    }

    /// Checks that no node has contradicted itself and that every node has sent a statement. Returns the number of
    /// statements.
    pub(crate) fn check(self, nodes: usize) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for listener in self.listeners {
            listener.join().unwrap();
        }
        let statements = self.statements.lock().unwrap();
        let mut last: BTreeMap<(&str, Kind), &Statement> = BTreeMap::new();
        for ((sender, nth), (kind, statement)) in statements.iter() {
            if let Some(before) = last.insert((sender, *kind), statement) {
                let goes_on = may_follow(before, statement);
                assert!(
                    goes_on,
                    "message {nth} of {sender}, {kind:?}: {statement:?} after {before:?}"
                );
            }
        }
        let senders: std::collections::BTreeSet<&str> =
            last.keys().map(|(sender, _)| *sender).collect();
        assert_eq!(senders.len(), nodes, "every node has sent a statement");
        statements.len()
    }
}

/// Reads one stream to its end.
fn follow(http: SocketAddr, stop: &AtomicBool, statements: &Mutex<StatementLog>) {
    let Ok(stream) = Rest::new(Duration::from_secs(3600), None).events(http) else {
        return thread::sleep(Duration::from_millis(20));
    };
    let mut keys: BTreeMap<NodeId, String> = BTreeMap::new();
    let mut event = String::new();
    let mut reader = StreamReader::default();
    // Keep-alive comments wake this loop every few seconds, so that it notices `stop`.
    for line in stream.lines().map_while(Result::ok) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if let Some(name) = line.strip_prefix("event: ") {
            event = name.to_owned();
        }
        let Some(data) = line.strip_prefix("data: ") else {
            continue;
        };
        if event == "hello" {
            reader.hello(data);
        }
        if event != "record" {
            continue;
        }
        let Some(record) = reader.record(data) else {
            continue;
        };
        match record {
            Record::NodeAdded { config, .. } => {
                drop(keys.insert(config.peer.id, config.peer.key.to_string()))
            }
            Record::NodeReferenced { peer, .. } => drop(keys.insert(peer.id, peer.key.to_string())),
            Record::Stepped { input, outputs, .. } => {
                if let Input::Receive { message, .. } = &input {
                    note(message, &keys, statements);
                }
                for output in &outputs {
                    if let Output::Send { message, .. } = output {
                        note(message, &keys, statements);
                    }
                }
            }
            _ => {}
        }
    }
}

fn note(message: &Message, keys: &BTreeMap<NodeId, String>, statements: &Mutex<StatementLog>) {
    let Body::Scp { envelope, .. } = &message.body else {
        return;
    };
    let statement = &envelope.statement;
    let kind = (envelope.slot.0, statement.is_nominate());
    let name = (keys[&message.id.sender].clone(), message.id.nth);
    let mut statements = statements.lock().unwrap();
    let known = statements
        .entry(name.clone())
        .or_insert_with(|| (kind, statement.clone()));
    assert_eq!(
        *known,
        (kind, statement.clone()),
        "two messages have the name {name:?}"
    );
}
