//! Node panel: identity, state, slot, log, trust set and quorum set of the selected node.

mod decided;
mod explanation;
mod slot;

pub(super) use explanation::WhyNotCache;

use super::icons::Icon;
use super::widgets::{
    Enabled, Toggled, dim_label, fill_of, heading, icon_button, node_chip, wrapped_row,
};
use super::{PanelModel, PanelRequest, PanelState, quorum_tree};
use crate::node::view::{Phase, Readiness};
use crate::picture::theme::Theme;
use crate::picture::view_state::{HighlightedSet, ViewState};
use crate::run::Run;
use crate::run::SessionKind;
use crate::scp::NodeId;
use crate::text::{format, panel};
use crate::trace::{NodeStatus, World, WorldNode};
use crate::window::command::UserCommand;
use crate::window::style::{bold_font, color};
use egui::{Frame, Margin, Panel, RichText, ScrollArea, Ui, vec2};
use std::collections::BTreeSet;

/// Width of the panel in pixels; less in narrow windows.
const WIDTH_PX: f32 = 304.0;
/// Maximum number of trusted nodes listed.
const TRUSTED_SHOWN: usize = 60;

pub(super) fn show(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let width = WIDTH_PX.min(ui.content_rect().width() * 0.36);
    let frame = Frame::new()
        .fill(color(model.theme.panel))
        .inner_margin(Margin {
            left: 14,
            right: 6,
            top: 10,
            bottom: 10,
        });
    Panel::right("inspector")
        .exact_size(width)
        .resizable(false)
        .frame(frame)
        .show(ui, |ui| {
            let theme = &model.theme;
            let selected = view
                .selected
                .and_then(|id| Some((id, run.world().node(id)?)));
            let Some((id, node)) = selected else {
                empty_content(ui, theme, out);
                return;
            };
            title(ui, theme, run, id, node, out);
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    ui.set_max_width(width - 34.0);
                    if node.status == NodeStatus::Left {
                        left_node_content(ui, theme, run.world(), node);
                        return;
                    }
                    if node.is_referenced() {
                        dim_paragraph(ui, theme, panel::referenced_text());
                        return;
                    }
                    if explanation::show(ui, theme, run, id, &state.explained, out) {
                        return;
                    }
                    explanation::why_not(ui, theme, run, id, &mut state.why_not, out);
                    slot::show(ui, theme, run.world(), &node.view, out);
                    explanation::transitions(ui, theme, run, id, out);
                    slot::timers(ui, theme, run.world(), &node.view);
                    decided::log(ui, theme, &node.view);
                    decided::backup_log(ui, theme, run.world(), &node.view);
                    trust(ui, theme, run.world(), id, node, out);
                });
        });
}

/// The content for a node that has left: its log and backup log.
fn left_node_content(ui: &mut Ui, theme: &Theme, world: &World, node: &WorldNode) {
    dim_paragraph(ui, theme, panel::left_text());
    decided::log(ui, theme, &node.view);
    decided::backup_log(ui, theme, world, &node.view);
}

fn dim_paragraph(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.add(egui::Label::new(RichText::new(text).color(color(theme.text_dim))).wrap());
}

fn empty_content(ui: &mut Ui, theme: &Theme, out: &mut Vec<PanelRequest>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(panel::no_selection()).font(bold_font()));
        close(ui, theme, out);
    });
    ui.add_space(6.0);
    dim_paragraph(ui, theme, panel::no_selection_text());
}

fn close(ui: &mut Ui, theme: &Theme, out: &mut Vec<PanelRequest>) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        if icon_button(
            ui,
            theme,
            Icon::Close,
            Enabled::Yes,
            Toggled::No,
            panel::close_node(),
        )
        .on_hover_text(panel::close_node())
        .clicked()
        {
            out.push(PanelRequest::Command(UserCommand::ToggleInspector));
        }
    });
}

fn title(
    ui: &mut Ui,
    theme: &Theme,
    run: &Run,
    id: NodeId,
    node: &WorldNode,
    out: &mut Vec<PanelRequest>,
) {
    let world = run.world();
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), egui::Sense::hover());
        ui.painter()
            .circle_filled(rect.center(), 7.0, color(fill_of(theme, world, id)));
        ui.add(
            egui::Label::new(RichText::new(node.config.peer.name.to_string()).heading()).truncate(),
        );
        close(ui, theme, out);
    });
    ui.horizontal(|ui| {
        let key = node.config.peer.key.to_string();
        dim_label(ui, theme, abbreviated(&key)).on_hover_text(&key);
        if ui
            .small_button(panel::copy_key())
            .on_hover_text(panel::copy_key_tip())
            .clicked()
        {
            ui.ctx().copy_text(key);
        }
    });
    ui.add(
        egui::Label::new(RichText::new(state(node, run.kind())).color(color(theme.text_dim)))
            .wrap(),
    );
    ui.add_space(4.0);
    ui.separator();
}

