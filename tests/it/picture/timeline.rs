//! Timeline: shapes at any size and number of nodes, their order in time, and layer versions.

use super::super::runs::{EVENTFUL, NETWORKS, records, scenario};
use super::{Fixture, LAPTOP, texts};
use quorumscope::picture::canvas::{LayerName, Point, Rect, Shape};
use quorumscope::picture::layers;
use quorumscope::picture::scene::Scene;
use quorumscope::picture::theme::Color;
use quorumscope::picture::timeline::{Axis, LaneStyle, Layout, height_px};
use quorumscope::picture::view_state::PlaybackState;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::time::Time;
use quorumscope::trace::{Lanes, Record, World};
use std::sync::Arc;

/// A fixture with the lanes of a run and a timeline.
struct TimelineFixture {
    fixture: Fixture,
    lanes: Lanes,
}

impl TimelineFixture {
    fn new(records: &[Record], world: World, size_px: Point) -> TimelineFixture {
        let mut lanes = Lanes::default();
        records.iter().for_each(|record| lanes.apply(record));
        let mut fixture = Fixture::new(world, size_px);
        let high = height_px(size_px.y, lanes.lanes().len()).unwrap();
        let timeline = &mut fixture.view.timeline;
        timeline.rect = Some(Rect::from_corners(
            0.0,
            size_px.y - high,
            size_px.x,
            size_px.y,
        ));
        timeline.until = lanes.until();
        timeline.axis = Axis::new(lanes.until().0 as f64 * 1.1);
        TimelineFixture { fixture, lanes }
    }

    fn scene(&self) -> Scene<'_> {
        self.fixture.scene().with_lanes(&self.lanes)
    }

    fn layout(&self) -> Layout {
        Layout::new(
            self.fixture.view.timeline.rect.unwrap(),
            self.lanes.lanes().len(),
        )
    }

    fn shapes(&self, name: LayerName) -> Vec<Shape> {
        layers::shapes(&self.scene(), name)
    }
}

/// A complete run.
fn run(nodes: Option<usize>, text: &str, size_px: Point) -> TimelineFixture {
    let scenario = Arc::new(scenario("timeline", 3, nodes, text));
    let all = records(&scenario, Inline, EVENTFUL);
    let mut world = World::new(scenario);
    all.iter().for_each(|record| world.apply(record));
    TimelineFixture::new(&all, world, size_px)
}

/// A network without any traffic.
fn silent(nodes: usize, size_px: Point) -> TimelineFixture {
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
    TimelineFixture::new(&all, world, size_px)
}

/// The rectangles of a colour.
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
        let chart = run(None, text, LAPTOP);
        let (scene, layout) = (chart.scene(), chart.layout());
        let shapes = chart.shapes(LayerName::Timeline);
        let theme = scene.theme;
        let axis = chart.fixture.view.timeline.axis;
        let green = boxes(&shapes, theme.decided);
        let mut seen = 0;
        for (node, lane) in (0..).map(NodeId).zip(chart.lanes.lanes()) {
            for span in lane.spans() {
                let (_, until) = lane.at(span.from).unwrap();
                let until = until.unwrap_or(chart.lanes.until());
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
        for shape in shapes.iter().chain(&chart.shapes(LayerName::Playhead)) {
            assert!(
                place(shape).into_iter().all(|at| inside.contains(at)),
                "{name}: {shape:?}"
            );
        }
    }
}

#[test]
fn the_chart_has_slots_names_and_a_round_axis() {
    let chart = run(Some(6), NETWORKS[0].1, LAPTOP);
    assert_eq!(chart.layout().lane_style, LaneStyle::Named);
    let shapes = chart.shapes(LayerName::Timeline);
    let texts = texts(&shapes);
    for text in ["6 nodes", "n01", "n06", "slot 2", "0 s", "2 s"] {
        assert!(texts.contains(&text), "{text} is not among {texts:?}");
    }
    // The timeline shows a colour key only if the legend is not shown.
    assert!(!texts.contains(&"nominated"), "{texts:?}");
    let small = run(Some(6), NETWORKS[0].1, Point { x: 560.0, y: 540.0 });
    let shapes = small.shapes(LayerName::Timeline);
    assert!(super::texts(&shapes).contains(&"nominated"));
}

