//! Tests of the trusted-node service: answers are made once and shared.

use super::test_net::{fixed, peer, settings};
use super::*;
use crate::scp::{NodeId, QuorumSet};
use crate::time::Time;
use std::sync::Arc;

fn step(node: &mut Node, input: Input) -> Vec<Output> {
    node.step(Time::from_ms(1_000), input)
}

/// A node that votes and knows the nodes 0 to 4 from its address book.
fn ready() -> Node {
    let set = QuorumSet::flat(3, (0..5).map(NodeId));
    let config = fixed(0, &set, &settings(Application::Log));
    let mut node = Node::new(Arc::new(config));
    drop(step(&mut node, Input::Start(None)));
    drop(step(&mut node, Input::Timer(TimerKind::Settle)));
    node
}

fn receive(from: u32, nth: u64, body: Body) -> Input {
    let from = NodeId(from);
    let message = Message {
        id: MessageId { sender: from, nth },
        to: Some(NodeId(0)),
        housekeeping: false,
        body,
    };
    let message = Arc::new(message);
    Input::Receive { from, message }
}

fn answer(outputs: &[Output]) -> Option<Arc<PeersAnswer>> {
    outputs.iter().find_map(|output| match output {
        Output::Send { message, .. } => match &message.body {
            Body::Peers(answer) => Some(Arc::clone(answer)),
            _ => None,
        },
        _ => None,
    })
}

fn ask(node: &mut Node, from: u32, nth: u64) -> Arc<PeersAnswer> {
    answer(&step(node, receive(from, nth, Body::PeersQuestion))).unwrap()
}

fn announce(node: &mut Node, id: u32, kind: AnnouncementKind, nth: u64) -> Vec<Output> {
    let announcement = Arc::new(Announcement {
        peer: peer(id as usize),
        kind,
        nth,
        hops: 0,
    });
    let from = NodeId(id);
    step(node, Input::ReceiveAnnouncement { from, announcement })
}

fn ids(answer: &PeersAnswer) -> Vec<u32> {
    answer.known.iter().map(|peer| peer.id.0).collect()
}

#[test]
fn all_askers_get_one_answer_until_the_roster_changes() {
    let mut node = ready();
    let first = ask(&mut node, 1, 1);
    assert_eq!(ids(&first), [0, 1, 2, 3, 4]);
    assert!(Arc::ptr_eq(&first, &ask(&mut node, 2, 1)));
    let here = AnnouncementKind::Here;
    let announced = answer(&announce(&mut node, 3, here, 1)).unwrap();
    assert!(Arc::ptr_eq(&first, &announced));
    let joined = answer(&announce(&mut node, 7, here, 1)).unwrap();
    assert_eq!(ids(&joined), [0, 1, 2, 3, 4, 7]);
    assert!(Arc::ptr_eq(&joined, &ask(&mut node, 1, 2)));
    announce(&mut node, 2, AnnouncementKind::Leaving, 2);
    assert_eq!(ids(&ask(&mut node, 1, 3)), [0, 1, 3, 4, 7]);
}

#[test]
fn an_answer_adds_unknown_peers_and_corrects_departed_ones() {
    let mut node = ready();
    let listed = |ids: &[usize]| {
        let known = ids.iter().map(|id| peer(*id)).collect();
        let trusted = Arc::from([]);
        Body::Peers(Arc::new(PeersAnswer { known, trusted }))
    };
    assert!(step(&mut node, receive(1, 1, listed(&[1, 0, 2, 3]))).is_empty());
    let outputs = step(&mut node, receive(1, 2, listed(&[1, 9])));
    let is_found = |output: &Output| {
        let Output::Event(NodeEvent::Discovered { peer, .. }) = output else {
            return false;
        };
        peer.id == NodeId(9)
    };
    assert!(outputs.iter().any(is_found), "{outputs:?}");
    announce(&mut node, 2, AnnouncementKind::Leaving, 2);
    let outputs = step(&mut node, receive(1, 3, listed(&[1, 2, 3])));
    let repeats = |output: &Output| matches!(output, Output::Announce(it) if it.peer.id.0 == 2);
    assert!(outputs.iter().any(repeats), "{outputs:?}");
}
