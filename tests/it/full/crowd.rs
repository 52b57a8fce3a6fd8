//! `Crowd`: people who propose all the time, at whichever node answers, and remember what they were promised.

use super::Dice;
use super::figures::Latencies;
use super::judge::Promise;
use super::rest::Rest;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Where nodes answer now; `None` while they are down.
pub(crate) type Addresses = Arc<Mutex<Vec<Option<SocketAddr>>>>;

/// What everybody together remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) promises: Vec<Promise>,
    /// Hashes of all files that anybody has tried to upload.
    pub(crate) files: BTreeSet<String>,
    pub(crate) latencies: Latencies,
    /// Calls that were turned away, or got no answer.
    pub(crate) unanswered: u64,
}

impl Memory {
    fn extend(&mut self, other: Memory) {
        self.promises.extend(other.promises);
        self.files.extend(other.files);
        self.latencies.extend(other.latencies);
        self.unanswered += other.unanswered;
    }
}

/// People who propose until they are told to stop.
pub(crate) struct Crowd {
    stop: Arc<AtomicBool>,
    people: Vec<JoinHandle<Memory>>,
}

impl Crowd {
    /// So many people with notes, and one with files.
    pub(crate) fn gather(people: u64, seed: u64, addresses: &Addresses) -> Crowd {
        let stop = Arc::new(AtomicBool::new(false));
        let people = (0..=people).map(|person| {
            let (stop, addresses) = (Arc::clone(&stop), Arc::clone(addresses));
            let dice = Dice::new(seed.wrapping_add(person + 1));
            thread::spawn(move || propose_until(&stop, &addresses, person, dice))
        });
        Crowd {
            people: people.collect(),
            stop,
        }
    }

    /// Tells them to stop, and asks them what they remember.
    pub(crate) fn disperse(self) -> Memory {
        self.stop.store(true, Ordering::Relaxed);
        let mut memory = Memory::default();
        for person in self.people {
            memory.extend(person.join().unwrap());
        }
        memory
    }
}

fn propose_until(stop: &AtomicBool, addresses: &Addresses, person: u64, mut dice: Dice) -> Memory {
    let rest = Rest::new(Duration::from_secs(30), None);
    let mut memory = Memory::default();
    for nth in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let places = addresses.lock().unwrap().clone();
        let Some(http) = places[dice.between(0, places.len() as u64) as usize] else {
            continue;
        };
        let answer = if person == 0 {
            thread::sleep(Duration::from_millis(dice.between(100, 500)));
            let size = dice.between(10_000, 2_000_000) as usize;
            let content = dice.bytes(size);
            let digest = Sha256::digest(&content);
            memory
                .files
                .insert(digest.iter().map(|byte| format!("{byte:02x}")).collect());
            // Some names come up again, with other content.
            rest.file(http, &format!("file-{}.bin", nth % 50), &content)
        } else {
            thread::sleep(Duration::from_millis(dice.between(0, 50)));
            let wait_ms = [0, 0, 200, 3_000][dice.between(0, 4) as usize];
            rest.note(http, &format!("note {nth} of person {person}"), wait_ms)
        };
        match answer {
            Ok((200 | 202, answer)) => memory.promises.push(Promise::read(&answer)),
            Ok((408 | 429 | 503, _)) | Err(_) => memory.unanswered += 1,
            Ok((status, answer)) => panic!("status {status}: {answer}"),
        }
    }
    memory
}

/// Proposes `count` notes on `connections` connections, spread over all nodes, and waits for the decision of each. Who
/// is turned away or gets no answer tries again, elsewhere.
pub(crate) fn storm(
    count: usize,
    connections: usize,
    token: &str,
    nodes: &[SocketAddr],
    done: &AtomicUsize,
) -> Memory {
    let next = AtomicUsize::new(0);
    let mut memory = Memory::default();
    thread::scope(|scope| {
        let people: Vec<_> = (0..connections)
            .map(|person| {
                let next = &next;
                scope.spawn(move || {
                    let rest = Rest::new(Duration::from_secs(620), Some(token));
                    let mut memory = Memory::default();
                    let mut node = person;
                    loop {
                        let nth = next.fetch_add(1, Ordering::Relaxed);
                        if nth >= count {
                            return memory;
                        }
                        let promise = insist(&rest, nodes, &mut node, nth, &mut memory);
                        memory.promises.push(promise);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for person in people {
            memory.extend(person.join().unwrap());
        }
    });
    memory
}

fn insist(
    rest: &Rest,
    nodes: &[SocketAddr],
    node: &mut usize,
    nth: usize,
    memory: &mut Memory,
) -> Promise {
    let since = Instant::now();
    loop {
        match rest.note(nodes[*node % nodes.len()], &format!("note {nth}"), 600_000) {
            Ok((200, answer)) => {
                memory.latencies.add(since.elapsed());
                return Promise::read(&answer);
            }
            Ok((429 | 503, _)) => thread::sleep(Duration::from_millis(100)),
            // It has promised, but could not say more.
            Ok((202, answer)) => memory.promises.push(Promise::read(&answer)),
            Ok((status, answer)) => panic!("status {status}: {answer}"),
            Err(_) => {
                thread::sleep(Duration::from_millis(100));
                *node += 1;
            }
        }
        memory.unanswered += 1;
    }
}
