//! Path geometry: miter joins, arcs, rounded boxes, dashes.

use crate::picture::canvas::{Point, Rect};
use macroquad::math::{Vec2, vec2};

/// A point as macroquad's vector.
pub(super) fn vec(point: Point) -> Vec2 {
    vec2(point.x, point.y)
}

/// Whether a path is open or closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PathEnd {
    Open,
    Closed,
}

/// Appends the quad between two consecutive cross-sections of a line.
pub(super) fn connect(indices: &mut Vec<u16>, here: u16, there: u16) {
    indices.extend([here, here + 1, there + 1, here, there + 1, there]);
}

/// The miter vector at a corner: with it, offset lines keep their distance. At sharp corners its length is limited to
/// 2.
pub(super) fn miter(before: Vec2, here: Vec2, after: Vec2) -> Vec2 {
    let (into, out) = (
        (here - before).normalize_or_zero(),
        (after - here).normalize_or_zero(),
    );
    let (into, out) = match (into == Vec2::ZERO, out == Vec2::ZERO) {
        (true, _) => (out, out),
        (_, true) => (into, into),
        _ => (into, out),
    };
    let normal = |along: Vec2| vec2(along.y, -along.x);
    let sum = normal(into) + normal(out);
    let scale = 2.0 / sum.length_squared().max(1.0);
    sum * scale
}

pub(super) fn signed_area(points: &[Vec2]) -> f32 {
    let next = points.iter().cycle().skip(1);
    points
        .iter()
        .zip(next)
        .map(|(a, b)| a.x * b.y - b.x * a.y)
        .sum::<f32>()
        / 2.0
}

pub(super) fn length(points: &[Vec2]) -> f32 {
    points
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).length())
        .sum()
}

/// Points of an arc, dense enough to look round.
pub(super) fn arc(center: Point, radius: f32, from_turn: f32, to_turn: f32, dpi: f32) -> Vec<Vec2> {
    let turn = (to_turn - from_turn).clamp(0.0, 1.0);
    let steps = (turn * (radius * dpi).max(1.0).sqrt() * 6.5)
        .ceil()
        .clamp(2.0, 400.0);
    (0..=steps as u32)
        .map(|step| vec(center.on_circle(radius, from_turn + turn * step as f32 / steps)))
        .collect()
}

pub(super) fn box_outline(rect: Rect, corner: f32, dpi: f32) -> Vec<Vec2> {
    let corner = corner.min(rect.width() / 2.0).min(rect.height() / 2.0);
    let (min, max) = (rect.min, rect.max);
    if corner <= 0.0 {
        return vec![vec(min), vec2(max.x, min.y), vec(max), vec2(min.x, max.y)];
    }
    let corners = [
        (
            Point {
                x: max.x - corner,
                y: min.y + corner,
            },
            0.0,
        ),
        (
            Point {
                x: max.x - corner,
                y: max.y - corner,
            },
            0.25,
        ),
        (
            Point {
                x: min.x + corner,
                y: max.y - corner,
            },
            0.5,
        ),
        (
            Point {
                x: min.x + corner,
                y: min.y + corner,
            },
            0.75,
        ),
    ];
    corners
        .into_iter()
        .flat_map(|(center, from)| arc(center, corner, from, from + 0.25, dpi))
        .collect()
}

/// The visible parts of a dashed line.
pub(super) fn dashes(points: &[Vec2], dash: f32, ends: PathEnd) -> Vec<Vec<Vec2>> {
    let mut points = points.to_vec();
    if ends == PathEnd::Closed {
        points.extend(points.first().copied());
    }
    // No dashes if a length is NaN, or if there are too many dashes to be visible.
    if !(dash > 0.1 && length(&points) / dash < 5000.0) {
        return Vec::new();
    }
    let mut found = vec![];
    let mut current = points.first().map(|first| vec![*first]).unwrap_or_default();
    let (mut is_drawn, mut left) = (true, dash);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        while (to - from).length() > left {
            from += (to - from).normalize_or_zero() * left;
            current.push(from);
            let done = std::mem::replace(&mut current, vec![from]);
            if is_drawn {
                found.push(done);
            }
            (is_drawn, left) = (!is_drawn, dash);
        }
        left -= (to - from).length();
        current.push(to);
    }
    if is_drawn {
        found.push(current);
    }
    found
}
