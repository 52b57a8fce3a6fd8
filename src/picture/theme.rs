//! All colours and sizes of the picture, for the dark and the light theme. No colour literal lives anywhere else.

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
}
