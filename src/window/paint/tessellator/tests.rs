//! Tests: meshes respect the limits of a draw call and have the area of their shapes.

use super::*;

const INK: Color = Color {
    r: 200,
    g: 100,
    b: 50,
    a: 128,
};

fn tessellate(shapes: &[Shape], dpi: f32) -> (Meshes, Atlas) {
    let mut atlas = Atlas::new();
    let mut tessellator = Tessellator {
        atlas: &mut atlas,
        dpi,
        out: Meshes::default(),
        area: 0.0,
    };
    shapes.iter().for_each(|shape| tessellator.shape(shape));
    (tessellator.out, atlas)
}

/// Area of all triangles, each weighted by its opacity in vertices and in the atlas.
fn ink_area((meshes, atlas): &(Meshes, Atlas)) -> f32 {
    meshes
        .pieces
        .iter()
        .flat_map(|piece| piece.indices.chunks(3).map(move |corners| (piece, corners)))
        .map(|(piece, corners)| {
            let [a, b, c] = [0, 1, 2].map(|at| &piece.vertices[usize::from(corners[at])]);
            let area = signed_area(&[a, b, c].map(|v| vec2(v.position.x, v.position.y))).abs();
            let (low, high) = [a, b, c]
                .iter()
                .fold((f32::MAX, f32::MIN), |(low, high), v| {
                    (low.min(v.uv.y), high.max(v.uv.y))
                });
            area * atlas.mean_alpha(a.uv.x, low, high)
                * [a, b, c].iter().map(|v| f32::from(v.color[3])).sum::<f32>()
                / 3.0
                / f32::from(INK.a)
        })
        .sum()
}

fn line(from: (f32, f32), to: (f32, f32), stroke: Stroke) -> Shape {
    let points = [from, to].map(|(x, y)| Point { x, y }).to_vec();
    Shape::Line { points, stroke }
}

#[test]
fn meshes_stay_below_the_limits_of_a_draw_call() {
    let edge = line((0.0, 0.0), (100.0, 50.0), Stroke::solid(1.5, INK));
    let (meshes, _) = tessellate(&vec![edge; 10_000], 1.0);
    assert!(meshes.pieces.len() > 3);
    for piece in &meshes.pieces {
        assert!(piece.vertices.len() < VERTICES_MAX && piece.indices.len() < INDICES_MAX);
        assert!(
            piece
                .indices
                .iter()
                .all(|at| usize::from(*at) < piece.vertices.len())
        );
    }
}

#[test]
fn lines_have_their_stroke_width() {
    for (width, dpi) in [(0.5, 1.0), (1.0, 1.0), (1.5, 1.0), (3.0, 2.0), (0.25, 2.0)] {
        let meshes = tessellate(
            &[line((10.0, 10.0), (110.0, 10.0), Stroke::solid(width, INK))],
            dpi,
        );
        assert!(
            (ink_area(&meshes) - 100.0 * width).abs() < 2.0,
            "{width} at {dpi}: {}",
            ink_area(&meshes)
        );
    }
}

#[test]
fn polygons_have_the_correct_area_in_both_orientations() {
    let mut points: Vec<Point> = [(0.0, 0.0), (40.0, 0.0), (40.0, 30.0), (0.0, 30.0)]
        .map(|(x, y)| Point { x, y })
        .into();
    for _ in 0..2 {
        let shape = Shape::Polygon {
            points: points.clone(),
            fill: Some(INK),
            stroke: None,
        };
        assert!((ink_area(&tessellate(&[shape], 1.0)) - 1200.0).abs() < 3.0);
        points.reverse();
    }
    let circle = Shape::Circle {
        center: Point { x: 0.0, y: 0.0 },
        radius_px: 200.0,
        fill: Some(INK),
        stroke: None,
    };
    let area = ink_area(&tessellate(&[circle], 1.0));
    assert!((area / (std::f32::consts::PI * 40_000.0) - 1.0).abs() < 0.01);
}

#[test]
fn half_of_a_dashed_line_is_drawn() {
    let stroke = Stroke {
        dash_px: Some(5.0),
        ..Stroke::solid(2.0, INK)
    };
    let meshes = tessellate(&[line((0.0, 0.0), (200.0, 0.0), stroke)], 1.0);
    assert!((ink_area(&meshes) - 200.0).abs() < 15.0);
    let stroke = Stroke {
        dash_px: Some(0.0),
        ..stroke
    };
    assert!(
        tessellate(&[line((0.0, 0.0), (f32::NAN, 0.0), stroke)], 1.0)
            .0
            .is_empty()
    );
}

#[test]
fn text_has_the_width_of_its_metrics() {
    let shape = |anchor| Shape::Text {
        at: Point { x: 100.0, y: 50.0 },
        text: "n07 accepts".into(),
        size_px: 16.0,
        color: INK,
        font: Font::Regular,
        anchor,
    };
    let extent = |anchor| {
        let (meshes, _) = tessellate(&[shape(anchor)], 2.0);
        let xs = meshes
            .pieces
            .iter()
            .flat_map(|piece| piece.vertices.iter().map(|v| v.position.x));
        xs.fold((f32::MAX, f32::MIN), |(low, high), x| {
            (low.min(x), high.max(x))
        })
    };
    let width = text_layout::width_px("n07 accepts", Font::Regular, 16.0);
    let (left, right) = extent(Anchor::Left);
    assert!((left - 100.0).abs() < 2.5 && (right - 100.0 - width).abs() < 2.5);
    let (left, right) = extent(Anchor::Right);
    assert!((right - 100.0).abs() < 2.5 && (left - 100.0 + width).abs() < 2.5);
}
