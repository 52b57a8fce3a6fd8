//! Scene rendering: turns the world and a view state into layers of vector shapes, and these into SVG and PNG.
//!
//! `scene` is the context that every layer reads; `layers` draws all layers. This module uses neither macroquad nor
//! egui, so a picture needs no window.
//!
//! | module | contents |
//! |---|---|
//! | `scene`, `view_state`, `theme` | the context of every layer; what the user chose to see; colours and sizes |
//! | `layers` | the shapes and versions of all layers |
//! | `nodes`, `labels`, `value_chips`, `icons` | nodes; their names and values |
//! | `edges`, `reach`, `hulls` | trust; radio links; sets of nodes |
//! | `messages`, `broadcast_rings` | transmissions and broadcasts in flight |
//! | `overlay`, `timeline` | statistics, results, legend and caption; lanes over time |
//! | `camera`, `geometry`, `hit_test` | transformation; positions on the screen; the node below the pointer |
//! | `canvas`, `color`, `text_layout` | shapes; colours; width and wrapping of texts |
//! | `svg`, `png` | export |

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
