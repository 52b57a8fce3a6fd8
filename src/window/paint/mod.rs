//! Retained-mode renderer on macroquad with damage tracking.
//!
//! Layers with a version are tessellated once per version. The back layers have a framebuffer of their own. The canvas
//! framebuffer keeps the last frame, and only damaged rectangles are redrawn: the painter copies the back layers and
//! draws the other layers over them. On software renderers, the number of pixels dominates the cost.
//!
//! The scene does not use the tessellator of epaint, which draws the panels. epaint draws a disc as a polygon of up to
//! 128 corners and a straight line as up to ten triangles; this renderer draws small discs and straight lines as single
//! quads. With discs, lines, boxes and polygons through epaint's tessellator, a frame of `bench frame --demo` took 1.3
//! (playing) and 1.4 (panning) times the CPU time, and one of `bench frame` 2.2 and 1.9 times (Mesa's llvmpipe,
//! 1280 x 800, one run of each).

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

/// Back layers that touch more physical pixels than this share of the window are not redrawn in every frame while the
/// camera moves.
const HEAVY_FROM_SHARE: f32 = 0.8;

/// The back layers. They depend on the camera and little else.
pub(super) const BACK_LAYERS: [LayerName; 3] =
    [LayerName::Reach, LayerName::Sets, LayerName::Edges];

/// A picture whose layers are generated on demand.
pub(super) struct LayerSource<'a> {
    /// Background colour.
    pub(super) background: Color,
    /// Names of the layers, back to front.
    pub(super) names: &'a [LayerName],
    /// Version of a layer: equal versions mean equal shapes. `None` if the layer changes in every frame.
    pub(super) version: &'a dyn Fn(LayerName) -> Option<u64>,
    /// The shapes of a layer.
    pub(super) shapes: &'a dyn Fn(LayerName) -> Vec<Shape>,
}

/// Transform of the back layers, which may have been drawn for an earlier camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LayerTransform {
    /// Scale factor.
    pub(super) scale: f32,
    /// Position of their origin, in logical pixels.
    pub(super) offset: (f32, f32),
}

impl LayerTransform {
    /// The identity: drawn for the current camera.
    pub(super) const NONE: LayerTransform = LayerTransform {
        scale: 1.0,
        offset: (0.0, 0.0),
    };
}

/// A tessellated layer.
struct CachedLayer {
    version: Option<u64>,
    /// Hash of the triangles, which may change less often than the version; 0 for layers other than back layers.
    content: u64,
    shapes: Vec<Shape>,
    /// Bounding box of the shapes in logical pixels.
    bounds: Rect,
    meshes: Meshes,
    area: f32,
}

/// Layers with more vertices are compared by version, others by a hash of their triangles.
const HASHED_VERTICES_MAX: usize = 4_000;

/// Hash of the triangles of a layer.
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

/// Identifies the contents of the back layers.
#[derive(Clone, PartialEq)]
struct BackLayersKey {
    contents: Vec<(LayerName, u64)>,
    background: Color,
}

/// The base on which a frame is drawn.
enum FrameBase {
    /// The framebuffer of the back layers, which contains these layers.
    BackLayers(Vec<LayerName>),
    /// The plain background; everything is damaged.
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
    /// Contents of the back framebuffer.
    back: Option<BackLayersKey>,
    /// Back layers of the last frame.
    latest: Option<BackLayersKey>,
    names: Vec<LayerName>,
    transform: LayerTransform,
    back_is_heavy: bool,
}

impl Painter {
    /// A painter before its first frame.
    ///
    /// # Errors
    /// If the shader does not compile.
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

    /// Replaces the panels.
    pub(super) fn set_panels(&mut self, output: PanelOutput) {
        self.panels.update(output);
    }

    /// Sets the user's scale of the whole window.
    pub(super) fn set_ui_scale(&mut self, ui_scale: f32) {
        self.gpu.set_ui_scale(ui_scale);
    }

    /// Draws one frame into the canvas: the picture and, over it, the panels. [`Painter::show`] presents it.
    pub(super) fn paint(&mut self, layers: &LayerSource<'_>, transform: LayerTransform) {
        let (dpi, size) = (self.gpu.dpi(), self.gpu.size());
        let mut damage = Damage::none(size, dpi);
        if self.gpu.begin() == Contents::Lost {
            (self.back, self.latest) = (None, None);
            damage.all();
        }
        self.tessellate(layers, dpi, &mut damage);
        if self.atlas.take_overflow() {
            // Sprites that did not fit are missing, so tessellate again for the larger atlas.
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

    /// Presents the frame. A software renderer does its work here.
    pub(super) fn show(&mut self) {
        self.gpu.end();
    }

    /// Redraws the damaged rectangles.
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

    /// Whether the back layers are too expensive to redraw in every frame.
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

    /// The leading back layers that have a version.
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

    /// Chooses the base of a frame. Changed back layers are drawn into their framebuffer, or directly while they are
    /// cheap and still changing.
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
