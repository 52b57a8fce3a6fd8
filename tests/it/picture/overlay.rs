//! Overlay: panels and texts do not overlap at any size, and the texts are correct.

use super::worlds::{Script, log_value, note};
use super::{Fixture, LAPTOP, texts};
use quorumscope::picture::canvas::{Anchor, LayerName, Point, Rect, Shape};
use quorumscope::picture::layers;
use quorumscope::picture::overlay::layout::Regions;
use quorumscope::picture::overlay::panels;
use quorumscope::picture::text_layout::{self, has_glyphs};
use quorumscope::picture::theme::{Color, FONT_SIZES_PX, ThemeName};
use quorumscope::picture::view_state::{PlaybackState, QuorumIntersection};
use quorumscope::scp::{NodeId, Value};

const SIZES: [Point; 4] = [
    Point { x: 480.0, y: 600.0 },
    Point { x: 800.0, y: 600.0 },
    LAPTOP,
    Point {
        x: 3840.0,
        y: 2160.0,
    },
];

fn fixtures() -> impl Iterator<Item = Fixture> {
    let long = "a note with very many words, longer than any column of the overlay is wide";
    let values = [
        log_value(&[note(0, 1, long)]),
        log_value(&[note(0, 2, "b"), note(0, 3, "c")]),
    ];
    [1, 7, 90, 1000].into_iter().flat_map(move |nodes| {
        let values = values.clone();
        SIZES.into_iter().flat_map(move |size| {
            let script = || Script::radio(nodes, if nodes > 100 { 60.0 } else { 400.0 });
            let voting = script().discovered().mid_vote(&values).flights(100);
            let forked = script().discovered().agreed(&values);
            [script().broadcasting(), voting, forked].map(|script| Fixture::new(script.world, size))
        })
    })
}

pub(super) fn box_of(shape: &Shape) -> Option<Rect> {
    let Shape::Text {
        at,
        text,
        size_px,
        font,
        anchor,
        ..
    } = shape
    else {
        return None;
    };
    let width = text_layout::width_px(text, *font, *size_px);
    let left = match anchor {
        Anchor::Left => at.x,
        Anchor::Middle => at.x - width / 2.0,
        Anchor::Right => at.x - width,
    };
    let top = at.y - size_px * text_layout::CAP_HEIGHT;
    Some(Rect::from_corners(left, top, left + width, at.y))
}

#[test]
fn panels_overlap_neither_each_other_nor_the_viewport() {
    for mut fixture in fixtures() {
        for quorums in [
            QuorumIntersection::Intersect,
            QuorumIntersection::Disjoint(vec![NodeId(0)], vec![NodeId(0); 40]),
            QuorumIntersection::NoQuorum,
        ] {
            fixture.status.quorums = quorums;
            let (panels, nodes) = (panels(&fixture.scene()), fixture.world.nodes.len());
            let field = Regions::of(fixture.view.canvas).viewport;
            let what = format!("{nodes} nodes at {:?}", fixture.view.size_px);
            assert!(!panels.is_empty(), "{what}");
            for (at, one) in panels.iter().enumerate() {
                assert!(fixture.view.canvas.encloses(*one), "{what}: {one:?}");
                assert!(
                    !one.overlaps(field),
                    "{what}: {one:?} overlaps the viewport {field:?}"
                );
                assert!(
                    panels[at + 1..].iter().all(|two| !one.overlaps(*two)),
                    "{what}: {one:?}"
                );
            }
        }
    }
}

#[test]
fn texts_do_not_overlap_and_stay_inside_the_canvas() {
    for fixture in fixtures() {
        let shapes = fixture.shapes(LayerName::Overlay);
        let boxes: Vec<Rect> = shapes.iter().filter_map(box_of).collect();
        assert!(!boxes.is_empty());
        for (at, one) in boxes.iter().enumerate() {
            assert!(
                fixture.view.canvas.inset(-0.5).encloses(*one),
                "{one:?} at {:?}",
                fixture.view.size_px
            );
            let struck = boxes[at + 1..]
                .iter()
                .find(|two| one.inset(0.5).overlaps(two.inset(0.5)));
            assert!(
                struck.is_none(),
                "{one:?} {struck:?} at {:?}",
                fixture.view.size_px
            );
        }
    }
}

#[test]
fn every_text_has_glyphs_and_a_permitted_size() {
    for fixture in fixtures() {
        for layer in layers::drawing(&fixture.scene()).layers {
            for shape in &layer.shapes {
                if let Shape::Text {
                    text,
                    size_px,
                    font,
                    ..
                } = shape
                {
                    assert!(has_glyphs(text, *font), "{text:?}");
                    assert!(FONT_SIZES_PX.contains(size_px), "{size_px}");
                    assert!(*size_px >= 13.0);
                }
            }
        }
    }
}

#[test]
fn nodes_fit_into_the_viewport() {
    for fixture in fixtures() {
        let (scene, field) = (fixture.scene(), fixture.view.viewport());
        for (node, center) in scene.geometry.nodes() {
            assert!(field.contains(center), "{node:?} {center:?} {field:?}");
        }
    }
}

#[test]
fn the_statistics_panel_shows_counts_and_the_slot_state() {
    let value = Value::from("pizza");
    let mut fixture = Fixture::new(
        Script::radio(7, 1400.0).discovered().agreed(&[value]).world,
        LAPTOP,
    );
    fixture.status.playback = PlaybackState::Paused;
    let shapes = fixture.shapes(LayerName::Overlay);
    let shown = texts(&shapes);
    for expected in [
        "7",
        "7 of 7",
        "pizza",
        "Externalized, slot 1",
        "slot 1 agreed",
        "3.0 s, paused",
        "Slot 1 agreed",
        "Quorums: being checked",
    ] {
        assert!(
            shown.contains(&expected),
            "{expected:?} is not among {shown:?}"
        );
    }
}

