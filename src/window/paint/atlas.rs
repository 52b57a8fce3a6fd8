//! One texture for everything the scene is made of: discs, rings and letters, drawn on the processor when they are
//! first asked for. With one texture, shapes of any kind keep their order and still share draw calls.
//!
//! Absent here: the graphics card; `gpu.rs` uploads what has changed.

use crate::picture::canvas::Font;
use crate::picture::text;
use ab_glyph::{Font as _, FontRef, PxScale};
use std::collections::HashMap;

/// Side of the first atlas in pixels; it doubles when it is full.
const SIDE_FIRST: u32 = 1024;
/// Largest side: every OpenGL that still runs has textures of this size.
const SIDE_MAX: u32 = 4096;
/// Radii and widths are rounded to this many parts of a pixel.
const PARTS: f32 = 4.0;
/// Letters may start at this many places within a pixel.
const LETTER_PLACES: f32 = 4.0;
/// Makes thin letters as strong as the panels' letters.
const LETTER_GAMMA: f32 = 0.55;

/// Widest line.
const WIDTH_MAX: f32 = 400.0;

/// Largest radius, in physical pixels, of a disc or ring that has its own picture here.
pub(super) const RADIUS_MAX: f32 = 48.0;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Disc {
        radius: u32,
    },
    Ring {
        radius: u32,
        width: u32,
    },
    Profile {
        width: u32,
    },
    Letter {
        letter: char,
        font: Font,
        size: u32,
        place: u8,
    },
}

/// A picture within the atlas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sprite {
    /// Left, top, right, bottom in the texture, 0..1.
    pub(super) uv: [f32; 4],
    /// From the point it is drawn at to its left top corner, in physical pixels.
    pub(super) offset: (f32, f32),
    /// Width and height in physical pixels; 0 for letters without ink.
    pub(super) size: (f32, f32),
}

/// A row of the atlas in which pictures of about one height stand side by side.
struct Shelf {
    top: u32,
    height: u32,
    used: u32,
}

/// Pictures in premultiplied RGBA.
pub(super) struct Atlas {
    side: u32,
    pixels: Vec<u8>,
    shelves: Vec<Shelf>,
    sprites: HashMap<Key, Sprite>,
    fonts: Vec<Option<FontRef<'static>>>,
    changed_rows: Option<(u32, u32)>,
    generation: u64,
    is_full: bool,
}

impl Atlas {
    pub(super) fn new() -> Atlas {
        let font = |font| FontRef::try_from_slice(text::ttf(font)).ok();
        let mut atlas = Atlas {
            side: SIDE_FIRST,
            pixels: Vec::new(),
            shelves: Vec::new(),
            sprites: HashMap::new(),
            fonts: vec![font(Font::Regular), font(Font::Bold)],
            changed_rows: None,
            generation: 0,
            is_full: false,
        };
        atlas.clear();
        atlas
    }

    /// Side in pixels.
    pub(super) fn side(&self) -> u32 {
        self.side
    }

    /// Counts up whenever sprites handed out before are no longer valid.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The middle of a spot that is wholly covered.
    pub(super) fn white_uv(&self) -> [f32; 2] {
        [1.5 / self.side as f32; 2]
    }

    /// If something did not fit since the last call, makes room (everything must be asked for again) and says so.
    pub(super) fn grew(&mut self) -> bool {
        let was_full = std::mem::take(&mut self.is_full);
        if was_full {
            self.side = (self.side * 2).min(SIDE_MAX);
            self.clear();
        }
        was_full
    }

    /// First row and number of rows that have changed since the last call, with their pixels.
    pub(super) fn take_changes(&mut self) -> Option<(u32, u32, &[u8])> {
        let (first, last) = self.changed_rows.take()?;
        let row = self.side as usize * 4;
        let bytes = self.pixels.get(first as usize * row..last as usize * row)?;
        Some((first, last - first, bytes))
    }

