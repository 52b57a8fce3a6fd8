//! Lane chart: the phases of one node as coloured intervals, ticks where a phase begins, and marks of faults.
//!
//! `layout.rs` determines the position of the lane.

use super::drawing::{TimedShapes, ZOrder, filled, state_color, text_at};
use super::layout::Layout;
use crate::node::view::Phase;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::scene::Scene;
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::picture::{icons, nodes, text_layout};
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::{LaneSpan, LaneState, NodeLane};

/// Intervals narrower than this are joined with their neighbours, in pixels.
const CELL_PX: f32 = 1.0;
/// The corresponding width in very thin lanes, in pixels.
const CELL_THIN_PX: f32 = 2.0;
/// Smallest height of a lane with ticks and icons, in pixels.
const TICKED_FROM_PX: f32 = 5.0;
/// Smallest distance between two ticks of a lane, in pixels.
const TICK_APART_PX: f32 = 3.0;
/// Smallest width of an interval with a letter, in pixels.
const LETTER_FROM_PX: f32 = 17.0;

/// Distance of the bar of a decided slot from the edges of the lane's bar, as a share of that bar's height.
const DECIDED_INSET_SHARE: f32 = 0.22;

/// An interval of one colour.
#[derive(Clone, Copy)]
struct Cell {
    from: Time,
    left: f32,
    right: f32,
    state: LaneState,
}

/// Whether an interval can still grow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SpanEnd {
    Past,
    Open,
}

/// Draws a lane into an area.
pub(super) struct LaneChart<'a> {
    scene: &'a Scene<'a>,
    layout: &'a Layout,
    /// The full height of the lane.
    area: Rect,
    /// The coloured part, without the gap to the neighbours.
    bar: Rect,
}

