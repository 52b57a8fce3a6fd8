//! Texture atlas of the scene: discs, rings, line profiles and glyphs, rasterised on first use.
//!
//! With a single texture, shapes of all kinds keep their order and share draw calls. `gpu.rs` uploads changed rows.

mod bitmap;

use crate::picture::canvas::Font;
use crate::picture::text_layout;
use bitmap::{Bitmap, coverage};
use skrifa::FontRef;
use std::collections::HashMap;

/// Initial side in pixels; it doubles when the atlas is full.
const SIDE_FIRST: u32 = 1024;
/// Largest side in pixels, which common OpenGL implementations support.
const SIDE_MAX: u32 = 4096;
/// Radii and widths are quantised to this fraction of a pixel.
const SUBPIXELS: f32 = 4.0;
/// Number of horizontal subpixel positions of a glyph.
const GLYPH_SUBPIXELS: f32 = 4.0;
/// Widest line in physical pixels.
const WIDTH_MAX: f32 = 400.0;

/// Largest radius of a disc or ring with a sprite, in physical pixels.
pub(super) const RADIUS_MAX: f32 = 48.0;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum SpriteKey {
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
    Glyph {
        glyph: char,
        font: Font,
        size: u32,
        place: u8,
    },
}

/// A rectangle of the atlas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sprite {
    /// Left, top, right and bottom texture coordinates, 0 to 1.
    pub(super) uv: [f32; 4],
    /// Offset from the anchor point to the top left corner, in physical pixels.
    pub(super) offset: (f32, f32),
    /// Width and height in physical pixels; 0 for blank glyphs.
    pub(super) size: (f32, f32),
}

/// A row of sprites of similar height (shelf packing).
struct Shelf {
    top: u32,
    height: u32,
    used: u32,
}

/// The atlas and its pixels in premultiplied RGBA.
pub(super) struct Atlas {
    side: u32,
    pixels: Vec<u8>,
    shelves: Vec<Shelf>,
    sprites: HashMap<SpriteKey, Sprite>,
    fonts: Vec<Option<FontRef<'static>>>,
    changed_rows: Option<(u32, u32)>,
    generation: u64,
    is_full: bool,
}

impl Atlas {
    pub(super) fn new() -> Atlas {
        let font = |font| FontRef::new(text_layout::ttf(font)).ok();
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

    /// Increases whenever earlier sprites become invalid.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Texture coordinates of a fully opaque pixel.
    pub(super) fn white_uv(&self) -> [f32; 2] {
        [1.5 / self.side as f32; 2]
    }

    /// Whether a sprite did not fit since the last call. If so, the atlas is enlarged and cleared, and all sprites must
    /// be requested again.
    pub(super) fn take_overflow(&mut self) -> bool {
        let was_full = std::mem::take(&mut self.is_full);
        if was_full {
            self.side = (self.side * 2).min(SIDE_MAX);
            self.clear();
        }
        was_full
    }

    /// First row, number of rows and pixels that changed since the last call.
    pub(super) fn take_changes(&mut self) -> Option<(u32, u32, &[u8])> {
        let (first, last) = self.changed_rows.take()?;
        let row = self.side as usize * 4;
        let bytes = self.pixels.get(first as usize * row..last as usize * row)?;
        Some((first, last - first, bytes))
    }

    /// A disc of `radius` physical pixels, anchored at its centre.
    pub(super) fn disc(&mut self, radius: f32) -> Sprite {
        let key = SpriteKey::Disc {
            radius: quantized(radius),
        };
        let radius = rounded(radius);
        self.get(key, |_| {
            Bitmap::around(radius, |distance| coverage(radius - distance))
        })
    }

    /// A ring of `radius` and line `width` in physical pixels, anchored at its centre.
    pub(super) fn ring(&mut self, radius: f32, width: f32) -> Sprite {
        let key = SpriteKey::Ring {
            radius: quantized(radius),
            width: quantized(width),
        };
        let (radius, half) = (rounded(radius), rounded(width) / 2.0);
        self.get(key, |_| {
            Bitmap::around(radius + half, |distance| {
                coverage(half - (distance - radius).abs()) * (2.0 * half).min(1.0)
            })
        })
    }

    /// The cross-section of a line of `width` physical pixels, with which one quad draws the line antialiased.
    pub(super) fn profile(&mut self, width: f32) -> Sprite {
        let width = width.clamp(0.0, WIDTH_MAX);
        let key = SpriteKey::Profile {
            width: quantized(width),
        };
        self.get(key, |_| Bitmap::profile(rounded(width)))
    }

    /// A glyph of `size` physical pixels per em at pen position `x`, and the whole pixel at which to draw it.
    pub(super) fn glyph(&mut self, glyph: char, font: Font, size: f32, x: f32) -> (Sprite, f32) {
        let place = ((x - x.floor()) * GLYPH_SUBPIXELS).floor();
        let key = SpriteKey::Glyph {
            glyph,
            font,
            size: quantized(size),
            place: place as u8,
        };
        let sprite =
            self.get(key, |atlas| {
                atlas.fonts.get(font as usize)?.as_ref().and_then(|font| {
                    Bitmap::glyph(font, glyph, rounded(size), place / GLYPH_SUBPIXELS)
                })
            });
        (sprite, x.floor())
    }

    /// Advance width of a glyph, as a fraction of the font size.
    pub(super) fn advance(&self, glyph: char, font: Font) -> f32 {
        let mut buffer = [0; 4];
        text_layout::width_px(glyph.encode_utf8(&mut buffer), font, 1.0)
    }

    fn get(&mut self, key: SpriteKey, draw: impl FnOnce(&Atlas) -> Option<Bitmap>) -> Sprite {
        if let Some(sprite) = self.sprites.get(&key) {
            return *sprite;
        }
        let sprite = draw(self).map_or(Some(Sprite::default()), |bitmap| self.put(&bitmap));
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

    /// Mean opacity along a vertical line of the texture.
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

    fn put(&mut self, bitmap: &Bitmap) -> Option<Sprite> {
        let (left, top) = self.room(bitmap.width + 2, bitmap.height + 2)?;
        let (left, top) = (left + 1, top + 1);
        for (row, line) in bitmap.alpha.chunks(bitmap.width as usize).enumerate() {
            let start = ((top as usize + row) * self.side as usize + left as usize) * 4;
            for (alpha, pixel) in line.iter().zip(self.pixels[start..].chunks_exact_mut(4)) {
                pixel.fill(*alpha);
            }
        }
        self.mark(top, top + bitmap.height);
        let part = |pixels: u32| pixels as f32 / self.side as f32;
        Some(Sprite {
            uv: [
                part(left),
                part(top),
                part(left + bitmap.width),
                part(top + bitmap.height),
            ],
            offset: bitmap.offset,
            size: (bitmap.width as f32, bitmap.height as f32),
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

    /// Clears everything but an opaque square of 3 x 3 pixels in the corner.
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

fn quantized(length: f32) -> u32 {
    (length * SUBPIXELS).round().max(1.0) as u32
}

fn rounded(length: f32) -> f32 {
    quantized(length) as f32 / SUBPIXELS
}

#[cfg(test)]
mod tests;
