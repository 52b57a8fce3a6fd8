//! The picture as data: world and view state in, layers of shapes out, and from those SVG and PNG.
//!
//! Absent here: macroquad and egui; pictures exist without a window.

pub mod camera;
pub mod canvas;
pub mod geometry;
pub mod hit;
pub mod overlay;
pub mod png;
pub mod svg;
pub mod text;
pub mod theme;
pub mod view_state;
