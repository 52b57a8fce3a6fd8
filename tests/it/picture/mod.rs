//! Scene rendering without a window: layers, hit tests, overlay, captions, timeline, SVG and PNG.

mod captions;
mod image_files;
mod nodes;
mod overlay;
mod progress;
mod timeline;
mod worlds;

use quorumscope::picture::canvas::{LayerName, Point, Shape};
use quorumscope::picture::layers;
use quorumscope::picture::scene::Scene;
use quorumscope::picture::theme::Color;
use quorumscope::picture::view_state::{RunStatus, ViewState};
use quorumscope::trace::World;

pub(crate) const LAPTOP: Point = Point {
    x: 1280.0,
    y: 800.0,
};

/// A world with the initial view and status.
pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) view: ViewState,
    pub(crate) status: RunStatus,
}

impl Fixture {
    pub(crate) fn new(world: World, size_px: Point) -> Fixture {
        let view = ViewState::new(&world, size_px);
        Fixture {
            world,
            view,
            status: RunStatus::default(),
        }
    }

    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene::new(&self.world, &self.view, &self.status)
    }

    pub(crate) fn shapes(&self, name: LayerName) -> Vec<Shape> {
        layers::shapes(&self.scene(), name)
    }
}

/// The texts of the shapes.
pub(crate) fn texts(shapes: &[Shape]) -> Vec<&str> {
    shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The fill of the largest disc around a point.
pub(crate) fn fill_at(shapes: &[Shape], at: Point) -> Option<Color> {
    shapes
        .iter()
        .filter_map(|shape| match shape {
            Shape::Circle {
                center,
                radius_px,
                fill: Some(fill),
                ..
            } if *center == at => Some((*radius_px, *fill)),
            _ => None,
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, fill)| fill)
}
