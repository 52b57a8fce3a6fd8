//! Explanations of the selected node: why it took its steps, and why it has not taken the next ones.
//!
//! A line highlights the nodes that it is about. A click shows the instant of a transition and what caused it.

use super::super::widgets::{dim_label, heading};
use super::super::{Explained, PanelRequest};
use crate::explain::situation::Situation;
use crate::explain::why::{Explanation, explain, explain_all};
use crate::picture::theme::Theme;
use crate::picture::view_state::HighlightedSet;
use crate::run::Run;
use crate::scp::NodeId;
use crate::text::{explain as text, panel};
use crate::time::Time;
use crate::trace::TransitionId;
use crate::window::style::color;
use egui::{Label, RichText, Sense, Ui};
use std::collections::BTreeSet;

/// Most transitions that are listed, the newest first.
const TRANSITIONS_MAX: usize = 12;
/// Most effects that are listed.
const EFFECTS_MAX: usize = 8;

/// The latest explanation of steps not taken. Computing it for every layout of the panels would cost too much.
#[derive(Clone, Debug, Default)]
pub(in crate::window::panels) struct WhyNotCache {
    key: Option<(NodeId, Time, u64)>,
    lines: Vec<WhyNotLine>,
}

/// One step not taken.
#[derive(Clone, Debug)]
struct WhyNotLine {
    /// What is missing, then the standing of each missing node and what would help.
    texts: Vec<String>,
    /// The nodes that are missing.
    members: BTreeSet<NodeId>,
}

impl WhyNotCache {
    fn lines(&mut self, run: &Run, node: NodeId) -> &[WhyNotLine] {
        let world = run.world();
        let key = (node, world.now, world.version);
        if self.key != Some(key) {
            self.key = Some(key);
            self.lines = lines(run, node);
        }
        &self.lines
    }
}

fn lines(run: &Run, node: NodeId) -> Vec<WhyNotLine> {
    let world = run.world();
    let slot = world.node(node).and_then(|node| node.view.current_slot());
    let Some((slot, _)) = slot else {
        return Vec::new();
    };
    let steps = Situation::new(world, run.causes()).why_not(slot, node);
    let line = |why_not: &_| WhyNotLine {
        texts: text::not_taken(world, why_not),
        members: why_not.members.keys().copied().collect(),
    };
    steps.iter().map(line).collect()
}

/// The steps that the node has not taken yet, and what they lack.
pub(super) fn why_not(
    ui: &mut Ui,
    theme: &Theme,
    run: &Run,
    node: NodeId,
    cache: &mut WhyNotCache,
    out: &mut Vec<PanelRequest>,
) {
    let lines = cache.lines(run, node);
    if lines.is_empty() {
        return;
    }
    heading(ui, theme, panel::why_not());
    for line in lines {
        let mut texts = line.texts.iter();
        let Some(first) = texts.next() else { continue };
        let response = ui.add(Label::new(first).wrap().sense(Sense::hover()));
        let mut is_hovered = response.hovered();
        for text in texts {
            let dim = RichText::new(text).color(color(theme.text_dim));
            let response = ui.add(Label::new(dim).wrap().sense(Sense::hover()));
            is_hovered |= response.hovered();
        }
        ui.add_space(3.0);
        if is_hovered && !line.members.is_empty() {
            out.push(highlight(first.clone(), line.members.clone(), node));
        }
    }
}

/// The transitions of the node in its current slot, the newest first.
pub(super) fn transitions(
    ui: &mut Ui,
    theme: &Theme,
    run: &Run,
    node: NodeId,
    out: &mut Vec<PanelRequest>,
) {
    let slot = run
        .world()
        .node(node)
        .and_then(|node| node.view.current_slot());
    let Some((slot, _)) = slot else { return };
    let made: Vec<Explanation<'_>> = explain_all(run.causes(), slot, node).collect();
    if made.is_empty() {
        return;
    }
    heading(ui, theme, panel::why());
    for explanation in made.iter().rev().take(TRANSITIONS_MAX) {
        transition(ui, run, explanation, out);
    }
    if made.len() > TRANSITIONS_MAX {
        dim_label(ui, theme, panel::and_more(made.len() - TRANSITIONS_MAX));
    }
}

