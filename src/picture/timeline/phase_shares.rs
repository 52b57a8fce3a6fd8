//! Stacked chart of the share of nodes in each phase over time, for networks with more nodes than pixels.
//!
//! The lanes contain the counts.

use super::drawing::filled;
use super::layout::Layout;
use crate::picture::canvas::{Rect, Shape};
use crate::picture::scene::Scene;
use crate::picture::theme::{Color, Theme};
use crate::time::Time;
use crate::trace::lanes::{Lanes, PhaseCounts};

/// Width of a column in pixels.
const COLUMN_PX: f32 = 2.0;

/// The columns from left to right.
pub(super) fn shapes(scene: &Scene<'_>, lanes: &Lanes, layout: &Layout, place: Rect) -> Vec<Shape> {
    let timeline = scene.view.timeline;
    let until_x = layout.x_of(&timeline.axis, timeline.until).min(place.max.x);
    let columns = ((until_x - place.min.x) / COLUMN_PX).ceil().max(0.0) as usize;
    let mut mean = Mean::new(lanes, layout.time_at(&timeline.axis, place.min.x));
    let mut shapes = Vec::new();
    // Equal neighbouring columns become one shape.
    let mut run: Option<(f32, f32, [f32; 6])> = None;
    for nth in 0..columns {
        let left = place.min.x + nth as f32 * COLUMN_PX;
        let right = (left + COLUMN_PX).min(until_x);
        let until = layout.time_at(&timeline.axis, right);
        let heights = mean
            .until(until)
            .map(|share| (share * place.height()).round());
        run = match run {
            Some((from, _, same)) if same == heights => Some((from, right, same)),
            before => {
                shapes.extend(
                    before
                        .iter()
                        .flat_map(|run| column(&scene.theme, place, *run)),
                );
                Some((left, right, heights))
            }
        };
    }
    shapes.extend(run.iter().flat_map(|run| column(&scene.theme, place, *run)));
    shapes
}

/// The shapes of a column: the most advanced phase at the bottom, absent nodes at the top.
fn column(theme: &Theme, place: Rect, (left, right, heights): (f32, f32, [f32; 6])) -> Vec<Shape> {
    let mut bottom = place.max.y;
    let mut shapes = Vec::new();
    let [idle, nominate, accept, confirm, decided, absent] = heights;
    let phases = theme.phases;
    let layers: [(f32, Color); 4] = [
        (decided, theme.decided),
        (confirm, theme.sign(phases.confirm[0])),
        (accept, theme.sign(phases.accept[0])),
        (nominate, theme.sign(phases.nominate)),
    ];
    for (height, color) in layers {
        let top = (bottom - height).max(place.min.y);
        if top < bottom {
            shapes.push(filled(Rect::from_corners(left, top, right, bottom), color));
        }
        bottom = top;
    }
    bottom = (bottom - idle).max(place.min.y);
    let top = (bottom - absent).max(place.min.y);
    if top < bottom {
        shapes.push(filled(
            Rect::from_corners(left, top, right, bottom),
            theme.track,
        ));
    }
    shapes
}

/// Mean shares over consecutive intervals.
struct Mean<'a> {
    lanes: &'a Lanes,
    at: Time,
    /// The counts from `at` on.
    now: PhaseCounts,
    /// The index of the next change.
    next: usize,
}

impl Mean<'_> {
    fn new(lanes: &Lanes, at: Time) -> Mean<'_> {
        let next = lanes
            .phase_counts()
            .partition_point(|(from, _)| *from <= at);
        let now = next
            .checked_sub(1)
            .and_then(|nth| lanes.phase_counts().get(nth));
        Mean {
            lanes,
            at,
            now: now.map_or(PhaseCounts::default(), |(_, shares)| *shares),
            next,
        }
    }

    /// The mean from the end of the previous interval to `until`, as shares of all nodes: one per phase, then absent.
    fn until(&mut self, until: Time) -> [f32; 6] {
        let mut sum = [0.0f64; 6];
        let mut whole = 0.0;
        loop {
            let change = self.lanes.phase_counts().get(self.next);
            let end = change.map_or(until, |(at, _)| (*at).min(until));
            // A count that lasted no time has a small weight.
            let weight = (end.since(self.at).0 as f64).max(1e-3);
            let [idle, nominate, accept, confirm, decided] = self.now.phases;
            let counts = [idle, nominate, accept, confirm, decided, self.now.absent];
            for (sum, count) in sum.iter_mut().zip(counts) {
                *sum += weight * f64::from(count);
            }
            whole += weight * f64::from(self.now.total());
            self.at = self.at.max(end);
            match change {
                Some((at, shares)) if *at <= until => {
                    self.now = *shares;
                    self.next += 1;
                }
                _ => break,
            }
        }
        sum.map(|sum| {
            if whole > 0.0 {
                (sum / whole) as f32
            } else {
                0.0
            }
        })
    }
}
