//! Verdicts: whether quorums intersect, what the last slot came to, and a fork if there is one.
//!
//! Absent here: finding them out; that is the analysis' and the world's.

use super::panel::{Panel, Row};
use super::progress::NetworkProgress;
use super::row_icon::RowIcon;
use crate::node::view::NodeEvent;
use crate::picture::scene::Scene;
use crate::picture::theme::Color;
use crate::picture::view_state::QuorumIntersection;
use crate::picture::words::{self, quorums};
use crate::scp::{NodeId, ScpEvent, SlotIndex, Value};
use crate::trace::World;

/// The badge in one row.
pub(super) fn short_badge(scene: &Scene<'_>) -> Panel {
    let theme = &scene.theme;
    let (icon, text, color, alarm) = match &scene.status.quorums {
        QuorumIntersection::Checking => (
            RowIcon::Ring(theme.text_dim),
            quorums::CHECKING,
            theme.text_dim,
            None,
        ),
        QuorumIntersection::Intersect => {
            (RowIcon::Tick(theme.good), quorums::YES, theme.text, None)
        }
        QuorumIntersection::Disjoint(..) => (
            RowIcon::Cross(theme.bad),
            quorums::NO,
            theme.bad,
            Some(theme.bad),
        ),
        QuorumIntersection::NoQuorum => (
            RowIcon::Cross(theme.bad),
            quorums::NONE,
            theme.bad,
            Some(theme.bad),
        ),
        QuorumIntersection::Unknown => (
            RowIcon::Dot(theme.warning),
            quorums::UNKNOWN,
            theme.warning,
            None,
        ),
    };
    let rows = vec![Row {
        icon: Some(icon),
        ..Row::plain(text, color)
    }];
    Panel { rows, alarm }
}

/// The badge, with the two quorums if they do not intersect.
pub(super) fn badge(scene: &Scene<'_>) -> Panel {
    let mut badge = short_badge(scene);
    let dim = scene.theme.text_dim;
    match &scene.status.quorums {
        QuorumIntersection::Disjoint(one, two) => {
            badge.rows.push(Row::plain(quorums::NO_MEANS, dim));
            badge.rows.push(group(scene, one, dim));
            badge.rows.push(group(scene, two, dim));
        }
        QuorumIntersection::NoQuorum => badge.rows.push(Row::plain(quorums::NONE_MEANS, dim)),
        QuorumIntersection::Unknown if scene.world.depends_on_unseen() => {
            badge.rows.push(Row::plain(quorums::UNSEEN_MEANS, dim));
        }
        QuorumIntersection::Checking
        | QuorumIntersection::Intersect
        | QuorumIntersection::Unknown => {}
    }
    badge
}

fn group(scene: &Scene<'_>, members: &[NodeId], color: Color) -> Row {
    let names = members
        .iter()
        .map(|node| scene.world.name(*node).to_string());
    Row::plain(words::disjoint(names), color)
}

/// What the newest finished slot came to.
pub(super) fn summary(scene: &Scene<'_>, progress: &NetworkProgress) -> Option<Panel> {
    let (slot, summary) = progress.finished_slot(scene)?;
    let camps = summary.camps();
    let pair = |label: &str, value: String| Row::pair(scene, label, value);
    let mut rows = vec![Row {
        icon: Some(RowIcon::Tick(scene.theme.good)),
        ..Row::heading(scene, words::slot_done(slot, camps.len()))
    }];
    if let Some(value) = camps.keys().next() {
        rows.push(pair(words::VALUE, words::value(value)));
    }
    let last = summary.decided.values().map(|(at, _)| *at).max()?;
    rows.push(pair(
        words::RECORDED_BY,
        words::share(
            progress.electors_among(summary.decided.keys()),
            progress.electorate(),
        ),
    ));
    if progress.listeners > 0 {
        rows.push(pair(
            words::LISTENERS,
            words::number(progress.listeners as u64),
        ));
    }
    rows.push(pair(
        words::TOOK,
        words::span(last.since(summary.started_at)),
    ));
    rows.push(pair(
        words::ROUNDS,
        words::number(u64::from(summary.rounds_max)),
    ));
    rows.push(pair(
        words::BALLOTS,
        words::number(u64::from(summary.ballots_max)),
    ));
    rows.push(pair(
        words::STATEMENTS,
        words::number(summary.statements_sent),
    ));
    Some(Panel { rows, alarm: None })
}

/// The camps of a fork: how many nodes externalized which value, the quorum that let the first of them do so, and who is
/// in all of these quorums.
pub(super) fn fork(scene: &Scene<'_>, progress: &NetworkProgress) -> Option<Panel> {
    let (slot, camps) = scene.world.fork()?;
    let theme = &scene.theme;
    let names = |nodes: &[NodeId]| -> Vec<String> {
        let names = nodes.iter().map(|node| scene.world.name(*node).to_string());
        names.collect()
    };
    let mut rows = vec![Row {
        icon: Some(RowIcon::Cross(theme.bad)),
        color: theme.bad,
        ..Row::heading(scene, words::slot_done(slot, camps.len()))
    }];
    let mut quorums: Vec<&[NodeId]> = Vec::new();
    for (value, members) in &camps {
        rows.push(Row {
            icon: Some(RowIcon::Chip(progress.chip_styles.style_of(value))),
            right: Some((words::camp(members.len()), theme.text)),
            ..Row::plain(words::value(value), theme.text)
        });
        let quorum = quorum(scene.world, slot, value);
        rows.push(match quorum {
            Some(quorum) => Row::plain(words::quorum(names(quorum).into_iter()), theme.text_dim),
            None => Row::plain(words::disjoint(names(members).into_iter()), theme.text_dim),
        });
        quorums.extend(quorum);
    }
    if let [first, others @ ..] = quorums.as_slice()
        && quorums.len() == camps.len()
    {
        let mut both = first.to_vec();
        both.retain(|node| others.iter().all(|quorum| quorum.contains(node)));
        rows.push(Row::plain(
            words::in_both(names(&both).into_iter()),
            theme.text_dim,
        ));
    }
    Some(Panel {
        rows,
        alarm: Some(theme.bad),
    })
}

/// The quorum with which a node first confirmed the commit of a value, if the event log still has it.
fn quorum<'a>(world: &'a World, slot: SlotIndex, decided: &Value) -> Option<&'a [NodeId]> {
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
