//! What has to be equal: envelopes and decisions exactly and in order, direct answers, and what each step leaves the
//! timers doing. The order of timer operations and envelopes within a step means nothing.

use super::format::{Answer, Deed, Fatal, Step, Timer, Transcript};
use super::replay::{Replay, Reply};
use crate::scp::{Recording, SlotIndex};
use std::collections::BTreeMap;
use std::fmt;

/// The first difference in one transcript or case.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// In which transcript or case.
    pub id: String,
    /// At which step, from 0; none where there are no steps.
    pub step: Option<usize>,
    /// What is different.
    pub what: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "{}, step {step}: {}", self.id, self.what),
            None => write!(f, "{}: {}", self.id, self.what),
        }
    }
}

/// Replays all of `transcript`; stops at the first difference. The invariants are checked after every step.
///
/// # Errors
/// The first difference, or broken invariant.
pub fn check_transcript(transcript: &Transcript) -> Result<(), Mismatch> {
    let mut replay = Replay::new(transcript, Recording::Silent);
    let at = |step: Option<usize>| {
        move |what| Mismatch {
            id: transcript.id.clone(),
            step,
            what,
        }
    };
    for (nth, step) in transcript.steps.iter().enumerate() {
        let reply = replay.feed(&step.input);
        check_step(step, &reply)
            .and_then(|()| replay.scp().check_invariants())
            .map_err(at(Some(nth)))?;
    }
    check_decisions(transcript, &replay).map_err(at(None))?;
    match &transcript.fatal {
        Some(fatal) => check_fatal(fatal, &mut replay).map_err(at(Some(transcript.steps.len()))),
        None => Ok(()),
    }
}

/// Compares what one input led to.
///
/// # Errors
/// What is different.
pub fn check_step(step: &Step, reply: &Reply) -> Result<(), String> {
    check_answer(step.res, reply.res)?;
    let (expected, found) = (said(&step.out), said(&reply.out));
    if expected != found {
        return Err(format!("expected to say {expected:?}, found {found:?}"));
    }
    let (expected, found) = (timers(&step.out), timers(&reply.out));
    if expected != found {
        return Err(format!("expected timers {expected:?}, found {found:?}"));
    }
    Ok(())
}

fn check_answer(expected: Option<Answer>, found: Option<Answer>) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("expected the answer {expected:?}, found {found:?}"))
    }
}

/// Envelopes and decisions, in order: the application learns a decision before others do.
fn said(deeds: &[Deed]) -> Vec<&Deed> {
    let is_said = |deed: &&Deed| matches!(deed, Deed::Emit(_) | Deed::Externalized { .. });
    deeds.iter().filter(is_said).collect()
}

/// What a step does to a timer in the end: armed for so many ms, or stopped.
fn timers(deeds: &[Deed]) -> BTreeMap<(u64, Timer), Option<u64>> {
    let mut last = BTreeMap::new();
    for deed in deeds {
        match *deed {
            Deed::Set { slot, timer, ms } => {
                last.insert((slot, timer), Some(ms));
            }
            Deed::Stop {
                slot,
                timer,
                armed: true,
            } => {
                last.insert((slot, timer), None);
            }
            Deed::Stop { armed: false, .. } | Deed::Emit(_) | Deed::Externalized { .. } => {}
        }
    }
    last
}

/// The summary at the head of the transcript.
fn check_decisions(transcript: &Transcript, replay: &Replay) -> Result<(), String> {
    for (slot, value) in &transcript.externalized {
        let found = slot
            .parse()
            .ok()
            .and_then(|index| replay.scp().externalized(SlotIndex(index)))
            .map(super::names::text);
        if found.as_ref() != Some(value) {
            return Err(format!(
                "slot {slot}: expected decision {value:?}, found {found:?}"
            ));
        }
    }
    Ok(())
}

/// The reference aborts here. This node must go on, and nothing may have changed.
fn check_fatal(fatal: &Fatal, replay: &mut Replay) -> Result<(), String> {
    let everything = |replay: &Replay| {
        (1..=8)
            .map(SlotIndex)
            .map(|slot| {
                let statements: Vec<_> = replay.scp().statements(slot).cloned().collect();
                (replay.scp().slot_state(slot), statements)
            })
            .collect::<Vec<_>>()
    };
    let before = everything(replay);
    let reply = replay.feed(&fatal.input);
    if !reply.out.is_empty() || everything(replay) != before {
        return Err(format!(
            "the reference aborts ({}): expected no change, found {:?}",
            fatal.why, reply.out
        ));
    }
    replay.scp().check_invariants()
}
