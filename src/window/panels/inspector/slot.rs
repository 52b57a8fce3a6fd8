//! What a node does in its current slot: the variables of SCP in the paper's letters, and the timers.

use super::super::widgets::{LINE_PX, dim, flowing, heading, node_chip, row};
use super::super::{Request, quorum_tree};
use crate::node::view::{NodeView, TimerKind};
use crate::picture::theme::Theme;
use crate::picture::words;
use crate::scp::{Ballot, BallotPhase, SlotIndex, SlotState, Value};
use crate::time::Span;
use crate::trace::World;
use egui::{Ui, vec2};
use std::collections::BTreeSet;

pub(super) fn show(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    view: &NodeView,
    out: &mut Vec<Request>,
) {
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

pub(super) fn timers(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
