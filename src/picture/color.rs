//! `Color`: a colour with opacity, how it mixes and how well it reads on another.
//!
//! Absent here: any particular colour; all of them stand in `theme.rs`.

/// A colour: red, green, blue, opacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Opacity; 255 = opaque.
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

    /// The same colour, `share` times as opaque as it is.
    #[must_use]
    pub fn faded(self, share: f32) -> Color {
        Color {
            a: (f32::from(self.a) * share.clamp(0.0, 1.0)).round() as u8,
            ..self
        }
    }

    /// The opaque colour one sees when this lies over an opaque `ground`.
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

    /// Contrast ratio of WCAG 2 with another colour, 1.0 to 21.0; opacity ignored.
    #[must_use]
    pub fn contrast(self, other: Color) -> f32 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }
}
