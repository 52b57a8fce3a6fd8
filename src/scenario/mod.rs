//! What is to be run: nodes, medium, settings and what happens to them, plus the one vocabulary of actions.
//!
//! Absent here: running anything. A [`Scenario`] is complete: placed, named, validated; an engine needs no more
//! than it and a seed.

mod action;
mod added_node;
mod built_in;
mod error;
mod events;
mod format;
mod layout;
mod names;
mod network;
mod network_format;
#[cfg(test)]
mod network_tests;
mod placement;
mod population;
mod quorum_sets;
mod read;
#[cfg(test)]
mod read_tests;
mod settings;

pub use action::{Action, ActionRefused};
pub use added_node::added_node;
pub use built_in::{BUILT_IN, BuiltIn, ScenarioInfo, unknown_scenario};
pub use error::{InputError, NODES_MAX};
pub use layout::circle;
pub use network::{NetworkFiles, read_network};
pub use read::read_scenario;

use crate::net::{MediumSpec, Position};
use crate::node::{NodeConfig, NodeSettings};
use crate::scp::{NodeId, QuorumSet};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A node of a scenario before the run starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// What the node is told.
    pub config: Arc<NodeConfig>,
    /// Where it stands: physical with radio, otherwise only where it is drawn.
    pub position: Position,
    /// To which organisation it belongs, if that is known.
    pub organization: Option<Arc<str>>,
}

/// What a position means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Radio: positions decide who hears whom; dragging a node is an action.
    Physical,
    /// Everybody reaches everybody; positions belong to the view.
    View,
}

/// A complete scenario: everything that determines a run except the seed of its random streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// As on the command line.
    pub name: String,
    /// For people.
    pub title: String,
    /// What to look for, a few sentences; shown in the window.
    pub description: String,
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// The nodes; number i has `NodeId(i)`.
    pub nodes: Vec<NodeSpec>,
    /// Width and height in metres of the area in which the nodes stand.
    pub area_m: (f64, f64),
    /// What positions mean.
    pub placement: Placement,
    /// The medium.
    pub medium: MediumSpec,
    /// Settings of nodes; also for nodes that are added later.
    pub settings: Arc<NodeSettings>,
    /// What happens by itself, ascending by time.
    pub events: Vec<(Time, Action)>,
    /// Remarks for people about how it came about (for example that no placement with intersection was found).
    pub remarks: Vec<String>,
}

/// What the caller asks of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioOptions {
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// How many nodes, where the scenario places them at random; `None` = as many as it says.
    pub nodes: Option<usize>,
}

/// The usable quorum sets of a network: node i has the i-th.
pub type QuorumSets = [Option<Arc<QuorumSet>>];

/// Questions about quorum configurations that reading a scenario raises and others answer.
///
/// The answers determine the scenario, so they must not depend on how fast the machine is: whoever gives up on a hard
/// question has to count steps, not seconds.
pub struct QuorumAnalyzer<'a> {
    /// Whether there are quorums and any two of them intersect. "Unknown" is no.
    pub intersecting: &'a dyn Fn(&QuorumSets) -> bool,
    /// Two quorums without a common node, if there are such.
    pub disjoint_quorums: &'a dyn Fn(&QuorumSets) -> Option<[Vec<NodeId>; 2]>,
    /// The nodes that everything depends on: what is drawn in the middle.
    pub top_tier: &'a dyn Fn(&QuorumSets) -> Vec<NodeId>,
}
