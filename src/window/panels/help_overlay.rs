//! Help overlay: mouse actions and keyboard shortcuts, generated from the command table.

use super::widgets::{dim_label, heading};
use super::{PanelModel, PanelState, PanelVisibility};
use crate::picture::theme::Theme;
use crate::window::command::{CommandGroup, TABLE, UserCommand};
use crate::window::style::{bold_font, color};
use egui::{Align, Align2, Layout, RichText, ScrollArea, Ui, vec2};

const MOUSE: [(&str, &str); 7] = [
    (
        "Click on a node",
        "It proposes what the toolbar says, and is selected",
    ),
    ("Right click", "Selects only, and opens the menu"),
    (
        "Drag a node",
        "Moves it; with radio that changes who hears whom",
    ),
    (
        "Drag elsewhere",
        "Moves the picture; so does the middle button",
    ),
    ("Wheel", "Zooms at the pointer"),
    (
        "Click in the timeline",
        "Shows that instant again; a double click goes back to now",
    ),
    ("Drop a file", "It becomes the file that a click proposes"),
];

/// Introduction at the top.
const ABOUT: &str = "Quorumscope shows how nodes agree by the Stellar Consensus Protocol (SCP): every node chooses \
                     whom it trusts, and takes a value for decided only once enough of these stand behind it.";

pub(super) fn show(ctx: &egui::Context, model: &PanelModel<'_>, state: &mut PanelState) {
    let screen = ctx.content_rect();
    let mut is_open = true;
    let width = (screen.width() - 80.0).min(820.0);
    egui::Window::new(RichText::new("Help").font(bold_font()))
        .open(&mut is_open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 18.0))
        .fixed_size(vec2(width, (screen.height() - 170.0).min(560.0)))
        .show(ctx, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    ui.add(egui::Label::new(ABOUT).wrap());
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
    heading(ui, theme, "Mouse");
    for (gesture, effect) in MOUSE {
        line(ui, theme, gesture, effect);
    }
}

fn group(ui: &mut Ui, theme: &Theme, group: CommandGroup) {
    heading(ui, theme, group.title());
    for entry in TABLE.iter().filter(|entry| entry.group == group) {
        match entry.command {
            UserCommand::OpenScenario(0) => line(ui, theme, "1 … 9", "The first nine scenarios"),
            UserCommand::OpenScenario(_) => {}
            _ => {
                let keys: Vec<String> = entry
                    .shortcuts
                    .iter()
                    .map(|shortcut| shortcut.words())
                    .collect();
                line(ui, theme, &keys.join(", "), entry.label);
            }
        }
    }
}

fn meaning(ui: &mut Ui, theme: &Theme) {
    heading(ui, theme, "How to read the picture");
    let text = "Each circle is a node; its colour and letter say how far it is in the current slot, the ring of four \
                quarters which statements of SCP it has made, the arc around it how long its timer runs. The mark beside \
                it says which value it stands for. Dots are messages on their way; a number beside one says how many. \
                Lines are trust: an arc is mutual, an arrow is not.";
    ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
        ui.add(egui::Label::new(RichText::new(text).color(color(theme.text_dim))).wrap());
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
