//! Help overlay: mouse actions and keyboard shortcuts, generated from the command table.

use super::widgets::{dim_label, heading, modal};
use super::{PanelModel, PanelState, PanelVisibility};
use crate::picture::theme::Theme;
use crate::text::{format, panel as text};
use crate::window::command::{CommandGroup, TABLE, TextFn, UserCommand};
use crate::window::style::color;
use egui::{Align, Key, Layout, RichText, ScrollArea, Ui, vec2};

/// Largest size of the panel, in pixels.
const SIZE: egui::Vec2 = vec2(848.0, 660.0);
/// Scroll distance of an arrow key, in pixels.
const LINE_PX: f32 = 24.0;
/// Lines that the page keys scroll by.
const PAGE_LINES: f32 = 16.0;

const MOUSE: [(TextFn, TextFn); 7] = [
    (text::mouse_click, text::mouse_click_tip),
    (text::mouse_right, text::mouse_right_tip),
    (text::mouse_drag, text::mouse_drag_tip),
    (text::mouse_pan, text::mouse_pan_tip),
    (text::wheel, text::wheel_tip),
    (text::mouse_timeline, text::mouse_timeline_tip),
    (text::mouse_drop, text::mouse_drop_tip),
];

pub(super) fn show(ctx: &egui::Context, model: &PanelModel<'_>, state: &mut PanelState) {
    let is_open = modal(ctx, &model.theme, text::help(), SIZE, |ui| {
        ScrollArea::vertical()
            .auto_shrink([false, true])
            .show(ui, |ui| {
                scroll_by_key(ui);
                ui.add(egui::Label::new(text::about()).wrap());
                ui.spacing_mut().item_spacing.x = 24.0;
                ui.columns(2, |columns| {
                    if let [left, right] = columns {
                        mouse(left, &model.theme);
                        for (nth, heading) in CommandGroup::ALL.into_iter().enumerate() {
                            let column = if nth < 2 { &mut *left } else { &mut *right };
                            group(column, &model.theme, heading);
                        }
                        meaning(right, &model.theme);
                    }
                });
            });
    });
    if !is_open {
        state.help = PanelVisibility::Closed;
    }
}

fn scroll_by_key(ui: &Ui) {
    let lines = ui.input(|input| {
        let pressed = |key| input.num_presses(key) as f32;
        pressed(Key::ArrowUp) - pressed(Key::ArrowDown)
            + (pressed(Key::PageUp) - pressed(Key::PageDown)) * PAGE_LINES
    });
    ui.scroll_with_delta(vec2(0.0, lines * LINE_PX));
}

fn mouse(ui: &mut Ui, theme: &Theme) {
    heading(ui, theme, text::mouse());
    for (gesture, effect) in MOUSE {
        line(ui, theme, gesture(), effect());
    }
}

fn group(ui: &mut Ui, theme: &Theme, group: CommandGroup) {
    heading(ui, theme, group.title());
    for entry in TABLE.iter().filter(|entry| entry.group == group) {
        match entry.command {
            UserCommand::OpenScenario(0) => line(ui, theme, "1 … 9", text::first_nine()),
            UserCommand::OpenScenario(_) => {}
            _ => {
                let keys: Vec<String> = entry
                    .shortcuts
                    .iter()
                    .map(|shortcut| shortcut.words())
                    .collect();
                line(
                    ui,
                    theme,
                    &format::list(keys.into_iter(), usize::MAX),
                    (entry.label)(),
                );
            }
        }
    }
}

fn meaning(ui: &mut Ui, theme: &Theme) {
    heading(ui, theme, text::reading());
    ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
        ui.add(
            egui::Label::new(RichText::new(text::reading_text()).color(color(theme.text_dim)))
                .wrap(),
        );
    });
}

fn line(ui: &mut Ui, theme: &Theme, left: &str, right: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.allocate_ui(vec2(116.0, 18.0), |ui| {
            ui.set_min_width(116.0);
            dim_label(ui, theme, left);
        });
        ui.add(egui::Label::new(right).wrap());
    });
}
