//! `Ordeal`: one node under any inputs whatever, judged after each by somebody who knows only what must never happen.
//!
//! Property tests and the fuzz targets in `fuzz/` share this: `tape` turns bytes into choices, `stock` and `mutation`
//! choices into inputs, `text` feeds what files may contain. Inputs are those of the transcripts.

pub(crate) mod mutation;
pub(crate) mod order;
pub(crate) mod stock;
pub(crate) mod tape;
pub(crate) mod text;

use order::{check_course, check_sane, check_successor};
use quorumscope::commands::conformance::format::{
    Answer, Deed, Input, Message, Round, Said, Set, Transcript,
};
use quorumscope::commands::conformance::{Replay, Reply};
use quorumscope::scp::{Driver, Envelope, Recording, ScpEvent, SlotIndex, SlotState};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that a node holds about one slot.
type Holding = (Option<SlotState>, Vec<Arc<Envelope>>);

/// Names the statement of one kind about one slot.
type Kind = (u64, bool);

/// A node that is tried, and its twin that records nothing.
pub(crate) struct Ordeal<'a> {
    transcript: &'a Transcript,
    told: Replay,
    silent: Replay,
    /// Name of the local quorum set now.
    local_set: String,
    slots: BTreeSet<u64>,
    /// What it has emitted or restored last.
    said: BTreeMap<Kind, Message>,
    decided: BTreeMap<u64, String>,
    /// Who has been heard.
    pub(crate) heard: BTreeMap<Kind, BTreeSet<String>>,
}

