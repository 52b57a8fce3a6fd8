//! What has happened: ground, axis, slots, and the lanes of all nodes.
//!
//! Absent here: the playhead, and shares (`shares.rs`).

use super::layout::{Kind, Layout};
use super::{Axis, fill, shares};
use crate::node::view::Phase;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::scene::Scene;
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::picture::{glyphs, node_shapes, overlay, text, words};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::Status;
use crate::trace::lanes::{Cut, Lane, LaneSpan, Lanes, Stand};

/// Between two labels of the axis at least, from middle to middle, in pixels.
const LABEL_APART_PX: f32 = 92.0;
/// What is narrower than this is shown together with its neighbours, in pixels: in lanes, and in very thin lanes.
const CELL_PX: f32 = 1.0;
const CELL_THIN_PX: f32 = 2.0;
/// Lanes at least this high have ticks, and their marks of faults are signs.
const TICKED_FROM_PX: f32 = 5.0;
/// Between two ticks of a lane at least, in pixels.
const TICK_APART_PX: f32 = 3.0;
/// Spans narrower than this have no letter.
const LETTER_FROM_PX: f32 = 17.0;
/// Side of a sign that explains a colour.
const KEY_PX: f32 = 10.0;
/// Least height of the lane of the selected node.
const SELECTED_PX: f32 = 7.0;

/// All of it, what changes last at the end.
#[must_use]
pub fn shapes(scene: &Scene<'_>, lanes: &Lanes) -> Vec<Shape> {
    let Some(rect) = scene.view.timeline.rect else {
        return Vec::new();
    };
    let layout = Layout::new(rect, lanes.lanes().len());
    let mut pen = Pen {
        scene,
        lanes,
        layout,
        timed: Vec::new(),
        open: Vec::new(),
        shapes: Vec::new(),
    };
    pen.ground();
    pen.axis();
    pen.gutter();
    pen.slots();
    pen.key();
    match layout.kind {
        Kind::Named | Kind::Thin => pen.all_lanes(),
        Kind::Shares => {
            let place = layout.shares(scene.view.selected);
            pen.shapes
                .extend(shares::shapes(scene, lanes, &layout, place));
        }
    }
    pen.cuts();
    let mut shapes = pen.finish();
    shapes.extend(own_lane(scene, lanes, layout));
    shapes
}

/// The lane of the selected node, emphasised, over the others.
fn own_lane(scene: &Scene<'_>, lanes: &Lanes, layout: Layout) -> Vec<Shape> {
    let selected = scene.view.selected;
    let lane = selected.and_then(|node| Some((node, lanes.lanes().get(node.index())?)));
    let Some((node, lane)) = lane else {
        return Vec::new();
    };
    let mut pen = Pen {
        scene,
        lanes,
        layout,
        timed: Vec::new(),
        open: Vec::new(),
        shapes: Vec::new(),
    };
    let mut place = layout.lane(node);
    let lacks = (SELECTED_PX - place.height()).max(0.0) / 2.0;
    (place.min.y, place.max.y) = (place.min.y - lacks, place.max.y + lacks);
    let theme = &scene.theme;
    pen.shapes.push(Shape::Box {
        rect: place,
        corner_px: 0.0,
        fill: Some(theme.accent.with_opacity(0.2).over(theme.background)),
        stroke: Some(Stroke::solid(1.0, theme.selection)),
    });
    pen.lane(lane, place);
    if layout.kind != Kind::Named {
        pen.name(node, place, theme.text);
    }
    pen.finish()
}

struct Pen<'a> {
    scene: &'a Scene<'a>,
    lanes: &'a Lanes,
    layout: Layout,
    /// What belongs to an instant, in no order yet.
    timed: Vec<((Time, Depth), Shape)>,
    /// What is not over.
    open: Vec<Shape>,
    shapes: Vec<Shape>,
}

/// What lies over what at an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    Lane,
    Sign,
}

/// A stretch of a lane that has one colour.
#[derive(Clone, Copy)]
struct Cell {
    from: Time,
    left: f32,
    right: f32,
    stand: Stand,
}

