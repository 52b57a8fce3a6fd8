//! Texts of the timeline.
//!
//! Absent here: where they stand.

use super::{count, number};
use crate::node::view::Phase;
use crate::scp::SlotIndex;
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::{LaneState, PhaseCounts};

/// On the button that brings the picture back to what happens now.
pub const NOW: &str = "To now";
/// Why nothing can be done to the network while the picture shows the past.
pub const PAST: &str =
    "The picture shows the past, which cannot be changed: press End to go back to now.";
/// The tip on the name of a node.
pub const NAME: &str = "click: selects this node";
/// What dragging, the wheel and a double click do.
pub const HANDLING: &str = "drag: moves through time · wheel: zooms · middle drag: moves the view";

/// What a click on an instant does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Click {
    /// The picture shows that instant.
    Shows,
    /// The same, while processes run on.
    ShowsLive,
    /// The picture can go back so far only.
    TooEarly(Time),
    /// Nothing has happened then yet.
    NotYet,
}

/// What a click does, in words.
#[must_use]
pub fn click(click: Click) -> String {
    match click {
        Click::Shows => "click: the picture shows this instant, and pauses".to_owned(),
        Click::ShowsLive => {
            "click: the picture shows this instant again; the processes run on".to_owned()
        }
        Click::TooEarly(at) => format!(
            "too long ago for the picture: it can go back to {}",
            instant(at)
        ),
        Click::NotYet => "nothing has happened then yet".to_owned(),
    }
}

/// How many lanes there are.
#[must_use]
pub fn lanes(nodes: usize) -> String {
    count(nodes, "node", "nodes")
}

/// The name of a slot.
#[must_use]
pub fn slot(slot: SlotIndex) -> String {
    format!("slot {}", slot.0)
}

/// An instant: seconds, from an hour on with minutes and hours.
#[must_use]
pub fn instant(at: Time) -> String {
    let (s, ms) = (at.0 / 1_000_000, at.0 / 1_000 % 1_000);
    match s {
        3_600.. => format!("{}:{:02}:{:02}.{ms:03}", s / 3_600, s / 60 % 60, s % 60),
        _ => format!("{s}.{ms:03} s"),
    }
}

/// An instant at a mark of the axis, where marks are `step_us` microseconds apart.
#[must_use]
pub fn mark(at: Time, step_us: u64) -> String {
    let s = at.0 / 1_000_000;
    match step_us {
        60_000_000.. if s >= 3_600 => format!("{}:{:02} h", s / 3_600, s / 60 % 60),
        60_000_000.. => format!("{} min", s / 60),
        1_000_000.. if s >= 3_600 => format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60),
        1_000_000.. => format!("{s} s"),
        _ => {
            let decimals = (6 - step_us.max(1).ilog10()) as usize;
            let fraction = format!("{:06}", at.0 % 1_000_000);
            format!(
                "{s}.{} s",
                fraction.get(..decimals.min(6)).unwrap_or_default()
            )
        }
    }
}

/// What a node was doing.
#[must_use]
pub fn doing(state: LaneState) -> String {
    let phase = match state.phase {
        Phase::Idle if state.slot.is_some() => "has not voted yet",
        Phase::Idle => "in no slot yet",
        phase => super::phase(phase),
    };
    let of = state
        .slot
        .map(|of| format!("{}: ", slot(of)))
        .unwrap_or_default();
    match state.status {
        NodeStatus::Running => format!("{of}{phase}"),
        NodeStatus::Silent => format!("{of}{phase}, but nothing that it sends gets out"),
        NodeStatus::Crashed => "stopped, or unreachable".to_owned(),
        NodeStatus::Left => "has left".to_owned(),
        NodeStatus::Unseen => "known by name only".to_owned(),
    }
}

/// While the network is cut.
pub const CUT: &str = "the network is cut: not everybody hears everybody";

/// From when to when.
#[must_use]
pub fn stretch(from: Time, until: Option<Time>) -> String {
    match until {
        Some(until) => format!(
            "from {} to {} ({})",
            instant(from),
            instant(until),
            length(until.since(from).0)
        ),
        None => format!("since {}", instant(from)),
    }
}

/// A length of time in microseconds.
fn length(us: u64) -> String {
    match us {
        10_000_000.. => format!("{:.1} s", us as f64 / 1e6),
        1_000_000.. => format!("{:.2} s", us as f64 / 1e6),
        10_000.. => format!("{} ms", us / 1_000),
        _ => format!("{:.1} ms", us as f64 / 1e3),
    }
}

/// How many nodes were doing what, a line each; only what somebody did.
#[must_use]
pub fn shares(shares: &PhaseCounts) -> Vec<String> {
    let [idle, nominate, accept, confirm, externalized] = shares.phases;
    let all = [
        (externalized, super::phase(Phase::Externalized)),
        (confirm, super::phase(Phase::Confirm)),
        (accept, super::phase(Phase::Accept)),
        (nominate, super::phase(Phase::Nominate)),
        (idle, "in no slot yet"),
        (shares.absent, "not there"),
    ];
    let there = all.into_iter().filter(|(count, _)| *count > 0);
    there
        .map(|(count, what)| format!("{} {what}", number(u64::from(count))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_have_as_many_decimals_as_they_need() {
        for (at_us, step_us, text) in [
            (0, 1_000_000, "0 s"),
            (65_000_000, 5_000_000, "65 s"),
            (1_500_000, 500_000, "1.5 s"),
            (1_250_000, 50_000, "1.25 s"),
            (1_250_000, 1_000, "1.250 s"),
            (1_250_040, 20, "1.25004 s"),
            (120_000_000, 60_000_000, "2 min"),
            (7_500_000_000, 300_000_000, "2:05 h"),
            (3_661_000_000, 1_000_000, "1:01:01"),
        ] {
            assert_eq!(mark(Time(at_us), step_us), text);
        }
    }

    #[test]
    fn instants_and_stretches_read_well() {
        assert_eq!(instant(Time(12_345_678)), "12.345 s");
        assert_eq!(instant(Time(3_723_004_000)), "1:02:03.004");
        assert_eq!(
            stretch(Time(1_000_000), Some(Time(1_042_000))),
            "from 1.000 s to 1.042 s (42 ms)"
        );
        assert_eq!(stretch(Time(5_000), None), "since 0.005 s");
    }

    #[test]
    fn shares_leave_out_what_nobody_does() {
        let all = PhaseCounts {
            phases: [0, 1_200, 3, 0, 0],
            absent: 1,
        };
        assert_eq!(
            shares(&all),
            ["3 accepted", "1,200 nominated", "1 not there"]
        );
    }
}
