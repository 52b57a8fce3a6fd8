//! Tessellation of shapes into antialiased triangles, batched to the limits of a draw call.
//!
//! Colours are premultiplied, so that one blend mode serves all triangles.

use super::atlas::{Atlas, RADIUS_MAX, Sprite};
use super::path::{PathEnd, arc, box_outline, connect, dashes, length, miter, signed_area, vec};
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::text_layout;
use crate::picture::theme::Color;
use macroquad::math::{Vec2, Vec4, vec2, vec3};
use macroquad::models::{Mesh, Vertex};
use macroquad::texture::Texture2D;

/// Maximum number of vertices of a draw call.
pub(in crate::window) const VERTICES_MAX: usize = 10_000;
/// Maximum number of indices of a draw call.
pub(in crate::window) const INDICES_MAX: usize = 15_000;

pub(super) const CLEAR: [u8; 4] = [0; 4];

/// Triangles in draw order, split into draw calls.
#[derive(Default)]
pub(super) struct Meshes {
    pub(super) pieces: Vec<Mesh>,
}

impl Meshes {
    /// A mesh with room for this many more vertices and indices, and the index of its next vertex.
    pub(super) fn room(&mut self, vertices: usize, indices: usize) -> (&mut Mesh, u16) {
        if self.is_full(vertices, indices) {
            self.pieces.push(Mesh {
                vertices: Vec::new(),
                indices: Vec::new(),
                texture: None,
            });
        }
        let last = self.pieces.len() - 1;
        let piece = &mut self.pieces[last];
        let next = piece.vertices.len() as u16;
        (piece, next)
    }

    /// Whether this many more vertices and indices need another mesh.
    pub(super) fn is_full(&self, vertices: usize, indices: usize) -> bool {
        // macroquad's batcher requires numbers below the limits.
        self.pieces.last().is_none_or(|piece| {
            piece.vertices.len() + vertices >= VERTICES_MAX
                || piece.indices.len() + indices >= INDICES_MAX
        })
    }

