//! The timeline as shapes: at any size and number of nodes, in order, and only drawn anew when it looks different.

use super::super::runs::{EVENTFUL, NETWORKS, records, scenario};
use super::{LAPTOP, Stage, texts};
use quorumscope::picture::canvas::{LayerName, Point, Rect, Shape};
use quorumscope::picture::scene::Scene;
use quorumscope::picture::theme::Color;
use quorumscope::picture::timeline::{Axis, DECIDED_SHARE, Kind, Layout, height_px};
use quorumscope::picture::view_state::Clock;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::time::Time;
use quorumscope::trace::{Lanes, Record, World};
use std::sync::Arc;

/// A stage with the lanes of a run, and room for a timeline.
struct Lit {
    stage: Stage,
    lanes: Lanes,
}

impl Lit {
    fn new(records: &[Record], world: World, size_px: Point) -> Lit {
        let mut lanes = Lanes::default();
        records.iter().for_each(|record| lanes.apply(record));
        let mut stage = Stage::new(world, size_px);
        let high = height_px(size_px.y, lanes.lanes().len()).unwrap();
        let timeline = &mut stage.view.timeline;
        timeline.rect = Some(Rect::from_corners(
            0.0,
            size_px.y - high,
            size_px.x,
            size_px.y,
        ));
        timeline.until = lanes.until();
        timeline.axis = Axis::new(lanes.until().0 as f64 * 1.1);
        Lit { stage, lanes }
    }

    fn scene(&self) -> Scene<'_> {
        self.stage.scene().with_lanes(&self.lanes)
    }

    fn layout(&self) -> Layout {
        Layout::new(
            self.stage.view.timeline.rect.unwrap(),
            self.lanes.lanes().len(),
        )
    }

    fn shapes(&self, name: LayerName) -> Vec<Shape> {
        self.scene().shapes(name)
    }
}

/// A whole run of so many nodes.
fn run(nodes: Option<usize>, text: &str, size_px: Point) -> Lit {
    let scenario = Arc::new(scenario("timeline", 3, nodes, text));
    let all = records(&scenario, Inline, EVENTFUL);
    let mut world = World::new(scenario);
    all.iter().for_each(|record| world.apply(record));
    Lit::new(&all, world, size_px)
}

/// Nodes that are there, and nothing else.
fn silent(nodes: usize, size_px: Point) -> Lit {
    let text = format!(
        "application = \"log\"\n[trust]\npolicy = \"found\"\nthreshold = \"2/3\"\n[random]\ncount = {nodes}\n"
    );
    let scenario = Arc::new(scenario("crowd", 1, None, &text));
    let added = scenario.nodes.iter().map(|node| Record::NodeAdded {
        at: Time::ZERO,
        config: Arc::clone(&node.config),
        position: node.position,
        organization: None,
    });
    let all: Vec<Record> = added.collect();
    let mut world = World::new(Arc::clone(&scenario));
    all.iter().for_each(|record| world.apply(record));
    Lit::new(&all, world, size_px)
}

/// Where boxes of a colour are.
fn boxes(shapes: &[Shape], color: Color) -> Vec<Rect> {
    shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Box {
                rect,
                fill: Some(fill),
                ..
            } if *fill == color => Some(*rect),
            _ => None,
        })
        .collect()
}

fn place(shape: &Shape) -> Vec<Point> {
    match shape {
        Shape::Box { rect, .. } => vec![rect.min, rect.max],
        Shape::Line { points, .. } | Shape::Polygon { points, .. } => points.clone(),
        Shape::Text { at, .. } => vec![*at],
        Shape::Circle { center, .. } | Shape::Arc { center, .. } => vec![*center],
    }
}

#[test]
fn lanes_have_the_colours_of_their_nodes_at_their_times() {
    for (name, text) in NETWORKS {
        let lit = run(None, text, LAPTOP);
        let (scene, layout) = (lit.scene(), lit.layout());
        let shapes = lit.shapes(LayerName::Timeline);
        let theme = scene.theme;
        let axis = lit.stage.view.timeline.axis;
        let decided = theme.phases.confirm[0]
            .faded(DECIDED_SHARE)
            .over(theme.background);
        let green = boxes(&shapes, decided);
        let mut seen = 0;
        for (node, lane) in (0..).map(NodeId).zip(lit.lanes.lanes()) {
            for span in lane.spans() {
                let (_, until) = lane.at(span.from).unwrap();
                let until = until.unwrap_or(lit.lanes.until());
                let (left, right) = (layout.x_of(&axis, span.from), layout.x_of(&axis, until));
                let is_decided =
                    format!("{:?}", span.state).contains("Running, phase: Externalized");
                if !is_decided || right - left < 4.0 {
                    continue;
                }
                let row = layout.lane(node).center().y;
                let middle = Point {
                    x: (left + right) / 2.0,
                    y: row,
                };
                assert!(
                    green.iter().any(|rect| rect.contains(middle)),
                    "{name}: {node:?} at {span:?}"
                );
                seen += 1;
            }
        }
        assert!(seen > 0, "{name}: nothing was decided");
        let inside = layout.rect.inset(-1.0);
        for shape in shapes.iter().chain(&lit.shapes(LayerName::Playhead)) {
            assert!(
                place(shape).into_iter().all(|at| inside.contains(at)),
                "{name}: {shape:?}"
            );
        }
    }
}

