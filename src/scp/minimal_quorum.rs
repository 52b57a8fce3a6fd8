//! Making a quorum small: the witness that is shown should have nobody in it who can be spared.
//!
//! Absent here: finding a quorum (`quorum`).

use super::cascade::{Cascade, Local};
use super::id::NodeId;
use super::node_set::NodeSet;
use super::quorum::Electorate;

impl Electorate<'_> {
    /// Drops members of `quorum` until no further one can go: what remains is a quorum that satisfies the local set,
    /// and without any one of its members it would contain none.
    ///
    /// One pass is enough: what cannot be spared now cannot be spared from a smaller set either. So whatever takes with
    /// it somebody who cannot be spared cannot be spared itself.
    pub(super) fn minimal_quorum(self, quorum: NodeSet) -> NodeSet {
        let Some(local) = self.local_class else {
            return quorum;
        };
        let members: Vec<NodeId> = quorum.iter().collect();
        // Of a quorum nobody has to go.
        let (mut cascade, _) = Cascade::new(self, local, &quorum);
        let mut needed = NodeSet::new();
        for &node in members.iter().rev() {
            if !cascade.nodes.remove(node) {
                continue;
            }
            let mut gone = vec![node];
            let (fate, done) = cascade.follow(&mut gone, &needed);
            if fate == Local::Lost {
                cascade.restore(&gone, done);
                needed.insert(node);
            }
        }
        cascade.nodes
    }
}
