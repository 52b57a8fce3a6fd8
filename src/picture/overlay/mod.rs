//! Overlay: the panels with statistics, results, proposals and legend, and the caption.
//!
//! `crate::text` contains the texts. Panels that can be clicked belong to the window.

mod availability_badge;
mod caption;
mod intersection_badge;
pub mod layout;
mod legend;
mod network_state;
mod panel;
mod progress;
mod proposals;
mod row_icon;
mod slot_result;
mod statistics;

pub(super) use legend::phase_name;

use super::canvas::{Point, Rect, Shape};
use super::scene::Scene;
use super::theme::GAP_PX;
use super::view_state::{QuorumIntersection, RunStatus};
use layout::{Breakpoint, Regions};
use panel::{Panel, PanelPainter};
use progress::NetworkProgress;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Smallest height in pixels reserved for the proposals in a narrow column.
const PROPOSALS_HEIGHT_MIN_PX: f32 = 76.0;
/// Largest number of rows of proposals in a narrow column.
const PROPOSALS_NARROW: usize = 5;

/// Draws the whole overlay.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    draw(scene).shapes
}

/// The rectangles of the panels. They overlap neither each other nor the viewport.
#[must_use]
pub fn panels(scene: &Scene<'_>) -> Vec<Rect> {
    draw(scene).panels
}

/// Whether the canvas has room for at least the shortest legend.
#[must_use]
pub fn has_legend(scene: &Scene<'_>) -> bool {
    draw(scene).legend == Legend::Shown
}

/// A hash of the texts of both badges.
#[must_use]
pub(super) fn badge_hash(status: &RunStatus) -> u64 {
    let mut hash = DefaultHasher::new();
    std::mem::discriminant(&status.quorums).hash(&mut hash);
    if let QuorumIntersection::Disjoint(one, two) = &status.quorums {
        (one, two).hash(&mut hash);
    }
    if let Some(availability) = &status.availability {
        (availability.available, &availability.blocked).hash(&mut hash);
        (&availability.without, &availability.bring_back.sets).hash(&mut hash);
    }
    hash.finish()
}

/// Whether the legend fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Legend {
    Shown,
    Omitted,
}

struct Drawn {
    shapes: Vec<Shape>,
    panels: Vec<Rect>,
    legend: Legend,
}

fn draw(scene: &Scene<'_>) -> Drawn {
    let regions = Regions::of(scene.view.canvas);
    let progress = NetworkProgress::of(scene);
    let mut painter = PanelPainter::new(scene);
    let legend = match regions.breakpoint {
        Breakpoint::Wide => wide(&mut painter, &regions, &progress),
        Breakpoint::Narrow => narrow(&mut painter, &regions, &progress),
        Breakpoint::Tiny => {
            caption::status_line(&mut painter, regions.status_line, &progress);
            Legend::Omitted
        }
    };
    caption::caption(&mut painter, regions.caption);
    let (shapes, panels) = painter.finish();
    Drawn {
        shapes,
        panels,
        legend,
    }
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
    right.add(painter, intersection_badge::panel(scene));
    if let Some(badge) = availability_badge::panel(scene) {
        right.add(painter, badge);
    }
    if let Some(result) =
        slot_result::fork(scene, progress).or_else(|| slot_result::summary(scene, progress))
    {
        right.add(painter, result);
    }
    let rows = Panel::rows_in(right.height_px());
    right.add(painter, proposals::panel(scene, progress, rows));
    legend
}

fn narrow(painter: &mut PanelPainter<'_>, regions: &Regions, progress: &NetworkProgress) -> Legend {
    let scene = painter.scene;
    let mut column = Column::new(regions.left);
    // Verdicts come first, because what does not fit is left out.
    column.add(painter, intersection_badge::short_panel(scene));
    if let Some(badge) = availability_badge::panel(scene) {
        column.add(painter, badge);
    }
    column.add(
        painter,
        statistics::panel(scene, progress, statistics::Length::Short),
    );
    if let Some(result) =
        slot_result::fork(scene, progress).or_else(|| slot_result::summary(scene, progress))
    {
        column.add(painter, result);
    }
    let legends = legend::variants(scene);
    let shortest = legends
        .last()
        .map_or(0.0, |panel| panel.height_px() + GAP_PX);
    let room = (column.height_px() - shortest).max(PROPOSALS_HEIGHT_MIN_PX);
    let rows = Panel::rows_in(room).min(PROPOSALS_NARROW + 1);
    column.add(painter, proposals::panel(scene, progress, rows));
    column.add_bottom(painter, legends)
}

/// A column that is filled from the top; the last panel is placed at the bottom.
struct Column {
    free: Rect,
}

impl Column {
    fn new(region: Rect) -> Column {
        Column { free: region }
    }

    /// Height that is still free, in pixels.
    fn height_px(&self) -> f32 {
        self.free.height()
    }

    /// Adds a panel at the top if it fits.
    fn add(&mut self, painter: &mut PanelPainter<'_>, panel: Panel) {
        let panel = panel.wrapped(self.free.width());
        let height = panel.height_px();
        if panel.rows.is_empty() || height > self.height_px() {
            return;
        }
        painter.panel(self.free.min, self.free.width(), &panel);
        self.free.min.y += height + GAP_PX;
    }

    /// Adds the first variant that fits at the bottom.
    fn add_bottom(&mut self, painter: &mut PanelPainter<'_>, variants: Vec<Panel>) -> Legend {
        let mut variants = variants.into_iter();
        let Some(panel) = variants.find(|panel| panel.height_px() <= self.height_px()) else {
            return Legend::Omitted;
        };
        let at = Point {
            x: self.free.min.x,
            y: self.free.max.y - panel.height_px(),
        };
        painter.panel(at, self.free.width(), &panel);
        self.free.max.y = at.y - GAP_PX;
        Legend::Shown
    }
}
