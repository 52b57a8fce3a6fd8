//! Legend: the meaning of colours, rims, signs and messages. It lists unusual rims only while the network has such
//! nodes.
//!
//! The overlay chooses the longest variant that fits.

use super::panel::{Panel, Row};
use super::row_icon::RowIcon;
use crate::node::view::{MessageKind, Phase, Readiness, TrustPolicy};
use crate::picture::canvas::Font;
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{FONT_SMALL_PX, PaletteName};
use crate::picture::value_chips::ChipStyle;
use crate::picture::view_state::{RunKind, Visibility};
use crate::text::overlay;
use crate::trace::{NodeStatus, WorldNode};

/// Width in pixels that the narrowest column leaves to the text of a row with an icon.
const TEXT_WIDTH_PX: f32 = 164.0;
/// Largest number of lines of one entry.
const LINES_MAX: usize = 3;

/// Legends from the longest to the shortest.
pub(super) fn variants(scene: &Scene<'_>) -> Vec<Panel> {
    let sections = [phases(scene), rims(scene), signs(scene), messages(scene)];
    (1..=sections.len())
        .rev()
        .map(|count| Panel {
            rows: sections[..count].concat(),
            alarm: None,
        })
        .collect()
}

/// The name of a phase.
pub(in crate::picture) fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => overlay::idle(),
        Phase::Nominate => overlay::nominated(),
        Phase::Accept => overlay::accepted(),
        Phase::Confirm => overlay::confirmed(),
        Phase::Externalized => overlay::externalized_phase(),
    }
}

fn phases(scene: &Scene<'_>) -> Vec<Row> {
    let row = |phase, value| Row::icon(scene, RowIcon::Phase(phase, value), phase_name(phase));
    let with_value = |phase, value: usize| {
        let name = if value == 0 {
            overlay::even_value()
        } else {
            overlay::odd_value()
        };
        Row {
            right: Some((name.to_owned(), scene.theme.text_dim)),
            ..row(phase, value)
        }
    };
    let mut rows = vec![row(Phase::Idle, 0)];
    if has_node_that_is_not_ready(scene) {
        rows.push(Row::icon(
            scene,
            RowIcon::NotReady,
            overlay::idle_not_ready(),
        ));
    }
    rows.push(row(Phase::Nominate, 0));
    match scene.theme.palette {
        PaletteName::OkabeIto => {
            rows.extend(
                [Phase::Accept, Phase::Confirm, Phase::Externalized].map(|phase| row(phase, 0)),
            );
        }
        PaletteName::Classic => {
            let phases = [Phase::Accept, Phase::Externalized];
            rows.extend(
                phases
                    .into_iter()
                    .flat_map(|phase| [0, 1].map(|value| with_value(phase, value))),
            );
        }
    }
    rows
}

fn has_node_that_is_not_ready(scene: &Scene<'_>) -> bool {
    let waits = |node: &WorldNode| {
        let votes = node.config.trust != TrustPolicy::None;
        votes && node.status == NodeStatus::Running && node.view.readiness != Readiness::Ready
    };
    scene.world.nodes.iter().any(waits)
}

/// Rims that the network shows now, other than the healthy one.
fn rims(scene: &Scene<'_>) -> Vec<Row> {
    let nodes = &scene.world.nodes;
    let has = |status: NodeStatus| nodes.iter().any(|node| node.status == status);
    let crashed = match scene.status.run_kind {
        RunKind::Live => overlay::stopped(),
        RunKind::Simulation | RunKind::Recording => overlay::crashed(),
    };
    let has_no_quorum_set = |node: &WorldNode| node.config.trust == TrustPolicy::None;
    let rows = [
        (has(NodeStatus::Crashed), RowIcon::Crashed, crashed),
        (has(NodeStatus::Silent), RowIcon::Silent, overlay::silent()),
        (
            has(NodeStatus::Referenced),
            RowIcon::Referenced,
            overlay::referenced(),
        ),
        (
            !scene.status.ill_behaved.is_empty(),
            RowIcon::IllBehaved,
            overlay::ill_behaved(),
        ),
        (
            !scene.status.befouled.is_empty(),
            RowIcon::Befouled,
            overlay::befouled(),
        ),
        (
            nodes.iter().any(has_no_quorum_set),
            RowIcon::NoQuorumSet,
            overlay::no_quorum_set(),
        ),
    ];
    let present = rows.into_iter().filter(|(is_present, _, _)| *is_present);
    present
        .map(|(_, icon, name)| Row::icon(scene, icon, name))
        .collect()
}

fn signs(scene: &Scene<'_>) -> Vec<Row> {
    let row = |icon, name: &str| Row::icon(scene, icon, name);
    let mut rows = Vec::new();
    if scene.geometry.has_rings() {
        rows.extend(wrapped(scene, RowIcon::Quarters, overlay::quarters()));
        rows.push(row(RowIcon::Timer, overlay::timer()));
        rows.push(row(RowIcon::Crown, overlay::leader()));
        if scene.world.nodes.iter().any(|node| node.config.is_beacon) {
            rows.push(row(RowIcon::Beacon, overlay::beacon()));
        }
        rows.push(row(
            RowIcon::Chip(ChipStyle::example()),
            overlay::value_chip(),
        ));
    }
    if scene.view.layers.edges == Visibility::Shown {
        rows.push(row(RowIcon::Trust, overlay::trusts()));
        rows.push(row(RowIcon::Mutual, overlay::mutual_trust()));
    }
    rows
}

/// An icon with a text that may need several lines.
fn wrapped(scene: &Scene<'_>, icon: RowIcon, text: &str) -> Vec<Row> {
    let lines = text_layout::wrapped(text, Font::Regular, FONT_SMALL_PX, TEXT_WIDTH_PX, LINES_MAX);
    let icons = std::iter::once(icon).chain(std::iter::repeat(RowIcon::Blank));
    lines
        .into_iter()
        .zip(icons)
        .map(|(line, icon)| Row::icon(scene, icon, line))
        .collect()
}

fn messages(scene: &Scene<'_>) -> Vec<Row> {
    if scene.view.layers.messages == Visibility::Hidden {
        return Vec::new();
    }
    let mut rows = vec![Row::heading(scene, overlay::messages())];
    let messages = [
        (MessageKind::Proposal, overlay::proposal_message()),
        (MessageKind::Vote, overlay::vote_message()),
        (MessageKind::Accept, overlay::accept_message()),
        (MessageKind::Externalize, overlay::externalize_message()),
        (MessageKind::Chunk, overlay::chunk_message()),
        (MessageKind::Service, overlay::service_message()),
    ];
    rows.extend(messages.map(|(kind, name)| Row::icon(scene, RowIcon::Message(kind), name)));
    if scene.status.run_kind == RunKind::Live {
        rows.push(Row::plain(overlay::messages_slowed(), scene.theme.text_dim));
    }
    rows.push(Row::icon(
        scene,
        RowIcon::Several,
        overlay::several_messages(),
    ));
    rows.push(Row::icon(scene, RowIcon::Lost, overlay::lost_message()));
    if scene.world.scenario.medium.radio_range_m.is_some() {
        rows.push(Row::icon(scene, RowIcon::Broadcast, overlay::broadcast()));
    }
    rows
}