#[test]
fn shape_count_is_bounded_and_the_selected_lane_is_outlined() {
    for (nodes, kind, shapes_max) in [
        (1, LaneStyle::Named, 100),
        (7, LaneStyle::Named, 200),
        (90, LaneStyle::Thin, 500),
        (1_000, LaneStyle::Shares, 2_000),
    ] {
        let mut chart = silent(nodes, LAPTOP);
        chart.fixture.view.timeline.until = Time::from_ms(5_000);
        chart.fixture.view.timeline.axis = Axis::new(6e6);
        assert_eq!(chart.layout().lane_style, kind, "{nodes}");
        let before = chart.shapes(LayerName::Timeline);
        assert!(
            before.len() <= shapes_max,
            "{nodes}: {} shapes",
            before.len()
        );
        let version = layers::version(&chart.scene(), LayerName::Timeline);
        chart.fixture.view.selected = Some(NodeId(0));
        assert_ne!(
            layers::version(&chart.scene(), LayerName::Timeline),
            version
        );
        let shapes = chart.shapes(LayerName::Timeline);
        let name = chart.fixture.world.name(NodeId(0));
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
fn the_chart_version_changes_only_with_its_pixels() {
    let mut chart = run(None, NETWORKS[0].1, LAPTOP);
    chart.fixture.status.playback = PlaybackState::Running;
    let version = |chart: &TimelineFixture| {
        [LayerName::Timeline, LayerName::Playhead].map(|name| layers::version(&chart.scene(), name))
    };
    let [body, head] = version(&chart);
    assert!(
        body.is_some() && head.is_some(),
        "both layers can be cached"
    );
    // Time advances by less than a pixel.
    let until = chart.fixture.view.timeline.until;
    let pixel_us =
        chart.fixture.view.timeline.axis.span_us / f64::from(chart.layout().lanes.width());
    chart.fixture.world.advance_to(Time(until.0 + 1));
    assert_eq!(version(&chart)[0], body);
    assert_ne!(version(&chart)[1], head, "the playhead moves");
    chart.fixture.view.timeline.until = Time(until.0 + (2.0 * pixel_us) as u64);
    assert_ne!(version(&chart)[0], body, "the end moved by two pixels");
    // New shapes come last, so a comparison with the previous ones finds a difference only at the end.
    let before = chart.shapes(LayerName::Timeline);
    chart.fixture.view.timeline.until = Time(until.0 + (9.0 * pixel_us) as u64);
    let after = chart.shapes(LayerName::Timeline);
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
    // A hidden timeline has no shapes.
    chart.fixture.view.timeline.rect = None;
    assert!(
        chart.shapes(LayerName::Timeline).is_empty()
            && chart.shapes(LayerName::Playhead).is_empty()
    );
}

#[test]
fn the_timeline_right_of_the_playhead_is_dimmed() {
    let chart = run(None, NETWORKS[0].1, LAPTOP);
    let later = chart.shapes(LayerName::Playhead);
    let mut early = TimelineFixture {
        lanes: chart.lanes.clone(),
        fixture: Fixture::new(
            World::new(Arc::clone(&chart.fixture.world.scenario)),
            LAPTOP,
        ),
    };
    early.fixture.view.timeline = chart.fixture.view.timeline;
    let half = Time(chart.lanes.until().0 / 2);
    early.fixture.world.advance_to(half);
    let shapes = early.shapes(LayerName::Playhead);
    let veil = early.scene().theme.panel.with_opacity(0.55);
    let layout = early.layout();
    let x = layout.x_of(&early.fixture.view.timeline.axis, half);
    assert!(
        boxes(&shapes, veil)
            .iter()
            .any(|rect| (rect.min.x - x).abs() < 1.0)
    );
    assert!(boxes(&later, veil).is_empty(), "the playhead is at the end");
    let time = format!("{half}");
    assert!(
        texts(&shapes).contains(&time.as_str()),
        "{:?}",
        texts(&shapes)
    );
}
