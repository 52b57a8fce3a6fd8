//! `ScenarioChoice`: which run to open, with its seed and number of nodes; `StartAs`: how the run starts.

use crate::time::Time;

/// Where a run comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScenarioSource {
    /// The file, network or scenario of the command line.
    Given,
    /// The built-in scenario of this name.
    Named(String),
}

/// Which run to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioChoice {
    /// Where the run comes from.
    pub source: ScenarioSource,
    /// Seed of all randomness.
    pub seed: u64,
    /// Number of nodes, for scenarios that leave it open; `None` takes the scenario's own number.
    pub nodes: Option<usize>,
}

/// How a run starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAs {
    /// Starts playing.
    #[default]
    Playing,
    /// The run waits at its first instant.
    Paused,
    /// The run advances to this instant without being shown, then waits.
    PausedAt(Time),
}
