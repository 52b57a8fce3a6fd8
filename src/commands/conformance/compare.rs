//! What has to be equal: envelopes and decisions exactly and in order, direct answers, and what each step leaves the
//! timers doing. The order of timer operations and envelopes within a step means nothing.

use super::format::{FatalInput, SlotTimer, StepInput, StepOutput, Transcript, TranscriptStep};
use super::replay::{StepResult, TranscriptReplay};
use crate::scp::{EvidenceMode, SlotIndex};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What should have been, and what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What was compared.
    pub what: String,
    /// How it is in the file.
    pub expected: String,
    /// How the node under test has it.
    pub actual: String,
}

impl Difference {
    /// `what`, if `actual` is not what was expected; both as JSON, as in the files.
    ///
    /// # Errors
    /// The difference.
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

/// As it would be written in a file.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| error.to_string())
}

/// The first difference in one transcript or case.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// In which transcript or case.
    pub id: String,
    /// At which step, from 0; none where there are no steps.
    pub step: Option<usize>,
    /// The input of that step.
    pub input: Option<String>,
    /// What is different.
    pub difference: Box<Difference>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(step) = self.step {
            write!(f, ", step {step} (the first is 0)")?;
        }
        writeln!(f, ": {}", self.difference.what)?;
        if let Some(input) = &self.input {
            writeln!(f, "  input     {input}")?;
        }
        writeln!(f, "  expected  {}", self.difference.expected)?;
        write!(f, "  actual    {}", self.difference.actual)
    }
}

/// Replays all of `transcript`; stops at the first difference. The invariants are checked after every step.
///
/// # Errors
/// The first difference, or broken invariant.
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

/// Compares what one input led to.
///
/// # Errors
/// What is different.
pub fn check_step(step: &TranscriptStep, result: &StepResult) -> Result<(), Difference> {
    Difference::check("the direct answer", step.res, result.res)?;
    let what = "envelopes and decisions, in order";
    Difference::check(what, said(&step.out), said(&result.out))?;
    let what = "what the step leaves the timers doing";
    Difference::check(what, timers(&step.out), timers(&result.out))
}

fn check_invariants(replay: &TranscriptReplay) -> Result<(), Difference> {
    let broken = replay.scp().check_invariants().err();
    Difference::check("the invariants", None, broken)
}

/// Envelopes and decisions, in order: the application learns a decision before others do.
fn said(outputs: &[StepOutput]) -> Vec<&StepOutput> {
    let is_said = |output: &&StepOutput| {
        matches!(
            output,
            StepOutput::Emit(_) | StepOutput::Externalized { .. }
        )
    };
    outputs.iter().filter(is_said).collect()
}

/// What a step does to a timer in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum TimerChange {
    Set(u64),
    Stopped,
}

/// The timers that a step leaves in another way than it found them, by slot.
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

/// The summary at the head of the transcript.
fn check_decisions(transcript: &Transcript, replay: &TranscriptReplay) -> Result<(), Difference> {
    for (slot, value) in &transcript.externalized {
        let found = slot
            .parse()
            .ok()
            .and_then(|index| replay.scp().externalized(SlotIndex(index)))
            .map(super::names::text);
        let what = format!("the decision of slot {slot}, as the head of the transcript has it");
        Difference::check(what, Some(value), found.as_ref())?;
    }
    Ok(())
}

/// The reference aborts here. This node must go on, and nothing may have changed.
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
    let what = format!(
        "nothing may happen where the reference aborts ({})",
        fatal.why
    );
    Difference::check(what.as_str(), &[][..], result.out.as_slice())?;
    Difference::check(what, before, everything(replay))?;
    check_invariants(replay)
}
