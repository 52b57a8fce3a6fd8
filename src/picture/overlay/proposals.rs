//! List of proposals: content, state and votes. Pending ones come first, then the newest.
//!
//! The node panel of the window shows the votes of a node.

use super::panel::{Panel, Row};
use super::progress::{NetworkProgress, Stuck};
use super::row_icon::RowIcon;
use crate::picture::scene::Scene;
use crate::picture::theme::Color;
use crate::scp::SlotIndex;
use crate::text::{self, overlay};
use crate::trace::{ProposalRow, ProposalState, RowKey};
use std::borrow::Cow;

/// Builds the panel with at most `rows_max` rows, the heading included. It is empty if no proposal fits.
pub(super) fn panel(scene: &Scene<'_>, progress: &NetworkProgress, rows_max: usize) -> Panel {
    if rows_max < 2 {
        return Panel::default();
    }
    let proposals = scene.world.proposals();
    let forked_slot = scene.world.fork().map(|(slot, _)| slot);
    let room = rows_max - 1;
    let mut ordered: Vec<&(RowKey, &ProposalRow)> = proposals.iter().rev().collect();
    ordered.sort_by_key(|(_, proposal)| proposal.state != ProposalState::Pending);
    let entries: Vec<Vec<Row>> = ordered
        .into_iter()
        .take(room)
        .map(|(key, proposal)| rows_of(scene, progress, forked_slot, key, proposal))
        .collect();
    let shown = fitting(&entries, proposals.len(), room);
    let heading = match shown < proposals.len() {
        true => overlay::proposals_count(proposals.len()),
        false => overlay::proposals().to_owned(),
    };
    let mut rows = vec![Row::heading(scene, heading)];
    rows.extend(entries.into_iter().take(shown).flatten());
    let dim = scene.theme.text_dim;
    if proposals.is_empty() {
        rows.push(Row::plain(overlay::no_proposals(), dim));
    } else if shown < proposals.len() && rows.len() < rows_max {
        let more = overlay::more_proposals(proposals.len() - shown);
        rows.push(Row::plain(more, dim));
    }
    Panel { rows, alarm: None }
}

/// The number of leading entries that fit. Unless all proposals fit, one row is reserved for the number of the others,
/// but not at the cost of the first entry.
fn fitting(entries: &[Vec<Row>], all: usize, room: usize) -> usize {
    let count = |entries: &[Vec<Row>]| entries.iter().map(Vec::len).sum::<usize>();
    if entries.len() == all && count(entries) <= room {
        return all;
    }
    let shown = (0..entries.len())
        .rev()
        .find(|shown| count(&entries[..*shown]) < room)
        .unwrap_or(0);
    let first_fits = entries.first().is_some_and(|first| first.len() <= room);
    shown.max(usize::from(first_fits))
}

/// One row with content and state; a pending proposal has a second row with its votes.
fn rows_of(
    scene: &Scene<'_>,
    progress: &NetworkProgress,
    forked_slot: Option<SlotIndex>,
    key: &RowKey,
    proposal: &ProposalRow,
) -> Vec<Row> {
    let stuck = progress.stuck(scene.world, key, proposal);
    let (icon, color, state) = match proposal.state {
        ProposalState::Agreed(slot) if Some(slot) == forked_slot => split(scene, proposal),
        ProposalState::Agreed(slot) => agreed(scene, progress, slot, proposal),
        ProposalState::Pending => pending(scene, stuck),
        ProposalState::Rejected => {
            let color = scene.theme.bad;
            (RowIcon::Cross(color), color, overlay::rejected().into())
        }
        ProposalState::Outvoted(slot) => {
            let color = scene.theme.text_dim;
            (
                RowIcon::Ring(color),
                color,
                overlay::outvoted_in_slot(slot).into(),
            )
        }
    };
    let mut rows = vec![Row {
        icon: Some(icon),
        right: Some((state.into_owned(), color)),
        ..Row::plain(text::content(&proposal.content), scene.theme.text)
    }];
    if proposal.state == ProposalState::Pending {
        let (received, total) = (
            progress.votes_received(scene.world, proposal),
            progress.electorate(),
        );
        let votes = match stuck {
            Stuck::No => overlay::votes(received, total),
            Stuck::Yes => overlay::votes_received(received, total),
        };
        rows.push(Row {
            icon: Some(RowIcon::Blank),
            ..Row::plain(votes, scene.theme.text_dim)
        });
    }
    rows
}

type IconColorText = (RowIcon, Color, Cow<'static, str>);

/// The state of a value that some nodes decided while others decided another one.
fn split(scene: &Scene<'_>, proposal: &ProposalRow) -> IconColorText {
    let color = scene.theme.bad;
    (
        RowIcon::Cross(color),
        color,
        overlay::split(proposal.recorded.len()).into(),
    )
}

fn agreed(
    scene: &Scene<'_>,
    progress: &NetworkProgress,
    slot: SlotIndex,
    proposal: &ProposalRow,
) -> IconColorText {
    let (color, total) = (scene.theme.good, progress.electorate());
    let is_agreed_by_all = progress.is_agreed_by_all(scene.world, slot, proposal);
    let recorded = if is_agreed_by_all {
        total
    } else {
        progress.recorded(proposal)
    };
    let icon = if is_agreed_by_all {
        RowIcon::Tick(color)
    } else {
        RowIcon::Ring(color)
    };
    let state = if recorded >= total {
        overlay::agreed_in_slot(slot)
    } else {
        overlay::decided_by(recorded, total)
    };
    (icon, color, state.into())
}

fn pending(scene: &Scene<'_>, stuck: Stuck) -> IconColorText {
    let theme = &scene.theme;
    match stuck {
        Stuck::No => (
            RowIcon::Ring(theme.accent),
            theme.accent,
            overlay::pending().into(),
        ),
        Stuck::Yes => (
            RowIcon::Dot(theme.warning),
            theme.warning,
            overlay::stuck().into(),
        ),
    }
}
