//! Tests of the window's state machine without a display: they apply commands and input and check the new state.

mod panels;

use super::*;
use crate::explain::why::explain;
use crate::node::view::FileInfo;
use crate::node::view::NodeEvent;
use crate::picture::geometry::Geometry;
use crate::run::{ScenarioChoice, ScenarioSource, Session, StartAs};
use crate::scenario::{QuorumAnalyzer, Scenario, ScenarioGroup, ScenarioOptions, read_scenario};
use crate::scp::ScpEvent;
use crate::sim::{ExecutorKind, Simulation};
use crate::time::{Span, Time};
use crate::trace::{EventLogEntry, TransitionId};
use crate::window::command::{ShortcutKey, UserCommand};
use crate::window::input::{Modifiers, PointerButton};
use crate::window::jobs;
use crate::window::options::PositionOutput;
use crate::window::panels::PanelVisibility;
use crate::window::ui_scale::UiScale;
use std::path::Path;

const SCENARIO: &str = r#"
title = "Five nodes"
description = "Every node trusts every node."
application = "log"
[trust]
policy = "found"
threshold = "2/3"
[random]
count = 5
"#;

/// Two built-in scenarios that differ in nothing but their names.
struct TestSessions;

fn scenario(name: &str, seed: u64) -> Scenario {
    let analyzer = QuorumAnalyzer {
        intersecting: &|_| true,
        disjoint_quorums: &|_| None,
        top_tier: &|_| Vec::new(),
    };
    let options = ScenarioOptions { seed, nodes: None };
    read_scenario(name, name, SCENARIO, options, &analyzer).unwrap()
}

impl SessionFactory for TestSessions {
    fn scenarios(&self) -> Vec<ScenarioEntry> {
        let entry = |name: &str| ScenarioEntry {
            name: name.to_owned(),
            title: format!("Scenario {name}"),
            description: "Look at the votes.".to_owned(),
            group: ScenarioGroup::FirstSteps,
            positions: vec![(0.0, 0.0), (1.0, 2.0)],
        };
        vec![entry("one"), entry("two")]
    }

    fn open(&self, choice: &ScenarioChoice) -> Result<Box<dyn Session + Send>, String> {
        let name = match &choice.source {
            ScenarioSource::Given => "one",
            ScenarioSource::Named(name) if name == "one" => "one",
            ScenarioSource::Named(name) if name == "two" => "two",
            ScenarioSource::Named(name) => return Err(format!("there is no scenario \"{name}\"")),
        };
        let scenario = Arc::new(scenario(name, choice.seed));
        Ok(Box::new(
            Simulation::new(scenario, ExecutorKind::Inline).unwrap(),
        ))
    }

    fn file_info(&self, path: &Path) -> Result<FileInfo, String> {
        Ok(FileInfo {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            size_bytes: 3,
            sha256: "0".repeat(64),
        })
    }
}

/// An [`App`] and its current time.
struct Window {
    app: App,
    at: Duration,
    folder: tempfile::TempDir,
}

const FRAME: Duration = Duration::from_millis(50);

impl Window {
    /// A window that shows scenario "one" at `start_as`.
    fn open(start_as: StartAs) -> Window {
        let folder = tempfile::tempdir().unwrap();
        let options = WindowOptions {
            first: ScenarioChoice {
                source: ScenarioSource::Given,
                seed: 4,
                nodes: None,
            },
            size_px: (1280, 800),
            ui_scale: UiScale::default(),
            theme: ThemeName::Dark,
            palette: PaletteName::default(),
            start_as,
            positions: PositionOutput::Quiet,
            screenshots: folder.path().to_path_buf(),
        };
        let mut window = Window {
            app: App::new(&options, Arc::new(TestSessions)),
            at: Duration::ZERO,
            folder,
        };
        window.finish_jobs();
        window
    }

    /// A paused window in which all nodes have joined and nothing is proposed yet.
    fn ready() -> Window {
        Window::open(StartAs::PausedAt(Time::from_ms(2_400)))
    }

