//! The list of proposals: what was proposed and what became of it, the newest first.
//!
//! Absent here: who voted for what; an inspector shows that.

use super::panel::{Panel, Row};
use super::progress::NetworkProgress;
use super::row_icon::RowIcon;
use crate::picture::scene::Scene;
use crate::picture::words::{self, Stuck};
use crate::scp::SlotIndex;
use crate::trace::{ProposalRow, ProposalState, RowKey};

/// Builds it with at most so many rows, the heading included. Without room for any proposal it is empty.
pub(super) fn panel(scene: &Scene<'_>, progress: &NetworkProgress, rows_max: usize) -> Panel {
    if rows_max < 2 {
        return Panel::default();
    }
    let proposals = scene.world.proposals();
    let fork = scene.world.fork().map(|(slot, _)| slot);
    let room = rows_max - 1;
    let all: Vec<Vec<Row>> = proposals
        .iter()
        .rev()
        .take(room)
        .map(|(key, proposal)| rows_of(scene, progress, fork, key, proposal))
        .collect();
    let shown = fitting(&all, proposals.len(), room);
    let mut rows = vec![Row::heading(scene, words::PROPOSALS)];
    rows.extend(all.into_iter().take(shown).flatten());
    if proposals.is_empty() {
        rows.push(Row::plain(words::NO_PROPOSALS, scene.theme.text_dim));
    } else if shown < proposals.len() {
        rows.push(Row::plain(
            words::older(proposals.len() - shown),
            scene.theme.text_dim,
        ));
    }
    Panel { rows, alarm: None }
}

/// How many of the first entries fit into the room, with a row for "so many earlier" unless that is all of them.
fn fitting(entries: &[Vec<Row>], all: usize, room: usize) -> usize {
    let count = |entries: &[Vec<Row>]| entries.iter().map(Vec::len).sum::<usize>();
    if entries.len() == all && count(entries) <= room {
        return all;
    }
    (0..entries.len())
        .rev()
        .find(|shown| count(&entries[..*shown]) < room)
        .unwrap_or(0)
}

/// What is proposed and what became of it; while it is pending, who voted for it in a row of its own.
fn rows_of(
    scene: &Scene<'_>,
    progress: &NetworkProgress,
    fork: Option<SlotIndex>,
    key: &RowKey,
    proposal: &ProposalRow,
) -> Vec<Row> {
    let stuck = progress.stuck(scene, key, proposal);
    let mut rows = vec![row(scene, progress, fork, proposal, stuck)];
    if proposal.state == ProposalState::Pending {
        let heard = progress.heard_to_vote(scene.world, proposal);
        rows.push(Row {
            icon: Some(RowIcon::Blank),
            ..Row::plain(
                words::votes(heard, progress.electorate(), stuck),
                scene.theme.text_dim,
            )
        });
    }
    rows
}

fn row(
    scene: &Scene<'_>,
    progress: &NetworkProgress,
    fork: Option<SlotIndex>,
    proposal: &ProposalRow,
    stuck: Stuck,
) -> Row {
    let theme = &scene.theme;
    let split = matches!(proposal.state, ProposalState::Agreed(slot) if Some(slot) == fork);
    let by_all = match proposal.state {
        ProposalState::Agreed(slot) => progress.is_agreed_by_all(scene.world, slot, proposal),
        _ => false,
    };
    let (icon, color) = match proposal.state {
        ProposalState::Agreed(_) if split => (RowIcon::Cross(theme.bad), theme.bad),
        ProposalState::Agreed(_) if by_all => (RowIcon::Tick(theme.good), theme.good),
        ProposalState::Agreed(_) => (RowIcon::Ring(theme.good), theme.good),
        ProposalState::Rejected => (RowIcon::Cross(theme.bad), theme.bad),
        ProposalState::Outvoted(_) => (RowIcon::Ring(theme.text_dim), theme.text_dim),
        ProposalState::Pending if stuck == Stuck::Yes => {
            (RowIcon::Dot(theme.warning), theme.warning)
        }
        ProposalState::Pending => (RowIcon::Ring(theme.accent), theme.accent),
    };
    let of = progress.electorate();
    let by = if by_all {
        of
    } else {
        progress.recorded(proposal)
    };
    let state = if split {
        words::split(proposal)
    } else {
        words::proposal_state(proposal.state, stuck, by, of)
    };
    Row {
        icon: Some(icon),
        right: Some((state, color)),
        ..Row::plain(words::proposal(proposal), theme.text)
    }
}
