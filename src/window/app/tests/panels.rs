//! Tests of the panels without a display, driven through AccessKit: a click on a widget changes the state of the
//! window.

use super::*;
use crate::window::style;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

/// The panels of a window, laid out as in the frame loop.
fn harness<'a>(window: Window) -> Harness<'a, Window> {
    let theme = window.app.theme();
    Harness::builder()
        .with_size((1280.0, 800.0))
        .allow_missing_glyphs()
        .with_context_setup(move |ctx| {
            style::set_fonts(ctx);
            style::set_theme(ctx, &theme);
        })
        .build_ui_state(
            |ui, window: &mut Window| {
                let response = window.app.panels(ui);
                window.app.handle_requests(response.requests);
            },
            window,
        )
}

#[test]
fn every_command_of_the_toolbar_is_a_button_that_executes_it() {
    let mut harness = harness(Window::ready());
    assert!(!harness.state().run().playback().is_playing());
    harness.get_by_label("Play or pause").click();
    harness.run_steps(6);
    assert!(harness.state().run().playback().is_playing());

    harness.get_by_label("Event log").click();
    harness.run_steps(6);
    assert!(harness.state().app.panels.log.is_open());
    harness.get_by_label("Close the event log").click();
    harness.run_steps(6);
    assert!(!harness.state().app.panels.log.is_open());

    harness.get_by_label("Light or dark").click();
    harness.run_steps(6);
    assert_eq!(harness.state().view().theme, ThemeName::Light);
}

#[test]
fn a_disabled_button_does_nothing() {
    let mut harness = harness(Window::ready());
    harness.get_by_label("Remove node").click();
    harness.run_steps(6);
    let window = harness.state();
    assert!(window.toasts().is_empty());
    assert!(
        window
            .run()
            .world()
            .nodes
            .iter()
            .all(|node| node.status == NodeStatus::Running)
    );
}

#[test]
fn the_help_lists_every_command_with_its_shortcut() {
    let mut window = Window::ready();
    window.execute(UserCommand::ToggleHelp);
    let mut harness = harness(window);
    harness.run_steps(6);
    for text in ["Space", "Shift R", "Step back", "Screenshot", "Wheel"] {
        assert!(harness.query_all_by_label(text).next().is_some(), "{text}");
    }
}

#[test]
fn the_node_panel_describes_the_selected_node_and_a_click_selects_another() {
    let mut window = Window::ready();
    window.app.select(Some(N01));
    let mut harness = harness(window);
    harness.run_steps(6);
    assert!(harness.query_all_by_label("n01").next().is_some());
    harness.get_by_label("n03").click();
    harness.run_steps(6);
    assert_eq!(harness.state().view().selected, Some(NodeId(2)));
}

#[test]
fn the_picker_lists_scenarios_and_a_click_opens_one() {
    let mut window = Window::ready();
    window.execute(UserCommand::ToggleScenarios);
    let mut harness = harness(window);
    harness.run_steps(6);
    harness.get_by_label("Scenario two").click();
    harness.run_steps(6);
    harness.state_mut().finish_jobs();
    assert_eq!(harness.state().run().world().scenario.name, "two");
    assert!(!harness.state().app.panels.picker.is_open());
}

#[test]
fn the_context_menu_of_a_node_offers_faults_and_closes_after_a_choice() {
    let mut window = Window::ready();
    window.click(N02, PointerButton::Right);
    let mut harness = harness(window);
    harness.run_steps(6);
    harness.get_by_label("Crash").click();
    harness.run_steps(6);
    let window = harness.state();
    assert_eq!(
        window.run().world().node(N02).unwrap().status,
        NodeStatus::Crashed
    );
    assert!(window.app.panels.menu.is_none());
}

#[test]
fn a_click_proposes_the_typed_note() {
    let mut harness = harness(Window::ready());
    let field = harness.get_all_by_role(egui::Role::TextInput).next();
    let field = field.expect("the toolbar has a text field");
    field.focus();
    field.type_text("hello");
    harness.run_steps(6);
    harness.state_mut().click(N01, PointerButton::Left);
    let proposals = harness.state().run().world().proposals();
    assert_eq!(proposals[0].1.content.to_string(), "hello");
}