#[test]
fn slots_and_names_are_there_and_the_axis_is_round() {
    let lit = run(Some(6), NETWORKS[0].1, LAPTOP);
    assert_eq!(lit.layout().kind, Kind::Named);
    let shapes = lit.shapes(LayerName::Timeline);
    let texts = texts(&shapes);
    for text in ["6 nodes", "n01", "n06", "slot 2", "0 s", "2 s"] {
        assert!(texts.contains(&text), "{text} is not among {texts:?}");
    }
    // The legend explains the colours; without it the timeline does.
    assert!(!texts.contains(&"nominated"), "{texts:?}");
    let small = run(Some(6), NETWORKS[0].1, Point { x: 560.0, y: 540.0 });
    let shapes = small.shapes(LayerName::Timeline);
    assert!(super::texts(&shapes).contains(&"nominated"));
}

#[test]
fn any_number_of_nodes_is_cheap_to_show_and_the_selected_one_stands_out() {
    for (nodes, kind, shapes_max) in [
        (1, Kind::Named, 100),
        (7, Kind::Named, 200),
        (90, Kind::Thin, 500),
        (1_000, Kind::Shares, 2_000),
    ] {
        let mut lit = silent(nodes, LAPTOP);
        lit.stage.view.timeline.until = Time::from_ms(5_000);
        lit.stage.view.timeline.axis = Axis::new(6e6);
        assert_eq!(lit.layout().kind, kind, "{nodes}");
        let before = lit.shapes(LayerName::Timeline);
        assert!(
            before.len() <= shapes_max,
            "{nodes}: {} shapes",
            before.len()
        );
        let version = lit.scene().version(LayerName::Timeline);
        lit.stage.view.selected = Some(NodeId(0));
        assert_ne!(lit.scene().version(LayerName::Timeline), version);
        let shapes = lit.shapes(LayerName::Timeline);
        let name = lit.stage.world.name(NodeId(0));
        assert!(texts(&shapes).contains(&&*name), "{nodes}: no name");
        let outlined = |shape: &&Shape| {
            matches!(
                shape,
                Shape::Box {
                    stroke: Some(_),
                    ..
                }
            )
        };
        let outline = shapes.iter().find(outlined).unwrap();
        let corners = place(outline);
        assert!(corners[1].y - corners[0].y >= 6.5, "{nodes}: {outline:?}");
    }
}

#[test]
fn what_has_happened_is_drawn_anew_only_when_it_looks_different() {
    let mut lit = run(None, NETWORKS[0].1, LAPTOP);
    lit.stage.status.clock = Clock::Running;
    let version = |lit: &Lit| {
        [LayerName::Timeline, LayerName::Playhead].map(|name| lit.scene().version(name))
    };
    let [body, head] = version(&lit);
    assert!(body.is_some() && head.is_some(), "both are kept");
    // Time passes by less than a pixel.
    let until = lit.stage.view.timeline.until;
    let pixel_us = lit.stage.view.timeline.axis.span_us / f64::from(lit.layout().lanes.width());
    lit.stage.world.advance_to(Time(until.0 + 1));
    assert_eq!(version(&lit)[0], body);
    assert_ne!(version(&lit)[1], head, "the playhead moves");
    lit.stage.view.timeline.until = Time(until.0 + (2.0 * pixel_us) as u64);
    assert_ne!(version(&lit)[0], body, "a pixel further");
    // What is new stands at the end: what a painter compares differs there only.
    let before = lit.shapes(LayerName::Timeline);
    lit.stage.view.timeline.until = Time(until.0 + (9.0 * pixel_us) as u64);
    let after = lit.shapes(LayerName::Timeline);
    let same = before
        .iter()
        .zip(&after)
        .take_while(|(one, two)| one == two)
        .count();
    assert!(
        same > before.len() / 2 && same < after.len(),
        "{same} of {}",
        before.len()
    );
    // Without a place there is none.
    lit.stage.view.timeline.rect = None;
    assert!(
        lit.shapes(LayerName::Timeline).is_empty() && lit.shapes(LayerName::Playhead).is_empty()
    );
}

#[test]
fn what_came_after_the_playhead_is_veiled() {
    let lit = run(None, NETWORKS[0].1, LAPTOP);
    let later = lit.shapes(LayerName::Playhead);
    let mut early = Lit {
        lanes: lit.lanes.clone(),
        stage: Stage::new(World::new(Arc::clone(&lit.stage.world.scenario)), LAPTOP),
    };
    early.stage.view.timeline = lit.stage.view.timeline;
    let half = Time(lit.lanes.until().0 / 2);
    early.stage.world.advance_to(half);
    let shapes = early.shapes(LayerName::Playhead);
    let veil = early.scene().theme.panel.with_opacity(0.55);
    let layout = early.layout();
    let x = layout.x_of(&early.stage.view.timeline.axis, half);
    assert!(
        boxes(&shapes, veil)
            .iter()
            .any(|rect| (rect.min.x - x).abs() < 1.0)
    );
    assert!(boxes(&later, veil).is_empty(), "nothing came later");
    let time = format!("{half}");
    assert!(
        texts(&shapes).contains(&time.as_str()),
        "{:?}",
        texts(&shapes)
    );
}
