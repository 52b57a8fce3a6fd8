//! Quorum sets on the wire, with keys instead of local numbers.

use crate::live::node_directory::NodeDirectory;
use crate::live::wire::WireError;
use crate::node::NodeKey;
use crate::scp::QuorumSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A quorum set, as in messages and in the file of `--trust`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(no_recursion)]
pub struct WireQuorumSet {
    /// Number of entries that must be satisfied.
    pub threshold: u32,
    /// Keys of validators.
    #[schema(value_type = Vec<String>)]
    pub validators: Vec<NodeKey>,
    /// Nested sets. Each counts as one entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<WireQuorumSet>,
}

impl WireQuorumSet {
    /// Converts a quorum set for sending.
    #[must_use]
    pub fn new(set: &QuorumSet, directory: &NodeDirectory) -> WireQuorumSet {
        let keys = set.validators.iter().map(|&node| directory.key_of(node));
        WireQuorumSet {
            threshold: set.threshold,
            validators: keys.collect(),
            inner: set
                .inner
                .iter()
                .map(|inner| WireQuorumSet::new(inner, directory))
                .collect(),
        }
    }

    /// All keys in the set, with repetitions, at most one more than a quorum set may have.
    #[must_use]
    pub fn keys(&self) -> Vec<NodeKey> {
        let mut keys = Vec::new();
        let mut sets = vec![self];
        while let Some(set) = sets.pop() {
            keys.extend(&set.validators);
            if keys.len() > QuorumSet::NODES_MAX {
                keys.truncate(QuorumSet::NODES_MAX + 1);
                break;
            }
            sets.extend(&set.inner);
        }
        keys
    }

    /// The quorum set with local node numbers.
    ///
    /// # Errors
    /// If it is nested too deeply, has too many nodes, or the directory is full.
    pub fn to_local(&self, directory: &mut NodeDirectory) -> Result<QuorumSet, WireError> {
        let mut named = 0;
        self.to_local_within(QuorumSet::DEPTH_MAX, &mut named, directory)
    }

    fn to_local_within(
        &self,
        depth: u32,
        named: &mut usize,
        directory: &mut NodeDirectory,
    ) -> Result<QuorumSet, WireError> {
        *named = named.saturating_add(self.validators.len());
        if *named > QuorumSet::NODES_MAX {
            let most = QuorumSet::NODES_MAX;
            return Err(WireError::Malformed(format!(
                "a quorum set with more than {most} nodes"
            )));
        }
        let validators = self.validators.iter().map(|&key| directory.assign(key));
        let validators = validators.collect::<Result<_, _>>()?;
        let inner = match depth.checked_sub(1) {
            Some(depth) => self
                .inner
                .iter()
                .map(|inner| inner.to_local_within(depth, named, directory))
                .collect::<Result<_, _>>()?,
            None if self.inner.is_empty() => Vec::new(),
            None => {
                return Err(WireError::Malformed(
                    "a quorum set that is nested too deeply".to_owned(),
                ));
            }
        };
        Ok(QuorumSet {
            threshold: self.threshold,
            validators,
            inner,
        })
    }
}
