//! Context of encoding and decoding: nodes, shared objects, and the scenario's settings.

use super::nodes::{NodeEntry, NodeIds, NodeRegistry, NodeTable, UNKNOWN};
use super::shared_objects::{Definitions, Shareable, SharedTables};
use crate::node::{NodeKey, NodeSettings, Peer};
use crate::scp::{NodeId, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most values that are interned while reading.
const VALUES_MAX: usize = 1_024;

/// What is wrong with a line, and what should have been there.
pub(super) type Problem = (String, &'static str);

/// Context of one line being written.
pub(super) struct Encode<'a, 's> {
    nodes: &'a NodeTable,
    settings: Option<&'a NodeSettings>,
    shared: Option<&'s mut SharedTables>,
    out: &'s mut Vec<u8>,
}

impl<'a, 's> Encode<'a, 's> {
    /// Without `shared`, every object is written where it is used.
    pub(super) fn new(
        nodes: &'a NodeTable,
        settings: Option<&'a NodeSettings>,
        shared: Option<&'s mut SharedTables>,
        out: &'s mut Vec<u8>,
    ) -> Encode<'a, 's> {
        Encode {
            nodes,
            settings,
            shared,
            out,
        }
    }

    pub(super) fn node(&self, node: NodeId) -> Option<&'a NodeEntry> {
        self.nodes.get(node)
    }

    pub(super) fn node_by_key(&self, key: &NodeKey) -> Option<&'a NodeEntry> {
        self.nodes.by_public_key(key)
    }

    /// Whether these are the settings of the scenario.
    pub(super) fn are_default(&self, settings: &NodeSettings) -> bool {
        self.settings == Some(settings)
    }

    /// The number of a shared object. If it has none yet, its definition is written first. `None` if objects are not
    /// shared in this stream.
    pub(super) fn share<T: Shareable + ?Sized, F: Serialize>(
        &mut self,
        object: &Arc<T>,
        form: impl FnOnce(&mut Self) -> F,
    ) -> Option<u64> {
        let known = T::table(self.shared.as_deref_mut()?).find(object);
        if known.is_some() {
            return known;
        }
        let form = form(self);
        self.define(T::KIND, &form);
        Some(T::table(self.shared.as_deref_mut()?).insert(object))
    }

    fn define(&mut self, kind: &str, form: &impl Serialize) {
        self.out.extend_from_slice(b"{\"");
        self.out.extend_from_slice(kind.as_bytes());
        self.out.extend_from_slice(b"\":");
        write_json(self.out, form);
        self.out.extend_from_slice(b"}\n");
    }

    /// Writes a whole line.
    pub(super) fn line(self, form: &impl Serialize) {
        write_json(self.out, form);
        self.out.push(b'\n');
    }
}

/// Writes a form as JSON. Forms consist of text, numbers and lists, so writing them to memory cannot fail.
pub(super) fn write_json(out: &mut Vec<u8>, form: &impl Serialize) {
    let written = serde_json::to_writer(out, form);
    debug_assert!(written.is_ok(), "{written:?}");
}

/// Context of one line being read.
pub(super) struct Decode<'d> {
    pub(super) registry: &'d mut NodeRegistry,
    pub(super) ids: &'d mut NodeIds,
    pub(super) definitions: &'d Definitions,
    pub(super) values: &'d mut Values,
    pub(super) settings: Option<&'d Arc<NodeSettings>>,
    pub(super) numbering: Numbering,
}

/// The scope of node numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Numbering {
    /// One trace. Nodes that it never introduces keep their numbers.
    #[default]
    Own,
    /// A registry that several traces share. The number of a node that was never introduced has no meaning there.
    Common,
}

impl Decode<'_> {
    /// The same context, with these settings for nodes without separate settings.
    pub(super) fn with_settings<'b>(&'b mut self, settings: &'b Arc<NodeSettings>) -> Decode<'b> {
        Decode {
            registry: self.registry,
            ids: self.ids,
            definitions: self.definitions,
            values: self.values,
            settings: Some(settings),
            numbering: self.numbering,
        }
    }

    /// The number of the node with this id.
    pub(super) fn node(&self, id: &str) -> Result<NodeId, Problem> {
        if let Some(known) = self.ids.get(id) {
            return Ok(known);
        }
        let number = id.strip_prefix(UNKNOWN).and_then(|rest| rest.parse().ok());
        let number = number.filter(|_| self.numbering == Numbering::Own);
        number.map(NodeId).ok_or_else(|| {
            let problem = format!("no line before introduces the node {id:?}");
            (problem, "a `node` line before the first use of its id")
        })
    }

    /// The node with this id.
    pub(super) fn peer(&self, id: &str) -> Result<&Peer, Problem> {
        let node = self.node(id)?;
        self.registry.peers().get(node.index()).ok_or_else(|| {
            let problem = format!("no line before introduces the node {id:?}");
            (problem, "a `node` line before the first use of its id")
        })
    }

    /// The public key of the node with this id.
    pub(super) fn public_key(&self, id: &str) -> Option<NodeKey> {
        let peer = self.registry.peers().get(self.ids.get(id)?.index())?;
        Some(NodeKey::of(&peer.key))
    }

    /// The shared object with this number.
    pub(super) fn defined<T: Shareable + ?Sized>(&self, number: u64) -> Result<Arc<T>, Problem> {
        let objects = T::defined(self.definitions);
        let found = usize::try_from(number).ok().and_then(|at| objects.get(at));
        found.map(Arc::clone).ok_or_else(|| {
            let problem = format!("no line before defines {} number {number}", T::KIND);
            (problem, "a definition before the first use of its number")
        })
    }
}

/// Interned values: equal values read recently share their memory.
#[derive(Debug, Default)]
pub(super) struct Values {
    by_text: BTreeMap<Box<str>, Value>,
}

impl Values {
    pub(super) fn intern<E>(
        &mut self,
        text: &str,
        parse: impl FnOnce(&str) -> Result<Value, E>,
    ) -> Result<Value, E> {
        if let Some(known) = self.by_text.get(text) {
            return Ok(known.clone());
        }
        let value = parse(text)?;
        if self.by_text.len() >= VALUES_MAX {
            self.by_text.clear();
        }
        self.by_text.insert(text.into(), value.clone());
        Ok(value)
    }
}
