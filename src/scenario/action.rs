//! `Action`: the commands that a person or a scenario can give to a run.

use crate::net::Position;
use crate::node::{Content, ProposalRefusal, TrustPolicy};
use crate::scp::NodeId;

/// A command to the network. The engine adds the time and records it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The node proposes a note, a file or a value.
    Propose {
        /// The node.
        node: NodeId,
        /// The proposed content.
        content: Content,
    },
    /// A new node joins: it gets the next number, announces itself and is discovered.
    AddNode {
        /// Its position in metres.
        position: Position,
    },
    /// The node announces that it leaves, and stops.
    Leave {
        /// The node.
        node: NodeId,
    },
    /// The node stops immediately and keeps only its persisted state.
    Crash {
        /// The node.
        node: NodeId,
    },
    /// A crashed node starts again from its persisted state.
    Restart {
        /// The node.
        node: NodeId,
    },
    /// All messages of the node are lost from now on; it still receives.
    Silence {
        /// The node.
        node: NodeId,
    },
    /// Messages of a silenced node are delivered again.
    Unsilence {
        /// The node.
        node: NodeId,
    },
    /// The node moves.
    Move {
        /// The node.
        node: NodeId,
        /// Its new position in metres.
        to: Position,
    },
    /// A node's trust policy changes, from its next slot on.
    SetTrust {
        /// The node.
        node: NodeId,
        /// The new policy.
        policy: TrustPolicy,
    },
    /// The network splits: messages pass only within a group. Nodes in no group form a group together. Replaces an
    /// earlier partition.
    Partition {
        /// The groups.
        groups: Vec<Vec<NodeId>>,
    },
    /// The partition ends.
    Heal,
}

/// Why an action was refused. The refused action has changed nothing.
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
    /// The network has as many nodes as the executor allows.
    #[error("the network already has {0} nodes, the most that this executor runs")]
    TooManyNodes(usize),
    /// The operating system starts no thread for the node.
    #[error("the node could not be started: {0}")]
    CannotStart(String),
    /// The content does not fit the application of the scenario.
    #[error("this scenario takes {expected}")]
    WrongContent {
        /// The kinds of content that this scenario accepts.
        expected: &'static str,
    },
    /// Positions have no physical meaning in this scenario.
    #[error("nodes do not move in this scenario: positions are only for drawing")]
    NotPhysical,
    /// A watched process refuses the action, or cannot carry it out from outside; the text gives the reason.
    #[error("{0}")]
    NotFromHere(String),
    /// The node refused the proposal; the event log contains the attempt.
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
