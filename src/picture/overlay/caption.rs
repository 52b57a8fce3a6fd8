//! The caption at the bottom: the last transition in words, the set being looked at, or the banner of a fork. And the one
//! line at the top of tiny canvases.
//!
//! Absent here: the sentences.

use super::panel::PanelPainter;
use super::progress::NetworkProgress;
use crate::node::view::NodeEvent;
use crate::picture::canvas::{Anchor, Font, Point, Rect};
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_MEDIUM_PX, FONT_SMALL_PX, PADDING_PX};
use crate::picture::view_state::QuorumIntersection;
use crate::picture::words;
use crate::scp::ScpEvent;
use crate::text;
use crate::trace::World;

/// How many lines of the log are looked through for one worth a caption.
const LOOK_BACK: usize = 200;

/// Draws the caption, or the banner.
pub(super) fn caption(painter: &mut PanelPainter<'_>, region: Rect) {
    let theme = painter.scene.theme;
    match painter.scene.world.fork() {
        Some((slot, camps)) => {
            let text = words::fork(slot, camps.len(), painter.scene.status.playback);
            painter.frame(region, theme.ill_behaved, theme.ill_behaved);
            centred(
                painter,
                region,
                &text,
                FONT_MEDIUM_PX,
                Font::Bold,
                theme.ink_on(theme.ill_behaved),
            );
        }
        None => {
            let text = sentence(painter.scene);
            ground(painter, region, &text);
            centred(
                painter,
                region,
                &text,
                FONT_MEDIUM_PX,
                Font::Regular,
                theme.text,
            );
        }
    }
}

/// What lies behind the caption, just as wide as its words: nodes may have been moved under it.
fn ground(painter: &mut PanelPainter<'_>, region: Rect, text: &str) {
    let theme = painter.scene.theme;
    let widest = region.width() - 2.0 * PADDING_PX;
    let width =
        text_layout::width_px(text, Font::Regular, FONT_MEDIUM_PX).min(widest) + 2.0 * PADDING_PX;
    let left = region.center().x - width / 2.0;
    let behind = Rect::from_corners(left, region.min.y, left + width, region.max.y);
    painter.frame(behind, theme.background, theme.background);
}

/// Draws the line at the top.
pub(super) fn status_line(
    painter: &mut PanelPainter<'_>,
    region: Rect,
    progress: &NetworkProgress,
) {
    let scene = painter.scene;
    let decided = progress
        .decided
        .as_ref()
        .map_or(0, |(_, counts)| counts.iter().map(|(_, count)| count).sum());
    let state = words::state_and_clock(progress.state, scene.status.playback);
    let quorums = match scene.status.quorums {
        QuorumIntersection::Checking => words::quorums::CHECKING,
        QuorumIntersection::Intersect => words::quorums::YES,
        QuorumIntersection::Disjoint(..) => words::quorums::NO,
        QuorumIntersection::NoQuorum => words::quorums::NONE,
        QuorumIntersection::Unknown => words::quorums::UNKNOWN,
    };
    let text = words::status_line(progress.present, decided, &state, quorums);
    let theme = scene.theme;
    painter.frame(region, theme.panel, theme.panel_border);
    centred(
        painter,
        region,
        &text,
        FONT_SMALL_PX,
        Font::Regular,
        theme.text,
    );
}

fn centred(
    painter: &mut PanelPainter<'_>,
    region: Rect,
    text: &str,
    size_px: f32,
    font: Font,
    color: Color,
) {
    let shown = text_layout::truncated(text, font, size_px, region.width() - 2.0 * PADDING_PX);
    let at = Point {
        x: region.center().x,
        y: region.center().y + size_px * text_layout::CAP_HEIGHT / 2.0,
    };
    painter.line(at, &shown, size_px, color, font, Anchor::Middle);
}

/// What the caption says: before anybody has voted, what there is to see.
#[must_use]
fn sentence(scene: &Scene<'_>) -> String {
    if let Some(set) = &scene.view.set {
        return set.label.clone();
    }
    let recent = scene.world.log.iter().rev().take(LOOK_BACK);
    let of_selected = recent.clone().find(|line| {
        Some(line.node) == scene.view.selected && is_turning_point(scene.world, &line.event)
    });
    if of_selected.is_none() && scene.world.slots().is_empty() {
        let about = first_sentence(&scene.world.scenario.description);
        if !about.is_empty() {
            return about.to_owned();
        }
    }
    let any = recent
        .clone()
        .find(|line| is_turning_point(scene.world, &line.event));
    let last = of_selected.or(any).or(scene.world.log.back());
    last.and_then(|line| text::sentence(scene.world, line.node, &line.event))
        .unwrap_or_else(|| text::nothing_yet().into_owned())
}

/// Whether an event moves the run on, so that it is worth the caption.
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
        NodeEvent::ProposalPooled { proposal, voucher } => world.is_origin(*voucher, proposal),
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