impl Pen<'_> {
    fn finish(mut self) -> Vec<Shape> {
        self.timed.sort_by_key(|(place, _)| *place);
        self.shapes
            .extend(self.timed.into_iter().map(|(_, shape)| shape));
        self.shapes.append(&mut self.open);
        self.shapes
    }

    fn rect(&mut self, rect: Rect, fill: Color) {
        self.shapes.push(filled(rect, fill));
    }

    fn text(&mut self, at: Point, text: &str, color: Color, font: Font, anchor: Anchor) {
        self.shapes.push(words_at(at, text, color, font, anchor));
    }

    fn ground(&mut self) {
        let theme = self.scene.theme;
        let Rect { min, max } = self.layout.rect;
        self.rect(self.layout.rect, theme.panel);
        self.rect(
            Rect::from_corners(min.x, min.y, max.x, min.y + 1.0),
            theme.panel_border,
        );
        self.rect(self.layout.lanes, theme.background);
    }

    fn axis(&mut self) {
        let (layout, theme) = (self.layout, self.scene.theme);
        let axis = self.scene.view.timeline.axis;
        let base = layout.axis.min.y + baseline(layout.axis.height());
        for (label, left, right) in labels(&axis, &layout) {
            let x = ((left + right) / 2.0).round();
            let line = Rect::from_corners(x, layout.lanes.min.y, x + 1.0, layout.lanes.max.y + 3.0);
            self.rect(line, theme.track.with_opacity(0.6));
            if left >= layout.axis.min.x - 20.0 && right <= layout.rect.max.x - 2.0 {
                let at = Point { x, y: base };
                self.text(at, &label, theme.text_dim, Font::Regular, Anchor::Middle);
            }
        }
    }

    fn gutter(&mut self) {
        let (layout, theme) = (self.layout, self.scene.theme);
        let nodes = self.lanes.lanes().len();
        let corner = Point {
            x: layout.rect.min.x + 12.0,
            y: layout.slots.min.y + baseline(layout.slots.height()),
        };
        let count = words::timeline::lanes(nodes);
        self.text(corner, &count, theme.text_dim, Font::Regular, Anchor::Left);
        if layout.kind == Kind::Named {
            for node in (0..nodes as u32).map(NodeId) {
                let color = match self.scene.world.node(node).map(|node| node.status) {
                    _ if self.scene.status.ill_behaved.contains(&node) => theme.bad,
                    Some(Status::Running | Status::Silent) => theme.text,
                    _ => theme.text_dim,
                };
                self.name(node, layout.lane(node), color);
            }
        }
    }

    /// The name of a node, left of its lane.
    fn name(&mut self, node: NodeId, lane: Rect, color: Color) {
        let layout = self.layout;
        let name = self.scene.world.name(node);
        let font = match self.scene.view.selected == Some(node) {
            true => Font::Bold,
            false => Font::Regular,
        };
        let room = layout.gutter.width() - 20.0;
        let name = text::truncated(&name, font, FONT_SMALL_PX, room);
        let half = FONT_SMALL_PX / 2.0;
        let middle = lane.center().y;
        // Never into the line above or the axis below.
        let middle = middle.clamp(
            layout.gutter.min.y + half,
            (layout.gutter.max.y - half).max(layout.gutter.min.y + half),
        );
        let at = Point {
            x: layout.gutter.max.x - 8.0,
            y: middle + FONT_SMALL_PX * text::CAP_HEIGHT / 2.0,
        };
        self.text(at, &name, color, font, Anchor::Right);
    }

    fn slots(&mut self) {
        let (layout, theme, axis) = (self.layout, self.scene.theme, self.scene.view.timeline.axis);
        let base = layout.slots.min.y + baseline(layout.slots.height());
        let mut free_from = f32::MIN;
        let mut line_from = f32::MIN;
        for (slot, at) in self.lanes.slots() {
            let x = layout.x_of(&axis, *at).round();
            if x < layout.lanes.min.x || x > layout.lanes.max.x {
                continue;
            }
            if x >= line_from {
                let line =
                    Rect::from_corners(x, layout.slots.min.y + 4.0, x + 1.0, layout.lanes.max.y);
                self.timed.push((
                    (*at, Depth::Lane),
                    filled(line, theme.timer.with_opacity(0.75)),
                ));
                line_from = x + TICK_APART_PX;
            }
            let names = [words::timeline::slot(*slot), slot.0.to_string()];
            let named = names.into_iter().find_map(|name| {
                let width = text::width_px(&name, Font::Regular, FONT_SMALL_PX);
                let next = self.lanes.slots().range(slot.next()..).next();
                let room = next.map_or(layout.rect.max.x, |(_, at)| layout.x_of(&axis, *at));
                (x >= free_from && x + 4.0 + width < room.min(layout.rect.max.x))
                    .then_some((name, width))
            });
            if let Some((name, width)) = named {
                let place = Point {
                    x: x + 4.0,
                    y: base,
                };
                let shape = words_at(place, &name, theme.text_dim, Font::Regular, Anchor::Left);
                self.timed.push(((*at, Depth::Sign), shape));
                free_from = x + width + 10.0;
            }
        }
    }

    /// What the colours mean, where the legend has found no room.
    fn key(&mut self) {
        let (layout, theme) = (self.layout, self.scene.theme);
        if overlay::has_legend(self.scene) {
            return;
        }
        let phases = [
            Phase::Externalized,
            Phase::Confirm,
            Phase::Accept,
            Phase::Nominate,
        ];
        let base = layout.slots.min.y + baseline(layout.slots.height());
        let mut right = layout.slots.max.x;
        for phase in phases {
            let name = words::phase(phase);
            let width = text::width_px(name, Font::Regular, FONT_SMALL_PX) + KEY_PX + 5.0;
            let left = right - width;
            let ground = Rect::from_corners(
                left - 12.0,
                layout.rect.min.y + 1.0,
                right,
                layout.slots.max.y,
            );
            self.open.push(filled(ground, theme.panel));
            let stand = Stand {
                status: Status::Running,
                phase,
                slot: None,
            };
            let middle = layout.slots.center().y;
            let chip = Rect::from_corners(
                left,
                middle - KEY_PX / 2.0,
                left + KEY_PX,
                middle + KEY_PX / 2.0,
            );
            let color = fill(&theme, stand, theme.background);
            self.open.extend(color.map(|color| filled(chip, color)));
            let at = Point { x: right, y: base };
            self.open.push(words_at(
                at,
                name,
                theme.text_dim,
                Font::Regular,
                Anchor::Right,
            ));
            right = left - 14.0;
        }
    }

    /// While the network is cut, a dashed band lies above the lanes.
    fn cuts(&mut self) {
        let (layout, theme, axis) = (self.layout, self.scene.theme, self.scene.view.timeline.axis);
        let cuts = self.lanes.cuts();
        for (nth, (at, cut)) in cuts.iter().enumerate() {
            if *cut == Cut::Healed {
                continue;
            }
            let healed = cuts.get(nth + 1).map(|(at, _)| *at);
            let left = layout.x_of(&axis, *at).max(layout.lanes.min.x);
            let until = healed.unwrap_or(self.scene.view.timeline.until);
            let right = layout.x_of(&axis, until).min(layout.lanes.max.x);
            if left >= right {
                continue;
            }
            let y = layout.lanes.min.y - 1.0;
            let stroke = Stroke {
                width_px: 3.0,
                color: theme.warning,
                dash_px: Some(6.0),
            };
            let points = vec![Point { x: left, y }, Point { x: right, y }];
            self.open.push(Shape::Line { points, stroke });
            let edges = [
                Some(*at),
                healed.filter(|at| layout.x_of(&axis, *at) <= layout.lanes.max.x),
            ];
            for at in edges.into_iter().flatten() {
                let x = layout.x_of(&axis, at);
                if x >= layout.lanes.min.x {
                    let line = Rect::from_corners(x - 0.5, y, x + 1.0, layout.lanes.max.y);
                    self.timed
                        .push(((at, Depth::Sign), filled(line, theme.warning)));
                }
            }
        }
    }

    fn all_lanes(&mut self) {
        for (node, lane) in (0..).map(NodeId).zip(self.lanes.lanes()) {
            if self.scene.view.selected != Some(node) {
                self.lane(lane, self.layout.lane(node));
            }
        }
    }

    fn lane(&mut self, lane: &Lane, place: Rect) {
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
                stand: span.stand,
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
                    self.cell(before, bar, Over::Yes);
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
            self.cell(cell, bar, Over::No);
        }
    }

    fn cell(&mut self, cell: Cell, bar: Rect, over: Over) {
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
        shapes.extend(fill(&theme, cell.stand, theme.background).map(|color| filled(rect, color)));
        match cell.stand.status {
            Status::Crashed => shapes.push(through(thin, None, theme.crashed)),
            Status::Unseen => shapes.push(through(thin, Some(3.0), theme.crashed)),
            Status::Silent => shapes.push(through(thin, Some(5.0), theme.warning)),
            Status::Running | Status::Left => {}
        }
        shapes.extend(self.letter(cell, bar));
        match over {
            Over::Yes => self.timed.extend(
                shapes
                    .into_iter()
                    .map(|shape| ((cell.from, Depth::Lane), shape)),
            ),
            Over::No => self.open.extend(shapes),
        }
    }

    /// The letter of the phase, as in nodes.
    fn letter(&self, cell: Cell, bar: Rect) -> Option<Shape> {
        let theme = &self.scene.theme;
        let is_wide = cell.right - cell.left >= LETTER_FROM_PX;
        if !is_wide || !self.layout.has_letters() || cell.stand.status != Status::Running {
            return None;
        }
        let color = fill(theme, cell.stand, theme.background)?;
        let center = Point {
            x: cell.left + LETTER_FROM_PX / 2.0 + 1.0,
            y: bar.center().y,
        };
        if cell.stand.phase == Phase::Externalized {
            let stroke = Stroke::solid(1.5, theme.ink_on(color).faded(0.9));
            return Some(glyphs::tick(center, 6.0, stroke));
        }
        let letter = node_shapes::letter(cell.stand.phase)?;
        let at = center.offset(0.0, FONT_SMALL_PX * text::CAP_HEIGHT / 2.0);
        Some(words_at(
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
        let (was, is) = (before.stand, span.stand);
        if was.status != is.status {
            let signs = self.fault(was.status, is.status, x, bar);
            let place = (span.from, Depth::Sign);
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
        let place = (span.from, Depth::Sign);
        self.timed
            .push((place, filled(tick, self.scene.theme.selection)));
    }

    fn fault(&self, was: Status, is: Status, x: f32, bar: Rect) -> Vec<Shape> {
        let theme = &self.scene.theme;
        let color = match is {
            Status::Crashed => theme.bad,
            Status::Silent => theme.warning,
            Status::Running if was == Status::Unseen => return Vec::new(),
            Status::Running => theme.good,
            Status::Left | Status::Unseen => theme.text_dim,
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
            Status::Crashed => glyphs::cross(middle, radius * 1.7, stroke, &mut shapes),
            Status::Running => shapes.push(Shape::Polygon {
                points: vec![
                    middle.offset(-radius * 0.6, -radius),
                    middle.offset(radius, 0.0),
                    middle.offset(-radius * 0.6, radius),
                ],
                fill: Some(color),
                stroke: None,
            }),
            Status::Silent | Status::Left | Status::Unseen => shapes.push(Shape::Line {
                points: vec![
                    middle.offset(radius * 0.6, -radius),
                    middle.offset(-radius * 0.6, radius),
                ],
                stroke,
            }),
        }
        shapes
    }
}

/// The labels of the axis, and where each begins and ends.
pub(super) fn labels(axis: &Axis, layout: &Layout) -> Vec<(String, f32, f32)> {
    let apart = f64::from(LABEL_APART_PX / layout.lanes.width().max(1.0));
    let (step_us, marks) = axis.marks(apart);
    let labels = marks.into_iter().map(|at| {
        let (label, x) = (
            words::timeline::mark(at, step_us),
            layout.x_of(axis, at).round(),
        );
        let half = text::width_px(&label, Font::Regular, FONT_SMALL_PX) / 2.0;
        (label, x - half, x + half)
    });
    labels.collect()
}

/// Whether a stretch has come to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Yes,
    No,
}

/// Two stretches too narrow to be told apart: the busier one is seen.
fn joined(one: Cell, two: Cell) -> Cell {
    let rank = |cell: Cell| match (cell.stand.status, cell.stand.phase) {
        (Status::Crashed | Status::Silent, _) => 6,
        (Status::Unseen | Status::Left, _) => 0,
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
        stand: seen.stand,
    }
}

/// From the top of a line of that height to the baseline of its text.
pub(super) fn baseline(height_px: f32) -> f32 {
    (height_px + FONT_SMALL_PX * text::CAP_HEIGHT) / 2.0
}

pub(super) fn filled(rect: Rect, fill: Color) -> Shape {
    Shape::Box {
        rect,
        corner_px: 0.0,
        fill: Some(fill),
        stroke: None,
    }
}

pub(super) fn words_at(at: Point, text: &str, color: Color, font: Font, anchor: Anchor) -> Shape {
    Shape::Text {
        at,
        text: text.to_owned(),
        size_px: FONT_SMALL_PX,
        color,
        font,
        anchor,
    }
}
