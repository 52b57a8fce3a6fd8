//! Replay of a transcript: feeds its inputs to an `Scp` and returns the outputs in the file format.

use super::driver::VectorDriver;
use super::format::{CallResult, SlotTimer, StepInput, StepOutput, Transcript};
use super::names::{NameTable, text};
use crate::scp::{
    Effect, EvidenceMode, LocalNode, NominateOutcome, Scp, ScpEvent, ScpTimer, SlotIndex, Value,
};
use std::collections::BTreeSet;

/// A transcript and the node that replays it.
#[derive(Clone, Debug)]
pub struct TranscriptReplay {
    names: NameTable,
    driver: VectorDriver,
    scp: Scp,
    armed: BTreeSet<(u64, SlotTimer)>,
}

/// The outputs of the node for one input.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// The return value.
    pub res: Option<CallResult>,
    /// The outputs.
    pub out: Vec<StepOutput>,
    /// The events, if they are recorded.
    pub events: Vec<ScpEvent>,
}

impl TranscriptReplay {
    /// A new node for `transcript`.
    #[must_use]
    pub fn new(transcript: &Transcript, evidence_mode: EvidenceMode) -> TranscriptReplay {
        let names = NameTable::of_transcript(transcript);
        let local = LocalNode {
            id: names.node(&transcript.node),
            quorum_set: names.set(&transcript.qset),
            is_validator: transcript.validator,
        };
        TranscriptReplay {
            driver: VectorDriver::of_transcript(transcript, &names),
            names,
            scp: Scp::new(local, evidence_mode),
            armed: BTreeSet::new(),
        }
    }

    /// The node under test.
    #[must_use]
    pub fn scp(&self) -> &Scp {
        &self.scp
    }

    /// The numbers of its names.
    #[must_use]
    pub fn names(&self) -> &NameTable {
        &self.names
    }

    /// The application of the node under test.
    #[must_use]
    pub fn driver(&self) -> &VectorDriver {
        &self.driver
    }

    /// Feeds one input.
    pub fn feed(&mut self, input: &StepInput) -> StepResult {
        let mut effects = Vec::new();
        let res = self.call(input, &mut effects);
        let mut events = Vec::new();
        let mut out = Vec::new();
        for effect in effects {
            match effect {
                Effect::Event(event) => events.push(event),
                effect => out.extend(self.named_output(effect)),
            }
        }
        StepResult { res, out, events }
    }

    fn call(&mut self, input: &StepInput, out: &mut Vec<Effect>) -> Option<CallResult> {
        let (scp, driver) = (&mut self.scp, &self.driver);
        match input {
            StepInput::Nominate { slot, value, prev } => {
                let (value, prev) = (Value::from(value.as_str()), Value::from(prev.as_str()));
                let grown = scp.nominate(driver, SlotIndex(*slot), Some(value), prev, out);
                return Some(match grown {
                    NominateOutcome::Updated => CallResult::Updated,
                    NominateOutcome::Unchanged => CallResult::Unchanged,
                });
            }
            StepInput::Receive(message) => {
                return Some(
                    match scp.receive(driver, &self.names.envelope(message), out) {
                        Ok(()) => CallResult::Valid,
                        Err(_) => CallResult::Invalid,
                    },
                );
            }
            StepInput::Timer { slot, timer } => {
                self.armed.remove(&(*slot, *timer));
                let timer = match timer {
                    SlotTimer::Nomination => ScpTimer::Nomination,
                    SlotTimer::Ballot => ScpTimer::Ballot,
                };
                scp.timer_expired(driver, SlotIndex(*slot), timer, out);
            }
            StepInput::SetQset { qset } => scp.set_quorum_set(self.names.set(qset)),
            StepInput::StopNomination { slot } => scp.stop_nomination(SlotIndex(*slot)),
            StepInput::Restore(message) => {
                // A transcript has no return value for this input. A refusal is among the events.
                let _ = scp.restore(driver, self.names.envelope(message), out);
            }
        }
        None
    }

    fn named_output(&mut self, effect: Effect) -> Option<StepOutput> {
        Some(match effect {
            Effect::Emit(envelope) => StepOutput::Emit(self.names.message(&envelope)),
            Effect::SetTimer { slot, timer, span } => {
                let timer = slot_timer(timer);
                self.armed.insert((slot.0, timer));
                StepOutput::Set {
                    slot: slot.0,
                    timer,
                    ms: span.0 / 1000,
                }
            }
            Effect::StopTimer { slot, timer } => {
                let timer = slot_timer(timer);
                let armed = self.armed.remove(&(slot.0, timer));
                StepOutput::Stop {
                    slot: slot.0,
                    timer,
                    armed,
                }
            }
            Effect::Externalized { slot, value } => StepOutput::Externalized {
                slot: slot.0,
                value: text(&value),
            },
            Effect::Event(_) => return None,
        })
    }
}

fn slot_timer(timer: ScpTimer) -> SlotTimer {
    match timer {
        ScpTimer::Nomination => SlotTimer::Nomination,
        ScpTimer::Ballot => SlotTimer::Ballot,
    }
}
