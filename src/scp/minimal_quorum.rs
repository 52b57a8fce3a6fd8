//! Making a quorum small: the witness that is shown should have nobody in it who can be spared.
//!
//! Absent here: finding a quorum (`quorum`).

use super::compiled_set::CompiledSet;
use super::id::NodeId;
use super::ledger::SenderSet;
use super::node_set::NodeSet;
use super::quorum::Electorate;
use super::set_registry::SetClass;

impl Electorate<'_> {
    /// Drops members of `quorum` until no further one can go: what remains is a quorum that satisfies the local set,
    /// and without any one of its members it would contain none.
    ///
    /// One pass is enough: what cannot be spared now cannot be spared from a smaller set either.
    pub(super) fn minimal_quorum(self, quorum: NodeSet) -> NodeSet {
        let Some(local) = self.local else {
            return quorum;
        };
        let members: Vec<NodeId> = quorum.iter().collect();
        let mut shrinking = Shrinking::new(self, local, quorum);
        for &node in members.iter().rev() {
            if shrinking.quorum.contains(node) {
                shrinking.spare(node);
            }
        }
        shrinking.quorum
    }
}

/// A quorum on its way to a smaller one.
struct Shrinking<'a> {
    electorate: Electorate<'a>,
    local: &'a CompiledSet,
    quorum: NodeSet,
    /// Who cannot be spared: whatever takes one of them with it cannot be spared either.
    needed: NodeSet,
    /// For each node, the quorum sets that name it: `namers[starts[node]..starts[node + 1]]`.
    starts: Vec<u32>,
    namers: Vec<SetClass>,
    /// Whose quorum set it is, by class.
    owners: Vec<Vec<NodeId>>,
}

impl<'a> Shrinking<'a> {
    fn new(electorate: Electorate<'a>, local: &'a CompiledSet, quorum: NodeSet) -> Shrinking<'a> {
        let mut shrinking = Shrinking {
            electorate,
            local,
            needed: NodeSet::new(),
            starts: Vec::new(),
            namers: Vec::new(),
            owners: vec![Vec::new(); electorate.sets.len()],
            quorum,
        };
        shrinking.note_namers();
        shrinking
    }

    fn class_of(&self, node: NodeId) -> Option<SetClass> {
        match self.electorate.ledger.get(node)?.set {
            SenderSet::Known(class) => Some(class),
            SenderSet::Alone | SenderSet::Unknown => None,
        }
    }

    fn note_namers(&mut self) {
        let mut pairs = Vec::new();
        let size = self.quorum.iter().last().map_or(0, |last| last.index() + 1);
        self.starts = vec![0; size + 1];
        for owner in self.quorum.iter() {
            let Some(class) = self.class_of(owner) else {
                continue;
            };
            let owners = &mut self.owners[class.index()];
            owners.push(owner);
            if owners.len() > 1 {
                continue;
            }
            let mut note = |named: NodeId| {
                if self.quorum.contains(named) {
                    pairs.push((named, class));
                    self.starts[named.index() + 1] += 1;
                }
            };
            let set = self.electorate.sets.set(class);
            match set.inner.is_empty() {
                true => set.validators.iter().copied().for_each(&mut note),
                false => set.nodes().iter().for_each(&mut note),
            }
        }
        for at in 0..size {
            self.starts[at + 1] += self.starts[at];
        }
        let mut next = self.starts.clone();
        self.namers = vec![SetClass::default(); pairs.len()];
        for (named, class) in pairs {
            let at = &mut next[named.index()];
            self.namers[*at as usize] = class;
            *at += 1;
        }
    }

    /// Takes `node` out, with all who cannot stay without it, unless nothing would be left that satisfies the local set.
    fn spare(&mut self, node: NodeId) {
        self.quorum.remove(node);
        let mut gone = vec![node];
        let mut at = 0;
        while let Some(&leaver) = gone.get(at) {
            at += 1;
            if !self.local.is_slice(&self.quorum) || !self.follow(leaver, &mut gone) {
                self.quorum.extend(gone);
                self.needed.insert(node);
                return;
            }
        }
    }

    /// Takes out those who cannot stay without `leaver`; false if one of them cannot be spared.
    fn follow(&mut self, leaver: NodeId, gone: &mut Vec<NodeId>) -> bool {
        let index = leaver.index();
        let range = self.starts[index] as usize..self.starts[index + 1] as usize;
        for &class in &self.namers[range] {
            if self.electorate.sets.compiled(class).is_slice(&self.quorum) {
                continue;
            }
            for &owner in &self.owners[class.index()] {
                if self.quorum.remove(owner) {
                    gone.push(owner);
                    if self.needed.contains(owner) {
                        return false;
                    }
                }
            }
        }
        true
    }
}
