//! `Cascade`: a set of nodes on its way to a quorum: who loses a slice goes, and takes others with it.
//!
//! For networks where quorum sets are many and small: instead of looking at everybody again and again, it is counted how
//! many each quorum set has to spare, and only those are looked at who trust somebody that went. Absent here: what is
//! asked of the nodes (`quorum`, `minimal_quorum`).

use super::id::NodeId;
use super::ledger::SenderSet;
use super::node_set::NodeSet;
use super::quorum::Electorate;
use super::set_registry::{Namers, SetClass};
use std::cell::Ref;

/// How many a quorum set has to spare if that cannot be counted: it has inner sets and is looked at each time.
const UNCOUNTED: i32 = i32::MAX;
/// End of a list of owners.
const NOBODY: u32 = u32::MAX;

/// Nodes, and how much their quorum sets can bear.
pub(super) struct Cascade<'a> {
    electorate: Electorate<'a>,
    local: SetClass,
    namers: Ref<'a, Namers>,
    pub(super) nodes: NodeSet,
    /// By class: how many more than its threshold are there; less than 0: it is not satisfied.
    spare: Vec<i32>,
    /// By class, the first of the nodes that have it; by node, the next.
    owners: Vec<u32>,
    next_owner: Vec<u32>,
}

/// Whether the local quorum set is satisfied by what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Local {
    Satisfied,
    Lost,
}

impl<'a> Cascade<'a> {
    /// Of `nodes`, for a local quorum set that they satisfy. Returns too who has to go at once; they are taken out.
    pub(super) fn new(
        electorate: Electorate<'a>,
        local: SetClass,
        nodes: &NodeSet,
    ) -> (Cascade<'a>, Vec<NodeId>) {
        let sets = electorate.sets;
        let size = nodes.iter().last().map_or(0, |last| last.index() + 1);
        let mut cascade = Cascade {
            electorate,
            local,
            namers: sets.namers(),
            nodes: nodes.clone(),
            spare: sets.debts(UNCOUNTED),
            owners: vec![NOBODY; sets.len()],
            next_owner: vec![NOBODY; size],
        };
        for node in nodes.iter() {
            for &class in cascade.namers.of(node) {
                let spare = &mut cascade.spare[class.index()];
                if *spare != UNCOUNTED {
                    *spare += 1;
                }
            }
        }
        let mut gone = Vec::new();
        for node in nodes.iter() {
            match electorate.ledger.get(node).map(|recorded| recorded.set) {
                Some(SenderSet::Known(class)) => {
                    let first = &mut cascade.owners[class.index()];
                    cascade.next_owner[node.index()] = std::mem::replace(first, node.0);
                    if !cascade.is_satisfied(class) {
                        gone.push(node);
                    }
                }
                Some(SenderSet::Alone) => {}
                Some(SenderSet::Unknown) | None => gone.push(node),
            }
        }
        for &node in &gone {
            cascade.nodes.remove(node);
        }
        (cascade, gone)
    }

    fn is_satisfied(&self, class: SetClass) -> bool {
        match self.spare[class.index()] {
            UNCOUNTED => self.electorate.sets.compiled(class).is_slice(&self.nodes),
            spare => spare >= 0,
        }
    }

    /// Somebody whom the quorum set names has gone: is it no longer satisfied because of that?
    fn is_lost_without_one(&mut self, class: SetClass) -> bool {
        let spare = &mut self.spare[class.index()];
        if *spare == UNCOUNTED {
            return !self.is_satisfied(class);
        }
        *spare -= 1;
        *spare == -1
    }

    /// Takes out, and adds to `gone`, who cannot stay without those in it. Ends when nobody has to go any more, when the
    /// local set is lost, or when somebody of `needed` has to go, which comes to the same. Returns too how many of `gone`
    /// were worked off.
    pub(super) fn follow(&mut self, gone: &mut Vec<NodeId>, needed: &NodeSet) -> (Local, usize) {
        let mut done = 0;
        while let Some(&node) = gone.get(done) {
            done += 1;
            let mut fate = Local::Satisfied;
            for at in self.namers.range(node) {
                let class = self.namers.class(at);
                if !self.is_lost_without_one(class) {
                    continue;
                }
                if class == self.local {
                    fate = Local::Lost;
                }
                let mut owner = self.owners[class.index()];
                while owner != NOBODY {
                    let lost = NodeId(owner);
                    if self.nodes.remove(lost) {
                        gone.push(lost);
                        if needed.contains(lost) {
                            fate = Local::Lost;
                        }
                    }
                    owner = self.next_owner[lost.index()];
                }
            }
            if fate == Local::Lost {
                return (Local::Lost, done);
            }
        }
        (Local::Satisfied, done)
    }

    /// Puts back all who are `gone`, of whom the first `done` were worked off.
    pub(super) fn restore(&mut self, gone: &[NodeId], done: usize) {
        for &node in &gone[..done] {
            for &class in self.namers.of(node) {
                let spare = &mut self.spare[class.index()];
                if *spare != UNCOUNTED {
                    *spare += 1;
                }
            }
        }
        self.nodes.extend(gone.iter().copied());
    }
}
