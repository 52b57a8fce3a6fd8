//! Off-screen framebuffers and blits between them and the window.
//!
//! Only this file calls OpenGL directly, for three operations that macroquad does not offer:
//!
//! - It stores framebuffers as BGRA with the top row first, the pixel format of the window. A software renderer copies
//!   such a framebuffer row by row, ten times as fast as it draws a textured rectangle.
//! - It copies parts of framebuffers by blits.
//! - It prevents macroquad from clearing the window before the window is overwritten as a whole.
#![allow(unsafe_code)]

use macroquad::camera::Camera2D;
use macroquad::math::{Rect, vec2};
use macroquad::miniquad::{Backend, RawId, gl};
use macroquad::texture::{FilterMode, RenderTarget, Texture2D, render_target};
use macroquad::window::get_internal_gl;

/// OpenGL's `GL_BGRA`, which miniquad does not define.
const GL_BGRA: u32 = 0x80E1;

/// OpenGL's `GL_SAMPLES`: samples per pixel of the bound framebuffer.
const GL_SAMPLES: u32 = 0x80A9;

/// The method by which framebuffers are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CopyMethod {
    /// By `glBlitFramebuffer`.
    Blit,
    /// As textured quads, because OpenGL ES 2 has no blit, and blits to a multisampled window are not allowed.
    DrawQuad,
}

impl CopyMethod {
    /// The method that the OpenGL context of the window supports.
    pub(super) fn detect() -> CopyMethod {
        // SAFETY: macroquad's context is alive and current while a window is open, and nothing else refers to it in
        // this call. The number is written to this stack.
        let samples = unsafe {
            let info = get_internal_gl().quad_context.info();
            // glBlitFramebuffer exists since OpenGL 3.0.
            let version = &info.gl_version_string;
            let is_old = version.starts_with(['1', '2']) || version.contains("OpenGL ES");
            if info.backend != Backend::OpenGl || is_old {
                return CopyMethod::DrawQuad;
            }
            let mut samples = 0;
            gl::glGetIntegerv(GL_SAMPLES, &raw mut samples);
            samples
        };
        match samples {
            0 => CopyMethod::Blit,
            _ => CopyMethod::DrawQuad,
        }
    }
}

/// A rectangle in physical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PixelRect {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) right: u32,
    pub(super) bottom: u32,
}

/// An off-screen framebuffer with the top row first.
pub(super) struct Framebuffer {
    target: RenderTarget,
    size: (u32, u32),
    /// OpenGL name for blits; `None` with `CopyMethod::DrawQuad`.
    framebuffer: Option<u32>,
}

impl Framebuffer {
    /// A framebuffer of this size in physical pixels, with undefined contents.
    pub(super) fn new(size: (u32, u32), method: CopyMethod) -> Framebuffer {
        let target = render_target(size.0, size.1);
        let framebuffer = match method {
            CopyMethod::Blit => Some(allocate_bgra(&target.texture, size)),
            CopyMethod::DrawQuad => None,
        };
        Framebuffer {
            target,
            size,
            framebuffer,
        }
    }

