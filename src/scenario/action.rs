//! `Action`: everything that a person or a scenario file can do to a run.

use crate::net::Position;
use crate::node::{Content, ProposalRefusal, TrustPolicy};
use crate::scp::NodeId;
use serde::{Deserialize, Serialize};

/// One thing done to the network. Actions are stamped by the engine and recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Ask a node to propose.
    Propose {
        /// Which node.
        node: NodeId,
        /// What.
        content: Content,
    },
    /// A new node appears; it takes the next number, announces itself and is taken in.
    AddNode {
        /// Where it stands.
        position: Position,
    },
    /// The node announces that it leaves, then is gone.
    Leave {
        /// Which node.
        node: NodeId,
    },
    /// The node stops at once, keeping only what it had persisted.
    Crash {
        /// Which node.
        node: NodeId,
    },
    /// A crashed node starts again from what it had persisted.
    Restart {
        /// Which node.
        node: NodeId,
    },
    /// Nothing that the node sends gets out any more; it goes on listening.
    Silence {
        /// Which node.
        node: NodeId,
    },
    /// What the node sends gets out again.
    Unsilence {
        /// Which node.
        node: NodeId,
    },
    /// The node stands somewhere else from now on.
    Move {
        /// Which node.
        node: NodeId,
        /// Where.
        to: Position,
    },
    /// Somebody tells a node whom to trust; it counts from the node's next slot on.
    SetTrust {
        /// Which node.
        node: NodeId,
        /// The policy from now on.
        policy: TrustPolicy,
    },
    /// Messages pass only within a group. Nodes in no group form one of their own. Replaces an earlier cut.
    #[serde(rename = "cut")]
    Partition {
        /// The groups.
        groups: Vec<Vec<NodeId>>,
    },
    /// All cuts end.
    Heal,
}

/// Why an action was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionRefused {
    /// The network has no such node.
    #[error("there is no node number {}", .0.0)]
    NoSuchNode(NodeId),
    /// The node has left or crashed.
    #[error("{0} is not running")]
    NotRunning(String),
    /// Only a crashed node can be restarted.
    #[error("{0} has not crashed")]
    NotCrashed(String),
    /// The network is as large as this executor allows.
    #[error("the network already has {0} nodes, the most that this executor runs")]
    TooManyNodes(usize),
    /// The system gives the node nothing to run on.
    #[error("the node could not be started: {0}")]
    CannotStart(String),
    /// What was asked does not fit the application of this scenario.
    #[error("this scenario takes {expected}")]
    WrongContent {
        /// What can be proposed.
        expected: &'static str,
    },
    /// Positions mean nothing here.
    #[error("nodes do not move in this scenario: positions are only a matter of view")]
    NotPhysical,
    /// It is not for the one who watches to do this, or whoever was asked refused; the words say why.
    #[error("{0}")]
    NotFromHere(String),
    /// The node refused what it was asked to propose; the event log has the attempt.
    #[error("the node refused the proposal")]
    ProposalRefused {
        /// The node.
        node: NodeId,
        /// Its reason.
        why: ProposalRefusal,
    },
    /// A recorded run cannot be changed.
    #[error("a recorded run cannot be changed")]
    Recorded,
}
