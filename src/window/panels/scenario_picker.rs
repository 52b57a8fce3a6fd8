//! Scenario picker: all scenarios by group, with small pictures, a filter and keyboard control.

use super::widgets::{dim_label, heading, modal};
use super::{PanelModel, PanelRequest, PanelState, PanelVisibility};
use crate::scenario::ScenarioGroup;
use crate::text::panel;
use crate::window::options::ScenarioEntry;
use crate::window::style::{bold_font, color};
use egui::{Key, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, pos2, vec2};

/// Largest size of the panel, in pixels.
const SIZE: egui::Vec2 = vec2(660.0, 700.0);
/// Size of the small picture of a scenario, in pixels.
const SKETCH: egui::Vec2 = vec2(64.0, 46.0);
/// Distance between the small picture and the text, and around both, in pixels.
const PADDING_PX: f32 = 8.0;

/// The filter and the scenario that Enter opens.
#[derive(Clone, Debug, Default)]
pub(in crate::window) struct ScenarioFilter {
    text: String,
    /// Position in the filtered list; `None` is the open scenario, or the first.
    chosen: Option<usize>,
}

impl ScenarioFilter {
    /// Whether the name, the title or the description of a scenario contains the text. Letter case is ignored.
    fn accepts(&self, entry: &ScenarioEntry) -> bool {
        let text = self.text.trim().to_lowercase();
        let fields = [&entry.name, &entry.title, &entry.description];
        fields
            .iter()
            .any(|field| field.to_lowercase().contains(&text))
    }
}

/// The keys pressed in this frame.
struct Keys {
    down: usize,
    up: usize,
    enter: bool,
    escape: bool,
}

impl Keys {
    fn of(ui: &Ui) -> Keys {
        ui.input(|input| Keys {
            down: input.num_presses(Key::ArrowDown),
            up: input.num_presses(Key::ArrowUp),
            enter: input.key_pressed(Key::Enter),
            escape: input.key_pressed(Key::Escape),
        })
    }
}

pub(super) fn show(
    ctx: &egui::Context,
    model: &PanelModel<'_>,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let current = model.run.map(|(run, _)| run.world().scenario.name.clone());
    let filter = &mut state.scenario_filter;
    let mut opened = None;
    let mut is_escaped = false;
    let is_open = modal(ctx, &model.theme, panel::scenarios(), SIZE, |ui| {
        let keys = Keys::of(ui);
        is_escaped = keys.escape;
        text_field(ui, filter);
        let listed: Vec<usize> = ScenarioGroup::ALL
            .into_iter()
            .flat_map(|group| {
                let entries = model.scenarios.iter().enumerate();
                entries
                    .filter(move |(_, entry)| entry.group == group)
                    .filter(|(_, entry)| filter.accepts(entry))
                    .map(|(nth, _)| nth)
                    .collect::<Vec<_>>()
            })
            .collect();
        let is_current = |nth: &usize| current.as_ref() == model.scenarios.get(*nth).map(name);
        let before = filter.chosen;
        let default = listed.iter().position(is_current).unwrap_or_default();
        let chosen = (before.unwrap_or(default) + keys.down).saturating_sub(keys.up);
        let chosen = chosen.min(listed.len().saturating_sub(1));
        if keys.down + keys.up > 0 {
            filter.chosen = Some(chosen);
        }
        if keys.enter {
            opened = listed.get(chosen).copied();
        }
        let scrolls = filter.chosen != before;
        let clicked = list(ui, model, &listed, (chosen, scrolls), &is_current);
        opened = opened.or(clicked);
        if listed.is_empty() {
            dim_label(ui, &model.theme, panel::no_scenario_found(&filter.text));
        }
    });
    if let Some(entry) = opened.and_then(|nth| model.scenarios.get(nth)) {
        out.push(PanelRequest::OpenScenario(entry.name.clone()));
    }
    if opened.is_some() || is_escaped || !is_open {
        state.picker = PanelVisibility::Closed;
        state.scenario_filter = ScenarioFilter::default();
    }
}

fn name(entry: &ScenarioEntry) -> &String {
    &entry.name
}

fn text_field(ui: &mut Ui, filter: &mut ScenarioFilter) {
    let field = ui.add(
        TextEdit::singleline(&mut filter.text)
            .desired_width(f32::INFINITY)
            .hint_text(panel::scenario_filter()),
    );
    if field.changed() {
        filter.chosen = Some(0);
    }
    field.request_focus();
}

