//! The lanes: stretches of one colour, ticks where a phase begins, signs of faults.
//!
//! Absent here: where each lane is.

use super::chart::{ChartPainter, ZOrder, filled, text_at};
use super::fill;
use crate::node::view::Phase;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::picture::{icons, nodes, text_layout};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::{LaneSpan, LaneState, NodeLane};

/// What is narrower than this is shown together with its neighbours, in pixels: in lanes, and in very thin lanes.
const CELL_PX: f32 = 1.0;
const CELL_THIN_PX: f32 = 2.0;
/// Lanes at least this high have ticks, and their marks of faults are signs.
const TICKED_FROM_PX: f32 = 5.0;
/// Between two ticks of a lane at least, in pixels.
const TICK_APART_PX: f32 = 3.0;
/// Spans narrower than this have no letter.
const LETTER_FROM_PX: f32 = 17.0;

/// A stretch of a lane that has one colour.
#[derive(Clone, Copy)]
struct Cell {
    from: Time,
    left: f32,
    right: f32,
    state: LaneState,
}

impl ChartPainter<'_> {
    pub(super) fn all_lanes(&mut self) {
        for (node, lane) in (0..).map(NodeId).zip(self.lanes.lanes()) {
            if self.scene.view.selected != Some(node) {
                self.lane(lane, self.layout.lane(node));
            }
        }
    }

    pub(super) fn lane(&mut self, lane: &NodeLane, place: Rect) {
        let (layout, timeline) = (self.layout, self.scene.view.timeline);
        let gap = match place.height() {
            9.0.. => 1.5,
            4.0.. => 0.5,
            _ => 0.0,
        };
        let bar = Rect::from_corners(
            place.min.x,
            place.min.y + gap,
            place.max.x,
            place.max.y - gap,
        );
        let cell_px = match place.height() {
            4.0.. => CELL_PX,
            _ => CELL_THIN_PX,
        };
        let first = lane.index_at(timeline.axis.at_share(0.0)).unwrap_or(0);
        let mut cell: Option<Cell> = None;
        let mut ticked = f32::MIN;
        for nth in first..lane.spans().len() {
            let Some(span) = lane.spans().get(nth).copied() else {
                break;
            };
            let next = lane.spans().get(nth + 1);
            let until = next.map_or(timeline.until, |next| next.from);
            let left = layout.x_of(&timeline.axis, span.from);
            if left >= place.max.x {
                break;
            }
            let right = layout.x_of(&timeline.axis, until).min(place.max.x);
            let mut now = Cell {
                from: span.from,
                left: left.max(place.min.x),
                right,
                state: span.state,
            };
            let narrow = |cell: Cell| cell.right - cell.left < cell_px;
            cell = Some(match cell {
                Some(before) if narrow(before) && narrow(now) => joined(before, now),
                Some(mut before) => {
                    if narrow(before) {
                        // It is seen all the same, at the cost of what follows.
                        before.right = (before.left + cell_px).min(now.right);
                        now.left = before.right;
                    }
                    self.cell(before, bar, SpanEnd::Past);
                    now
                }
                None => now,
            });
            let before = nth.checked_sub(1).and_then(|nth| lane.spans().get(nth));
            if left >= place.min.x {
                self.transition(before, span, left, bar, &mut ticked);
            }
        }
        if let Some(cell) = cell {
            self.cell(cell, bar, SpanEnd::Open);
        }
    }

    fn cell(&mut self, cell: Cell, bar: Rect, end: SpanEnd) {
        let theme = self.scene.theme;
        if cell.right <= cell.left {
            return;
        }
        let rect = Rect::from_corners(cell.left, bar.min.y, cell.right, bar.max.y);
        let middle = bar.center().y;
        let through = |width_px: f32, dash_px: Option<f32>, color: Color| Shape::Line {
            points: vec![
                Point {
                    x: cell.left,
                    y: middle,
                },
                Point {
                    x: cell.right,
                    y: middle,
                },
            ],
            stroke: Stroke {
                width_px,
                color,
                dash_px,
            },
        };
        let thin = (bar.height() / 4.0).clamp(0.5, 1.5);
        let mut shapes = Vec::new();
        shapes.extend(fill(&theme, cell.state, theme.background).map(|color| filled(rect, color)));
        match cell.state.status {
            NodeStatus::Crashed => shapes.push(through(thin, None, theme.crashed)),
            NodeStatus::Unseen => shapes.push(through(thin, Some(3.0), theme.crashed)),
            NodeStatus::Silent => shapes.push(through(thin, Some(5.0), theme.warning)),
            NodeStatus::Running | NodeStatus::Left => {}
        }
        shapes.extend(self.letter(cell, bar));
        match end {
            SpanEnd::Past => self.timed.extend(
                shapes
                    .into_iter()
                    .map(|shape| ((cell.from, ZOrder::Lane), shape)),
            ),
            SpanEnd::Open => self.open.extend(shapes),
        }
    }

    /// The letter of the phase, as in nodes.
    fn letter(&self, cell: Cell, bar: Rect) -> Option<Shape> {
        let theme = &self.scene.theme;
        let is_wide = cell.right - cell.left >= LETTER_FROM_PX;
        if !is_wide || !self.layout.has_letters() || cell.state.status != NodeStatus::Running {
            return None;
        }
        let color = fill(theme, cell.state, theme.background)?;
        let center = Point {
            x: cell.left + LETTER_FROM_PX / 2.0 + 1.0,
            y: bar.center().y,
        };
        if cell.state.phase == Phase::Externalized {
            let stroke = Stroke::solid(1.5, theme.ink_on(color).faded(0.9));
            return Some(icons::tick(center, 6.0, stroke));
        }
        let letter = nodes::letter(cell.state.phase)?;
        let at = center.offset(0.0, FONT_SMALL_PX * text_layout::CAP_HEIGHT / 2.0);
        Some(text_at(
            at,
            letter,
            theme.ink_on(color),
            Font::Bold,
            Anchor::Middle,
        ))
    }

    /// A tick where a phase begins, a sign where a node stops, starts, falls silent or leaves.
    fn transition(
        &mut self,
        before: Option<&LaneSpan>,
        span: LaneSpan,
        x: f32,
        bar: Rect,
        ticked: &mut f32,
    ) {
        let Some(before) = before else {
            return;
        };
        let (was, is) = (before.state, span.state);
        if was.status != is.status {
            let signs = self.fault(was.status, is.status, x, bar);
            let place = (span.from, ZOrder::Sign);
            self.timed
                .extend(signs.into_iter().map(|sign| (place, sign)));
            return;
        }
        let height = match is.phase {
            Phase::Accept => 0.45,
            Phase::Confirm => 0.7,
            Phase::Externalized => 1.0,
            Phase::Idle | Phase::Nominate => return,
        };
        if bar.height() < TICKED_FROM_PX || x < *ticked + TICK_APART_PX {
            return;
        }
        *ticked = x;
        let top = bar.max.y - bar.height() * height;
        let width = if is.phase == Phase::Externalized {
            2.0
        } else {
            1.0
        };
        let tick = Rect::from_corners(x - width / 2.0, top, x + width / 2.0, bar.max.y);
        let place = (span.from, ZOrder::Sign);
        self.timed
            .push((place, filled(tick, self.scene.theme.selection)));
    }

    fn fault(&self, was: NodeStatus, is: NodeStatus, x: f32, bar: Rect) -> Vec<Shape> {
        let theme = &self.scene.theme;
        let color = match is {
            NodeStatus::Crashed => theme.bad,
            NodeStatus::Silent => theme.warning,
            NodeStatus::Running if was == NodeStatus::Unseen => return Vec::new(),
            NodeStatus::Running => theme.good,
            NodeStatus::Left | NodeStatus::Unseen => theme.text_dim,
        };
        let middle = Point {
            x,
            y: bar.center().y,
        };
        if bar.height() < TICKED_FROM_PX {
            let half = (bar.height() / 2.0).max(1.5);
            let mark = Rect::from_corners(x - 1.5, middle.y - half, x + 1.5, middle.y + half);
            return vec![filled(mark, color)];
        }
        let radius = (bar.height() / 2.0).min(6.0);
        let stroke = Stroke::solid(2.0, color);
        let mut shapes = Vec::new();
        match is {
            NodeStatus::Crashed => icons::cross(middle, radius * 1.7, stroke, &mut shapes),
            NodeStatus::Running => shapes.push(Shape::Polygon {
                points: vec![
                    middle.offset(-radius * 0.6, -radius),
                    middle.offset(radius, 0.0),
                    middle.offset(-radius * 0.6, radius),
                ],
                fill: Some(color),
                stroke: None,
            }),
            NodeStatus::Silent | NodeStatus::Left | NodeStatus::Unseen => {
                shapes.push(Shape::Line {
                    points: vec![
                        middle.offset(radius * 0.6, -radius),
                        middle.offset(-radius * 0.6, radius),
                    ],
                    stroke,
                })
            }
        }
        shapes
    }
}

/// Whether a stretch has come to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpanEnd {
    Past,
    Open,
}

/// Two stretches too narrow to be told apart: the busier one is seen.
fn joined(one: Cell, two: Cell) -> Cell {
    let rank = |cell: Cell| match (cell.state.status, cell.state.phase) {
        (NodeStatus::Crashed | NodeStatus::Silent, _) => 6,
        (NodeStatus::Unseen | NodeStatus::Left, _) => 0,
        (_, Phase::Idle) => 1,
        (_, Phase::Externalized) => 2,
        (_, Phase::Nominate) => 3,
        (_, Phase::Accept) => 4,
        (_, Phase::Confirm) => 5,
    };
    let seen = if rank(one) > rank(two) { one } else { two };
    Cell {
        from: one.from,
        left: one.left,
        right: two.right,
        state: seen.state,
    }
}
