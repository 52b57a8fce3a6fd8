//! Help overlay: mouse actions and keyboard shortcuts, generated from the command table.

use super::widgets::{dim_label, heading};
use super::{PanelModel, PanelState, PanelVisibility};
use crate::picture::theme::Theme;
use crate::text::{format, panel as text};
use crate::window::command::{CommandGroup, TABLE, TextFn, UserCommand};
use crate::window::style::{bold_font, color};
use egui::{Align, Align2, Layout, RichText, ScrollArea, Ui, vec2};

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
    let screen = ctx.content_rect();
    let mut is_open = true;
    let width = (screen.width() - 80.0).min(820.0);
    egui::Window::new(RichText::new(text::help()).font(bold_font()))
        .open(&mut is_open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 18.0))
        .fixed_size(vec2(width, (screen.height() - 170.0).min(560.0)))
        .show(ctx, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, true])
                .show(ui, |ui| {
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
