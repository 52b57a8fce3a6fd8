//! The toolbar: a way by mouse to everything that keys do, the palette, speed and seed.

use super::icons::{self, Icon};
use super::widgets::{BUTTON_PX, Lit, Usable, command_button, explain, icon_button};
use super::{Model, PanelState, Request};
use crate::picture::theme::{TOOLBAR_HEIGHT_PX, ThemeName};
use crate::picture::view_state::Visibility;
use crate::run::SessionKind;
use crate::window::command::Command;
use crate::window::palette::Kind;
use crate::window::style::{bold_font, color};
use egui::{Align, Frame, Layout, Margin, RichText, Sense, TextEdit, TopBottomPanel, Ui, vec2};
use std::path::PathBuf;

/// Windows narrower than this have the commands about the view in a menu.
const WIDE_FROM_PX: f32 = 1120.0;

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Wide,
    Narrow,
}

/// The commands about the view, at the right end.
const VIEW: [(Command, Icon); 7] = [
    (Command::FitView, Icon::Fit),
    (Command::ToggleReach, Icon::Reach),
    (Command::ToggleLog, Icon::Log),
    (Command::ToggleInspector, Icon::Inspector),
    (Command::ToggleTimeline, Icon::Timeline),
    (Command::ToggleTheme, Icon::Theme),
    (Command::Screenshot, Icon::Camera),
];

pub(super) fn show(
    ctx: &egui::Context,
    model: &Model<'_>,
    state: &mut PanelState,
    out: &mut Vec<Request>,
) {
    let frame = Frame::new()
        .fill(color(model.theme.panel))
        .inner_margin(Margin::symmetric(8, 0));
    TopBottomPanel::top("toolbar")
        .exact_height(TOOLBAR_HEIGHT_PX)
        .frame(frame)
        .show(ctx, |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let room = if ui.available_width() >= WIDE_FROM_PX {
                Room::Wide
            } else {
                Room::Narrow
            };
            ui.horizontal_centered(|ui| {
                scenario_button(ui, model, room, out);
                gap(ui, room);
                time(ui, model, out);
                gap(ui, room);
                palette(ui, model, state, room, out);
                gap(ui, room);
                command_button(ui, model, Command::AddNode, Icon::Add, Lit::No, out);
                command_button(ui, model, Command::RemoveNode, Icon::Remove, Lit::No, out);
                gap(ui, room);
                command_button(ui, model, Command::Restart, Icon::Restart, Lit::No, out);
                command_button(ui, model, Command::NewSeed, Icon::Dice, Lit::No, out);
                if model.situation.session_kind == SessionKind::Simulated {
                    seed(ui, model, state, room, out);
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    right_end(ui, model, state, room, out)
                });
            });
        });
}

fn gap(ui: &mut Ui, room: Room) {
    let space = if room == Room::Wide { 5.0 } else { 1.0 };
    ui.add_space(space);
    let (rect, _) = ui.allocate_exact_size(vec2(1.0, 20.0), Sense::hover());
    ui.painter().rect_filled(
        rect,
        0.0,
        ui.visuals().widgets.noninteractive.bg_stroke.color,
    );
    ui.add_space(space);
}

/// The name of the scenario; a click opens the list of all.
fn scenario_button(ui: &mut Ui, model: &Model<'_>, room: Room, out: &mut Vec<Request>) {
    let widest = if room == Room::Wide { 210.0 } else { 104.0 };
    let title = model
        .run
        .map_or("Opening …", |(run, _)| run.world.scenario.title.as_str());
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
    explain(response.clone(), Command::Scenarios, None);
    if response.clicked() {
        out.push(Request::Command(Command::Scenarios));
    }
}

fn time(ui: &mut Ui, model: &Model<'_>, out: &mut Vec<Request>) {
    let is_playing = model.run.is_some_and(|(run, _)| run.playback.is_playing());
    let icon = if is_playing { Icon::Pause } else { Icon::Play };
    command_button(ui, model, Command::TogglePlay, icon, Lit::No, out);
    command_button(ui, model, Command::StepBack, Icon::StepBack, Lit::No, out);
    command_button(ui, model, Command::Step, Icon::Step, Lit::No, out);
    command_button(ui, model, Command::Slower, Icon::Slower, Lit::No, out);
    let speed = model
        .run
        .map_or("1×".to_owned(), |(run, _)| match run.session_kind {
            SessionKind::Live => "live".to_owned(),
            SessionKind::Simulated | SessionKind::Recorded => run.playback.speed_label(),
        });
    let (rect, response) = ui.allocate_exact_size(vec2(38.0, BUTTON_PX), Sense::hover());
    ui.painter().text(
        rect.center(),
        egui::Align2::CENTER_CENTER,
        speed,
        egui::TextStyle::Body.resolve(ui.style()),
        color(model.theme.text),
    );
    response.on_hover_text(match model.situation.session_kind {
        SessionKind::Live => "These nodes are processes: what one sees has just happened",
        SessionKind::Simulated | SessionKind::Recorded => {
            "Speed: at 1× an ordinary message takes three quarters of a second"
        }
    });
    command_button(ui, model, Command::Faster, Icon::Faster, Lit::No, out);
}

