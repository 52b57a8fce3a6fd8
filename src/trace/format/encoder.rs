//! `Encoder`: converts records to lines.

use super::context::{Encode, write_json};
use super::nodes::{NodeEntry, NodeTable};
use super::record_forms::{EndLine, Header, Line, NodeLine, Provenance, line_of};
use super::serialized_form::Form;
use super::shared_objects::SharedTables;
use super::{FORMAT, VERSION};
use crate::node::{NodeSettings, Peer};
use crate::scenario::{NodeSpec, Scenario};
use crate::trace::record::Record;
use std::borrow::Cow;
use std::sync::Arc;

/// Writes the lines of one trace, or of one stream of records.
pub struct Encoder {
    nodes: NodeTable,
    planned: Vec<NodeSpec>,
    settings: Arc<NodeSettings>,
    /// `None` for a stream: each of its lines needs only the introductions of nodes, no definitions.
    shared: Option<SharedTables>,
    records: u64,
}

impl Encoder {
    /// An encoder for a trace, which defines each shared object once.
    #[must_use]
    pub fn for_trace(scenario: &Scenario) -> Encoder {
        Encoder {
            nodes: NodeTable::default(),
            planned: scenario.nodes.clone(),
            settings: Arc::clone(&scenario.settings),
            shared: Some(SharedTables::default()),
            records: 0,
        }
    }

    /// An encoder for a stream that can be joined at any time, after [`Encoder::introductions`].
    #[must_use]
    pub fn for_stream(scenario: &Scenario) -> Encoder {
        Encoder {
            shared: None,
            ..Encoder::for_trace(scenario)
        }
    }

    /// Writes the header line.
    pub(in crate::trace) fn header(out: &mut Vec<u8>, seed: u64, provenance: &Provenance) {
        let header = Header {
            format: Cow::Borrowed(FORMAT),
            version: VERSION,
            seed,
            provenance: Cow::Borrowed(provenance),
        };
        write_json(out, &header);
        out.push(b'\n');
    }

    /// Writes the scenario, after the nodes and definitions that it refers to.
    pub fn scenario(&mut self, scenario: &Scenario, out: &mut Vec<u8>) {
        for spec in &scenario.nodes {
            self.introduce(&spec.config.peer, out);
        }
        let mut cx = Encode::new(&self.nodes, Some(&self.settings), self.shared.as_mut(), out);
        let form = scenario.to_form(&mut cx);
        cx.line(&Line::Scenario(Box::new(form)));
    }

    /// Writes a record: the node that it introduces, the definitions that it needs, and its own line.
    pub fn record(&mut self, record: &Record, out: &mut Vec<u8>) {
        self.records += 1;
        match record {
            Record::NodeAdded { config, .. } => self.introduce(&config.peer, out),
            Record::NodeReferenced { peer, .. } => self.introduce(peer, out),
            _ => {}
        }
        let mut cx = Encode::new(&self.nodes, Some(&self.settings), self.shared.as_mut(), out);
        let line = line_of(record, &self.planned, &mut cx);
        cx.line(&line);
    }

    /// Writes the last line.
    pub(in crate::trace) fn end(&self, out: &mut Vec<u8>) {
        let records = self.records;
        write_json(out, &Line::End(EndLine { records }));
        out.push(b'\n');
    }

    /// The lines that introduce all nodes so far. A reader that joins a stream needs them first.
    #[must_use]
    pub fn introductions(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.nodes
            .entries()
            .for_each(|entry| introduction(entry, &mut out));
        out
    }

    /// Writes the line that introduces a node, if it is new.
    pub fn introduce(&mut self, peer: &Peer, out: &mut Vec<u8>) {
        if let Some(entry) = self.nodes.introduce(peer) {
            introduction(entry, out);
        }
    }
}

fn introduction(entry: &NodeEntry, out: &mut Vec<u8>) {
    let line = NodeLine {
        id: (&*entry.id).into(),
        key: (&*entry.key).into(),
        name: (&*entry.name).into(),
    };
    write_json(out, &Line::Node(line));
    out.push(b'\n');
}
