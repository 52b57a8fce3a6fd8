//! Proposals of clients: their content, its limits, and their canonical encoding as a value of SCP.

use super::key::NodeKey;
use crate::scp::Value;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The maximum length of a note and of the value of a `Choice`, in bytes.
const TEXT_BYTES_MAX: usize = 1000;
/// The maximum length of a file name, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// The maximum number of values that a [`Decoder`] caches.
const CACHE_MAX: usize = 256;

/// The unique identifier of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProposalId {
    /// The node at which the proposal entered the network.
    pub origin: NodeKey,
    /// Sequence number at the origin, counted from 1.
    pub nth: u32,
}

/// A file to back up. The network agrees on these fields, not on the content itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileInfo {
    /// Plain file name without a folder.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// The content of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A text of at most 1,000 bytes.
    Note(String),
    /// A file that every node backs up once the proposal is decided.
    File(FileInfo),
    /// `Choice` scenarios: the value that the node nominates from now on.
    Choice(Value),
}

/// A proposal, as nodes transmit and record it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Proposal {
    /// Its identifier.
    pub id: ProposalId,
    /// Its content.
    pub content: Content,
}

/// A set of proposals, by id.
pub(super) type ProposalSet = BTreeMap<ProposalId, Arc<Proposal>>;

impl Proposal {
    /// The file that the proposal asks to back up.
    pub(super) fn file(&self) -> Option<&FileInfo> {
        match &self.content {
            Content::File(file) => Some(file),
            Content::Note(_) | Content::Choice(_) => None,
        }
    }
}

impl fmt::Display for Content {
    /// Writes the text of the note, the name of the file, or the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Note(text) => f.write_str(text),
            Content::File(file) => f.write_str(&file.name),
            Content::Choice(value) => value.fmt(f),
        }
    }
}

/// Whether a content is within the limits: the length of texts, plain file names, and hashes of 64 hexadecimal digits.
#[must_use]
pub fn is_well_formed(content: &Content) -> bool {
    match content {
        Content::Note(text) => {
            (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control)
        }
        Content::File(file) => is_plain_name(&file.name) && is_sha256(&file.sha256),
        Content::Choice(value) => (1..=TEXT_BYTES_MAX).contains(&value.as_bytes().len()),
    }
}

fn is_plain_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with("..")
        && name != "."
        && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | ':'))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The value of a slot of the `Log` application: these proposals in ascending order of their ids.
///
/// The encoding is canonical: equal sets have equal values, so set union is a valid way to combine values.
#[must_use]
pub fn value_of(proposals: &BTreeMap<ProposalId, Arc<Proposal>>) -> Value {
    let ascending: Vec<&Proposal> = proposals.values().map(Arc::as_ref).collect();
    // The proposals contain only strings and integers, so serialising them cannot fail.
    Value::from(serde_json::to_vec(&ascending).unwrap_or_default())
}

/// The proposals in a value of the `Log` application; `None` if the value is not a canonical encoding.
#[must_use]
pub fn proposals_in(value: &Value) -> Option<BTreeMap<ProposalId, Arc<Proposal>>> {
    let list: Vec<Proposal> = serde_json::from_slice(value.as_bytes()).ok()?;
    let set = list
        .into_iter()
        .map(|proposal| (proposal.id, Arc::new(proposal)))
        .collect();
    (value_of(&set) == *value).then_some(set)
}

/// [`proposals_in`] with a cache, because SCP validates the same value many times. The cache never changes an answer,
/// so it is not part of a node's state.
#[derive(Clone, Debug, Default)]
pub(super) struct Decoder {
    cache: RefCell<BTreeMap<Value, Option<Arc<ProposalSet>>>>,
}

impl Decoder {
    /// The proposals in `value`; `None` if the value is not a canonical encoding.
    pub(super) fn decode(&self, value: &Value) -> Option<Arc<ProposalSet>> {
        let mut cache = self.cache.borrow_mut();
        if let Some(answer) = cache.get(value) {
            return answer.clone();
        }
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        let answer = proposals_in(value).map(Arc::new);
        cache.insert(value.clone(), answer.clone());
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(origin: u32, nth: u32) -> (ProposalId, Arc<Proposal>) {
        let id = ProposalId {
            origin: NodeKey::new([origin as u8; 32]),
            nth,
        };
        let content = Content::Note(format!("note {nth}"));
        (id, Arc::new(Proposal { id, content }))
    }

    fn file(name: &str, sha256: &str) -> Content {
        Content::File(FileInfo {
            name: name.into(),
            size_bytes: 1,
            sha256: sha256.into(),
        })
    }

    #[test]
    fn contents_beyond_the_limits_are_malformed() {
        let hash = "0123456789abcdef".repeat(4);
        for good in [
            Content::Note("t\u{e9}".into()),
            Content::Note("x".repeat(1000)),
            file("photo.jpg", &hash),
            file(".profile", &hash),
            Content::Choice("0".into()),
        ] {
            assert!(is_well_formed(&good), "{good:?}");
        }
        for bad in [
            Content::Note(String::new()),
            Content::Note("x".repeat(1001)),
            Content::Note("two\nlines".into()),
            file("", &hash),
            file("..", &hash),
            file("../photo.jpg", &hash),
            file("a/b", &hash),
            file("a\\b", &hash),
            file("photo.jpg", &hash[1..]),
            file("photo.jpg", &hash.to_uppercase()),
            Content::Choice("".into()),
        ] {
            assert!(!is_well_formed(&bad), "{bad:?}");
        }
    }

    #[test]
    fn only_canonical_values_are_decoded() {
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

    #[test]
    fn cached_answers_equal_fresh_ones_and_the_cache_is_bounded() {
        let decoder = Decoder::default();
        for nth in 0..2 * CACHE_MAX as u32 {
            let set: ProposalSet = [note(0, nth)].into();
            let value = value_of(&set);
            assert_eq!(decoder.decode(&value).as_deref(), Some(&set));
            assert_eq!(decoder.decode(&value).as_deref(), Some(&set));
            let invalid = Value::from(format!("no {nth}").as_str());
            assert_eq!(decoder.decode(&invalid), None);
        }
        assert!(decoder.cache.borrow().len() <= CACHE_MAX);
    }
}
