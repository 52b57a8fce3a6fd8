//! Toolbar: buttons for commands, the proposal draft, speed and seed.

use super::icons::{self, Icon};
use super::widgets::{BUTTON_PX, Enabled, Toggled, command_button, command_tooltip, icon_button};
use super::{PanelModel, PanelRequest, PanelState};
use crate::picture::theme::{TOOLBAR_HEIGHT_PX, ThemeName};
use crate::picture::view_state::Visibility;
use crate::run::{Run, SessionKind};
use crate::text::{format, panel};
use crate::time::Span;
use crate::window::command::UserCommand;
use crate::window::proposal_draft::DraftKind;
use crate::window::style::{bold_font, color};
use egui::{Align, Frame, Layout, Margin, Panel, RichText, Sense, TextEdit, Ui, vec2};
use std::path::PathBuf;

/// Smallest width of a toolbar with all buttons, in pixels. Narrower toolbars have the view commands in a menu.
const WIDE_FROM_PX: f32 = 1120.0;

/// Smallest width of a toolbar that also states what the speed means, in pixels.
const RATE_FROM_PX: f32 = 1230.0;

/// Whether the toolbar has room for all buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToolbarWidth {
    /// Room for all buttons and the meaning of the speed.
    Widest,
    Wide,
    Narrow,
}

impl ToolbarWidth {
    fn of(available_px: f32) -> ToolbarWidth {
        match available_px {
            RATE_FROM_PX.. => ToolbarWidth::Widest,
            WIDE_FROM_PX.. => ToolbarWidth::Wide,
            _ => ToolbarWidth::Narrow,
        }
    }

    fn has_all_buttons(self) -> bool {
        self != ToolbarWidth::Narrow
    }
}

/// View commands at the right end.
const VIEW: [(UserCommand, Icon); 7] = [
    (UserCommand::FitView, Icon::Fit),
    (UserCommand::ToggleReach, Icon::Reach),
    (UserCommand::ToggleLog, Icon::Log),
    (UserCommand::ToggleInspector, Icon::Inspector),
    (UserCommand::ToggleTimeline, Icon::Timeline),
    (UserCommand::ToggleTheme, Icon::Theme),
    (UserCommand::Screenshot, Icon::Camera),
];

pub(super) fn show(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let frame = Frame::new()
        .fill(color(model.theme.panel))
        .inner_margin(Margin::symmetric(8, 0));
    Panel::top("toolbar")
        .exact_size(TOOLBAR_HEIGHT_PX)
        .frame(frame)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let width = ToolbarWidth::of(ui.available_width());
            ui.horizontal_centered(|ui| {
                scenario_button(ui, model, width, out);
                gap(ui, width);
                time(ui, model, width, out);
                gap(ui, width);
                draft(ui, model, state, width, out);
                gap(ui, width);
                command_button(ui, model, UserCommand::AddNode, Icon::Add, Toggled::No, out);
                command_button(
                    ui,
                    model,
                    UserCommand::RemoveNode,
                    Icon::Remove,
                    Toggled::No,
                    out,
                );
                gap(ui, width);
                command_button(
                    ui,
                    model,
                    UserCommand::Restart,
                    Icon::Restart,
                    Toggled::No,
                    out,
                );
                command_button(
                    ui,
                    model,
                    UserCommand::NewSeed,
                    Icon::Dice,
                    Toggled::No,
                    out,
                );
                if model.context.session_kind == SessionKind::Simulated {
                    seed(ui, model, state, width, out);
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    right_end(ui, model, state, width, out)
                });
            });
        });
}

fn gap(ui: &mut Ui, width: ToolbarWidth) {
    let space = if width.has_all_buttons() { 5.0 } else { 1.0 };
    ui.add_space(space);
    let (rect, _) = ui.allocate_exact_size(vec2(1.0, 20.0), Sense::hover());
    ui.painter().rect_filled(
        rect,
        0.0,
        ui.visuals().widgets.noninteractive.bg_stroke.color,
    );
    ui.add_space(space);
}

/// The title of the scenario; a click opens the picker.
fn scenario_button(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    width: ToolbarWidth,
    out: &mut Vec<PanelRequest>,
) {
    let widest = if width.has_all_buttons() {
        210.0
    } else {
        104.0
    };
    let title = model.run.map_or(panel::opening_title(), |(run, _)| {
        run.world().scenario.title.as_str()
    });
    let text = RichText::new(title).font(bold_font());
    let galley = egui::WidgetText::from(text).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        widest,
        egui::TextStyle::Button,
    );
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 34.0, BUTTON_PX), Sense::click());
    if response.hovered() {
        ui.painter()
            .rect_filled(rect, 5.0, color(model.theme.track));
    }
    let text_at = rect.left_center() + vec2(8.0, -galley.size().y / 2.0);
    ui.painter()
        .galley(text_at, galley, color(model.theme.text));
    let sign =
        egui::Rect::from_center_size(rect.right_center() - vec2(14.0, 0.0), vec2(14.0, 14.0));
    ui.painter()
        .extend(icons::shapes(Icon::Down, sign, color(model.theme.text_dim)));
    command_tooltip(response.clone(), UserCommand::ToggleScenarios, None);
    if response.clicked() {
        out.push(PanelRequest::Command(UserCommand::ToggleScenarios));
    }
}

