//! Names and keys of nodes.

use super::error::{InputError, SourceText, listed};
use crate::node::{NodeKey, Peer};
use crate::rng::{StreamPurpose, Streams};
use crate::scp::NodeId;
use ed25519_dalek::SigningKey;
use rand_chacha::rand_core::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use toml::Spanned;

/// The number of the `nth` node. The node limit is far below the range of numbers.
pub(super) fn node_id(nth: usize) -> NodeId {
    NodeId(u32::try_from(nth).unwrap_or(u32::MAX))
}

/// A peer with a key that is derived from the seed.
pub(super) fn peer(streams: Streams, nth: usize, name: &str) -> Peer {
    let mut secret = [0u8; 32];
    let id = node_id(nth);
    streams
        .generator(StreamPurpose::NodeKey, u64::from(id.0), 0)
        .fill_bytes(&mut secret);
    let public = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    Peer {
        id,
        name: name.into(),
        key: NodeKey::new(public).to_string().into(),
    }
}

/// `n01`, `n02`, ..., `n99`, `n100`. Names do not depend on the number of nodes, because events refer to them.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|nth| format!("n{nth:02}")).collect()
}

/// Node numbers by name.
#[derive(Debug, Default)]
pub(super) struct NodeNames {
    by_name: BTreeMap<Arc<str>, NodeId>,
    in_order: Vec<Arc<str>>,
}

impl NodeNames {
    /// Gives `name` the next number; `None` if the name is taken.
    pub(super) fn add(&mut self, name: &str) -> Option<NodeId> {
        if self.by_name.contains_key(name) {
            return None;
        }
        let (id, name) = (node_id(self.in_order.len()), Arc::<str>::from(name));
        self.by_name.insert(Arc::clone(&name), id);
        self.in_order.push(name);
        Some(id)
    }

    /// The name of `node`; empty for an unknown node.
    pub(super) fn name(&self, node: NodeId) -> &str {
        self.in_order.get(node.index()).map_or("", AsRef::as_ref)
    }

    /// The node called `name`, or an error at the position of the name.
    pub(super) fn find(
        &self,
        text: SourceText<'_>,
        name: &Spanned<String>,
    ) -> Result<NodeId, InputError> {
        let found = self.by_name.get(name.get_ref().as_str()).copied();
        found.ok_or_else(|| {
            let known = listed(self.in_order.iter().map(AsRef::as_ref));
            text.error(
                Some(name.span()),
                format!("unknown node {:?}, expected one of {known}", name.get_ref()),
                "Correct the name, or add such a node.",
            )
        })
    }

    /// The nodes with these names.
    pub(super) fn find_all(
        &self,
        text: SourceText<'_>,
        names: &[Spanned<String>],
    ) -> Result<Vec<NodeId>, InputError> {
        names.iter().map(|name| self.find(text, name)).collect()
    }
}