    fn frame(&mut self) {
        self.at += FRAME;
        self.app.update(self.at, FRAME, &|| true);
    }

    /// Updates the app without advancing time until no background job runs.
    fn finish_jobs(&mut self) {
        for _ in 0..20_000 {
            self.app.update(self.at, Duration::ZERO, &|| true);
            if !self.app.jobs.is_busy() {
                return;
            }
            jobs::sleep(Duration::from_millis(1));
        }
        panic!("a background job does not end");
    }

    fn run(&self) -> &Run {
        &self.app.shown.as_ref().unwrap().0
    }

    fn view(&self) -> &ViewState {
        &self.app.shown.as_ref().unwrap().1
    }

    fn execute(&mut self, command: UserCommand) {
        self.app.execute(command, None);
    }

    fn press_key(&mut self, key: ShortcutKey) {
        let shortcut = InputEvent::Shortcut {
            key,
            press: ButtonState::Down,
            modifiers: Modifiers::default(),
        };
        self.input(&[shortcut]);
    }

    fn input(&mut self, events: &[InputEvent]) {
        let pointer = Point::default();
        self.app
            .handle_input(events, KeyboardFocus::None, pointer, &|_| true);
    }

    fn click(&mut self, node: NodeId, button: PointerButton) {
        let at = self.position(node);
        let event = |press| InputEvent::Button { button, press, at };
        self.input(&[event(ButtonState::Down), event(ButtonState::Up)]);
    }

    fn position(&self, node: NodeId) -> Point {
        let geometry = Geometry::new(self.run().world(), self.view());
        geometry.center(node).unwrap()
    }

    fn toasts(&self) -> Vec<&str> {
        let texts = self.app.toasts.iter();
        texts.map(|(toast, _)| toast.text.as_str()).collect()
    }

    /// Plays until the run is finished.
    fn play_to_the_end(&mut self) {
        if !self.run().playback().is_playing() {
            self.execute(UserCommand::TogglePlay);
        }
        for _ in 0..100_000 {
            self.frame();
            if self.app.status.playback == PlaybackState::Finished {
                return;
            }
        }
        panic!("the run does not end");
    }
}

const N01: NodeId = NodeId(0);
const N02: NodeId = NodeId(1);

#[test]
fn tab_selects_each_node_in_turn_and_skips_nodes_that_left() {
    let mut window = Window::ready();
    window.app.select(Some(N02));
    window.execute(UserCommand::RemoveNode);
    window.app.select(None);
    window.play_to_the_end();
    assert_eq!(
        window.run().world().node(N02).unwrap().status,
        NodeStatus::Left
    );

    let mut selected = Vec::new();
    for _ in 0..5 {
        window.press_key(ShortcutKey::Tab);
        selected.push(window.view().selected.unwrap().0);
    }
    assert_eq!(selected, [0, 2, 3, 4, 0]);
}

#[test]
fn a_left_click_on_a_node_selects_it_and_proposes_there() {
    let mut window = Window::ready();
    window.click(N02, PointerButton::Left);
    assert_eq!(window.view().selected, Some(N02));
    assert_eq!(window.app.panels.inspector, PanelVisibility::Open);
    assert_eq!(window.run().world().proposals().len(), 1);
    assert_eq!(window.app.ripples.len(), 1, "the click is acknowledged");

    window.click(N01, PointerButton::Right);
    assert_eq!(window.view().selected, Some(N01));
    assert_eq!(window.app.panels.menu.unwrap().node, Some(N01));
    assert_eq!(
        window.run().world().proposals().len(),
        1,
        "a right click proposes nothing"
    );
}

