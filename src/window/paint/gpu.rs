//! GPU access through macroquad: textures, the shader, draw calls and two off-screen framebuffers.
//!
//! One framebuffer contains the back layers; the other is the canvas, which keeps the last frame and is presented.
//! Blending uses premultiplied alpha, so that framebuffers drawn onto each other have no dark fringes.

use super::LayerTransform;
use super::atlas::Atlas;
use super::framebuffer::{CopyMethod, Framebuffer, PixelRect, set_scissor};
use super::tessellator::vertex;
use crate::picture::theme::Color;
use crate::text::terminal;
use macroquad::camera::{set_camera, set_default_camera};
use macroquad::color::Color as GlColor;
use macroquad::material::{
    Material, MaterialParams, gl_use_default_material, gl_use_material, load_material,
};
use macroquad::math::vec2;
use macroquad::miniquad::{
    BlendFactor, BlendState, BlendValue, Equation, PipelineParams, ShaderSource,
};
use macroquad::models::{Mesh, draw_mesh};
use macroquad::texture::{FilterMode, Image, Texture2D};
use macroquad::window::{clear_background, screen_dpi_scale, screen_height, screen_width};

const VERTEX_SHADER: &str = "#version 100
attribute vec3 position;
attribute vec2 texcoord;
attribute vec4 color0;
varying lowp vec2 uv;
varying lowp vec4 color;
uniform mat4 Model;
uniform mat4 Projection;
void main() {
    gl_Position = Projection * Model * vec4(position, 1);
    color = color0 / 255.0;
    uv = texcoord;
}";

const FRAGMENT_SHADER: &str = "#version 100
varying lowp vec2 uv;
varying lowp vec4 color;
uniform sampler2D Texture;
void main() {
    gl_FragColor = color * texture2D(Texture, uv);
}";

/// GPU resources and the state of the current frame.
pub(super) struct Gpu {
    over: Material,
    copy: Material,
    texture: Texture2D,
    framebuffers: Option<Framebuffers>,
    copy_method: CopyMethod,
    /// Rectangles of the back layers to copy to the canvas before this frame's draw calls are submitted.
    pending_blits: Vec<PixelRect>,
    /// Translation with which to copy the back layers to the canvas.
    pending_translation: Option<(i32, i32)>,
    /// The scale of the whole window that the user has chosen.
    ui_scale: f32,
}

/// Framebuffers that have the size of the window and persist between frames.
struct Framebuffers {
    /// Background and back layers; created on first use.
    back: Option<Framebuffer>,
    /// The canvas with the last frame.
    canvas: Framebuffer,
}

/// Whether the framebuffers kept their contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    Preserved,
    Lost,
}

fn material(color_blend: Option<BlendState>) -> Result<Material, String> {
    let shader = ShaderSource::Glsl {
        vertex: VERTEX_SHADER,
        fragment: FRAGMENT_SHADER,
    };
    let pipeline_params = PipelineParams {
        color_blend,
        alpha_blend: color_blend,
        ..PipelineParams::default()
    };
    load_material(
        shader,
        MaterialParams {
            pipeline_params,
            ..MaterialParams::default()
        },
    )
    .map_err(|error| terminal::shader_refused(&error.to_string()))
}

pub(super) fn gl_color(color: Color) -> GlColor {
    GlColor::from_rgba(color.r, color.g, color.b, color.a)
}

/// A texture of premultiplied colours.
pub(super) fn texture(width: u32, height: u32, rgba: &[u8]) -> Texture2D {
    let texture = Texture2D::from_rgba8(width as u16, height as u16, rgba);
    texture.set_filter(FilterMode::Linear);
    texture
}

/// Replaces a part of a texture.
pub(super) fn update(
    texture: &Texture2D,
    (left, top): (u32, u32),
    (width, height): (u32, u32),
    rgba: Vec<u8>,
) {
    let image = Image {
        bytes: rgba,
        width: width as u16,
        height: height as u16,
    };
    texture.update_part(&image, left as i32, top as i32, width as i32, height as i32);
}

