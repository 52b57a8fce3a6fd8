//! The node panel: everything that is known about the selected node, in the paper's letters.

use super::icons::Icon;
use super::widgets::{
    LINE_PX, Lit, Usable, dim, fill_of, flowing, heading, icon_button, node_chip, row,
};
use super::{Model, Request, quorum_tree};
use crate::node::view::{BackupAnswer, NodeView, Phase, Readiness, TimerKind};
use crate::picture::theme::Theme;
use crate::picture::view_state::{NodeSet, ViewState};
use crate::picture::words;
use crate::scp::{Ballot, BallotPhase, NodeId, SlotIndex, SlotState, Value};
use crate::time::Span;
use crate::trace::{Status, World, WorldNode};
use crate::window::command::Command;
use crate::window::run::Run;
use crate::window::style::{bold_font, color};
use egui::{Frame, Margin, RichText, ScrollArea, SidePanel, Ui, vec2};
use std::collections::BTreeSet;

/// Width of the panel in pixels; in narrow windows it takes less.
const WIDTH_PX: f32 = 304.0;
/// Most log entries shown.
const LOG_SHOWN: usize = 12;
/// Most trusted nodes shown by name.
const TRUSTED_SHOWN: usize = 60;

pub(super) fn show(
    ctx: &egui::Context,
    model: &Model<'_>,
    run: &Run,
    view: &ViewState,
    out: &mut Vec<Request>,
) {
    let width = WIDTH_PX.min(ctx.screen_rect().width() * 0.36);
    let frame = Frame::new()
        .fill(color(model.theme.panel))
        .inner_margin(Margin {
            left: 14,
            right: 6,
            top: 10,
            bottom: 10,
        });
    SidePanel::right("inspector")
        .exact_width(width)
        .resizable(false)
        .frame(frame)
        .show(ctx, |ui| {
            let theme = &model.theme;
            let selected = view.selected.and_then(|id| Some((id, run.world.node(id)?)));
            let Some((id, node)) = selected else {
                nothing(ui, theme, out);
                return;
            };
            title(ui, theme, &run.world, id, node, out);
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show(ui, |ui| {
                    ui.set_max_width(width - 34.0);
                    trust(ui, theme, &run.world, id, node, out);
                    slot(ui, theme, &run.world, &node.view, out);
                    timers(ui, theme, &run.world, &node.view);
                    log(ui, theme, &node.view);
                    backup_log(ui, theme, &run.world, &node.view);
                });
        });
}

fn nothing(ui: &mut Ui, theme: &Theme, out: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("No node selected").font(bold_font()));
        close(ui, theme, out);
    });
    ui.add_space(6.0);
    ui.add(egui::Label::new(RichText::new("Right click on a node, or press Tab, to see whom it trusts, what it voted for and what it has agreed to. A left click selects it too, and lets it propose.").color(color(theme.text_dim))).wrap());
}

fn close(ui: &mut Ui, theme: &Theme, out: &mut Vec<Request>) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        if icon_button(ui, theme, Icon::Close, Usable::Yes, Lit::No)
            .on_hover_text("Close the node panel")
            .clicked()
        {
            out.push(Request::Command(Command::ToggleInspector));
        }
    });
}

fn title(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    id: NodeId,
    node: &WorldNode,
    out: &mut Vec<Request>,
) {
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
        dim(ui, theme, abbreviated(&key)).on_hover_text(&key);
        if ui
            .small_button("Copy key")
            .on_hover_text("Copies the whole public key")
            .clicked()
        {
            ui.ctx().copy_text(key);
        }
    });
    ui.add(egui::Label::new(RichText::new(state(node)).color(color(theme.text_dim))).wrap());
    ui.add_space(4.0);
    ui.separator();
}

/// The first and last letters of a key.
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

