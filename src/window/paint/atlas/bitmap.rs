//! Rasterisation of discs, rings, line profiles and glyphs to coverage masks.

use resvg::tiny_skia::{FillRule, Mask, PathBuilder, Transform};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};

/// Coverage gamma that gives glyphs the same weight as in egui.
const GLYPH_GAMMA: f32 = 0.55;

/// A coverage mask.
pub(super) struct Bitmap {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Offset from the anchor point to the top left corner.
    pub(super) offset: (f32, f32),
    /// Coverage, row by row.
    pub(super) alpha: Vec<u8>,
}

impl Bitmap {
    /// A radially symmetric mask. `covered` maps the distance from the centre to coverage.
    pub(super) fn around(radius: f32, covered: impl Fn(f32) -> f32) -> Option<Bitmap> {
        let half = (radius + 1.0).ceil().max(1.0);
        let side = half as u32 * 2;
        let alpha = (0..side * side)
            .map(|at| {
                let from_middle = |pixel: u32| pixel as f32 + 0.5 - half;
                to_byte(covered(
                    from_middle(at % side).hypot(from_middle(at / side)),
                ))
            })
            .collect();
        Some(Bitmap {
            width: side,
            height: side,
            offset: (-half, -half),
            alpha,
        })
    }

    /// The cross-section of a line: coverage of each pixel row.
    pub(super) fn profile(width: f32) -> Option<Bitmap> {
        // The height is odd for odd widths, so that a line of one pixel on a pixel row fills exactly that row.
        let height = width.round().max(1.0) as u32 + 2;
        let half = height as f32 / 2.0;
        let alpha = (0..height).flat_map(|row| {
            let (above, below) = (row as f32 - half, row as f32 + 1.0 - half);
            let covered = below.min(width / 2.0) - above.max(-width / 2.0);
            [to_byte(covered.max(0.0)); 3]
        });
        Some(Bitmap {
            width: 3,
            height,
            offset: (0.0, -half),
            alpha: alpha.collect(),
        })
    }

    pub(super) fn glyph(font: &FontRef<'_>, glyph: char, size: f32, place: f32) -> Option<Bitmap> {
        let id = font.charmap().map(glyph).unwrap_or_default();
        let outline = font.outline_glyphs().get(id)?;
        let mut pen = PathPen(PathBuilder::new());
        let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
        outline.draw(settings, &mut pen).ok()?;
        let path = pen.0.finish()?;
        let bounds = path.bounds();
        let (left, top) = ((bounds.left() + place).floor(), bounds.top().floor());
        let width = ((bounds.right() + place).ceil() - left) as u32;
        let height = (bounds.bottom().ceil() - top) as u32;
        let mut mask = Mask::new(width, height)?;
        let to_mask = Transform::from_translate(place - left, -top);
        mask.fill_path(&path, FillRule::Winding, true, to_mask);
        let strengthened = |covered: &u8| to_byte((f32::from(*covered) / 255.0).powf(GLYPH_GAMMA));
        Some(Bitmap {
            width,
            height,
            offset: (left, top),
            alpha: mask.data().iter().map(strengthened).collect(),
        })
    }
}

/// Collects a glyph outline and flips it: y points upwards in fonts, downwards in pixels.
struct PathPen(PathBuilder);

impl OutlinePen for PathPen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, -y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, -cy, x, -y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.0.cubic_to(ax, -ay, bx, -by, x, -y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

/// Coverage of a pixel whose centre lies `depth` pixels inside an edge.
pub(super) fn coverage(depth: f32) -> f32 {
    (depth + 0.5).clamp(0.0, 1.0)
}

fn to_byte(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}
