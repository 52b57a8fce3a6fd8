//! The graphics card by way of macroquad: textures, the one shader, draw calls, the picture of the layers at the back.
//!
//! Everything is blended as premultiplied colours, so a picture of a picture has no dark fringes.

use super::Shift;
use super::atlas::Atlas;
use super::mesh::vertex;
use crate::picture::theme::Color;
use macroquad::camera::{Camera2D, set_camera, set_default_camera};
use macroquad::color::Color as GlColor;
use macroquad::material::{
    Material, MaterialParams, gl_use_default_material, gl_use_material, load_material,
};
use macroquad::math::{Rect, vec2};
use macroquad::miniquad::{
    BlendFactor, BlendState, BlendValue, Equation, PipelineParams, ShaderSource,
};
use macroquad::models::{Mesh, draw_mesh};
use macroquad::texture::{FilterMode, Image, RenderTarget, Texture2D, render_target};
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

/// Where a mesh is drawn.
#[derive(Clone, Copy)]
pub(super) enum Placed {
    /// Where its vertices say.
    AsIs,
    /// Moved and scaled.
    Shifted(Shift),
}

/// The graphics card.
pub(super) struct Gpu {
    over: Material,
    copy: Material,
    texture: Texture2D,
    picture: Option<(RenderTarget, (u32, u32))>,
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
    .map_err(|error| format!("the shader was refused: {error}"))
}

pub(super) fn gl_color(color: Color) -> GlColor {
    GlColor::from_rgba(color.r, color.g, color.b, color.a)
}

/// A square or oblong texture of premultiplied colours.
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
            picture: None,
        })
    }

    /// Physical pixels per logical pixel.
    pub(super) fn dpi(&self) -> f32 {
        screen_dpi_scale()
    }

    /// The window in physical pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        let physical = |logical: f32| (logical * screen_dpi_scale()).round().max(1.0) as u32;
        (physical(screen_width()), physical(screen_height()))
    }

    /// Brings the texture up to date.
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

    pub(super) fn clear(&self, color: Color) {
        clear_background(gl_color(color));
        gl_use_material(&self.over);
    }

    /// Draws meshes that use the atlas.
    pub(super) fn draw(&self, pieces: &mut [Mesh], placed: Placed) {
        match placed {
            Placed::Shifted(shift) if shift != Shift::NONE => {
                set_camera(&window_camera(shift));
                gl_use_material(&self.over);
                self.draw_here(pieces);
                set_default_camera();
                gl_use_material(&self.over);
            }
            _ => self.draw_here(pieces),
        }
    }

    fn draw_here(&self, pieces: &mut [Mesh]) {
        for piece in pieces {
            piece.texture = Some(self.texture.clone());
            draw_mesh(piece);
        }
    }

    /// Draws meshes that bring their own texture.
    pub(super) fn draw_textured(&self, pieces: &[Mesh]) {
        gl_use_material(&self.over);
        pieces.iter().for_each(draw_mesh);
        gl_use_default_material();
    }

    /// What is drawn from now on goes into the picture.
    pub(super) fn begin_picture(&mut self, background: Color) {
        let size = self.size();
        if self
            .picture
            .as_ref()
            .is_none_or(|(_, of_size)| *of_size != size)
        {
            self.picture = Some((render_target(size.0, size.1), size));
        }
        if let Some((target, _)) = &self.picture {
            let camera = Camera2D {
                render_target: Some(target.clone()),
                ..window_camera(Shift::NONE)
            };
            set_camera(&camera);
        }
        clear_background(gl_color(background));
        gl_use_material(&self.over);
    }

    /// What is drawn from now on goes to the window again.
    pub(super) fn end_picture(&self) {
        set_default_camera();
    }

    /// Copies the picture to the window.
    pub(super) fn draw_picture(&self, shift: Shift) {
        let Some((target, _)) = &self.picture else {
            return;
        };
        let (left, top) = shift.offset;
        let (width, height) = (screen_width() * shift.scale, screen_height() * shift.scale);
        // The first row of a picture is at the bottom of its texture.
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(u, v)| {
            vertex(
                vec2(left + u * width, top + v * height),
                [u, 1.0 - v],
                [u8::MAX; 4],
            )
        });
        // Pixel for pixel there is nothing to mix, which a software renderer does much faster.
        target.texture.set_filter(match shift == Shift::NONE {
            true => FilterMode::Nearest,
            false => FilterMode::Linear,
        });
        gl_use_material(&self.copy);
        draw_mesh(&Mesh {
            vertices: corners.to_vec(),
            indices: vec![0, 1, 2, 0, 2, 3],
            texture: Some(target.texture.clone()),
        });
        gl_use_material(&self.over);
    }
}

/// A camera under which logical pixels of the window are moved and scaled.
fn window_camera(shift: Shift) -> Camera2D {
    let (width, height) = (screen_width() / shift.scale, screen_height() / shift.scale);
    let (left, top) = (-shift.offset.0 / shift.scale, -shift.offset.1 / shift.scale);
    Camera2D::from_display_rect(Rect {
        x: left,
        y: top,
        w: width,
        h: height,
    })
}
