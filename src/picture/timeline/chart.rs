//! What has happened: ground, axis, names, slots, cuts, and lanes in their places.
//!
//! Absent here: what a lane looks like (`lane_chart.rs`), shares (`phase_shares.rs`), and the playhead.

use super::layout::{LaneStyle, Layout};
use super::{Axis, fill, phase_shares};
use crate::node::view::Phase;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::scene::Scene;
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::picture::{overlay, text_layout, words};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::NodeStatus;
use crate::trace::lanes::{LaneState, Lanes, PartitionChange};

/// Between two labels of the axis at least, from middle to middle, in pixels.
const LABEL_APART_PX: f32 = 92.0;
/// Between two lines of slots at least, in pixels.
const LINE_APART_PX: f32 = 3.0;
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
    let mut painter = ChartPainter::new(scene, lanes, layout);
    painter.ground();
    painter.axis();
    painter.gutter();
    let names_end_x = painter.key();
    painter.slots(names_end_x);
    match layout.lane_style {
        LaneStyle::Named | LaneStyle::Thin => painter.all_lanes(),
        LaneStyle::Shares => {
            let place = layout.shares(scene.view.selected);
            painter
                .shapes
                .extend(phase_shares::shapes(scene, lanes, &layout, place));
        }
    }
    painter.cuts();
    let mut shapes = painter.finish();
    shapes.extend(selected_lane(scene, lanes, layout));
    shapes
}

/// The lane of the selected node, emphasised, over the others.
fn selected_lane(scene: &Scene<'_>, lanes: &Lanes, layout: Layout) -> Vec<Shape> {
    let selected = scene.view.selected;
    let lane = selected.and_then(|node| Some((node, lanes.lanes().get(node.index())?)));
    let Some((node, lane)) = lane else {
        return Vec::new();
    };
    let mut painter = ChartPainter::new(scene, lanes, layout);
    let mut place = layout.lane(node);
    let lacks = (SELECTED_PX - place.height()).max(0.0) / 2.0;
    (place.min.y, place.max.y) = (place.min.y - lacks, place.max.y + lacks);
    let theme = &scene.theme;
    painter.shapes.push(Shape::Box {
        rect: place,
        corner_px: 0.0,
        fill: Some(theme.accent.with_opacity(0.2).over(theme.background)),
        stroke: Some(Stroke::solid(1.0, theme.selection)),
    });
    painter.lane(lane, place);
    if layout.lane_style != LaneStyle::Named {
        painter.name(node, place, theme.text);
    }
    painter.finish()
}

pub(super) struct ChartPainter<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) lanes: &'a Lanes,
    pub(super) layout: Layout,
    /// What belongs to an instant, in no order yet.
    pub(super) timed: Vec<((Time, ZOrder), Shape)>,
    /// What is not over.
    pub(super) open: Vec<Shape>,
    shapes: Vec<Shape>,
}

impl<'a> ChartPainter<'a> {
    fn new(scene: &'a Scene<'a>, lanes: &'a Lanes, layout: Layout) -> ChartPainter<'a> {
        ChartPainter {
            scene,
            lanes,
            layout,
            timed: Vec::new(),
            open: Vec::new(),
            shapes: Vec::new(),
        }
    }
}

/// What lies over what at an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ZOrder {
    Lane,
    Sign,
}

