//! `StateMachine`: the interface of the nodes that the engine runs. Tests replace [`Node`] with random state machines.

use crate::node::{Input, Node, NodeConfig, Output};
use crate::time::Time;
use std::sync::Arc;

/// A deterministic state machine: inputs in, outputs out.
pub(super) trait StateMachine: Send {
    /// As [`Node::step`].
    fn step(&mut self, now: Time, input: Input) -> Vec<Output>;
}

/// Creates state machines, on the thread on which they run.
pub(super) type NodeFactory = fn(&Arc<NodeConfig>) -> Box<dyn StateMachine>;

/// The factory of every run outside tests.
pub(super) fn node(config: &Arc<NodeConfig>) -> Box<dyn StateMachine> {
    Box::new(Node::new(Arc::clone(config)))
}

impl StateMachine for Node {
    fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        Node::step(self, now, input)
    }
}
