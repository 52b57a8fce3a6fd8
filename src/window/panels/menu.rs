//! The menu of a right click: on a node what can be done with it, elsewhere what can be done here.

use super::widgets::{Usable, dim};
use super::{Menu, Model, PanelState, Request};
use crate::run::SessionKind;
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::trace::NodeStatus;
use crate::window::command::Command;
use crate::window::run::Run;
use crate::window::style::bold_font;
use egui::{Area, Button, Frame, Id, Order, RichText, Ui, pos2};

pub(super) fn show(
    ctx: &egui::Context,
    model: &Model<'_>,
    run: &Run,
    state: &mut PanelState,
    out: &mut Vec<Request>,
) {
    let Some(menu) = state.menu else { return };
    let area = Area::new(Id::new("menu"))
        .order(Order::Foreground)
        .fixed_pos(pos2(menu.at.x, menu.at.y))
        .constrain_to(ctx.screen_rect())
        .show(ctx, |ui| {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_max_width(240.0);
                ui.with_layout(
                    egui::Layout::top_down_justified(egui::Align::LEFT),
                    |ui| match menu.node {
                        Some(node) => of_node(ui, model, run, state, node, out),
                        None => of_space(ui, model, menu, out),
                    },
                );
            });
        });
    if area.response.clicked_elsewhere() {
        out.push(Request::CloseMenu);
    }
}

fn of_node(
    ui: &mut Ui,
    model: &Model<'_>,
    run: &Run,
    state: &PanelState,
    node: NodeId,
    out: &mut Vec<Request>,
) {
    ui.label(RichText::new(run.world.name(node).to_string()).font(bold_font()));
    let is_running = run
        .world
        .node(node)
        .is_some_and(|node| matches!(node.status, NodeStatus::Running | NodeStatus::Silent));
    let usable = |command: Command| match (is_running, command.not_ours(run.session_kind)) {
        (true, None) => Usable::Yes,
        _ => Usable::No,
    };
    let status = run.world.node(node).map(|node| node.status);
    if status == Some(NodeStatus::Unseen) {
        dim(ui, &model.theme, "is known by name only");
    } else if !is_running {
        dim(ui, &model.theme, "is not running");
    }
    ui.separator();
    let what = state.palette.content(run.world.proposals().len());
    let propose = format!("Propose “{what}”");
    item(
        ui,
        usable(Command::Propose),
        &propose,
        Command::Propose,
        Request::ProposeAt(node),
        out,
    );
    item(
        ui,
        usable(Command::RemoveNode),
        "Leave (announces it)",
        Command::RemoveNode,
        Request::Leave(node),
        out,
    );
    let faults = match run.session_kind {
        SessionKind::Simulated => faults(node, status),
        SessionKind::Recorded | SessionKind::Live => Vec::new(),
    };
    for (text, action) in faults {
        plain(ui, text, Request::Act(action), out);
    }
    plain(ui, "Bring into the middle", Request::Center(node), out);
    let key = run
        .world
        .node(node)
        .map(|node| node.config.peer.key.to_string());
    if let Some(key) = key
        && ui.add(flat("Copy key")).clicked()
    {
        ui.ctx().copy_text(key);
        out.push(Request::CloseMenu);
    }
}

/// What can befall a node, and how that ends.
fn faults(node: NodeId, status: Option<NodeStatus>) -> Vec<(&'static str, Action)> {
    let silence = ("Fall silent", Action::Silence { node });
    let speak = ("Speak again", Action::Unsilence { node });
    let crash = ("Crash", Action::Crash { node });
    match status {
        Some(NodeStatus::Running) => vec![silence, crash],
        Some(NodeStatus::Silent) => vec![speak, crash],
        Some(NodeStatus::Crashed) => vec![("Restart", Action::Restart { node })],
        Some(NodeStatus::Left | NodeStatus::Unseen) | None => vec![],
    }
}

fn of_space(ui: &mut Ui, model: &Model<'_>, menu: Menu, out: &mut Vec<Request>) {
    let usable = match Command::AddNode.not_ours(model.situation.session_kind) {
        None => Usable::Yes,
        Some(_) => Usable::No,
    };
    item(
        ui,
        usable,
        "Add a node here",
        Command::AddNode,
        Request::AddAt(menu.at),
        out,
    );
    for command in [
        Command::FitView,
        Command::TogglePlay,
        Command::Step,
        Command::Screenshot,
    ] {
        item(
            ui,
            Usable::Yes,
            command.entry().label,
            command,
            Request::Command(command),
            out,
        );
    }
}

fn flat(text: &str) -> Button<'_> {
    Button::new(text).frame(false)
}

fn item(
    ui: &mut Ui,
    usable: Usable,
    text: &str,
    command: Command,
    request: Request,
    out: &mut Vec<Request>,
) {
    if ui
        .add_enabled(
            usable == Usable::Yes,
            flat(text).shortcut_text(command.shortcut()),
        )
        .clicked()
    {
        out.extend([request, Request::CloseMenu]);
    }
}

fn plain(ui: &mut Ui, text: &str, request: Request, out: &mut Vec<Request>) {
    if ui.add(flat(text)).clicked() {
        out.extend([request, Request::CloseMenu]);
    }
}
