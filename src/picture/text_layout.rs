//! Text layout with the bundled fonts: width, truncation with an ellipsis, and line breaking (UAX #14).
//!
//! The bundled fonts have no kerning (`assets/fonts/README.md`), so the width of a text is the sum of its advances in
//! every painter. Texts are not shaped.

use super::canvas::Font;
use crate::text::line_breaker;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use std::borrow::Cow;
use std::sync::LazyLock;

/// The bundled regular font, for painters.
pub const REGULAR_TTF: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.ttf");
/// The bundled semi-bold font, for painters.
pub const BOLD_TTF: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.ttf");

/// The family name inside both fonts.
pub const FAMILY: &str = "Inter";
/// The weight of [`Font::Bold`] on the scale of OpenType and CSS.
pub const BOLD_WEIGHT: u16 = 600;

/// Height of capital letters, as a share of the font size.
pub const CAP_HEIGHT: f32 = 0.727;
/// Height of the tallest letter above the baseline, as a share of the font size.
pub const ASCENT: f32 = 0.97;
/// Depth of the lowest letter below the baseline, as a share of the font size.
pub const DESCENT: f32 = 0.24;

const ELLIPSIS: char = '…';

/// The TrueType file of a font.
#[must_use]
pub const fn ttf(font: Font) -> &'static [u8] {
    match font {
        Font::Regular => REGULAR_TTF,
        Font::Bold => BOLD_TTF,
    }
}

/// Width of `text` in pixels.
#[must_use]
pub fn width_px(text: &str, font: Font, size_px: f32) -> f32 {
    let advances = &ADVANCES[font as usize];
    text.chars().map(|letter| advances.of(letter)).sum::<f32>() * size_px
}

/// Whether the font has a glyph for every character of `text`.
#[must_use]
pub fn has_glyphs(text: &str, font: Font) -> bool {
    text.chars()
        .all(|letter| ADVANCES[font as usize].find(letter).is_some())
}

/// Truncates `text` to `width_px_max` with an ellipsis. The result is empty if not even the ellipsis fits.
#[must_use]
pub fn truncated(text: &str, font: Font, size_px: f32, width_px_max: f32) -> Cow<'_, str> {
    if width_px(text, font, size_px) <= width_px_max {
        return Cow::Borrowed(text);
    }
    let advances = &ADVANCES[font as usize];
    let room = width_px_max / size_px - advances.of(ELLIPSIS);
    if room < 0.0 {
        return Cow::Borrowed("");
    }
    let mut used = 0.0;
    let end = text
        .char_indices()
        .find_map(|(at, letter)| {
            used += advances.of(letter);
            (used > room).then_some(at)
        })
        .unwrap_or(text.len());
    Cow::Owned(format!("{}{ELLIPSIS}", text[..end].trim_end()))
}

/// Breaks `text` into at most `lines_max` lines of at most `width_px_max`, at the break opportunities of its script.
/// Longer words are truncated with an ellipsis, and so is the last line if the text continues.
#[must_use]
pub fn wrapped(
    text: &str,
    font: Font,
    size_px: f32,
    width_px_max: f32,
    lines_max: usize,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && lines.len() < lines_max {
        let last = lines.len() + 1 == lines_max;
        let end = if last {
            rest.len()
        } else {
            line_breaker::first_line(rest, |line| width_px(line, font, size_px) <= width_px_max)
        };
        lines.push(truncated(rest[..end].trim_end(), font, size_px, width_px_max).into_owned());
        rest = rest[end..].trim_start();
    }
    lines
}

/// Advance widths in em: a table for the characters below U+0250 and a sorted list for all others.
struct Advances {
    low: Vec<Option<f32>>,
    high: Vec<(char, f32)>,
    missing: f32,
}

const LOW_END: u32 = 0x250;

static ADVANCES: LazyLock<[Advances; 2]> =
    LazyLock::new(|| [Advances::new(Font::Regular), Advances::new(Font::Bold)]);

