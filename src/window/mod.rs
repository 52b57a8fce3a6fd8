//! Desktop window on macroquad and egui: input becomes commands, shapes become pixels, panels show the world.
//!
//! Reading order: `options.rs` (configuration), `frame.rs` (the frame loop), `app.rs` (application state),
//! `command/table.rs` (the command table), `paint/` (rendering). The window uses no engine, no node and no protocol. A
//! run is a [`crate::run::Session`] that a [`SessionFactory`] opens; everything on the screen is derived from its
//! records.

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

/// Opens the window and returns when it is closed.
///
/// # Errors
/// If there is no display, or if the display offers no OpenGL. In this case no window was opened.
pub fn run(options: WindowOptions, sessions: Arc<dyn SessionFactory>) -> Result<(), WindowError> {
    display::open(options, sessions, None)
}

/// Opens the window, measures the cost of frames in each of [`FrameMode::ALL`] and passes the results to `report`.
///
/// Then the process exits with code 0, because the last mode leaves the event loop blocked and only input could unblock
/// it. The function returns only if the window is closed earlier.
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
