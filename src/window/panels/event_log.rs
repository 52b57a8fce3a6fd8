//! Event log: events as sentences, the latest on top.

use super::icons::Icon;
use super::widgets::{Enabled, LINE_PX, Toggled, dim_label, icon_button};
use super::{PanelModel, PanelRequest, PanelState};
use crate::picture::view_state::ViewState;
use crate::run::Run;
use crate::text::{self, format, panel};
use crate::window::command::UserCommand;
use crate::window::style::{bold_font, color};
use egui::{Frame, Margin, Panel, RichText, ScrollArea, Sense, Ui, vec2};

/// Maximum number of lines.
const LINES_MAX: usize = 500;

pub(super) fn show(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let frame = Frame::new()
        .fill(color(model.theme.panel))
        .inner_margin(Margin {
            left: 14,
            right: 6,
            top: 6,
            bottom: 4,
        });
    let height = (ui.content_rect().height() * 0.24).clamp(120.0, 260.0);
    Panel::bottom("event_log")
        .exact_size(height)
        .frame(frame)
        .show(ui, |ui| {
            head(ui, model, run, view, state, out);
            let only = if state.log_follows_selection {
                view.selected
            } else {
                None
            };
            let lines = run
                .world()
                .log
                .iter()
                .rev()
                .filter(|line| only.is_none_or(|node| line.node == node));
            let lines: Vec<_> = lines
                .filter_map(|line| {
                    Some((line, text::sentence(run.world(), line.node, &line.event)?))
                })
                .take(LINES_MAX)
                .collect();
            if lines.is_empty() {
                dim_label(ui, &model.theme, panel::no_events());
            }
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show_rows(ui, LINE_PX, lines.len(), |ui, shown| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    for (line, sentence) in lines.get(shown).unwrap_or_default() {
                        ui.horizontal(|ui| {
                            ui.set_height(LINE_PX);
                            ui.spacing_mut().interact_size.y = LINE_PX;
                            ui.allocate_ui(vec2(74.0, LINE_PX), |ui| {
                                ui.set_min_width(74.0);
                                dim_label(ui, &model.theme, format::instant(line.at));
                            });
                            let label =
                                ui.add(egui::Label::new(sentence).truncate().sense(Sense::click()));
                            if label.clicked() {
                                out.push(PanelRequest::Select(line.node));
                            }
                        });
                    }
                });
        });
}

fn head(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(panel::event_log()).font(bold_font()));
        ui.add_space(10.0);
        let selected = view.selected.map(|node| run.world().name(node));
        let label = selected.map_or(panel::only_selected().to_owned(), |name| {
            panel::only_node(&name)
        });
        let filter = egui::Checkbox::new(&mut state.log_follows_selection, label);
        ui.add_enabled(view.selected.is_some(), filter);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(
                ui,
                &model.theme,
                Icon::Close,
                Enabled::Yes,
                Toggled::No,
                panel::close_log(),
            )
            .on_hover_text(panel::close_log())
            .clicked()
            {
                out.push(PanelRequest::Command(UserCommand::ToggleLog));
            }
        });
    });
}
