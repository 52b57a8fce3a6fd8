//! Shapes and panels to pixels: the only bounds that knows how macroquad draws.
//!
//! LayerSource that say when they change are turned into triangles once. The layers at the back are drawn into a picture of
//! their own. The canvas keeps the last frame: where something looks different, what lies at the back is copied from
//! that picture and the rest is drawn over it. Pixels cost most by far on software renderers.

mod atlas;
mod damage;
mod framebuffer;
mod gpu;
mod panel_meshes;
mod path;
mod tessellator;

pub(super) use panel_meshes::PanelOutput;
pub(super) use tessellator::{INDICES_MAX, VERTICES_MAX};

use crate::picture::canvas::{LayerName, Rect, Shape};
use crate::picture::theme::Color;
use atlas::Atlas;
use damage::{Damage, bounds, union};
use gpu::{Contents, Gpu};
use panel_meshes::PanelMeshes;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use tessellator::{Meshes, Tessellator};

/// LayerSource at the back that touch more physical pixels than this, as a share of the window, are too heavy to be drawn
/// anew with every frame while the camera moves.
const HEAVY_FROM_SHARE: f32 = 0.8;

/// The layers at the back. They depend on the camera and little else.
pub(super) const BACK_LAYERS: [LayerName; 3] =
    [LayerName::Reach, LayerName::Sets, LayerName::Edges];

/// A picture whose layers are made when they are wanted.
pub(super) struct LayerSource<'a> {
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
pub(super) struct LayerTransform {
    /// How much larger they are now.
    pub(super) scale: f32,
    /// Where their origin is now, in logical pixels.
    pub(super) offset: (f32, f32),
}

impl LayerTransform {
    /// They are where they were made for.
    pub(super) const NONE: LayerTransform = LayerTransform {
        scale: 1.0,
        offset: (0.0, 0.0),
    };
}

/// A layer, for as long as it is valid.
struct CachedLayer {
    version: Option<u64>,
    /// Differs whenever the triangles differ; that may be more rarely than the version. Only layers at the back have it.
    content: u64,
    shapes: Vec<Shape>,
    /// What they touch, in logical pixels.
    bounds: Rect,
    meshes: Meshes,
    area: f32,
}

/// LayerSource with more vertices than this are told apart by their versions, others by their triangles.
const HASHED_VERTICES_MAX: usize = 4_000;

