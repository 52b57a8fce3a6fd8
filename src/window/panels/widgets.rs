//! Widgets shared by panels: icon buttons, headings, rows, node chips, toasts.

use super::icons::{self, Icon};
use super::{PanelModel, PanelRequest, ToastKind};
use crate::node::view::Phase;
use crate::picture::theme::{Color, TOOLBAR_HEIGHT_PX, Theme};
use crate::scp::NodeId;
use crate::text::panel;
use crate::trace::{NodeStatus, World};
use crate::window::command::UserCommand;
use crate::window::style::{bold_font, color};
use egui::{Align2, Area, Frame, Id, Order, Response, RichText, Role, Sense, Ui, WidgetInfo, vec2};

/// Side of an icon button in pixels.
pub(super) const BUTTON_PX: f32 = 30.0;
const ICON_PX: f32 = 16.0;
/// Height of a line of body text in pixels.
pub(super) const LINE_PX: f32 = 19.0;

/// Whether the state that a button toggles is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Toggled {
    Yes,
    No,
}

/// Whether a button is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enabled {
    Yes,
    No,
}

/// The icon button of a command with its tooltip. A disabled button is grey, and its tooltip states the reason.
pub(super) fn command_button(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    command: UserCommand,
    icon: Icon,
    toggled: Toggled,
    out: &mut Vec<PanelRequest>,
) {
    let disabled_reason = command.disabled_reason(&model.context);
    let enabled = if disabled_reason.is_none() {
        Enabled::Yes
    } else {
        Enabled::No
    };
    let response = icon_button(
        ui,
        &model.theme,
        icon,
        enabled,
        toggled,
        (command.entry().label)(),
    );
    command_tooltip(response.clone(), command, disabled_reason);
    if response.clicked() && disabled_reason.is_none() {
        out.push(PanelRequest::Command(command));
    }
}

/// An icon button. `label` is its accessible name.
pub(super) fn icon_button(
    ui: &mut Ui,
    theme: &Theme,
    icon: Icon,
    enabled: Enabled,
    toggled: Toggled,
    label: &str,
) -> Response {
    let enabled = enabled == Enabled::Yes;
    let sense = if enabled {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(vec2(BUTTON_PX, BUTTON_PX), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
    let ink = match (enabled, toggled) {
        (false, _) => theme.text_dim.faded(0.45),
        (true, Toggled::Yes) => theme.accent,
        (true, Toggled::No) => theme.text,
    };
    let ground = match (enabled && response.hovered(), toggled) {
        (true, _) => Some(theme.track),
        (false, Toggled::Yes) if enabled => Some(theme.track.with_opacity(0.5)),
        _ => None,
    };
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, 5.0, color(ground));
    }
    let place = egui::Rect::from_center_size(rect.center(), vec2(ICON_PX, ICON_PX));
    ui.painter().extend(icons::shapes(icon, place, color(ink)));
    response
}

/// Attaches the tooltip of a command: label, shortcut, explanation and, if it is disabled, the reason.
pub(super) fn command_tooltip(
    response: Response,
    command: UserCommand,
    disabled_reason: Option<&str>,
) {
    let entry = command.entry();
    response.on_hover_ui(|ui| {
        ui.set_max_width(300.0);
        ui.horizontal(|ui| {
            ui.label(RichText::new((entry.label)()).font(bold_font()));
            ui.label(RichText::new(command.shortcut()).weak());
        });
        ui.label((entry.tooltip)());
        if let Some(disabled_reason) = disabled_reason {
            ui.label(RichText::new(disabled_reason).color(ui.visuals().warn_fg_color));
        }
    });
}

/// A heading inside a panel.
pub(super) fn heading(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.add_space(8.0);
    ui.label(
        RichText::new(text)
            .font(bold_font())
            .color(color(theme.text)),
    );
}

/// Draws a modal panel with a title and a button that closes it. Everything behind it is dimmed and gets no input.
/// Returns whether the panel stays open: a click outside and the button close it.
pub(super) fn modal(
    ctx: &egui::Context,
    theme: &Theme,
    title: &str,
    size: egui::Vec2,
    contents: impl FnOnce(&mut Ui),
) -> bool {
    let screen = ctx.content_rect().size();
    let size = size.min(screen - vec2(48.0, 48.0));
    let frame = egui::Frame::window(&ctx.global_style());
    let id = egui::Id::unique(("modal", title));
    let modal = egui::Modal::new(id)
        .frame(frame)
        .backdrop_color(color(theme.background.with_opacity(0.6)));
    let shown = modal.show(ctx, |ui| {
        ui.set_width(size.x - 28.0);
        ui.set_max_height(size.y - 28.0);
        let mut is_open = true;
        ui.horizontal(|ui| {
            ui.label(RichText::new(title).font(bold_font()));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let close = panel::close();
                let button = icon_button(ui, theme, Icon::Close, Enabled::Yes, Toggled::No, close);
                is_open &= !button.on_hover_text(close).clicked();
            });
        });
        contents(ui);
        is_open
    });
    shown.inner && !shown.backdrop_response.clicked()
}

