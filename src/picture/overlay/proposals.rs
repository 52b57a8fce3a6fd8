//! The list of proposals: what was proposed and what became of it, the newest first.
//!
//! Absent here: who voted for what; an inspector shows that.

use super::block::{Block, Row};
use super::progress::Progress;
use super::sign::Sign;
use crate::picture::scene::Scene;
use crate::picture::view_state::Clock;
use crate::picture::words::{self, Stuck};
use crate::scp::SlotIndex;
use crate::time::Span;
use crate::trace::{ProposalRow, ProposalState};

/// Builds it with at most so many rows, the heading included. Without room for any proposal it is empty.
pub(super) fn block(scene: &Scene<'_>, progress: &Progress, rows_max: usize) -> Block {
    if rows_max < 2 {
        return Block::default();
    }
    let proposals = scene.world.proposals();
    let fork = scene.world.fork().map(|(slot, _)| slot);
    let room = rows_max - 1;
    let shown = if proposals.len() > room {
        room - 1
    } else {
        proposals.len()
    };
    let mut rows = vec![Row::heading(scene, words::PROPOSALS)];
    rows.extend(
        proposals
            .iter()
            .rev()
            .take(shown)
            .map(|(_, proposal)| row(scene, progress, fork, proposal)),
    );
    if proposals.is_empty() {
        rows.push(Row::plain(words::NO_PROPOSALS, scene.theme.text_dim));
    } else if shown < proposals.len() {
        rows.push(Row::plain(
            words::older(proposals.len() - shown),
            scene.theme.text_dim,
        ));
    }
    Block { rows, alarm: None }
}

fn row(
    scene: &Scene<'_>,
    progress: &Progress,
    fork: Option<SlotIndex>,
    proposal: &ProposalRow,
) -> Row {
    let theme = &scene.theme;
    let stuck = stuck(scene, proposal);
    let split = matches!(proposal.state, ProposalState::Agreed(slot) if Some(slot) == fork);
    let (sign, color) = match proposal.state {
        ProposalState::Agreed(_) if split => (Sign::Cross(theme.bad), theme.bad),
        ProposalState::Agreed(_) => (Sign::Tick(theme.good), theme.good),
        ProposalState::Rejected => (Sign::Cross(theme.bad), theme.bad),
        ProposalState::Outvoted(_) => (Sign::Ring(theme.text_dim), theme.text_dim),
        ProposalState::Pending if stuck == Stuck::Yes => (Sign::Dot(theme.warning), theme.warning),
        ProposalState::Pending => (Sign::Ring(theme.accent), theme.accent),
    };
    let state = if split {
        words::split(proposal)
    } else {
        words::proposal_state(proposal, progress.voters, stuck)
    };
    Row {
        sign: Some(sign),
        right: Some((state, color)),
        ..Row::plain(words::proposal(proposal), theme.text)
    }
}

/// Stuck: pending although nothing will happen any more, or for half the time after which proposals expire.
fn stuck(scene: &Scene<'_>, proposal: &ProposalRow) -> Stuck {
    let patience = Span(scene.world.scenario.settings.proposal_ttl.0 / 2);
    let waited = scene.world.now.since(proposal.at);
    if scene.status.clock == Clock::Finished || waited > patience {
        Stuck::Yes
    } else {
        Stuck::No
    }
}
