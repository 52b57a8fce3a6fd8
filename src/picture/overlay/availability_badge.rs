//! Availability badge: whether the nodes that run and reach each other contain a quorum, and which nodes to bring back
//! if not.
//!
//! `crate::explain` computes the result.

use super::panel::{Panel, Row};
use super::row_icon::RowIcon;
use crate::picture::scene::Scene;
use crate::text::explain;

/// The result in one line, if no quorum is available.
pub(super) fn unavailable_text(scene: &Scene<'_>) -> Option<String> {
    let availability = scene.status.availability.as_ref()?;
    let lines = explain::availability(scene.world, availability);
    lines.into_iter().next().filter(|_| !availability.available)
}

/// The badge; `None` until the result is known, and while nothing can be missing.
pub(super) fn panel(scene: &Scene<'_>) -> Option<Panel> {
    let availability = scene.status.availability.as_ref()?;
    let theme = &scene.theme;
    let (icon, color, alarm) = match (availability.available, availability.without.is_empty()) {
        (true, true) => (RowIcon::Tick(theme.good), theme.text, None),
        (true, false) => (RowIcon::Dot(theme.warning), theme.text, None),
        (false, _) => (RowIcon::Cross(theme.bad), theme.bad, Some(theme.bad)),
    };
    let lines = explain::availability(scene.world, availability);
    let rows = lines.into_iter().enumerate().map(|(nth, line)| match nth {
        0 => Row {
            icon: Some(icon),
            ..Row::plain(line, color)
        },
        _ => Row::plain(line, theme.text_dim),
    });
    let rows = rows.collect();
    Some(Panel { rows, alarm })
}
