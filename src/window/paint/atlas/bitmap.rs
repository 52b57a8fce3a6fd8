//! What stands in the atlas: discs, rings, lines and letters as opacity per pixel.
//!
//! Absent here: where in the atlas.

use ab_glyph::{Font as _, FontRef, PxScale};

/// Makes thin letters as strong as the panels' letters.
const LETTER_GAMMA: f32 = 0.55;

/// What a sprite looks like: opacity per pixel.
pub(super) struct Bitmap {
    pub(super) width: u32,
    pub(super) height: u32,
    /// From the point it is drawn at to its left top corner.
    pub(super) offset: (f32, f32),
    /// Row by row.
    pub(super) alpha: Vec<u8>,
}

impl Bitmap {
    /// Round about the middle; `covered` says how much, by the distance from there.
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

    /// Across a line: each row is as opaque as the line covers it.
    pub(super) fn profile(width: f32) -> Option<Bitmap> {
        // Odd for odd widths: a line of one pixel that lies on a row of pixels then fills that row and no other.
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
        let em = font.units_per_em()?;
        let scale = PxScale::from(size * font.height_unscaled() / em);
        let point = ab_glyph::point(place, 0.0);
        let outline =
            font.outline_glyph(font.glyph_id(glyph).with_scale_and_position(scale, point))?;
        let bounds = outline.px_bounds();
        let (width, height) = (bounds.width() as u32, bounds.height() as u32);
        let mut alpha = vec![0; (width * height) as usize];
        outline.draw(|x, y, covered| {
            if let Some(pixel) = alpha.get_mut((y * width + x) as usize) {
                *pixel = to_byte(covered.clamp(0.0, 1.0).powf(LETTER_GAMMA));
            }
        });
        (width > 0 && height > 0).then_some(Bitmap {
            width,
            height,
            offset: (bounds.min.x, bounds.min.y),
            alpha,
        })
    }
}

/// How much of a pixel is covered whose middle lies `depth` pixels within the edge.
pub(super) fn coverage(depth: f32) -> f32 {
    (depth + 0.5).clamp(0.0, 1.0)
}

fn to_byte(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}
