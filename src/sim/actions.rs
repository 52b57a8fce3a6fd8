//! Checks whether an action is possible, before it changes anything.
//!
//! An action happens between two steps: after everything up to its instant and before anything later. Its effects at
//! that instant follow immediately. The same actions at the same times therefore give the same records, whether a
//! user or the scenario performs them.

use super::executor::ExecutorKind;
use super::node_table::{Lifecycle, NodeTable};
use crate::node::{Application, Content, Input, NodeConfig, NodeEvent, Output};
use crate::rng::Streams;
use crate::scenario::{Action, ActionRefused, Placement, Scenario, added_node};
use crate::scp::NodeId;
use crate::trace::Record;
use std::sync::Arc;

/// The state that decides whether an action is possible.
pub(super) struct Possible<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) nodes: &'a NodeTable,
    pub(super) executor: ExecutorKind,
}

impl Possible<'_> {
    /// Whether `action` is possible now.
    pub(super) fn check(&self, action: &Action) -> Result<(), ActionRefused> {
        match action {
            Action::Propose { node, content } => {
                self.check_running(*node)?;
                self.check_content(content)
            }
            Action::AddNode { .. } => match self.nodes.len() {
                nodes if nodes >= self.executor.nodes_max() => {
                    Err(ActionRefused::TooManyNodes(nodes))
                }
                _ => Ok(()),
            },
            Action::Leave { node }
            | Action::Crash { node }
            | Action::Silence { node }
            | Action::Unsilence { node }
            | Action::SetTrust { node, .. } => self.check_running(*node),
            Action::Restart { node } => match self.find(*node)? {
                (_, Lifecycle::Crashed) => Ok(()),
                (name, _) => Err(ActionRefused::NotCrashed(name)),
            },
            Action::Move { node, .. } => match self.scenario.placement {
                Placement::Physical => self.find(*node).map(drop),
                Placement::View => Err(ActionRefused::NotPhysical),
            },
            Action::Partition { groups } => {
                let mut members = groups.iter().flatten();
                members.try_for_each(|node| self.find(*node).map(drop))
            }
            Action::Heal => Ok(()),
        }
    }

    /// The node that the executor must start for `action`, with its configuration.
    pub(super) fn started_node(
        &self,
        action: &Action,
        streams: Streams,
    ) -> Option<(NodeId, Arc<NodeConfig>)> {
        match action {
            Action::AddNode { .. } => {
                let id = NodeId(self.nodes.len() as u32);
                let config = added_node(self.scenario, streams, id, self.nodes.names());
                Some((id, Arc::new(config)))
            }
            Action::Restart { node } => {
                let config = self.nodes.config(*node)?;
                Some((*node, Arc::clone(config)))
            }
            _ => None,
        }
    }

    fn find(&self, node: NodeId) -> Result<(String, Lifecycle), ActionRefused> {
        let found = self.nodes.config(node).zip(self.nodes.lifecycle(node));
        let (config, lifecycle) = found.ok_or(ActionRefused::NoSuchNode(node))?;
        Ok((config.peer.name.to_string(), lifecycle))
    }

    fn check_running(&self, node: NodeId) -> Result<(), ActionRefused> {
        match self.find(node)? {
            (_, Lifecycle::Running) => Ok(()),
            (name, _) => Err(ActionRefused::NotRunning(name)),
        }
    }

    fn check_content(&self, content: &Content) -> Result<(), ActionRefused> {
        let application = self.scenario.settings.application;
        match (application, content) {
            (Application::Log, Content::Note(_) | Content::File(_))
            | (Application::Choice, Content::Choice(_)) => Ok(()),
            _ => Err(ActionRefused::WrongContent { application }),
        }
    }
}

/// Whether an action gives work to nodes. The other actions change only the network and the processes.
pub(super) fn targets_nodes(action: &Action) -> bool {
    matches!(
        action,
        Action::Propose { .. }
            | Action::AddNode { .. }
            | Action::Leave { .. }
            | Action::SetTrust { .. }
    )
}

/// Why a node refused the proposal of an action, according to the records of the action.
pub(super) fn refusal(records: &[Record]) -> Option<ActionRefused> {
    records.iter().find_map(|record| match record {
        Record::Stepped {
            node,
            input: Input::Propose(_),
            outputs,
            ..
        } => outputs.iter().find_map(|output| match output {
            Output::Event(NodeEvent::ProposalRefused { why, .. }) => {
                let (node, why) = (*node, *why);
                Some(ActionRefused::ProposalRefused { node, why })
            }
            _ => None,
        }),
        _ => None,
    })
}
