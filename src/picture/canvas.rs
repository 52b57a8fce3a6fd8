//! Display list: a drawing as layers of vector shapes in logical pixels, for the SVG writer and the OpenGL painter.
//!
//! Shapes carry no meaning, and this module uses no graphics library.

use super::theme::Color;

/// A point in logical pixels, origin top left, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Pixels from the left.
    pub x: f32,
    /// Pixels from the top.
    pub y: f32,
}

/// An axis-aligned rectangle in logical pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Top left corner.
    pub min: Point,
    /// Bottom right corner.
    pub max: Point,
}

impl Point {
    /// This point moved by `dx` and `dy` pixels.
    #[must_use]
    pub fn offset(self, dx: f32, dy: f32) -> Point {
        Point {
            x: self.x + dx,
            y: self.y + dy,
        }
    }

    /// Linear interpolation to another point: 0 is this point, 1 the other one.
    #[must_use]
    pub fn toward(self, other: Point, share: f32) -> Point {
        Point {
            x: self.x + (other.x - self.x) * share,
            y: self.y + (other.y - self.y) * share,
        }
    }

    /// Distance to another point, in pixels.
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
    /// A rectangle from its four edges.
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

    /// A rectangle from its top left corner and its size.
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

    /// The centre.
    #[must_use]
    pub fn center(self) -> Point {
        self.min.toward(self.max, 0.5)
    }

    /// Whether the rectangle contains a point; the left and the top edge belong to it.
    #[must_use]
    pub fn contains(self, point: Point) -> bool {
        (self.min.x..self.max.x).contains(&point.x) && (self.min.y..self.max.y).contains(&point.y)
    }

    /// Whether the two rectangles share more than an edge.
    #[must_use]
    pub fn overlaps(self, other: Rect) -> bool {
        self.min.x < other.max.x
            && other.min.x < self.max.x
            && self.min.y < other.max.y
            && other.min.y < self.max.y
    }

    /// Whether the other rectangle lies inside this one.
    #[must_use]
    pub fn encloses(self, other: Rect) -> bool {
        self.min.x <= other.min.x
            && self.min.y <= other.min.y
            && self.max.x >= other.max.x
            && self.max.y >= other.max.y
    }

    /// Shrunk by this many pixels on each side; grown if negative.
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
    /// Length of the dashes in pixels; `None`: a solid line.
    pub dash_px: Option<f32>,
}

/// One of the bundled fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Font {
    /// Running text.
    Regular,
    /// Headings and the letters in nodes.
    Bold,
}

/// Text alignment: the part of the baseline that lies at the given point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Left,
    /// The middle.
    Middle,
    /// The right end.
    Right,
}

/// One shape. Later shapes cover earlier ones of the same layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A disc, a ring, or both.
    Circle {
        /// Centre.
        center: Point,
        /// Radius in pixels.
        radius_px: f32,
        /// Fill colour, if any.
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
        /// Start angle in turns.
        from_turn: f32,
        /// End angle in turns, at least `from_turn`.
        to_turn: f32,
        /// Width, colour and dashes.
        stroke: Stroke,
    },
    /// A line through points.
    Line {
        /// At least two points.
        points: Vec<Point>,
        /// Width, colour and dashes.
        stroke: Stroke,
    },
    /// A closed polygon (convex when filled).
    Polygon {
        /// Corners in order.
        points: Vec<Point>,
        /// Fill colour, if any.
        fill: Option<Color>,
        /// Outline, if any.
        stroke: Option<Stroke>,
    },
    /// A rectangle with round corners.
    Box {
        /// Position and size.
        rect: Rect,
        /// Radius of the corners in pixels; 0 = square.
        corner_px: f32,
        /// Fill colour, if any.
        fill: Option<Color>,
        /// Outline, if any.
        stroke: Option<Stroke>,
    },
    /// One line of text.
    Text {
        /// The point on the baseline.
        at: Point,
        /// The text, without line breaks.
        text: String,
        /// Font size in pixels, one of those in the theme: glyph caches are small.
        size_px: f32,
        /// Colour.
        color: Color,
        /// Typeface.
        font: Font,
        /// The part of the text that lies at `at`.
        anchor: Anchor,
    },
}

/// Shapes that change together. Painters cache a layer while its version stays the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Unique within a drawing.
    pub name: LayerName,
    /// Changes whenever `shapes` change. `None` if they change with every frame and must not be cached.
    pub version: Option<u64>,
    /// Back to front.
    pub shapes: Vec<Shape>,
}

/// The layers of the scene, back to front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    /// Radio links, which the user can hide.
    Reach,
    /// Hulls around sets of nodes: a slice, a quorum, the nodes of each value of a fork.
    Sets,
    /// Trust edges.
    Edges,
    /// Rings of discovery broadcasts.
    Rings,
    /// Messages in flight.
    Messages,
    /// Nodes: fill, rim, glyph, quarters, timer arc, crown.
    Nodes,
    /// Names and values beside nodes.
    Labels,
    /// Statistics, legend, caption, proposals, intersection badge, result of a slot.
    Overlay,
    /// The chart of the timeline.
    Timeline,
    /// The playhead of the timeline.
    Playhead,
}

impl LayerName {
    /// All layers, back to front.
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
    /// Background colour.
    pub background: Color,
    /// Back to front.
    pub layers: Vec<Layer>,
}