impl Gpu {
    pub(super) fn new(atlas_side: u32) -> Result<Gpu, String> {
        let premultiplied = BlendState::new(
            Equation::Add,
            BlendFactor::One,
            BlendFactor::OneMinusValue(BlendValue::SourceAlpha),
        );
        Ok(Gpu {
            over: material(Some(premultiplied))?,
            copy: material(None)?,
            texture: texture(
                atlas_side,
                atlas_side,
                &vec![0; (atlas_side * atlas_side * 4) as usize],
            ),
            framebuffers: None,
            copy_method: CopyMethod::detect(),
            pending_blits: Vec::new(),
            pending_translation: None,
            ui_scale: 1.0,
        })
    }

    /// Physical pixels per logical pixel.
    pub(super) fn dpi(&self) -> f32 {
        screen_dpi_scale() * self.ui_scale
    }

    /// Sets the user's scale of the whole window.
    pub(super) fn set_ui_scale(&mut self, ui_scale: f32) {
        if self.ui_scale != ui_scale {
            self.ui_scale = ui_scale;
            self.framebuffers = None;
        }
    }

    /// Size of the window in logical pixels.
    fn logical_size(&self) -> (f32, f32) {
        (
            screen_width() / self.ui_scale,
            screen_height() / self.ui_scale,
        )
    }

