//! Desktop window on macroquad and egui: input becomes commands, shapes become pixels, panels show the world.
//!
//! | module | contents |
//! |---|---|
//! | `options`, `display` | configuration; opens the window |
//! | `frame`, `frame_meter` | the frame loop; its benchmark |
//! | `app` | application state: executes commands, panel requests and gestures |
//! | `command`, `input`, `gesture` | the command table; mouse and keyboard; clicks, drags, pans and zooms |
//! | `panels`, `style`, `egui_bridge` | panels; their style; egui in macroquad |
//! | `ui_scale` | the user's magnification of the window |
//! | `paint`, `deferred_redraw` | rendering; redraw of expensive layers after the camera has stopped |
//! | `jobs`, `analysis_scheduler`, `screenshot` | background jobs; quorum analysis; PNG and SVG |
//! | `proposal_draft`, `position_printer` | what a click proposes; positions for scripts |
//! | `desktop` | waking the event loop; drag and drop |
//!
//! The window uses no engine, no node and no protocol. A
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
mod ui_scale;

pub use crate::run::{ScenarioChoice, ScenarioSource, StartAs};
pub use options::{
    FrameCost, FrameMode, MeasurePlan, PositionOutput, ScenarioEntry, SessionFactory, WindowError,
    WindowOptions,
};

pub use display::check_display;
pub use ui_scale::UiScale;

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
/// Then the process exits with code 0, because the idle mode blocks the event loop until input arrives. The function
/// returns only if the window is closed earlier.
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
