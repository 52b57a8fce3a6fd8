//! SCP state of a node in its current slot, in the notation of the paper, and its timers.

use super::super::widgets::{LINE_PX, dim_label, heading, node_chip, row, row_with, wrapped_row};
use super::super::{PanelRequest, quorum_tree};
use crate::node::view::{NodeView, TimerKind};
use crate::picture::theme::Theme;
use crate::scp::{Ballot, BallotPhase, SlotState, Value};
use crate::text::{self, format, panel};
use crate::time::Span;
use crate::trace::World;
use egui::{Ui, vec2};
use std::collections::BTreeSet;

/// Width of the label of a ballot in pixels.
const BALLOT_LABEL_PX: f32 = 142.0;

pub(super) fn show(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    view: &NodeView,
    out: &mut Vec<PanelRequest>,
) {
    let Some((index, state)) = view.current_slot() else {
        heading(ui, theme, panel::slot());
        dim_label(ui, theme, panel::no_slot());
        return;
    };
    heading(ui, theme, &panel::slot_title(index));
    row(ui, theme, panel::phase(), scp_phase(state));
    if state.round > 0 {
        row(ui, theme, panel::round(), state.round.to_string());
    }
    if !state.leaders.is_empty() {
        leaders(ui, theme, world, state, out);
    }
    let mut none_yet = Vec::new();
    for (what, present) in [
        (panel::votes(), &state.voted),
        (panel::accepted(), &state.accepted),
        (panel::candidates(), &state.candidates),
    ] {
        if present.is_empty() {
            none_yet.push(what);
        } else {
            row(ui, theme, what, values(present));
        }
    }
    for (letter, label, meaning, ballot) in ballots(state) {
        let Some(ballot) = ballot else {
            none_yet.push(letter);
            continue;
        };
        ui.scope(|ui| row_with(ui, theme, BALLOT_LABEL_PX, label, ballot_words(ballot)))
            .response
            .on_hover_text(meaning);
    }
    if !none_yet.is_empty() {
        let names = none_yet.into_iter().map(str::to_owned);
        row(
            ui,
            theme,
            panel::none_yet(),
            format::list(names, usize::MAX),
        )
    }
}

fn leaders(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    state: &SlotState,
    out: &mut Vec<PanelRequest>,
) {
    wrapped_row(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.allocate_ui(vec2(86.0, LINE_PX), |ui| {
            ui.set_min_width(86.0);
            dim_label(ui, theme, panel::leaders());
        });
        for leader in &state.leaders {
            node_chip(ui, theme, world, *leader, out);
        }
    });
}

/// A ballot variable: symbol in the paper, short meaning, long meaning, value.
type BallotRow<'a> = (&'static str, &'static str, &'static str, Option<&'a Ballot>);

fn ballots(state: &SlotState) -> [BallotRow<'_>; 5] {
    [
        (
            "b",
            panel::ballot_b(),
            panel::ballot_b_tip(),
            state.b.as_ref(),
        ),
        (
            "p",
            panel::ballot_p(),
            panel::ballot_p_tip(),
            state.p.as_ref(),
        ),
        (
            "p'",
            panel::ballot_p_prime(),
            panel::ballot_p_prime_tip(),
            state.p_prime.as_ref(),
        ),
        (
            "h",
            panel::ballot_h(),
            panel::ballot_h_tip(),
            state.h.as_ref(),
        ),
        (
            "c",
            panel::ballot_c(),
            panel::ballot_c_tip(),
            state.c.as_ref(),
        ),
    ]
}

/// The SCP phase by its name in the paper.
fn scp_phase(state: &SlotState) -> String {
    let ballots = match state.phase {
        BallotPhase::Prepare if state.b.is_none() => "NOMINATE",
        BallotPhase::Prepare => "PREPARE",
        BallotPhase::Confirm => "CONFIRM",
        BallotPhase::Externalize => "EXTERNALIZE",
    };
    if state.nominating && state.b.is_some() {
        panel::still_nominating(ballots)
    } else {
        ballots.to_owned()
    }
}

fn values(values: &BTreeSet<Value>) -> String {
    format::list(values.iter().map(text::value), usize::MAX)
}

fn ballot_words(ballot: &Ballot) -> String {
    match ballot.n {
        u32::MAX => panel::ballot_forever(&text::value(&ballot.x)),
        n => panel::ballot(n, &text::value(&ballot.x)),
    }
}

pub(super) fn timers(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView) {
    heading(ui, theme, panel::timers());
    if view.timers.is_empty() {
        dim_label(ui, theme, panel::no_timers());
    }
    for (kind, timer) in &view.timers {
        let left = timer.due_at.since(world.now);
        let whole = timer.due_at.since(timer.set_at);
        ui.horizontal(|ui| {
            ui.allocate_ui(vec2(120.0, 18.0), |ui| {
                ui.set_min_width(120.0);
                dim_label(ui, theme, timer_words(*kind));
            });
            let share = if whole == Span::ZERO {
                0.0
            } else {
                left.as_ms() / whole.as_ms()
            };
            quorum_tree::bar(ui, theme, 54.0, share as f32);
            ui.label(format::duration(left));
        });
    }
}

fn timer_words(kind: TimerKind) -> String {
    match kind {
        TimerKind::Nomination(slot) => panel::timer_round(slot),
        TimerKind::Ballot(slot) => panel::timer_ballot(slot),
        TimerKind::Announce => panel::timer_announce().into(),
        TimerKind::Settle => panel::timer_settle().into(),
        TimerKind::Refresh => panel::timer_refresh().into(),
        TimerKind::Resend => panel::timer_resend().into(),
        TimerKind::Expire => panel::timer_expire().into(),
        TimerKind::CatchUp => panel::timer_catch_up().into(),
        TimerKind::Relay => panel::timer_relay().into(),
        TimerKind::RelayRepeats => panel::timer_relay_repeats().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_have_the_names_of_the_protocol() {
        let mut state = SlotState::default();
        assert_eq!(scp_phase(&state), "NOMINATE");
        state.b = Some(Ballot {
            n: 1,
            x: Value::from("a"),
        });
        state.nominating = true;
        assert_eq!(scp_phase(&state), "PREPARE, still nominating");
        assert_eq!(state.b.as_ref().map(ballot_words).as_deref(), Some("1, a"));
        let present = ballots(&state).map(|(letter, _, _, ballot)| (letter, ballot.is_some()));
        assert_eq!(present.iter().filter(|(_, present)| *present).count(), 1);
        assert_eq!(present[0], ("b", true));
    }
}
