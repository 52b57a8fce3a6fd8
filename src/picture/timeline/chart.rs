//! Timeline chart: background, axis, node names, slots, partitions and the lanes.
//!
//! `lane_chart.rs` draws one lane, `phase_shares.rs` the stacked chart, and `playhead.rs` the playhead.

use super::drawing::{TimedShapes, ZOrder, axis_labels, baseline, filled, state_color, text_at};
use super::lane_chart::LaneChart;
use super::layout::{LaneStyle, Layout};
use super::phase_shares;
use crate::node::view::Phase;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::overlay::{has_legend, phase_name};
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::scp::NodeId;
use crate::text::{format, timeline};
use crate::trace::NodeStatus;
use crate::trace::lanes::{LaneState, Lanes, PartitionChange};

/// Smallest distance between two lines of slots, in pixels.
const SLOT_LINE_APART_PX: f32 = 3.0;
/// Side of a colour sample, in pixels.
const SAMPLE_PX: f32 = 10.0;
/// Smallest height of the selected lane, in pixels.
const SELECTED_HEIGHT_PX: f32 = 7.0;

/// The shapes of the chart. Those of later instants come later, and the selected lane comes last.
#[must_use]
pub fn shapes(scene: &Scene<'_>, lanes: &Lanes) -> Vec<Shape> {
    let Some(rect) = scene.view.timeline.rect else {
        return Vec::new();
    };
    let layout = Layout::new(rect, lanes.lanes().len());
    let mut painter = ChartPainter::new(scene, lanes, layout);
    painter.background();
    painter.axis();
    painter.node_names();
    let names_end_x = painter.color_key();
    painter.slots(names_end_x);
    match layout.lane_style {
        LaneStyle::Named | LaneStyle::Thin => painter.lanes(),
        LaneStyle::Shares => {
            let area = layout.shares(scene.view.selected);
            painter
                .shapes
                .extend(phase_shares::shapes(scene, lanes, &layout, area));
        }
    }
    painter.partitions();
    let mut shapes = painter.finish();
    shapes.extend(selected_lane(scene, lanes, layout));
    shapes
}

/// The lane of the selected node, outlined, above all others.
fn selected_lane(scene: &Scene<'_>, lanes: &Lanes, layout: Layout) -> Vec<Shape> {
    let selected = scene.view.selected;
    let Some((node, lane)) =
        selected.and_then(|node| Some((node, lanes.lanes().get(node.index())?)))
    else {
        return Vec::new();
    };
    let mut painter = ChartPainter::new(scene, lanes, layout);
    let mut area = layout.lane(node);
    let missing = (SELECTED_HEIGHT_PX - area.height()).max(0.0) / 2.0;
    (area.min.y, area.max.y) = (area.min.y - missing, area.max.y + missing);
    let theme = &scene.theme;
    painter.shapes.push(Shape::Box {
        rect: area,
        corner_px: 0.0,
        fill: Some(theme.accent.with_opacity(0.2).over(theme.background)),
        stroke: Some(Stroke::solid(1.0, theme.selection)),
    });
    LaneChart::new(scene, &layout, area).draw(lane, &mut painter.timed);
    if layout.lane_style != LaneStyle::Named {
        painter.name(node, area, theme.text);
    }
    painter.finish()
}

struct ChartPainter<'a> {
    scene: &'a Scene<'a>,
    lanes: &'a Lanes,
    layout: Layout,
    shapes: Vec<Shape>,
    timed: TimedShapes,
}

