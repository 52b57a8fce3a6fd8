//! The window: macroquad and egui. Input becomes commands, shapes become pixels; panels show the world folded from
//! records.
//!
//! Reading order: `options.rs` (what it is told), `frame.rs` (what happens in a frame), `app.rs` (what commands do),
//! `command/table.rs` (which there are), `paint/` (how shapes become pixels). Absent here: engines, nodes and protocol. A run is a
//! [`crate::run::Session`] that a [`SessionFactory`] opened; everything on the screen comes from its records.

mod analysis_scheduler;
mod app;
mod command;
mod deferred_redraw;
mod desktop;
mod display;
mod egui_bridge;
mod frame;
mod frame_meter;
mod gesture;
mod input;
mod jobs;
mod options;
mod paint;
mod panels;
mod position_printer;
mod proposal_draft;
mod screenshot;
mod style;

pub use crate::run::{ScenarioChoice, ScenarioSource, StartAs};
pub use options::{
    FrameCost, FrameMode, MeasurePlan, PositionOutput, ScenarioEntry, SessionFactory, WindowError,
    WindowOptions,
};

pub use display::has_display;

use frame_meter::FrameMeter;
use std::sync::Arc;

/// Opens the window and shows runs until it is closed.
///
/// # Errors
/// If there is no display, or no window with OpenGL can be made on it. Nothing has happened then.
pub fn run(options: WindowOptions, sessions: Arc<dyn SessionFactory>) -> Result<(), WindowError> {
    display::open(options, sessions, None)
}

/// Opens the window, measures what frames cost in each of [`FrameMode::ALL`], hands the figures to `report` and ends
/// the program with exit code 0: the last mode leaves the window asleep, and nothing in it can end it but input.
/// Returns only if the window is closed before.
///
/// # Errors
/// As [`run`].
pub fn measure(
    options: WindowOptions,
    sessions: Arc<dyn SessionFactory>,
    plan: MeasurePlan,
    report: impl FnOnce(&[FrameCost]) + Send + 'static,
) -> Result<(), WindowError> {
    let meter = FrameMeter::new(plan, Box::new(report));
    display::open(options, sessions, Some(meter))
}