#[test]
fn escape_closes_the_topmost_panel_and_then_clears_the_selection() {
    let mut window = Window::ready();
    window.click(N01, PointerButton::Right);
    window.execute(UserCommand::ToggleHelp);
    window.execute(UserCommand::ToggleScenarios);
    let state = |window: &Window| {
        let panels = &window.app.panels;
        (
            panels.menu.is_some(),
            panels.help.is_open(),
            panels.picker.is_open(),
            window.view().selected.is_some(),
        )
    };
    assert_eq!(state(&window), (true, true, true, true));
    for expected in [
        (false, true, true, true),
        (false, false, true, true),
        (false, false, false, true),
        (false, false, false, false),
    ] {
        window.press_key(ShortcutKey::Escape);
        assert_eq!(state(&window), expected);
    }
}

#[test]
fn paused_time_advances_only_by_step_and_play() {
    let mut window = Window::ready();
    let paused_at = window.run().world().now;
    (0..10).for_each(|_| window.frame());
    assert_eq!(window.run().world().now, paused_at);
    assert_eq!(window.app.status.playback, PlaybackState::Paused);

    window.click(N01, PointerButton::Left);
    window.execute(UserCommand::Step);
    let stepped_to = window.run().world().now;
    assert!(stepped_to > paused_at);
    window.frame();
    assert_eq!(window.app.status.playback, PlaybackState::Paused);

    window.press_key(ShortcutKey::Space);
    (0..10).for_each(|_| window.frame());
    assert!(window.run().world().now > stepped_to);
    assert_eq!(window.app.status.playback, PlaybackState::Running);
}

#[test]
fn a_run_without_open_proposals_is_shown_as_finished() {
    let mut window = Window::ready();
    window.click(N01, PointerButton::Left);
    window.play_to_the_end();
    assert!(!window.app.is_moving());
    let decided = |node: &crate::trace::WorldNode| node.view.log.len();
    assert!(
        window
            .run()
            .world()
            .nodes
            .iter()
            .all(|node| decided(node) == 1)
    );

    // A proposal continues the run.
    window.click(N02, PointerButton::Left);
    window.frame();
    assert_eq!(window.app.status.playback, PlaybackState::Running);
}

#[test]
fn the_past_is_shown_paused_and_cannot_be_changed() {
    let mut window = Window::ready();
    window.click(N01, PointerButton::Left);
    window.play_to_the_end();
    let end = window.run().world().now;
    window.execute(UserCommand::SeekBackward);
    window.frame();
    assert!(window.run().world().now < end);
    assert_eq!(window.app.status.playback, PlaybackState::Past);
    let now = window.run().world().now;
    window.frame();
    assert_eq!(window.run().world().now, now);

    window.click(N02, PointerButton::Left);
    assert_eq!(window.toasts().len(), 1, "the refusal is shown");
    window.execute(UserCommand::ReturnToPresent);
    (0..100).for_each(|_| window.frame());
    assert!(!window.run().is_in_past());
    assert_eq!(window.run().world().proposals().len(), 1);
}

#[test]
fn restart_keeps_the_seed_and_new_seed_increments_it() {
    let mut window = Window::ready();
    window.execute(UserCommand::Restart);
    window.finish_jobs();
    assert_eq!(window.run().choice().seed, 4);
    window.execute(UserCommand::NewSeed);
    window.finish_jobs();
    assert_eq!(window.run().choice().seed, 5);

    window.execute(UserCommand::OpenScenario(1));
    window.finish_jobs();
    assert_eq!(window.run().world().scenario.name, "two");
    assert_eq!(window.run().choice().seed, 5);
    window
        .app
        .handle_requests(vec![PanelRequest::OpenScenario("three".into())]);
    window.finish_jobs();
    assert_eq!(
        window.run().world().scenario.name,
        "two",
        "the old run stays"
    );
    assert!(window.toasts()[0].contains("three"), "the error is shown");
}

