//! SVG export: writes a drawing as an SVG document. Equal drawings give equal bytes.
//!
//! The caller writes the text to a file.

use super::canvas::{Anchor, Drawing, Font, Layer, LayerName, Point, Rect, Shape, Stroke};
use super::text_layout;
use super::theme::Color;
use std::fmt::Write as _;

/// How the SVG refers to its fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fonts {
    /// Embeds both fonts (about 150 KB), for the same look everywhere.
    Embedded,
    /// Names the fonts, with common fallbacks.
    Named,
}

/// Writes a drawing as an SVG document. It omits shapes that contain a number that is not finite.
#[must_use]
pub fn to_svg(drawing: &Drawing, fonts: Fonts) -> String {
    let mut svg = SvgWriter(String::with_capacity(4096));
    let (width, height) = (Number(drawing.size_px.x), Number(drawing.size_px.y));
    svg.line(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#
    ));
    if fonts == Fonts::Embedded {
        svg.fonts();
    }
    svg.line(format_args!(
        r#"<rect width="{width}" height="{height}" {}/>"#,
        Fill(Some(drawing.background))
    ));
    for layer in drawing
        .layers
        .iter()
        .filter(|layer| !layer.shapes.is_empty())
    {
        svg.layer(layer);
    }
    svg.0.push_str("</svg>\n");
    svg.0
}

struct SvgWriter(String);

impl SvgWriter {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    fn fonts(&mut self) {
        self.0.push_str("<style>\n");
        for (font, weight) in [(Font::Regular, 400), (Font::Bold, text_layout::BOLD_WEIGHT)] {
            self.line(format_args!(
                "@font-face{{font-family:{};font-weight:{weight};src:url(data:font/ttf;base64,{})}}",
                text_layout::FAMILY,
                base64(text_layout::ttf(font))
            ));
        }
        self.0.push_str("</style>\n");
    }

    fn layer(&mut self, layer: &Layer) {
        self.line(format_args!(
            r#"<g id="{}" stroke-linecap="round" stroke-linejoin="round" font-family="{}, 'Helvetica Neue', Arial, sans-serif">"#,
            layer_id(layer.name),
            text_layout::FAMILY
        ));
        layer
            .shapes
            .iter()
            .filter(|shape| is_finite(shape))
            .for_each(|shape| self.shape(shape));
        self.0.push_str("</g>\n");
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Circle {
                center,
                radius_px,
                fill,
                stroke,
            } => {
                self.circle(*center, *radius_px, *fill, *stroke);
            }
            Shape::Arc {
                center,
                radius_px,
                from_turn,
                to_turn,
                stroke,
            } => {
                self.arc(*center, *radius_px, *from_turn, *to_turn, *stroke);
            }
            Shape::Line { points, stroke } => self.line(format_args!(
                r#"<polyline points="{}" fill="none"{}/>"#,
                Points(points),
                Outline(Some(*stroke))
            )),
            Shape::Polygon {
                points,
                fill,
                stroke,
            } => self.line(format_args!(
                r#"<polygon points="{}" {}{}/>"#,
                Points(points),
                Fill(*fill),
                Outline(*stroke)
            )),
            Shape::Box {
                rect,
                corner_px,
                fill,
                stroke,
            } => self.line(format_args!(
                r#"<rect x="{}" y="{}" width="{}" height="{}" rx="{}" {}{}/>"#,
                Number(rect.min.x),
                Number(rect.min.y),
                Number(rect.width()),
                Number(rect.height()),
                Number(*corner_px),
                Fill(*fill),
                Outline(*stroke)
            )),
            Shape::Text {
                at,
                text,
                size_px,
                color,
                font,
                anchor,
            } => self.line(format_args!(
                r#"<text x="{}" y="{}" font-size="{}" {}{}{}>{}</text>"#,
                Number(at.x),
                Number(at.y),
                Number(*size_px),
                Fill(Some(*color)),
                weight_attribute(*font),
                anchor_attribute(*anchor),
                escaped(text)
            )),
        }
    }

    fn circle(
        &mut self,
        center: Point,
        radius_px: f32,
        fill: Option<Color>,
        stroke: Option<Stroke>,
    ) {
        self.line(format_args!(
            r#"<circle cx="{}" cy="{}" r="{}" {}{}/>"#,
            Number(center.x),
            Number(center.y),
            Number(radius_px),
            Fill(fill),
            Outline(stroke)
        ));
    }

    fn arc(&mut self, center: Point, radius_px: f32, from_turn: f32, to_turn: f32, stroke: Stroke) {
        let turns = to_turn - from_turn;
        if turns >= 0.9999 {
            return self.circle(center, radius_px, None, Some(stroke));
        }
        let (from, to) = (
            center.on_circle(radius_px, from_turn),
            center.on_circle(radius_px, to_turn),
        );
        // Arcs have butt caps, because with round caps neighbouring quarters would touch.
        self.line(format_args!(
            r#"<path d="M{} {}A{r} {r} 0 {} 1 {} {}" fill="none" stroke-linecap="butt"{}/>"#,
            Number(from.x),
            Number(from.y),
            u8::from(turns > 0.5),
            Number(to.x),
            Number(to.y),
            Outline(Some(stroke)),
            r = Number(radius_px),
        ));
    }
}

