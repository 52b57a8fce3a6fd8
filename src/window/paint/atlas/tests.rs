//! Tests: coverage of sprites equals the area of their shapes, and the atlas caches sprites.

use super::*;

fn ink(atlas: &Atlas, sprite: Sprite) -> f32 {
    let side = atlas.side as f32;
    let [left, top, right, bottom] = sprite.uv.map(|part| (part * side).round() as u32);
    (top..bottom)
        .flat_map(|y| (left..right).map(move |x| (y * atlas.side + x) as usize * 4))
        .map(|at| f32::from(atlas.pixels[at]) / 255.0)
        .sum()
}

#[test]
fn discs_and_rings_have_the_correct_area() {
    let mut atlas = Atlas::new();
    for radius in [2.0f32, 5.25, 14.0, 40.0] {
        let disc = atlas.disc(radius);
        let area = std::f32::consts::PI * radius * radius;
        assert!((ink(&atlas, disc) / area - 1.0).abs() < 0.04, "{radius}");
        let ring = atlas.ring(radius, 1.5);
        let area = std::f32::consts::TAU * radius * 1.5;
        assert!((ink(&atlas, ring) / area - 1.0).abs() < 0.1, "{radius}");
    }
}

#[test]
fn a_line_of_one_pixel_fills_one_row_and_every_profile_sums_to_its_width() {
    let mut atlas = Atlas::new();
    for width in [0.25f32, 0.5, 1.0, 1.25, 1.5, 2.0, 2.75, 7.0] {
        let profile = atlas.profile(width);
        assert!((ink(&atlas, profile) / 3.0 - width).abs() < 0.02, "{width}");
    }
    let thin = atlas.profile(1.0);
    let row = |share: f32| thin.uv[1] + (thin.uv[3] - thin.uv[1]) * share;
    assert!((atlas.mean_alpha(thin.uv[0], row(0.34), row(0.66)) - 1.0).abs() < 0.01);
}

#[test]
fn equal_sprites_are_rasterised_once() {
    let mut atlas = Atlas::new();
    let first = atlas.glyph('n', Font::Regular, 13.0, 20.3);
    assert_eq!(first, atlas.glyph('n', Font::Regular, 13.0, 20.3));
    assert_eq!(first.1, 20.0);
    assert!(atlas.glyph(' ', Font::Bold, 16.0, 0.0).0.size.0 < 0.5);
    assert_eq!(
        atlas
            .shelves
            .iter()
            .filter(|shelf| shelf.top > 0 || shelf.used > 4)
            .count(),
        1
    );
}

#[test]
fn advances_equal_the_text_metrics() {
    let atlas = Atlas::new();
    for (glyph, font) in [
        ('n', Font::Regular),
        ('7', Font::Bold),
        ('W', Font::Regular),
    ] {
        let width = text_layout::width_px(&glyph.to_string(), font, 100.0);
        assert!((atlas.advance(glyph, font) * 100.0 - width).abs() < 0.01);
    }
}

#[test]
fn a_full_atlas_grows_and_invalidates_earlier_sprites() {
    let mut atlas = Atlas::new();
    let generation = atlas.generation();
    for step in 0..2000 {
        atlas.disc(20.0 + step as f32 * 0.25);
    }
    assert!(atlas.take_overflow());
    assert!(atlas.generation() > generation && atlas.side() == 2 * SIDE_FIRST);
    assert!(!atlas.take_overflow());
    assert!(atlas.disc(10.0).size.0 > 19.0);
}
