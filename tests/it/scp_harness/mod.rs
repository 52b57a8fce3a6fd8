//! `ScpHarness`: one node under any inputs whatever, judged after each by somebody who knows only what must never happen.
//!
//! Property tests and the fuzz targets in `fuzz/` share this: `choices` turns bytes into choices, `generator` and `mutation`
//! choices into inputs, `text` feeds what files may contain. Inputs are those of the transcripts.

pub(crate) mod choices;
pub(crate) mod generator;
pub(crate) mod mutation;
pub(crate) mod rules;
pub(crate) mod text;

use quorumscope::commands::conformance::format::{
    CallResult, NamedBallot, NamedEnvelope, NamedQuorumSet, NamedStatement, StepInput, StepOutput,
    Transcript,
};
use quorumscope::commands::conformance::{StepResult, TranscriptReplay};
use quorumscope::scp::{Driver, Envelope, EvidenceMode, ScpEvent, SlotIndex, SlotState};
use rules::{check_progress, check_sane, check_successor};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All that a node holds about one slot.
type SlotSnapshot = (Option<SlotState>, Vec<Arc<Envelope>>);

/// NameTable the statement of one kind about one slot.
type StatementKey = (u64, bool);

/// A node that is tried, and its silent that records nothing.
pub(crate) struct ScpHarness<'a> {
    transcript: &'a Transcript,
    recording: TranscriptReplay,
    silent: TranscriptReplay,
    /// Name of the local quorum set now.
    local_set: String,
    slots: BTreeSet<u64>,
    /// What it has emitted or restored last.
    said: BTreeMap<StatementKey, NamedEnvelope>,
    decided: BTreeMap<u64, String>,
    /// Who has been heard.
    pub(crate) heard: BTreeMap<StatementKey, BTreeSet<String>>,
}

