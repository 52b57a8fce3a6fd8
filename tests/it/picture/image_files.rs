//! Image export: the SVG parses, and the PNG contains the picture.

use super::worlds::{Script, log_value, note};
use super::{Fixture, LAPTOP};
use quorumscope::picture::canvas::{Point, Shape};
use quorumscope::picture::layers;
use quorumscope::picture::png::{PngError, to_png};
use quorumscope::picture::svg::{Fonts, to_svg};
use quorumscope::picture::theme::ThemeName;
use quorumscope::picture::view_state::ViewState;
use resvg::usvg;
use std::collections::BTreeSet;

fn fixture(theme: ThemeName) -> Fixture {
    let value = log_value(&[note(3, 1, "<b> & \"quotes\" \u{7}")]);
    let script = Script::radio(20, 400.0)
        .discovered()
        .mid_vote(&[value])
        .flights(30);
    let mut fixture = Fixture::new(script.world, LAPTOP);
    fixture.view.theme = theme;
    fixture
}

#[test]
fn the_svg_parses_and_is_reproducible() {
    for fonts in [Fonts::Embedded, Fonts::Named] {
        let fixture = fixture(ThemeName::Dark);
        let svg = to_svg(&layers::drawing(&fixture.scene()), fonts);
        let tree = usvg::Tree::from_str(&svg, &usvg::Options::default()).unwrap();
        assert_eq!((tree.size().width(), tree.size().height()), (1280.0, 800.0));
        assert!(svg.contains("&lt;b&gt; &amp;"));
        assert_eq!(svg, to_svg(&layers::drawing(&fixture.scene()), fonts));
        assert_eq!(svg.contains("@font-face"), fonts == Fonts::Embedded);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}

#[test]
fn shapes_with_numbers_that_are_not_finite_are_left_out() {
    let fixture = fixture(ThemeName::Dark);
    let mut drawing = layers::drawing(&fixture.scene());
    let before = to_svg(&drawing, Fonts::Named);
    drawing.layers[0].shapes.push(Shape::Circle {
        center: Point {
            x: f32::NAN,
            y: 0.0,
        },
        radius_px: 3.0,
        fill: None,
        stroke: None,
    });
    let after = to_svg(&drawing, Fonts::Named);
    assert_eq!(
        before.matches("<circle").count(),
        after.matches("<circle").count()
    );
    usvg::Tree::from_str(&after, &usvg::Options::default()).unwrap();
}

#[test]
fn the_png_contains_the_picture_at_any_scale() {
    for (theme, scale) in [(ThemeName::Dark, 1.0), (ThemeName::Light, 2.0)] {
        let fixture = fixture(theme);
        let file = to_png(&layers::drawing(&fixture.scene()), scale).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(
            (info.width as f32, info.height as f32),
            (1280.0 * scale, 800.0 * scale)
        );
        let colors: BTreeSet<&[u8]> = pixels.chunks(3).collect();
        assert!(colors.len() > 50, "{} colours", colors.len());
        let phases = fixture.view.theme().phases;
        for color in [
            phases.nominate,
            phases.accept[0],
            phases.confirm[0],
            fixture.view.theme().background,
        ] {
            assert!(
                colors.contains([color.r, color.g, color.b].as_slice()),
                "{color:?} in {theme:?}"
            );
        }
    }
}

#[test]
fn sizes_out_of_range_are_refused() {
    let mut fixture = fixture(ThemeName::Dark);
    for size in [
        Point { x: 0.0, y: 10.0 },
        Point { x: 1e6, y: 10.0 },
        Point {
            x: f32::NAN,
            y: 10.0,
        },
    ] {
        fixture.view = ViewState::for_file(&fixture.world, size);
        let refused = to_png(&layers::drawing(&fixture.scene()), 1.0);
        assert!(matches!(refused, Err(PngError::Size { .. })), "{size:?}");
    }
}
