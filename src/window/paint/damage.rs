//! Damage tracking: finds the rectangles that differ from the previous frame and must be redrawn.

use super::framebuffer::PixelRect;
use crate::picture::canvas::{Anchor, Point, Rect, Shape, Stroke};
use crate::picture::text_layout;

/// Tile size in physical pixels; equal to that of Mesa's llvmpipe.
const TILE: u32 = 64;
/// Maximum number of rectangles; each costs one pass over the layers.
const RECTS_MAX: usize = 5;
/// Fixed cost of a rectangle, in tiles.
const RECT_COST_TILES: u32 = 16;
/// Extent of antialiased edges beyond a shape, in logical pixels.
const EDGE_PX: f32 = 2.0;

/// The set of damaged tiles.
pub(super) struct Damage {
    size: (u32, u32),
    columns: u32,
    rows: u32,
    dpi: f32,
    tiles: Vec<bool>,
}

impl Damage {
    /// No damage, for a canvas of this size in physical pixels.
    pub(super) fn none(size: (u32, u32), dpi: f32) -> Damage {
        let (columns, rows) = (size.0.div_ceil(TILE), size.1.div_ceil(TILE));
        Damage {
            size,
            columns,
            rows,
            dpi,
            tiles: vec![false; (columns * rows) as usize],
        }
    }

    /// Marks everything as damaged.
    pub(super) fn all(&mut self) {
        self.tiles.fill(true);
    }

    /// Marks a rectangle of logical pixels as damaged.
    pub(super) fn add(&mut self, rect: Rect) {
        let rect = rect.inset(-EDGE_PX);
        // The conversion to u32 saturates at zero; NaN fails the comparison below.
        let tile = |at: f32| (at * self.dpi).floor() as u32 / TILE;
        if !(rect.max.x >= 0.0 && rect.max.y >= 0.0) {
            return;
        }
        let columns = tile(rect.min.x)..(tile(rect.max.x) + 1).min(self.columns);
        for row in tile(rect.min.y)..(tile(rect.max.y) + 1).min(self.rows) {
            for column in columns.clone() {
                self.tiles[(row * self.columns + column) as usize] = true;
            }
        }
    }

    /// Marks the bounds of all elements that differ between two lists.
    pub(super) fn compare<T: PartialEq>(
        &mut self,
        old: &[T],
        new: &[T],
        bounds: impl Fn(&T) -> Rect,
    ) {
        if old.len() == new.len() {
            for (old, new) in old.iter().zip(new).filter(|(old, new)| old != new) {
                self.add(bounds(old));
                self.add(bounds(new));
            }
            return;
        }
        let same = |(old, new): &(&T, &T)| old == new;
        let front = old.iter().zip(new).take_while(same).count();
        let (old, new) = (&old[front..], &new[front..]);
        let back = old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take_while(same)
            .count();
        let differ = old[..old.len() - back]
            .iter()
            .chain(&new[..new.len() - back]);
        differ.for_each(|part| self.add(bounds(part)));
    }

    /// At most `RECTS_MAX` disjoint rectangles that cover all damage.
    pub(super) fn rects(&self) -> Vec<PixelRect> {
        let mut tile_rects = self.tile_rects();
        while let Some((one, two)) = self.pair_to_merge(&tile_rects) {
            let other = tile_rects.swap_remove(two);
            tile_rects[one] = tile_rects[one].union(other);
        }
        tile_rects
            .into_iter()
            .map(|tile_rect| self.pixel_rect(tile_rect))
            .collect()
    }

    /// Rectangles of tiles: equal runs in consecutive rows.
    fn tile_rects(&self) -> Vec<TileRect> {
        let mut tile_rects: Vec<TileRect> = Vec::new();
        for row in 0..self.rows {
            let mut column = 0;
            while column < self.columns {
                let is_marked = |at: &u32| self.tiles[(row * self.columns + at) as usize];
                let end = (column..self.columns)
                    .find(|at| !is_marked(at))
                    .unwrap_or(self.columns);
                if end == column {
                    column += 1;
                    continue;
                }
                let above = tile_rects.iter_mut().find(|tile_rect| {
                    (tile_rect.left, tile_rect.right, tile_rect.bottom) == (column, end, row)
                });
                match above {
                    Some(above) => above.bottom = row + 1,
                    None => tile_rects.push(TileRect {
                        left: column,
                        top: row,
                        right: end,
                        bottom: row + 1,
                    }),
                }
                column = end;
            }
        }
        tile_rects
    }

