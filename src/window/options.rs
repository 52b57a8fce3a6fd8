//! What the window is told, and what it asks of whoever composes the program: how to open a run.
//!
//! Absent here: anything that draws. Engines reach the window only as [`Session`]s made by a [`SessionFactory`].

use crate::node::view::FileInfo;
use crate::picture::theme::{PaletteName, ThemeName};
use crate::run::{ScenarioChoice, Session, StartAs};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A scenario that can be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioEntry {
    /// As on the command line; names it in [`ScenarioSource::Named`].
    pub name: String,
    /// For people.
    pub title: String,
    /// What to look for, a few sentences.
    pub description: String,
}

/// Opens runs. It is called from other threads too, so that the window never waits for it.
pub trait SessionFactory: Send + Sync {
    /// The built-in scenarios, in the order of the keys 1 to 9 and of the picker.
    fn scenarios(&self) -> Vec<ScenarioEntry>;

    /// Opens a run; may take seconds. Whoever wants a trace file wraps the session here and writes what
    /// [`Session::take_records`] hands out: the window takes records with every frame.
    ///
    /// # Errors
    /// One or two sentences for people: what is wrong and what to do.
    fn open(&self, choice: &ScenarioChoice) -> Result<Box<dyn Session + Send>, String>;

    /// What there is to say about a file on disk that shall be proposed for backup; reads all of it.
    ///
    /// # Errors
    /// A sentence for people: why it cannot be read.
    fn file_info(&self, path: &Path) -> Result<FileInfo, String>;
}

/// Whether positions of nodes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PositionOutput {
    /// They are not.
    #[default]
    Quiet,
    /// One JSON object a line on standard output, for all nodes whenever one of them has another place on the screen:
    /// `{"node":"n07","x":612.0,"y":388.5}`, in physical pixels of the window. A line `{"settled":20}` with the number
    /// of nodes ends each list.
    Print,
}

/// What the window is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowOptions {
    /// What to show first.
    pub first: ScenarioChoice,
    /// Width and height of the window in logical pixels.
    pub size_px: (u32, u32),
    /// Dark or light.
    pub theme: ThemeName,
    /// Colours of the phases.
    pub palette: PaletteName,
    /// Whether the first run starts by itself.
    pub start_as: StartAs,
    /// Whether positions of nodes are printed.
    pub positions: PositionOutput,
    /// Where screenshots go.
    pub screenshots: PathBuf,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is no display to open it on.
    #[error("there is no display: {0}")]
    NoDisplay(String),
    /// There is a display but no window could be made on it (no OpenGL, for example).
    #[error("the window could not be opened: {0}")]
    NotOpened(String),
}

/// What `bench frame` measures one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameMode {
    /// Time runs: messages fly, nodes change.
    Animating,
    /// Time stands still, the view moves with every frame.
    Panning,
    /// Time stands still and nobody touches anything.
    Idle,
}

impl FrameMode {
    /// All of them, in the order in which they are measured.
    pub const ALL: [FrameMode; 3] = [FrameMode::Animating, FrameMode::Panning, FrameMode::Idle];

    /// As in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FrameMode::Animating => "animating",
            FrameMode::Panning => "panning",
            FrameMode::Idle => "idle",
        }
    }
}

/// What one mode cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameCost {
    /// Which mode.
    pub mode: FrameMode,
    /// How long it was watched.
    pub wall: Duration,
    /// Processor time of the whole process meanwhile, the threads of a software renderer included.
    pub cpu: Duration,
    /// Time spent in our own part of the frames: from input until all is handed to macroquad, without
    /// waiting.
    pub app: Duration,
    /// Frames drawn meanwhile.
    pub frames: u32,
}

/// How `bench frame` measures.
#[derive(Clone, Copy, Debug)]
pub struct MeasurePlan {
    /// How long each mode is watched, after it has settled.
    pub per_mode: Duration,
    /// Processor time of this process so far.
    pub cpu_clock: fn() -> Duration,
}
