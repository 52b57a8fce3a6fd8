//! Statistics panel: nodes, state, steps, time, messages, seed and the externalized values.

use super::network_state::NetworkState;
use super::panel::{Panel, Row};
use super::progress::NetworkProgress;
use super::row_icon::RowIcon;
use crate::picture::scene::Scene;
use crate::picture::view_state::{PlaybackState, RunKind};
use crate::text::{self, format, overlay};
use crate::time::Time;

/// The length of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// All rows.
    Full,
    /// The most important rows.
    Short,
}

/// Builds the panel.
pub(super) fn panel(scene: &Scene<'_>, progress: &NetworkProgress, length: Length) -> Panel {
    let (world, status) = (scene.world, scene.status);
    let pair = |label, value: String| Row::pair(scene, label, value);
    let mut rows = vec![
        Row::heading(scene, &world.scenario.title),
        pair(overlay::nodes(), node_count(progress)),
    ];
    if progress.listeners > 0 {
        rows.push(pair(
            overlay::listeners(),
            text::number(progress.listeners as u64),
        ));
    }
    rows.push(pair(overlay::state(), progress.state.text().into_owned()));
    if let NetworkState::Discovering { ready, total } = progress.state {
        rows.push(pair(overlay::ready(), format::share(ready, total)));
    }
    rows.push(pair(overlay::steps(), text::number(world.counters.steps)));
    rows.push(pair(overlay::time(), time(world.now, status.playback)));
    if length == Length::Full {
        rows.push(pair(
            overlay::in_flight(),
            text::number(world.flights.len() as u64),
        ));
    }
    if status.run_kind == RunKind::Simulation {
        // A seed is an identifier, not a quantity, so it has no thousands separators.
        rows.push(pair(overlay::seed(), world.scenario.seed.to_string()));
    }
    if let Some(rate) = status.frames_per_s {
        rows.push(pair(
            overlay::frame_rate(),
            text::number(rate.round() as u64),
        ));
    }
    rows.extend(externalized(
        scene,
        progress,
        if length == Length::Full { 4 } else { 2 },
    ));
    Panel { rows, alarm: None }
}

fn node_count(progress: &NetworkProgress) -> String {
    let (present, down, referenced) = (progress.present, progress.down, progress.referenced);
    match (down, referenced) {
        (0, 0) => overlay::node_count(present),
        (_, 0) => overlay::node_count_down(present, down),
        (0, _) => overlay::node_count_referenced(present, referenced),
        (_, _) => overlay::node_count_down_referenced(present, down, referenced),
    }
}

fn time(now: Time, playback: PlaybackState) -> String {
    let time = format::time(now);
    match playback {
        PlaybackState::Paused => overlay::time_paused(&time),
        PlaybackState::Past => overlay::time_past(&time),
        PlaybackState::Running | PlaybackState::Finished => time,
    }
}

/// The values externalized in the newest slot, with the number of nodes.
fn externalized(scene: &Scene<'_>, progress: &NetworkProgress, values_max: usize) -> Vec<Row> {
    let theme = &scene.theme;
    let Some((slot, counts)) = &progress.decided else {
        return vec![
            Row::heading(scene, overlay::externalized()),
            Row::plain(overlay::nothing_externalized(), theme.text_dim),
        ];
    };
    let mut rows = vec![Row::heading(scene, overlay::externalized_in_slot(*slot))];
    rows.extend(counts.iter().take(values_max).map(|(value, count)| Row {
        icon: Some(RowIcon::Chip(progress.chip_styles.style_of(value))),
        right: Some((
            format::share(*count, progress.electorate().max(*count)),
            theme.text,
        )),
        ..Row::plain(text::value(value), theme.text)
    }));
    if counts.len() > values_max {
        rows.push(Row::plain(
            overlay::other_values(counts.len() - values_max),
            theme.text_dim,
        ));
    }
    rows
}