impl ChartPainter<'_> {
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
        self.shapes.push(text_at(at, text, color, font, anchor));
    }

    fn ground(&mut self) {
        let theme = self.scene.theme;
        let Rect { min, max } = self.layout.rect;
        let lanes = self.layout.lanes;
        // Around the lanes, not under them: every pixel counts on software renderers.
        for around in [
            Rect::from_corners(min.x, min.y + 1.0, max.x, lanes.min.y),
            Rect::from_corners(min.x, lanes.min.y, lanes.min.x, lanes.max.y),
            Rect::from_corners(lanes.max.x, lanes.min.y, max.x, lanes.max.y),
            Rect::from_corners(min.x, lanes.max.y, max.x, max.y),
        ] {
            self.rect(around, theme.panel);
        }
        let edge = Rect::from_corners(min.x, min.y, max.x, min.y + 1.0);
        self.rect(edge, theme.panel_border);
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
        if layout.lane_style == LaneStyle::Named {
            for node in (0..nodes as u32).map(NodeId) {
                let color = match self.scene.world.node(node).map(|node| node.status) {
                    _ if self.scene.status.ill_behaved.contains(&node) => theme.bad,
                    Some(NodeStatus::Running | NodeStatus::Silent) => theme.text,
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
        let name = text_layout::truncated(&name, font, FONT_SMALL_PX, room);
        let half = FONT_SMALL_PX / 2.0;
        let middle = lane.center().y;
        // Never into the line above or the axis below.
        let middle = middle.clamp(
            layout.gutter.min.y + half,
            (layout.gutter.max.y - half).max(layout.gutter.min.y + half),
        );
        let at = Point {
            x: layout.gutter.max.x - 8.0,
            y: middle + FONT_SMALL_PX * text_layout::CAP_HEIGHT / 2.0,
        };
        self.text(at, &name, color, font, Anchor::Right);
    }

    /// Slots where they begin; names end before `names_end_x`.
    fn slots(&mut self, names_end_x: f32) {
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
                let top = match x < names_end_x {
                    true => layout.slots.min.y + 4.0,
                    false => layout.lanes.min.y,
                };
                let line = Rect::from_corners(x, top, x + 1.0, layout.lanes.max.y);
                self.timed.push((
                    (*at, ZOrder::Lane),
                    filled(line, theme.timer.with_opacity(0.75)),
                ));
                line_from = x + LINE_APART_PX;
            }
            let names = [words::timeline::slot(*slot), slot.0.to_string()];
            let named = names.into_iter().find_map(|name| {
                let width = text_layout::width_px(&name, Font::Regular, FONT_SMALL_PX);
                let next = self.lanes.slots().range(slot.next()..).next();
                let room = next.map_or(layout.rect.max.x, |(_, at)| layout.x_of(&axis, *at));
                (x >= free_from && x + 4.0 + width < room.min(names_end_x)).then_some((name, width))
            });
            if let Some((name, width)) = named {
                let place = Point {
                    x: x + 4.0,
                    y: base,
                };
                let shape = text_at(place, &name, theme.text_dim, Font::Regular, Anchor::Left);
                self.timed.push(((*at, ZOrder::Sign), shape));
                free_from = x + width + 10.0;
            }
        }
    }

    /// What the colours mean, where the legend has found no room.
    /// Returns where that begins.
    fn key(&mut self) -> f32 {
        let (layout, theme) = (self.layout, self.scene.theme);
        if overlay::has_legend(self.scene) {
            return layout.rect.max.x;
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
            let width = text_layout::width_px(name, Font::Regular, FONT_SMALL_PX) + KEY_PX + 5.0;
            let left = right - width;
            let state = LaneState {
                status: NodeStatus::Running,
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
            let color = fill(&theme, state, theme.background);
            self.open.extend(color.map(|color| filled(chip, color)));
            let at = Point { x: right, y: base };
            self.open.push(text_at(
                at,
                name,
                theme.text_dim,
                Font::Regular,
                Anchor::Right,
            ));
            right = left - 14.0;
        }
        right
    }

    /// While the network is cut, a dashed band lies above the lanes.
    fn cuts(&mut self) {
        let (layout, theme, axis) = (self.layout, self.scene.theme, self.scene.view.timeline.axis);
        let cuts = self.lanes.partitions();
        for (nth, (at, cut)) in cuts.iter().enumerate() {
            if *cut == PartitionChange::Healed {
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
                        .push(((at, ZOrder::Sign), filled(line, theme.warning)));
                }
            }
        }
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
        let half = text_layout::width_px(&label, Font::Regular, FONT_SMALL_PX) / 2.0;
        (label, x - half, x + half)
    });
    labels.collect()
}

/// From the top of a line of that height to the baseline of its text.
pub(super) fn baseline(height_px: f32) -> f32 {
    (height_px + FONT_SMALL_PX * text_layout::CAP_HEIGHT) / 2.0
}

pub(super) fn filled(rect: Rect, fill: Color) -> Shape {
    Shape::Box {
        rect,
        corner_px: 0.0,
        fill: Some(fill),
        stroke: None,
    }
}

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