impl<'a> ChartPainter<'a> {
    fn new(scene: &'a Scene<'a>, lanes: &'a Lanes, layout: Layout) -> ChartPainter<'a> {
        ChartPainter {
            scene,
            lanes,
            layout,
            shapes: Vec::new(),
            timed: TimedShapes::default(),
        }
    }

    fn finish(mut self) -> Vec<Shape> {
        self.shapes.extend(self.timed.into_shapes());
        self.shapes
    }

    fn rect(&mut self, rect: Rect, fill: Color) {
        self.shapes.push(filled(rect, fill));
    }

    fn text(&mut self, at: Point, text: &str, color: Color, font: Font, anchor: Anchor) {
        self.shapes.push(text_at(at, text, color, font, anchor));
    }

    fn background(&mut self) {
        let theme = self.scene.theme;
        let Rect { min, max } = self.layout.rect;
        let lanes = self.layout.lanes;
        // The panel colour fills only the area around the lanes, because overdraw is expensive on software renderers.
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
        self.rect(lanes, theme.background);
    }

    fn axis(&mut self) {
        let (layout, theme) = (self.layout, self.scene.theme);
        let axis = self.scene.view.timeline.axis;
        let base = layout.axis.min.y + baseline(layout.axis.height());
        for (label, left, right) in axis_labels(&axis, &layout) {
            let x = ((left + right) / 2.0).round();
            let line = Rect::from_corners(x, layout.lanes.min.y, x + 1.0, layout.lanes.max.y + 3.0);
            self.rect(line, theme.track.with_opacity(0.6));
            if left >= layout.axis.min.x - 20.0 && right <= layout.rect.max.x - 2.0 {
                let at = Point { x, y: base };
                self.text(at, &label, theme.text_dim, Font::Regular, Anchor::Middle);
            }
        }
    }

    /// The number of nodes and, if the lanes are high enough, their names.
    fn node_names(&mut self) {
        let (layout, theme) = (self.layout, self.scene.theme);
        let nodes = self.lanes.lanes().len();
        let corner = Point {
            x: layout.rect.min.x + 12.0,
            y: layout.slots.min.y + baseline(layout.slots.height()),
        };
        self.text(
            corner,
            &format::nodes(nodes),
            theme.text_dim,
            Font::Regular,
            Anchor::Left,
        );
        if layout.lane_style != LaneStyle::Named {
            return;
        }
        for node in (0..nodes as u32).map(NodeId) {
            let color = match self.scene.world.node(node).map(|node| node.status) {
                _ if self.scene.status.ill_behaved.contains(&node) => theme.bad,
                Some(NodeStatus::Running | NodeStatus::Silent) => theme.text,
                _ => theme.text_dim,
            };
            self.name(node, layout.lane(node), color);
        }
    }

    /// The name of a node, left of its lane.
    fn name(&mut self, node: NodeId, lane: Rect, color: Color) {
        let layout = self.layout;
        let name = self.scene.world.name(node);
        let is_selected = self.scene.view.selected == Some(node);
        let font = if is_selected {
            Font::Bold
        } else {
            Font::Regular
        };
        let room = layout.gutter.width() - 20.0;
        let name = text_layout::truncated(&name, font, FONT_SMALL_PX, room);
        // The first and the last name stay clear of the slots and the axis.
        let half = FONT_SMALL_PX / 2.0;
        let (top, bottom) = (layout.gutter.min.y + half, layout.gutter.max.y - half);
        let middle = lane.center().y.clamp(top, bottom.max(top));
        let at = Point {
            x: layout.gutter.max.x - 8.0,
            y: middle + FONT_SMALL_PX * text_layout::CAP_HEIGHT / 2.0,
        };
        self.text(at, &name, color, font, Anchor::Right);
    }

    /// A line where each slot starts, with the name of the slot if it ends left of `names_end_x`.
    fn slots(&mut self, names_end_x: f32) {
        let (layout, theme, axis) = (self.layout, self.scene.theme, self.scene.view.timeline.axis);
        let base = layout.slots.min.y + baseline(layout.slots.height());
        let mut name_from = f32::MIN;
        let mut line_from = f32::MIN;
        for (slot, at) in self.lanes.slots() {
            let x = layout.x_of(&axis, *at).round();
            if x < layout.lanes.min.x || x > layout.lanes.max.x {
                continue;
            }
            if x >= line_from {
                let top = if x < names_end_x {
                    layout.slots.min.y + 4.0
                } else {
                    layout.lanes.min.y
                };
                let line = Rect::from_corners(x, top, x + 1.0, layout.lanes.max.y);
                self.timed.push(
                    *at,
                    ZOrder::Lane,
                    filled(line, theme.timer.with_opacity(0.75)),
                );
                line_from = x + SLOT_LINE_APART_PX;
            }
            // The short form of the name is the number alone.
            let names = [timeline::slot(*slot), slot.0.to_string()];
            let named = names.into_iter().find_map(|name| {
                let width = text_layout::width_px(&name, Font::Regular, FONT_SMALL_PX);
                let next = self.lanes.slots().range(slot.next()..).next();
                let end = next.map_or(layout.rect.max.x, |(_, at)| layout.x_of(&axis, *at));
                (x >= name_from && x + 4.0 + width < end.min(names_end_x)).then_some((name, width))
            });
            if let Some((name, width)) = named {
                let at_px = Point {
                    x: x + 4.0,
                    y: base,
                };
                let shape = text_at(at_px, &name, theme.text_dim, Font::Regular, Anchor::Left);
                self.timed.push(*at, ZOrder::Mark, shape);
                name_from = x + width + 10.0;
            }
        }
    }

    /// The meaning of the colours, if the overlay has no legend. Returns its left edge.
    fn color_key(&mut self) -> f32 {
        let (layout, theme) = (self.layout, self.scene.theme);
        if has_legend(self.scene) {
            return layout.rect.max.x;
        }
        let phases = [
            Phase::Externalized,
            Phase::Confirm,
            Phase::Accept,
            Phase::Nominate,
        ];
        let base = layout.slots.min.y + baseline(layout.slots.height());
        let middle = layout.slots.center().y;
        let mut right = layout.slots.max.x;
        for phase in phases {
            let name = phase_name(phase);
            let left =
                right - text_layout::width_px(name, Font::Regular, FONT_SMALL_PX) - SAMPLE_PX - 5.0;
            let (top, bottom) = (middle - SAMPLE_PX / 2.0, middle + SAMPLE_PX / 2.0);
            let sample = Rect::from_corners(left, top, left + SAMPLE_PX, bottom);
            let state = LaneState {
                status: NodeStatus::Running,
                phase,
                slot: None,
            };
            if let Some(color) = state_color(&theme, state) {
                self.timed.push_open(filled(sample, color));
            }
            let at = Point { x: right, y: base };
            let shape = text_at(at, name, theme.text_dim, Font::Regular, Anchor::Right);
            self.timed.push_open(shape);
            right = left - 14.0;
        }
        right
    }

    fn lanes(&mut self) {
        for (node, lane) in (0..).map(NodeId).zip(self.lanes.lanes()) {
            if self.scene.view.selected != Some(node) {
                let area = self.layout.lane(node);
                LaneChart::new(self.scene, &self.layout, area).draw(lane, &mut self.timed);
            }
        }
    }

    /// A dashed band above the lanes while the network is partitioned.
    fn partitions(&mut self) {
        let (layout, theme, axis) = (self.layout, self.scene.theme, self.scene.view.timeline.axis);
        let changes = self.lanes.partitions();
        for (nth, (at, change)) in changes.iter().enumerate() {
            if *change == PartitionChange::Healed {
                continue;
            }
            let healed = changes.get(nth + 1).map(|(at, _)| *at);
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
            self.timed.push_open(Shape::Line { points, stroke });
            let healed = healed.filter(|at| layout.x_of(&axis, *at) <= layout.lanes.max.x);
            for at in std::iter::once(*at).chain(healed) {
                let x = layout.x_of(&axis, at);
                if x >= layout.lanes.min.x {
                    let line = Rect::from_corners(x - 0.5, y, x + 1.0, layout.lanes.max.y);
                    self.timed
                        .push(at, ZOrder::Mark, filled(line, theme.warning));
                }
            }
        }
    }
}