    /// Width and height in physical pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        self.size
    }

    /// The contents as a texture.
    pub(super) fn texture(&self, filter: FilterMode) -> Texture2D {
        self.target.texture.set_filter(filter);
        self.target.texture.clone()
    }

    /// The camera that maps logical pixels of a window of this size to the framebuffer.
    pub(super) fn camera(&self, (width, height): (f32, f32)) -> Camera2D {
        let camera = Camera2D::from_display_rect(Rect {
            x: 0.0,
            y: 0.0,
            w: width,
            h: height,
        });
        Camera2D {
            // macroquad flips render targets vertically.
            zoom: vec2(camera.zoom.x, -camera.zoom.y),
            render_target: Some(self.target.clone()),
            ..camera
        }
    }

    /// Copies rectangles to the same position of another framebuffer. All earlier draw calls must have been submitted.
    pub(super) fn copy_to(&self, other: &Framebuffer, parts: &[PixelRect]) {
        for part in parts {
            self.copy_rect(
                other,
                [part.left, part.top, part.right, part.bottom].map(|at| at as i32),
                (0, 0),
            );
        }
    }

    /// Copies everything to a framebuffer of the same size, translated by this many pixels and clipped.
    pub(super) fn copy_translated(&self, other: &Framebuffer, (right, down): (i32, i32)) {
        let (width, height) = (self.size.0 as i32, self.size.1 as i32);
        let (left, top) = ((-right).max(0), (-down).max(0));
        let rect = [
            left,
            top,
            (width - right).min(width),
            (height - down).min(height),
        ];
        if rect[0] < rect[2] && rect[1] < rect[3] {
            self.copy_rect(other, rect, (right, down));
        }
    }

    fn copy_rect(&self, other: &Framebuffer, from: [i32; 4], (right, down): (i32, i32)) {
        let Some(framebuffer) = other.framebuffer else {
            return;
        };
        // SAFETY: as in `blit`.
        unsafe { gl::glBindFramebuffer(gl::GL_DRAW_FRAMEBUFFER, framebuffer) };
        let to = [
            from[0] + right,
            from[1] + down,
            from[2] + right,
            from[3] + down,
        ];
        self.blit(from, to);
    }

    /// Copies everything to the window. All earlier draw calls must have been submitted.
    pub(super) fn present(&self) {
        let (width, height) = (self.size.0 as i32, self.size.1 as i32);
        // OpenGL counts the rows of a window from the bottom.
        self.blit([0, 0, width, height], [0, height, width, 0]);
        // SAFETY: the context is current and these functions take plain numbers. macroquad clears the window before
        // each frame; it sets both scissor states again before it draws.
        unsafe {
            gl::glEnable(gl::GL_SCISSOR_TEST);
            gl::glScissor(0, 0, 0, 0);
        }
    }

    /// Copies to the framebuffer bound for drawing, and binds the framebuffer of the window again.
    fn blit(&self, from: [i32; 4], to: [i32; 4]) {
        let Some(framebuffer) = self.framebuffer else {
            return;
        };
        // SAFETY: frames are only drawn while the context of the window is current, on the thread it belongs to; the
        // functions were loaded when it was made and take plain numbers. macroquad expects the scissor test off and
        // the window bound between passes.
        unsafe {
            gl::glDisable(gl::GL_SCISSOR_TEST);
            gl::glBindFramebuffer(gl::GL_READ_FRAMEBUFFER, framebuffer);
            gl::glBlitFramebuffer(
                from[0],
                from[1],
                from[2],
                from[3],
                to[0],
                to[1],
                to[2],
                to[3],
                gl::GL_COLOR_BUFFER_BIT,
                gl::GL_NEAREST,
            );
            gl::glBindFramebuffer(gl::GL_FRAMEBUFFER, DEFAULT_FRAMEBUFFER);
        }
    }
}

/// Clips further drawing to a rectangle of a framebuffer with this many rows, or removes the clip.
pub(super) fn set_scissor(part: Option<(PixelRect, u32)>) {
    let clip = part.map(|(part, rows)| {
        // macroquad counts rows from the bottom.
        let top = (rows - part.bottom) as i32;
        let (width, height) = (part.right - part.left, part.bottom - part.top);
        (part.left as i32, top, width as i32, height as i32)
    });
    // SAFETY: the context of macroquad is alive while frames are drawn, and nothing else refers to it in this call.
    unsafe { get_internal_gl() }.quad_gl.scissor(clip);
}

/// OpenGL name of the window's framebuffer.
const DEFAULT_FRAMEBUFFER: u32 = 0;

impl Drop for Framebuffer {
    fn drop(&mut self) {
        if let Some(framebuffer) = self.framebuffer {
            // SAFETY: reads one number that lives on this stack; see `blit` for the rest. Deleting a framebuffer
            // without a context does nothing.
            unsafe { gl::glDeleteFramebuffers(1, &raw const framebuffer) };
        }
    }
}

/// Allocates a texture in the pixel format of the window and returns a framebuffer for blits. If OpenGL does not
/// support the format, the texture keeps its own and blits are slower.
fn allocate_bgra(texture: &Texture2D, (width, height): (u32, u32)) -> u32 {
    let mut framebuffer = 0;
    // SAFETY: the context is current (see `blit`). The texture is alive and has these dimensions; the null pointer makes
    // OpenGL allocate without reading; the name of the new framebuffer is written to this stack. Afterwards macroquad forgets
    // which textures it had bound, and the window's framebuffer is bound, as it expects.
    unsafe {
        let context = get_internal_gl().quad_context;
        #[allow(
            irrefutable_let_patterns,
            reason = "elsewhere than on macOS there is only this one"
        )]
        let RawId::OpenGl(name) = context.texture_raw_id(texture.raw_miniquad_id()) else {
            return framebuffer;
        };
        gl::glBindTexture(gl::GL_TEXTURE_2D, name);
        gl::glTexImage2D(
            gl::GL_TEXTURE_2D,
            0,
            gl::GL_RGBA as i32,
            width as i32,
            height as i32,
            0,
            GL_BGRA,
            gl::GL_UNSIGNED_BYTE,
            std::ptr::null(),
        );
        gl::glBindTexture(gl::GL_TEXTURE_2D, 0);
        context.commit_frame();
        gl::glGenFramebuffers(1, &raw mut framebuffer);
        gl::glBindFramebuffer(gl::GL_FRAMEBUFFER, framebuffer);
        gl::glFramebufferTexture2D(
            gl::GL_FRAMEBUFFER,
            gl::GL_COLOR_ATTACHMENT0,
            gl::GL_TEXTURE_2D,
            name,
            0,
        );
        gl::glBindFramebuffer(gl::GL_FRAMEBUFFER, DEFAULT_FRAMEBUFFER);
    }
    framebuffer
}