/// The open explanation: the transition, its witnesses, what caused it and what it caused. Returns whether one is open
/// for this node.
pub(super) fn show(
    ui: &mut Ui,
    theme: &Theme,
    run: &Run,
    node: NodeId,
    trail: &[Explained],
    out: &mut Vec<PanelRequest>,
) -> bool {
    let Some(open) = trail.last().filter(|open| open.id.node == node) else {
        return false;
    };
    let Some(explanation) = explain(run.causes(), open.id) else {
        return false;
    };
    ui.horizontal(|ui| {
        if trail.len() > 1 && ui.small_button(panel::explanation_back()).clicked() {
            out.push(PanelRequest::ExplainPrevious);
        }
        if ui.small_button(panel::explanation_close()).clicked() {
            out.push(PanelRequest::CloseExplanation);
        }
    });
    transition(ui, run, &explanation, out);
    witnesses(ui, theme, run, &explanation, out);
    if let Some(before) = explanation.follows {
        heading(ui, theme, panel::follows_from());
        linked(ui, run, before, out);
    }
    if !open.effects.is_empty() {
        heading(ui, theme, panel::led_to());
        for effect in open.effects.iter().take(EFFECTS_MAX) {
            linked(ui, run, *effect, out);
        }
        if open.effects.len() > EFFECTS_MAX {
            dim_label(ui, theme, panel::and_more(open.effects.len() - EFFECTS_MAX));
        }
    }
    true
}

/// The witnesses and the message of each. A click on a message shows the transition that produced it.
fn witnesses(
    ui: &mut Ui,
    theme: &Theme,
    run: &Run,
    explanation: &Explanation<'_>,
    out: &mut Vec<PanelRequest>,
) {
    let mut lines = text::witnesses(run.world(), explanation).into_iter();
    let Some(first) = lines.next() else { return };
    ui.add(Label::new(first).wrap());
    ui.add_space(2.0);
    for (line, message) in lines.zip(&explanation.messages) {
        let produced_by = message.produced_by.filter(|id| *id != explanation.id);
        let ink = match produced_by {
            Some(_) => theme.accent,
            None => theme.text_dim,
        };
        let label = Label::new(RichText::new(line).color(color(ink))).wrap();
        let response = ui.add(label.sense(Sense::click()));
        if response.hovered() {
            let from = BTreeSet::from([message.envelope.from]);
            let label = response_label(run, explanation);
            out.push(highlight(label, from, explanation.id.node));
        }
        if let Some(id) = produced_by
            && response.on_hover_text(panel::message_tip()).clicked()
        {
            out.push(PanelRequest::Explain(id));
        }
    }
}

/// A transition as a line. Pointing at it highlights its witnesses, a click opens it.
fn transition(ui: &mut Ui, run: &Run, explanation: &Explanation<'_>, out: &mut Vec<PanelRequest>) {
    let Some(sentence) = text::step_taken(run.world(), run.causes(), explanation) else {
        return;
    };
    let response = ui.add(Label::new(&sentence).wrap().sense(Sense::click()));
    if response.hovered() && !explanation.witness.is_empty() {
        let witness = explanation.witness.iter().copied().collect();
        out.push(highlight(sentence, witness, explanation.id.node));
    }
    if response.on_hover_text(panel::transition_tip()).clicked() {
        out.push(PanelRequest::Explain(explanation.id));
    }
}

/// A transition that the explanation refers to; it may be later than the instant that is shown.
fn linked(ui: &mut Ui, run: &Run, id: TransitionId, out: &mut Vec<PanelRequest>) {
    match explain(run.causes(), id) {
        Some(explanation) => transition(ui, run, &explanation, out),
        None => {
            let later = panel::later_transition(&run.world().name(id.node));
            if ui.link(later).clicked() {
                out.push(PanelRequest::Explain(id));
            }
        }
    }
}

fn response_label(run: &Run, explanation: &Explanation<'_>) -> String {
    text::step_taken(run.world(), run.causes(), explanation).unwrap_or_default()
}

fn highlight(label: String, members: BTreeSet<NodeId>, target: NodeId) -> PanelRequest {
    PanelRequest::Highlight(HighlightedSet {
        label,
        members,
        target: Some(target),
    })
}