fn time(ui: &mut Ui, model: &PanelModel<'_>, width: ToolbarWidth, out: &mut Vec<PanelRequest>) {
    let is_playing = model
        .run
        .is_some_and(|(run, _)| run.playback().is_playing());
    let icon = if is_playing { Icon::Pause } else { Icon::Play };
    command_button(ui, model, UserCommand::TogglePlay, icon, Toggled::No, out);
    command_button(
        ui,
        model,
        UserCommand::StepBack,
        Icon::StepBack,
        Toggled::No,
        out,
    );
    command_button(ui, model, UserCommand::Step, Icon::Step, Toggled::No, out);
    command_button(
        ui,
        model,
        UserCommand::Slower,
        Icon::Slower,
        Toggled::No,
        out,
    );
    speed(ui, model, width);
    command_button(
        ui,
        model,
        UserCommand::Faster,
        Icon::Faster,
        Toggled::No,
        out,
    );
}

/// The speed, and its meaning if there is room.
fn speed(ui: &mut Ui, model: &PanelModel<'_>, width: ToolbarWidth) {
    let (text, width_px) = match model.run {
        Some((run, _)) if run.kind() == SessionKind::Live => (panel::live().to_owned(), 38.0),
        Some((run, _)) if width == ToolbarWidth::Widest => {
            let speed = format::speed(run.playback().speed_power());
            (panel::speed_and_rate(&speed, &rate(run)), 130.0)
        }
        run => {
            let power = run.map_or(0, |(run, _)| run.playback().speed_power());
            (format::speed(power), 38.0)
        }
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width_px, BUTTON_PX), Sense::hover());
    ui.painter().text(
        rect.center(),
        egui::Align2::CENTER_CENTER,
        text,
        egui::TextStyle::Body.resolve(ui.style()),
        color(model.theme.text),
    );
    response.on_hover_text(speed_tip(model));
}

/// The virtual time that passes per second.
fn rate(run: &Run) -> String {
    format::duration(Span((run.playback().rate() * 1e6) as u64))
}

/// The speed in terms of virtual time, such as "1 s shows 80 ms".
fn speed_tip(model: &PanelModel<'_>) -> String {
    match model.run {
        Some((run, _)) if run.kind() != SessionKind::Live => panel::speed_tip(&rate(run)),
        _ => panel::live_tip().to_owned(),
    }
}

/// Controls that select the proposal of a click on a node.
fn draft(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    state: &mut PanelState,
    width: ToolbarWidth,
    out: &mut Vec<PanelRequest>,
) {
    let draft = &mut state.draft;
    if draft.is_choice() {
        for at in 0..draft.values.len().min(4) {
            let text = draft.values[at].to_string();
            let shown = if text.chars().count() > 10 {
                format!("{}…", text.chars().take(9).collect::<String>())
            } else {
                text
            };
            let hint = panel::choice_tip();
            if ui
                .selectable_label(draft.chosen == at, shown)
                .on_hover_text(hint)
                .clicked()
            {
                draft.chosen = at;
            }
        }
    } else {
        let kinds = [
            (DraftKind::Note, panel::note(), panel::note_tip()),
            (DraftKind::File, panel::file(), panel::file_tip()),
        ];
        for (kind, label, hint) in kinds {
            if ui
                .selectable_label(draft.kind == kind, label)
                .on_hover_text(hint)
                .clicked()
            {
                draft.kind = kind;
            }
        }
        let width = if width.has_all_buttons() { 130.0 } else { 72.0 };
        text_field(ui, model, state, width, out);
    }
    command_button(
        ui,
        model,
        UserCommand::Propose,
        Icon::Propose,
        Toggled::No,
        out,
    );
}

