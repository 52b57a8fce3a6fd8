//! Meshes of egui: clips them on the CPU, caches them until the panels change, and draws them where the canvas is
//! redrawn.
//!
//! Clipping on the CPU keeps the number of draw calls low, because a scissor per egui clip rectangle would split
//! batches.

use super::damage::{Damage, union};
use super::gpu::{self, Gpu};
use super::tessellator::{Meshes, vertex};
use crate::picture::canvas;
use egui::epaint::{ClippedPrimitive, ImageData, Primitive, Vertex};
use egui::{Color32, Pos2, Rect, TextureId, TexturesDelta, epaint};
use macroquad::math::vec2;
use macroquad::texture::Texture2D;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The output of one egui frame.
pub(in crate::window) struct PanelOutput {
    /// Meshes in points; one point is a logical pixel.
    pub(in crate::window) primitives: Vec<ClippedPrimitive>,
    /// Changes of textures.
    pub(in crate::window) textures: TexturesDelta,
}

/// The mesh of one egui primitive: one texture, one clip rectangle.
struct PanelMesh {
    fingerprint: MeshFingerprint,
    meshes: Meshes,
}

/// Identifies a mesh for damage tracking.
#[derive(Clone, Copy, PartialEq)]
struct MeshFingerprint {
    /// Hash of the triangles.
    content_hash: u64,
    /// Bounding box in logical pixels.
    bounds: canvas::Rect,
}

/// The current panels.
#[derive(Default)]
pub(super) struct PanelMeshes {
    textures: HashMap<TextureId, Texture2D>,
    pieces: Vec<PanelMesh>,
    /// The meshes of the last frame.
    fingerprint: Vec<MeshFingerprint>,
    has_new_textures: bool,
}

impl PanelMeshes {
    pub(super) fn update(&mut self, mut output: PanelOutput) {
        for (id, deltas) in &output.textures.set {
            for delta in deltas {
                self.set_texture(*id, delta);
            }
        }
        let pieces = output.primitives.iter().filter_map(|clipped| {
            let Primitive::Mesh(mesh) = &clipped.primitive else {
                return None;
            };
            let texture = self.textures.get(&mesh.texture_id)?;
            let mut meshes = Meshes::default();
            append(&mut meshes, mesh, clipped.clip_rect, texture);
            piece(meshes, mesh.texture_id)
        });
        self.pieces = pieces.collect();
        for id in &output.textures.free {
            self.textures.remove(id);
        }
        // epaint panics in debug builds if changes of textures are dropped without this.
        output.textures.clear();
    }

    /// Adds the damage since the last call.
    pub(super) fn damage(&mut self, damage: &mut Damage) {
        if std::mem::take(&mut self.has_new_textures) {
            damage.all();
        }
        let now: Vec<MeshFingerprint> = self.pieces.iter().map(|piece| piece.fingerprint).collect();
        damage.compare(&self.fingerprint, &now, |piece| piece.bounds);
        self.fingerprint = now;
    }

    /// Draws the meshes that overlap a rectangle of logical pixels.
    pub(super) fn draw(&self, gpu: &Gpu, within: canvas::Rect) {
        for piece in &self.pieces {
            if piece.fingerprint.bounds.overlaps(within) {
                gpu.draw_textured(&piece.meshes.pieces);
            }
        }
    }

    fn set_texture(&mut self, id: TextureId, delta: &epaint::ImageDelta) {
        let [width, height] = delta.image.size().map(|pixels| pixels as u32);
        let rgba: Vec<u8> = match &delta.image {
            ImageData::Color(image) => image.pixels.iter().flat_map(Color32::to_array).collect(),
        };
        match (delta.pos, self.textures.get(&id)) {
            (Some([left, top]), Some(texture)) => {
                gpu::update(texture, (left as u32, top as u32), (width, height), rgba);
            }
            _ => {
                self.textures.insert(id, gpu::texture(width, height, &rgba));
                self.has_new_textures = true;
            }
        }
    }
}

/// Fingerprints meshes; `None` if they are empty.
fn piece(meshes: Meshes, texture: TextureId) -> Option<PanelMesh> {
    let mut hash = DefaultHasher::new();
    texture.hash(&mut hash);
    let mut bounds: Option<canvas::Rect> = None;
    for mesh in &meshes.pieces {
        mesh.indices.hash(&mut hash);
        for vertex in &mesh.vertices {
            let (at, uv) = (vertex.position, vertex.uv);
            [at.x, at.y, uv.x, uv.y].map(f32::to_bits).hash(&mut hash);
            vertex.color.hash(&mut hash);
            let point = canvas::Rect::from_corners(at.x, at.y, at.x, at.y);
            bounds = Some(bounds.map_or(point, |bounds| union(bounds, point)));
        }
    }
    let fingerprint = MeshFingerprint {
        content_hash: hash.finish(),
        bounds: bounds?,
    };
    Some(PanelMesh {
        fingerprint,
        meshes,
    })
}

/// Marks a vertex that has no index in the current mesh yet.
const UNASSIGNED: u16 = u16::MAX;