    /// A disc of `radius` physical pixels around the point it is drawn at.
    pub(super) fn disc(&mut self, radius: f32) -> Sprite {
        let key = Key::Disc {
            radius: in_parts(radius),
        };
        let radius = rounded(radius);
        self.get(key, |_| {
            Picture::around(radius, |distance| coverage(radius - distance))
        })
    }

    /// A ring of `radius` and line `width` in physical pixels around the point it is drawn at.
    pub(super) fn ring(&mut self, radius: f32, width: f32) -> Sprite {
        let key = Key::Ring {
            radius: in_parts(radius),
            width: in_parts(width),
        };
        let (radius, half) = (rounded(radius), rounded(width) / 2.0);
        self.get(key, |_| {
            Picture::around(radius + half, |distance| {
                coverage(half - (distance - radius).abs()) * (2.0 * half).min(1.0)
            })
        })
    }

    /// What lies across a line of `width` physical pixels, from top to bottom: one quad then draws it with soft edges.
    pub(super) fn profile(&mut self, width: f32) -> Sprite {
        let width = width.clamp(0.0, WIDTH_MAX);
        let key = Key::Profile {
            width: in_parts(width),
        };
        self.get(key, |_| Picture::profile(rounded(width)))
    }

    /// A letter of `size` physical pixels per em whose pen stands `x` physical pixels from the left; returns where to
    /// draw it: the whole pixel.
    pub(super) fn letter(&mut self, letter: char, font: Font, size: f32, x: f32) -> (Sprite, f32) {
        let place = ((x - x.floor()) * LETTER_PLACES).floor();
        let key = Key::Letter {
            letter,
            font,
            size: in_parts(size),
            place: place as u8,
        };
        let sprite = self.get(key, |atlas| {
            atlas.fonts.get(font as usize)?.as_ref().and_then(|font| {
                Picture::letter(font, letter, rounded(size), place / LETTER_PLACES)
            })
        });
        (sprite, x.floor())
    }

    /// Width of a letter, as a share of the font size.
    pub(super) fn advance(&self, letter: char, font: Font) -> f32 {
        let Some(Some(font)) = self.fonts.get(font as usize) else {
            return 0.0;
        };
        let em = font.units_per_em().unwrap_or(1.0);
        font.h_advance_unscaled(font.glyph_id(letter)) / em
    }

    fn get(&mut self, key: Key, draw: impl FnOnce(&Atlas) -> Option<Picture>) -> Sprite {
        if let Some(sprite) = self.sprites.get(&key) {
            return *sprite;
        }
        let sprite = draw(self).map_or(Some(Sprite::default()), |picture| self.put(&picture));
        match sprite {
            Some(sprite) => {
                self.sprites.insert(key, sprite);
                sprite
            }
            None => {
                self.is_full = self.side < SIDE_MAX || !self.sprites.is_empty();
                Sprite::default()
            }
        }
    }

    /// The mean opacity along a vertical line in the texture.
    #[cfg(test)]
    pub(super) fn mean_alpha(&self, u: f32, top: f32, bottom: f32) -> f32 {
        let texel = |v: f32| {
            ((v * self.side as f32) as u32 * self.side + (u * self.side as f32) as u32) * 4
        };
        let sample = |nth: u16| {
            let v = top + (bottom - top) * (f32::from(nth) + 0.5) / 400.0;
            f32::from(self.pixels[texel(v) as usize]) / 255.0
        };
        (0..400).map(sample).sum::<f32>() / 400.0
    }