#[test]
fn a_disabled_command_shows_its_reason_and_changes_nothing() {
    let mut window = Window::ready();
    window.execute(UserCommand::Propose);
    assert_eq!(window.toasts().len(), 1);
    assert_eq!(window.run().world().proposals().len(), 0);
    window.execute(UserCommand::Propose);
    assert_eq!(window.toasts().len(), 1, "the same text is shown once");
    let node = NodeId(1);
    window
        .app
        .handle_requests(vec![PanelRequest::Act(Action::Restart { node })]);
    assert_eq!(window.toasts()[1], "n02 has not crashed.");
    window.at += TOAST_DURATION;
    window.frame();
    assert!(window.toasts().is_empty(), "the toast has expired");
}

#[test]
fn nodes_are_added_at_a_point_and_removed_by_leaving() {
    let mut window = Window::ready();
    let at = Point { x: 400.0, y: 300.0 };
    window.app.handle_requests(vec![PanelRequest::AddNode(at)]);
    let added = NodeId(5);
    assert_eq!(window.run().world().nodes.len(), 6);
    window
        .app
        .handle_requests(vec![PanelRequest::RemoveNode(N01)]);
    window.play_to_the_end();
    let status = |node| window.run().world().node(node).unwrap().status;
    assert_eq!(status(N01), NodeStatus::Left);
    assert_eq!(status(added), NodeStatus::Running);
}

#[test]
fn a_new_node_touches_no_other_one_and_is_selected() {
    let mut window = Window::ready();
    let occupied = window.position(N01);
    for nth in 5..9 {
        window.app.execute(UserCommand::AddNode, Some(occupied));
        let added = NodeId(nth);
        assert_eq!(window.view().selected, Some(added));
        let at = window.position(added);
        let geometry = Geometry::new(window.run().world(), window.view());
        for (other, center) in geometry.nodes().filter(|(other, _)| *other != added) {
            let distance_px = at.distance_px(center);
            assert!(distance_px > 2.0 * geometry.radius_px, "{other:?}");
        }
    }
}

#[test]
fn opening_a_panel_leaves_every_node_where_it_is() {
    let mut window = Window::ready();
    let size = Point {
        x: 1280.0,
        y: 800.0,
    };
    let canvas = |right| Rect::from_corners(0.0, 44.0, right, 650.0);
    window.app.set_layout(size, canvas(1280.0));
    let fitted = window.position(N01);
    window.click(N01, PointerButton::Left);
    window.app.set_layout(size, canvas(980.0));
    let moved_px = window.position(N01).distance_px(fitted);
    assert!(moved_px < 0.01, "{moved_px}");
    window.app.set_layout(size, canvas(500.0));
    let geometry = Geometry::new(window.run().world(), window.view());
    assert!(
        geometry.nodes().all(|(_, center)| center.x < 500.0),
        "a panel that would cover nodes fits the picture again"
    );
    let wider = Point { x: 1600.0, ..size };
    window.app.set_layout(wider, canvas(1300.0));
    assert!(
        window.position(N01).distance_px(fitted) > 1.0,
        "a new window size fits the picture again"
    );
}

#[test]
fn no_command_reaches_the_run_through_a_modal_panel() {
    let keys = [
        ShortcutKey::Delete,
        ShortcutKey::Char('r'),
        ShortcutKey::Char('2'),
        ShortcutKey::Char('a'),
        ShortcutKey::Space,
    ];
    for open in [UserCommand::ToggleHelp, UserCommand::ToggleScenarios] {
        let mut window = Window::ready();
        window.app.select(Some(N01));
        window.execute(open);
        keys.iter().for_each(|key| window.press_key(*key));
        window.finish_jobs();
        let run = window.run();
        assert_eq!(run.world().scenario.name, "one");
        assert_eq!(run.world().nodes.len(), 5);
        assert_eq!(run.world().node(N01).unwrap().status, NodeStatus::Running);
        assert!(!run.playback().is_playing());
        assert!(window.app.has_modal_panel());
        window.press_key(ShortcutKey::Escape);
        assert!(!window.app.has_modal_panel());
        assert_eq!(window.view().selected, Some(N01), "Esc closes one thing");
    }
}