impl<'a> ScpHarness<'a> {
    /// A fresh node for `transcript`, whose steps say which names there are.
    pub(crate) fn new(transcript: &'a Transcript) -> ScpHarness<'a> {
        ScpHarness {
            recording: TranscriptReplay::new(transcript, EvidenceMode::Record),
            silent: TranscriptReplay::new(transcript, EvidenceMode::Skip),
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
        let mut harness = ScpHarness::new(transcript);
        for step in &transcript.steps {
            harness.feed(&step.input);
        }
        harness.finish();
    }

    /// Feeds one input and judges the answer.
    pub(crate) fn feed(&mut self, input: &StepInput) {
        if let Some(slot) = slot_of(input) {
            self.slots.insert(slot);
        }
        let before = self.snapshots();
        let result = self.recording.feed(input);
        let after = self.snapshots();
        let silent = self.silent.feed(input);
        assert_eq!(
            (result.res, &result.out),
            (silent.res, &silent.out),
            "{input:?}"
        );
        assert!(silent.events.is_empty());
        for (&slot, (state, _)) in &after {
            let index = SlotIndex(slot);
            assert_eq!(*state, self.silent.scp().slot_state(index), "{input:?}");
        }
        for replay in [&self.recording, &self.silent] {
            assert_eq!(replay.scp().check_invariants(), Ok(()), "after {input:?}");
        }
        if is_refused(&result) {
            assert!(before == after, "refused, but not unchanged: {input:?}");
            assert!(result.out.is_empty(), "refused, but {:?}", result.out);
        }
        for (slot, (was, _)) in &before {
            assert!(slot_of(input) == Some(*slot) || before[slot] == after[slot]);
            if let (Some(was), Some(is)) = (was, &after[slot].0) {
                check_progress(was, is).unwrap_or_else(|what| panic!("{what} after {input:?}"));
            }
        }
        self.note(input, &result, &after);
        if result
            .out
            .iter()
            .any(|output| matches!(output, StepOutput::Emit(_)))
        {
            self.check_may_emit(input, &before);
        }
        for output in &result.out {
            self.judge(output, slot_of(input), &after);
        }
    }

    fn snapshots(&self) -> BTreeMap<u64, SlotSnapshot> {
        let scp = self.recording.scp();
        let snapshot = |&slot: &u64| {
            let index = SlotIndex(slot);
            let statements = scp.statements(index).cloned().collect();
            (slot, (scp.slot_state(index), statements))
        };
        self.slots.iter().map(snapshot).collect()
    }

    /// What was taken in is held, and the last word of its sender.
    fn note(
        &mut self,
        input: &StepInput,
        result: &StepResult,
        after: &BTreeMap<u64, SlotSnapshot>,
    ) {
        match input {
            StepInput::SetQset { qset } => self.local_set.clone_from(qset),
            StepInput::Receive(message) if !is_refused(result) => {
                let kind = key_of(message);
                let heard = self.heard.entry(kind).or_default();
                heard.insert(message.from.clone());
                let envelope = self.recording.names().envelope(message);
                // A statement in the node's own name is overtaken by what it says itself in answer.
                assert!(
                    message.from == self.transcript.node
                        || after[&message.slot].1.contains(&envelope),
                    "taken in, but not held: {message:?}"
                );
            }
            StepInput::Restore(message) if !is_refused(result) => {
                assert_eq!(message.from, self.transcript.node);
                assert!(result.out.is_empty() && result.events.is_empty());
                self.said.insert(key_of(message), message.clone());
            }
            _ => {}
        }
    }

    /// Who is silent stays silent. A step that makes it so may have said something before: a nomination is sent before
    /// the ballot that it leads to is judged.
    fn check_may_emit(&self, input: &StepInput, before: &BTreeMap<u64, SlotSnapshot>) {
        assert!(self.transcript.validator, "an observer speaks: {input:?}");
        let was = slot_of(input).and_then(|slot| before[&slot].0.as_ref());
        assert!(
            was.is_none_or(|was| was.fully_validated),
            "it should be silent: {input:?}"
        );
    }

    /// Everything that it does is about the slot that was touched, newer than what it did before, and sane.
    fn judge(
        &mut self,
        output: &StepOutput,
        touched: Option<u64>,
        after: &BTreeMap<u64, SlotSnapshot>,
    ) {
        match output {
            StepOutput::Emit(message) => {
                assert_eq!(Some(message.slot), touched);
                assert_eq!(message.from, self.transcript.node);
                assert_eq!(message.qset, self.local_set);
                let (state, held) = &after[&message.slot];
                let speaks = state.as_ref().unwrap().fully_validated;
                assert!(
                    speaks || matches!(message.st, NamedStatement::Nominate { .. }),
                    "a ballot in which it does not fully believe: {message:?}"
                );
                let envelope = self.recording.names().envelope(message);
                let newest = |other: &Arc<Envelope>| {
                    other.from != envelope.from
                        || other.statement.is_nominate() != envelope.statement.is_nominate()
                        || self.recording.names().message(other).st == message.st
                        || check_successor(&message.st, &self.recording.names().message(other).st)
                            .is_ok()
                };
                assert!(held.iter().all(newest), "it holds less than it says");
                check_sane(&message.st).unwrap_or_else(|what| panic!("{what}: {message:?}"));
                let kind = key_of(message);
                if let Some(last) = self.said.insert(kind, message.clone()) {
                    check_successor(&last.st, &message.st)
                        .unwrap_or_else(|what| panic!("{what}: {last:?}, then {message:?}"));
                }
            }
            StepOutput::Externalized { slot, value } => {
                assert_eq!(Some(*slot), touched);
                let before = self.decided.insert(*slot, value.clone());
                assert_eq!(before, None, "slot {slot} is decided twice");
                let state = after[slot].0.as_ref().unwrap();
                let known = state.externalized.as_ref().and_then(|x| x.as_str());
                assert_eq!(known, Some(value.as_str()));
            }
            StepOutput::Set { slot, .. } | StepOutput::Stop { slot, .. } => {
                assert_eq!(Some(*slot), touched)
            }
        }
    }

    /// Whatever has happened: in a new slot the node does the same as one to which nothing ever happened, and decides if
    /// its quorum set lets it.
    pub(crate) fn finish(mut self) {
        let slot = (900_000..).find(|slot| !self.slots.contains(slot)).unwrap();
        let set_id = self.recording.names().set(&self.local_set);
        let set = self.recording.driver().quorum_set(set_id);
        let can_decide = set.is_some_and(|set| set.check_sane().is_ok());
        let mut fresh_start = self.transcript.clone();
        fresh_start.qset.clone_from(&self.local_set);
        let mut fresh = TranscriptReplay::new(&fresh_start, EvidenceMode::Record);
        // Both must give the same numbers to the same names.
        fresh_start.steps.clear();
        let value = "kept going".to_owned();
        for input in honest_slot(self.transcript, &self.local_set, slot, &value) {
            let result = self.recording.feed(&input);
            let expected = fresh.feed(&input);
            let (found, wanted) = (
                (result.res, result.out, result.events),
                (expected.res, expected.out, expected.events),
            );
            assert_eq!(found, wanted, "it does not go on as new: {input:?}");
        }
        assert_eq!(self.recording.scp().check_invariants(), Ok(()));
        let decided = self.recording.scp().externalized(SlotIndex(slot));
        let decided = decided.and_then(|value| value.as_str());
        assert_eq!(decided, can_decide.then_some(value.as_str()));
    }
}

/// Was the input of this result refused?
pub(crate) fn is_refused(result: &StepResult) -> bool {
    let is_refusal = |event: &ScpEvent| matches!(event, ScpEvent::Refused { .. });
    result.res == Some(CallResult::Invalid) || result.events.iter().any(is_refusal)
}

fn key_of(message: &NamedEnvelope) -> StatementKey {
    (
        message.slot,
        matches!(message.st, NamedStatement::Nominate { .. }),
    )
}

/// The slot that an input is about.
pub(crate) fn slot_of(input: &StepInput) -> Option<u64> {
    match input {
        StepInput::Nominate { slot, .. }
        | StepInput::Timer { slot, .. }
        | StepInput::StopNomination { slot } => Some(*slot),
        StepInput::Receive(message) | StepInput::Restore(message) => Some(message.slot),
        StepInput::SetQset { .. } => None,
    }
}

/// Everybody proposes, votes, accepts, commits and decides `x`.
fn honest_slot(transcript: &Transcript, set: &str, slot: u64, x: &str) -> Vec<StepInput> {
    let round = || NamedBallot {
        n: 1,
        x: x.to_owned(),
    };
    let prepare = |n| NamedStatement::Prepare {
        ballot: round(),
        prepared: Some(round()),
        prepared_prime: None,
        n_c: n,
        n_h: n,
    };
    let phases = [
        NamedStatement::Nominate {
            voted: vec![x.to_owned()],
            accepted: vec![x.to_owned()],
        },
        prepare(0),
        prepare(1),
        NamedStatement::Confirm {
            ballot: round(),
            n_prepared: 1,
            n_commit: 1,
            n_h: 1,
        },
        NamedStatement::Externalize {
            commit: round(),
            n_h: 1,
        },
    ];
    let mut inputs = vec![StepInput::Nominate {
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
            StepInput::Receive(NamedEnvelope {
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
pub(crate) fn collect_nodes<'a>(set: &'a NamedQuorumSet, nodes: &mut BTreeSet<&'a str>) {
    nodes.extend(set.v.iter().map(String::as_str));
    for inner in &set.i {
        collect_nodes(inner, nodes);
    }
}