/// What a click on a node proposes.
fn palette(
    ui: &mut Ui,
    model: &Model<'_>,
    state: &mut PanelState,
    room: Room,
    out: &mut Vec<Request>,
) {
    let palette = &mut state.palette;
    if palette.is_choice() {
        for at in 0..palette.values.len().min(4) {
            let text = palette.values[at].to_string();
            let shown = if text.chars().count() > 10 {
                format!("{}…", text.chars().take(9).collect::<String>())
            } else {
                text
            };
            let hint = "A click on a node makes it nominate this value from the next slot on";
            if ui
                .selectable_label(palette.chosen == at, shown)
                .on_hover_text(hint)
                .clicked()
            {
                palette.chosen = at;
            }
        }
    } else {
        let kinds = [
            (
                Kind::Note,
                "Note",
                "A click on a node proposes a short text",
            ),
            (
                Kind::File,
                "File",
                "A click on a node proposes that everybody backs up a file. Drop one on the window to use it.",
            ),
        ];
        for (kind, label, hint) in kinds {
            if ui
                .selectable_label(palette.kind == kind, label)
                .on_hover_text(hint)
                .clicked()
            {
                palette.kind = kind;
            }
        }
        let width = if room == Room::Wide { 130.0 } else { 72.0 };
        text_field(ui, model, state, width, out);
    }
    command_button(ui, model, Command::Propose, Icon::Propose, Lit::No, out);
}

fn text_field(
    ui: &mut Ui,
    model: &Model<'_>,
    state: &mut PanelState,
    width: f32,
    out: &mut Vec<Request>,
) {
    let palette = &mut state.palette;
    let made = model.run.map_or(0, |(run, _)| run.world.proposals().len());
    let next = palette.note_text(made);
    match palette.kind {
        Kind::Note => {
            ui.add(
                TextEdit::singleline(&mut palette.note)
                    .desired_width(width)
                    .hint_text(next),
            );
        }
        Kind::File => {
            if let Some(file) = palette.real_file.clone() {
                let label = ui.add(egui::Label::new(&file.name).truncate());
                label.on_hover_text(format!(
                    "{} bytes, SHA-256 {}",
                    file.size_bytes, file.sha256
                ));
                if icon_button(ui, &model.theme, Icon::Close, Usable::Yes, Lit::No)
                    .on_hover_text("Forget this file")
                    .clicked()
                {
                    palette.real_file = None;
                }
                return;
            }
            let field = ui.add(TextEdit::singleline(&mut palette.file_name).desired_width(width));
            let field = field.on_hover_text(match model.situation.session_kind {
                SessionKind::Live => "The path of a file on this machine",
                SessionKind::Simulated | SessionKind::Recorded => {
                    "A name stands for a simulated file; the path of a real file is read"
                }
            });
            if field.lost_focus() && palette.file_name.contains('/') {
                out.push(Request::File(PathBuf::from(palette.file_name.trim())));
            }
        }
    }
}

/// The seed; typing another one starts over.
fn seed(
    ui: &mut Ui,
    model: &Model<'_>,
    state: &mut PanelState,
    room: Room,
    out: &mut Vec<Request>,
) {
    let current = model
        .run
        .map_or(String::new(), |(run, _)| run.choice.seed.to_string());
    let id = ui.id().with("seed");
    if !ui.memory(|memory| memory.has_focus(id)) {
        state.seed.clone_from(&current);
    }
    if room == Room::Wide {
        ui.add_space(4.0);
        ui.label(RichText::new("seed").color(color(model.theme.text_dim)));
        ui.add_space(2.0);
    }
    let width = (state.seed.len() as f32 * 8.5 + 10.0).clamp(34.0, 90.0);
    let field = ui.add(
        TextEdit::singleline(&mut state.seed)
            .id(id)
            .desired_width(width),
    );
    if field.lost_focus()
        && state.seed != current
        && let Ok(seed) = state.seed.trim().parse()
    {
        out.push(Request::Seed(seed));
    }
    field.on_hover_text("Seed of everything random: the same seed gives the same run");
}

fn right_end(
    ui: &mut Ui,
    model: &Model<'_>,
    state: &PanelState,
    room: Room,
    out: &mut Vec<Request>,
) {
    command_button(
        ui,
        model,
        Command::Help,
        Icon::Help,
        lit(state.help.is_open()),
        out,
    );
    if room == Room::Wide {
        for (command, icon) in VIEW.iter().rev() {
            command_button(
                ui,
                model,
                *command,
                *icon,
                lit(is_on(*command, model, state)),
                out,
            );
        }
        return;
    }
    let button = egui::Button::new("")
        .min_size(vec2(BUTTON_PX, BUTTON_PX))
        .frame(false);
    let more = egui::menu::menu_custom_button(ui, button, |ui| {
        for (command, _) in VIEW {
            menu_item(ui, model, command, out);
        }
        menu_item(ui, model, Command::ToggleFrameRate, out);
    });
    let rect = egui::Rect::from_center_size(more.response.rect.center(), vec2(16.0, 16.0));
    ui.painter()
        .extend(icons::shapes(Icon::More, rect, color(model.theme.text)));
    more.response.on_hover_text("More about the view");
}

/// A command in a menu: its words, and its key at the right.
pub(super) fn menu_item(ui: &mut Ui, model: &Model<'_>, command: Command, out: &mut Vec<Request>) {
    let refusal = command.refusal(&model.situation);
    let button = egui::Button::new(command.entry().label).shortcut_text(command.shortcut());
    let response = ui.add_enabled(refusal.is_none(), button);
    if response.clicked() {
        out.push(Request::Command(command));
        ui.close_menu();
    }
    explain(response, command, refusal);
}

fn is_on(command: Command, model: &Model<'_>, state: &PanelState) -> bool {
    match command {
        Command::ToggleLog => state.log.is_open(),
        Command::ToggleInspector => state.inspector.is_open(),
        Command::ToggleTimeline => state.timeline.rect.is_some(),
        Command::ToggleReach => model
            .run
            .is_some_and(|(_, view)| view.layers.reach == Visibility::Shown),
        Command::ToggleTheme => model.theme.name == ThemeName::Light,
        _ => false,
    }
}

fn lit(on: bool) -> Lit {
    if on { Lit::Yes } else { Lit::No }
}