/// A window in which node 1 has proposed and every node has decided.
fn decided() -> Window {
    let mut window = Window::ready();
    window.click(N01, PointerButton::Left);
    window.play_to_the_end();
    window
}

fn finish_seek(window: &mut Window) {
    for _ in 0..1_000 {
        window.frame();
        if !window.run().is_moving() {
            return;
        }
    }
    panic!("the seek does not end");
}

#[test]
fn explanations_lead_back_to_the_first_proposal_and_forward_again() {
    let mut window = decided();
    let slot = *window.run().world().slots().keys().next().unwrap();
    let transitions = window.run().causes().node(slot, N02).unwrap().transitions();
    let mut id = TransitionId {
        slot,
        node: N02,
        nth: transitions.len() - 1,
    };
    let mut steps = 0;
    loop {
        window.app.handle_requests(vec![PanelRequest::Explain(id)]);
        finish_seek(&mut window);
        let shown = window.run();
        let at = shown.causes().transition(id).unwrap().at;
        assert_eq!(shown.world().now, at, "the instant of the transition");
        assert_eq!(window.view().selected, Some(id.node));
        let causes = explain(shown.causes(), id).unwrap().causes();
        let Some(cause) = causes.first() else { break };
        assert!(shown.causes().transition(*cause).unwrap().at <= at);
        (id, steps) = (*cause, steps + 1);
        assert!(steps < 100, "the chain of causes does not end");
    }
    assert!(steps > 3, "{steps}");
    let first = window.run().causes().transition(id).unwrap();
    assert!(
        matches!(*first.event, ScpEvent::VotedNominate { .. }),
        "{:?}",
        first.event
    );
    let trail = window.app.panels.explained.clone();
    assert_eq!(trail.len(), steps + 1);
    assert!(!trail[steps].effects.is_empty(), "it caused something");
    for open in trail.iter().rev().skip(1) {
        window
            .app
            .handle_requests(vec![PanelRequest::ExplainPrevious]);
        finish_seek(&mut window);
        assert_eq!(window.view().selected, Some(open.id.node));
    }
}

#[test]
fn a_line_of_the_log_opens_the_explanation_of_its_transition() {
    let mut window = decided();
    let world = window.run().world();
    let is_transition = |entry: &&EventLogEntry| matches!(entry.event, NodeEvent::Scp(_));
    let entry = world.log.iter().rev().find(is_transition).unwrap().clone();
    let request = PanelRequest::ExplainEntry(entry.node, entry.at);
    window.app.handle_requests(vec![request]);
    finish_seek(&mut window);
    let open = window.app.panels.explained.last().unwrap();
    assert_eq!(open.id.node, entry.node);
    assert_eq!(window.run().world().now, entry.at);
}

#[test]
fn availability_names_the_nodes_to_bring_back_and_changes_at_once() {
    let mut window = Window::ready();
    window.frame();
    let availability = |window: &Window| window.app.status.availability.clone().unwrap();
    assert!(availability(&window).available);
    // Every node needs four of five.
    for node in [NodeId(3), NodeId(4)] {
        window
            .app
            .handle_requests(vec![PanelRequest::Act(Action::Crash { node })]);
    }
    window.frame();
    let now = availability(&window);
    assert!(!now.available);
    assert_eq!(now.without, [NodeId(3), NodeId(4)]);
    assert_eq!(now.bring_back.sets, [[NodeId(3)], [NodeId(4)]]);
    let node = NodeId(3);
    window
        .app
        .handle_requests(vec![PanelRequest::Act(Action::Restart { node })]);
    window.frame();
    assert!(availability(&window).available);
}

#[test]
fn the_key_that_closes_the_menu_keeps_the_selection() {
    let mut window = Window::ready();
    window.click(N02, PointerButton::Right);
    assert_eq!(window.view().selected, Some(N02));
    // The panels see the key before the shortcuts.
    window.app.handle_requests(vec![PanelRequest::CloseMenu]);
    window.press_key(ShortcutKey::Escape);
    assert_eq!(window.view().selected, Some(N02));
    window.press_key(ShortcutKey::Escape);
    assert_eq!(window.view().selected, None);
}

