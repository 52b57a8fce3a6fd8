//! Names and keys of nodes.

use super::error::{InputError, SourceText, listed};
use crate::node::Peer;
use crate::rng::{StreamPurpose, Streams};
use crate::scp::NodeId;
use ed25519_dalek::SigningKey;
use rand_chacha::rand_core::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use stellar_strkey::ed25519::PublicKey;
use toml::Spanned;

/// The number of the `nth` node. Scenarios are checked to have far fewer nodes than numbers.
pub(super) fn node_id(nth: usize) -> NodeId {
    NodeId(u32::try_from(nth).unwrap_or(u32::MAX))
}

/// A peer with a key of its own, drawn from the seed.
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
        key: PublicKey(public).to_string().as_str().into(),
    }
}

/// `n01`, `n02`, ..., `n99`, `n100`: a node has the same name however many there are, since events name nodes.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|nth| format!("n{nth:02}")).collect()
}

/// Who has which name.
#[derive(Debug, Default)]
pub(super) struct NodeNames {
    by_name: BTreeMap<Arc<str>, NodeId>,
    in_order: Vec<Arc<str>>,
}

impl NodeNames {
    /// Takes the next number for `name`; `None` if the name is taken.
    pub(super) fn add(&mut self, name: &str) -> Option<NodeId> {
        if self.by_name.contains_key(name) {
            return None;
        }
        let (id, name) = (node_id(self.in_order.len()), Arc::<str>::from(name));
        self.by_name.insert(Arc::clone(&name), id);
        self.in_order.push(name);
        Some(id)
    }

    /// The name of `node`; empty if there is no such node.
    pub(super) fn name(&self, node: NodeId) -> &str {
        self.in_order.get(node.index()).map_or("", AsRef::as_ref)
    }

    /// The node that `name` means, or an error that says where the name stands.
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

    /// All of them.
    pub(super) fn find_all(
        &self,
        text: SourceText<'_>,
        names: &[Spanned<String>],
    ) -> Result<Vec<NodeId>, InputError> {
        names.iter().map(|name| self.find(text, name)).collect()
    }
}
