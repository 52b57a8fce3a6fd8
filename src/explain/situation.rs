//! `Situation`: a run at one instant, prepared for explanations.

use super::availability::{Availability, AvailabilityCheck};
use super::connectivity::Connectivity;
use super::local_view::{KnownStatement, LocalView, PossibleSender};
use crate::node::view::TrustPolicy;
use crate::scp::{NodeId, NodeSet, QuorumSet, SlotIndex, Statement, Value};
use crate::trace::{CausalLog, NodeStatus, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A run at one instant.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    pub(super) world: &'a World,
    pub(super) log: &'a CausalLog,
    check: AvailabilityCheck,
    served: NodeSet,
}

impl<'a> Situation<'a> {
    /// The situation of `world`. `log` is folded from the same records.
    #[must_use]
    pub fn new(world: &'a World, log: &'a CausalLog) -> Situation<'a> {
        let check = AvailabilityCheck::new(world);
        let served = check.served();
        Situation {
            world,
            log,
            check,
            served,
        }
    }

    /// The availability for all running nodes that can decide.
    #[must_use]
    pub fn availability(&self) -> Availability {
        self.check.for_all()
    }

    /// The availability for one node.
    #[must_use]
    pub fn availability_for(&self, node: NodeId) -> Availability {
        self.check.for_node(node)
    }

    /// Which nodes reach each other.
    #[must_use]
    pub fn connectivity(&self) -> &Connectivity {
        self.check.connectivity()
    }

    /// Whether the nodes that run and reach each other contain a quorum for `node`.
    #[must_use]
    pub fn has_quorum(&self, node: NodeId) -> bool {
        self.served.contains(node)
    }

    /// What `node` knows about `slot`. `None` if it takes no part in the slot or has no quorum set.
    #[must_use]
    pub fn local_view(&self, slot: SlotIndex, node: NodeId) -> Option<LocalView> {
        let state = self.world.node(node)?.view.slots.get(&slot)?;
        let quorum_set = self.quorum_set(slot, node)?;
        let mut view = LocalView {
            node,
            state: Arc::clone(state),
            senders: self.senders(slot, node, &quorum_set),
            quorum_set,
            nominations: BTreeMap::new(),
            ballots: BTreeMap::new(),
        };
        let received = self.log.node(slot, node).into_iter();
        for received in received.flat_map(|log| log.latest_received()) {
            let statement = received.envelope.statement.clone();
            let statements = match statement {
                Statement::Nominate { .. } => &mut view.nominations,
                _ => &mut view.ballots,
            };
            let known = KnownStatement {
                statement,
                quorum_set: Arc::clone(&received.quorum_set),
            };
            statements.insert(received.envelope.from, known);
        }
        Some(view)
    }

    /// The quorum set of a node in a slot: the one that its statements name, or its newest.
    fn quorum_set(&self, slot: SlotIndex, node: NodeId) -> Option<Arc<QuorumSet>> {
        let sent = self.log.node(slot, node).and_then(|log| log.sent().last());
        if let Some(sent) = sent {
            return Some(Arc::clone(&sent.quorum_set));
        }
        let known = self.world.node(node)?;
        match (&known.view.quorum_set, &known.config.trust) {
            _ if known.is_referenced() => None,
            (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => Some(Arc::clone(set)),
            (None, _) => None,
        }
    }

    /// All nodes on which `node` depends, directly or indirectly.
    fn senders(
        &self,
        slot: SlotIndex,
        node: NodeId,
        set: &Arc<QuorumSet>,
    ) -> BTreeMap<NodeId, PossibleSender> {
        let mut senders = BTreeMap::new();
        let mut open = vec![Arc::clone(set)];
        while let Some(set) = open.pop() {
            for named in set.nodes().iter() {
                if named == node || senders.contains_key(&named) {
                    continue;
                }
                let quorum_set = self.quorum_set(slot, named);
                open.extend(quorum_set.clone());
                let sender = PossibleSender {
                    quorum_set,
                    decided: self.decision(slot, named),
                };
                senders.insert(named, sender);
            }
        }
        senders
    }

    /// The decision of `node` in `slot`, if it has one.
    pub(super) fn decision(&self, slot: SlotIndex, node: NodeId) -> Option<Value> {
        let summary = self.world.slots().get(&slot)?;
        summary.decided.get(&node).map(|(_, value)| value.clone())
    }

    pub(super) fn status(&self, node: NodeId) -> Option<NodeStatus> {
        self.world.node(node).map(|node| node.status)
    }
}
