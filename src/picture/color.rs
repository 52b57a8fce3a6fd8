//! Colour with opacity, alpha compositing and the contrast ratio of WCAG 2.
//!
//! `theme.rs` defines the colours of the picture.

/// A colour in sRGB with opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, 0 to 255.
    pub r: u8,
    /// Green, 0 to 255.
    pub g: u8,
    /// Blue, 0 to 255.
    pub b: u8,
    /// Opacity; 255 is opaque.
    pub a: u8,
}

impl Color {
    /// An opaque colour from `0xRRGGBB`.
    #[must_use]
    pub const fn rgb(hex: u32) -> Color {
        let [_, r, g, b] = hex.to_be_bytes();
        Color { r, g, b, a: 255 }
    }

    /// The same colour with another opacity, 0.0 to 1.0.
    #[must_use]
    pub const fn with_opacity(self, opacity: f32) -> Color {
        Color {
            a: (opacity * 255.0) as u8,
            ..self
        }
    }

    /// The same colour with its opacity multiplied by `share`.
    #[must_use]
    pub fn faded(self, share: f32) -> Color {
        Color {
            a: (f32::from(self.a) * share.clamp(0.0, 1.0)).round() as u8,
            ..self
        }
    }

    /// This colour composited over an opaque `ground` (source over).
    #[must_use]
    pub fn over(self, ground: Color) -> Color {
        let share = f32::from(self.a) / 255.0;
        let mix = |top: u8, below: u8| {
            (f32::from(top) * share + f32::from(below) * (1.0 - share)).round() as u8
        };
        Color {
            r: mix(self.r, ground.r),
            g: mix(self.g, ground.g),
            b: mix(self.b, ground.b),
            a: 255,
        }
    }

    /// Relative luminance of WCAG 2, 0.0 (black) to 1.0 (white); opacity ignored.
    #[must_use]
    pub fn luminance(self) -> f32 {
        let linear = |channel: u8| {
            let share = f32::from(channel) / 255.0;
            if share <= 0.040_45 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.r) + 0.7152 * linear(self.g) + 0.0722 * linear(self.b)
    }

    /// The nearest colour towards black or white whose contrast with an opaque `ground` is at least `ratio`. If none has
    /// it, black or white.
    #[must_use]
    pub fn readable_on(self, ground: Color, ratio: f32) -> Color {
        let grey = |level| Color {
            r: level,
            g: level,
            b: level,
            a: 255,
        };
        let (black, white) = (grey(0), grey(255));
        let end = if black.contrast(ground) >= white.contrast(ground) {
            black
        } else {
            white
        };
        let mixed = (0..=64).map(|step| end.with_opacity(step as f32 / 64.0).over(self));
        mixed
            .into_iter()
            .find(|color| color.contrast(ground) >= ratio)
            .unwrap_or(end)
    }

    /// Contrast ratio of WCAG 2 with another colour, 1.0 to 21.0; opacity ignored.
    #[must_use]
    pub fn contrast(self, other: Color) -> f32 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }
}
