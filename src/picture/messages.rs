//! Messages in flight: a dot per message; lost messages fall and fade. Many messages become one pulse per edge, with a
//! count.
//!
//! `broadcast_rings.rs` draws discovery broadcasts.

use super::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use super::edges::{self, EdgePath};
use super::icons;
use super::labels;
use super::scene::Scene;
use super::text_layout;
use super::theme::{Color, FONT_SMALL_PX, Theme};
use crate::node::view::MessageKind;
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::Flight;

/// Largest number of messages that are drawn as dots.
pub const DOTS_MAX: usize = 60;
/// Largest number of pulses; the edges with the most messages take precedence.
const PULSES_MAX: usize = 240;
/// Largest number of pulses that have a count.
const COUNTS_MAX: usize = 100;
/// Height of the fall of a lost message in pixels.
const LOST_FALL_PX: f32 = 26.0;
/// Length of the tail of a message, as a multiple of the message's radius.
const TAIL_RADII: f32 = 5.5;
/// Segments of the tail.
const TAIL_SEGMENTS: u8 = 3;
/// Opacity of housekeeping messages.
const HOUSEKEEPING_SHARE: f32 = 0.4;

/// All messages in flight. Housekeeping messages are left out if there are too many messages for dots.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let flights = || {
        scene
            .world
            .flights
            .values()
            .filter(|flight| is_message(flight))
    };
    let all = flights().nth(DOTS_MAX).is_none();
    let shown = || flights().filter(move |flight| all || !flight.housekeeping);
    if !all && shown().nth(DOTS_MAX).is_some() {
        return pulses(scene);
    }
    let arcs = edges::has_arcs(scene);
    let mut shapes = Vec::with_capacity(2 * DOTS_MAX);
    for flight in shown() {
        dot(scene, arcs, flight, &mut shapes);
    }
    shapes
}

/// Discovery broadcasts are drawn as rings.
fn is_message(flight: &Flight) -> bool {
    flight.kind != MessageKind::Announce
}

/// The colour of a kind of message: the colour of the phase that it announces.
#[must_use]
pub fn color(theme: &Theme, kind: MessageKind) -> Color {
    match kind {
        MessageKind::Announce => theme.ring,
        MessageKind::Proposal => theme.proposal,
        MessageKind::Vote => theme.vote,
        MessageKind::Accept => theme.accept,
        MessageKind::Externalize => theme.good,
        MessageKind::Service => theme.service,
        MessageKind::Chunk => theme.file,
    }
}

fn dot(scene: &Scene<'_>, arcs: bool, flight: &Flight, out: &mut Vec<Shape>) {
    let Some(path) = edges::path(scene, arcs, flight.from, flight.to) else {
        return;
    };
    let housekeeping = if flight.housekeeping {
        HOUSEKEEPING_SHARE
    } else {
        1.0
    };
    let dimmed = if scene.is_dimmed(flight.from) && scene.is_dimmed(flight.to) {
        0.25
    } else {
        1.0
    };
    let color = color(&scene.theme, flight.kind).faded(housekeeping * dimmed);
    let radius_px = scene.geometry.message_radius_px();
    match fallen(flight, scene.world.now) {
        None => {
            let share = progress(flight.sent_at, flight.arrives_at, scene.world.now);
            let at = path.at(share);
            tail(path, share, radius_px, color, out);
            symbol(scene, flight.kind, at, radius_px, color, out);
        }
        Some((lost_at_share, share)) => {
            let at = path
                .at(lost_at_share)
                .offset(0.0, LOST_FALL_PX * share * share);
            let stroke = Stroke::solid(2.0, scene.theme.bad.faded(1.0 - share));
            symbol(
                scene,
                flight.kind,
                at,
                radius_px,
                color.faded((1.0 - share) * 0.6),
                out,
            );
            icons::cross(at, radius_px * 2.2, stroke, out);
        }
    }
}