/// A label in the secondary text colour.
pub(super) fn dim_label(ui: &mut Ui, theme: &Theme, text: impl Into<String>) -> Response {
    ui.label(RichText::new(text).color(color(theme.text_dim)))
}

/// A row with a label and a value.
pub(super) fn row(ui: &mut Ui, theme: &Theme, label: &str, value: impl Into<String>) {
    row_with(ui, theme, 86.0, label, value);
}

/// A row whose label has the given width in pixels.
pub(super) fn row_with(
    ui: &mut Ui,
    theme: &Theme,
    label_px: f32,
    label: &str,
    value: impl Into<String>,
) {
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(
            vec2(label_px, 18.0),
            egui::Layout::left_to_right(egui::Align::Min),
            |ui| {
                ui.set_min_width(label_px);
                dim_label(ui, theme, label);
            },
        );
        ui.add(egui::Label::new(value.into()).wrap());
    });
}

/// Lays out widgets like words of running text, wrapping at the end of a line.
pub(super) fn wrapped_row(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 1.0);
        ui.spacing_mut().interact_size.y = LINE_PX;
        content(ui);
    });
}

/// The fill colour of a node in the picture.
pub(super) fn fill_of(theme: &Theme, world: &World, node: NodeId) -> Color {
    let Some(node) = world.node(node) else {
        return theme.crashed;
    };
    if matches!(
        node.status,
        NodeStatus::Crashed | NodeStatus::Left | NodeStatus::Referenced
    ) {
        return theme.track;
    }
    match node.view.phase() {
        Phase::Idle => theme.phases.idle,
        Phase::Nominate => theme.phases.nominate,
        Phase::Accept => theme.phases.accept[0],
        Phase::Confirm | Phase::Externalized => theme.phases.confirm[0],
    }
}

/// A node with its colour and name. A click selects it.
pub(super) fn node_chip(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    node: NodeId,
    out: &mut Vec<PanelRequest>,
) {
    let name = world.name(node);
    let (is_running, label) = match world.node(node).map(|node| node.status) {
        Some(NodeStatus::Crashed) => (false, panel::chip_stopped(&name)),
        Some(NodeStatus::Silent) => (false, panel::chip_silent(&name)),
        Some(NodeStatus::Left) => (false, panel::chip_left(&name)),
        Some(NodeStatus::Referenced) => (false, panel::chip_referenced(&name)),
        Some(NodeStatus::Running) | None => (true, name.to_string()),
    };
    let text = RichText::new(label);
    let galley = egui::WidgetText::from(text).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        200.0,
        egui::TextStyle::Body,
    );
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 15.0, 18.0), Sense::click());
    let ink = match (response.hovered(), is_running) {
        (true, _) => theme.accent,
        (false, true) => theme.text,
        (false, false) => theme.text_dim,
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, galley.text()));
    let middle = rect.left_center();
    ui.painter().circle_filled(
        middle + vec2(5.0, 0.0),
        4.0,
        color(fill_of(theme, world, node)),
    );
    ui.painter().galley_with_override_text_color(
        middle + vec2(13.0, -galley.size().y / 2.0),
        galley,
        color(ink),
    );
    if response.on_hover_text(panel::select_tip()).clicked() {
        out.push(PanelRequest::Select(node));
    }
}

/// Toasts below the toolbar, and the run that is being opened.
pub(super) fn toasts(ctx: &egui::Context, model: &PanelModel<'_>) {
    let theme = &model.theme;
    let opening = model.opening.map(|text| (ToastKind::Info, text));
    let texts = model
        .toasts
        .iter()
        .map(|toast| (toast.kind, toast.text.as_str()));
    let all: Vec<_> = opening.into_iter().chain(texts).collect();
    if all.is_empty() {
        return;
    }
    Area::new(Id::unique("toasts"))
        .order(Order::Tooltip)
        .anchor(Align2::CENTER_TOP, vec2(0.0, TOOLBAR_HEIGHT_PX + 10.0))
        .interactable(false)
        .show(ctx, |ui| {
            for (kind, text) in all {
                let edge = if kind == ToastKind::Error {
                    theme.bad
                } else {
                    theme.panel_border
                };
                Frame::popup(ui.style())
                    .stroke(egui::Stroke::new(1.0, color(edge)))
                    .show(ui, |ui| {
                        ui.set_max_width(420.0);
                        ui.label(text);
                    });
            }
        });
}