/// How the node is, in words.
fn state(node: &WorldNode) -> String {
    let health = match node.status {
        Status::Running => None,
        Status::Silent => Some("runs, but nothing it sends gets out"),
        Status::Crashed => Some("has crashed"),
        Status::Left => Some("has left"),
    };
    let doing = match node.view.readiness {
        Readiness::Discovering => "is looking for others",
        Readiness::CatchingUp => "is fetching the log",
        Readiness::Left => "has left",
        Readiness::Ready => match node.view.phase() {
            Phase::Idle => "waits for a proposal",
            Phase::Nominate => "has voted or echoed",
            Phase::Accept => "has accepted",
            Phase::Confirm => "has confirmed",
            Phase::Externalized => "has externalized",
        },
    };
    let role = node.config.is_beacon.then_some("beacon");
    let parts = [
        node.organization.as_deref(),
        role,
        Some(health.unwrap_or(doing)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn trust(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    id: NodeId,
    node: &WorldNode,
    out: &mut Vec<Request>,
) {
    heading(ui, theme, "Trust set");
    let trusted = node.view.trusted.as_ref();
    if trusted.is_empty() {
        dim(ui, theme, "It has found nobody to trust yet.");
    } else {
        let label = format!("the trust set of {}", world.name(id));
        let text = format!(
            "{}, itself included; knows {}",
            words::count(trusted.len(), "node", "nodes"),
            node.view.known.len()
        );
        let line = ui.add(
            egui::Label::new(RichText::new(text).color(color(theme.text_dim)))
                .sense(egui::Sense::hover()),
        );
        if line
            .on_hover_text("The set is outlined in the picture")
            .hovered()
        {
            out.push(Request::Look(NodeSet {
                label,
                members: trusted.clone(),
            }));
        }
        if !is_same(node, trusted) {
            chips(ui, theme, world, trusted, out);
        }
    }
    heading(ui, theme, "Quorum set");
    let told = node.view.quorum_set.as_ref();
    match told {
        Some((from, set)) => {
            if node
                .view
                .current_slot()
                .is_some_and(|(slot, _)| slot < *from)
            {
                dim(ui, theme, format!("counts from slot {} on", from.0));
            }
            quorum_tree::show(ui, theme, world, id, set, out);
        }
        None => {
            dim(
                ui,
                theme,
                "It has formed none yet; until then it cannot vote.",
            );
        }
    }
}

/// Whether the quorum set names just the trusted nodes: the tree below then shows them.
fn is_same(node: &WorldNode, trusted: &BTreeSet<NodeId>) -> bool {
    let set = node.view.quorum_set.as_ref().map(|(_, set)| set);
    set.is_some_and(|set| {
        set.inner.is_empty() && set.validators.iter().copied().collect::<BTreeSet<_>>() == *trusted
    })
}

fn chips(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    nodes: &BTreeSet<NodeId>,
    out: &mut Vec<Request>,
) {
    flowing(ui, |ui| {
        for node in nodes.iter().take(TRUSTED_SHOWN) {
            node_chip(ui, theme, world, *node, out);
        }
        if nodes.len() > TRUSTED_SHOWN {
            dim(
                ui,
                theme,
                format!("and {} more", nodes.len() - TRUSTED_SHOWN),
            );
        }
    });
}

fn slot(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView, out: &mut Vec<Request>) {
    let Some((index, state)) = view.current_slot() else {
        heading(ui, theme, "Slot");
        dim(ui, theme, "It takes part in no slot yet.");
        return;
    };
    heading(ui, theme, &format!("Slot {}", index.0));
    row(ui, theme, "phase", scp_phase(state));
    row(
        ui,
        theme,
        "round",
        match state.round {
            0 => "none yet".to_owned(),
            round => round.to_string(),
        },
    );
    flowing(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.allocate_ui(vec2(86.0, LINE_PX), |ui| {
            ui.set_min_width(86.0);
            dim(ui, theme, "leaders");
        });
        if state.leaders.is_empty() {
            dim(ui, theme, "none yet");
        }
        for leader in &state.leaders {
            node_chip(ui, theme, world, *leader, out);
        }
    });
    row(ui, theme, "votes", values(&state.voted));
    row(ui, theme, "accepted", values(&state.accepted));
    row(ui, theme, "candidates", values(&state.candidates));
    for (letter, ballot, meaning) in [
        ("b", &state.b, "current ballot"),
        ("p", &state.p, "highest ballot accepted as prepared"),
        (
            "p'",
            &state.p_prime,
            "highest such ballot for another value",
        ),
        (
            "h",
            &state.h,
            "highest ballot confirmed as prepared; from CONFIRM on highest accepted commit",
        ),
        (
            "c",
            &state.c,
            "lowest ballot voted to commit; from CONFIRM on lowest accepted commit",
        ),
    ] {
        ui.scope(|ui| row(ui, theme, letter, ballot_words(ballot.as_ref())))
            .response
            .on_hover_text(meaning);
    }
}

/// The phase of SCP in its own words.
fn scp_phase(state: &SlotState) -> String {
    let ballots = match state.phase {
        BallotPhase::Prepare if state.b.is_none() => "NOMINATE",
        BallotPhase::Prepare => "PREPARE",
        BallotPhase::Confirm => "CONFIRM",
        BallotPhase::Externalize => "EXTERNALIZE",
    };
    let also = if state.nominating && state.b.is_some() {
        ", still nominating"
    } else {
        ""
    };
    format!("{ballots}{also}")
}

fn values(values: &BTreeSet<Value>) -> String {
    if values.is_empty() {
        return "none".to_owned();
    }
    values
        .iter()
        .map(words::value)
        .collect::<Vec<_>>()
        .join(", ")
}

fn ballot_words(ballot: Option<&Ballot>) -> String {
    ballot.map_or("none".to_owned(), |ballot| match ballot.n {
        u32::MAX => format!("∞, {}", words::value(&ballot.x)),
        n => format!("{n}, {}", words::value(&ballot.x)),
    })
}

fn timers(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView) {
    heading(ui, theme, "Timers");
    if view.timers.is_empty() {
        dim(ui, theme, "None is running.");
    }
    for (kind, timer) in &view.timers {
        let left = timer.due_at.since(world.now);
        let whole = timer.due_at.since(timer.set_at);
        ui.horizontal(|ui| {
            ui.allocate_ui(vec2(120.0, 18.0), |ui| {
                ui.set_min_width(120.0);
                dim(ui, theme, timer_words(*kind));
            });
            let share = if whole == Span::ZERO {
                0.0
            } else {
                left.as_ms() / whole.as_ms()
            };
            quorum_tree::bar(ui, theme, 54.0, share as f32);
            ui.label(words::span(left));
        });
    }
}

fn timer_words(kind: TimerKind) -> String {
    let of = |what: &str, SlotIndex(slot): SlotIndex| format!("{what}, slot {slot}");
    match kind {
        TimerKind::Nomination(slot) => of("round", slot),
        TimerKind::Ballot(slot) => of("ballot", slot),
        TimerKind::Announce => "next broadcast".into(),
        TimerKind::Settle => "roster settles".into(),
        TimerKind::Refresh => "refresh of trust".into(),
        TimerKind::Resend => "send again".into(),
        TimerKind::Expire => "proposal expires".into(),
        TimerKind::CatchUp => "ask again".into(),
        TimerKind::Relay => "pass on".into(),
        TimerKind::RelayRepeats => "pass on what is repeated".into(),
    }
}

fn log(ui: &mut Ui, theme: &Theme, view: &NodeView) {
    heading(ui, theme, "Log");
    if view.log.is_empty() {
        dim(ui, theme, "Nothing is decided here yet.");
    }
    for entry in view.log.iter().rev().take(LOG_SHOWN) {
        row(
            ui,
            theme,
            &format!("slot {}", entry.slot.0),
            words::value(&entry.value),
        );
    }
    if view.log.len() > LOG_SHOWN {
        dim(
            ui,
            theme,
            format!("and {} before", view.log.len() - LOG_SHOWN),
        );
    }
}

fn backup_log(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView) {
    heading(ui, theme, "Backup log");
    if view.backup_log.is_empty() {
        dim(ui, theme, "No file has been proposed here yet.");
    }
    for line in view.backup_log.values() {
        let answer = match line.answer {
            BackupAnswer::Yes => "yes",
            BackupAnswer::NoHasIt => "no (has it)",
            BackupAnswer::NotAsked => "not asked",
        };
        let copy = match (&line.backed_up, line.answer) {
            (Some((at, from)), _) => format!(
                "backed up from {} at {}",
                world.name(*from),
                words::seconds(*at)
            ),
            (None, BackupAnswer::NoHasIt) => "was here before".to_owned(),
            (None, _) => "not here yet".to_owned(),
        };
        row(ui, theme, answer, format!("{}, {copy}", line.file.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_by_their_ends() {
        let key = "GDKXE2OZMJIPOSLNA6N6F2BVCI3O777I2OOC4BV7VOYUEHYX7RTRYA7Y";
        assert_eq!(abbreviated(key), "GDKXE2…TRYA7Y");
        assert_eq!(abbreviated("short"), "short");
    }

    #[test]
    fn phases_are_those_of_the_protocol() {
        let mut state = SlotState::default();
        assert_eq!(scp_phase(&state), "NOMINATE");
        state.b = Some(Ballot {
            n: 1,
            x: Value::from("a"),
        });
        state.nominating = true;
        assert_eq!(scp_phase(&state), "PREPARE, still nominating");
        assert_eq!(ballot_words(state.b.as_ref()), "1, a");
        assert_eq!(values(&state.voted), "none");
    }
}