impl<'a> LaneChart<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, layout: &'a Layout, area: Rect) -> LaneChart<'a> {
        let gap = match area.height() {
            9.0.. => 1.5,
            4.0.. => 0.5,
            _ => 0.0,
        };
        let bar = Rect::from_corners(area.min.x, area.min.y + gap, area.max.x, area.max.y - gap);
        LaneChart {
            scene,
            layout,
            area,
            bar,
        }
    }

    pub(super) fn draw(&self, lane: &NodeLane, out: &mut TimedShapes) {
        let timeline = self.scene.view.timeline;
        let x_of = |at| self.layout.x_of(&timeline.axis, at);
        let cell_px = if self.area.height() >= 4.0 {
            CELL_PX
        } else {
            CELL_THIN_PX
        };
        let is_narrow = |cell: Cell| cell.right - cell.left < cell_px;
        let first = lane.index_at(timeline.axis.at_share(0.0)).unwrap_or(0);
        let mut pending: Option<Cell> = None;
        let mut last_tick_x = f32::MIN;
        for nth in first..lane.spans().len() {
            let Some(span) = lane.spans().get(nth).copied() else {
                break;
            };
            let until = lane
                .spans()
                .get(nth + 1)
                .map_or(timeline.until, |next| next.from);
            let left = x_of(span.from);
            if left >= self.area.max.x {
                break;
            }
            let mut cell = Cell {
                from: span.from,
                left: left.max(self.area.min.x),
                right: x_of(until).min(self.area.max.x),
                state: span.state,
            };
            pending = Some(match pending {
                Some(before) if is_narrow(before) && is_narrow(cell) => joined(before, cell),
                Some(mut before) => {
                    if is_narrow(before) {
                        // A narrow interval is widened at the expense of the next one, so that it remains visible.
                        before.right = (before.left + cell_px).min(cell.right);
                        cell.left = before.right;
                    }
                    self.cell(before, SpanEnd::Past, out);
                    cell
                }
                None => cell,
            });
            let before = nth.checked_sub(1).and_then(|nth| lane.spans().get(nth));
            if let Some(before) = before.filter(|_| left >= self.area.min.x) {
                self.transition(before, span, left, &mut last_tick_x, out);
            }
        }
        if let Some(cell) = pending {
            self.cell(cell, SpanEnd::Open, out);
        }
    }

    fn cell(&self, cell: Cell, end: SpanEnd, out: &mut TimedShapes) {
        if cell.right <= cell.left {
            return;
        }
        let theme = &self.scene.theme;
        // The bar of a decided slot is thinner, so that it differs from an open one without colour.
        let thinner_px = match cell.state.phase {
            Phase::Externalized => self.bar.height() * DECIDED_INSET_SHARE,
            _ => 0.0,
        };
        let rect = Rect::from_corners(
            cell.left,
            self.bar.min.y + thinner_px,
            cell.right,
            self.bar.max.y - thinner_px,
        );
        let line = match cell.state.status {
            NodeStatus::Crashed => Some((None, theme.crashed)),
            NodeStatus::Referenced => Some((Some(3.0), theme.crashed)),
            NodeStatus::Silent => Some((Some(5.0), theme.warning)),
            NodeStatus::Running | NodeStatus::Left => None,
        };
        let fill = state_color(theme, cell.state).map(|color| filled(rect, color));
        let line = line.map(|(dash_px, color)| self.line_through(cell, dash_px, color));
        for shape in fill.into_iter().chain(line).chain(self.letter(cell)) {
            match end {
                SpanEnd::Past => out.push(cell.from, ZOrder::Lane, shape),
                SpanEnd::Open => out.push_open(shape),
            }
        }
    }

    /// A horizontal line through the middle of an interval.
    fn line_through(&self, cell: Cell, dash_px: Option<f32>, color: Color) -> Shape {
        let y = self.bar.center().y;
        let width_px = (self.bar.height() / 4.0).clamp(0.5, 1.5);
        Shape::Line {
            points: vec![Point { x: cell.left, y }, Point { x: cell.right, y }],
            stroke: Stroke {
                width_px,
                color,
                dash_px,
            },
        }
    }

    /// The letter of the phase, as in nodes; a tick for externalized.
    fn letter(&self, cell: Cell) -> Option<Shape> {
        let theme = &self.scene.theme;
        let is_wide = cell.right - cell.left >= LETTER_FROM_PX;
        if !is_wide || !self.layout.has_letters() || cell.state.status != NodeStatus::Running {
            return None;
        }
        let color = state_color(theme, cell.state)?;
        let center = Point {
            x: cell.left + LETTER_FROM_PX / 2.0 + 1.0,
            y: self.bar.center().y,
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

    /// A tick where a phase begins; a mark where a node stops, starts, becomes silent or leaves.
    fn transition(
        &self,
        before: &LaneSpan,
        span: LaneSpan,
        x: f32,
        last_tick_x: &mut f32,
        out: &mut TimedShapes,
    ) {
        let (was, is) = (before.state, span.state);
        if was.status != is.status {
            for mark in self.fault(was.status, is.status, x) {
                out.push(span.from, ZOrder::Mark, mark);
            }
            return;
        }
        let (height, width) = match is.phase {
            Phase::Accept => (0.45, 1.0),
            Phase::Confirm => (0.7, 1.0),
            Phase::Externalized => (1.0, 2.0),
            Phase::Idle | Phase::Nominate => return,
        };
        let bar = self.bar;
        if bar.height() < TICKED_FROM_PX || x < *last_tick_x + TICK_APART_PX {
            return;
        }
        *last_tick_x = x;
        let top = bar.max.y - bar.height() * height;
        let tick = Rect::from_corners(x - width / 2.0, top, x + width / 2.0, bar.max.y);
        out.push(
            span.from,
            ZOrder::Mark,
            filled(tick, self.scene.theme.selection),
        );
    }

    fn fault(&self, was: NodeStatus, is: NodeStatus, x: f32) -> Vec<Shape> {
        let (theme, bar) = (&self.scene.theme, self.bar);
        let color = match is {
            NodeStatus::Crashed => theme.bad,
            NodeStatus::Silent => theme.warning,
            NodeStatus::Running if was == NodeStatus::Referenced => return Vec::new(),
            NodeStatus::Running => theme.good,
            NodeStatus::Left | NodeStatus::Referenced => theme.text_dim,
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
            NodeStatus::Silent | NodeStatus::Left | NodeStatus::Referenced => {
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

/// Joins two intervals that are too narrow to be distinguished. The joined one has the colour of the higher priority.
fn joined(one: Cell, two: Cell) -> Cell {
    let priority = |cell: Cell| match (cell.state.status, cell.state.phase) {
        (NodeStatus::Crashed | NodeStatus::Silent, _) => 6,
        (NodeStatus::Referenced | NodeStatus::Left, _) => 0,
        (_, Phase::Idle) => 1,
        (_, Phase::Externalized) => 2,
        (_, Phase::Nominate) => 3,
        (_, Phase::Accept) => 4,
        (_, Phase::Confirm) => 5,
    };
    let visible = if priority(one) > priority(two) {
        one
    } else {
        two
    };
    Cell {
        from: one.from,
        left: one.left,
        right: two.right,
        state: visible.state,
    }
}