/// What tells the triangles of a layer apart from those it had before.
fn content_hash(meshes: &Meshes, version: Option<u64>) -> u64 {
    let mut hash = DefaultHasher::new();
    let vertices = || meshes.pieces.iter().flat_map(|piece| &piece.vertices);
    if vertices().nth(HASHED_VERTICES_MAX).is_some() {
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
#[derive(Clone, PartialEq)]
struct BackLayersKey {
    contents: Vec<(LayerName, u64)>,
    background: Color,
}

/// What a frame starts from.
enum FrameBase {
    /// The picture of what lies at the back, with these layers.
    BackLayers(Vec<LayerName>),
    /// The background; all of it is damaged.
    Background,
}

/// Draws frames.
pub(super) struct Painter {
    atlas: Atlas,
    gpu: Gpu,
    panels: PanelMeshes,
    layers: BTreeMap<LayerName, CachedLayer>,
    atlas_generation: u64,
    dpi: f32,
    /// What the picture of the back holds.
    back: Option<BackLayersKey>,
    /// What lay at the back in the last frame.
    latest: Option<BackLayersKey>,
    names: Vec<LayerName>,
    transform: LayerTransform,
    back_is_heavy: bool,
}

impl Painter {
    /// # Errors
    /// If the graphics card does not take our shader.
    pub(super) fn new() -> Result<Painter, String> {
        let atlas = Atlas::new();
        let gpu = Gpu::new(atlas.side())?;
        Ok(Painter {
            atlas_generation: atlas.generation(),
            atlas,
            gpu,
            panels: PanelMeshes::default(),
            layers: BTreeMap::new(),
            dpi: 0.0,
            back: None,
            latest: None,
            names: Vec::new(),
            transform: LayerTransform::NONE,
            back_is_heavy: false,
        })
    }

    /// Takes in what the panels look like from now on.
    pub(super) fn set_panels(&mut self, output: PanelOutput) {
        self.panels.update(output);
    }

    /// Draws one frame: the picture and, over it, the panels as they were last set. Nobody sees it before
    /// [`Painter::show`].
    pub(super) fn paint(&mut self, layers: &LayerSource<'_>, transform: LayerTransform) {
        let (dpi, size) = (self.gpu.dpi(), self.gpu.size());
        let mut damage = Damage::none(size, dpi);
        if self.gpu.begin() == Contents::Lost {
            (self.back, self.latest) = (None, None);
            damage.all();
        }
        self.tessellate(layers, dpi, &mut damage);
        if self.atlas.take_overflow() {
            // What did not fit is missing; everything is made anew for the larger atlas.
            self.tessellate(layers, dpi, &mut damage);
        }
        self.gpu.upload(&mut self.atlas);
        let back = self.back(layers);
        self.back_is_heavy = self.area(&back) > HEAVY_FROM_SHARE * (size.0 * size.1) as f32;
        let is_other = (self.transform, &self.names[..]) != (transform, layers.names);
        if is_other || transform != LayerTransform::NONE {
            (self.transform, self.names) = (transform, layers.names.to_vec());
            damage.all();
        }
        let base = self.base(layers.background, &back, &mut damage);
        self.panels.damage(&mut damage);
        self.draw(layers, &base, &damage);
    }

    /// Shows the frame that was drawn. On a software renderer this is where the pixels are made.
    pub(super) fn show(&mut self) {
        self.gpu.end();
    }

    /// Draws what is damaged.
    fn draw(&mut self, layers: &LayerSource<'_>, base: &FrameBase, damage: &Damage) {
        let rects = damage.rects();
        match base {
            FrameBase::BackLayers(_) if self.transform == LayerTransform::NONE => {
                self.gpu.begin_over_back(&rects);
            }
            FrameBase::BackLayers(_) => {
                self.gpu.clear_canvas(layers.background);
                self.gpu.draw_transformed(self.transform);
            }
            FrameBase::Background => self.gpu.clear_canvas(layers.background),
        }
        let is_there = |name: &LayerName| match base {
            FrameBase::BackLayers(holds) => holds.contains(name),
            FrameBase::Background => false,
        };
        for rect in rects {
            self.gpu.clip(rect);
            let within = rect.logical(self.dpi);
            for name in layers.names.iter().filter(|name| !is_there(name)) {
                if let Some(cached) = self.layers.get_mut(name)
                    && cached.bounds.overlaps(within)
                {
                    self.gpu.draw(&mut cached.meshes.pieces);
                }
            }
            self.panels.draw(&self.gpu, within);
        }
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

    fn tessellate(&mut self, layers: &LayerSource<'_>, dpi: f32, damage: &mut Damage) {
        if self.atlas_generation != self.atlas.generation() || self.dpi != dpi {
            self.layers.clear();
            (self.back, self.latest) = (None, None);
            self.atlas_generation = self.atlas.generation();
            self.dpi = dpi;
            damage.all();
        }
        for name in layers.names {
            let version = (layers.version)(*name);
            let known = self.layers.get(name);
            if version.is_some() && known.is_some_and(|cached| cached.version == version) {
                continue;
            }
            let shapes = (layers.shapes)(*name);
            let before = known.map_or(&[][..], |cached| &cached.shapes);
            damage.compare(before, &shapes, bounds);
            let cached = self.cached(*name, version, shapes);
            self.layers.insert(*name, cached);
        }
    }

    fn cached(&mut self, name: LayerName, version: Option<u64>, shapes: Vec<Shape>) -> CachedLayer {
        let mut tessellator = Tessellator {
            atlas: &mut self.atlas,
            dpi: self.dpi,
            out: Meshes::default(),
            area: 0.0,
        };
        shapes.iter().for_each(|shape| tessellator.shape(shape));
        let (meshes, area) = (tessellator.out, tessellator.area);
        let content = match BACK_LAYERS.contains(&name) {
            true => content_hash(&meshes, version),
            false => 0,
        };
        CachedLayer {
            version,
            content,
            bounds: shapes.iter().map(bounds).reduce(union).unwrap_or_default(),
            shapes,
            meshes,
            area,
        }
    }

    /// The layers at the very back that change rarely.
    fn back(&self, layers: &LayerSource<'_>) -> Vec<LayerName> {
        let is_back = |name: &LayerName| {
            let is_cached = self
                .layers
                .get(name)
                .is_some_and(|cached| cached.version.is_some());
            is_cached && BACK_LAYERS.contains(name)
        };
        layers.names.iter().copied().take_while(is_back).collect()
    }

    /// What the frame starts from. LayerSource at the back that look different are drawn into their picture; those that are
    /// light and still changing, directly.
    fn base(&mut self, background: Color, back: &[LayerName], damage: &mut Damage) -> FrameBase {
        let content = |name: &LayerName| self.layers.get(name).map_or(0, |cached| cached.content);
        let key = BackLayersKey {
            contents: back.iter().map(|name| (*name, content(name))).collect(),
            background,
        };
        if self.back.as_ref() == Some(&key) {
            return FrameBase::BackLayers(back.to_vec());
        }
        if self.latest.as_ref() != Some(&key) {
            self.latest = Some(key);
            damage.all();
            if !self.back_is_heavy && self.transform == LayerTransform::NONE {
                return FrameBase::Background;
            }
        }
        let is_in = |name: &LayerName| back.contains(name);
        let layers = self.layers.iter_mut().filter(|(name, _)| is_in(name));
        let pieces = layers.map(|(_, cached)| &mut cached.meshes.pieces);
        self.gpu.draw_back(background, pieces);
        self.back = self.latest.clone();
        FrameBase::BackLayers(back.to_vec())
    }
}
