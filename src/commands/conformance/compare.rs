//! Comparison with stellar-core: envelopes and decisions exactly and in order, return values, and the timers after each
//! step. The order between timer operations and envelopes in a step does not matter.

use super::format::{FatalInput, SlotTimer, StepInput, StepOutput, Transcript, TranscriptStep};
use super::replay::{StepResult, TranscriptReplay};
use crate::scp::{EvidenceMode, SlotIndex};
use crate::text::conformance as text;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// An expected and an actual value that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The compared property.
    pub what: String,
    /// The value in the file.
    pub expected: String,
    /// The value of the node under test.
    pub actual: String,
}

impl Difference {
    /// Compares two values.
    ///
    /// # Errors
    /// The difference, with both values as JSON, if they are not equal.
    pub fn check<T: PartialEq + Serialize>(
        what: impl Into<String>,
        expected: T,
        actual: T,
    ) -> Result<(), Difference> {
        if expected == actual {
            return Ok(());
        }
        Err(Difference {
            what: what.into(),
            expected: json(&expected),
            actual: json(&actual),
        })
    }
}

/// The value as JSON, as in a file.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}

/// The first difference in one transcript or case.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The id of the transcript or case.
    pub id: String,
    /// The step, from 0; `None` outside the steps.
    pub step: Option<usize>,
    /// The input of that step.
    pub input: Option<String>,
    /// The difference.
    pub difference: Box<Difference>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.step {
            Some(step) => text::step(&self.id, &step.to_string()),
            None => self.id.clone(),
        };
        let Difference {
            what,
            expected,
            actual,
        } = &*self.difference;
        f.write_str(&match &self.input {
            Some(input) => text::mismatch_after_input(&place, what, input, expected, actual),
            None => text::mismatch(&place, what, expected, actual),
        })
    }
}

/// Replays `transcript` up to the first difference. Also checks the invariants after every step.
///
/// # Errors
/// The first difference or violated invariant.
pub fn check_transcript(transcript: &Transcript) -> Result<(), Mismatch> {
    let mut replay = TranscriptReplay::new(transcript, EvidenceMode::Skip);
    let at = |step: Option<usize>, input: Option<&StepInput>| {
        let (id, input) = (transcript.id.clone(), input.map(json));
        move |difference| Mismatch {
            id,
            step,
            input,
            difference: Box::new(difference),
        }
    };
    for (nth, step) in transcript.steps.iter().enumerate() {
        let result = replay.feed(&step.input);
        check_step(step, &result)
            .and_then(|()| check_invariants(&replay))
            .map_err(at(Some(nth), Some(&step.input)))?;
    }
    check_decisions(transcript, &replay).map_err(at(None, None))?;
    match &transcript.fatal {
        Some(fatal) => {
            let nth = transcript.steps.len();
            check_fatal(fatal, &mut replay).map_err(at(Some(nth), Some(&fatal.input)))
        }
        None => Ok(()),
    }
}

/// Compares the outputs of one input.
///
/// # Errors
/// The difference.
pub fn check_step(step: &TranscriptStep, result: &StepResult) -> Result<(), Difference> {
    Difference::check(text::return_value(), step.res, result.res)?;
    let (expected, actual) = (messages(&step.out), messages(&result.out));
    Difference::check(text::messages(), expected, actual)?;
    Difference::check(text::timers(), timers(&step.out), timers(&result.out))
}

fn check_invariants(replay: &TranscriptReplay) -> Result<(), Difference> {
    let broken = replay.scp().check_invariants().err();
    Difference::check(text::invariants(), None, broken)
}

/// Envelopes and decisions, in order: the application learns a decision before other nodes do.
fn messages(outputs: &[StepOutput]) -> Vec<&StepOutput> {
    let is_message = |output: &&StepOutput| {
        matches!(
            output,
            StepOutput::Emit(_) | StepOutput::Externalized { .. }
        )
    };
    outputs.iter().filter(is_message).collect()
}

/// The change of a timer in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum TimerChange {
    Set(u64),
    Stopped,
}

/// The timers that a step changes, by slot.
fn timers(outputs: &[StepOutput]) -> BTreeMap<u64, BTreeMap<SlotTimer, TimerChange>> {
    let mut last: BTreeMap<u64, BTreeMap<SlotTimer, TimerChange>> = BTreeMap::new();
    for output in outputs {
        let (slot, timer, end) = match *output {
            StepOutput::Set { slot, timer, ms } => (slot, timer, TimerChange::Set(ms)),
            StepOutput::Stop {
                slot,
                timer,
                armed: true,
            } => (slot, timer, TimerChange::Stopped),
            StepOutput::Stop { armed: false, .. }
            | StepOutput::Emit(_)
            | StepOutput::Externalized { .. } => continue,
        };
        last.entry(slot).or_default().insert(timer, end);
    }
    last
}

/// Checks the summary in the head of the transcript.
fn check_decisions(transcript: &Transcript, replay: &TranscriptReplay) -> Result<(), Difference> {
    for (slot, value) in &transcript.externalized {
        let found = slot
            .parse()
            .ok()
            .and_then(|index| replay.scp().externalized(SlotIndex(index)))
            .map(super::names::text);
        Difference::check(text::decision(slot), Some(value), found.as_ref())?;
    }
    Ok(())
}

/// Checks an input on which stellar-core aborts. Here it must produce no output and change nothing.
fn check_fatal(fatal: &FatalInput, replay: &mut TranscriptReplay) -> Result<(), Difference> {
    let everything = |replay: &TranscriptReplay| {
        (1..=8)
            .map(SlotIndex)
            .map(|slot| {
                let statements: Vec<_> = replay.scp().statements(slot).cloned().collect();
                (replay.scp().slot_state(slot), statements)
            })
            .collect::<Vec<_>>()
    };
    let before = everything(replay);
    let result = replay.feed(&fatal.input);
    let what = text::fatal_input(&fatal.why);
    Difference::check(what.as_str(), &[][..], result.out.as_slice())?;
    Difference::check(what, before, everything(replay))?;
    check_invariants(replay)
}
