//! A block of the overlay: rows with a sign at the left, a text and a text at the right, in a panel of its own.
//!
//! Absent here: what the rows say.

use super::row_icon::RowIcon;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{CORNER_PX, Color, FONT_SMALL_PX, LINE_HEIGHT_PX, PADDING_PX};

/// Width of the column of signs in pixels.
const ICON_WIDTH_PX: f32 = 23.0;
/// Between the text at the left and the text at the right, in pixels.
const BETWEEN_PX: f32 = 8.0;
/// From the top of a line to its baseline in pixels.
const BASELINE_PX: f32 = (LINE_HEIGHT_PX + FONT_SMALL_PX * text_layout::CAP_HEIGHT) / 2.0;

/// One line of a block.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// At the left.
    pub(super) icon: Option<RowIcon>,
    /// The text.
    pub(super) text: String,
    /// Its colour.
    pub(super) color: Color,
    /// Its typeface.
    pub(super) font: Font,
    /// At the right, with its colour; it is cut only after the text has shrunk to a third of the row.
    pub(super) right: Option<(String, Color)>,
}

impl Row {
    /// A heading.
    pub(super) fn heading(scene: &Scene<'_>, text: impl Into<String>) -> Row {
        Row {
            icon: None,
            text: text.into(),
            color: scene.theme.text,
            font: Font::Bold,
            right: None,
        }
    }

    /// Ordinary text.
    pub(super) fn plain(text: impl Into<String>, color: Color) -> Row {
        Row {
            icon: None,
            text: text.into(),
            color,
            font: Font::Regular,
            right: None,
        }
    }

    /// A label at the left, what it has at the right.
    pub(super) fn pair(scene: &Scene<'_>, label: &str, value: impl Into<String>) -> Row {
        Row {
            right: Some((value.into(), scene.theme.text)),
            ..Row::plain(label, scene.theme.text_dim)
        }
    }

    /// A sign and what it means.
    pub(super) fn sign(scene: &Scene<'_>, icon: RowIcon, text: &str) -> Row {
        Row {
            icon: Some(icon),
            ..Row::plain(text, scene.theme.text_dim)
        }
    }
}

/// Rows in a panel.
#[derive(Clone, Debug, Default)]
pub(super) struct Panel {
    /// From top to bottom.
    pub(super) rows: Vec<Row>,
    /// Colour of the border, if it shall warn.
    pub(super) alarm: Option<Color>,
}

impl Panel {
    /// Height in pixels.
    pub(super) fn height_px(&self) -> f32 {
        2.0 * PADDING_PX + self.rows.len() as f32 * LINE_HEIGHT_PX - 4.0
    }

    /// How many rows fit into a height.
    pub(super) fn rows_in(height_px: f32) -> usize {
        ((height_px - 2.0 * PADDING_PX + 4.0) / LINE_HEIGHT_PX).max(0.0) as usize
    }
}

/// Where blocks are put down: panels and signs apart from texts, because painters draw each kind in one go.
pub(super) struct PanelPainter<'a> {
    pub(super) scene: &'a Scene<'a>,
    shapes: Vec<Shape>,
    texts: Vec<Shape>,
    /// Where panels are, for tests and for the pointer.
    panels: Vec<Rect>,
}

impl<'a> PanelPainter<'a> {
    pub(super) fn new(scene: &'a Scene<'a>) -> PanelPainter<'a> {
        PanelPainter {
            scene,
            shapes: Vec::new(),
            texts: Vec::new(),
            panels: Vec::new(),
        }
    }

    /// The shapes, texts last, and where the panels are.
    pub(super) fn finish(mut self) -> (Vec<Shape>, Vec<Rect>) {
        self.shapes.append(&mut self.texts);
        (self.shapes, self.panels)
    }

    /// Puts a panel down.
    pub(super) fn frame(&mut self, rect: Rect, fill: Color, border: Color) {
        self.panels.push(rect);
        self.shapes.push(Shape::Box {
            rect,
            corner_px: CORNER_PX,
            fill: Some(fill),
            stroke: Some(Stroke::solid(1.0, border)),
        });
    }

    /// Puts a block down.
    pub(super) fn panel(&mut self, top_left: Point, width_px: f32, panel: &Panel) {
        let theme = &self.scene.theme;
        let (fill, border) = (theme.panel, panel.alarm.unwrap_or(theme.panel_border));
        self.frame(
            Rect::from_size(top_left, width_px, panel.height_px()),
            fill,
            border,
        );
        let has_icons = panel.rows.iter().any(|row| row.icon.is_some());
        let left = top_left.x + PADDING_PX;
        let right = top_left.x + width_px - PADDING_PX;
        for (nth, row) in panel.rows.iter().enumerate() {
            let top = top_left.y + PADDING_PX - 2.0 + nth as f32 * LINE_HEIGHT_PX;
            // Headings and rows without a sign start at the edge unless all of the block has signs.
            let indented = has_icons && row.icon.is_some();
            let text_left = if indented { left + ICON_WIDTH_PX } else { left };
            if let Some(icon) = row.icon {
                let center = Point {
                    x: left + 8.0,
                    y: top + LINE_HEIGHT_PX / 2.0,
                };
                icon.draw(self.scene, center, &mut self.shapes);
            }
            self.row(row, text_left, right, top + BASELINE_PX);
        }
    }

    fn row(&mut self, row: &Row, left: f32, right: f32, baseline: f32) {
        let width = right - left;
        let wide = |text: &str, font| text_layout::width_px(text, font, FONT_SMALL_PX);
        let mut room = width;
        if let Some((value, color)) = &row.right {
            let least = wide(&row.text, row.font).min(width / 3.0);
            let value = text_layout::truncated(
                value,
                Font::Regular,
                FONT_SMALL_PX,
                width - least - BETWEEN_PX,
            );
            room = width - wide(&value, Font::Regular) - BETWEEN_PX;
            self.text(
                Point {
                    x: right,
                    y: baseline,
                },
                &value,
                *color,
                Font::Regular,
                Anchor::Right,
            );
        }
        let shown = text_layout::truncated(&row.text, row.font, FONT_SMALL_PX, room);
        self.text(
            Point {
                x: left,
                y: baseline,
            },
            &shown,
            row.color,
            row.font,
            Anchor::Left,
        );
    }

    fn text(&mut self, at: Point, text: &str, color: Color, font: Font, anchor: Anchor) {
        self.line(at, text, FONT_SMALL_PX, color, font, anchor);
    }

    /// One line of text of any size.
    pub(super) fn line(
        &mut self,
        at: Point,
        text: &str,
        size_px: f32,
        color: Color,
        font: Font,
        anchor: Anchor,
    ) {
        if !text.is_empty() {
            self.texts.push(Shape::Text {
                at,
                text: text.to_owned(),
                size_px,
                color,
                font,
                anchor,
            });
        }
    }
}
