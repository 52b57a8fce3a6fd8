//! Layers of nodes, edges, messages and labels; hit tests; layer versions.

use super::worlds::{Script, log_value, note};
use super::{Fixture, LAPTOP, fill_at, texts};
use quorumscope::picture::canvas::{LayerName, Point, Rect, Shape};
use quorumscope::picture::hit_test::node_at;
use quorumscope::picture::layers;
use quorumscope::picture::messages::DOTS_MAX;
use quorumscope::picture::theme::{PaletteName, ThemeName};
use quorumscope::picture::view_state::{HighlightedSet, LabelMode, Visibility};
use quorumscope::scenario::Action;
use quorumscope::scp::{NodeId, Value};
use quorumscope::time::{Span, Time};
use quorumscope::trace::Record;

fn mid_vote(nodes: u32) -> Fixture {
    let value = log_value(&[note(3, 1, "note 3")]);
    Fixture::new(
        Script::radio(nodes, 400.0)
            .discovered()
            .mid_vote(&[value])
            .world,
        LAPTOP,
    )
}

fn act(fixture: &mut Fixture, action: Action) {
    let at = fixture.world.now;
    fixture.world.apply(&Record::Acted { at, action });
}

#[test]
fn fill_and_letter_follow_the_phase() {
    let fixture = mid_vote(5);
    let (scene, phases) = (fixture.scene(), fixture.view.theme().phases);
    let shapes = layers::shapes(&scene, LayerName::Nodes);
    let expected = [
        phases.idle,
        phases.nominate,
        phases.accept[0],
        phases.confirm[0],
        phases.confirm[0],
    ];
    for (node, color) in (0..).map(NodeId).zip(expected) {
        let center = scene.geometry.center(node).unwrap();
        assert_eq!(fill_at(&shapes, center), Some(color), "{node:?}");
    }
    let mut letters = texts(&shapes);
    letters.sort_unstable();
    assert_eq!(
        letters,
        ["A", "C", "N"],
        "idle has none, externalized has a tick"
    );
}

#[test]
fn the_classic_palette_distinguishes_values() {
    let values = [Value::from("0"), Value::from("1")];
    let mut fixture = Fixture::new(
        Script::radio(6, 1400.0).discovered().agreed(&values).world,
        LAPTOP,
    );
    fixture.view.palette = PaletteName::Classic;
    let scene = fixture.scene();
    let shapes = layers::shapes(&scene, LayerName::Nodes);
    let fill = |node| fill_at(&shapes, scene.geometry.center(NodeId(node)).unwrap()).unwrap();
    let confirm = fixture.view.theme().phases.confirm;
    assert_eq!((fill(0), fill(1)), (confirm[0], confirm[1]));
    assert_ne!(confirm[0], confirm[1]);
}

#[test]
fn crashed_nodes_are_hollow_and_nodes_that_left_disappear() {
    let mut fixture = mid_vote(7);
    let before = fixture.shapes(LayerName::Nodes).len();
    act(&mut fixture, Action::Crash { node: NodeId(3) });
    let scene = fixture.scene();
    let center = scene.geometry.center(NodeId(3)).unwrap();
    assert_eq!(
        fill_at(&layers::shapes(&scene, LayerName::Nodes), center),
        Some(fixture.view.theme().background)
    );
    assert_ne!(before, layers::shapes(&scene, LayerName::Nodes).len());

    let world = &mut fixture.world;
    let (at, node) = (world.now, NodeId(4));
    let outputs = vec![quorumscope::node::Output::Event(
        quorumscope::node::NodeEvent::Left,
    )];
    world.apply(&Record::Stepped {
        at,
        generation: 0,
        node,
        input: quorumscope::node::Input::Leave,
        outputs,
    });
    assert_eq!(fixture.scene().geometry.center(node), None);
    assert!(!texts(&fixture.shapes(LayerName::Labels)).contains(&"n04"));
}

#[test]
fn large_networks_have_fill_and_rim_only() {
    let fixture = mid_vote(1000);
    let scene = fixture.scene();
    assert!((scene.geometry.radius_px - 4.0).abs() < 0.01);
    let shapes = layers::shapes(&scene, LayerName::Nodes);
    assert!(
        shapes
            .iter()
            .all(|shape| matches!(shape, Shape::Circle { .. }))
    );
    // One circle per node, and a light centre per externalized node.
    assert_eq!(shapes.len(), 1000 + 200);
    let light = fixture.view.theme().externalized_middle;
    let middles = shapes
        .iter()
        .filter(|shape| matches!(shape, Shape::Circle { fill: Some(fill), .. } if *fill == light));
    assert_eq!(middles.count(), 200);
}

