//! Configuration of the window, and the [`SessionFactory`] through which it opens runs.

use super::ui_scale::UiScale;
use crate::node::view::FileInfo;
use crate::picture::theme::{PaletteName, ThemeName};
use crate::run::{ScenarioChoice, Session, StartAs};
use crate::scenario::ScenarioGroup;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Title of the window. Scripts find the window by it.
pub(super) const TITLE: &str = "Quorumscope";

/// A scenario of the picker.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioEntry {
    /// Name as on the command line; identifies the scenario in
    /// [`ScenarioSource::Named`](crate::run::ScenarioSource::Named).
    pub name: String,
    /// Title shown to the user.
    pub title: String,
    /// A few sentences on what to look for.
    pub description: String,
    /// Heading of the picker.
    pub group: ScenarioGroup,
    /// Positions of the nodes for a small picture, in units of the scenario.
    pub positions: Vec<(f64, f64)>,
}

/// Opens runs. The window calls it from background threads.
pub trait SessionFactory: Send + Sync {
    /// The built-in scenarios, in the order of the picker and of the keys 1 to 9.
    fn scenarios(&self) -> Vec<ScenarioEntry>;

    /// Opens a run; may take seconds. To write a trace, return a session that records what [`Session::take_records`]
    /// returns: the window calls it in every frame.
    ///
    /// # Errors
    /// A message for the user that states what is wrong and what to do.
    fn open(&self, choice: &ScenarioChoice) -> Result<Box<dyn Session + Send>, String>;

    /// Name, size and SHA-256 of a file that is to be proposed for backup. Reads the whole file.
    ///
    /// # Errors
    /// A message for the user that states why the file cannot be read.
    fn file_info(&self, path: &Path) -> Result<FileInfo, String>;
}

/// Whether the screen positions of nodes are printed, for scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PositionOutput {
    /// Nothing is printed.
    #[default]
    Quiet,
    /// Whenever a position changes, one JSON object per node and line on standard output, in physical pixels:
    /// `{"node":"n07","x":612.0,"y":388.5}`. A line `{"settled":20}` with the number of nodes ends each list.
    Print,
}

/// Configuration of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowOptions {
    /// The run to open first.
    pub first: ScenarioChoice,
    /// Width and height of the window in logical pixels.
    pub size_px: (u32, u32),
    /// Magnification of the whole window.
    pub ui_scale: UiScale,
    /// Dark or light theme.
    pub theme: ThemeName,
    /// Colours of the phases.
    pub palette: PaletteName,
    /// Playback state of the first run.
    pub start_as: StartAs,
    /// Whether node positions are printed.
    pub positions: PositionOutput,
    /// Folder for screenshots.
    pub screenshots: PathBuf,
}

/// Why the window could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is no display.
    #[error("there is no display: {0}")]
    NoDisplay(String),
    /// There is a display, but no window can be opened on it, for example without OpenGL.
    #[error("the window could not be opened: {0}")]
    NotOpened(String),
}

/// The situations that `bench frame` measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameMode {
    /// The run plays: messages move and nodes change.
    Animating,
    /// The run is paused, and the camera moves in every frame.
    Panning,
    /// The run is paused, and there is no input.
    Idle,
}

impl FrameMode {
    /// All modes in the order of measurement.
    pub const ALL: [FrameMode; 3] = [FrameMode::Animating, FrameMode::Panning, FrameMode::Idle];

    /// Name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FrameMode::Animating => "animating",
            FrameMode::Panning => "panning",
            FrameMode::Idle => "idle",
        }
    }
}

/// The cost of frames in one mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameCost {
    /// The mode measured.
    pub mode: FrameMode,
    /// Wall time of the measurement.
    pub wall: Duration,
    /// CPU time of the process, including the threads of a software renderer.
    pub cpu: Duration,
    /// Wall time spent in this program's code: from input until the frame is passed to macroquad.
    pub app: Duration,
    /// Number of frames drawn.
    pub frames: u32,
}

/// Configuration of `bench frame`.
#[derive(Clone, Copy, Debug)]
pub struct MeasurePlan {
    /// Measurement time per mode, after warm-up.
    pub per_mode: Duration,
    /// Reads the CPU time of this process.
    pub cpu_clock: fn() -> Duration,
}