/// Draws the scenarios below their headings. Returns the one that was clicked.
fn list(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    listed: &[usize],
    (chosen, scrolls): (usize, bool),
    is_current: &dyn Fn(&usize) -> bool,
) -> Option<usize> {
    let mut clicked = None;
    ScrollArea::vertical()
        .auto_shrink([false, true])
        .show(ui, |ui| {
            let mut group = None;
            for (at, nth) in listed.iter().enumerate() {
                let Some(entry) = model.scenarios.get(*nth) else {
                    continue;
                };
                if group.replace(entry.group) != Some(entry.group) {
                    heading(ui, &model.theme, group_title(entry.group));
                }
                let row = Row {
                    entry,
                    key: (*nth < 9).then(|| (*nth + 1).to_string()),
                    is_current: is_current(nth),
                    is_chosen: at == chosen,
                };
                let response = row.show(ui, model);
                if row.is_chosen && scrolls {
                    response.scroll_to_me(None);
                }
                if response.clicked() {
                    clicked = Some(*nth);
                }
            }
        });
    clicked
}

fn group_title(group: ScenarioGroup) -> &'static str {
    match group {
        ScenarioGroup::FirstSteps => panel::group_first_steps(),
        ScenarioGroup::Faults => panel::group_faults(),
        ScenarioGroup::Whitepaper => panel::group_whitepaper(),
    }
}

/// One scenario of the list.
struct Row<'a> {
    entry: &'a ScenarioEntry,
    /// The key that opens it without the picker.
    key: Option<String>,
    is_current: bool,
    is_chosen: bool,
}

impl Row<'_> {
    fn show(&self, ui: &mut Ui, model: &PanelModel<'_>) -> egui::Response {
        let place = ui.next_widget_position();
        let ground = ui.painter().add(egui::Shape::Noop);
        let inner = ui.scope(|ui| {
            ui.set_width(ui.available_width());
            ui.add_space(PADDING_PX);
            ui.horizontal_top(|ui| {
                ui.add_space(PADDING_PX);
                self.sketch(ui, model);
                ui.add_space(PADDING_PX);
                ui.vertical(|ui| self.text(ui, model));
            });
            ui.add_space(PADDING_PX);
        });
        let rect = Rect::from_min_max(place, inner.response.rect.right_bottom());
        let id = ui.scope_id().with(("scenario", &self.entry.name));
        let response = ui.interact(rect, id, Sense::click());
        let opacity = match (self.is_chosen, response.hovered()) {
            (true, _) => 0.9,
            (false, true) => 0.5,
            (false, false) => return response,
        };
        let fill = color(model.theme.track.with_opacity(opacity));
        ui.painter()
            .set(ground, egui::Shape::rect_filled(rect, 6.0, fill));
        response
    }

    /// The positions of the nodes.
    fn sketch(&self, ui: &mut Ui, model: &PanelModel<'_>) {
        let (rect, _) = ui.allocate_exact_size(SKETCH, Sense::hover());
        ui.painter()
            .rect_filled(rect, 4.0, color(model.theme.background));
        let (xs, ys) = (
            extent(self.entry.positions.iter().map(|position| position.0)),
            extent(self.entry.positions.iter().map(|position| position.1)),
        );
        let inner = rect.shrink(7.0);
        let span = (xs.1 - xs.0).max(ys.1 - ys.0).max(f64::MIN_POSITIVE);
        let scale = f64::from(inner.height()) / span;
        let width = (xs.1 - xs.0) * scale;
        let scale = scale * (f64::from(inner.width()) / width.max(1.0)).min(1.0);
        let radius = if self.entry.positions.len() > 30 {
            1.2
        } else {
            2.4
        };
        let middle = ((xs.0 + xs.1) / 2.0, (ys.0 + ys.1) / 2.0);
        for (x, y) in &self.entry.positions {
            let at = pos2(
                inner.center().x + ((x - middle.0) * scale) as f32,
                inner.center().y + ((y - middle.1) * scale) as f32,
            );
            ui.painter()
                .circle_filled(at, radius, color(model.theme.accent));
        }
    }

    fn text(&self, ui: &mut Ui, model: &PanelModel<'_>) {
        let theme = &model.theme;
        ui.horizontal(|ui| {
            let ink = if self.is_current {
                theme.accent
            } else {
                theme.text
            };
            let title = RichText::new(&self.entry.title).font(bold_font());
            ui.label(title.color(color(ink)));
            dim_label(ui, theme, &self.entry.name);
            if let Some(key) = &self.key {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.add_space(PADDING_PX);
                    dim_label(ui, theme, key);
                });
            }
        });
        let description = RichText::new(&self.entry.description).color(color(theme.text_dim));
        ui.add(egui::Label::new(description).wrap());
    }
}

/// The smallest and the largest number; zeros if there is none.
fn extent(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    let both = numbers.fold(None, |so_far: Option<(f64, f64)>, number| {
        let (low, high) = so_far.unwrap_or((number, number));
        Some((low.min(number), high.max(number)))
    });
    both.unwrap_or_default()
}