#[test]
fn the_picker_filters_by_typing_and_opens_by_keyboard() {
    let mut window = Window::ready();
    window.execute(UserCommand::ToggleScenarios);
    let mut harness = harness(window);
    harness.run_steps(3);
    harness.key_press(egui::Key::ArrowDown);
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    harness.state_mut().finish_jobs();
    assert_eq!(harness.state().run().world().scenario.name, "two");

    harness.state_mut().execute(UserCommand::ToggleScenarios);
    harness.run_steps(3);
    // The filter has the focus, so typed text goes there.
    harness.event(egui::Event::Text("ONE".to_owned()));
    harness.run_steps(3);
    assert!(harness.query_by_label("Scenario two").is_none());
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    harness.state_mut().finish_jobs();
    assert_eq!(harness.state().run().world().scenario.name, "one");

    harness.state_mut().execute(UserCommand::ToggleScenarios);
    harness.run_steps(3);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().app.panels.picker.is_open());
}

#[test]
fn an_invalid_seed_is_explained_and_the_run_stays() {
    let mut harness = harness(Window::ready());
    harness.run_steps(2);
    let field = harness.get_all_by_role(egui::Role::TextInput).last();
    let field = field.expect("the toolbar has a seed field");
    field.focus();
    field.type_text("abc");
    harness.run_steps(3);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(3);
    let window = harness.state();
    assert!(
        window.toasts()[0].contains("abc\" is not a seed"),
        "{:?}",
        window.toasts()
    );
    assert_eq!(window.run().choice().seed, 4);
}

#[test]
fn a_halted_node_says_what_it_lacks_and_a_step_opens_its_explanation() {
    let mut window = Window::ready();
    for node in [NodeId(3), NodeId(4)] {
        let crash = PanelRequest::Act(Action::Crash { node });
        window.app.handle_requests(vec![crash]);
    }
    window.click(N01, PointerButton::Left);
    (0..200).for_each(|_| {
        window.app.execute(UserCommand::Step, None);
        window.frame();
    });
    let mut harness = harness(window);
    harness.run_steps(4);
    assert!(harness.query_by_label("Why it waits").is_some());
    assert!(harness.query_by_label("n04: has crashed").is_some());
    assert!(harness.query_by_label("Why it took its steps").is_some());
    let step = harness
        .query_all_by_label_contains("votes to nominate")
        .last();
    step.expect("its vote is listed").click();
    harness.run_steps(4);
    assert_eq!(harness.state().app.panels.explained.len(), 1);
    assert!(harness.query_by_label("Close the explanation").is_some());
}

#[test]
fn the_log_is_filtered_by_text_and_by_kind() {
    let mut window = Window::ready();
    window.click(N01, PointerButton::Left);
    window.play_to_the_end();
    window.execute(UserCommand::ToggleLog);
    let mut harness = harness(window);
    harness.run_steps(4);
    let count = |harness: &Harness<'_, Window>, text: &'static str| {
        harness.query_all_by_label_contains(text).count()
    };
    let is_search =
        |field: &egui_kittest::Node<'_>| field.accesskit_node().placeholder() == Some("Search");
    {
        let mut fields = harness.query_all_by_role(egui::Role::TextInput);
        let search = fields.find(is_search);
        search.expect("the log has a search field").focus();
    }
    harness.run_steps(2);
    harness.event(egui::Event::Text("N02 EXT".to_owned()));
    harness.run_steps(4);
    assert!(count(&harness, "n02 externalizes") > 0);
    assert_eq!(count(&harness, "n03 "), 0);
    harness.get_by_label("Network").click();
    harness.run_steps(4);
    assert_eq!(count(&harness, "n02 externalizes"), 0);
    harness.get_by_label("Consensus").click();
    harness.run_steps(4);
    assert!(count(&harness, "n02 externalizes") > 0);
}
