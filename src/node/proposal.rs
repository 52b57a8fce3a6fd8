//! Proposals: what people ask the network to agree on.

use super::key::NodeKey;
use crate::scp::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Names a proposal for ever: the `nth` that `origin` has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProposalId {
    /// The node where it entered.
    pub origin: NodeKey,
    /// Counted from 1.
    pub nth: u32,
}

/// A file to back up: all that is agreed on about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileInfo {
    /// Plain name, without any folder.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A short text, at most 1,000 bytes.
    Note(String),
    /// A file that every trusted node shall back up.
    File(FileInfo),
    /// `Choice` scenarios: the value that the node shall nominate from now on.
    Choice(Value),
}

/// A proposal as it travels and as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Proposal {
    /// Its name.
    pub id: ProposalId,
    /// What it asks for.
    pub content: Content,
}

impl fmt::Display for Content {
    /// The words a person would use: the note's text, the file's name, the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Note(text) => f.write_str(text),
            Content::File(file) => f.write_str(&file.name),
            Content::Choice(value) => value.fmt(f),
        }
    }
}

/// The value of a slot of the `Log` application: these proposals, ascending by id, each id once.
///
/// The encoding is canonical, so equal sets are equal values and set union is the combination.
#[must_use]
pub fn value_of(proposals: &BTreeMap<ProposalId, Arc<Proposal>>) -> Value {
    let ascending: Vec<&Proposal> = proposals.values().map(Arc::as_ref).collect();
    // Strings and integers only: serialising them cannot fail.
    Value::from(serde_json::to_vec(&ascending).unwrap_or_default())
}

/// The proposals in a value of the `Log` application; `None` if it is not the canonical encoding of a set.
#[must_use]
pub fn proposals_in(value: &Value) -> Option<BTreeMap<ProposalId, Arc<Proposal>>> {
    let list: Vec<Proposal> = serde_json::from_slice(value.as_bytes()).ok()?;
    let set = list
        .into_iter()
        .map(|proposal| (proposal.id, Arc::new(proposal)))
        .collect();
    (value_of(&set) == *value).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(origin: u32, nth: u32) -> (ProposalId, Arc<Proposal>) {
        let id = ProposalId {
            origin: NodeKey::new([origin as u8; 32]),
            nth,
        };
        (
            id,
            Arc::new(Proposal {
                id,
                content: Content::Note(format!("note {nth}")),
            }),
        )
    }

    #[test]
    fn values_are_canonical() {
        let set: BTreeMap<_, _> = [note(1, 1), note(0, 2)].into();
        let value = value_of(&set);
        assert_eq!(proposals_in(&value), Some(set));
        let reversed = value.as_str().map(|text| {
            let list: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
            serde_json::to_vec(&list.into_iter().rev().collect::<Vec<_>>()).unwrap()
        });
        assert_eq!(proposals_in(&Value::from(reversed.unwrap())), None);
        assert_eq!(proposals_in(&Value::from("pizza")), None);
    }
}
