//! The legend: what colours, rims and signs mean. It lists unusual rims only while there are any.
//!
//! Absent here: choosing how much of it is shown; whoever has the room picks a variant.

use super::panel::{Panel, Row};
use super::row_icon::RowIcon;
use crate::node::view::{MessageKind, Phase, TrustPolicy};
use crate::picture::scene::Scene;
use crate::picture::theme::PaletteName;
use crate::picture::value_chips::ChipStyle;
use crate::picture::view_state::{RunKind, Visibility};
use crate::picture::words;
use crate::trace::NodeStatus;

/// Legends from the longest to the shortest.
pub(super) fn variants(scene: &Scene<'_>) -> Vec<Panel> {
    let phases = phases(scene);
    let rims = rims(scene);
    let signs = signs(scene);
    let messages = messages(scene);
    let all = [&phases, &rims, &signs, &messages];
    let parts: [&[&Vec<Row>]; 4] = [&all, &all[..3], &all[..2], &all[..1]];
    parts
        .into_iter()
        .map(|parts| Panel {
            rows: parts.iter().flat_map(|rows| rows.iter().cloned()).collect(),
            alarm: None,
        })
        .collect()
}

fn phases(scene: &Scene<'_>) -> Vec<Row> {
    let row = |phase, value| Row::sign(scene, RowIcon::Phase(phase, value), words::phase(phase));
    let valued = |phase, value: usize| Row {
        right: Some((
            words::value_of_palette(value).to_owned(),
            scene.theme.text_dim,
        )),
        ..row(phase, value)
    };
    match scene.theme.palette {
        PaletteName::OkabeIto => [
            Phase::Idle,
            Phase::Nominate,
            Phase::Accept,
            Phase::Confirm,
            Phase::Externalized,
        ]
        .map(|phase| row(phase, 0))
        .into(),
        PaletteName::Classic => vec![
            row(Phase::Idle, 0),
            row(Phase::Nominate, 0),
            valued(Phase::Accept, 0),
            valued(Phase::Accept, 1),
            valued(Phase::Externalized, 0),
            valued(Phase::Externalized, 1),
        ],
    }
}

/// Unusual rims, if there are any.
fn rims(scene: &Scene<'_>) -> Vec<Row> {
    let has = |status: NodeStatus| scene.world.nodes.iter().any(|node| node.status == status);
    let crashed = match scene.status.run_kind {
        RunKind::Live => words::signs::GONE,
        RunKind::Simulation | RunKind::Recording => words::signs::CRASHED,
    };
    let no_quorum_set = || {
        let nodes = &scene.world.nodes;
        nodes
            .iter()
            .any(|node| node.config.trust == TrustPolicy::None)
    };
    [
        (has(NodeStatus::Crashed), RowIcon::Crashed, crashed),
        (
            has(NodeStatus::Silent),
            RowIcon::Silent,
            words::signs::SILENT,
        ),
        (
            has(NodeStatus::Unseen),
            RowIcon::Unseen,
            words::signs::UNSEEN,
        ),
        (
            !scene.status.ill_behaved.is_empty(),
            RowIcon::IllBehaved,
            words::signs::ILL_BEHAVED,
        ),
        (
            !scene.status.befouled.is_empty(),
            RowIcon::Befouled,
            words::signs::BEFOULED,
        ),
        (
            no_quorum_set(),
            RowIcon::NoQuorumSet,
            words::signs::NO_QUORUM_SET,
        ),
    ]
    .into_iter()
    .filter(|(present, _, _)| *present)
    .map(|(_, sign, text)| Row::sign(scene, sign, text))
    .collect()
}

fn signs(scene: &Scene<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    if scene.geometry.has_rings() {
        rows.push(Row::sign(scene, RowIcon::Quarters, words::signs::QUARTERS));
        rows.push(Row::sign(
            scene,
            RowIcon::Blank,
            words::signs::QUARTERS_REST,
        ));
        rows.push(Row::sign(scene, RowIcon::Timer, words::signs::TIMER));
        rows.push(Row::sign(scene, RowIcon::Crown, words::signs::CROWN));
        if scene.world.nodes.iter().any(|node| node.config.is_beacon) {
            rows.push(Row::sign(scene, RowIcon::Beacon, words::signs::BEACON));
        }
        rows.push(Row::sign(
            scene,
            RowIcon::Chip(ChipStyle::example()),
            words::signs::VALUE,
        ));
    }
    if scene.view.layers.edges == Visibility::Shown {
        rows.push(Row::sign(scene, RowIcon::Trust, words::signs::TRUST));
        rows.push(Row::sign(scene, RowIcon::Mutual, words::signs::MUTUAL));
    }
    rows
}

fn messages(scene: &Scene<'_>) -> Vec<Row> {
    if scene.view.layers.messages == Visibility::Hidden {
        return Vec::new();
    }
    let kinds = [
        MessageKind::Proposal,
        MessageKind::Vote,
        MessageKind::Accept,
        MessageKind::Externalize,
        MessageKind::Chunk,
        MessageKind::Service,
    ];
    let mut rows = vec![Row::heading(scene, words::LEGEND_MESSAGES)];
    rows.extend(kinds.map(|kind| Row::sign(scene, RowIcon::Message(kind), words::message(kind))));
    if scene.status.run_kind == RunKind::Live {
        let dim = scene.theme.text_dim;
        rows.push(Row::plain(words::signs::SLOWED, dim));
    }
    rows.push(Row::sign(scene, RowIcon::Several, words::signs::SEVERAL));
    rows.push(Row::sign(scene, RowIcon::Lost, words::signs::LOST));
    if scene.world.scenario.medium.radio_range_m.is_some() {
        rows.push(Row::sign(
            scene,
            RowIcon::Broadcast,
            words::signs::BROADCAST,
        ));
    }
    rows
}
