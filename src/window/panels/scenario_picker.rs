//! Scenario picker: all scenarios with their descriptions.

use super::{PanelModel, PanelRequest, PanelState, PanelVisibility};
use crate::text::panel;
use crate::window::style::{bold_font, color};
use egui::{Align2, RichText, ScrollArea, Sense, Ui, vec2};

pub(super) fn show(
    ctx: &egui::Context,
    model: &PanelModel<'_>,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let screen = ctx.content_rect();
    let mut is_open = true;
    egui::Window::new(RichText::new(panel::scenarios()).font(bold_font()))
        .open(&mut is_open)
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 18.0))
        .fixed_size(vec2(
            (screen.width() - 80.0).min(620.0),
            (screen.height() - 160.0).min(620.0),
        ))
        .show(ctx, |ui| {
            ScrollArea::vertical()
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    let current = model.run.map(|(run, _)| run.world().scenario.name.clone());
                    for (nth, entry) in model.scenarios.iter().enumerate() {
                        let is_current = current.as_deref() == Some(entry.name.as_str());
                        if line(ui, model, nth, is_current) {
                            out.push(PanelRequest::OpenScenario(entry.name.clone()));
                            state.picker = PanelVisibility::Closed;
                        }
                    }
                });
        });
    if !is_open {
        state.picker = PanelVisibility::Closed;
    }
}

/// Draws one scenario; returns whether it was clicked.
fn line(ui: &mut Ui, model: &PanelModel<'_>, nth: usize, is_current: bool) -> bool {
    let Some(entry) = model.scenarios.get(nth) else {
        return false;
    };
    let theme = &model.theme;
    let place = ui.next_widget_position();
    let ground = ui.painter().add(egui::Shape::Noop);
    let inner = ui.scope(|ui| {
        ui.set_width(ui.available_width());
        ui.add_space(7.0);
        ui.horizontal_top(|ui| {
            ui.add_space(10.0);
            let key = if nth < 9 {
                (nth + 1).to_string()
            } else {
                String::new()
            };
            ui.allocate_ui(vec2(18.0, 18.0), |ui| {
                ui.set_min_width(18.0);
                ui.label(RichText::new(key).color(color(theme.text_dim)));
            });
            ui.vertical(|ui| {
                ui.horizontal(|ui| {
                    let ink = if is_current { theme.accent } else { theme.text };
                    ui.label(
                        RichText::new(&entry.title)
                            .font(bold_font())
                            .color(color(ink)),
                    );
                    ui.label(RichText::new(&entry.name).color(color(theme.text_dim)));
                });
                ui.add(
                    egui::Label::new(
                        RichText::new(&entry.description).color(color(theme.text_dim)),
                    )
                    .wrap(),
                );
            });
        });
        ui.add_space(7.0);
    });
    let rect = egui::Rect::from_min_max(place, inner.response.rect.right_bottom());
    let response = ui.interact(rect, ui.scope_id().with(("scenario", nth)), Sense::click());
    if response.hovered() {
        ui.painter().set(
            ground,
            egui::Shape::rect_filled(rect, 6.0, color(theme.track.with_opacity(0.6))),
        );
    }
    response.clicked()
}
