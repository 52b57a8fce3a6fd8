//! Playhead: the instant that the picture shows, a dimmed future, and a hairline at the pointer.

use super::drawing::{axis_labels, baseline, filled, text_at};
use super::layout::{Layout, TimelineHit};
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape};
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::text::format;
use crate::time::Time;
use crate::trace::Lanes;

/// Opacity of the dimming right of the playhead.
const DIMMING: f32 = 0.55;
/// Horizontal padding of a time label, in pixels.
const PAD_PX: f32 = 6.0;

/// Draws the dimmed future, the hairline and the playhead.
#[must_use]
pub fn shapes(scene: &Scene<'_>, lanes: &Lanes) -> Vec<Shape> {
    let timeline = scene.view.timeline;
    let Some(rect) = timeline.rect else {
        return Vec::new();
    };
    let layout = Layout::new(rect, lanes.lanes().len());
    let (theme, now) = (&scene.theme, scene.world.now);
    let mut shapes = Vec::new();
    let x = layout.x_of(&timeline.axis, now);
    let end = layout
        .x_of(&timeline.axis, timeline.until)
        .min(layout.lanes.max.x);
    let from = x.max(layout.lanes.min.x);
    if end > from + 0.5 {
        let later = Rect::from_corners(from, layout.lanes.min.y, end, layout.lanes.max.y);
        shapes.push(filled(later, theme.panel.with_opacity(DIMMING)));
    }
    let pointed = timeline
        .pointed
        .and_then(|at| layout.hit_test(&timeline.axis, at, None));
    if let (Some(TimelineHit::Instant(at, _)), Some(point)) = (pointed, timeline.pointed) {
        let hair = point.x.clamp(layout.lanes.min.x, layout.lanes.max.x);
        upright(&layout, hair, 1.0, theme.text_dim, &mut shapes);
        time(
            scene,
            &layout,
            hair,
            at,
            (theme.text, theme.track),
            &mut shapes,
        );
    }
    if x >= layout.lanes.min.x - 0.5 && x <= layout.lanes.max.x + 0.5 {
        upright(&layout, x, 2.0, theme.selection, &mut shapes);
        let colors = (theme.ink_on(theme.selection), theme.selection);
        time(scene, &layout, x, now, colors, &mut shapes);
    }
    shapes
}

fn upright(layout: &Layout, x: f32, width: f32, color: Color, out: &mut Vec<Shape>) {
    let half = width / 2.0;
    let (top, bottom) = (layout.slots.max.y - 2.0, layout.lanes.max.y + 2.0);
    out.push(filled(
        Rect::from_corners(x - half, top, x + half, bottom),
        color,
    ));
}

/// A time in a box on the axis. It hides the labels of the axis that it overlaps.
fn time(
    scene: &Scene<'_>,
    layout: &Layout,
    x: f32,
    at: Time,
    (ink, ground): (Color, Color),
    out: &mut Vec<Shape>,
) {
    let label = format::instant(at);
    let half = text_layout::width_px(&label, Font::Regular, FONT_SMALL_PX) / 2.0 + PAD_PX;
    let x = x.min(layout.rect.max.x - half - 1.0).max(layout.axis.min.x);
    let y = layout.axis.min.y + baseline(layout.axis.height());
    let (top, bottom) = (layout.axis.min.y + 1.5, layout.axis.max.y - 1.0);
    for (_, left, right) in axis_labels(&scene.view.timeline.axis, layout) {
        if left < x + half && right > x - half {
            let gone = Rect::from_corners(left, layout.axis.min.y + 3.5, right, layout.axis.max.y);
            out.push(filled(gone, scene.theme.panel));
        }
    }
    out.push(Shape::Box {
        rect: Rect::from_corners(x - half, top, x + half, bottom),
        corner_px: 4.0,
        fill: Some(ground),
        stroke: None,
    });
    out.push(text_at(
        Point { x, y },
        &label,
        ink,
        Font::Regular,
        Anchor::Middle,
    ));
}