/// Draws the tail of a message, which shows its direction in a still picture. The tail gets thinner and paler.
fn tail(path: EdgePath, share: f32, radius_px: f32, color: Color, out: &mut Vec<Shape>) {
    let length_px = path.at(0.0).distance_px(path.at(1.0)).max(1.0);
    let tail_share = (TAIL_RADII * radius_px / length_px).min(share);
    for nth in 0..TAIL_SEGMENTS {
        let behind = |nth: u8| share - tail_share * f32::from(nth) / f32::from(TAIL_SEGMENTS);
        let strength = 1.0 - f32::from(nth) / f32::from(TAIL_SEGMENTS);
        out.push(Shape::Line {
            points: vec![path.at(behind(nth + 1)), path.at(behind(nth))],
            stroke: Stroke::solid(
                (radius_px * 0.9 * strength).max(1.0),
                color.faded(0.55 * strength),
            ),
        });
    }
}

/// Draws the symbol of a message, also for the legend.
pub fn symbol(
    scene: &Scene<'_>,
    kind: MessageKind,
    at: Point,
    radius_px: f32,
    color: Color,
    out: &mut Vec<Shape>,
) {
    let disc = |radius_px: f32, fill: Option<Color>, stroke: Option<Stroke>| Shape::Circle {
        center: at,
        radius_px,
        fill,
        stroke,
    };
    let filled = |share: f32| disc(radius_px * share, Some(color), None);
    match kind {
        MessageKind::Vote => {
            let ground = Some(scene.theme.background.faded(f32::from(color.a) / 255.0));
            let stroke = Stroke::solid((radius_px * 0.4).clamp(1.0, 2.0), color);
            out.push(disc(radius_px * 0.9, ground, Some(stroke)));
        }
        MessageKind::Accept => out.push(filled(1.0)),
        MessageKind::Externalize => {
            out.push(filled(1.2));
            let ink = scene.theme.ink_on(color).faded(f32::from(color.a) / 255.0);
            out.push(icons::tick(
                at,
                radius_px * 1.1,
                Stroke::solid((radius_px * 0.3).clamp(1.0, 2.0), ink),
            ));
        }
        MessageKind::Proposal => {
            let half = radius_px * 0.95;
            out.push(Shape::Polygon {
                points: vec![
                    at.offset(-half, -half),
                    at.offset(half, -half),
                    at.offset(half, half),
                    at.offset(-half, half),
                ],
                fill: Some(color),
                stroke: None,
            });
        }
        MessageKind::Chunk => out.push(disc(
            radius_px * 1.7,
            Some(color),
            Some(Stroke::solid(
                1.0,
                scene.theme.background.faded(f32::from(color.a) / 255.0),
            )),
        )),
        MessageKind::Service | MessageKind::Announce => out.push(filled(0.55)),
    }
}

fn progress(from: Time, to: Time, now: Time) -> f32 {
    let (whole, passed) = (to.since(from), now.since(from));
    if whole.0 == 0 {
        1.0
    } else {
        (passed.0 as f32 / whole.0 as f32).min(1.0)
    }
}

/// For a lost message: the share of its path, and the share of its fall.
fn fallen(flight: &Flight, now: Time) -> Option<(f32, f32)> {
    let lost_at = flight.lost_at()?;
    // A message that is lost when it is sent falls near its sender.
    let lost_at_share = if lost_at == flight.sent_at { 0.3 } else { 1.0 };
    Some((lost_at_share, progress(lost_at, flight.arrives_at, now)))
}

/// The messages between two nodes, in both directions.
#[derive(Clone, Copy)]
struct Pulse {
    one: NodeId,
    two: NodeId,
    count: u32,
    progress: f32,
    kind: MessageKind,
}

