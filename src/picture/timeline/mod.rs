//! Timeline: one lane per node coloured by phase, with marks of phases and faults, slots, a time axis and a playhead.
//!
//! If lanes would be thinner than a pixel, a stacked chart of the phases replaces them. The timeline has two layers:
//! the chart changes when something happens, the playhead with every frame. The chart's shapes are in the order of
//! time, so that a painter that compares them with the previous ones finds differences only at the end.
//!
//! The window executes clicks.

mod axis;
mod chart;
mod drawing;
mod lane_chart;
mod layout;
mod phase_shares;
mod playhead;
pub mod view;

pub use axis::{Axis, Follow, SPAN_MAX_US, SPAN_MIN_US, step_us};
pub use chart::shapes;
pub use layout::{LaneStyle, Layout, TimelineHit, height_px};
pub use playhead::shapes as playhead_shapes;
pub use view::TimelineView;