#[test]
fn a_fork_shows_the_banner_and_a_hull_per_value() {
    let values = [Value::from("pizza"), Value::from("burger")];
    let mut fixture = Fixture::new(
        Script::radio(7, 1400.0).discovered().agreed(&values).world,
        LAPTOP,
    );
    let banner = "Fork: slot 1 was decided two ways.";
    let shapes = fixture.shapes(LayerName::Overlay);
    let shown = texts(&shapes);
    assert!(
        shown.contains(&banner) && shown.contains(&"forked"),
        "{shown:?}"
    );
    fixture.status.playback = PlaybackState::Paused;
    let paused = format!("{banner} Paused; press Space to continue.");
    let shapes = fixture.shapes(LayerName::Overlay);
    let shown = texts(&shapes);
    assert!(shown.contains(&paused.as_str()), "{shown:?}");
    assert!(
        shown.contains(&"Slot 1 split in 2") && shown.contains(&"split: 4 nodes"),
        "{shown:?}"
    );
    assert_eq!(
        fixture.shapes(LayerName::Sets).len(),
        4,
        "two hulls: fills and outlines"
    );
}

#[test]
fn the_caption_gives_the_reason() {
    let value = log_value(&[note(3, 1, "note 3")]);
    let fixture = Fixture::new(
        Script::radio(20, 1400.0)
            .discovered()
            .mid_vote(&[value])
            .world,
        LAPTOP,
    );
    let shapes = fixture.shapes(LayerName::Overlay);
    let expected = r#"n19 accepts "note 3": 9 of the 20 nodes it trusts voted for it"#;
    assert!(texts(&shapes).contains(&expected), "{:?}", texts(&shapes));
}

#[test]
fn the_caption_starts_with_the_scenario_description() {
    let script = Script::radio(5, 1400.0).discovered();
    let mut world = script.world;
    let mut scenario = quorumscope::scenario::Scenario::clone(&world.scenario);
    scenario.description = "Five nodes meet. They vote.".to_owned();
    world.scenario = std::sync::Arc::new(scenario);
    let fixture = Fixture::new(world, LAPTOP);
    let shapes = fixture.shapes(LayerName::Overlay);
    assert!(
        texts(&shapes).contains(&"Five nodes meet"),
        "{:?}",
        texts(&shapes)
    );
}

#[test]
fn the_intersection_badge_is_not_truncated() {
    for size in [Point { x: 800.0, y: 600.0 }, LAPTOP] {
        for (quorums, words) in [
            (QuorumIntersection::Checking, "Quorums: being checked"),
            (QuorumIntersection::Intersect, "Quorums intersect: yes"),
            (
                QuorumIntersection::Disjoint(vec![NodeId(0)], vec![NodeId(1)]),
                "Quorums intersect: no",
            ),
            (QuorumIntersection::Unknown, "Quorums intersect: unknown"),
            (QuorumIntersection::NoQuorum, "There is no quorum"),
        ] {
            let mut fixture = Fixture::new(Script::radio(7, 400.0).world, size);
            fixture.status.quorums = quorums;
            let shapes = fixture.shapes(LayerName::Overlay);
            assert!(texts(&shapes).contains(&words), "{words:?} at {size:?}");
        }
    }
}

#[test]
fn the_caption_invites_to_propose_when_the_run_has_finished() {
    let value = Value::from("pizza");
    let script = Script::radio(5, 1400.0).discovered().agreed(&[value]);
    let mut fixture = Fixture::new(script.world, LAPTOP);
    fixture.status.playback = PlaybackState::Finished;
    let is_invited = |fixture: &Fixture| {
        texts(&fixture.shapes(LayerName::Overlay)).contains(&"Click a node to propose")
    };
    assert!(!is_invited(&fixture), "an image file cannot be clicked");
    fixture.status.accepts_proposals = true;
    assert!(is_invited(&fixture));
    fixture.status.playback = PlaybackState::Running;
    assert!(!is_invited(&fixture), "the run continues");
}

#[test]
fn the_legend_shows_the_fill_of_nodes_that_are_not_ready() {
    for theme in [ThemeName::Dark, ThemeName::Light] {
        let mut fixture = Fixture::new(Script::radio(7, 1400.0).world, LAPTOP);
        fixture.view.theme = theme;
        let fills = |layer: LayerName| -> Vec<Color> {
            let shapes = fixture.shapes(layer);
            let fill = |shape: &Shape| match shape {
                Shape::Circle { fill, .. } => *fill,
                _ => None,
            };
            shapes.iter().filter_map(fill).collect()
        };
        let of_nodes = fills(LayerName::Nodes);
        let in_legend = fills(LayerName::Overlay);
        assert!(in_legend.contains(&of_nodes[0]), "{theme:?}");
        assert_ne!(of_nodes[0], fixture.view.theme().phases.idle);
        let shapes = fixture.shapes(LayerName::Overlay);
        assert!(texts(&shapes).contains(&"idle, not ready to vote"));
    }
    let ready = Fixture::new(Script::radio(7, 1400.0).discovered().world, LAPTOP);
    let shapes = ready.shapes(LayerName::Overlay);
    assert!(!texts(&shapes).contains(&"idle, not ready to vote"));
}