    /// Size of the window in physical pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        let physical = |logical: f32| (logical * screen_dpi_scale()).round().max(1.0) as u32;
        (physical(screen_width()), physical(screen_height()))
    }

    /// Uploads the changed part of the atlas.
    pub(super) fn upload(&mut self, atlas: &mut Atlas) {
        let side = atlas.side();
        if let Some((row, rows, rgba)) = atlas.take_changes() {
            if self.texture.width() as u32 == side {
                update(&self.texture, (0, row), (side, rows), rgba.to_vec());
            } else {
                self.texture = texture(side, side, rgba);
            }
        }
    }

    /// Begins a frame: makes sure that the framebuffers have the size of the window.
    pub(super) fn begin(&mut self) -> Contents {
        let size = self.size();
        let is_known = |framebuffers: &Framebuffers| framebuffers.canvas.size() == size;
        if self.framebuffers.as_ref().is_some_and(is_known) {
            return Contents::Preserved;
        }
        self.framebuffers = Some(Framebuffers {
            back: None,
            canvas: Framebuffer::new(size, self.copy_method),
        });
        Contents::Lost
    }

    /// Draws the background and meshes that use the atlas into the back framebuffer.
    pub(super) fn draw_back<'a>(
        &mut self,
        background: Color,
        pieces: impl Iterator<Item = &'a mut Vec<Mesh>>,
    ) {
        let logical_size = self.logical_size();
        let Some(framebuffers) = &mut self.framebuffers else {
            return;
        };
        let size = framebuffers.canvas.size();
        let back = framebuffers
            .back
            .get_or_insert_with(|| Framebuffer::new(size, self.copy_method));
        set_camera(&back.camera(logical_size));
        clear_background(gl_color(background));
        gl_use_material(&self.over);
        pieces.for_each(|pieces| self.draw(pieces));
        set_default_camera();
    }

    /// Directs further drawing to the canvas.
    pub(super) fn begin_canvas(&self) {
        if let Some(framebuffers) = &self.framebuffers {
            set_camera(&framebuffers.canvas.camera(self.logical_size()));
            gl_use_material(&self.over);
        }
    }

    /// Clears the canvas to the background colour.
    pub(super) fn clear_canvas(&self, background: Color) {
        self.begin_canvas();
        clear_background(gl_color(background));
    }

    /// Directs further drawing to the canvas, on top of the back layers in these rectangles.
    pub(super) fn begin_over_back(&mut self, parts: &[PixelRect]) {
        self.begin_canvas();
        match self.copy_method {
            // [`Gpu::end`] copies these before it submits macroquad's batch of draw calls.
            CopyMethod::Blit => self.pending_blits = parts.to_vec(),
            CopyMethod::DrawQuad => {
                for part in parts {
                    self.clip(*part);
                    let (picture, size) = (self.back(), self.logical_size());
                    let filter = FilterMode::Nearest;
                    self.draw_framebuffer(picture, size, LayerTransform::NONE, filter);
                }
            }
        }
    }

    /// Draws the transformed back layers onto the cleared canvas.
    pub(super) fn draw_transformed(&mut self, transform: LayerTransform) {
        self.pending_translation = pixel_translation(transform, self.dpi())
            .filter(|_| self.copy_method == CopyMethod::Blit);
        if self.pending_translation.is_none() {
            let size = self.logical_size();
            self.draw_framebuffer(self.back(), size, transform, FilterMode::Linear);
        }
    }

    fn back(&self) -> Option<&Framebuffer> {
        self.framebuffers.as_ref()?.back.as_ref()
    }

    /// Draws a framebuffer over an area of `size` in the coordinates of the current camera.
    fn draw_framebuffer(
        &self,
        picture: Option<&Framebuffer>,
        size: (f32, f32),
        transform: LayerTransform,
        filter: FilterMode,
    ) {
        let (left, top) = transform.offset;
        let (width, height) = (size.0 * transform.scale, size.1 * transform.scale);
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(u, v)| {
            vertex(
                vec2(left + u * width, top + v * height),
                [u, v],
                [u8::MAX; 4],
            )
        });
        gl_use_material(&self.copy);
        draw_mesh(&Mesh {
            vertices: corners.to_vec(),
            indices: vec![0, 1, 2, 0, 2, 3],
            texture: picture.map(|picture| picture.texture(filter)),
        });
        gl_use_material(&self.over);
    }

    /// Clips further drawing to a rectangle of the canvas.
    pub(super) fn clip(&self, part: PixelRect) {
        set_scissor(Some((part, self.size().1)));
    }

    /// Draws meshes that use the atlas.
    pub(super) fn draw(&self, pieces: &mut [Mesh]) {
        for piece in pieces {
            piece.texture = Some(self.texture.clone());
            draw_mesh(piece);
        }
    }

    /// Draws meshes that have a texture of their own.
    pub(super) fn draw_textured(&self, pieces: &[Mesh]) {
        pieces.iter().for_each(draw_mesh);
    }

    /// Ends a frame: presents the canvas.
    pub(super) fn end(&mut self) {
        set_scissor(None);
        let Some(framebuffers) = &self.framebuffers else {
            return;
        };
        let (pending_blits, pending_translation) = (
            std::mem::take(&mut self.pending_blits),
            self.pending_translation.take(),
        );
        if let Some(back) = &framebuffers.back {
            back.copy_to(&framebuffers.canvas, &pending_blits);
            if let Some(by) = pending_translation {
                back.copy_translated(&framebuffers.canvas, by);
            }
        }
        set_default_camera();
        match self.copy_method {
            CopyMethod::Blit => framebuffers.canvas.present(),
            CopyMethod::DrawQuad => {
                self.draw_framebuffer(
                    Some(&framebuffers.canvas),
                    (screen_width(), screen_height()),
                    LayerTransform::NONE,
                    FilterMode::Nearest,
                );
            }
        }
        gl_use_default_material();
    }
}

/// The translation in whole physical pixels, if the transform is nothing else.
fn pixel_translation(transform: LayerTransform, dpi: f32) -> Option<(i32, i32)> {
    let whole = |logical: f32| {
        let physical = logical * dpi;
        ((physical - physical.round()).abs() < 0.01).then_some(physical.round() as i32)
    };
    let (right, down) = (whole(transform.offset.0)?, whole(transform.offset.1)?);
    (transform.scale == 1.0).then_some((right, down))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_translations_by_whole_physical_pixels_are_blits() {
        let pending_translation = |x: f32, y: f32, scale: f32| LayerTransform {
            scale,
            offset: (x, y),
        };
        assert_eq!(
            pixel_translation(pending_translation(3.0, -7.0, 1.0), 1.0),
            Some((3, -7))
        );
        assert_eq!(
            pixel_translation(pending_translation(1.5, 2.0, 1.0), 2.0),
            Some((3, 4))
        );
        assert_eq!(
            pixel_translation(pending_translation(1.5, 2.0, 1.0), 1.0),
            None
        );
        assert_eq!(
            pixel_translation(pending_translation(1.0, 2.0, 1.1), 1.0),
            None
        );
    }
}