/// Abbreviates a key to its first and last characters.
pub(super) fn abbreviated(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    if letters.len() <= 14 {
        return key.to_owned();
    }
    let part = |range: &[char]| range.iter().collect::<String>();
    format!(
        "{}…{}",
        part(&letters[..6]),
        part(&letters[letters.len() - 6..])
    )
}

/// The state of a node as text.
pub(super) fn state(node: &WorldNode, session_kind: SessionKind) -> String {
    let health = match node.status {
        NodeStatus::Running => None,
        NodeStatus::Silent => Some(panel::state_silent()),
        NodeStatus::Crashed if session_kind == SessionKind::Live => {
            Some(panel::state_unreachable())
        }
        NodeStatus::Crashed => Some(panel::state_crashed()),
        NodeStatus::Left => Some(panel::state_left()),
        NodeStatus::Referenced => Some(panel::state_referenced()),
    };
    let doing = match node.view.readiness {
        Readiness::Discovering => panel::state_discovering(),
        Readiness::CatchingUp => panel::state_catching_up(),
        Readiness::Left => panel::state_left(),
        Readiness::Ready => match node.view.phase() {
            Phase::Idle => panel::state_idle(),
            Phase::Nominate => panel::state_nominate(),
            Phase::Accept => panel::state_accept(),
            Phase::Confirm => panel::state_confirm(),
            Phase::Externalized => panel::state_externalized(),
        },
    };
    let role = node.config.is_beacon.then(panel::beacon);
    let parts = [
        node.organization.as_deref(),
        role,
        Some(health.unwrap_or(doing)),
    ];
    format::facts(parts.into_iter().flatten())
}

fn trust(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    id: NodeId,
    node: &WorldNode,
    out: &mut Vec<PanelRequest>,
) {
    heading(ui, theme, panel::trust_set());
    let trusted = node.view.trusted.as_ref();
    if trusted.is_empty() {
        dim_label(ui, theme, panel::no_trust());
    } else {
        let label = panel::trust_set_of(&world.name(id));
        let text = panel::trust_counts(trusted.len(), node.view.known.len() as usize);
        let line = ui.add(
            egui::Label::new(RichText::new(text).color(color(theme.text_dim)))
                .sense(egui::Sense::hover()),
        );
        if line.on_hover_text(panel::outlined()).hovered() {
            out.push(PanelRequest::Highlight(HighlightedSet {
                label,
                members: trusted.clone(),
                target: None,
            }));
        }
        if !is_same(id, node, trusted) {
            chips(ui, theme, world, trusted, out);
        }
    }
    heading(ui, theme, panel::quorum_set());
    let quorum_set = node.view.quorum_set.as_ref();
    match quorum_set {
        Some((from, set)) => {
            if node
                .view
                .current_slot()
                .is_some_and(|(slot, _)| slot < *from)
            {
                dim_label(ui, theme, panel::counts_from(*from));
            }
            quorum_tree::show(ui, theme, world, id, set, out);
        }
        None => {
            dim_label(ui, theme, panel::no_quorum_set());
        }
    }
}

/// Whether the quorum set consists of exactly the trusted nodes, so that listing them twice is redundant.
fn is_same(id: NodeId, node: &WorldNode, trusted: &BTreeSet<NodeId>) -> bool {
    let set = node.view.quorum_set.as_ref().map(|(_, set)| set);
    set.is_some_and(|set| {
        let mut members = quorum_tree::members(set);
        // A node trusts itself even if its quorum set does not name it.
        members.insert(id);
        members == *trusted
    })
}

fn chips(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    nodes: &BTreeSet<NodeId>,
    out: &mut Vec<PanelRequest>,
) {
    wrapped_row(ui, |ui| {
        for node in nodes.iter().take(TRUSTED_SHOWN) {
            node_chip(ui, theme, world, *node, out);
        }
        if nodes.len() > TRUSTED_SHOWN {
            dim_label(ui, theme, panel::and_more(nodes.len() - TRUSTED_SHOWN));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_abbreviated() {
        let key = "GDKXE2OZMJIPOSLNA6N6F2BVCI3O777I2OOC4BV7VOYUEHYX7RTRYA7Y";
        assert_eq!(abbreviated(key), "GDKXE2…TRYA7Y");
        assert_eq!(abbreviated("short"), "short");
    }
}