#[test]
fn the_pointer_finds_the_nearest_node() {
    let mut fixture = mid_vote(20);
    for node in (0..20).map(NodeId) {
        let center = fixture.scene().geometry.center(node).unwrap();
        assert_eq!(
            node_at(&fixture.world, &fixture.view, center.offset(2.0, -2.0)),
            Some(node)
        );
    }
    assert_eq!(
        node_at(&fixture.world, &fixture.view, Point { x: 230.0, y: 60.0 }),
        None
    );
    // The pointer also finds a node after zooming in, but no node below the toolbar.
    fixture.view.camera = fixture
        .view
        .camera
        .zoomed_about(fixture.view.canvas.center(), 4.0);
    let near = fixture
        .scene()
        .geometry
        .nodes()
        .find(|(_, at)| fixture.view.canvas.contains(*at))
        .unwrap();
    assert_eq!(node_at(&fixture.world, &fixture.view, near.1), Some(near.0));
    let above = fixture
        .scene()
        .geometry
        .nodes()
        .find(|(_, at)| !fixture.view.canvas.contains(*at))
        .unwrap();
    assert_eq!(node_at(&fixture.world, &fixture.view, above.1), None);
}

#[test]
fn labels_overlap_neither_nodes_nor_each_other() {
    for nodes in [7, 20, 60, 90, 1000] {
        let mut fixture = mid_vote(nodes);
        fixture.view.labels = LabelMode::All;
        let scene = fixture.scene();
        let shapes = layers::shapes(&scene, LayerName::Labels);
        let grounds: Vec<Rect> = shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Box { rect, .. } => Some(*rect),
                _ => None,
            })
            .collect();
        assert!(!grounds.is_empty());
        assert_eq!(grounds.len(), texts(&shapes).len());
        for (at, one) in grounds.iter().enumerate() {
            assert!(
                grounds[at + 1..].iter().all(|two| !one.overlaps(*two)),
                "{nodes} nodes"
            );
            let rim = scene.geometry.radius_px;
            let covers = |center: Point| one.inset(-rim * 0.7).contains(center);
            assert!(
                !scene.geometry.nodes().any(|(_, center)| covers(center)),
                "{nodes} nodes: {one:?}"
            );
        }
    }
}

