//! Conversations: everything that one of four nodes gets to hear, from the first broadcast to an agreement, as lines of
//! text. Any text is such a conversation, if a mad one.

use super::rig::{NETWORK, Rig, Sent, signed};
use quorumscope::live::identity::Purpose;
use quorumscope::live::wire::{Datagram, Opened, Signed};
use std::collections::VecDeque;
use std::sync::LazyLock;

/// Longer ones are cut.
const LINES_MAX: usize = 400;
/// A conversation that takes longer is not going to end.
const EVENTS_MAX: usize = 20_000;

/// Node 0 lives through a conversation; how many proposals it has recorded, slot by slot.
pub(crate) fn live_through(text: &str) -> Vec<usize> {
    let mut rig = Rig::new(0);
    for line in text.lines().take(LINES_MAX) {
        hear(&mut rig, line);
    }
    (0..10).for_each(|_| rig.tick());
    rig.log
}

fn hear(rig: &mut Rig, line: &str) {
    let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
    match kind {
        "tick" => rig.tick(),
        "propose" => rig.propose(rest),
        "datagram" => {
            let announcement = signed(rest, "key", Purpose::Announcement);
            if let Some(Ok(packet)) =
                announcement.map(|announcement| Datagram { announcement }.write())
            {
                rig.hear(&packet);
            }
        }
        "message" => {
            if let Some(signed) = signed(rest, "sender", Purpose::Message) {
                rig.receive(signed);
            }
        }
        // As it comes from the network: nobody has signed it for them.
        _ => {
            if let Ok(signed) = serde_json::from_str::<Signed>(line) {
                drop(Opened::open(signed, NETWORK));
            }
        }
    }
}

static EXAMPLE: LazyLock<String> = LazyLock::new(talk);

/// What node 0 heard when nobody did anything wrong.
pub(crate) fn example() -> &'static str {
    &EXAMPLE
}

/// Four nodes talk until two notes are agreed on.
fn talk() -> String {
    let mut rigs: Vec<Rig> = (0..4).map(Rig::new).collect();
    let mut heard = String::new();
    let mut waiting: VecDeque<(usize, Sent)> = VecDeque::new();
    let mut notes = 0;
    for _ in 0..EVENTS_MAX {
        for (from, rig) in rigs.iter_mut().enumerate() {
            waiting.extend(rig.take_sent().into_iter().map(|sent| (from, sent)));
        }
        match waiting.pop_front() {
            Some((from, sent)) => deliver(&mut rigs, from, &sent, &mut heard),
            None if rigs.iter().all(|rig| rig.log.len() == 2) => return heard,
            None if rigs
                .iter()
                .all(|rig| rig.is_ready && rig.log.len() == notes) =>
            {
                notes += 1;
                // One comes from elsewhere, one from the node itself.
                let at = 2 * (notes % 2);
                rigs[at].propose("tea");
                if at == 0 {
                    heard.push_str("propose tea\n");
                }
            }
            None => {
                let due = |at: &usize| rigs[*at].next_due();
                let next = (0..4).filter(|at| due(at).is_some()).min_by_key(due);
                let next = next.expect("somebody waits for something");
                rigs[next].tick();
                if next == 0 {
                    heard.push_str("tick\n");
                }
            }
        }
    }
    panic!("four nodes did not agree: {heard}");
}

fn deliver(rigs: &mut [Rig], from: usize, sent: &Sent, heard: &mut String) {
    for at in (0..rigs.len()).filter(|&at| at != from) {
        let line = match sent {
            Sent::Datagram(announcement) => {
                let packet = Datagram {
                    announcement: announcement.clone(),
                }
                .write();
                rigs[at].hear(&packet.expect("it is short"));
                format!("datagram {}\n", announcement.message.get())
            }
            Sent::Message(to, message) if to.is_none_or(|to| to == rigs[at].key()) => {
                rigs[at].receive(message.clone());
                format!("message {}\n", message.message.get())
            }
            Sent::Message(..) => continue,
        };
        if at == 0 {
            heard.push_str(&line);
        }
    }
}
