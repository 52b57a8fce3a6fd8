//! `Action`: the commands that a user or a scenario can give to a run.

use crate::net::Position;
use crate::node::{Application, Content, ProposalRefusal, TrustPolicy};
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

/// Why an action was refused. Nothing has changed, except that the records contain a refused proposal. The sentences are
/// in `text::refusal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionRefused {
    /// The network has no such node.
    NoSuchNode(NodeId),
    /// The node of this name has left or crashed.
    NotRunning(String),
    /// Only a crashed node can be restarted, and the node of this name has not crashed.
    NotCrashed(String),
    /// The network has as many nodes as the executor allows.
    TooManyNodes(usize),
    /// The operating system starts no thread for the node; contains its error.
    CannotStart(String),
    /// The content does not fit the application of the scenario.
    WrongContent {
        /// The application.
        application: Application,
    },
    /// Positions have no physical meaning in this scenario.
    NotPhysical,
    /// The window cannot do this to a process.
    NotControllable(ProcessAction),
    /// The node is only referenced by others, so the address of its process is unknown.
    AddressUnknown(NodeId),
    /// A process backs up real files, and the proposed file does not exist on this machine.
    NeedsRealFile,
    /// The operating system starts no thread for the request; contains its error.
    NoThread(String),
    /// The process refused the request, or did not answer; contains the reason.
    ByProcess(String),
    /// The node refused the proposal; the event log contains the attempt.
    ProposalRefused {
        /// The node.
        node: NodeId,
        /// Its reason.
        why: ProposalRefusal,
    },
    /// A recorded run cannot be changed.
    Recorded,
}

/// Actions that a window cannot perform on a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessAction {
    /// Start a process for a new node.
    Start,
    /// Stop the process.
    Stop,
    /// Kill the process.
    Crash,
    /// Restart the process.
    Restart,
    /// Block the messages of the process, or stop blocking them.
    Silence,
    /// Change the trust policy of the process.
    SetTrust,
    /// Partition the network of the processes, or end the partition.
    Partition,
}
