//! Shapes and panels to pixels: the only place that knows how macroquad draws.
//!
//! Layers that say when they change are turned into triangles once. The layers at the back, when they cover much (the
//! edges of a large network), are drawn once into a picture of their own, which is then copied with every frame.

mod atlas;
mod gpu;
mod mesh;
mod outline;
mod panels;

pub(super) use mesh::{INDICES_MAX, VERTICES_MAX};
pub(super) use panels::PanelOutput;

use crate::picture::canvas::{LayerName, Shape};
use crate::picture::theme::Color;
use atlas::Atlas;
use gpu::{Gpu, Placed};
use mesh::{Meshes, Tessellator};
use panels::Panels;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Layers at the back that touch more physical pixels than this, as a share of the window, become a picture: copying
/// one costs about as much as touching each of its pixels once with a soft line.
const PICTURE_FROM_SHARE: f32 = 0.8;

/// The layers that may become a picture. They depend on the camera and little else.
pub(super) const BACK: [LayerName; 3] = [LayerName::Reach, LayerName::Sets, LayerName::Edges];

/// A picture whose layers are made when they are wanted.
pub(super) struct Layers<'a> {
    /// Behind everything.
    pub(super) background: Color,
    /// The layers, back to front.
    pub(super) names: &'a [LayerName],
    /// While it stays the same, so do the shapes of a layer; `None`: they change with every frame.
    pub(super) version: &'a dyn Fn(LayerName) -> Option<u64>,
    /// The shapes of a layer.
    pub(super) shapes: &'a dyn Fn(LayerName) -> Vec<Shape>,
}

/// How the layers at the back lie under the rest: they may have been made for another camera a moment ago.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shift {
    /// How much larger they are now.
    pub(super) scale: f32,
    /// Where their origin is now, in logical pixels.
    pub(super) offset: (f32, f32),
}

impl Shift {
    /// They are where they were made for.
    pub(super) const NONE: Shift = Shift {
        scale: 1.0,
        offset: (0.0, 0.0),
    };
}

/// Triangles of a layer, for as long as they are valid.
struct Cached {
    version: Option<u64>,
    /// Differs whenever the triangles differ; that may be more rarely than the version.
    content: u64,
    meshes: Meshes,
    area: f32,
}

/// Layers with more vertices than this are told apart by their versions, others by their triangles.
const VERTICES_COMPARED: usize = 4_000;

/// What tells the triangles of a layer apart from those it had before.
fn content(meshes: &Meshes, version: Option<u64>) -> u64 {
    let mut hash = DefaultHasher::new();
    let vertices = || meshes.pieces.iter().flat_map(|piece| &piece.vertices);
    if vertices().nth(VERTICES_COMPARED).is_some() {
        version.hash(&mut hash);
        return hash.finish();
    }
    for vertex in vertices() {
        (
            vertex.position.x.to_bits(),
            vertex.position.y.to_bits(),
            vertex.color,
        )
            .hash(&mut hash);
    }
    hash.finish()
}

/// What the layers at the back were when their picture was made.
#[derive(PartialEq)]
struct PictureKey {
    contents: Vec<(LayerName, u64)>,
    background: Color,
    size: (u32, u32),
}

/// Draws frames.
pub(super) struct Painter {
    atlas: Atlas,
    gpu: Gpu,
    panels: Panels,
    layers: BTreeMap<LayerName, Cached>,
    of_generation: u64,
    of_dpi: f32,
    picture: Option<PictureKey>,
    back_is_heavy: bool,
}

impl Painter {
    /// # Errors
    /// If the graphics card does not take our shader.
    pub(super) fn new() -> Result<Painter, String> {
        let atlas = Atlas::new();
        let gpu = Gpu::new(atlas.side())?;
        Ok(Painter {
            of_generation: atlas.generation(),
            atlas,
            gpu,
            panels: Panels::default(),
            layers: BTreeMap::new(),
            of_dpi: 0.0,
            picture: None,
            back_is_heavy: false,
        })
    }

