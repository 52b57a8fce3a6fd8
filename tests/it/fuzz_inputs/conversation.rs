//! Conversations: all inputs of one of four nodes, from the first broadcast to a decision, as lines of text. Any text
//! can be replayed as a conversation.

use super::harness::{NETWORK, NodeHarness, Sent, signed};
use quorumscope::live::identity::SignaturePurpose;
use quorumscope::live::wire::{Datagram, Signed, VerifiedMessage};
use std::collections::VecDeque;
use std::sync::LazyLock;

/// Maximum number of lines of a conversation; the rest is ignored.
const LINES_MAX: usize = 400;
/// Maximum number of events of the example. If the nodes need more, they never agree.
const EVENTS_MAX: usize = 20_000;

/// Replays a conversation at node 0. Returns the number of proposals in each decided slot.
pub(crate) fn replay(text: &str) -> Vec<usize> {
    let mut node = NodeHarness::new(0);
    for line in text.lines().take(LINES_MAX) {
        apply(&mut node, line);
    }
    (0..10).for_each(|_| node.tick());
    node.log
}

fn apply(node: &mut NodeHarness, line: &str) {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    match kind {
        "tick" => node.tick(),
        "propose" => node.propose(rest),
        "datagram" => {
            let announcement = signed(rest, "key", SignaturePurpose::Announcement);
            if let Some(Ok(packet)) =
                announcement.map(|announcement| Datagram { announcement }.write())
            {
                node.receive_datagram(&packet);
            }
        }
        "message" => {
            if let Some(signed) = signed(rest, "sender", SignaturePurpose::Message) {
                node.receive(signed);
            }
        }
        // A signed message as it comes from the network, usually with an invalid signature.
        _ => {
            if let Ok(signed) = serde_json::from_str::<Signed>(line) {
                drop(VerifiedMessage::open(signed, NETWORK));
            }
        }
    }
}

static EXAMPLE: LazyLock<String> = LazyLock::new(record_example);

/// A conversation without faults.
pub(crate) fn example() -> &'static str {
    &EXAMPLE
}

/// Records the inputs of node 0 while four nodes decide two notes.
fn record_example() -> String {
    let mut nodes: Vec<NodeHarness> = (0..4).map(NodeHarness::new).collect();
    let mut inputs = String::new();
    let mut waiting: VecDeque<(usize, Sent)> = VecDeque::new();
    let mut notes = 0;
    for _ in 0..EVENTS_MAX {
        for (from, node) in nodes.iter_mut().enumerate() {
            waiting.extend(node.take_sent().into_iter().map(|sent| (from, sent)));
        }
        match waiting.pop_front() {
            Some((from, sent)) => deliver(&mut nodes, from, &sent, &mut inputs),
            None if nodes.iter().all(|node| node.log.len() == 2) => return inputs,
            None if nodes
                .iter()
                .all(|node| node.is_ready && node.log.len() == notes) =>
            {
                notes += 1;
                // One note is proposed at another node, one at node 0.
                let at = 2 * (notes % 2);
                nodes[at].propose("tea");
                if at == 0 {
                    inputs.push_str("propose tea\n");
                }
            }
            None => {
                let due = |at: &usize| nodes[*at].next_due();
                let next = (0..4).filter(|at| due(at).is_some()).min_by_key(due);
                let next = next.expect("a timer is running");
                nodes[next].tick();
                if next == 0 {
                    inputs.push_str("tick\n");
                }
            }
        }
    }
    panic!("four nodes did not agree: {inputs}");
}

fn deliver(nodes: &mut [NodeHarness], from: usize, sent: &Sent, inputs: &mut String) {
    for at in (0..nodes.len()).filter(|&at| at != from) {
        let line = match sent {
            Sent::Datagram(announcement) => {
                let packet = Datagram {
                    announcement: announcement.clone(),
                }
                .write();
                nodes[at].receive_datagram(&packet.expect("an announcement is short"));
                format!("datagram {}\n", announcement.message.get())
            }
            Sent::Message(to, message) if to.is_none_or(|to| to == nodes[at].key()) => {
                nodes[at].receive(message.clone());
                format!("message {}\n", message.message.get())
            }
            Sent::Message(..) => continue,
        };
        if at == 0 {
            inputs.push_str(&line);
        }
    }
}