fn text_field(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    state: &mut PanelState,
    width: f32,
    out: &mut Vec<PanelRequest>,
) {
    let draft = &mut state.draft;
    let made = model
        .run
        .map_or(0, |(run, _)| run.world().proposals().len());
    let next = draft.note_text(made);
    match draft.kind {
        DraftKind::Note => {
            ui.add(
                TextEdit::singleline(&mut draft.note)
                    .desired_width(width)
                    .hint_text(next),
            )
            .on_hover_text(panel::note_text());
        }
        DraftKind::File => {
            if let Some(file) = draft.real_file.clone() {
                let label = ui.add(egui::Label::new(&file.name).truncate());
                label.on_hover_text(panel::file_facts(file.size_bytes, &file.sha256));
                if icon_button(
                    ui,
                    &model.theme,
                    Icon::Close,
                    Enabled::Yes,
                    Toggled::No,
                    panel::forget_file(),
                )
                .on_hover_text(panel::forget_file())
                .clicked()
                {
                    draft.real_file = None;
                }
                return;
            }
            let field = ui.add(TextEdit::singleline(&mut draft.file_name).desired_width(width));
            let field = field.on_hover_text(match model.context.session_kind {
                SessionKind::Live => panel::path_live(),
                SessionKind::Simulated | SessionKind::Recorded => panel::path_simulated(),
            });
            if field.lost_focus() && draft.file_name.contains('/') {
                out.push(PanelRequest::OpenFile(PathBuf::from(
                    draft.file_name.trim(),
                )));
            }
        }
    }
}

/// The seed field; a new seed restarts the run.
fn seed(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    state: &mut PanelState,
    width: ToolbarWidth,
    out: &mut Vec<PanelRequest>,
) {
    let current = model
        .run
        .map_or(String::new(), |(run, _)| run.choice().seed.to_string());
    let id = ui.scope_id().with("seed");
    if !ui.memory(|memory| memory.has_focus(id)) {
        state.seed.clone_from(&current);
    }
    if width.has_all_buttons() {
        ui.add_space(4.0);
        ui.label(RichText::new(panel::seed()).color(color(model.theme.text_dim)));
        ui.add_space(2.0);
    }
    let width = (state.seed.len() as f32 * 8.5 + 10.0).clamp(34.0, 90.0);
    let parsed = state.seed.trim().parse::<u64>();
    let ink = match parsed {
        Ok(_) => model.theme.text,
        Err(_) => model.theme.bad,
    };
    let field = ui.add(
        TextEdit::singleline(&mut state.seed)
            .id(id)
            .text_color(color(ink))
            .desired_width(width),
    );
    if field.lost_focus() && state.seed != current {
        out.push(match parsed {
            Ok(seed) => PanelRequest::Reseed(seed),
            Err(_) => PanelRequest::ShowError(panel::not_a_seed(&state.seed)),
        });
    }
    field.on_hover_text(panel::seed_tip());
}

fn right_end(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    state: &PanelState,
    width: ToolbarWidth,
    out: &mut Vec<PanelRequest>,
) {
    command_button(
        ui,
        model,
        UserCommand::ToggleHelp,
        Icon::Help,
        toggled(state.help.is_open()),
        out,
    );
    if width.has_all_buttons() {
        for (command, icon) in VIEW.iter().rev() {
            command_button(
                ui,
                model,
                *command,
                *icon,
                toggled(is_on(*command, model, state)),
                out,
            );
        }
        return;
    }
    let button = egui::Button::new("")
        .min_size(vec2(BUTTON_PX, BUTTON_PX))
        .frame(false);
    let more = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        for (command, _) in VIEW {
            menu_item(ui, model, command, out);
        }
        menu_item(ui, model, UserCommand::ToggleFrameRate, out);
    });
    let rect = egui::Rect::from_center_size(more.0.rect.center(), vec2(16.0, 16.0));
    ui.painter()
        .extend(icons::shapes(Icon::More, rect, color(model.theme.text)));
    more.0.on_hover_text(panel::more_tip());
}

/// A menu item with the label and shortcut of a command.
pub(super) fn menu_item(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    command: UserCommand,
    out: &mut Vec<PanelRequest>,
) {
    let disabled_reason = command.disabled_reason(&model.context);
    let button = egui::Button::new((command.entry().label)()).shortcut_text(command.shortcut());
    let response = ui.add_enabled(disabled_reason.is_none(), button);
    if response.clicked() {
        out.push(PanelRequest::Command(command));
        ui.close();
    }
    command_tooltip(response, command, disabled_reason);
}

fn is_on(command: UserCommand, model: &PanelModel<'_>, state: &PanelState) -> bool {
    match command {
        UserCommand::ToggleLog => state.log.is_open(),
        UserCommand::ToggleInspector => state.inspector.is_open(),
        UserCommand::ToggleTimeline => state.timeline.rect.is_some(),
        UserCommand::ToggleReach => model
            .run
            .is_some_and(|(_, view)| view.layers.reach == Visibility::Shown),
        UserCommand::ToggleTheme => model.theme.name == ThemeName::Light,
        _ => false,
    }
}

fn toggled(on: bool) -> Toggled {
    if on { Toggled::Yes } else { Toggled::No }
}
