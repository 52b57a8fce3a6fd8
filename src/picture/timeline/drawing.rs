//! Drawing helpers of the timeline: filled rectangles, text, the colour of a phase, and shapes in the order of time.

use super::axis::Axis;
use super::layout::Layout;
use crate::node::view::Phase;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape};
use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_SMALL_PX, Theme};
use crate::text::format;
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::LaneState;

/// Opacity of the colour of a silent node.
const SILENT_SHARE: f32 = 0.55;
/// Smallest distance between two labels of the axis, from centre to centre, in pixels.
const LABEL_APART_PX: f32 = 92.0;

/// The drawing order of shapes that start at the same instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ZOrder {
    /// The colour of a lane.
    Lane,
    /// A mark above the lanes.
    Mark,
}

/// Collects shapes in any order and sorts them by time. Shapes of intervals that are not over come last.
#[derive(Default)]
pub(super) struct TimedShapes {
    past: Vec<((Time, ZOrder), Shape)>,
    open: Vec<Shape>,
}

impl TimedShapes {
    /// Adds a shape that begins at an instant and no longer changes.
    pub(super) fn push(&mut self, at: Time, z: ZOrder, shape: Shape) {
        self.past.push(((at, z), shape));
    }

    /// Adds a shape that may still change.
    pub(super) fn push_open(&mut self, shape: Shape) {
        self.open.push(shape);
    }

    /// All shapes in drawing order.
    pub(super) fn into_shapes(mut self) -> impl Iterator<Item = Shape> {
        self.past.sort_by_key(|(order, _)| *order);
        self.past
            .into_iter()
            .map(|(_, shape)| shape)
            .chain(self.open)
    }
}

/// The colour of a lane in a state; `None`: no colour.
pub(super) fn state_color(theme: &Theme, state: LaneState) -> Option<Color> {
    let solid = match state.phase {
        Phase::Idle => return None,
        Phase::Nominate => theme.phases.nominate,
        Phase::Accept => theme.phases.accept[0],
        Phase::Confirm => theme.phases.confirm[0],
        Phase::Externalized => theme.decided,
    };
    match state.status {
        NodeStatus::Running => Some(theme.sign(solid)),
        NodeStatus::Silent => {
            let pale = solid.faded(SILENT_SHARE).over(theme.background);
            Some(theme.sign(pale))
        }
        NodeStatus::Crashed | NodeStatus::Left | NodeStatus::Referenced => None,
    }
}

/// The labels of the axis, each with its left and right edge.
pub(super) fn axis_labels(axis: &Axis, layout: &Layout) -> Vec<(String, f32, f32)> {
    let apart = f64::from(LABEL_APART_PX / layout.lanes.width().max(1.0));
    let (step_us, marks) = axis.marks(apart);
    let labels = marks.into_iter().map(|at| {
        let (label, x) = (
            format::axis_mark(at, step_us),
            layout.x_of(axis, at).round(),
        );
        let half = text_layout::width_px(&label, Font::Regular, FONT_SMALL_PX) / 2.0;
        (label, x - half, x + half)
    });
    labels.collect()
}

/// The distance from the top of a line of this height to the baseline of its text, in pixels.
pub(super) fn baseline(height_px: f32) -> f32 {
    (height_px + FONT_SMALL_PX * text_layout::CAP_HEIGHT) / 2.0
}

/// A rectangle without a border.
pub(super) fn filled(rect: Rect, fill: Color) -> Shape {
    Shape::Box {
        rect,
        corner_px: 0.0,
        fill: Some(fill),
        stroke: None,
    }
}

/// A line of small text.
pub(super) fn text_at(at: Point, text: &str, color: Color, font: Font, anchor: Anchor) -> Shape {
    Shape::Text {
        at,
        text: text.to_owned(),
        size_px: FONT_SMALL_PX,
        color,
        font,
        anchor,
    }
}
