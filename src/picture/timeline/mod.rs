//! The timeline along the bottom: a lane per node coloured by phase, ticks where a phase begins, faults, slots, a time
//! axis, and the playhead. Above so many nodes that lanes would be thinner than a pixel: the share of nodes in each
//! phase instead.
//!
//! Two layers: what has happened changes when something happens, the playhead with every frame. Shapes are in the order
//! of time, so that a painter that compares them finds that only the end is new. Absent here: what a click does.

mod axis;
mod chart;
mod lane_chart;
mod layout;
mod phase_shares;
mod playhead;

pub use axis::{Axis, Follow, SPAN_MAX_US, SPAN_MIN_US, step_us};
pub use chart::shapes;
pub use layout::{LaneStyle, Layout, height_px};
pub use playhead::shapes as playhead_shapes;

use super::canvas::{Point, Rect};
use super::theme::{Color, Theme};
use crate::node::view::Phase;
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::LaneState;

/// What is left of the colour of a slot that is decided: what is under way stands out.
pub const DECIDED_SHARE: f32 = 0.38;

/// What a person looks at on the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimelineView {
    /// Where it is; `None` = not shown.
    pub rect: Option<Rect>,
    /// Which time it shows.
    pub axis: Axis,
    /// What the pointer is on.
    pub pointed: Option<Point>,
    /// Up to when what is shown above can be shown at all.
    pub until: Time,
}

impl Default for TimelineView {
    fn default() -> TimelineView {
        TimelineView {
            rect: None,
            axis: Axis::default(),
            pointed: None,
            until: Time::ZERO,
        }
    }
}

/// A point of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineHit {
    /// The name of a node at the left end of its lane.
    Name(NodeId),
    /// An instant, in the lane of a node if there is one.
    Instant(Time, Option<NodeId>),
}

/// The colour of a span; `None`: nothing to be seen.
fn fill(theme: &Theme, state: LaneState, ground: Color) -> Option<Color> {
    match state.status {
        NodeStatus::Crashed | NodeStatus::Left | NodeStatus::Unseen => return None,
        NodeStatus::Running | NodeStatus::Silent => {}
    }
    let solid = match state.phase {
        Phase::Idle => return None,
        Phase::Nominate => theme.phases.nominate,
        Phase::Accept => theme.phases.accept[0],
        Phase::Confirm => theme.phases.confirm[0],
        Phase::Externalized => theme.phases.confirm[0].faded(DECIDED_SHARE).over(ground),
    };
    Some(match state.status {
        NodeStatus::Silent => solid.faded(0.55).over(ground),
        _ => solid,
    })
}
