//! Timeline layout and hit testing: node names at the left, slots above the lanes, the time axis below them.

use super::axis::Axis;
use crate::picture::canvas::{Point, Rect};
use crate::picture::theme::FONT_SMALL_PX;
use crate::scp::NodeId;
use crate::time::Time;

/// Height of the row of slots and of the axis, in pixels.
const LINE_PX: f32 = 19.0;
/// Largest height of a lane, in pixels.
const LANE_MAX_PX: f32 = 18.0;
/// Smallest height of a lane with a name, in pixels.
const NAMED_FROM_PX: f32 = 14.0;
/// Smallest height of a lane, in pixels; below it the stacked chart replaces the lanes.
const LANE_MIN_PX: f32 = 1.0;
/// Smallest height of all lanes together, in pixels.
const LANES_MIN_PX: f32 = 20.0;
/// Largest height of all lanes together, in pixels.
const LANES_MAX_PX: f32 = 190.0;
/// Share of the window's height for the lanes.
const LANES_SHARE: f32 = 0.155;
/// Smallest height of a window with a timeline, in pixels.
const WINDOW_MIN_PX: f32 = 540.0;
/// Width of the column of names, in pixels.
const GUTTER_PX: f32 = 100.0;
/// Margin right of the lanes, in pixels.
const MARGIN_PX: f32 = 12.0;
/// Height of the selected lane above the stacked chart, in pixels.
const SELECTED_LANE_PX: f32 = 12.0;

/// The representation of the nodes in the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LaneStyle {
    /// One lane per node, with its name.
    Named,
    /// One lane per node, too thin for a name.
    Thin,
    /// A stacked chart: the share of nodes in each phase.
    Shares,
}

/// A point of the timeline in terms of its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineHit {
    /// The name of a node.
    Name(NodeId),
    /// An instant, and the node whose lane it is in.
    Instant(Time, Option<NodeId>),
}

/// The parts of the timeline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The whole timeline.
    pub rect: Rect,
    /// The row with the names of slots.
    pub slots: Rect,
    /// The names of nodes, left of the lanes.
    pub gutter: Rect,
    /// The lanes.
    pub lanes: Rect,
    /// The axis below the lanes.
    pub axis: Rect,
    /// The representation of the nodes.
    pub lane_style: LaneStyle,
    /// Height of one lane in pixels.
    pub lane_px: f32,
    nodes: usize,
}

/// The height of a timeline of `nodes` nodes in a window of this height, in pixels; `None`: the window is too low.
#[must_use]
pub fn height_px(window_px: f32, nodes: usize) -> Option<f32> {
    let room = (window_px * LANES_SHARE).clamp(LANES_MIN_PX, LANES_MAX_PX);
    let lanes = (nodes as f32 * LANE_MAX_PX).clamp(LANES_MIN_PX, room.max(LANES_MIN_PX));
    (window_px >= WINDOW_MIN_PX).then(|| (lanes + 2.0 * LINE_PX + 2.0).round())
}

impl Layout {
    /// Divides `rect` for a number of nodes.
    #[must_use]
    pub fn new(rect: Rect, nodes: usize) -> Layout {
        let left = (rect.min.x + GUTTER_PX).min(rect.max.x);
        let right = (rect.max.x - MARGIN_PX).max(left);
        let top = (rect.min.y + LINE_PX + 1.0).min(rect.max.y);
        let bottom = (rect.max.y - LINE_PX - 1.0).max(top);
        let lanes = Rect::from_corners(left, top, right, bottom);
        let lane_px = (lanes.height() / nodes.max(1) as f32).min(LANE_MAX_PX);
        let lane_style = match lane_px {
            NAMED_FROM_PX.. => LaneStyle::Named,
            LANE_MIN_PX.. => LaneStyle::Thin,
            _ => LaneStyle::Shares,
        };
        Layout {
            rect,
            slots: Rect::from_corners(left, rect.min.y + 1.0, right, top),
            gutter: Rect::from_corners(rect.min.x, top, left, bottom),
            lanes,
            axis: Rect::from_corners(left, bottom, right, rect.max.y),
            lane_style,
            lane_px,
            nodes,
        }
    }

    /// The lane of a node. Beside the stacked chart only the selected node has one.
    #[must_use]
    pub fn lane(&self, node: NodeId) -> Rect {
        let Rect { min, max } = self.lanes;
        if self.lane_style == LaneStyle::Shares {
            return Rect::from_corners(min.x, min.y, max.x, (min.y + SELECTED_LANE_PX).min(max.y));
        }
        let top = min.y + node.0 as f32 * self.lane_px;
        Rect::from_corners(min.x, top, max.x, top + self.lane_px)
    }

    /// The area of the stacked chart: below the selected lane, if a node is selected.
    #[must_use]
    pub fn shares(&self, selected: Option<NodeId>) -> Rect {
        let reserved = selected.map_or(0.0, |_| SELECTED_LANE_PX + 2.0);
        let top = (self.lanes.min.y + reserved).min(self.lanes.max.y);
        Rect::from_corners(self.lanes.min.x, top, self.lanes.max.x, self.lanes.max.y)
    }

    /// The x coordinate of an instant, in pixels; outside the lanes if the axis does not show the instant.
    #[must_use]
    pub fn x_of(&self, axis: &Axis, at: Time) -> f32 {
        let share = axis.share_of(at).clamp(-1.0, 2.0) as f32;
        self.lanes.min.x + share * self.lanes.width()
    }

    /// The instant at an x coordinate in pixels.
    #[must_use]
    pub fn time_at(&self, axis: &Axis, x: f32) -> Time {
        axis.at_share(self.share_at(x))
    }

