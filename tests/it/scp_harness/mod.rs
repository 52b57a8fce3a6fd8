//! Stress-test harness: one node under arbitrary inputs, with independent checks of its invariants.
//!
//! Property tests and the fuzz targets in `fuzz/` share it: `choices` reads bytes as choices, `generator` and
//! `mutation` turn choices into inputs, `rules` checks outputs and states, `text` reads file contents. Inputs have the
//! format of the transcripts.

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

/// The state of one slot with the statements of all nodes.
type SlotSnapshot = (Option<SlotState>, Vec<Arc<Envelope>>);

/// A slot, and whether the statement is a NOMINATE.
type StatementKey = (u64, bool);

/// The node under test, and a second one that records no events.
pub(crate) struct ScpHarness<'a> {
    transcript: &'a Transcript,
    recording: TranscriptReplay,
    silent: TranscriptReplay,
    /// The id of the current local quorum set.
    local_set: String,
    slots: BTreeSet<u64>,
    /// The latest statement that the node has emitted or restored.
    latest: BTreeMap<StatementKey, NamedEnvelope>,
    decided: BTreeMap<u64, String>,
    /// The senders of accepted statements.
    pub(crate) senders: BTreeMap<StatementKey, BTreeSet<String>>,
}

impl<'a> ScpHarness<'a> {
    /// A new node for `transcript`, which defines the names of nodes, sets and values.
    pub(crate) fn new(transcript: &'a Transcript) -> ScpHarness<'a> {
        ScpHarness {
            recording: TranscriptReplay::new(transcript, EvidenceMode::Record),
            silent: TranscriptReplay::new(transcript, EvidenceMode::Skip),
            local_set: transcript.qset.clone(),
            slots: BTreeSet::new(),
            latest: BTreeMap::new(),
            decided: BTreeMap::new(),
            senders: BTreeMap::new(),
            transcript,
        }
    }

    /// Feeds every step of the transcript, then checks that the node still works.
    pub(crate) fn run(transcript: &'a Transcript) {
        let mut harness = ScpHarness::new(transcript);
        for step in &transcript.steps {
            harness.feed(&step.input);
        }
        harness.finish();
    }

    /// Feeds one input and checks the outputs.
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
            assert!(before == after, "refused, but the state changed: {input:?}");
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
            self.check_output(output, slot_of(input), &after);
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

    /// Checks that an accepted statement is recorded as the latest of its sender.
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
                let senders = self.senders.entry(kind).or_default();
                senders.insert(message.from.clone());
                let envelope = self.recording.names().envelope(message);
                // A received statement in the name of the node itself is replaced by the own statements that it
                // triggers.
                assert!(
                    message.from == self.transcript.node
                        || after[&message.slot].1.contains(&envelope),
                    "accepted, but not recorded: {message:?}"
                );
            }
            StepInput::Restore(message) if !is_refused(result) => {
                assert_eq!(message.from, self.transcript.node);
                assert!(result.out.is_empty() && result.events.is_empty());
                self.latest.insert(key_of(message), message.clone());
            }
            _ => {}
        }
    }

    /// Checks that suppressed emission stays suppressed. The step that suppresses it may still emit, because a NOMINATE
    /// is sent before the resulting ballot is validated.
    fn check_may_emit(&self, input: &StepInput, before: &BTreeMap<u64, SlotSnapshot>) {
        assert!(self.transcript.validator, "an observer emits: {input:?}");
        let was = slot_of(input).and_then(|slot| before[&slot].0.as_ref());
        assert!(
            was.is_none_or(|was| was.fully_validated),
            "emission is suppressed: {input:?}"
        );
    }

    /// Checks that the output concerns the slot of the input, is newer than earlier outputs, and is sane.
    fn check_output(
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
                let (state, recorded) = &after[&message.slot];
                let is_enabled = state.as_ref().unwrap().fully_validated;
                assert!(
                    is_enabled || matches!(message.st, NamedStatement::Nominate { .. }),
                    "a ballot that is not fully validated: {message:?}"
                );
                let envelope = self.recording.names().envelope(message);
                let newest = |other: &Arc<Envelope>| {
                    other.from != envelope.from
                        || other.statement.is_nominate() != envelope.statement.is_nominate()
                        || self.recording.names().message(other).st == message.st
                        || check_successor(&message.st, &self.recording.names().message(other).st)
                            .is_ok()
                };
                assert!(
                    recorded.iter().all(newest),
                    "an emitted statement is not recorded"
                );
                check_sane(&message.st).unwrap_or_else(|what| panic!("{what}: {message:?}"));
                let kind = key_of(message);
                if let Some(last) = self.latest.insert(kind, message.clone()) {
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

    /// Checks that the earlier inputs do not affect a new slot: the node does the same as a new node, and decides if
    /// its quorum set is sane.
    pub(crate) fn finish(mut self) {
        let slot = (900_000..).find(|slot| !self.slots.contains(slot)).unwrap();
        let set_id = self.recording.names().set(&self.local_set);
        let set = self.recording.driver().quorum_set(set_id);
        let can_decide = set.is_some_and(|set| set.check_sane().is_ok());
        let mut fresh_start = self.transcript.clone();
        fresh_start.qset.clone_from(&self.local_set);
        let mut fresh = TranscriptReplay::new(&fresh_start, EvidenceMode::Record);
        // Both nodes must assign the same numbers to names.
        fresh_start.steps.clear();
        let value = "works on".to_owned();
        for input in honest_slot(self.transcript, &self.local_set, slot, &value) {
            let result = self.recording.feed(&input);
            let expected = fresh.feed(&input);
            let (found, wanted) = (
                (result.res, result.out, result.events),
                (expected.res, expected.out, expected.events),
            );
            assert_eq!(found, wanted, "it differs from a new node: {input:?}");
        }
        assert_eq!(self.recording.scp().check_invariants(), Ok(()));
        let decided = self.recording.scp().externalized(SlotIndex(slot));
        let decided = decided.and_then(|value| value.as_str());
        assert_eq!(decided, can_decide.then_some(value.as_str()));
    }
}

/// Whether the input was refused.
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

/// The slot of an input.
pub(crate) fn slot_of(input: &StepInput) -> Option<u64> {
    match input {
        StepInput::Nominate { slot, .. }
        | StepInput::Timer { slot, .. }
        | StepInput::StopNomination { slot } => Some(*slot),
        StepInput::Receive(message) | StepInput::Restore(message) => Some(message.slot),
        StepInput::SetQset { .. } => None,
    }
}

/// Inputs with which all other nodes nominate, vote for, accept, commit and decide `x`.
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

/// All nodes that `set` names.
pub(crate) fn collect_nodes<'a>(set: &'a NamedQuorumSet, nodes: &mut BTreeSet<&'a str>) {
    nodes.extend(set.v.iter().map(String::as_str));
    for inner in &set.i {
        collect_nodes(inner, nodes);
    }
}
