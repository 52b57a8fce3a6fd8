//! `StateMachine`: what the engine runs: a [`Node`], or in tests a random one that exercises the engine harder.

use crate::node::{Input, Node, NodeConfig, Output};
use crate::time::Time;
use std::sync::Arc;

/// A deterministic state machine: inputs in, outputs out.
pub(super) trait StateMachine: Send {
    /// As [`Node::step`].
    fn step(&mut self, now: Time, input: Input) -> Vec<Output>;
}

/// Creates state machines, on the thread on which they will live.
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
