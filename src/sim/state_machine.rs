//! `StateMachine`: what a host runs. A [`Node`], or in tests something smaller that tries the engine harder.

use crate::node::{Input, Node, NodeConfig, Output};
use crate::time::Time;
use std::sync::Arc;

/// Something that steps.
pub(super) trait StateMachine: Send {
    /// As [`Node::step`].
    fn step(&mut self, now: Time, input: Input) -> Vec<Output>;
}

/// Makes participants. It is called where the participant will live.
pub(super) type NodeFactory = fn(&Arc<NodeConfig>) -> Box<dyn StateMachine>;

/// The participants of every run outside tests.
pub(super) fn node(config: &Arc<NodeConfig>) -> Box<dyn StateMachine> {
    Box::new(Node::new(Arc::clone(config)))
}

impl StateMachine for Node {
    fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        Node::step(self, now, input)
    }
}
