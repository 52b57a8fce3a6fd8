//! Caption: describes the last transition or the highlighted set, or shows the banner of a fork. Tiny canvases also
//! have a status line at the top.
//!
//! `crate::text` forms the sentences.

use super::panel::PanelPainter;
use super::progress::NetworkProgress;
use super::{availability_badge, intersection_badge};
use crate::node::view::NodeEvent;
use crate::picture::canvas::{Anchor, Font, Point, Rect};
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_MEDIUM_PX, FONT_SMALL_PX, PADDING_PX};
use crate::picture::view_state::{PlaybackState, RunStatus};
use crate::scp::{ScpEvent, SlotIndex};
use crate::text::{self, overlay};
use crate::trace::World;

/// Largest number of event log entries searched for one to show in the caption.
const SEARCHED_MAX: usize = 200;

/// Distance of the two lines of a text that is too long for one line, in pixels.
const WRAPPED_LINE_PX: f32 = 15.0;

/// Draws the caption, or the banner of a fork.
pub(super) fn caption(painter: &mut PanelPainter<'_>, region: Rect) {
    let scene = painter.scene;
    let theme = &scene.theme;
    if let Some((slot, nodes_by_value)) = scene.world.fork() {
        let banner = fork(slot, nodes_by_value.len(), scene.status.playback);
        painter.frame(region, theme.ill_behaved, theme.ill_behaved);
        let color = theme.ink_on(theme.ill_behaved);
        centered(
            painter,
            region,
            &banner,
            (Font::Bold, FONT_MEDIUM_PX),
            color,
        );
    } else {
        let caption = sentence(scene);
        background(painter, region, &caption);
        centered(
            painter,
            region,
            &caption,
            (Font::Regular, FONT_MEDIUM_PX),
            theme.text,
        );
    }
}

fn fork(slot: SlotIndex, values: usize, playback: PlaybackState) -> String {
    match playback {
        PlaybackState::Paused => overlay::fork_paused(slot, values),
        PlaybackState::Running | PlaybackState::Past | PlaybackState::Finished => {
            overlay::fork(slot, values)
        }
    }
}

/// Draws the background of the caption. It is as wide as the text, because users can move nodes below it.
fn background(painter: &mut PanelPainter<'_>, region: Rect, text: &str) {
    let color = painter.scene.theme.background;
    let widest = region.width() - 2.0 * PADDING_PX;
    let width =
        text_layout::width_px(text, Font::Regular, FONT_MEDIUM_PX).min(widest) + 2.0 * PADDING_PX;
    let left = region.center().x - width / 2.0;
    let behind = Rect::from_corners(left, region.min.y, left + width, region.max.y);
    painter.frame(behind, color, color);
}

/// Draws the status line at the top.
pub(super) fn status_line(
    painter: &mut PanelPainter<'_>,
    region: Rect,
    progress: &NetworkProgress,
) {
    let scene = painter.scene;
    let decided = progress.decided.as_ref();
    let externalized = decided.map_or(0, |(_, counts)| counts.iter().map(|(_, count)| count).sum());
    let state = progress.state.text_with_count();
    // There is room for one verdict: that no quorum is available is the more urgent one.
    let unavailable = availability_badge::unavailable_text(scene);
    let quorums = match &unavailable {
        Some(text) => text,
        None => intersection_badge::text(&scene.status.quorums),
    };
    let line = match scene.status.playback {
        PlaybackState::Paused => overlay::status_line_paused,
        PlaybackState::Past => overlay::status_line_past,
        PlaybackState::Running | PlaybackState::Finished => overlay::status_line,
    };
    let line = line(progress.present, externalized, &state, quorums);
    let theme = &scene.theme;
    painter.frame(region, theme.panel, theme.panel_border);
    centered(
        painter,
        region,
        &line,
        (Font::Regular, FONT_SMALL_PX),
        theme.text,
    );
}

/// Draws a text in the middle of a region, in two lines of small text if it is too long for one.
fn centered(
    painter: &mut PanelPainter<'_>,
    region: Rect,
    text: &str,
    (font, size_px): (Font, f32),
    color: Color,
) {
    let room = region.width() - 2.0 * PADDING_PX;
    let lines = match text_layout::width_px(text, font, size_px) <= room {
        true => vec![text.to_owned()],
        false => text_layout::wrapped(text, font, FONT_SMALL_PX, room, 2),
    };
    let size_px = if lines.len() > 1 {
        FONT_SMALL_PX
    } else {
        size_px
    };
    let first = region.center().y - (lines.len().saturating_sub(1)) as f32 * WRAPPED_LINE_PX / 2.0;
    for (nth, line) in lines.iter().enumerate() {
        let at = Point {
            x: region.center().x,
            y: first + nth as f32 * WRAPPED_LINE_PX + size_px * text_layout::CAP_HEIGHT / 2.0,
        };
        painter.line(at, line, size_px, color, font, Anchor::Middle);
    }
}

/// The text of the caption, in this order: the highlighted set, an invitation if nothing happens any more, the newest
/// transition of the selected node, the description of the scenario until a slot opens, the newest transition of any
/// node.
fn sentence(scene: &Scene<'_>) -> String {
    let (world, view) = (scene.world, scene.view);
    if let Some(set) = &view.set {
        return set.label.clone();
    }
    if invites(scene.status) {
        return text::click_to_propose().to_owned();
    }
    let recent = world.log.iter().rev().take(SEARCHED_MAX);
    let mut turning_points = recent.filter(|entry| is_turning_point(world, &entry.event));
    let of_selected = turning_points
        .clone()
        .find(|entry| Some(entry.node) == view.selected);
    if of_selected.is_none() && world.slots().is_empty() {
        let description = first_sentence(&world.scenario.description);
        if !description.is_empty() {
            return description.to_owned();
        }
    }
    let entry = of_selected
        .or_else(|| turning_points.next())
        .or(world.log.back());
    entry
        .and_then(|entry| text::sentence(world, entry.node, &entry.event))
        .unwrap_or_else(|| text::nothing_yet().to_owned())
}

/// Whether the caption invites a proposal: the window accepts one, and nothing else will happen.
fn invites(status: &RunStatus) -> bool {
    status.accepts_proposals && status.playback == PlaybackState::Finished
}

/// Whether an event advances the run, so that the caption shows it.
fn is_turning_point(world: &World, event: &NodeEvent) -> bool {
    match event {
        NodeEvent::Scp(event) => !matches!(
            event,
            ScpEvent::Refused { .. }
                | ScpEvent::Composite { .. }
                | ScpEvent::HeardFromQuorum { .. }
        ),
        NodeEvent::Ready { .. }
        | NodeEvent::Left
        | NodeEvent::ProposalExpired { .. }
        | NodeEvent::BackedUp { .. }
        | NodeEvent::BackupAnswered { .. }
        | NodeEvent::Recorded { .. } => true,
        NodeEvent::ProposalPooled {
            proposal,
            certified_by,
        } => world.is_origin(*certified_by, proposal),
        _ => false,
    }
}

/// The first sentence of a description, without its full stop.
fn first_sentence(description: &str) -> &str {
    let end = description.find(". ").unwrap_or(description.len());
    description[..end].trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_sentence_ends_at_its_full_stop() {
        assert_eq!(first_sentence("One, 2.5 of it. Two."), "One, 2.5 of it");
        assert_eq!(first_sentence("Only one."), "Only one");
        assert_eq!(first_sentence(""), "");
    }
}
