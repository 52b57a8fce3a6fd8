//! The overlay at all sizes: panels apart, texts inside, and what they say.

use super::worlds::{Script, log_value, note};
use super::{LAPTOP, Stage, texts};
use quorumscope::picture::canvas::{Anchor, LayerName, Point, Rect, Shape};
use quorumscope::picture::overlay::layout::Regions;
use quorumscope::picture::overlay::panels;
use quorumscope::picture::text::{self, has_glyphs};
use quorumscope::picture::theme::FONT_SIZES_PX;
use quorumscope::picture::view_state::{Clock, Quorums};
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

fn stages() -> impl Iterator<Item = Stage> {
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
            [script().broadcasting(), voting, forked].map(|script| Stage::new(script.world, size))
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
    let width = text::width_px(text, *font, *size_px);
    let left = match anchor {
        Anchor::Left => at.x,
        Anchor::Middle => at.x - width / 2.0,
        Anchor::Right => at.x - width,
    };
    let top = at.y - size_px * text::CAP_HEIGHT;
    Some(Rect::from_corners(left, top, left + width, at.y))
}

#[test]
fn panels_overlap_neither_each_other_nor_the_stage() {
    for mut stage in stages() {
        for quorums in [
            Quorums::Intersect,
            Quorums::Disjoint(vec![NodeId(0)], vec![NodeId(0); 40]),
            Quorums::None,
        ] {
            stage.status.quorums = quorums;
            let (panels, nodes) = (panels(&stage.scene()), stage.world.nodes.len());
            let field = Regions::of(stage.view.canvas).stage;
            let what = format!("{nodes} nodes at {:?}", stage.view.size_px);
            assert!(!panels.is_empty(), "{what}");
            for (at, one) in panels.iter().enumerate() {
                assert!(stage.view.canvas.encloses(*one), "{what}: {one:?}");
                assert!(
                    !one.overlaps(field),
                    "{what}: {one:?} on the stage {field:?}"
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
fn texts_stay_inside_the_canvas_and_apart() {
    for stage in stages() {
        let shapes = stage.shapes(LayerName::Overlay);
        let boxes: Vec<Rect> = shapes.iter().filter_map(box_of).collect();
        assert!(!boxes.is_empty());
        for (at, one) in boxes.iter().enumerate() {
            assert!(
                stage.view.canvas.inset(-0.5).encloses(*one),
                "{one:?} at {:?}",
                stage.view.size_px
            );
            let struck = boxes[at + 1..]
                .iter()
                .find(|two| one.inset(0.5).overlaps(two.inset(0.5)));
            assert!(
                struck.is_none(),
                "{one:?} {struck:?} at {:?}",
                stage.view.size_px
            );
        }
    }
}

#[test]
fn every_text_has_its_glyphs_and_a_permitted_size() {
    for stage in stages() {
        for layer in stage.scene().drawing().layers {
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
fn nodes_fit_onto_the_stage() {
    for stage in stages() {
        let (scene, field) = (stage.scene(), stage.view.stage());
        for (node, center) in scene.geometry.nodes() {
            assert!(field.contains(center), "{node:?} {center:?} {field:?}");
        }
    }
}

#[test]
fn the_text_block_counts() {
    let value = Value::from("pizza");
    let mut stage = Stage::new(
        Script::radio(7, 1400.0).discovered().agreed(&[value]).world,
        LAPTOP,
    );
    stage.status.clock = Clock::Paused;
    let shapes = stage.shapes(LayerName::Overlay);
    let said = texts(&shapes);
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
            said.contains(&expected),
            "{expected:?} is not among {said:?}"
        );
    }
}

#[test]
fn a_fork_raises_the_banner_and_hulls_both_camps() {
    let values = [Value::from("pizza"), Value::from("burger")];
    let mut stage = Stage::new(
        Script::radio(7, 1400.0).discovered().agreed(&values).world,
        LAPTOP,
    );
    let banner = "Two values externalized for slot 1: safety is lost";
    let shapes = stage.shapes(LayerName::Overlay);
    let said = texts(&shapes);
    assert!(
        said.contains(&banner) && said.contains(&"forked"),
        "{said:?}"
    );
    stage.status.clock = Clock::Paused;
    let paused = format!("{banner}. Paused at the fork. Space goes on.");
    let shapes = stage.shapes(LayerName::Overlay);
    let said = texts(&shapes);
    assert!(said.contains(&paused.as_str()), "{said:?}");
    assert!(
        said.contains(&"Slot 1 split in 2") && said.contains(&"split: 4 nodes"),
        "{said:?}"
    );
    assert_eq!(
        stage.shapes(LayerName::Sets).len(),
        4,
        "two hulls: fills and outlines"
    );
}

#[test]
fn the_caption_says_why() {
    let value = log_value(&[note(3, 1, "note 3")]);
    let stage = Stage::new(
        Script::radio(20, 1400.0)
            .discovered()
            .mid_vote(&[value])
            .world,
        LAPTOP,
    );
    let shapes = stage.shapes(LayerName::Overlay);
    let expected = "n19 accepts note 3: 9 of the 20 it trusts voted for it";
    assert!(texts(&shapes).contains(&expected), "{:?}", texts(&shapes));
}

#[test]
fn the_caption_begins_with_what_there_is_to_see() {
    let script = Script::radio(5, 1400.0).discovered();
    let mut world = script.world;
    let mut scenario = quorumscope::scenario::Scenario::clone(&world.scenario);
    scenario.description = "Five nodes meet. They vote.".to_owned();
    world.scenario = std::sync::Arc::new(scenario);
    let stage = Stage::new(world, LAPTOP);
    let shapes = stage.shapes(LayerName::Overlay);
    assert!(
        texts(&shapes).contains(&"Five nodes meet"),
        "{:?}",
        texts(&shapes)
    );
}

#[test]
fn verdicts_of_the_badge_are_not_cut_off() {
    for size in [Point { x: 800.0, y: 600.0 }, LAPTOP] {
        for (quorums, words) in [
            (Quorums::Checking, "Quorums: being checked"),
            (Quorums::Intersect, "Quorums intersect: yes"),
            (
                Quorums::Disjoint(vec![NodeId(0)], vec![NodeId(1)]),
                "Quorums intersect: no",
            ),
            (Quorums::Unknown, "Quorums intersect: unknown"),
            (Quorums::None, "There is no quorum"),
        ] {
            let mut stage = Stage::new(Script::radio(7, 400.0).world, size);
            stage.status.quorums = quorums;
            let shapes = stage.shapes(LayerName::Overlay);
            assert!(texts(&shapes).contains(&words), "{words:?} at {size:?}");
        }
    }
}
