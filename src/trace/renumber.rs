//! Other numbers for nodes. Every process numbers those it meets in its own way; a picture of several needs one way.
//!
//! Every type that holds numbers is taken apart here completely, without `..`, so that a new field cannot be forgotten.
//! Lists that are in ascending order by contract are so afterwards; other lists keep their order, because it may be
//! somebody's choice. So mapping back by the inverse gives back exactly what was.
//!
//! Absent here: which number becomes which.

mod node;
mod scp;

use super::record::{FlightId, Record};
use crate::scenario::Action;
use crate::scp::NodeId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tells the new number of a node.
pub type Numbering<'a> = &'a mut dyn FnMut(NodeId) -> NodeId;

/// What holds numbers of nodes.
pub trait Renumber {
    /// Gives all nodes in it other numbers. `number` must not give two nodes the same.
    fn renumber(&mut self, number: Numbering<'_>);
}

impl Record {
    /// Gives the transmission that it speaks of another number.
    pub fn renumber_flight(&mut self, number: impl FnOnce(FlightId) -> FlightId) {
        match self {
            Record::Sent { flight, .. }
            | Record::Lost { flight, .. }
            | Record::Chunk { flight, .. } => *flight = number(*flight),
            Record::NodeAdded { .. }
            | Record::NodeReferenced { .. }
            | Record::Acted { .. }
            | Record::Stepped { .. } => {}
        }
    }
}

impl Renumber for NodeId {
    fn renumber(&mut self, number: Numbering<'_>) {
        *self = number(*self);
    }
}

impl<T: Renumber> Renumber for Option<T> {
    fn renumber(&mut self, number: Numbering<'_>) {
        if let Some(content) = self {
            content.renumber(number);
        }
    }
}

impl<T: Renumber> Renumber for Vec<T> {
    fn renumber(&mut self, number: Numbering<'_>) {
        self.iter_mut().for_each(|item| item.renumber(number));
    }
}

impl<T: Renumber + Clone> Renumber for Arc<T> {
    fn renumber(&mut self, number: Numbering<'_>) {
        Arc::make_mut(self).renumber(number);
    }
}

impl<T: Renumber + Clone> Renumber for Arc<[T]> {
    fn renumber(&mut self, number: Numbering<'_>) {
        let mut items = self.to_vec();
        items.renumber(number);
        *self = items.into();
    }
}

impl Renumber for BTreeSet<NodeId> {
    fn renumber(&mut self, number: Numbering<'_>) {
        *self = self.iter().map(|node| number(*node)).collect();
    }
}

impl Renumber for Record {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Record::NodeAdded {
                at: _,
                config,
                position: _,
                organization: _,
            } => config.renumber(number),
            Record::NodeReferenced {
                at: _,
                peer,
                position: _,
            } => peer.renumber(number),
            Record::Acted { at: _, action } => action.renumber(number),
            Record::Stepped {
                at: _,
                generation: _,
                node,
                input,
                outputs,
            } => {
                node.renumber(number);
                input.renumber(number);
                outputs.renumber(number);
            }
            Record::Sent {
                at: _,
                arrives_at: _,
                flight: _,
                from,
                to,
                kind: _,
                message,
                housekeeping: _,
            } => {
                from.renumber(number);
                to.renumber(number);
                message.renumber(number);
            }
            Record::Lost {
                at: _,
                flight: _,
                from,
                to,
                kind: _,
                housekeeping: _,
                why: _,
            } => {
                from.renumber(number);
                to.renumber(number);
            }
            Record::Chunk {
                at: _,
                flight: _,
                file: _,
                index: _,
                of: _,
            } => {}
        }
    }
}

impl Renumber for Action {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            Action::Propose { node, content: _ }
            | Action::Leave { node }
            | Action::Crash { node }
            | Action::Restart { node }
            | Action::Silence { node }
            | Action::Unsilence { node }
            | Action::Move { node, to: _ } => node.renumber(number),
            Action::SetTrust { node, policy } => {
                node.renumber(number);
                policy.renumber(number);
            }
            Action::Partition { groups } => groups.renumber(number),
            Action::AddNode { position: _ } | Action::Heal => {}
        }
    }
}