fn layer_id(name: LayerName) -> &'static str {
    match name {
        LayerName::Reach => "reach",
        LayerName::Sets => "sets",
        LayerName::Edges => "edges",
        LayerName::Rings => "rings",
        LayerName::Messages => "messages",
        LayerName::Nodes => "nodes",
        LayerName::Labels => "labels",
        LayerName::Overlay => "overlay",
        LayerName::Timeline => "timeline",
        LayerName::Playhead => "playhead",
    }
}

fn weight_attribute(font: Font) -> &'static str {
    const { assert!(text_layout::BOLD_WEIGHT == 600) };
    match font {
        Font::Regular => "",
        Font::Bold => r#" font-weight="600""#,
    }
}

fn anchor_attribute(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Left => "",
        Anchor::Middle => r#" text-anchor="middle""#,
        Anchor::Right => r#" text-anchor="end""#,
    }
}

fn is_finite(shape: &Shape) -> bool {
    let point = |p: &Point| p.x.is_finite() && p.y.is_finite();
    let rect = |r: &Rect| point(&r.min) && point(&r.max);
    match shape {
        Shape::Circle {
            center, radius_px, ..
        } => point(center) && radius_px.is_finite(),
        Shape::Arc {
            center,
            radius_px,
            from_turn,
            to_turn,
            ..
        } => point(center) && radius_px.is_finite() && from_turn.is_finite() && to_turn.is_finite(),
        Shape::Line { points, .. } | Shape::Polygon { points, .. } => points.iter().all(point),
        Shape::Box {
            rect: area,
            corner_px,
            ..
        } => rect(area) && corner_px.is_finite(),
        Shape::Text { at, size_px, .. } => point(at) && size_px.is_finite(),
    }
}

/// Escapes markup in the text of an element and replaces characters that XML forbids.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            letter => out.push(letter),
        }
    }
    out
}

/// A number with at most two decimals.
struct Number(f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Adding 0.0 turns -0.0 into 0.0.
        let hundredths = (f64::from(self.0) * 100.0).round() + 0.0;
        write!(f, "{}", hundredths / 100.0)
    }
}

struct Points<'a>(&'a [Point]);

impl std::fmt::Display for Points<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, point) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{},{}", Number(point.x), Number(point.y))?;
        }
        Ok(())
    }
}

struct HexColor(Color);

impl std::fmt::Display for HexColor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0.r, self.0.g, self.0.b)
    }
}

/// The fill attributes.
struct Fill(Option<Color>);

impl std::fmt::Display for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(color) = self.0 else {
            return f.write_str(r#"fill="none""#);
        };
        write!(f, r#"fill="{}""#, HexColor(color))?;
        match color.a {
            255 => Ok(()),
            a => write!(f, r#" fill-opacity="{:.3}""#, f32::from(a) / 255.0),
        }
    }
}

/// The stroke attributes, with a space before them.
struct Outline(Option<Stroke>);

impl std::fmt::Display for Outline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(Stroke {
            width_px,
            color,
            dash_px,
        }) = self.0
        else {
            return Ok(());
        };
        write!(
            f,
            r#" stroke="{}" stroke-width="{}""#,
            HexColor(color),
            Number(width_px)
        )?;
        if color.a != 255 {
            write!(f, r#" stroke-opacity="{:.3}""#, f32::from(color.a) / 255.0)?;
        }
        if let Some(dash_px) = dash_px.filter(|dash| *dash > 0.0) {
            write!(
                f,
                r#" stroke-dasharray="{}" stroke-linecap="butt""#,
                Number(dash_px)
            )?;
        }
        Ok(())
    }
}

/// Base64 of RFC 4648 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at > chunk.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_the_vectors_of_the_rfc() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn numbers_have_at_most_two_decimals() {
        for (number, text) in [
            (1.0, "1"),
            (-0.001, "0"),
            (1.005_1, "1.01"),
            (-2.5, "-2.5"),
            (1e9, "1000000000"),
        ] {
            assert_eq!(Number(number).to_string(), text);
        }
    }

    #[test]
    fn markup_and_control_characters_are_escaped() {
        assert_eq!(escaped("a<b>&\u{7}c"), "a&lt;b&gt;&amp;\u{fffd}c");
    }
}
