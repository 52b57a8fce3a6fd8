//! Quorum intersection badge: whether all quorums intersect, and two disjoint ones if they do not.
//!
//! `crate::analysis` computes the result.

use super::panel::{Panel, Row};
use super::row_icon::RowIcon;
use crate::picture::scene::Scene;
use crate::picture::theme::Color;
use crate::picture::view_state::QuorumIntersection;
use crate::scp::NodeId;
use crate::text::{format, overlay};

/// Largest number of members of a quorum that are named.
const NAMES_MAX: usize = 4;

/// The result in one line.
pub(super) fn text(quorums: &QuorumIntersection) -> &'static str {
    match quorums {
        QuorumIntersection::Checking => overlay::quorums_checking(),
        QuorumIntersection::Intersect => overlay::quorums_intersect(),
        QuorumIntersection::Disjoint(..) => overlay::quorums_disjoint(),
        QuorumIntersection::NoQuorum => overlay::no_quorum(),
        QuorumIntersection::Unknown => overlay::quorums_unknown(),
    }
}

/// The badge in one row.
pub(super) fn short_panel(scene: &Scene<'_>) -> Panel {
    let theme = &scene.theme;
    let quorums = &scene.status.quorums;
    let (icon, color, alarm) = match quorums {
        QuorumIntersection::Checking => (RowIcon::Ring(theme.text_dim), theme.text_dim, None),
        QuorumIntersection::Intersect => (RowIcon::Tick(theme.good), theme.text, None),
        QuorumIntersection::Disjoint(..) | QuorumIntersection::NoQuorum => {
            (RowIcon::Cross(theme.bad), theme.bad, Some(theme.bad))
        }
        QuorumIntersection::Unknown => (RowIcon::Dot(theme.warning), theme.warning, None),
    };
    let rows = vec![Row {
        icon: Some(icon),
        ..Row::plain(text(quorums), color)
    }];
    Panel { rows, alarm }
}

/// The badge with an explanation of a result other than yes.
pub(super) fn panel(scene: &Scene<'_>) -> Panel {
    let mut badge = short_panel(scene);
    let dim = scene.theme.text_dim;
    match &scene.status.quorums {
        QuorumIntersection::Disjoint(one, two) => {
            badge
                .rows
                .push(Row::plain(overlay::two_disjoint_quorums(), dim));
            badge.rows.push(members(scene, one, dim));
            badge.rows.push(members(scene, two, dim));
        }
        QuorumIntersection::NoQuorum => badge
            .rows
            .push(Row::plain(overlay::no_slot_can_be_decided(), dim)),
        QuorumIntersection::Unknown if scene.world.depends_on_referenced() => {
            badge
                .rows
                .push(Row::plain(overlay::depends_on_referenced(), dim));
        }
        QuorumIntersection::Checking
        | QuorumIntersection::Intersect
        | QuorumIntersection::Unknown => {}
    }
    badge
}

fn members(scene: &Scene<'_>, quorum: &[NodeId], color: Color) -> Row {
    let names = quorum
        .iter()
        .map(|node| scene.world.name(*node).to_string());
    Row::plain(
        overlay::members(quorum.len(), &format::list(names, NAMES_MAX)),
        color,
    )
}
