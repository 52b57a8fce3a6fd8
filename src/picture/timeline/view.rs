//! Timeline view state: where the timeline is, which interval it shows and what the pointer is on.
//!
//! The instant that the picture shows is part of the world.

use super::axis::Axis;
use crate::picture::canvas::{Point, Rect};
use crate::time::Time;

/// The view state of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimelineView {
    /// The rectangle of the timeline; `None` if it is hidden.
    pub rect: Option<Rect>,
    /// The interval that it shows.
    pub axis: Axis,
    /// The pointer, if it is on the timeline.
    pub pointed: Option<Point>,
    /// The latest instant that the picture can show.
    pub until: Time,
}