    /// Takes in what the panels look like from now on.
    pub(super) fn set_panels(&mut self, output: PanelOutput) {
        self.panels.update(output);
    }

    /// Draws one frame: the picture and, over it, the panels as they were last set.
    pub(super) fn paint(&mut self, layers: &Layers<'_>, shift: Shift) {
        let dpi = self.gpu.dpi();
        self.tessellate(layers, dpi);
        if self.atlas.grew() {
            // What did not fit is missing; everything is made anew for the larger atlas.
            self.tessellate(layers, dpi);
        }
        self.gpu.upload(&mut self.atlas);
        let back = self.back(layers);
        let size = self.gpu.size();
        self.back_is_heavy = self.area(&back) > PICTURE_FROM_SHARE * (size.0 * size.1) as f32;
        if self.back_is_heavy {
            self.refresh_picture(layers.background, &back, size);
        }
        self.gpu.clear(layers.background);
        if self.back_is_heavy {
            self.gpu.draw_picture(shift);
        }
        for name in layers.names {
            let is_back = back.contains(name);
            if is_back && self.back_is_heavy {
                continue;
            }
            let placed = if is_back {
                Placed::Shifted(shift)
            } else {
                Placed::AsIs
            };
            if let Some(cached) = self.layers.get_mut(name) {
                self.gpu.draw(&mut cached.meshes.pieces, placed);
            }
        }
        self.panels.draw(&self.gpu);
    }

    /// Whether the layers at the back are so heavy that they should not be made anew with every frame.
    pub(super) fn back_is_heavy(&self) -> bool {
        self.back_is_heavy
    }

    fn area(&self, names: &[LayerName]) -> f32 {
        names
            .iter()
            .filter_map(|name| self.layers.get(name))
            .map(|cached| cached.area)
            .sum()
    }

    fn tessellate(&mut self, layers: &Layers<'_>, dpi: f32) {
        if self.of_generation != self.atlas.generation() || self.of_dpi != dpi {
            self.layers.clear();
            self.picture = None;
            self.of_generation = self.atlas.generation();
            self.of_dpi = dpi;
        }
        for name in layers.names {
            let version = (layers.version)(*name);
            let known = self.layers.get(name);
            if version.is_some() && known.is_some_and(|cached| cached.version == version) {
                continue;
            }
            let shapes = (layers.shapes)(*name);
            let mut tessellator = Tessellator {
                atlas: &mut self.atlas,
                dpi,
                out: Meshes::default(),
                area: 0.0,
            };
            shapes.iter().for_each(|shape| tessellator.shape(shape));
            let (meshes, area) = (tessellator.out, tessellator.area);
            let content = if BACK.contains(name) {
                content(&meshes, version)
            } else {
                0
            };
            let cached = Cached {
                version,
                content,
                area,
                meshes,
            };
            self.layers.insert(*name, cached);
        }
    }

    /// The layers at the very back that change rarely.
    fn back(&self, layers: &Layers<'_>) -> Vec<LayerName> {
        let is_back = |name: &LayerName| {
            let is_cached = self
                .layers
                .get(name)
                .is_some_and(|cached| cached.version.is_some());
            is_cached && BACK.contains(name)
        };
        layers.names.iter().copied().take_while(is_back).collect()
    }

    fn refresh_picture(&mut self, background: Color, back: &[LayerName], size: (u32, u32)) {
        let content = |name: &LayerName| self.layers.get(name).map_or(0, |cached| cached.content);
        let key = PictureKey {
            contents: back.iter().map(|name| (*name, content(name))).collect(),
            background,
            size,
        };
        if self.picture.as_ref() == Some(&key) {
            return;
        }
        self.gpu.begin_picture(background);
        for name in back {
            if let Some(cached) = self.layers.get_mut(name) {
                self.gpu.draw(&mut cached.meshes.pieces, Placed::AsIs);
            }
        }
        self.gpu.end_picture();
        self.picture = Some(key);
    }
}