impl Advances {
    /// Reads the advances of a bundled font. A test checks that both fonts parse; the fallback is half an em per
    /// character.
    fn new(font: Font) -> Advances {
        let mut advances = Advances {
            low: vec![None; LOW_END as usize],
            high: Vec::new(),
            missing: 0.5,
        };
        let Ok(face) = FontRef::new(ttf(font)) else {
            return advances;
        };
        let (size, location) = (Size::unscaled(), LocationRef::default());
        let em = f32::from(face.metrics(size, location).units_per_em);
        let glyphs = face.glyph_metrics(size, location);
        let advance = |glyph| glyphs.advance_width(glyph).map(|units| units / em);
        for (code, glyph) in face.charmap().mappings() {
            let (Some(letter), Some(advance)) = (char::from_u32(code), advance(glyph)) else {
                continue;
            };
            match advances.low.get_mut(code as usize) {
                Some(low) => *low = Some(advance),
                None => advances.high.push((letter, advance)),
            }
        }
        advances.high.sort_by_key(|(letter, _)| *letter);
        advances.missing = advance(GlyphId::NOTDEF).unwrap_or(advances.missing);
        advances
    }

    fn find(&self, letter: char) -> Option<f32> {
        match self.low.get(letter as usize) {
            Some(advance) => *advance,
            None => {
                let at = self
                    .high
                    .binary_search_by_key(&letter, |(at, _)| *at)
                    .ok()?;
                Some(self.high[at].1)
            }
        }
    }

    fn of(&self, letter: char) -> f32 {
        self.find(letter).unwrap_or(self.missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use skrifa::outline::OutlineGlyphFormat;

    const BOTH: [Font; 2] = [Font::Regular, Font::Bold];

    #[test]
    fn fonts_have_the_declared_weight_and_metrics() {
        for (font, weight) in [(Font::Regular, 400), (Font::Bold, BOLD_WEIGHT)] {
            let face = FontRef::new(ttf(font)).unwrap();
            let metrics = face.metrics(Size::unscaled(), LocationRef::default());
            let em = f32::from(metrics.units_per_em);
            assert_eq!(face.attributes().weight.value(), f32::from(weight));
            assert!((metrics.cap_height.unwrap() / em - CAP_HEIGHT).abs() < 0.01);
            assert!(metrics.ascent / em - ASCENT < 0.01);
            assert!(-metrics.descent / em - DESCENT < 0.01);
            let outlines = face.outline_glyphs().format();
            assert_eq!(
                outlines,
                Some(OutlineGlyphFormat::Glyf),
                "the outlines are quadratic"
            );
        }
    }

    #[test]
    fn fonts_have_the_characters_of_the_texts() {
        for font in BOTH {
            assert!(has_glyphs(
                "Quorumscope: Aé ß ø ł Ω μ … – — ‘’ “” • · × → ← ↑ ↓ ≥ ≤ ≠ ∅ ′ ″ ∞ ✓ ✗",
                font
            ));
            assert!(!has_glyphs("共識", font));
            assert!(!has_glyphs("∩", font));
        }
    }

    #[test]
    fn digits_have_equal_widths() {
        for font in BOTH {
            let one = width_px("1", font, 13.0);
            assert!(('0'..='9').all(|c| width_px(&c.to_string(), font, 13.0) == one));
        }
    }

    #[test]
    fn only_long_texts_are_truncated() {
        let cut = truncated("a rather long sentence", Font::Regular, 13.0, 60.0);
        assert!(cut.ends_with('…') && cut.starts_with("a ra"), "{cut}");
        assert_eq!(truncated("short", Font::Regular, 13.0, 60.0), "short");
        assert_eq!(truncated("short", Font::Regular, 13.0, 2.0), "");
    }

    #[test]
    fn lines_break_where_the_script_allows_it() {
        let text = "n07 accepts note 3: 9 of 13 in its quorum set did";
        let lines = wrapped(text, Font::Regular, 13.0, 120.0, 9);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), text);
        let cut = wrapped(text, Font::Regular, 13.0, 120.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…'));
        // Chinese has no spaces between words.
        let chinese = wrapped("共識協議", Font::Regular, 13.0, 30.0, 9);
        assert!(
            chinese.len() > 1 && chinese.concat() == "共識協議",
            "{chinese:?}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_limit(text in "\\PC{0,60}", width in 0.0f32..300.0, lines in 1usize..5) {
            for font in BOTH {
                prop_assert!(width_px(&truncated(&text, font, 13.0, width), font, 13.0) <= width + 0.01);
                let wrapped = wrapped(&text, font, 13.0, width, lines);
                prop_assert!(wrapped.len() <= lines);
                for line in wrapped {
                    prop_assert!(width_px(&line, font, 13.0) <= width + 0.01);
                }
            }
        }
    }
}
