//! The picture as data: world and view state in, layers of shapes out, and from those SVG and PNG.
//!
//! Absent here: macroquad and egui; pictures exist without a window.

pub mod camera;
pub mod canvas;
pub mod color;
pub mod edges;
pub mod geometry;
pub mod glyphs;
pub mod hit;
pub mod labels;
pub mod messages;
pub mod node_shapes;
pub mod overlay;
pub mod png;
pub mod reach;
pub mod rings;
pub mod scene;
pub mod sets;
pub mod svg;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod values;
pub mod view_state;
pub mod words;