/// Appends the part of a mesh inside its clip rectangle.
fn append(meshes: &mut Meshes, mesh: &epaint::Mesh, frame: Rect, texture: &Texture2D) {
    // Index of each source vertex in the current mesh.
    let mut numbers = vec![UNASSIGNED; mesh.vertices.len()];
    meshes.start_piece(texture.clone());
    for at in mesh.indices.chunks_exact(3) {
        let Some(corners) = corners(mesh, at) else {
            continue;
        };
        let inside = corners.map(|corner| frame.contains(corner.pos));
        if inside == [true; 3] {
            if meshes.is_full(3, 3) {
                meshes.start_piece(texture.clone());
                numbers.fill(UNASSIGNED);
            }
            let (piece, _) = meshes.room(3, 3);
            for (at, corner) in at.iter().zip(corners) {
                let number = &mut numbers[*at as usize];
                if *number == UNASSIGNED {
                    *number = piece.vertices.len() as u16;
                    piece.vertices.push(converted(&corner));
                }
                piece.indices.push(*number);
            }
            continue;
        }
        let part = clip_polygon(&corners, frame);
        if part.len() < 3 {
            continue;
        }
        let indices = 3 * (part.len() - 2);
        if meshes.is_full(part.len(), indices) {
            meshes.start_piece(texture.clone());
            numbers.fill(UNASSIGNED);
        }
        let (piece, next) = meshes.room(part.len(), indices);
        piece.vertices.extend(part.iter().map(converted));
        for corner in 1..part.len() as u16 - 1 {
            piece
                .indices
                .extend([next, next + corner, next + corner + 1]);
        }
    }
}

fn converted(corner: &Vertex) -> macroquad::models::Vertex {
    vertex(
        vec2(corner.pos.x, corner.pos.y),
        [corner.uv.x, corner.uv.y],
        corner.color.to_array(),
    )
}

fn corners(mesh: &epaint::Mesh, at: &[u32]) -> Option<[Vertex; 3]> {
    let corner = |at: u32| mesh.vertices.get(at as usize).copied();
    Some([
        corner(*at.first()?)?,
        corner(*at.get(1)?)?,
        corner(*at.get(2)?)?,
    ])
}

/// Clips a convex polygon to a rectangle (Sutherland-Hodgman).
fn clip_polygon(corners: &[Vertex], frame: Rect) -> Vec<Vertex> {
    let sides: [fn(Pos2, Rect) -> f32; 4] = [
        |at, frame| at.x - frame.min.x,
        |at, frame| frame.max.x - at.x,
        |at, frame| at.y - frame.min.y,
        |at, frame| frame.max.y - at.y,
    ];
    let mut part = corners.to_vec();
    for depth in sides {
        let mut kept = Vec::with_capacity(part.len() + 1);
        for (at, corner) in part.iter().enumerate() {
            let next = part[(at + 1) % part.len()];
            let (here, there) = (depth(corner.pos, frame), depth(next.pos, frame));
            if here >= 0.0 {
                kept.push(*corner);
            }
            if (here >= 0.0) != (there >= 0.0) {
                kept.push(interpolate(corner, &next, here / (here - there)));
            }
        }
        part = kept;
    }
    part
}

fn interpolate(from: &Vertex, to: &Vertex, share: f32) -> Vertex {
    let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
    let (a, b) = (from.color.to_array(), to.color.to_array());
    let [r, g, bl, al] = [0, 1, 2, 3].map(|channel| mix(a[channel], b[channel]));
    Vertex {
        pos: from.pos + (to.pos - from.pos) * share,
        uv: from.uv + (to.uv - from.uv) * share,
        color: Color32::from_rgba_premultiplied(r, g, bl, al),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    fn corner(x: f32, y: f32) -> Vertex {
        let color = Color32::from_rgba_premultiplied(x as u8, y as u8, 0, u8::MAX);
        Vertex {
            pos: pos2(x, y),
            uv: pos2(x / 100.0, y / 100.0),
            color,
        }
    }

    fn area(part: &[Vertex]) -> f32 {
        let next = part.iter().cycle().skip(1);
        part.iter()
            .zip(next)
            .map(|(a, b)| a.pos.x * b.pos.y - b.pos.x * a.pos.y)
            .sum::<f32>()
            / 2.0
    }

    #[test]
    fn clipped_triangles_keep_their_texture_coordinates() {
        let frame = Rect::from_min_max(pos2(10.0, 10.0), pos2(60.0, 60.0));
        let triangle = [corner(0.0, 0.0), corner(100.0, 0.0), corner(0.0, 100.0)];
        let part = clip_polygon(&triangle, frame);
        assert!(part.iter().all(|v| frame.expand(0.01).contains(v.pos)));
        assert!(
            part.iter().all(|v| (v.uv.x - v.pos.x / 100.0).abs() < 1e-4
                && (v.uv.y - v.pos.y / 100.0).abs() < 1e-4)
        );
        // The expected area is the rectangle without the corner beyond x + y = 100.
        assert!((area(&part) - (2500.0 - 200.0)).abs() < 0.1);
    }

    #[test]
    fn triangles_outside_are_dropped_and_those_inside_are_kept() {
        let frame = Rect::from_min_max(pos2(0.0, 0.0), pos2(50.0, 50.0));
        assert!(
            clip_polygon(
                &[corner(60.0, 0.0), corner(90.0, 0.0), corner(60.0, 40.0)],
                frame
            )
            .is_empty()
        );
        let inside = [corner(1.0, 1.0), corner(40.0, 1.0), corner(1.0, 40.0)];
        assert_eq!(clip_polygon(&inside, frame).len(), 3);
        assert!((area(&clip_polygon(&inside, frame)) - area(&inside)).abs() < 1e-3);
    }
}
