//! Tests: damage covers everything that has changed, and little more.

use super::*;
use crate::picture::canvas::Font;
use crate::picture::theme::{PaletteName, Theme, ThemeName};

const SIZE: (u32, u32) = (1280, 800);

fn rect(left: f32, top: f32, right: f32, bottom: f32) -> Rect {
    Rect::from_corners(left, top, right, bottom)
}

fn pixels(parts: &[PixelRect]) -> u32 {
    parts
        .iter()
        .map(|part| (part.right - part.left) * (part.bottom - part.top))
        .sum()
}

fn covers(parts: &[PixelRect], x: u32, y: u32) -> usize {
    parts
        .iter()
        .filter(|part| (part.left..part.right).contains(&x) && (part.top..part.bottom).contains(&y))
        .count()
}

#[test]
fn no_damage_has_no_rectangles_and_full_damage_has_one() {
    let mut damage = Damage::none(SIZE, 1.0);
    assert!(damage.rects().is_empty());
    damage.all();
    let whole = PixelRect {
        left: 0,
        top: 0,
        right: 1280,
        bottom: 800,
    };
    assert_eq!(damage.rects(), [whole]);
}

#[test]
fn every_damaged_pixel_is_covered_exactly_once() {
    for count in [1u32, 2, 5, 17, 60] {
        let mut damage = Damage::none(SIZE, 1.0);
        let spot = |nth: u32| (nth * 397 % 1260, nth * 211 % 780);
        for nth in 0..count {
            let (x, y) = spot(nth);
            damage.add(rect(x as f32, y as f32, x as f32 + 15.0, y as f32 + 15.0));
        }
        let parts = damage.rects();
        assert!(parts.len() <= RECTS_MAX, "{count}: {}", parts.len());
        for (x, y) in (0..count).map(spot) {
            assert_eq!(covers(&parts, x, y), 1, "{count}");
            assert_eq!(covers(&parts, x + 15, y + 15), 1, "{count}");
        }
    }
}

#[test]
fn distant_rectangles_stay_separate_and_neighbours_merge() {
    let mut damage = Damage::none(SIZE, 1.0);
    damage.add(rect(10.0, 10.0, 30.0, 30.0));
    damage.add(rect(1200.0, 700.0, 1210.0, 710.0));
    assert_eq!(damage.rects().len(), 2);
    assert!(pixels(&damage.rects()) <= 2 * 128 * 128);
    damage.add(rect(80.0, 10.0, 90.0, 30.0));
    assert_eq!(damage.rects().len(), 2);
}

#[test]
fn damage_outside_the_canvas_or_not_a_number_is_ignored() {
    let mut damage = Damage::none(SIZE, 1.0);
    damage.add(rect(-50.0, -50.0, -10.0, -10.0));
    damage.add(rect(5000.0, 0.0, 5010.0, 10.0));
    damage.add(rect(f32::NAN, f32::NAN, f32::NAN, f32::NAN));
    assert!(damage.rects().is_empty());
}

#[test]
fn logical_pixels_are_converted_to_physical_ones_and_back() {
    let mut damage = Damage::none((2560, 1600), 2.0);
    damage.add(rect(700.0, 10.0, 710.0, 20.0));
    let parts = damage.rects();
    assert_eq!(covers(&parts, 1410, 30), 1);
    assert!(
        parts[0]
            .logical(2.0)
            .encloses(rect(700.0, 10.0, 710.0, 20.0))
    );
}

#[test]
fn only_elements_that_differ_are_damaged() {
    let spots = [10.0, 300.0, 600.0, 900.0, 1200.0];
    let bounds = |x: &f32| rect(*x, 100.0, x + 5.0, 105.0);
    let compared = |old: &[f32], new: &[f32]| {
        let mut damage = Damage::none(SIZE, 1.0);
        damage.compare(old, new, bounds);
        spots.map(|x| covers(&damage.rects(), x as u32 + 2, 102) > 0)
    };
    assert_eq!(compared(&spots, &spots), [false; 5]);
    // Equal lengths are compared pairwise: the old and the new bounds are damaged.
    let moved = [10.0, 300.0, 900.0, 900.0, 1200.0];
    assert_eq!(compared(&spots, &moved), [false, false, true, true, false]);
    // Different lengths: everything between the common prefix and the common suffix is damaged.
    let fewer = [10.0, 300.0, 1200.0];
    assert_eq!(compared(&spots, &fewer), [false, false, true, true, false]);
    assert_eq!(compared(&fewer, &spots), [false, false, true, true, false]);
}

#[test]
fn bounds_enclose_what_is_drawn() {
    let color = Theme::new(ThemeName::default(), PaletteName::default()).text;
    let at = Point { x: 100.0, y: 50.0 };
    let stroke = Stroke::solid(3.0, color);
    let circle = Shape::Circle {
        center: at,
        radius_px: 20.0,
        fill: None,
        stroke: Some(stroke),
    };
    assert!(bounds(&circle).encloses(rect(78.5, 28.5, 121.5, 71.5)));
    let line = Shape::Line {
        points: vec![at, at.offset(30.0, -40.0)],
        stroke,
    };
    assert!(bounds(&line).encloses(rect(98.5, 8.5, 131.5, 51.5)));
    let text = |anchor| Shape::Text {
        at,
        text: "Quorum".to_owned(),
        size_px: 20.0,
        color,
        font: Font::Bold,
        anchor,
    };
    let width = text_layout::width_px("Quorum", Font::Bold, 20.0);
    assert!(bounds(&text(Anchor::Left)).encloses(rect(100.0, 32.0, 100.0 + width, 56.0)));
    assert!(bounds(&text(Anchor::Right)).encloses(rect(100.0 - width, 32.0, 100.0, 56.0)));
    let half = width / 2.0;
    assert!(bounds(&text(Anchor::Middle)).encloses(rect(100.0 - half, 32.0, 100.0 + half, 56.0)));
}
