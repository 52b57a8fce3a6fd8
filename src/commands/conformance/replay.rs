//! `Replay`: feeds the inputs of a transcript to an `Scp` and says what it did, in the words of the files.

use super::driver::VectorDriver;
use super::format::{Answer, Deed, Input, Timer, Transcript};
use super::names::{Names, text};
use crate::scp::{
    Effect, LocalNode, Nomination, Recording, Scp, ScpEvent, ScpTimer, SlotIndex, Value,
};
use std::collections::BTreeSet;

/// One transcript being replayed.
#[derive(Clone, Debug)]
pub struct Replay {
    names: Names,
    driver: VectorDriver,
    scp: Scp,
    armed: BTreeSet<(u64, Timer)>,
}

/// What the node under test did in answer to one input.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The direct answer.
    pub res: Option<Answer>,
    /// What it did.
    pub out: Vec<Deed>,
    /// What it reported, if it records events.
    pub events: Vec<ScpEvent>,
}

impl Replay {
    /// A fresh node for `transcript`.
    #[must_use]
    pub fn new(transcript: &Transcript, recording: Recording) -> Replay {
        let names = Names::of_transcript(transcript);
        let local = LocalNode {
            id: names.node(&transcript.node),
            quorum_set: names.set(&transcript.qset),
            is_validator: transcript.validator,
        };
        Replay {
            driver: VectorDriver::of_transcript(transcript, &names),
            names,
            scp: Scp::new(local, recording),
            armed: BTreeSet::new(),
        }
    }

    /// The node under test.
    #[must_use]
    pub fn scp(&self) -> &Scp {
        &self.scp
    }

    /// The numbers that names have in it.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The application of the node under test.
    #[must_use]
    pub fn driver(&self) -> &VectorDriver {
        &self.driver
    }

    /// Feeds one input.
    pub fn feed(&mut self, input: &Input) -> Reply {
        let mut effects = Vec::new();
        let res = self.call(input, &mut effects);
        let mut events = Vec::new();
        let mut out = Vec::new();
        for effect in effects {
            match effect {
                Effect::Event(event) => events.push(event),
                effect => out.extend(self.deed(effect)),
            }
        }
        Reply { res, out, events }
    }

    fn call(&mut self, input: &Input, out: &mut Vec<Effect>) -> Option<Answer> {
        let (scp, driver) = (&mut self.scp, &self.driver);
        match input {
            Input::Nominate { slot, value, prev } => {
                let (value, prev) = (Value::from(value.as_str()), Value::from(prev.as_str()));
                let grown = scp.nominate(driver, SlotIndex(*slot), Some(value), prev, out);
                return Some(match grown {
                    Nomination::Updated => Answer::Updated,
                    Nomination::Unchanged => Answer::Unchanged,
                });
            }
            Input::Receive(message) => {
                return Some(
                    match scp.receive(driver, &self.names.envelope(message), out) {
                        Ok(()) => Answer::Valid,
                        Err(_) => Answer::Invalid,
                    },
                );
            }
            Input::Timer { slot, timer } => {
                self.armed.remove(&(*slot, *timer));
                let timer = match timer {
                    Timer::Nomination => ScpTimer::Nomination,
                    Timer::Ballot => ScpTimer::Ballot,
                };
                scp.timer_expired(driver, SlotIndex(*slot), timer, out);
            }
            Input::SetQset { qset } => scp.set_quorum_set(self.names.set(qset)),
            Input::StopNomination { slot } => scp.stop_nomination(SlotIndex(*slot)),
            Input::Restore(message) => {
                // A transcript gives no answer to this; a refusal is among the events.
                let _ = scp.restore(driver, self.names.envelope(message), out);
            }
        }
        None
    }

    fn deed(&mut self, effect: Effect) -> Option<Deed> {
        Some(match effect {
            Effect::Emit(envelope) => Deed::Emit(self.names.message(&envelope)),
            Effect::SetTimer { slot, timer, span } => {
                let timer = named(timer);
                self.armed.insert((slot.0, timer));
                Deed::Set {
                    slot: slot.0,
                    timer,
                    ms: span.0 / 1000,
                }
            }
            Effect::StopTimer { slot, timer } => {
                let timer = named(timer);
                let armed = self.armed.remove(&(slot.0, timer));
                Deed::Stop {
                    slot: slot.0,
                    timer,
                    armed,
                }
            }
            Effect::Externalized { slot, value } => Deed::Externalized {
                slot: slot.0,
                value: text(&value),
            },
            Effect::Event(_) => return None,
        })
    }
}

fn named(timer: ScpTimer) -> Timer {
    match timer {
        ScpTimer::Nomination => Timer::Nomination,
        ScpTimer::Ballot => Timer::Ballot,
    }
}
