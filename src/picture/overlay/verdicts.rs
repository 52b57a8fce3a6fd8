//! Verdicts: whether quorums intersect, what the last slot came to, and a fork if there is one.
//!
//! Absent here: finding them out; that is the analysis' and the world's.

use super::block::{Block, Row};
use super::progress::Progress;
use super::sign::Sign;
use crate::picture::scene::Scene;
use crate::picture::theme::Color;
use crate::picture::view_state::Quorums;
use crate::picture::words::{self, quorums};
use crate::scp::NodeId;

/// The badge in one row.
pub(super) fn short_badge(scene: &Scene<'_>) -> Block {
    let theme = &scene.theme;
    let (sign, text, color, alarm) = match &scene.status.quorums {
        Quorums::Checking => (
            Sign::Ring(theme.text_dim),
            quorums::CHECKING,
            theme.text_dim,
            None,
        ),
        Quorums::Intersect => (Sign::Tick(theme.good), quorums::YES, theme.text, None),
        Quorums::Disjoint(..) => (
            Sign::Cross(theme.bad),
            quorums::NO,
            theme.bad,
            Some(theme.bad),
        ),
        Quorums::None => (
            Sign::Cross(theme.bad),
            quorums::NONE,
            theme.bad,
            Some(theme.bad),
        ),
        Quorums::Unknown => (
            Sign::Dot(theme.warning),
            quorums::UNKNOWN,
            theme.warning,
            None,
        ),
    };
    let rows = vec![Row {
        sign: Some(sign),
        ..Row::plain(text, color)
    }];
    Block { rows, alarm }
}

/// The badge, with the two quorums if they do not intersect.
pub(super) fn badge(scene: &Scene<'_>, _width_px: f32) -> Block {
    let mut badge = short_badge(scene);
    let dim = scene.theme.text_dim;
    match &scene.status.quorums {
        Quorums::Disjoint(one, two) => {
            badge.rows.push(Row::plain(quorums::NO_MEANS, dim));
            badge.rows.push(group(scene, one, dim));
            badge.rows.push(group(scene, two, dim));
        }
        Quorums::None => badge.rows.push(Row::plain(quorums::NONE_MEANS, dim)),
        Quorums::Checking | Quorums::Intersect | Quorums::Unknown => {}
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
pub(super) fn summary(scene: &Scene<'_>, progress: &Progress) -> Option<Block> {
    let (slot, summary) = progress.finished_slot(scene)?;
    let camps = summary.camps();
    let pair = |label: &str, value: String| Row::pair(scene, label, value);
    let mut rows = vec![Row {
        sign: Some(Sign::Tick(scene.theme.good)),
        ..Row::heading(scene, words::slot_done(slot, camps.len()))
    }];
    if let Some(value) = camps.keys().next() {
        rows.push(pair(words::VALUE, words::value(value)));
    }
    let last = summary.decided.values().map(|(at, _)| *at).max()?;
    rows.push(pair(
        words::RECORDED_BY,
        words::share(
            summary.decided.len(),
            progress.present.max(summary.decided.len()),
        ),
    ));
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
    Some(Block { rows, alarm: None })
}

/// The camps of a fork.
pub(super) fn fork(scene: &Scene<'_>, progress: &Progress) -> Option<Block> {
    let (slot, camps) = scene.world.fork()?;
    let mut rows = vec![Row {
        sign: Some(Sign::Cross(scene.theme.bad)),
        color: scene.theme.bad,
        ..Row::heading(scene, words::slot_done(slot, camps.len()))
    }];
    for (value, members) in &camps {
        let names = members
            .iter()
            .map(|node| scene.world.name(*node).to_string());
        rows.push(Row {
            sign: Some(Sign::Chip(progress.looks.look(value))),
            ..Row::plain(words::value(value), scene.theme.text)
        });
        rows.push(Row::plain(words::disjoint(names), scene.theme.text_dim));
    }
    Some(Block {
        rows,
        alarm: Some(scene.theme.bad),
    })
}