    fn put(&mut self, picture: &Picture) -> Option<Sprite> {
        let (left, top) = self.room(picture.width + 2, picture.height + 2)?;
        let (left, top) = (left + 1, top + 1);
        for (row, line) in picture.alpha.chunks(picture.width as usize).enumerate() {
            let start = ((top as usize + row) * self.side as usize + left as usize) * 4;
            for (alpha, pixel) in line.iter().zip(self.pixels[start..].chunks_exact_mut(4)) {
                pixel.fill(*alpha);
            }
        }
        self.mark(top, top + picture.height);
        let part = |pixels: u32| pixels as f32 / self.side as f32;
        Some(Sprite {
            uv: [
                part(left),
                part(top),
                part(left + picture.width),
                part(top + picture.height),
            ],
            offset: picture.offset,
            size: (picture.width as f32, picture.height as f32),
        })
    }

    fn room(&mut self, width: u32, height: u32) -> Option<(u32, u32)> {
        let side = self.side;
        let fits = |shelf: &&mut Shelf| {
            shelf.height >= height
                && shelf.height <= height + height / 2 + 2
                && side - shelf.used >= width
        };
        if let Some(shelf) = self.shelves.iter_mut().find(fits) {
            shelf.used += width;
            return Some((shelf.used - width, shelf.top));
        }
        let top = self
            .shelves
            .last()
            .map_or(0, |shelf| shelf.top + shelf.height);
        if top + height > side || width > side {
            return None;
        }
        self.shelves.push(Shelf {
            top,
            height,
            used: width,
        });
        Some((0, top))
    }

    fn mark(&mut self, first: u32, last: u32) {
        let (known_first, known_last) = self.changed_rows.unwrap_or((first, last));
        self.changed_rows = Some((known_first.min(first), known_last.max(last)));
    }

    /// Empty but for the wholly covered spot of 3 x 3 pixels in the corner.
    fn clear(&mut self) {
        self.pixels = vec![0; (self.side * self.side * 4) as usize];
        self.shelves = vec![Shelf {
            top: 0,
            height: 4,
            used: 4,
        }];
        self.sprites.clear();
        for row in 0..3 {
            let start = (row * self.side * 4) as usize;
            self.pixels[start..start + 12].fill(u8::MAX);
        }
        self.changed_rows = Some((0, self.side));
        self.generation += 1;
    }
}

/// What a sprite looks like: opacity per pixel.
struct Picture {
    width: u32,
    height: u32,
    offset: (f32, f32),
    alpha: Vec<u8>,
}

impl Picture {
    /// Round about the middle; `covered` says how much, by the distance from there.
    fn around(radius: f32, covered: impl Fn(f32) -> f32) -> Option<Picture> {
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
        Some(Picture {
            width: side,
            height: side,
            offset: (-half, -half),
            alpha,
        })
    }

    /// Across a line: each row is as opaque as the line covers it.
    fn profile(width: f32) -> Option<Picture> {
        // Odd for odd widths: a line of one pixel that lies on a row of pixels then fills that row and no other.
        let height = width.round().max(1.0) as u32 + 2;
        let half = height as f32 / 2.0;
        let alpha = (0..height).flat_map(|row| {
            let (above, below) = (row as f32 - half, row as f32 + 1.0 - half);
            let covered = below.min(width / 2.0) - above.max(-width / 2.0);
            [to_byte(covered.max(0.0)); 3]
        });
        Some(Picture {
            width: 3,
            height,
            offset: (0.0, -half),
            alpha: alpha.collect(),
        })
    }

    fn letter(font: &FontRef<'_>, letter: char, size: f32, place: f32) -> Option<Picture> {
        let em = font.units_per_em()?;
        let scale = PxScale::from(size * font.height_unscaled() / em);
        let point = ab_glyph::point(place, 0.0);
        let outline =
            font.outline_glyph(font.glyph_id(letter).with_scale_and_position(scale, point))?;
        let bounds = outline.px_bounds();
        let (width, height) = (bounds.width() as u32, bounds.height() as u32);
        let mut alpha = vec![0; (width * height) as usize];
        outline.draw(|x, y, covered| {
            if let Some(pixel) = alpha.get_mut((y * width + x) as usize) {
                *pixel = to_byte(covered.clamp(0.0, 1.0).powf(LETTER_GAMMA));
            }
        });
        (width > 0 && height > 0).then_some(Picture {
            width,
            height,
            offset: (bounds.min.x, bounds.min.y),
            alpha,
        })
    }
}

