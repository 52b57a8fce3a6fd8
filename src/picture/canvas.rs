//! A drawing as data: layers of shapes in screen pixels. One painter turns them into SVG, another into OpenGL.
//!
//! Absent here: any idea of what is drawn, and any graphics library.

use super::theme::Color;

/// A point in logical pixels, origin top left, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Pixels from the left.
    pub x: f32,
    /// Pixels from the top.
    pub y: f32,
}

/// An upright rectangle in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Top left corner.
    pub min: Point,
    /// Bottom right corner.
    pub max: Point,
}

impl Point {
    /// This point moved by so much.
    #[must_use]
    pub fn offset(self, dx: f32, dy: f32) -> Point {
        Point {
            x: self.x + dx,
            y: self.y + dy,
        }
    }

    /// The point at `share` (0 = here, 1 = there) of the way to another.
    #[must_use]
    pub fn toward(self, other: Point, share: f32) -> Point {
        Point {
            x: self.x + (other.x - self.x) * share,
            y: self.y + (other.y - self.y) * share,
        }
    }

    /// Distance in pixels.
    #[must_use]
    pub fn distance_px(self, other: Point) -> f32 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point of a circle around this one at `turn` turns clockwise from the top.
    #[must_use]
    pub fn on_circle(self, radius_px: f32, turn: f32) -> Point {
        let (sin, cos) = (turn * std::f32::consts::TAU).sin_cos();
        self.offset(sin * radius_px, -cos * radius_px)
    }
}

impl Rect {
    /// From left, top, right and bottom.
    #[must_use]
    pub const fn from_corners(left: f32, top: f32, right: f32, bottom: f32) -> Rect {
        Rect {
            min: Point { x: left, y: top },
            max: Point {
                x: right,
                y: bottom,
            },
        }
    }

    /// From its top left corner and its size.
    #[must_use]
    pub const fn from_size(min: Point, width: f32, height: f32) -> Rect {
        Rect::from_corners(min.x, min.y, min.x + width, min.y + height)
    }

    /// Width in pixels; never negative.
    #[must_use]
    pub fn width(self) -> f32 {
        (self.max.x - self.min.x).max(0.0)
    }

    /// Height in pixels; never negative.
    #[must_use]
    pub fn height(self) -> f32 {
        (self.max.y - self.min.y).max(0.0)
    }

    /// The middle.
    #[must_use]
    pub fn center(self) -> Point {
        self.min.toward(self.max, 0.5)
    }

    /// Whether a point lies in it (left and top edge included).
    #[must_use]
    pub fn contains(self, point: Point) -> bool {
        (self.min.x..self.max.x).contains(&point.x) && (self.min.y..self.max.y).contains(&point.y)
    }

    /// Whether the two share more than an edge.
    #[must_use]
    pub fn overlaps(self, other: Rect) -> bool {
        self.min.x < other.max.x
            && other.min.x < self.max.x
            && self.min.y < other.max.y
            && other.min.y < self.max.y
    }

    /// Whether the other lies wholly within.
    #[must_use]
    pub fn encloses(self, other: Rect) -> bool {
        self.min.x <= other.min.x
            && self.min.y <= other.min.y
            && self.max.x >= other.max.x
            && self.max.y >= other.max.y
    }

    /// Smaller by so many pixels on each side; larger if negative.
    #[must_use]
    pub fn inset(self, by_px: f32) -> Rect {
        Rect {
            min: self.min.offset(by_px, by_px),
            max: self.max.offset(-by_px, -by_px),
        }
    }
}

impl Stroke {
    /// A solid line.
    #[must_use]
    pub const fn solid(width_px: f32, color: Color) -> Stroke {
        Stroke {
            width_px,
            color,
            dash_px: None,
        }
    }
}

/// The outline of a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Width in pixels.
    pub width_px: f32,
    /// Colour.
    pub color: Color,
    /// Solid, or dashes of this many pixels.
    pub dash_px: Option<f32>,
}

/// Which of the bundled fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Font {
    /// For running text.
    Regular,
    /// For headings and node glyphs.
    Bold,
}

/// Where the given point of a text lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Left end of the baseline.
    Left,
    /// Middle of the baseline.
    Middle,
    /// Right end of the baseline.
    Right,
}

/// One thing to draw. Later shapes cover earlier ones of the same layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A disc, a ring, or both.
    Circle {
        /// Centre.
        center: Point,
        /// Radius in pixels.
        radius_px: f32,
        /// Inside, if filled.
        fill: Option<Color>,
        /// Outline, if any; centred on the radius.
        stroke: Option<Stroke>,
    },
    /// Part of a ring; angles clockwise from the top, in turns (0..1).
    Arc {
        /// Centre.
        center: Point,
        /// Radius in pixels.
        radius_px: f32,
        /// Where it starts, in turns.
        from_turn: f32,
        /// Where it ends, in turns; not less than `from_turn`.
        to_turn: f32,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A line through points.
    Line {
        /// At least two points.
        points: Vec<Point>,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A closed polygon (convex when filled).
    Polygon {
        /// Corners in order.
        points: Vec<Point>,
        /// Inside, if filled.
        fill: Option<Color>,
        /// Outline, if any.
        stroke: Option<Stroke>,
    },
    /// A rectangle with round corners.
    Box {
        /// Where.
        rect: Rect,
        /// Radius of the corners in pixels; 0 = square.
        corner_px: f32,
        /// Inside, if filled.
        fill: Option<Color>,
        /// Outline, if any.
        stroke: Option<Stroke>,
    },
    /// One line of text.
    Text {
        /// Where the anchor lies on the baseline.
        at: Point,
        /// The text, without line breaks.
        text: String,
        /// Font size in pixels; only sizes listed in the theme (glyph caches are small).
        size_px: f32,
        /// Colour.
        color: Color,
        /// Typeface.
        font: Font,
        /// Which point of the text `at` means.
        anchor: Anchor,
    },
}

/// Shapes that change together. Painters cache a layer for as long as its version stays the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What it holds; unique within a drawing.
    pub name: LayerName,
    /// Differs whenever `shapes` differ. `None`: changes with every frame, do not cache.
    pub version: Option<u64>,
    /// Back to front.
    pub shapes: Vec<Shape>,
}

/// The layers of the scene, back to front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    /// Radio reach, switchable.
    Reach,
    /// Hulls around sets of nodes: a slice, a quorum, the camps of a fork.
    Sets,
    /// Trust edges.
    Edges,
    /// Rings of discovery.
    Rings,
    /// Messages in flight.
    Messages,
    /// Nodes: fill, rim, glyph, quarters, timer arc, crown.
    Nodes,
    /// Names and values beside nodes.
    Labels,
    /// Text block, legend, caption, proposals, badge, summary.
    Overlay,
    /// The timeline: what was going on when.
    Timeline,
    /// Which instant of the timeline the picture shows.
    Playhead,
}

impl LayerName {
    /// All of them, back to front.
    pub const ALL: [LayerName; 10] = [
        LayerName::Reach,
        LayerName::Sets,
        LayerName::Edges,
        LayerName::Rings,
        LayerName::Messages,
        LayerName::Nodes,
        LayerName::Labels,
        LayerName::Overlay,
        LayerName::Timeline,
        LayerName::Playhead,
    ];
}

/// A whole picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Width and height in logical pixels.
    pub size_px: Point,
    /// Behind everything.
    pub background: Color,
    /// Back to front.
    pub layers: Vec<Layer>,
}
