//! Scene rendering: turns the world and a view state into layers of vector shapes, and these into SVG and PNG.
//!
//! `scene` is the context that every layer reads; `layers` draws all layers. This module uses neither macroquad nor
//! egui, so a picture needs no window.

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
pub mod layers;
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
