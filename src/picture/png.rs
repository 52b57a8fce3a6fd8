//! PNG export: rasterises the SVG of a drawing with the bundled fonts, without a window or a graphics card.
//!
//! The caller writes the bytes to a file.

use super::canvas::Drawing;
use super::svg::{Fonts, to_svg};
use super::text_layout;
use resvg::{tiny_skia, usvg};
use std::sync::{Arc, LazyLock};

/// Why a PNG could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The size is out of range.
    #[error(
        "cannot make a picture of {width} x {height} pixels: each side must have 1 to {SIDE_MAX} pixels"
    )]
    Size {
        /// Requested width in pixels.
        width: f32,
        /// Requested height in pixels.
        height: f32,
    },
    /// The rasteriser rejected the SVG.
    #[error("the picture could not be rasterised: {0}")]
    Svg(#[from] usvg::Error),
    /// The pixels could not be encoded.
    #[error("the picture could not be compressed: {0}")]
    Encoding(#[from] ::png::EncodingError),
}

/// Largest width and height in pixels.
pub const SIDE_MAX: u32 = 16_384;

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(text_layout::REGULAR_TTF.to_vec());
    fonts.load_font_data(text_layout::BOLD_TTF.to_vec());
    fonts.set_sans_serif_family(text_layout::FAMILY);
    Arc::new(fonts)
});

/// Encodes a drawing as PNG, with `scale` pixels per logical pixel.
///
/// # Errors
/// [`PngError::Size`] for a size that is out of range or needs too much memory.
pub fn to_png(drawing: &Drawing, scale: f32) -> Result<Vec<u8>, PngError> {
    let (width, height) = (drawing.size_px.x * scale, drawing.size_px.y * scale);
    let bad_size = || PngError::Size { width, height };
    let side = |length: f32| {
        let rounded = length.round();
        (1.0..=SIDE_MAX as f32)
            .contains(&rounded)
            .then_some(rounded as u32)
    };
    let (Some(columns), Some(rows)) = (side(width), side(height)) else {
        return Err(bad_size());
    };
    let options = usvg::Options {
        font_family: text_layout::FAMILY.to_owned(),
        fontdb: Arc::clone(&FONTS),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(&to_svg(drawing, Fonts::Named), &options)?;
    let mut pixels = tiny_skia::Pixmap::new(columns, rows).ok_or_else(bad_size)?;
    let transform = tiny_skia::Transform::from_scale(scale, scale);
    resvg::render(&tree, transform, &mut pixels.as_mut());
    encode(&pixels)
}

/// Encodes without an alpha channel, because the background of a drawing is opaque.
fn encode(pixels: &tiny_skia::Pixmap) -> Result<Vec<u8>, PngError> {
    let rgb: Vec<u8> = pixels
        .pixels()
        .iter()
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .collect();
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(file)
}
