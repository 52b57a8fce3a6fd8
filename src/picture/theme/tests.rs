//! Tests of colours and sizes: contrast ratios and distances between colours.

use super::*;

fn themes() -> impl Iterator<Item = Theme> {
    [ThemeName::Dark, ThemeName::Light]
        .into_iter()
        .flat_map(|name| {
            [PaletteName::OkabeIto, PaletteName::Classic].map(|palette| Theme::new(name, palette))
        })
}

/// The fills of all phases.
fn phase_fills(theme: &Theme) -> [Color; 6] {
    let PhaseColors {
        idle,
        nominate,
        accept: [accept_even, accept_odd],
        confirm: [confirm_even, confirm_odd],
    } = theme.phases;
    [
        idle,
        nominate,
        accept_even,
        accept_odd,
        confirm_even,
        confirm_odd,
    ]
}

#[track_caller]
fn check_contrast(what: &str, theme: &Theme, front: Color, back: Color, least: f32) {
    let ratio = front.contrast(back);
    assert!(
        ratio >= least,
        "{what} in {:?}, {:?}: {ratio:.2} < {least}",
        theme.name,
        theme.palette
    );
}

#[test]
fn texts_reach_wcag_aa() {
    for theme in themes() {
        for ground in [theme.background, theme.panel] {
            for (what, color) in [
                ("text", theme.text),
                ("dim text", theme.text_dim),
                ("accent", theme.accent),
                ("good", theme.good),
                ("warning", theme.warning),
                ("bad", theme.bad),
            ] {
                check_contrast(what, &theme, color, ground, 4.5);
            }
        }
    }
}

#[test]
fn selected_elements_are_visible_and_readable() {
    for theme in themes() {
        check_contrast("selected text", &theme, theme.text, theme.selected(), 4.5);
        check_contrast("selected", &theme, theme.selected(), theme.panel, 1.4);
    }
}

#[test]
fn trust_edges_have_contrast_in_sparse_graphs() {
    for theme in themes() {
        let edge = theme
            .edge
            .with_opacity(EDGE_OPACITY_SPARSE)
            .over(theme.background);
        check_contrast("edge", &theme, edge, theme.background, 3.0);
    }
}

#[test]
fn letters_have_contrast_on_their_fill() {
    for theme in themes() {
        for fill in phase_fills(&theme) {
            check_contrast("glyph", &theme, theme.ink_on(fill), fill, 4.5);
        }
    }
}

#[test]
fn fills_and_marks_have_contrast_on_the_background() {
    for theme in themes() {
        for fill in phase_fills(&theme) {
            let best = fill
                .contrast(theme.background)
                .max(theme.node_rim.contrast(theme.background));
            assert!(best >= 3.0, "{fill:?} in {:?}", theme.name);
        }
        for (what, color) in [
            ("selection", theme.selection),
            ("ill-behaved", theme.ill_behaved),
            ("befouled", theme.befouled),
            ("crashed", theme.crashed),
            ("timer", theme.timer),
            ("crown", theme.crown),
            ("ring", theme.ring),
            ("vote", theme.vote),
            ("accept", theme.accept),
            ("proposal", theme.proposal),
            ("service", theme.service),
            ("file", theme.file),
        ] {
            check_contrast(what, &theme, color, theme.background, 3.0);
        }
        for color in theme.values {
            check_contrast("value", &theme, color, theme.background, 3.0);
        }
    }
}

#[test]
fn every_sign_of_the_timeline_has_contrast_on_the_background() {
    for theme in themes() {
        let [_, phases @ ..] = phase_fills(&theme);
        for color in phases {
            check_contrast("lane", &theme, theme.sign(color), theme.background, 3.0);
        }
        check_contrast("decided", &theme, theme.decided, theme.background, 3.0);
    }
}

#[test]
fn a_node_that_is_not_ready_is_visible_and_differs_from_one_that_is() {
    for theme in themes() {
        let fill = theme.phases.idle;
        let pale = theme.not_ready(fill);
        let best = pale
            .contrast(theme.background)
            .max(theme.node_rim.contrast(theme.background));
        assert!(best >= 3.0, "{best}");
        assert!(pale.contrast(fill) >= 1.3, "{}", pale.contrast(fill));
    }
}

#[test]
fn contrast_is_raised_towards_the_end_that_is_farther_away() {
    for ground in [BLACK, WHITE, Color::rgb(0x80_80_80)] {
        for color in [0x56_B4_E9, 0xE6_9F_00, 0x12_14_18].map(Color::rgb) {
            let raised = color.readable_on(ground, 4.5);
            assert!(raised.contrast(ground) >= 4.5);
            let enough = color.contrast(ground) >= 4.5;
            assert_eq!(raised == color, enough, "{color:?} on {ground:?}");
        }
    }
    assert_eq!(BLACK.readable_on(WHITE, 30.0), BLACK, "no colour has more");
}

#[test]
fn contrast_follows_wcag() {
    assert!((BLACK.contrast(WHITE) - 21.0).abs() < 0.01);
    assert!((Color::rgb(0x77_77_77).contrast(WHITE) - 4.48).abs() < 0.01);
    assert_eq!(WHITE.with_opacity(0.5).over(BLACK).r, 127);
    assert_eq!(WHITE.faded(0.5).a, 128);
}

#[test]
fn phases_have_different_fills() {
    for theme in themes() {
        let [idle, nominate, accept, other_accept, confirm, _] = phase_fills(&theme);
        let fills = [idle, nominate, accept, confirm];
        for (at, one) in fills.iter().enumerate() {
            assert!(fills[at + 1..].iter().all(|two| two != one));
        }
        assert_eq!(
            accept != other_accept,
            theme.palette == PaletteName::Classic
        );
    }
}

#[test]
fn no_value_has_the_colour_of_a_phase() {
    let apart = |one: Color, two: Color| {
        let square = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        square(one.r, two.r) + square(one.g, two.g) + square(one.b, two.b)
    };
    for name in [ThemeName::Dark, ThemeName::Light] {
        let theme = Theme::new(name, PaletteName::OkabeIto);
        let phases = theme.phases;
        for value in theme.values {
            for phase in [
                phases.idle,
                phases.nominate,
                phases.accept[0],
                phases.confirm[0],
            ] {
                assert!(apart(value, phase) > 60 * 60, "{value:?} {phase:?}");
            }
        }
    }
}

#[test]
fn radii_shrink_with_the_number_of_nodes() {
    for (nodes, radius) in [
        (0, 14.0),
        (7, 14.0),
        (30, 14.0),
        (90, 9.0),
        (1000, 4.0),
        (10_000, 4.0),
    ] {
        assert!((node_radius_px(nodes) - radius).abs() < 1e-4, "{nodes}");
    }
    assert!((1..2000).all(|n| node_radius_px(n + 1) <= node_radius_px(n)));
}
