//! The picture as data: world and view state in, layers of shapes out, and from those SVG and PNG.
//!
//! Absent here: macroquad and egui; pictures exist without a window.

pub mod broadcast_rings;
pub mod camera;
pub mod canvas;
pub mod color;
pub mod edges;
pub mod geometry;
pub mod hit_test;
pub mod hulls;
pub mod icons;
pub mod labels;
pub mod messages;
pub mod nodes;
pub mod overlay;
pub mod png;
pub mod reach;
pub mod scene;
pub mod svg;
pub mod text_layout;
pub mod theme;
pub mod timeline;
pub mod value_chips;
pub mod view_state;
pub mod words;
