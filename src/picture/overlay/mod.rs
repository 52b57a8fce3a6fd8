//! What stands beside and above the nodes in words: text block, badge, lists, legend, caption.
//!
//! Absent here: the words themselves (`words/`) and anything one can click; that is egui's.

mod block;
mod caption;
pub mod layout;
mod legend;
mod progress;
mod proposals;
mod sign;
mod text_block;
mod verdicts;

use super::canvas::{Point, Rect, Shape};
use super::scene::Scene;
use super::theme::GAP_PX;
use super::view_state::Quorums;
use block::{Block, Sheet};
use layout::{Regions, Room};
use progress::Progress;
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
pub(super) fn quorums_key(quorums: &Quorums) -> u64 {
    let mut hash = DefaultHasher::new();
    std::mem::discriminant(quorums).hash(&mut hash);
    if let Quorums::Disjoint(one, two) = quorums {
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
    let progress = Progress::of(scene);
    let mut sheet = Sheet::new(scene);
    let legend = match regions.room {
        Room::Wide => wide(&mut sheet, &regions, &progress),
        Room::Narrow => narrow(&mut sheet, &regions, &progress),
        Room::Tiny => {
            caption::strip(&mut sheet, regions.strip, &progress);
            Legend::LeftOut
        }
    };
    caption::caption(&mut sheet, regions.caption);
    let (shapes, panels) = sheet.finish();
    (shapes, panels, legend)
}

fn wide(sheet: &mut Sheet<'_>, regions: &Regions, progress: &Progress) -> Legend {
    let scene = sheet.scene;
    let mut left = Column::new(regions.left);
    left.add(
        sheet,
        text_block::block(scene, progress, text_block::Length::Full),
    );
    let legend = left.add_bottom(sheet, legend::variants(scene));

    let mut right = Column::new(regions.right);
    right.add(sheet, verdicts::badge(scene));
    if let Some(fork) = verdicts::fork(scene, progress) {
        right.add(sheet, fork);
    } else if let Some(summary) = verdicts::summary(scene, progress) {
        right.add(sheet, summary);
    }
    let rows = Block::rows_in(right.height_px());
    right.add(sheet, proposals::block(scene, progress, rows));
    legend
}

fn narrow(sheet: &mut Sheet<'_>, regions: &Regions, progress: &Progress) -> Legend {
    let scene = sheet.scene;
    let mut column = Column::new(regions.left);
    column.add(
        sheet,
        text_block::block(scene, progress, text_block::Length::Short),
    );
    column.add(sheet, verdicts::short_badge(scene));
    if let Some(fork) = verdicts::fork(scene, progress) {
        column.add(sheet, fork);
    } else if let Some(summary) = verdicts::summary(scene, progress) {
        column.add(sheet, summary);
    }
    let shortest = legend::variants(scene)
        .pop()
        .map_or(0.0, |block| block.height_px() + GAP_PX);
    let room = (column.height_px() - shortest).max(PROPOSALS_HEIGHT_MIN_PX);
    let rows = Block::rows_in(room).min(PROPOSALS_NARROW + 1);
    column.add(sheet, proposals::block(scene, progress, rows));
    column.add_bottom(sheet, legend::variants(scene))
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
    fn add(&mut self, sheet: &mut Sheet<'_>, block: Block) {
        let height = block.height_px();
        if block.rows.is_empty() || height > self.height_px() {
            return;
        }
        sheet.block(self.free.min, self.free.width(), &block);
        self.free.min.y += height + GAP_PX;
    }

    /// Adds the first of several variants that fits at the bottom.
    fn add_bottom(&mut self, sheet: &mut Sheet<'_>, variants: Vec<Block>) -> Legend {
        let fits = variants
            .into_iter()
            .find(|block| block.height_px() <= self.height_px());
        let Some(block) = fits else {
            return Legend::LeftOut;
        };
        let top = self.free.max.y - block.height_px();
        let at = Point {
            x: self.free.min.x,
            y: top,
        };
        sheet.block(at, self.free.width(), &block);
        self.free.max.y = top - GAP_PX;
        Legend::Shown
    }
}
