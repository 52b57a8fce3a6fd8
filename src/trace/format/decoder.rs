//! `Decoder`: converts lines to records.

use super::context::{Decode, Numbering, Problem, Values};
use super::nodes::{NodeIds, NodeRegistry};
use super::record_forms::{Line, sort_leaders};
use super::serialized_form::Form;
use super::shared_objects::Definitions;
use crate::scenario::Scenario;
use crate::trace::record::Record;
use std::sync::Arc;

/// Reads the lines of one trace, or of one stream of records.
#[derive(Debug, Default)]
pub struct Decoder {
    ids: NodeIds,
    definitions: Definitions,
    values: Values,
    scenario: Option<Arc<Scenario>>,
    numbering: Numbering,
}

/// The content of a line.
#[derive(Debug)]
pub enum Decoded {
    /// It introduces a node or defines a shared object.
    Definition,
    /// The scenario of the run.
    Scenario(Arc<Scenario>),
    /// A record.
    Record(Box<Record>),
    /// The end of the trace, with the number of its records.
    End(u64),
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{problem}; expected {expected}")]
pub struct InvalidLine {
    /// What is wrong.
    pub problem: String,
    /// What should have been there.
    pub expected: &'static str,
}

impl From<Problem> for InvalidLine {
    fn from((problem, expected): Problem) -> InvalidLine {
        InvalidLine { problem, expected }
    }
}

impl Decoder {
    /// A decoder for one of several traces with a common registry: it refuses nodes that the trace never introduces.
    #[must_use]
    pub fn with_common_numbers() -> Decoder {
        Decoder {
            numbering: Numbering::Common,
            ..Decoder::default()
        }
    }

    /// Reads the next line, without its line feed. Nodes get the numbers of `registry`.
    ///
    /// # Errors
    /// If it is not a line of a trace, or refers to a node or an object that no line before introduces.
    pub fn line(
        &mut self,
        line: &[u8],
        registry: &mut NodeRegistry,
    ) -> Result<Decoded, InvalidLine> {
        let line: Line<'_> = serde_json::from_slice(line).map_err(|error| invalid(&error))?;
        Ok(self.decoded(line, registry)?)
    }

    fn decoded(&mut self, line: Line<'_>, registry: &mut NodeRegistry) -> Result<Decoded, Problem> {
        let scenario = self.scenario.clone();
        let mut cx = Decode {
            registry: &mut *registry,
            ids: &mut self.ids,
            definitions: &self.definitions,
            values: &mut self.values,
            settings: scenario.as_ref().map(|scenario| &scenario.settings),
            numbering: self.numbering,
        };
        let cx = &mut cx;
        let planned = scenario
            .as_ref()
            .map_or(&[][..], |scenario| &scenario.nodes);
        let mut record = match line {
            Line::Sent(form) => form.record(cx)?,
            Line::Stepped(form) => form.record(cx)?,
            Line::Lost(form) => form.record(cx)?,
            Line::Chunk(form) => form.record(cx)?,
            Line::NodeAdded(form) => form.record(planned, cx)?,
            Line::NodeReferenced(form) => form.record(cx)?,
            Line::Acted(form) => form.record(cx)?,
            Line::End(end) => return Ok(Decoded::End(end.records)),
            Line::Scenario(form) => {
                let scenario = Arc::new(Form::from_form(*form, cx)?);
                self.scenario = Some(Arc::clone(&scenario));
                return Ok(Decoded::Scenario(scenario));
            }
            Line::Node(node) => {
                let number = cx.registry.number(&node.key.0, &node.name.0);
                cx.ids.insert(&node.id.0, number);
                return Ok(Decoded::Definition);
            }
            definition => {
                self.define(definition, registry)?;
                return Ok(Decoded::Definition);
            }
        };
        sort_leaders(&mut record);
        Ok(Decoded::Record(Box::new(record)))
    }

    fn define(&mut self, line: Line<'_>, registry: &mut NodeRegistry) -> Result<(), Problem> {
        let mut cx = Decode {
            registry,
            ids: &mut self.ids,
            definitions: &self.definitions,
            values: &mut self.values,
            settings: None,
            numbering: self.numbering,
        };
        let cx = &mut cx;
        macro_rules! define {
            ($field:ident, $form:ident) => {{
                let object = Form::from_form($form, cx)?;
                self.definitions.$field.push(Arc::new(object));
            }};
        }
        match line {
            Line::QuorumSet(form) => define!(quorum_sets, form),
            Line::Announcement(form) => define!(announcements, form),
            Line::Envelope(form) => define!(envelopes, form),
            Line::Message(form) => define!(messages, form),
            Line::Bundle(form) => define!(bundles, form),
            Line::AddressBook(form) => {
                let peers: Vec<_> = Form::from_form(form, cx)?;
                self.definitions.address_books.push(peers.into());
            }
            _ => {}
        }
        Ok(())
    }
}

/// Converts a parser's error. Drops its line number, which is always 1 because the parser gets one line.
pub(in crate::trace) fn invalid(error: &serde_json::Error) -> InvalidLine {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let problem = text.strip_suffix(&place).unwrap_or(&text);
    InvalidLine {
        problem: format!("{problem} at column {}", error.column()),
        expected: "a line of a trace of version 2",
    }
}
