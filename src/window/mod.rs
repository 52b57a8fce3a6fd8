//! The window: macroquad and egui. Input becomes commands, shapes become pixels; panels show the world folded from
//! records.
//!
//! Absent here: engines, nodes and protocol. A run is a [`crate::session::Session`] that a [`SessionFactory`] opened;
//! everything on the screen comes from its records.

mod command;
mod gesture;
mod input;
mod options;
mod pace;
mod paint;

pub use options::{
    FrameCost, FrameMode, MeasurePlan, Positions, ScenarioChoice, ScenarioEntry, SessionFactory,
    Source, StartAs, WindowError, WindowOptions,
};
