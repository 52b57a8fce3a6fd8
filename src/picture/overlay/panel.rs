//! Overlay panel: rows with an icon, a text and a value at the right edge, on a background with a border.

use super::row_icon::RowIcon;
use crate::picture::canvas::{Anchor, Font, Point, Rect, Shape, Stroke};
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{CORNER_PX, Color, FONT_SMALL_PX, LINE_HEIGHT_PX, PADDING_PX};

/// Width of the icon column in pixels.
const ICON_WIDTH_PX: f32 = 23.0;
/// Smallest distance between the text and the value at the right edge, in pixels.
const BETWEEN_PX: f32 = 8.0;
/// Distance from the top of a row to its baseline, in pixels.
const BASELINE_PX: f32 = (LINE_HEIGHT_PX + FONT_SMALL_PX * text_layout::CAP_HEIGHT) / 2.0;

/// Most rows of one text.
const LINES_MAX: usize = 6;

/// One row of a panel.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Drawn left of the text.
    pub(super) icon: Option<RowIcon>,
    /// Left-aligned.
    pub(super) text: String,
    /// Colour of `text`.
    pub(super) color: Color,
    /// Font of `text`.
    pub(super) font: Font,
    /// Right-aligned, with its colour. It is truncated only after `text` has shrunk to a third of the row.
    pub(super) right: Option<(String, Color)>,
}

impl Row {
    /// A row in bold.
    pub(super) fn heading(scene: &Scene<'_>, text: impl Into<String>) -> Row {
        Row {
            icon: None,
            text: text.into(),
            color: scene.theme.text,
            font: Font::Bold,
            right: None,
        }
    }

    /// A row with text only.
    pub(super) fn plain(text: impl Into<String>, color: Color) -> Row {
        Row {
            icon: None,
            text: text.into(),
            color,
            font: Font::Regular,
            right: None,
        }
    }

    /// A label with its value at the right edge.
    pub(super) fn pair(
        scene: &Scene<'_>,
        label: impl Into<String>,
        value: impl Into<String>,
    ) -> Row {
        Row {
            right: Some((value.into(), scene.theme.text)),
            ..Row::plain(label, scene.theme.text_dim)
        }
    }

    /// This row, or several if its text is too long. Rows with a value at the right edge stay one row.
    fn wrapped(self, panel_width_px: f32) -> Vec<Row> {
        if self.right.is_some() {
            return vec![self];
        }
        let icon_px = if self.icon.is_some() {
            ICON_WIDTH_PX
        } else {
            0.0
        };
        let room = panel_width_px - 2.0 * PADDING_PX - icon_px;
        let lines = text_layout::wrapped(&self.text, self.font, FONT_SMALL_PX, room, LINES_MAX);
        let rows = lines.into_iter().enumerate().map(|(nth, text)| Row {
            icon: match (self.icon, nth) {
                (Some(_), 1..) => Some(RowIcon::Blank),
                (icon, _) => icon,
            },
            text,
            ..self.clone()
        });
        rows.collect()
    }

    /// An icon with its explanation.
    pub(super) fn icon(scene: &Scene<'_>, icon: RowIcon, text: impl Into<String>) -> Row {
        Row {
            icon: Some(icon),
            ..Row::plain(text, scene.theme.text_dim)
        }
    }
}

/// Rows with a background.
#[derive(Clone, Debug, Default)]
pub(super) struct Panel {
    /// From top to bottom.
    pub(super) rows: Vec<Row>,
    /// Colour of a border that draws attention; `None`: the ordinary border.
    pub(super) alarm: Option<Color>,
}

impl Panel {
    /// Height in pixels.
    pub(super) fn height_px(&self) -> f32 {
        2.0 * PADDING_PX + self.rows.len() as f32 * LINE_HEIGHT_PX - 4.0
    }

    /// This panel with rows as wide as a panel of `width_px` allows: a longer text without a value continues in the
    /// next rows, so that a verdict and the names of nodes are never cut off.
    pub(super) fn wrapped(self, width_px: f32) -> Panel {
        let rows = self.rows.into_iter().flat_map(|row| row.wrapped(width_px));
        Panel {
            rows: rows.collect(),
            alarm: self.alarm,
        }
    }

    /// The number of rows that fit into a height.
    pub(super) fn rows_in(height_px: f32) -> usize {
        ((height_px - 2.0 * PADDING_PX + 4.0) / LINE_HEIGHT_PX).max(0.0) as usize
    }
}

/// Collects the shapes of panels. Texts come after all other shapes, because painters batch shapes of one kind.
pub(super) struct PanelPainter<'a> {
    pub(super) scene: &'a Scene<'a>,
    shapes: Vec<Shape>,
    texts: Vec<Shape>,
    /// The rectangles of the panels, for tests.
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

    /// All shapes, and the rectangles of the panels.
    pub(super) fn finish(mut self) -> (Vec<Shape>, Vec<Rect>) {
        self.shapes.append(&mut self.texts);
        (self.shapes, self.panels)
    }

    /// Adds a background with a border.
    pub(super) fn frame(&mut self, rect: Rect, fill: Color, border: Color) {
        self.panels.push(rect);
        self.shapes.push(Shape::Box {
            rect,
            corner_px: CORNER_PX,
            fill: Some(fill),
            stroke: Some(Stroke::solid(1.0, border)),
        });
    }

    /// Adds a panel with its rows.
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

    /// Adds one line of text of any size.
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