impl<'a> Ordeal<'a> {
    /// A fresh node for `transcript`, whose steps say which names there are.
    pub(crate) fn new(transcript: &'a Transcript) -> Ordeal<'a> {
        Ordeal {
            told: Replay::new(transcript, Recording::Events),
            silent: Replay::new(transcript, Recording::Silent),
            local_set: transcript.qset.clone(),
            slots: BTreeSet::new(),
            said: BTreeMap::new(),
            decided: BTreeMap::new(),
            heard: BTreeMap::new(),
            transcript,
        }
    }

    /// Feeds every step of the transcript, and then sees whether the node goes on.
    pub(crate) fn run(transcript: &'a Transcript) {
        let mut ordeal = Ordeal::new(transcript);
        for step in &transcript.steps {
            ordeal.feed(&step.input);
        }
        ordeal.finish();
    }

    /// Feeds one input and judges the answer.
    pub(crate) fn feed(&mut self, input: &Input) {
        if let Some(slot) = slot_of(input) {
            self.slots.insert(slot);
        }
        let before = self.holdings();
        let reply = self.told.feed(input);
        let after = self.holdings();
        let twin = self.silent.feed(input);
        assert_eq!((reply.res, &reply.out), (twin.res, &twin.out), "{input:?}");
        assert!(twin.events.is_empty());
        for (&slot, (state, _)) in &after {
            let index = SlotIndex(slot);
            assert_eq!(*state, self.silent.scp().slot_state(index), "{input:?}");
        }
        for replay in [&self.told, &self.silent] {
            assert_eq!(replay.scp().check_invariants(), Ok(()), "after {input:?}");
        }
        if is_refused(&reply) {
            assert!(before == after, "refused, but not unchanged: {input:?}");
            assert!(reply.out.is_empty(), "refused, but {:?}", reply.out);
        }
        for (slot, (was, _)) in &before {
            assert!(slot_of(input) == Some(*slot) || before[slot] == after[slot]);
            if let (Some(was), Some(is)) = (was, &after[slot].0) {
                check_course(was, is).unwrap_or_else(|what| panic!("{what} after {input:?}"));
            }
        }
        self.note(input, &reply, &after);
        if reply.out.iter().any(|deed| matches!(deed, Deed::Emit(_))) {
            self.judge_voice(input, &before);
        }
        for deed in &reply.out {
            self.judge(deed, slot_of(input), &after);
        }
    }

    fn holdings(&self) -> BTreeMap<u64, Holding> {
        let scp = self.told.scp();
        let holding = |&slot: &u64| {
            let index = SlotIndex(slot);
            let statements = scp.statements(index).cloned().collect();
            (slot, (scp.slot_state(index), statements))
        };
        self.slots.iter().map(holding).collect()
    }

    /// What was taken in is held, and the last word of its sender.
    fn note(&mut self, input: &Input, reply: &Reply, after: &BTreeMap<u64, Holding>) {
        match input {
            Input::SetQset { qset } => self.local_set.clone_from(qset),
            Input::Receive(message) if !is_refused(reply) => {
                let kind = kind_of(message);
                let heard = self.heard.entry(kind).or_default();
                heard.insert(message.from.clone());
                let envelope = self.told.names().envelope(message);
                // A statement in the node's own name is overtaken by what it says itself in answer.
                assert!(
                    message.from == self.transcript.node
                        || after[&message.slot].1.contains(&envelope),
                    "taken in, but not held: {message:?}"
                );
            }
            Input::Restore(message) if !is_refused(reply) => {
                assert_eq!(message.from, self.transcript.node);
                assert!(reply.out.is_empty() && reply.events.is_empty());
                self.said.insert(kind_of(message), message.clone());
            }
            _ => {}
        }
    }

    /// Who is silent stays silent. A step that makes it so may have said something before: a nomination is sent before
    /// the ballot that it leads to is judged.
    fn judge_voice(&self, input: &Input, before: &BTreeMap<u64, Holding>) {
        assert!(self.transcript.validator, "an observer speaks: {input:?}");
        let was = slot_of(input).and_then(|slot| before[&slot].0.as_ref());
        assert!(
            was.is_none_or(|was| was.fully_validated),
            "it should be silent: {input:?}"
        );
    }

    /// Everything that it does is about the slot that was touched, newer than what it did before, and sane.
    fn judge(&mut self, deed: &Deed, touched: Option<u64>, after: &BTreeMap<u64, Holding>) {
        match deed {
            Deed::Emit(message) => {
                assert_eq!(Some(message.slot), touched);
                assert_eq!(message.from, self.transcript.node);
                assert_eq!(message.qset, self.local_set);
                let (state, held) = &after[&message.slot];
                let speaks = state.as_ref().unwrap().fully_validated;
                assert!(
                    speaks || matches!(message.st, Said::Nominate { .. }),
                    "a ballot in which it does not fully believe: {message:?}"
                );
                let envelope = self.told.names().envelope(message);
                let newest = |other: &Arc<Envelope>| {
                    other.from != envelope.from
                        || other.statement.is_nominate() != envelope.statement.is_nominate()
                        || self.told.names().message(other).st == message.st
                        || check_successor(&message.st, &self.told.names().message(other).st)
                            .is_ok()
                };
                assert!(held.iter().all(newest), "it holds less than it says");
                check_sane(&message.st).unwrap_or_else(|what| panic!("{what}: {message:?}"));
                let kind = kind_of(message);
                if let Some(last) = self.said.insert(kind, message.clone()) {
                    check_successor(&last.st, &message.st)
                        .unwrap_or_else(|what| panic!("{what}: {last:?}, then {message:?}"));
                }
            }
            Deed::Externalized { slot, value } => {
                assert_eq!(Some(*slot), touched);
                let before = self.decided.insert(*slot, value.clone());
                assert_eq!(before, None, "slot {slot} is decided twice");
                let state = after[slot].0.as_ref().unwrap();
                let known = state.externalized.as_ref().and_then(|x| x.as_str());
                assert_eq!(known, Some(value.as_str()));
            }
            Deed::Set { slot, .. } | Deed::Stop { slot, .. } => assert_eq!(Some(*slot), touched),
        }
    }

    /// Whatever has happened: in a new slot the node does the same as one to which nothing ever happened, and decides if
    /// its quorum set lets it.
    pub(crate) fn finish(mut self) {
        let slot = (900_000..).find(|slot| !self.slots.contains(slot)).unwrap();
        let set_id = self.told.names().set(&self.local_set);
        let set = self.told.driver().quorum_set(set_id);
        let can_decide = set.is_some_and(|set| set.check_sane().is_ok());
        let mut fresh_start = self.transcript.clone();
        fresh_start.qset.clone_from(&self.local_set);
        let mut fresh = Replay::new(&fresh_start, Recording::Events);
        // Both must give the same numbers to the same names.
        fresh_start.steps.clear();
        let value = "kept going".to_owned();
        for input in honest_slot(self.transcript, &self.local_set, slot, &value) {
            let reply = self.told.feed(&input);
            let expected = fresh.feed(&input);
            let (found, wanted) = (
                (reply.res, reply.out, reply.events),
                (expected.res, expected.out, expected.events),
            );
            assert_eq!(found, wanted, "it does not go on as new: {input:?}");
        }
        assert_eq!(self.told.scp().check_invariants(), Ok(()));
        let decided = self.told.scp().externalized(SlotIndex(slot));
        let decided = decided.and_then(|value| value.as_str());
        assert_eq!(decided, can_decide.then_some(value.as_str()));
    }
}

/// Was the input of this reply refused?
pub(crate) fn is_refused(reply: &Reply) -> bool {
    let is_refusal = |event: &ScpEvent| matches!(event, ScpEvent::Refused { .. });
    reply.res == Some(Answer::Invalid) || reply.events.iter().any(is_refusal)
}

fn kind_of(message: &Message) -> Kind {
    (message.slot, matches!(message.st, Said::Nominate { .. }))
}

/// The slot that an input is about.
pub(crate) fn slot_of(input: &Input) -> Option<u64> {
    match input {
        Input::Nominate { slot, .. }
        | Input::Timer { slot, .. }
        | Input::StopNomination { slot } => Some(*slot),
        Input::Receive(message) | Input::Restore(message) => Some(message.slot),
        Input::SetQset { .. } => None,
    }
}

/// Everybody proposes, votes, accepts, commits and decides `x`.
fn honest_slot(transcript: &Transcript, set: &str, slot: u64, x: &str) -> Vec<Input> {
    let round = || Round {
        n: 1,
        x: x.to_owned(),
    };
    let prepare = |n| Said::Prepare {
        ballot: round(),
        prepared: Some(round()),
        prepared_prime: None,
        n_c: n,
        n_h: n,
    };
    let phases = [
        Said::Nominate {
            voted: vec![x.to_owned()],
            accepted: vec![x.to_owned()],
        },
        prepare(0),
        prepare(1),
        Said::Confirm {
            ballot: round(),
            n_prepared: 1,
            n_commit: 1,
            n_h: 1,
        },
        Said::Externalize {
            commit: round(),
            n_h: 1,
        },
    ];
    let mut inputs = vec![Input::Nominate {
        slot,
        value: x.to_owned(),
        prev: "before".to_owned(),
    }];
    let mut others = BTreeSet::new();
    for set in transcript.qsets.values() {
        collect_nodes(set, &mut others);
    }
    others.remove(transcript.node.as_str());
    for st in phases {
        inputs.extend(others.iter().map(|&from| {
            Input::Receive(Message {
                from: from.to_owned(),
                slot,
                qset: set.to_owned(),
                st: st.clone(),
            })
        }));
    }
    inputs
}

/// Every node that `set` names.
pub(crate) fn collect_nodes<'a>(set: &'a Set, nodes: &mut BTreeSet<&'a str>) {
    nodes.extend(set.v.iter().map(String::as_str));
    for inner in &set.i {
        collect_nodes(inner, nodes);
    }
}
