//! Context menu, opened by a right click on a node or on empty space.

use super::widgets::{Enabled, dim_label};
use super::{ContextMenu, PanelModel, PanelRequest, PanelState};
use crate::run::Run;
use crate::run::SessionKind;
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::text::panel;
use crate::trace::NodeStatus;
use crate::window::command::UserCommand;
use crate::window::style::bold_font;
use egui::{Area, Button, FocusDirection, Frame, Id, Key, Order, RichText, Ui, pos2};

pub(super) fn show(
    ctx: &egui::Context,
    model: &PanelModel<'_>,
    run: &Run,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let Some(menu) = state.menu else { return };
    // The arrow keys move the focus from one item to another. The first press moves it to the first item.
    let has_focus = ctx.memory(|memory| memory.focused().is_some());
    if !has_focus && ctx.input(|input| input.key_pressed(Key::ArrowDown)) {
        ctx.memory_mut(|memory| memory.move_focus(FocusDirection::Next));
    }
    let area = Area::new(Id::unique("menu"))
        .order(Order::Foreground)
        .fixed_pos(pos2(menu.at.x, menu.at.y))
        .constrain_to(ctx.content_rect())
        .show(ctx, |ui| {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_max_width(240.0);
                ui.with_layout(
                    egui::Layout::top_down_justified(egui::Align::LEFT),
                    |ui| match menu.node {
                        Some(node) => node_items(ui, model, run, state, node, out),
                        None => empty_space_items(ui, model, menu, out),
                    },
                );
            });
        });
    let is_escaped = ctx.input(|input| input.key_pressed(Key::Escape));
    if area.response.clicked_elsewhere() || is_escaped {
        out.push(PanelRequest::CloseMenu);
    }
}

fn node_items(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    state: &PanelState,
    node: NodeId,
    out: &mut Vec<PanelRequest>,
) {
    ui.label(RichText::new(run.world().name(node).to_string()).font(bold_font()));
    let is_running = run
        .world()
        .node(node)
        .is_some_and(|node| matches!(node.status, NodeStatus::Running | NodeStatus::Silent));
    let enabled = |command: UserCommand| match (is_running, command.unsupported_reason(run.kind()))
    {
        (true, None) => Enabled::Yes,
        _ => Enabled::No,
    };
    let status = run.world().node(node).map(|node| node.status);
    if status == Some(NodeStatus::Referenced) {
        dim_label(ui, &model.theme, panel::is_referenced());
    } else if !is_running {
        dim_label(ui, &model.theme, panel::is_stopped());
    }
    ui.separator();
    let what = state.draft.content(run.world().proposals().len());
    let propose = panel::propose(&what.to_string());
    item(
        ui,
        enabled(UserCommand::Propose),
        &propose,
        UserCommand::Propose,
        PanelRequest::Propose(node),
        out,
    );
    item(
        ui,
        enabled(UserCommand::RemoveNode),
        panel::leave(),
        UserCommand::RemoveNode,
        PanelRequest::RemoveNode(node),
        out,
    );
    let fault_actions = match run.kind() {
        SessionKind::Simulated => fault_actions(node, status),
        SessionKind::Recorded | SessionKind::Live => Vec::new(),
    };
    for (text, action) in fault_actions {
        plain_item(ui, text, PanelRequest::Act(action), out);
    }
    plain_item(ui, panel::center(), PanelRequest::Center(node), out);
    let key = run
        .world()
        .node(node)
        .map(|node| node.config.peer.key.to_string());
    if let Some(key) = key
        && ui.add(flat(panel::copy_key())).clicked()
    {
        ui.ctx().copy_text(key);
        out.push(PanelRequest::CloseMenu);
    }
}

/// The faults that can be injected into a node in this state, and their recovery.
fn fault_actions(node: NodeId, status: Option<NodeStatus>) -> Vec<(&'static str, Action)> {
    let silence = (panel::silence(), Action::Silence { node });
    let unsilence = (panel::unsilence(), Action::Unsilence { node });
    let crash = (panel::crash(), Action::Crash { node });
    match status {
        Some(NodeStatus::Running) => vec![silence, crash],
        Some(NodeStatus::Silent) => vec![unsilence, crash],
        Some(NodeStatus::Crashed) => vec![(panel::restart_node(), Action::Restart { node })],
        Some(NodeStatus::Left | NodeStatus::Referenced) | None => vec![],
    }
}

fn empty_space_items(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    menu: ContextMenu,
    out: &mut Vec<PanelRequest>,
) {
    let enabled = match UserCommand::AddNode.unsupported_reason(model.context.session_kind) {
        None => Enabled::Yes,
        Some(_) => Enabled::No,
    };
    item(
        ui,
        enabled,
        panel::add_here(),
        UserCommand::AddNode,
        PanelRequest::AddNode(menu.at),
        out,
    );
    for command in [
        UserCommand::FitView,
        UserCommand::TogglePlay,
        UserCommand::Step,
        UserCommand::Screenshot,
    ] {
        item(
            ui,
            Enabled::Yes,
            (command.entry().label)(),
            command,
            PanelRequest::Command(command),
            out,
        );
    }
}

fn flat(text: &str) -> Button<'_> {
    Button::new(text).frame(false)
}

fn item(
    ui: &mut Ui,
    enabled: Enabled,
    text: &str,
    command: UserCommand,
    request: PanelRequest,
    out: &mut Vec<PanelRequest>,
) {
    if ui
        .add_enabled(
            enabled == Enabled::Yes,
            flat(text).shortcut_text(command.shortcut()),
        )
        .clicked()
    {
        out.extend([request, PanelRequest::CloseMenu]);
    }
}

fn plain_item(ui: &mut Ui, text: &str, request: PanelRequest, out: &mut Vec<PanelRequest>) {
    if ui.add(flat(text)).clicked() {
        out.extend([request, PanelRequest::CloseMenu]);
    }
}
