//! `Reach`: the neighbours of one sender, and how often each of its links has been used.
//!
//! Absent here: how neighbours are found.

use crate::scp::NodeId;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
struct Link {
    to: NodeId,
    uses: u32,
}

/// Counts survive a neighbour's going and coming back: no draw is ever made twice.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    is_outdated: bool,
    /// Ascending by receiver.
    links: Vec<Link>,
    /// Uses of links to nodes that are no neighbours.
    others: BTreeMap<NodeId, u32>,
}

impl Default for Reach {
    fn default() -> Reach {
        Reach {
            is_outdated: true,
            links: Vec::new(),
            others: BTreeMap::new(),
        }
    }
}

impl Reach {
    pub(super) fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    pub(super) fn outdate(&mut self) {
        self.is_outdated = true;
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.links.iter().map(|link| link.to)
    }

    /// From now on the neighbours are `nodes`, ascending.
    pub(super) fn replace(&mut self, nodes: Vec<NodeId>) {
        let used = self.links.iter().filter(|link| link.uses > 0);
        self.others.extend(used.map(|link| (link.to, link.uses)));
        let others = &mut self.others;
        let links = nodes.into_iter().map(|to| Link {
            to,
            uses: others.remove(&to).unwrap_or(0),
        });
        self.links = links.collect();
        self.is_outdated = false;
    }

    /// Counts one use of the link to `to`; returns how many there were before.
    pub(super) fn use_link(&mut self, to: NodeId) -> u32 {
        let uses = match self.links.binary_search_by_key(&to, |link| link.to) {
            Ok(at) => &mut self.links[at].uses,
            Err(_) => self.others.entry(to).or_insert(0),
        };
        *uses += 1;
        *uses - 1
    }

    /// Counts one use of each link except that to `except`; yields receivers and how many uses there were before.
    pub(super) fn use_all(
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
