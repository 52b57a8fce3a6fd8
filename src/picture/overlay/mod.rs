//! What stands beside and above the nodes in words: text block, badge, lists, legend, caption.
//!
//! Absent here: the words themselves (`words/`) and anything one can click; that is egui's.

mod caption;
pub mod layout;
mod legend;
mod panel;
mod progress;
mod proposals;
mod row_icon;
mod statistics;
mod verdicts;

use super::canvas::{Point, Rect, Shape};
use super::scene::Scene;
use super::theme::GAP_PX;
use super::view_state::QuorumIntersection;
use layout::{Breakpoint, Regions};
use panel::{Panel, PanelPainter};
use progress::NetworkProgress;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Smallest height in pixels that the list of proposals is given, if it has anything to say.
const PROPOSALS_HEIGHT_MIN_PX: f32 = 76.0;
/// Most rows of the list of proposals in one narrow column.
const PROPOSALS_NARROW: usize = 5;

/// The whole overlay.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    draw(scene).0
}

/// Where its panels are: they never overlap each other or the stage.
#[must_use]
pub fn panels(scene: &Scene<'_>) -> Vec<Rect> {
    draw(scene).1
}

/// Whether there is room for a legend, however short.
#[must_use]
pub fn has_legend(scene: &Scene<'_>) -> bool {
    draw(scene).2 == Legend::Shown
}

/// A number that differs when the badge does.
#[must_use]
pub(super) fn quorums_key(quorums: &QuorumIntersection) -> u64 {
    let mut hash = DefaultHasher::new();
    std::mem::discriminant(quorums).hash(&mut hash);
    if let QuorumIntersection::Disjoint(one, two) = quorums {
        (one, two).hash(&mut hash);
    }
    hash.finish()
}

/// Whether the legend found room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Legend {
    Shown,
    LeftOut,
}

fn draw(scene: &Scene<'_>) -> (Vec<Shape>, Vec<Rect>, Legend) {
    let regions = Regions::of(scene.view.canvas);
    let progress = NetworkProgress::of(scene);
    let mut painter = PanelPainter::new(scene);
    let legend = match regions.breakpoint {
        Breakpoint::Wide => wide(&mut painter, &regions, &progress),
        Breakpoint::Narrow => narrow(&mut painter, &regions, &progress),
        Breakpoint::Tiny => {
            caption::status_line(&mut painter, regions.status_line, &progress);
            Legend::LeftOut
        }
    };
    caption::caption(&mut painter, regions.caption);
    let (shapes, panels) = painter.finish();
    (shapes, panels, legend)
}

fn wide(painter: &mut PanelPainter<'_>, regions: &Regions, progress: &NetworkProgress) -> Legend {
    let scene = painter.scene;
    let mut left = Column::new(regions.left);
    left.add(
        painter,
        statistics::panel(scene, progress, statistics::Length::Full),
    );
    let legend = left.add_bottom(painter, legend::variants(scene));

    let mut right = Column::new(regions.right);
    right.add(painter, verdicts::badge(scene));
    if let Some(fork) = verdicts::fork(scene, progress) {
        right.add(painter, fork);
    } else if let Some(summary) = verdicts::summary(scene, progress) {
        right.add(painter, summary);
    }
    let rows = Panel::rows_in(right.height_px());
    right.add(painter, proposals::panel(scene, progress, rows));
    legend
}

fn narrow(painter: &mut PanelPainter<'_>, regions: &Regions, progress: &NetworkProgress) -> Legend {
    let scene = painter.scene;
    let mut column = Column::new(regions.left);
    column.add(
        painter,
        statistics::panel(scene, progress, statistics::Length::Short),
    );
    column.add(painter, verdicts::short_badge(scene));
    if let Some(fork) = verdicts::fork(scene, progress) {
        column.add(painter, fork);
    } else if let Some(summary) = verdicts::summary(scene, progress) {
        column.add(painter, summary);
    }
    let shortest = legend::variants(scene)
        .pop()
        .map_or(0.0, |panel| panel.height_px() + GAP_PX);
    let room = (column.height_px() - shortest).max(PROPOSALS_HEIGHT_MIN_PX);
    let rows = Panel::rows_in(room).min(PROPOSALS_NARROW + 1);
    column.add(painter, proposals::panel(scene, progress, rows));
    column.add_bottom(painter, legend::variants(scene))
}

/// A column being filled from the top, and once from the bottom.
struct Column {
    free: Rect,
}

impl Column {
    fn new(region: Rect) -> Column {
        Column { free: region }
    }

    /// What is left, in pixels.
    fn height_px(&self) -> f32 {
        self.free.height()
    }

    /// Adds a block at the top if it fits.
    fn add(&mut self, painter: &mut PanelPainter<'_>, panel: Panel) {
        let height = panel.height_px();
        if panel.rows.is_empty() || height > self.height_px() {
            return;
        }
        painter.panel(self.free.min, self.free.width(), &panel);
        self.free.min.y += height + GAP_PX;
    }

    /// Adds the first of several variants that fits at the bottom.
    fn add_bottom(&mut self, painter: &mut PanelPainter<'_>, variants: Vec<Panel>) -> Legend {
        let fits = variants
            .into_iter()
            .find(|panel| panel.height_px() <= self.height_px());
        let Some(panel) = fits else {
            return Legend::LeftOut;
        };
        let top = self.free.max.y - panel.height_px();
        let at = Point {
            x: self.free.min.x,
            y: top,
        };
        painter.panel(at, self.free.width(), &panel);
        self.free.max.y = top - GAP_PX;
        Legend::Shown
    }
}
