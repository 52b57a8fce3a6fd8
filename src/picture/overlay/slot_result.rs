//! Result of a slot: the summary of the newest agreed slot, or the details of a fork.
//!
//! `progress.rs` determines whether a slot is agreed, and the world whether it is forked.

use super::panel::{Panel, Row};
use super::progress::NetworkProgress;
use super::row_icon::RowIcon;
use crate::node::view::NodeEvent;
use crate::picture::scene::Scene;
use crate::scp::{NodeId, ScpEvent, SlotIndex, Value};
use crate::text::{self, format, overlay};
use crate::trace::World;

/// Largest number of members of a set of nodes that are named.
const NAMES_MAX: usize = 5;

/// The summary of the newest slot that all of its voters have decided: value, voters, duration, rounds, ballots and
/// statements.
pub(super) fn summary(scene: &Scene<'_>, progress: &NetworkProgress) -> Option<Panel> {
    let (slot, summary) = progress.finished_slot(scene.world)?;
    let nodes_by_value = summary.nodes_by_value();
    let last = summary.decided.values().map(|(at, _)| *at).max()?;
    let pair = |label, value: String| Row::pair(scene, label, value);
    let mut rows = vec![Row {
        icon: Some(RowIcon::Tick(scene.theme.good)),
        ..Row::heading(scene, heading(slot, nodes_by_value.len()))
    }];
    if let Some(value) = nodes_by_value.keys().next() {
        rows.push(pair(overlay::value(), text::value(value)));
    }
    let recorded = progress.voters_among(summary.decided.keys());
    rows.push(pair(
        overlay::recorded_by(),
        format::share(recorded, progress.electorate()),
    ));
    if progress.listeners > 0 {
        rows.push(pair(
            overlay::listeners(),
            text::number(progress.listeners as u64),
        ));
    }
    rows.push(pair(
        overlay::duration(),
        format::duration(last.since(summary.started_at)),
    ));
    rows.push(pair(
        overlay::rounds(),
        text::number(summary.rounds_max.into()),
    ));
    rows.push(pair(
        overlay::highest_ballot(),
        text::number(summary.ballots_max.into()),
    ));
    rows.push(pair(
        overlay::statements(),
        text::number(summary.statements_sent),
    ));
    Some(Panel { rows, alarm: None })
}

fn heading(slot: SlotIndex, values: usize) -> String {
    if values > 1 {
        overlay::slot_split(slot, values)
    } else {
        overlay::slot_agreed(slot)
    }
}

/// The details of a fork: for each value the number of nodes and the quorum that first confirmed it, and the nodes that
/// all of these quorums share.
pub(super) fn fork(scene: &Scene<'_>, progress: &NetworkProgress) -> Option<Panel> {
    let (slot, nodes_by_value) = scene.world.fork()?;
    let theme = &scene.theme;
    let names = |nodes: &[NodeId]| {
        let names = nodes.iter().map(|node| scene.world.name(*node).to_string());
        format::list(names, NAMES_MAX)
    };
    let mut rows = vec![Row {
        icon: Some(RowIcon::Cross(theme.bad)),
        color: theme.bad,
        ..Row::heading(scene, heading(slot, nodes_by_value.len()))
    }];
    let mut quorums: Vec<&[NodeId]> = Vec::new();
    for (value, members) in &nodes_by_value {
        rows.push(Row {
            icon: Some(RowIcon::Chip(progress.chip_styles.style_of(value))),
            right: Some((format::nodes(members.len()), theme.text)),
            ..Row::plain(text::value(value), theme.text)
        });
        let quorum = quorum_that_confirmed(scene.world, slot, value);
        let line = match quorum {
            Some(quorum) => overlay::quorum_of(&names(quorum)),
            None => overlay::members(members.len(), &names(members)),
        };
        rows.push(Row::plain(line, theme.text_dim));
        quorums.extend(quorum);
    }
    if quorums.len() == nodes_by_value.len() {
        let common = common_nodes(&quorums);
        let line = match common.as_slice() {
            [] => overlay::no_common_node().to_owned(),
            common => overlay::common_nodes(&names(common)),
        };
        rows.push(Row::plain(line, theme.text_dim));
    }
    Some(Panel {
        rows,
        alarm: Some(theme.bad),
    })
}

fn common_nodes(quorums: &[&[NodeId]]) -> Vec<NodeId> {
    let [first, others @ ..] = quorums else {
        return Vec::new();
    };
    let mut common = first.to_vec();
    common.retain(|node| others.iter().all(|quorum| quorum.contains(node)));
    common
}

/// The quorum with which a node first confirmed the commit of a value, if the event log still contains that event.
fn quorum_that_confirmed<'a>(
    world: &'a World,
    slot: SlotIndex,
    decided: &Value,
) -> Option<&'a [NodeId]> {
    world.log.iter().find_map(|line| match &line.event {
        NodeEvent::Scp(ScpEvent::ConfirmedCommit {
            slot: of,
            value,
            evidence,
            ..
        }) if *of == slot && value == decided => Some(evidence.witness.as_slice()),
        _ => None,
    })
}
