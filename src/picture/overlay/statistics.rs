//! The text block at the top left: nodes, what was externalized, state, steps, time, seed.
//!
//! Absent here: lists of proposals and verdicts.

use super::panel::{Panel, Row};
use super::progress::NetworkProgress;
use super::row_icon::RowIcon;
use crate::picture::scene::Scene;
use crate::picture::view_state::RunKind;
use crate::picture::words::{self, NetworkState};

/// How much it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// All of it.
    Full,
    /// Without what can be done without.
    Short,
}

/// Builds it.
pub(super) fn panel(scene: &Scene<'_>, progress: &NetworkProgress, length: Length) -> Panel {
    let world = scene.world;
    let pair = |label: &str, value: String| Row::pair(scene, label, value);
    let mut rows = vec![
        Row::heading(scene, &world.scenario.title),
        pair(
            words::NODES,
            words::nodes(progress.present, progress.down, progress.unseen),
        ),
    ];
    if progress.listeners > 0 {
        rows.push(pair(
            words::LISTENERS,
            words::number(progress.listeners as u64),
        ));
    }
    rows.push(pair(words::STATE, words::state(progress.state)));
    if let NetworkState::Discovering { ready, of } = progress.state {
        rows.push(pair(words::READY, words::share(ready, of)));
    }
    rows.extend([
        pair(words::STEPS, words::number(world.counters.steps)),
        pair(words::TIME, words::clock(world.now, scene.status.playback)),
    ]);
    if length == Length::Full {
        rows.push(pair(
            words::MESSAGES,
            words::number(world.flights.len() as u64),
        ));
    }
    if scene.status.run_kind == RunKind::Simulation {
        rows.push(pair(words::SEED, world.scenario.seed.to_string()));
    }
    if let Some(rate) = scene.status.frames_per_s {
        rows.push(pair(words::FRAME_RATE, format!("{rate:.0}")));
    }
    rows.extend(externalized(
        scene,
        progress,
        if length == Length::Full { 4 } else { 2 },
    ));
    Panel { rows, alarm: None }
}

/// How many externalized which value.
fn externalized(scene: &Scene<'_>, progress: &NetworkProgress, values_max: usize) -> Vec<Row> {
    let slot = progress.decided.as_ref().map(|(slot, _)| *slot);
    let mut rows = vec![Row::heading(scene, words::externalized(slot))];
    let Some((_, counts)) = &progress.decided else {
        rows.push(Row::plain(
            words::NOTHING_EXTERNALIZED,
            scene.theme.text_dim,
        ));
        return rows;
    };
    rows.extend(counts.iter().take(values_max).map(|(value, count)| Row {
        icon: Some(RowIcon::Chip(progress.chip_styles.style_of(value))),
        right: Some((
            words::share(*count, progress.electorate().max(*count)),
            scene.theme.text,
        )),
        ..Row::plain(words::value(value), scene.theme.text)
    }));
    if counts.len() > values_max {
        rows.push(Row::plain(
            words::more_values(counts.len() - values_max),
            scene.theme.text_dim,
        ));
    }
    rows
}
