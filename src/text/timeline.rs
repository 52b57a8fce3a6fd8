//! Timeline texts: names of slots, the state of a node in an interval, and the effect of a click on an instant.

use super::catalogue::{Argument, messages};
use super::format::interval_length;
use crate::node::view::Phase;
use crate::scp::SlotIndex;
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::{LaneState, PhaseCounts};
use fluent_bundle::FluentValue;
use std::borrow::Cow;

/// Selects the verb of a phase.
impl Argument for Phase {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(match self {
            Phase::Idle => "idle",
            Phase::Nominate => "nominate",
            Phase::Accept => "accept",
            Phase::Confirm => "confirm",
            Phase::Externalized => "externalized",
        })
    }
}

messages! { "timeline":
    fn to_now();
    fn past_is_read_only();
    fn select_node();
    fn gestures();
    fn click_shows();
    fn click_shows_live();
    fn click_too_early(earliest: Time);
    fn click_not_yet();
    fn slot(slot: SlotIndex);
    fn in_slot(phase: Phase, slot: SlotIndex);
    fn in_slot_silent(phase: Phase, slot: SlotIndex);
    fn in_no_slot();
    fn in_no_slot_silent();
    fn stopped();
    fn left();
    fn referenced();
    fn partitioned();
    fn interval(from: Time, until: Time, duration: &str);
    fn since(from: Time);
    fn count_externalized(count: u32);
    fn count_confirmed(count: u32);
    fn count_accepted(count: u32);
    fn count_nominated(count: u32);
    fn count_idle(count: u32);
    fn count_absent(count: u32);
}

/// The state of a node in an interval of its lane.
#[must_use]
pub(crate) fn lane_state(state: LaneState) -> Cow<'static, str> {
    match (state.status, state.slot) {
        (NodeStatus::Running, Some(slot)) => in_slot(state.phase, slot).into(),
        (NodeStatus::Silent, Some(slot)) => in_slot_silent(state.phase, slot).into(),
        (NodeStatus::Running, None) => in_no_slot().into(),
        (NodeStatus::Silent, None) => in_no_slot_silent().into(),
        (NodeStatus::Crashed, _) => stopped().into(),
        (NodeStatus::Left, _) => left().into(),
        (NodeStatus::Referenced, _) => referenced().into(),
    }
}

/// The start, end and length of an interval; only its start if it is not over (`until` is `None`).
#[must_use]
pub(crate) fn interval_of(from: Time, until: Option<Time>) -> String {
    match until {
        Some(until) => interval(from, until, &interval_length(until.since(from))),
        None => since(from),
    }
}

/// The number of nodes in each phase, one line per phase. Phases without nodes are left out.
#[must_use]
pub(crate) fn phase_counts(counts: &PhaseCounts) -> Vec<String> {
    let [idle, nominate, accept, confirm, externalized] = counts.phases;
    type Line = fn(u32) -> String;
    let lines: [(u32, Line); 6] = [
        (externalized, count_externalized),
        (confirm, count_confirmed),
        (accept, count_accepted),
        (nominate, count_nominated),
        (idle, count_idle),
        (counts.absent, count_absent),
    ];
    lines
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, line)| line(count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_intervals_include_their_length() {
        let ms = Time::from_ms;
        assert_eq!(
            interval_of(ms(1000), Some(ms(1042))),
            "from 1.000 s to 1.042 s (42 ms)"
        );
        assert_eq!(interval_of(ms(5), None), "since 0.005 s");
    }

    #[test]
    fn phases_without_nodes_are_left_out() {
        let counts = PhaseCounts {
            phases: [0, 1_200, 3, 0, 0],
            absent: 1,
        };
        assert_eq!(
            phase_counts(&counts),
            ["3 accepted", "1,200 nominated", "1 absent"]
        );
    }

    #[test]
    fn the_state_of_a_silent_node_includes_its_silence() {
        let state = |status, phase, slot| {
            lane_state(LaneState {
                status,
                phase,
                slot,
            })
        };
        let slot = Some(SlotIndex(3));
        assert_eq!(
            state(NodeStatus::Running, Phase::Accept, slot),
            "slot 3: accepted"
        );
        assert_eq!(
            state(NodeStatus::Silent, Phase::Accept, slot),
            "slot 3: accepted, but its messages are not delivered"
        );
        assert_eq!(
            state(NodeStatus::Running, Phase::Idle, None),
            "has not joined a slot"
        );
    }
}