fn in_parts(length: f32) -> u32 {
    (length * PARTS).round().max(1.0) as u32
}

fn rounded(length: f32) -> f32 {
    in_parts(length) as f32 / PARTS
}

/// How much of a pixel is covered whose middle lies `depth` pixels within the edge.
fn coverage(depth: f32) -> f32 {
    (depth + 0.5).clamp(0.0, 1.0)
}

fn to_byte(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(atlas: &Atlas, sprite: Sprite) -> f32 {
        let side = atlas.side as f32;
        let [left, top, right, bottom] = sprite.uv.map(|part| (part * side).round() as u32);
        (top..bottom)
            .flat_map(|y| (left..right).map(move |x| (y * atlas.side + x) as usize * 4))
            .map(|at| f32::from(atlas.pixels[at]) / 255.0)
            .sum()
    }

    #[test]
    fn discs_and_rings_have_their_area() {
        let mut atlas = Atlas::new();
        for radius in [2.0f32, 5.25, 14.0, 40.0] {
            let disc = atlas.disc(radius);
            let area = std::f32::consts::PI * radius * radius;
            assert!((ink(&atlas, disc) / area - 1.0).abs() < 0.04, "{radius}");
            let ring = atlas.ring(radius, 1.5);
            let area = std::f32::consts::TAU * radius * 1.5;
            assert!((ink(&atlas, ring) / area - 1.0).abs() < 0.1, "{radius}");
        }
    }

    #[test]
    fn a_line_of_one_pixel_fills_one_row_and_every_profile_sums_to_its_width() {
        let mut atlas = Atlas::new();
        for width in [0.25f32, 0.5, 1.0, 1.25, 1.5, 2.0, 2.75, 7.0] {
            let profile = atlas.profile(width);
            assert!((ink(&atlas, profile) / 3.0 - width).abs() < 0.02, "{width}");
        }
        let thin = atlas.profile(1.0);
        let row = |share: f32| thin.uv[1] + (thin.uv[3] - thin.uv[1]) * share;
        assert!((atlas.mean_alpha(thin.uv[0], row(0.34), row(0.66)) - 1.0).abs() < 0.01);
    }

    #[test]
    fn the_same_thing_is_drawn_once() {
        let mut atlas = Atlas::new();
        let first = atlas.letter('n', Font::Regular, 13.0, 20.3);
        assert_eq!(first, atlas.letter('n', Font::Regular, 13.0, 20.3));
        assert_eq!(first.1, 20.0);
        assert!(atlas.letter(' ', Font::Bold, 16.0, 0.0).0.size.0 < 0.5);
        assert_eq!(
            atlas
                .shelves
                .iter()
                .filter(|shelf| shelf.top > 0 || shelf.used > 4)
                .count(),
            1
        );
    }

    #[test]
    fn advances_are_those_of_the_text_metrics() {
        let atlas = Atlas::new();
        for (letter, font) in [
            ('n', Font::Regular),
            ('7', Font::Bold),
            ('W', Font::Regular),
        ] {
            let width = text::width_px(&letter.to_string(), font, 100.0);
            assert!((atlas.advance(letter, font) * 100.0 - width).abs() < 0.01);
        }
    }

    #[test]
    fn a_full_atlas_grows_and_says_that_old_sprites_are_gone() {
        let mut atlas = Atlas::new();
        let generation = atlas.generation();
        for step in 0..2000 {
            atlas.disc(20.0 + step as f32 * 0.25);
        }
        assert!(atlas.grew());
        assert!(atlas.generation() > generation && atlas.side() == 2 * SIDE_FIRST);
        assert!(!atlas.grew());
        assert!(atlas.disc(10.0).size.0 > 19.0);
    }
}