/// Draws the edges with the most messages: a line, a dot at the mean progress, and the count. A higher count makes line
/// and dot larger.
fn pulses(scene: &Scene<'_>) -> Vec<Shape> {
    let mut pulses = gather(scene);
    if pulses.len() > PULSES_MAX {
        pulses.select_nth_unstable_by(PULSES_MAX, |a, b| {
            b.count
                .cmp(&a.count)
                .then((a.one, a.two).cmp(&(b.one, b.two)))
        });
        pulses.truncate(PULSES_MAX);
        pulses.sort_by_key(|pulse| (pulse.one, pulse.two));
    }
    let radius_px = scene.geometry.message_radius_px();
    let write_counts = scene.geometry.has_rings() && pulses.len() <= COUNTS_MAX;
    let mut shapes = Vec::with_capacity(pulses.len() * 2);
    let mut counts = write_counts.then(|| Counts::new(scene));
    let arcs = edges::has_arcs(scene);
    for pulse in &pulses {
        let Some(path) = edges::path(scene, arcs, pulse.one, pulse.two) else {
            continue;
        };
        let color = color(&scene.theme, pulse.kind);
        let swell = (pulse.progress * std::f32::consts::PI).sin();
        let strength = (pulse.count as f32).log2().clamp(0.0, 4.0);
        shapes.push(Shape::Line {
            points: path.points(),
            stroke: Stroke::solid(
                1.0 + strength * 0.5,
                color.with_opacity(0.12 + 0.38 * swell),
            ),
        });
        let at = path.at(pulse.progress);
        shapes.push(Shape::Circle {
            center: at,
            radius_px: radius_px * (0.8 + strength * 0.12),
            fill: Some(color),
            stroke: None,
        });
        if let Some(counts) = counts.as_mut().filter(|_| pulse.count > 1) {
            counts.add(at, radius_px, pulse.count);
        }
    }
    shapes.extend(counts.into_iter().flat_map(|counts| counts.shapes));
    shapes
}

/// The counts beside the dots. A count that would overlap a node, a label or another count is left out.
struct Counts<'a> {
    scene: &'a Scene<'a>,
    taken: Vec<Rect>,
    shapes: Vec<Shape>,
}

impl<'a> Counts<'a> {
    fn new(scene: &'a Scene<'a>) -> Counts<'a> {
        let radius_px = scene.geometry.radius_px;
        let disc =
            |(_, center): (NodeId, Point)| Rect::from_size(center, 0.0, 0.0).inset(-radius_px);
        let mut taken = labels::rects(scene);
        taken.extend(scene.geometry.nodes().map(disc));
        Counts {
            scene,
            taken,
            shapes: Vec::new(),
        }
    }

    fn add(&mut self, at: Point, radius_px: f32, count: u32) {
        let text = count.to_string();
        let height = FONT_SMALL_PX * text_layout::CAP_HEIGHT;
        let width = text_layout::width_px(&text, Font::Regular, FONT_SMALL_PX);
        let left = at.offset(radius_px + 4.0, height / 2.0);
        let rect = Rect::from_size(left.offset(0.0, -height), width, height).inset(-1.0);
        if self.taken.iter().any(|taken| taken.overlaps(rect)) {
            return;
        }
        self.taken.push(rect);
        self.shapes.push(Shape::Text {
            at: left,
            text,
            size_px: FONT_SMALL_PX,
            color: self.scene.theme.text_dim,
            font: Font::Regular,
            anchor: Anchor::Left,
        });
    }
}

/// Aggregates the messages of each pair of nodes. Sorting is much cheaper than a map for thousands of messages.
fn gather(scene: &Scene<'_>) -> Vec<Pulse> {
    let now = scene.world.now;
    let mut under_way: Vec<Pulse> = scene
        .world
        .flights
        .values()
        .filter(|flight| is_message(flight) && flight.lost.is_none() && !flight.housekeeping)
        .map(|flight| {
            let share = progress(flight.sent_at, flight.arrives_at, now);
            let forward = flight.from <= flight.to;
            Pulse {
                one: flight.from.min(flight.to),
                two: flight.from.max(flight.to),
                count: 1,
                progress: if forward { share } else { 1.0 - share },
                kind: flight.kind,
            }
        })
        .collect();
    under_way.sort_unstable_by_key(|pulse| (pulse.one, pulse.two));
    let mut pulses: Vec<Pulse> = Vec::new();
    for next in under_way {
        match pulses.last_mut() {
            Some(last) if (last.one, last.two) == (next.one, next.two) => {
                let count = last.count as f32;
                last.progress = (last.progress * count + next.progress) / (count + 1.0);
                last.count += 1;
                // The pulse has the colour of its most advanced message.
                if next.kind.weight() > last.kind.weight() {
                    last.kind = next.kind;
                }
            }
            _ => pulses.push(next),
        }
    }
    pulses
}
