//! `StepEnd`: the record at which a step of the viewer ends.

use super::playback::StepGrain;
use crate::node::view::NodeEvent;
use crate::scp::{ScpEvent, SlotIndex};
use crate::trace::{Record, World};

/// The end of a step from a certain world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepEnd {
    /// Any event other than housekeeping.
    Event,
    /// A transition of SCP.
    Transition,
    /// The first decision of a slot after this one.
    SlotAfter(Option<SlotIndex>),
}

impl StepEnd {
    /// The end of a step from `world`.
    pub(super) fn of(grain: StepGrain, world: &World) -> StepEnd {
        match grain {
            StepGrain::Event => StepEnd::Event,
            StepGrain::Transition => StepEnd::Transition,
            StepGrain::Slot => StepEnd::SlotAfter(last_decided(world)),
        }
    }

    /// Whether the step ends after this record.
    pub(super) fn is_at(self, record: &Record) -> bool {
        match self {
            StepEnd::Event => !record.is_housekeeping(),
            StepEnd::Transition => events(record).any(is_transition),
            StepEnd::SlotAfter(last) => events(record).any(|event| {
                matches!(event, ScpEvent::ConfirmedCommit { slot, .. } if Some(*slot) > last)
            }),
        }
    }
}

fn last_decided(world: &World) -> Option<SlotIndex> {
    let mut newest_first = world.slots().iter().rev();
    let decided = newest_first.find(|(_, summary)| !summary.decided.is_empty());
    decided.map(|(slot, _)| *slot)
}

fn events(record: &Record) -> impl Iterator<Item = &ScpEvent> {
    record.events().filter_map(|event| match event {
        NodeEvent::Scp(event) => Some(event),
        _ => None,
    })
}

/// Whether an event changes the state of the protocol at the node.
fn is_transition(event: &ScpEvent) -> bool {
    !matches!(
        event,
        ScpEvent::RoundStarted { .. }
            | ScpEvent::HeardFromQuorum { .. }
            | ScpEvent::NotFullyValidated { .. }
            | ScpEvent::Refused { .. }
    )
}