#[test]
fn home_shows_the_beginning_and_end_the_present() {
    let mut window = Window::ready();
    let now = window.run().world().now;
    window.press_key(ShortcutKey::Home);
    window.frame();
    assert_eq!(window.run().world().now, Time::ZERO);
    window.press_key(ShortcutKey::End);
    window.frame();
    assert_eq!(window.run().world().now, now);
}

#[test]
fn dragging_a_node_moves_it_without_proposing() {
    let mut window = Window::ready();
    let (from, to) = (window.position(N01), Point { x: 640.0, y: 400.0 });
    let button = |press, at| InputEvent::Button {
        button: PointerButton::Left,
        press,
        at,
    };
    window.input(&[
        button(ButtonState::Down, from),
        InputEvent::PointerMoved(to),
        button(ButtonState::Up, to),
    ]);
    assert!(window.run().world().proposals().is_empty());
    let place = window.view().place(window.run().world(), N01);
    let expected = window.view().camera.world_from_screen(window.position(N01));
    assert!((place.x - expected.x).abs() < 1.0 && (place.y - expected.y).abs() < 1.0);
}

#[test]
fn the_next_click_proposes_a_dropped_file() {
    let mut window = Window::ready();
    window.input(&[InputEvent::FileDropped("/tmp/photo.png".into())]);
    window.finish_jobs();
    assert!(window.toasts()[0].contains("photo.png"));
    window.click(N01, PointerButton::Left);
    let proposals = window.run().world().proposals();
    assert!(proposals[0].1.content.to_string().contains("photo.png"));
}

#[test]
fn a_screenshot_is_written_in_two_formats() {
    let mut window = Window::ready();
    window.press_key(ShortcutKey::Char('s'));
    window.finish_jobs();
    let names: Vec<String> = std::fs::read_dir(window.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("one-seed4-2.4")));
    assert_eq!(window.toasts().len(), 1);
    let folder = window.folder.path().display().to_string();
    assert!(window.toasts()[0].contains(&folder), "the whole path");
}

#[test]
fn keys_typed_into_a_text_field_are_not_commands() {
    let mut window = Window::ready();
    let shortcut = InputEvent::Shortcut {
        key: ShortcutKey::Char('t'),
        press: ButtonState::Down,
        modifiers: Modifiers::default(),
    };
    let pointer = Point::default();
    window.app.handle_input(
        std::slice::from_ref(&shortcut),
        KeyboardFocus::Panel,
        pointer,
        &|_| true,
    );
    assert_eq!(window.view().theme, ThemeName::Dark);
    window.input(&[shortcut]);
    assert_eq!(window.view().theme, ThemeName::Light);
}

#[test]
fn the_timeline_follows_the_playhead_and_zooms_about_it() {
    let mut window = Window::open(StartAs::Playing);
    (0..200).for_each(|_| window.frame());
    let axis = window.view().timeline.axis;
    let now = window.run().world().now;
    assert!((0.0..=1.0).contains(&axis.share_of(now)));
    window.execute(UserCommand::ZoomTimelineIn);
    let closer = window.view().timeline.axis;
    assert!(closer.span_us < axis.span_us);
    assert!((closer.share_of(now) - axis.share_of(now)).abs() < 0.02);
    window
        .app
        .handle_requests(vec![PanelRequest::Seek(Time::from_ms(100))]);
    window.frame();
    assert_eq!(window.run().world().now, Time::ZERO + Span::from_ms(100));
}

#[test]
fn each_run_state_has_its_playback_state() {
    for (state, expected) in [
        (RunState::Playing, PlaybackState::Running),
        (RunState::Paused, PlaybackState::Paused),
        (RunState::Past, PlaybackState::Past),
        (RunState::Finished, PlaybackState::Finished),
    ] {
        assert_eq!(playback_state(state), expected);
    }
}