    /// The two rectangles to merge next, if any: two that overlap, two whose union costs less than both, or the
    /// cheapest two if there are more than `RECTS_MAX`.
    fn pair_to_merge(&self, tile_rects: &[TileRect]) -> Option<(usize, usize)> {
        let pairs = (0..tile_rects.len()).flat_map(|two| (0..two).map(move |one| (one, two)));
        let cost = |(one, two): &(usize, usize)| {
            let (one, two) = (tile_rects[*one], tile_rects[*two]);
            let apart = i64::from(one.tiles() + two.tiles() + RECT_COST_TILES);
            match one.overlaps(two) {
                true => i64::MIN,
                false => i64::from(one.union(two).tiles()) - apart,
            }
        };
        let cheapest = pairs.min_by_key(cost)?;
        (cost(&cheapest) <= 0 || tile_rects.len() > RECTS_MAX).then_some(cheapest)
    }

    fn pixel_rect(&self, tile_rect: TileRect) -> PixelRect {
        PixelRect {
            left: tile_rect.left * TILE,
            top: tile_rect.top * TILE,
            right: (tile_rect.right * TILE).min(self.size.0),
            bottom: (tile_rect.bottom * TILE).min(self.size.1),
        }
    }
}

/// A rectangle of tiles; right and bottom are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TileRect {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl TileRect {
    fn tiles(self) -> u32 {
        (self.right - self.left) * (self.bottom - self.top)
    }

    fn union(self, other: TileRect) -> TileRect {
        TileRect {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    fn overlaps(self, other: TileRect) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

impl PixelRect {
    /// Converts to logical pixels.
    pub(super) fn logical(self, dpi: f32) -> Rect {
        let [left, top, right, bottom] =
            [self.left, self.top, self.right, self.bottom].map(|at| at as f32 / dpi);
        Rect::from_corners(left, top, right, bottom)
    }
}

/// The bounding box of a shape without antialiased edges.
pub(super) fn bounds(shape: &Shape) -> Rect {
    let width = |stroke: &Option<Stroke>| stroke.map_or(0.0, |stroke| stroke.width_px);
    match shape {
        Shape::Circle {
            center,
            radius_px,
            stroke,
            ..
        } => square_around(*center, radius_px + width(stroke)),
        Shape::Arc {
            center,
            radius_px,
            stroke,
            ..
        } => square_around(*center, radius_px + stroke.width_px),
        Shape::Line { points, stroke } => points_bounds(points).inset(-2.0 * stroke.width_px),
        Shape::Polygon { points, stroke, .. } => points_bounds(points).inset(-2.0 * width(stroke)),
        Shape::Box { rect, stroke, .. } => rect.inset(-width(stroke)),
        Shape::Text {
            at,
            text,
            size_px,
            font,
            anchor,
            ..
        } => {
            let width = text_layout::width_px(text, *font, *size_px);
            let left = match anchor {
                Anchor::Left => at.x,
                Anchor::Middle => at.x - width / 2.0,
                Anchor::Right => at.x - width,
            };
            // Glyphs may extend slightly beyond their advance.
            Rect::from_corners(left, at.y - size_px, left + width, at.y + size_px / 2.0)
                .inset(-size_px / 4.0)
        }
    }
}

fn square_around(center: Point, radius_px: f32) -> Rect {
    Rect {
        min: center,
        max: center,
    }
    .inset(-radius_px)
}

fn points_bounds(points: &[Point]) -> Rect {
    let start = Rect::from_corners(f32::MAX, f32::MAX, f32::MIN, f32::MIN);
    points.iter().fold(start, |all, point| {
        Rect::from_corners(
            all.min.x.min(point.x),
            all.min.y.min(point.y),
            all.max.x.max(point.x),
            all.max.y.max(point.y),
        )
    })
}

/// The smallest rectangle around both.
pub(super) fn union(one: Rect, two: Rect) -> Rect {
    points_bounds(&[one.min, one.max, two.min, two.max])
}

#[cfg(test)]
mod tests;
