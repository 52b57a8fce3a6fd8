//! Key budget: how many unknown keys the quorum sets of each node may name.
//!
//! Every key in a quorum set gets a number, and numbers are never assigned twice. Without a limit for each sender, one
//! node could use up all numbers with quorum sets of invented keys.

use crate::live::node_directory::NodeDirectory;
use crate::live::wire::WireQuorumSet;
use crate::node::NodeKey;
use crate::scp::{NodeId, QuorumSet};
use std::collections::{BTreeMap, BTreeSet};

/// Most unknown keys that one trusted node names: a whole quorum set.
const TRUSTED_KEYS_MAX: usize = QuorumSet::NODES_MAX;
/// Most unknown keys that one other node names.
const OTHER_KEYS_MAX: usize = 64;
/// Most unknown keys that all other nodes together name.
const ALL_OTHER_KEYS_MAX: usize = 1_024;

/// The unknown keys that each node has named since the start.
#[derive(Debug, Default)]
pub(super) struct KeyBudget {
    by_sender: BTreeMap<NodeId, usize>,
    others: usize,
}

impl KeyBudget {
    /// Whether `sender` may name the keys of `set`. If so, the unknown ones among them are counted.
    pub(super) fn take(
        &mut self,
        sender: NodeId,
        is_trusted: bool,
        set: &WireQuorumSet,
        directory: &NodeDirectory,
    ) -> bool {
        let mut unknown = BTreeSet::new();
        collect_unknown(set, directory, QuorumSet::DEPTH_MAX, &mut unknown);
        let count = unknown.len();
        if count == 0 {
            return true;
        }
        let named = self.by_sender.get(&sender).copied().unwrap_or(0);
        let named = named.saturating_add(count);
        let others = match is_trusted {
            true => self.others,
            false => self.others.saturating_add(count),
        };
        let is_within = match is_trusted {
            true => named <= TRUSTED_KEYS_MAX,
            false => named <= OTHER_KEYS_MAX && others <= ALL_OTHER_KEYS_MAX,
        };
        if is_within {
            self.by_sender.insert(sender, named);
            self.others = others;
        }
        is_within
    }
}

/// Sets that are nested more deeply are refused later.
fn collect_unknown(
    set: &WireQuorumSet,
    directory: &NodeDirectory,
    depth: u32,
    unknown: &mut BTreeSet<NodeKey>,
) {
    let keys = set.validators.iter().copied();
    unknown.extend(keys.filter(|key| directory.find(*key).is_none()));
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for inner in &set.inner {
        collect_unknown(inner, directory, depth, unknown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: std::ops::Range<u32>) -> WireQuorumSet {
        let key = |nth: u32| {
            let mut bytes = [7; 32];
            bytes[..4].copy_from_slice(&nth.to_le_bytes());
            NodeKey::new(bytes)
        };
        WireQuorumSet {
            threshold: 1,
            validators: keys.map(key).collect(),
            inner: vec![],
        }
    }

    #[test]
    fn each_node_may_name_a_limited_number_of_unknown_keys() {
        let mut directory = NodeDirectory::new(NodeKey::new([1; 32]));
        let mut budget = KeyBudget::default();
        let (trusted, other) = (NodeId(1), NodeId(2));
        assert!(budget.take(other, false, &set(0..64), &directory));
        assert!(!budget.take(other, false, &set(64..65), &directory));
        assert!(budget.take(trusted, true, &set(0..900), &directory));
        assert!(!budget.take(trusted, true, &set(900..1_100), &directory));
        // Known keys cost nothing.
        set(900..1_100).to_local(&mut directory).unwrap();
        assert!(budget.take(trusted, true, &set(900..1_100), &directory));
    }

    #[test]
    fn many_untrusted_nodes_share_a_budget() {
        let directory = NodeDirectory::new(NodeKey::new([1; 32]));
        let mut budget = KeyBudget::default();
        let accepted = (0..100).filter(|&nth| {
            let keys = set(nth * 64..(nth + 1) * 64);
            budget.take(NodeId(nth + 1), false, &keys, &directory)
        });
        assert_eq!(accepted.count(), ALL_OTHER_KEYS_MAX / OTHER_KEYS_MAX);
    }
}
