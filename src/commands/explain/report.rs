//! Explanations as lines for people.

use super::Explained;
use crate::explain::why::explain_all;
use crate::scp::{NodeId, SlotIndex};
use crate::text::explain as text;

/// The indentation of what belongs to the line before.
const INDENT: &str = "  ";

/// The explanations as text.
pub(super) fn to_text(explained: &Explained<'_>) -> String {
    let world = explained.world;
    let scenario = &world.scenario;
    let mut lines = vec![text::heading(
        &scenario.name,
        &scenario.seed.to_string(),
        world.now,
    )];
    lines.extend(text::availability(world, &explained.availability));
    lines.push(text::progress(world, &explained.situation.progress()));
    lines.extend(text::verdict(world, &explained.verdict));
    for (node, slot) in &explained.nodes {
        lines.push(String::new());
        add_node(explained, *node, *slot, &mut lines);
    }
    lines.join("\n")
}

fn add_node(explained: &Explained<'_>, node: NodeId, slot: SlotIndex, lines: &mut Vec<String>) {
    let Explained {
        world,
        log,
        situation,
        ..
    } = explained;
    let heading = text::node(&world.name(node), slot);
    let phase = text::phase(situation.phase(slot, node));
    lines.push(format!("{heading}: {phase}"));
    for explanation in explain_all(log, slot, node) {
        let Some(sentence) = text::step_taken(world, log, &explanation) else {
            continue;
        };
        lines.push(format!("{INDENT}{sentence}"));
        let witnesses = text::witnesses(world, &explanation);
        lines.extend(
            witnesses
                .iter()
                .map(|line| format!("{INDENT}{INDENT}{line}")),
        );
    }
    for why_not in situation.why_not(slot, node) {
        let mut not_taken = text::not_taken(world, &why_not).into_iter();
        lines.extend(not_taken.next().map(|line| format!("{INDENT}{line}")));
        lines.extend(not_taken.map(|line| format!("{INDENT}{INDENT}{line}")));
    }
}
