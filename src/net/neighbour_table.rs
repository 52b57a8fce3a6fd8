//! `NeighbourTable`: a cache of one sender's neighbours, and the number of uses of each of its links.
//!
//! Random draws depend on the number of earlier uses of a link, so a count survives when the neighbour leaves and
//! returns. `Medium` finds the neighbours.

use crate::scp::NodeId;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
struct NeighbourLink {
    to: NodeId,
    uses: u32,
}

/// The neighbours of one sender.
#[derive(Clone, Debug)]
pub(super) struct NeighbourTable {
    is_stale: bool,
    /// In ascending order of receivers.
    links: Vec<NeighbourLink>,
    /// Uses of links to former neighbours.
    former: BTreeMap<NodeId, u32>,
}

impl Default for NeighbourTable {
    fn default() -> NeighbourTable {
        NeighbourTable {
            is_stale: true,
            links: Vec::new(),
            former: BTreeMap::new(),
        }
    }
}

impl NeighbourTable {
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    pub(super) fn invalidate(&mut self) {
        self.is_stale = true;
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.links.iter().map(|link| link.to)
    }

    /// Replaces the neighbours by `nodes`, which are in ascending order.
    pub(super) fn replace(&mut self, nodes: Vec<NodeId>) {
        let used = self.links.iter().filter(|link| link.uses > 0);
        self.former.extend(used.map(|link| (link.to, link.uses)));
        let former = &mut self.former;
        let links = nodes.into_iter().map(|to| NeighbourLink {
            to,
            uses: former.remove(&to).unwrap_or(0),
        });
        self.links = links.collect();
        self.is_stale = false;
    }

    /// Counts a use of the link to `to`. Returns the number of earlier uses.
    pub(super) fn count_use(&mut self, to: NodeId) -> u32 {
        let uses = match self.links.binary_search_by_key(&to, |link| link.to) {
            Ok(at) => &mut self.links[at].uses,
            Err(_) => self.former.entry(to).or_insert(0),
        };
        *uses += 1;
        *uses - 1
    }

    /// Counts a use of every link except the one to `except`. Yields each receiver and its number of earlier uses.
    pub(super) fn count_uses(
        &mut self,
        except: Option<NodeId>,
    ) -> impl Iterator<Item = (NodeId, u32)> + '_ {
        let links = self
            .links
            .iter_mut()
            .filter(move |link| Some(link.to) != except);
        links.map(|link| {
            link.uses += 1;
            (link.to, link.uses - 1)
        })
    }
}
