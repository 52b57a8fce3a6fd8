//! Overlay layout: divides the canvas into regions for panels, caption and nodes, with one breakpoint per width.
//!
//! Regions never overlap. They depend on the size of the canvas only, so nothing moves during a run.

use crate::picture::canvas::Rect;
use crate::picture::theme::{FONT_MEDIUM_PX, GAP_PX, LINE_HEIGHT_PX};

/// The responsive layout of the overlay, by the size of the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakpoint {
    /// A column on each side of the nodes.
    Wide,
    /// One column at the left.
    Narrow,
    /// No columns: a status line at the top and the caption at the bottom.
    Tiny,
}

/// The regions of the canvas; none overlaps another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regions {
    /// The layout that was chosen.
    pub breakpoint: Breakpoint,
    /// Statistics and legend, on narrow canvases all panels; empty on tiny ones.
    pub left: Rect,
    /// Intersection badge, result of a slot and proposals; empty unless wide.
    pub right: Rect,
    /// The status line; empty unless tiny.
    pub status_line: Rect,
    /// The caption.
    pub caption: Rect,
    /// The remaining area, for the nodes.
    pub viewport: Rect,
}

/// Widths of the columns in pixels.
const LEFT_WIDE_PX: f32 = 208.0;
const LEFT_NARROW_PX: f32 = 224.0;
const RIGHT_WIDE_PX: f32 = 228.0;
/// Smallest sizes of a canvas with two columns and with one, in pixels.
const WIDE_FROM_PX: f32 = 1000.0;
const NARROW_FROM_PX: f32 = 560.0;
const COLUMN_HEIGHT_MIN_PX: f32 = 360.0;
/// Height of the caption in pixels: one line of medium text with padding.
const CAPTION_HEIGHT_PX: f32 = FONT_MEDIUM_PX + 16.0;
/// Height of the status line in pixels.
const STATUS_LINE_HEIGHT_PX: f32 = LINE_HEIGHT_PX + 8.0;

/// Smallest width of a canvas whose status line has one line, in pixels.
const ONE_STATUS_LINE_FROM_PX: f32 = 700.0;

impl Regions {
    /// Divides a canvas.
    #[must_use]
    pub fn of(canvas: Rect) -> Regions {
        let breakpoint =
            if canvas.height() < COLUMN_HEIGHT_MIN_PX || canvas.width() < NARROW_FROM_PX {
                Breakpoint::Tiny
            } else if canvas.width() < WIDE_FROM_PX {
                Breakpoint::Narrow
            } else {
                Breakpoint::Wide
            };
        // Very wide canvases have wider columns.
        let stretch = (canvas.width() / 1600.0).clamp(1.0, 1.4);
        let (left_px, right_px) = match breakpoint {
            Breakpoint::Wide => (LEFT_WIDE_PX * stretch, RIGHT_WIDE_PX * stretch),
            Breakpoint::Narrow => (LEFT_NARROW_PX, 0.0),
            Breakpoint::Tiny => (0.0, 0.0),
        };
        let inner = canvas.inset(GAP_PX);
        let bottom = (inner.max.y - CAPTION_HEIGHT_PX).max(inner.min.y);
        let column_bottom = (bottom - GAP_PX).max(inner.min.y);
        let status_line_bottom = match breakpoint {
            Breakpoint::Tiny if canvas.width() < ONE_STATUS_LINE_FROM_PX => {
                (inner.min.y + 2.0 * STATUS_LINE_HEIGHT_PX - 10.0).min(bottom)
            }
            Breakpoint::Tiny => (inner.min.y + STATUS_LINE_HEIGHT_PX).min(bottom),
            _ => inner.min.y,
        };
        let viewport_left = if left_px > 0.0 {
            inner.min.x + left_px
        } else {
            canvas.min.x
        };
        let viewport_right = if right_px > 0.0 {
            inner.max.x - right_px
        } else {
            canvas.max.x
        };
        Regions {
            breakpoint,
            left: Rect::from_corners(
                inner.min.x,
                inner.min.y,
                inner.min.x + left_px,
                column_bottom,
            ),
            right: Rect::from_corners(
                inner.max.x - right_px,
                inner.min.y,
                inner.max.x,
                column_bottom,
            ),
            status_line: Rect::from_corners(
                inner.min.x,
                inner.min.y,
                inner.max.x,
                status_line_bottom,
            ),
            caption: Rect::from_corners(inner.min.x, bottom, inner.max.x, inner.max.y.max(bottom)),
            viewport: Rect::from_corners(
                viewport_left,
                status_line_bottom.min(bottom),
                viewport_right,
                bottom,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(regions: &Regions) -> [Rect; 5] {
        let Regions {
            left,
            right,
            status_line,
            caption,
            viewport,
            ..
        } = *regions;
        [left, right, status_line, caption, viewport]
    }

    #[test]
    fn the_breakpoint_depends_on_the_canvas_size() {
        for (width, height, breakpoint) in [
            (800.0, 556.0, Breakpoint::Narrow),
            (1280.0, 756.0, Breakpoint::Wide),
            (3840.0, 2116.0, Breakpoint::Wide),
            (480.0, 556.0, Breakpoint::Tiny),
        ] {
            let canvas = Rect::from_corners(0.0, 44.0, width, 44.0 + height);
            assert_eq!(
                Regions::of(canvas).breakpoint,
                breakpoint,
                "{width} x {height}"
            );
        }
    }

    proptest! {
        #[test]
        fn regions_do_not_overlap_and_stay_inside_the_canvas(width in 100.0f32..5000.0, height in 100.0f32..3000.0) {
            let canvas = Rect::from_corners(3.0, 44.0, 3.0 + width, 44.0 + height);
            let parts = parts(&Regions::of(canvas));
            for (at, one) in parts.iter().enumerate() {
                prop_assert!(canvas.encloses(*one), "{one:?}");
                for two in &parts[at + 1..] {
                    let empty = [one, two].iter().any(|r| r.width() == 0.0 || r.height() == 0.0);
                    prop_assert!(empty || !one.overlaps(*two), "{one:?} {two:?}");
                }
            }
        }
    }
}
