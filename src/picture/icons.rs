//! Vector icons: tick, cross, beacon, crown and arrowhead as shapes.

use super::canvas::{Point, Shape, Stroke};
use super::theme::Color;

/// A tick inside a circle of this radius.
pub fn tick(center: Point, radius_px: f32, stroke: Stroke) -> Shape {
    let at = |x: f32, y: f32| center.offset(x * radius_px, y * radius_px);
    Shape::Line {
        points: vec![at(-0.48, 0.04), at(-0.12, 0.40), at(0.52, -0.36)],
        stroke,
    }
}

/// An x inside a circle of this radius.
pub fn cross(center: Point, radius_px: f32, stroke: Stroke, out: &mut Vec<Shape>) {
    let arm = radius_px * 0.5;
    for side in [1.0, -1.0] {
        out.push(Shape::Line {
            points: vec![
                center.offset(-arm, -arm * side),
                center.offset(arm, arm * side),
            ],
            stroke,
        });
    }
}

/// A beacon: a dot with two waves on each side.
pub fn beacon(center: Point, width_px: f32, color: Color, out: &mut Vec<Shape>) {
    let unit = width_px / 10.0;
    out.push(Shape::Circle {
        center,
        radius_px: 1.6 * unit,
        fill: Some(color),
        stroke: None,
    });
    for radius in [3.2, 5.0] {
        for from in [0.15, 0.65] {
            out.push(Shape::Arc {
                center,
                radius_px: radius * unit,
                from_turn: from,
                to_turn: from + 0.2,
                stroke: Stroke::solid((1.2 * unit).max(1.0), color),
            });
        }
    }
}

/// A crown of this width above a point: three triangles on a bar.
pub fn crown(foot: Point, width_px: f32, color: Color, out: &mut Vec<Shape>) {
    let (half, height) = (width_px / 2.0, width_px * 0.62);
    let at = |x: f32, y: f32| foot.offset(x * half, -y * height);
    let polygon = |points: Vec<Point>| Shape::Polygon {
        points,
        fill: Some(color),
        stroke: None,
    };
    out.push(polygon(vec![
        at(-1.0, 0.0),
        at(-1.0, 1.0),
        at(-0.15, 0.3),
        at(-0.15, 0.0),
    ]));
    out.push(polygon(vec![at(-0.6, 0.0), at(0.0, 1.15), at(0.6, 0.0)]));
    out.push(polygon(vec![
        at(1.0, 0.0),
        at(1.0, 1.0),
        at(0.15, 0.3),
        at(0.15, 0.0),
    ]));
    out.push(polygon(vec![
        at(-1.0, 0.0),
        at(-1.0, 0.28),
        at(1.0, 0.28),
        at(1.0, 0.0),
    ]));
}

/// An arrowhead at a point, pointing away from `from`.
pub fn arrowhead(from: Point, at: Point, size_px: f32, color: Color) -> Option<Shape> {
    let length = from.distance_px(at);
    if length < 0.001 {
        return None;
    }
    let (dx, dy) = (
        (at.x - from.x) / length * size_px,
        (at.y - from.y) / length * size_px,
    );
    let points = vec![
        at.offset(dx * 0.6, dy * 0.6),
        at.offset(-dx * 0.6 - dy * 0.5, -dy * 0.6 + dx * 0.5),
        at.offset(-dx * 0.6 + dy * 0.5, -dy * 0.6 - dx * 0.5),
    ];
    Some(Shape::Polygon {
        points,
        fill: Some(color),
        stroke: None,
    })
}