    /// Starts a mesh with this texture.
    pub(super) fn start_piece(&mut self, texture: Texture2D) {
        self.pieces.push(Mesh {
            vertices: Vec::new(),
            indices: Vec::new(),
            texture: Some(texture),
        });
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

pub(super) fn vertex(at: Vec2, uv: [f32; 2], color: [u8; 4]) -> Vertex {
    Vertex {
        position: vec3(at.x, at.y, 0.0),
        uv: vec2(uv[0], uv[1]),
        color,
        normal: Vec4::ZERO,
    }
}

/// Converts to premultiplied alpha.
pub(super) fn premultiplied(color: Color) -> [u8; 4] {
    let times = |channel: u8| (u16::from(channel) * u16::from(color.a) / 255) as u8;
    [times(color.r), times(color.g), times(color.b), color.a]
}

pub(super) fn faded(color: [u8; 4], share: f32) -> [u8; 4] {
    color.map(|channel| (f32::from(channel) * share) as u8)
}

/// Turns shapes into triangles. Positions are logical pixels; one logical pixel is `dpi` physical pixels.
pub(super) struct Tessellator<'a> {
    pub(super) atlas: &'a mut Atlas,
    pub(super) dpi: f32,
    pub(super) out: Meshes,
    /// Estimated number of physical pixels touched.
    pub(super) area: f32,
}

impl Tessellator<'_> {
    pub(super) fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Circle {
                center,
                radius_px,
                fill,
                stroke,
            } => self.circle(vec(*center), *radius_px, *fill, *stroke),
            Shape::Arc {
                center,
                radius_px,
                from_turn,
                to_turn,
                stroke,
            } => {
                let points = arc(*center, *radius_px, *from_turn, *to_turn, self.dpi);
                self.polyline(&points, stroke, PathEnd::Open);
            }
            Shape::Line { points, stroke } => {
                if let [from, to] = points[..] {
                    self.segment(vec(from), vec(to), stroke);
                } else {
                    let points: Vec<Vec2> = points.iter().copied().map(vec).collect();
                    self.polyline(&points, stroke, PathEnd::Open);
                }
            }
            Shape::Polygon {
                points,
                fill,
                stroke,
            } => {
                let points: Vec<Vec2> = points.iter().copied().map(vec).collect();
                self.polygon(&points, *fill, *stroke);
            }
            Shape::Box {
                rect,
                corner_px,
                fill,
                stroke,
            } => self.round_box(*rect, *corner_px, *fill, *stroke),
            Shape::Text {
                at,
                text,
                size_px,
                color,
                font,
                anchor,
            } => self.text(*at, text, *size_px, *color, *font, *anchor),
        }
    }

    fn circle(&mut self, center: Vec2, radius: f32, fill: Option<Color>, stroke: Option<Stroke>) {
        let reach = stroke.map_or(0.0, |stroke| stroke.width_px);
        let is_small = (radius + reach) * self.dpi <= RADIUS_MAX;
        if is_small && stroke.is_none_or(|stroke| stroke.dash_px.is_none()) {
            if let Some(fill) = fill {
                let disc = self.atlas.disc(radius * self.dpi);
                self.sprite(disc, center, premultiplied(fill));
            }
            if let Some(stroke) = stroke {
                let ring = self
                    .atlas
                    .ring(radius * self.dpi, stroke.width_px * self.dpi);
                self.sprite(ring, center, premultiplied(stroke.color));
            }
            return;
        }
        let mut points = arc(
            Point {
                x: center.x,
                y: center.y,
            },
            radius,
            0.0,
            1.0,
            self.dpi,
        );
        points.pop();
        self.polygon(&points, fill, stroke);
    }

    fn polygon(&mut self, points: &[Vec2], fill: Option<Color>, stroke: Option<Stroke>) {
        if let Some(fill) = fill {
            self.fill(points, premultiplied(fill));
        }
        if let Some(stroke) = stroke {
            self.polyline(points, &stroke, PathEnd::Closed);
        }
    }

    fn round_box(&mut self, rect: Rect, corner: f32, fill: Option<Color>, stroke: Option<Stroke>) {
        let snap = |at: f32| (at * self.dpi).round() / self.dpi;
        let rect = Rect::from_corners(
            snap(rect.min.x),
            snap(rect.min.y),
            snap(rect.max.x),
            snap(rect.max.y),
        );
        if let Some(fill) = fill {
            let points = box_outline(rect, corner, self.dpi);
            self.fill(&points, premultiplied(fill));
        }
        if let Some(stroke) = stroke {
            // The outline is inset by half its width, so that lines of one pixel fill whole pixels.
            let half = stroke.width_px / 2.0;
            let points = box_outline(rect.inset(half), (corner - half).max(0.0), self.dpi);
            self.polyline(&points, &stroke, PathEnd::Closed);
        }
    }

    fn text(&mut self, at: Point, text: &str, size: f32, color: Color, font: Font, anchor: Anchor) {
        let width = match anchor {
            Anchor::Left => 0.0,
            Anchor::Middle => text_layout::width_px(text, font, size) / 2.0,
            Anchor::Right => text_layout::width_px(text, font, size),
        };
        let size = size * self.dpi;
        let mut pen = (at.x - width) * self.dpi;
        let baseline = (at.y * self.dpi).round();
        let color = premultiplied(color);
        for letter in text.chars() {
            let (sprite, x) = self.atlas.glyph(letter, font, size, pen);
            if sprite.size.0 > 0.0 {
                self.sprite(sprite, vec2(x, baseline) / self.dpi, color);
            }
            pen += self.atlas.advance(letter, font) * size;
        }
    }

    fn sprite(&mut self, sprite: Sprite, at: Vec2, color: [u8; 4]) {
        let (width, height) = (sprite.size.0 / self.dpi, sprite.size.1 / self.dpi);
        let min = at + vec2(sprite.offset.0, sprite.offset.1) / self.dpi;
        let max = min + vec2(width, height);
        let [left, top, right, bottom] = sprite.uv;
        self.area += sprite.size.0 * sprite.size.1;
        let (piece, next) = self.out.room(4, 6);
        piece.vertices.extend([
            vertex(min, [left, top], color),
            vertex(vec2(max.x, min.y), [right, top], color),
            vertex(max, [right, bottom], color),
            vertex(vec2(min.x, max.y), [left, bottom], color),
        ]);
        piece.indices.extend([0, 1, 2, 0, 2, 3].map(|at| next + at));
    }

    /// Fills a convex polygon whose edge fades over one physical pixel.
    fn fill(&mut self, points: &[Vec2], color: [u8; 4]) {
        let count = points.len();
        // Polygons with more corners are not drawn, because their corners would not be distinguishable.
        if !(3..=2000).contains(&count) {
            return;
        }
        let uv = self.atlas.white_uv();
        let half = 0.5 / self.dpi;
        // The miter times `sign` points outwards for both orientations.
        let sign = if signed_area(points) >= 0.0 {
            half
        } else {
            -half
        };
        self.area += signed_area(points).abs() * self.dpi * self.dpi;
        let (piece, next) = self.out.room(2 * count, 9 * count);
        for (at, point) in points.iter().enumerate() {
            let out = miter(
                points[(at + count - 1) % count],
                *point,
                points[(at + 1) % count],
            ) * sign;
            piece.vertices.push(vertex(*point - out, uv, color));
            piece.vertices.push(vertex(*point + out, uv, CLEAR));
        }
        let number = |at: usize| next + (at % count) as u16 * 2;
        for at in 1..count - 1 {
            piece
                .indices
                .extend([number(0), number(at), number(at + 1)]);
        }
        for at in 0..count {
            let (here, there) = (number(at), number(at + 1));
            piece
                .indices
                .extend([here, here + 1, there + 1, here, there + 1, there]);
        }
    }

    /// Draws a straight line as one quad; most edges are straight.
    fn segment(&mut self, from: Vec2, to: Vec2, stroke: &Stroke) {
        if stroke.dash_px.is_some() {
            self.polyline(&[from, to], stroke, PathEnd::Open);
            return;
        }
        let along = (to - from).normalize_or_zero();
        let (sides, color) = self.sides(stroke);
        self.area += (to - from).length() * (stroke.width_px + 1.0) * self.dpi * self.dpi;
        let across = vec2(-along.y, along.x);
        let (piece, next) = self.out.room(4, 6);
        for end in [from, to] {
            let side = |(offset, uv)| vertex(end + across * offset, uv, color);
            piece.vertices.extend(sides.map(side));
        }
        connect(&mut piece.indices, next, next + 2);
    }

    /// Offsets and texture coordinates of both sides of a line, and its colour.
    fn sides(&mut self, stroke: &Stroke) -> ([(f32, [f32; 2]); 2], [u8; 4]) {
        let width = stroke.width_px * self.dpi;
        // Lines thinner than the thinnest profile are drawn with this profile, but fainter.
        let profile = self.atlas.profile(width.max(0.25));
        let color = faded(premultiplied(stroke.color), (width / 0.25).min(1.0));
        let half = profile.size.1 / 2.0 / self.dpi;
        let [left, top, right, bottom] = profile.uv;
        let middle = (left + right) / 2.0;
        ([(-half, [middle, top]), (half, [middle, bottom])], color)
    }

    fn polyline(&mut self, points: &[Vec2], stroke: &Stroke, ends: PathEnd) {
        if let Some(dash) = stroke.dash_px {
            let solid = Stroke {
                dash_px: None,
                ..*stroke
            };
            for dash in dashes(points, dash, ends) {
                self.polyline(&dash, &solid, PathEnd::Open);
            }
            return;
        }
        let count = points.len();
        if !(2..=800).contains(&count) {
            return;
        }
        let (sides, color) = self.sides(stroke);
        let joints = if ends == PathEnd::Closed {
            count
        } else {
            count - 1
        };
        self.area += length(points) * (stroke.width_px + 1.0) * self.dpi * self.dpi;
        let (piece, next) = self.out.room(2 * count, 6 * joints);
        for (at, point) in points.iter().enumerate() {
            let (before, after) = match ends {
                PathEnd::Closed => (points[(at + count - 1) % count], points[(at + 1) % count]),
                PathEnd::Open => (
                    points[at.saturating_sub(1)],
                    points[(at + 1).min(count - 1)],
                ),
            };
            let across = miter(before, *point, after);
            let side = |(offset, uv)| vertex(*point + across * offset, uv, color);
            piece.vertices.extend(sides.map(side));
        }
        for at in 0..joints as u16 {
            let there = (at + 1) % count as u16;
            connect(&mut piece.indices, next + at * 2, next + there * 2);
        }
    }
}

#[cfg(test)]
mod tests;