    /// The share (0 to 1) of the lanes left of an x coordinate.
    #[must_use]
    pub fn share_at(&self, x: f32) -> f64 {
        f64::from(x - self.lanes.min.x) / f64::from(self.lanes.width().max(1.0))
    }

    /// Hit test: the name or the instant at a point; `None` outside the timeline.
    #[must_use]
    pub fn hit_test(
        &self,
        axis: &Axis,
        at: Point,
        selected: Option<NodeId>,
    ) -> Option<TimelineHit> {
        if !self.rect.contains(at) {
            return None;
        }
        let node = self.node_at(at.y, selected);
        if at.x < self.lanes.min.x {
            return node.map(TimelineHit::Name);
        }
        let x = at.x.clamp(self.lanes.min.x, self.lanes.max.x);
        Some(TimelineHit::Instant(self.time_at(axis, x), node))
    }

    fn node_at(&self, y: f32, selected: Option<NodeId>) -> Option<NodeId> {
        if self.lane_style == LaneStyle::Shares {
            return selected.filter(|node| {
                let lane = self.lane(*node);
                (lane.min.y..lane.max.y).contains(&y)
            });
        }
        let nth = (y - self.lanes.min.y) / self.lane_px.max(f32::MIN_POSITIVE);
        let is_there = nth >= 0.0 && nth < self.nodes as f32;
        is_there.then_some(NodeId(nth as u32))
    }

    /// Whether lanes are high enough for text.
    #[must_use]
    pub fn has_letters(&self) -> bool {
        self.lane_px >= FONT_SMALL_PX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: [(f32, f32); 3] = [(900.0, 600.0), (1280.0, 800.0), (1920.0, 1080.0)];

    fn layout((width, height): (f32, f32), nodes: usize) -> Layout {
        let high = height_px(height, nodes).unwrap();
        Layout::new(Rect::from_corners(0.0, height - high, width, height), nodes)
    }

    #[test]
    fn the_lane_style_depends_on_window_size_and_node_count() {
        for (window, nodes, kind, least_px) in [
            (WINDOWS[0], 1, LaneStyle::Named, 14.0),
            (WINDOWS[0], 5, LaneStyle::Named, 14.0),
            (WINDOWS[0], 7, LaneStyle::Thin, 12.0),
            (WINDOWS[0], 90, LaneStyle::Thin, 1.0),
            (WINDOWS[1], 7, LaneStyle::Named, 14.0),
            (WINDOWS[1], 20, LaneStyle::Thin, 6.0),
            (WINDOWS[1], 90, LaneStyle::Thin, 1.3),
            (WINDOWS[1], 1000, LaneStyle::Shares, 0.0),
            (WINDOWS[2], 7, LaneStyle::Named, 17.0),
            (WINDOWS[2], 90, LaneStyle::Thin, 1.8),
            (WINDOWS[2], 1000, LaneStyle::Shares, 0.0),
        ] {
            let layout = layout(window, nodes);
            assert_eq!(layout.lane_style, kind, "{nodes} in {window:?}");
            assert!(
                layout.lane_px >= least_px,
                "{nodes} in {window:?}: {}",
                layout.lane_px
            );
        }
    }

    #[test]
    fn parts_do_not_overlap_and_leave_room_for_the_picture() {
        for window in WINDOWS {
            for nodes in [0, 1, 7, 90, 1000] {
                let layout = layout(window, nodes);
                let parts = [layout.slots, layout.gutter, layout.lanes, layout.axis];
                for (at, one) in parts.iter().enumerate() {
                    assert!(layout.rect.encloses(*one), "{nodes}: {one:?}");
                    assert!(parts[at + 1..].iter().all(|two| !one.overlaps(*two)));
                }
                assert!(
                    layout.rect.height() <= 0.24 * window.1,
                    "{nodes} in {window:?}"
                );
                for node in (0..nodes as u32).map(NodeId) {
                    assert!(
                        layout.lanes.inset(-0.01).encloses(layout.lane(node)),
                        "{node:?}"
                    );
                }
            }
        }
        assert_eq!(height_px(400.0, 7), None, "the window is too low");
    }

    #[test]
    fn hit_tests_invert_the_layout() {
        let axis = Axis::new(10e6);
        for nodes in [1, 7, 90] {
            let layout = layout(WINDOWS[1], nodes);
            for node in (0..nodes as u32).map(NodeId) {
                let lane = layout.lane(node);
                let at = Time(3_456_000);
                let point = Point {
                    x: layout.x_of(&axis, at),
                    y: lane.center().y,
                };
                let Some(TimelineHit::Instant(found, Some(of))) =
                    layout.hit_test(&axis, point, None)
                else {
                    panic!("{node:?}");
                };
                assert!(of == node && found.0.abs_diff(at.0) < 10_000);
                let name = Point { x: 5.0, ..point };
                assert_eq!(
                    layout.hit_test(&axis, name, None),
                    Some(TimelineHit::Name(node))
                );
            }
        }
        let many = layout(WINDOWS[1], 1000);
        let top = many.lanes.min.offset(300.0, 4.0);
        let selected = Some(NodeId(412));
        assert!(
            matches!(many.hit_test(&axis, top, selected), Some(TimelineHit::Instant(_, of)) if of == selected)
        );
        assert!(matches!(
            many.hit_test(&axis, top, None),
            Some(TimelineHit::Instant(_, None))
        ));
        assert!(many.shares(selected).min.y > many.lane(NodeId(412)).max.y);
        assert_eq!(
            many.hit_test(&axis, Point { x: 1.0, y: 1.0 }, None),
            None,
            "outside the timeline"
        );
    }
}