#[test]
fn small_networks_show_all_names_and_large_ones_only_some() {
    let fixture = mid_vote(7);
    let shapes = fixture.shapes(LayerName::Labels);
    let names = texts(&shapes);
    for name in ["n00", "n03", "n06"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(names.contains(&"note 3"), "{names:?}");

    let mut fixture = mid_vote(90);
    assert!(fixture.shapes(LayerName::Labels).is_empty());
    fixture.view.selected = Some(NodeId(8));
    let shapes = fixture.shapes(LayerName::Labels);
    let names = texts(&shapes);
    assert!(names.contains(&"n08") && names.len() < 90);
}

#[test]
fn either_all_names_have_a_value_line_or_none_has() {
    for nodes in [5, 12, 20, 30, 45, 60] {
        let value = Value::from("pizza");
        let script = Script::radio(nodes, 1400.0).discovered().agreed(&[value]);
        let mut fixture = Fixture::new(script.world, LAPTOP);
        let stands = |fixture: &Fixture| {
            let shapes = fixture.shapes(LayerName::Labels);
            let texts = texts(&shapes);
            let stands = texts.iter().filter(|text| **text == "pizza").count();
            (stands, texts.len() - stands)
        };
        let (below, names) = stands(&fixture);
        assert!(below == 0 || below == names, "{below} of {names}");
        assert!(nodes > 5 || below == 5);
        fixture.view.hovered = Some(NodeId(4));
        assert!(stands(&fixture).0 >= below);
    }
}

#[test]
fn message_counts_overlap_neither_labels_nor_each_other() {
    let value = log_value(&[note(3, 1, "note 3")]);
    let script = Script::radio(20, 400.0).discovered().mid_vote(&[value]);
    let fixture = Fixture::new(script.flights(900).world, LAPTOP);
    let boxes = |layer: LayerName| -> Vec<Rect> {
        let shapes = fixture.shapes(layer);
        shapes.iter().filter_map(super::overlay::box_of).collect()
    };
    let counts = boxes(LayerName::Messages);
    assert!(counts.len() > 3, "{}", counts.len());
    let labels = boxes(LayerName::Labels);
    for (at, one) in counts.iter().enumerate() {
        let mut others = counts[at + 1..].iter().chain(&labels);
        assert!(others.all(|other| !other.overlaps(*one)), "{one:?}");
    }
}

#[test]
fn a_highlighted_set_dims_all_other_nodes() {
    let mut fixture = mid_vote(7);
    let members = [NodeId(1), NodeId(2)].into();
    fixture.view.set = Some(HighlightedSet {
        label: "a slice".into(),
        members,
        target: None,
    });
    let scene = fixture.scene();
    let shapes = layers::shapes(&scene, LayerName::Nodes);
    let fill = |node| fill_at(&shapes, scene.geometry.center(NodeId(node)).unwrap()).unwrap();
    let phases = fixture.view.theme().phases;
    assert_eq!(fill(1), phases.nominate);
    assert_ne!(
        fill(6),
        phases.nominate,
        "n06 nominates as well, but is not a member"
    );
    assert_eq!(
        layers::shapes(&scene, LayerName::Sets).len(),
        2,
        "one hull: fill and outline"
    );
}

#[test]
fn edges_are_lines_when_one_way_and_arcs_when_mutual() {
    let fixture = mid_vote(7);
    let shapes = fixture.shapes(LayerName::Edges);
    assert!(!shapes.is_empty());
    assert!(
        shapes
            .iter()
            .all(|shape| matches!(shape, Shape::Line { points, .. } if points.len() > 2))
    );

    let mut script = Script::radio(2, 1400.0);
    let trusted = std::sync::Arc::new([NodeId(0), NodeId(1)].into());
    let cause = quorumscope::node::TrustCause::Discovered;
    script.event(
        NodeId(0),
        quorumscope::node::NodeEvent::TrustChanged { trusted, cause },
    );
    let fixture = Fixture::new(script.world, LAPTOP);
    let shapes = fixture.shapes(LayerName::Edges);
    assert!(matches!(&shapes[0], Shape::Line { points, .. } if points.len() == 2));
    assert!(
        matches!(&shapes[1], Shape::Polygon { points, .. } if points.len() == 3),
        "arrowhead"
    );
}

#[test]
fn few_messages_move_as_dots_and_many_become_pulses() {
    let value = log_value(&[note(3, 1, "note 3")]);
    let few = Script::radio(20, 400.0)
        .discovered()
        .mid_vote(std::slice::from_ref(&value))
        .flights(20);
    let mut fixture = Fixture::new(few.world, LAPTOP);
    let before = fixture.shapes(LayerName::Messages);
    fixture
        .world
        .advance_to(fixture.world.now + Span::from_ms(5));
    assert_ne!(before, fixture.shapes(LayerName::Messages));
    assert_eq!(layers::version(&fixture.scene(), LayerName::Messages), None);
    fixture.world.advance_to(Time::from_ms(60_000));
    assert!(fixture.shapes(LayerName::Messages).is_empty());

    let many = Script::radio(20, 400.0)
        .discovered()
        .mid_vote(&[value])
        .flights(500);
    assert!(many.world.flights.len() > DOTS_MAX);
    let fixture = Fixture::new(many.world, LAPTOP);
    let shapes = fixture.shapes(LayerName::Messages);
    let lines = shapes
        .iter()
        .filter(|shape| matches!(shape, Shape::Line { .. }))
        .count();
    assert!(lines > 10 && shapes.len() < 500, "{} shapes", shapes.len());
    assert!(
        texts(&shapes)
            .iter()
            .any(|text| text.parse::<u32>().is_ok_and(|count| count > 1))
    );
}

#[test]
fn versions_change_exactly_when_the_layer_changes() {
    let value = log_value(&[note(3, 1, "note 3")]);
    let mut fixture = Fixture::new(
        Script::radio(90, 200.0).discovered().agreed(&[value]).world,
        LAPTOP,
    );
    fixture.world.advance_to(Time::from_ms(60_000));
    let versions =
        |fixture: &Fixture| LayerName::ALL.map(|name| layers::version(&fixture.scene(), name));
    let first = versions(&fixture);
    assert!(
        first.iter().all(Option::is_some),
        "nothing moves: {first:?}"
    );
    assert_eq!(first, versions(&fixture));

    let changed = |fixture: &Fixture, name: LayerName| {
        let at = LayerName::ALL
            .iter()
            .position(|other| *other == name)
            .unwrap();
        versions(fixture)[at] != first[at]
    };
    fixture.view.theme = ThemeName::Light;
    assert!(changed(&fixture, LayerName::Edges) && changed(&fixture, LayerName::Overlay));
    fixture.view.theme = ThemeName::Dark;
    fixture.view.hovered = Some(NodeId(2));
    assert!(
        !changed(&fixture, LayerName::Edges),
        "hovering does not change edges"
    );
    assert!(changed(&fixture, LayerName::Nodes));
    fixture.view.hovered = None;
    fixture.view.camera = fixture.view.camera.panned(Point { x: 3.0, y: 0.0 });
    assert!(changed(&fixture, LayerName::Edges) && !changed(&fixture, LayerName::Overlay));
    fixture.view.layers.edges = Visibility::Hidden;
    assert!(fixture.shapes(LayerName::Edges).is_empty());
}

#[test]
fn rings_spread_and_fade() {
    let mut fixture = Fixture::new(Script::radio(20, 400.0).broadcasting().world, LAPTOP);
    let radius = |fixture: &Fixture| match fixture.shapes(LayerName::Rings).first() {
        Some(Shape::Circle { radius_px, .. }) => *radius_px,
        other => panic!("{other:?}"),
    };
    let before = radius(&fixture);
    fixture
        .world
        .advance_to(fixture.world.now + Span::from_ms(20));
    assert!(radius(&fixture) > before);
    fixture.world.advance_to(Time::from_ms(10_000));
    assert!(fixture.shapes(LayerName::Rings).is_empty());
}
