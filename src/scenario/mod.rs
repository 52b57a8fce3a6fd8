//! Scenarios: nodes, medium, settings and scheduled events; and [`Action`], the commands to a run.
//!
//! A [`Scenario`] is complete and validated: names are resolved and nodes are placed. An engine needs nothing else.
//!
//! | module | contents |
//! |---|---|
//! | `read`, `format`, `error` | reads a scenario file; its serde types; errors with line and column |
//! | `byte_order_mark` | removes a byte order mark |
//! | `settings`, `events`, `quorum_sets`, `names` | the parts of a scenario file |
//! | `population`, `placement`, `layout` | listed or random nodes; random placement; graph layout |
//! | `stellarbeat`, `network_format` | import of real networks; its serde types |
//! | `action`, `added_node` | actions on a run; the configuration of a node that joins |
//! | `built_in`, `remark` | the built-in scenarios; remarks about a scenario |

mod action;
mod added_node;
mod built_in;
mod byte_order_mark;
mod error;
mod events;
mod format;
mod layout;
mod names;
mod network_format;
mod placement;
mod population;
mod quorum_sets;
mod read;
#[cfg(test)]
mod read_tests;
mod remark;
mod settings;
mod stellarbeat;
#[cfg(test)]
mod stellarbeat_tests;

pub use action::{Action, ActionRefused, ProcessAction};
pub use added_node::added_node;
pub use built_in::{BUILT_IN, BuiltIn, ScenarioGroup, ScenarioInfo, unknown_scenario};
pub use byte_order_mark::{BYTE_ORDER_MARK, without_byte_order_mark};
pub use error::{InputError, NODES_MAX};
pub use layout::circle;
pub use read::read_scenario;
pub use remark::Remark;
pub use stellarbeat::{NetworkFiles, read_network};

use crate::net::{MediumSpec, Position};
use crate::node::{NodeConfig, NodeSettings};
use crate::scp::{NodeId, QuorumSet};
use crate::time::Time;
use std::sync::Arc;

/// A node of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Its configuration.
    pub config: Arc<NodeConfig>,
    /// Position in metres: physical with radio, otherwise only for drawing.
    pub position: Position,
    /// The organisation that operates it, if known.
    pub organization: Option<Arc<str>>,
}

/// Meaning of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Radio: positions decide which nodes reach each other, and moving a node is an action.
    Physical,
    /// Every node reaches every other; positions are only for drawing.
    View,
}

/// A complete scenario: everything that determines a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Name on the command line.
    pub name: String,
    /// Short title.
    pub title: String,
    /// What the scenario shows, in a few sentences.
    pub description: String,
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// The nodes; the one at index i has `NodeId(i)`.
    pub nodes: Vec<NodeSpec>,
    /// Width and height of the area, in metres.
    pub area_m: (f64, f64),
    /// Meaning of positions.
    pub placement: Placement,
    /// The medium.
    pub medium: MediumSpec,
    /// Settings of all nodes, including nodes that are added later.
    pub settings: Arc<NodeSettings>,
    /// Scheduled events, ascending by time.
    pub events: Vec<(Time, Action)>,
    /// Remarks about its construction, for example that no placement with quorum intersection was found.
    pub remarks: Vec<Remark>,
}

/// Options of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioOptions {
    /// Seed of all random streams of the run.
    pub seed: u64,
    /// Number of nodes of a randomly placed scenario; `None` takes the number in the file.
    pub nodes: Option<usize>,
}

/// The usable quorum sets of a network, by node number.
pub type QuorumSets = [Option<Arc<QuorumSet>>];

/// Quorum analysis, injected because this module may not depend on it.
///
/// The answers determine the scenario, so they must not depend on the speed of the machine: limits count steps, not
/// seconds.
pub struct QuorumAnalyzer<'a> {
    /// Whether quorums exist and any two of them intersect. An unknown answer counts as no.
    pub intersecting: &'a dyn Fn(&QuorumSets) -> bool,
    /// Two disjoint quorums, if any exist.
    pub disjoint_quorums: &'a dyn Fn(&QuorumSets) -> Option<[Vec<NodeId>; 2]>,
    /// The top tier: nodes on which all others depend. They are drawn in the middle.
    pub top_tier: &'a dyn Fn(&QuorumSets) -> Vec<NodeId>,
}
