//! The lines of a trace.

use super::context::{Decode, Encode, Problem};
use super::node_forms::{AnnouncementForm, BundleForm, MessageForm, NodeConfigForm};
use super::plain_forms::PeerForm;
use super::scenario_forms::ScenarioForm;
use super::scp_forms::{EnvelopeForm, QuorumSetForm};
use super::serialized_form::{Form, Text};
use crate::net::{LossReason, Position};
use crate::node::{FileInfo, Input, MessageId, MessageKind, NodeConfig, NodeEvent, Output, Peer};
use crate::scenario::{Action, NodeSpec};
use crate::scp::{NodeId, ScpEvent};
use crate::time::Time;
use crate::trace::record::{FlightId, Record};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The fields of the first line that every version has.
#[derive(Deserialize)]
pub(in crate::trace) struct Probe {
    pub(in crate::trace) format: String,
    pub(in crate::trace) version: u32,
}

/// The first line.
#[derive(Serialize, Deserialize)]
pub(in crate::trace) struct Header<'a> {
    #[serde(borrow)]
    pub(in crate::trace) format: std::borrow::Cow<'a, str>,
    pub(in crate::trace) version: u32,
    pub(in crate::trace) seed: u64,
    #[serde(flatten)]
    pub(in crate::trace) provenance: std::borrow::Cow<'a, Provenance>,
}

/// Where a trace of real processes comes from. Simulated runs have none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Time zero of the trace, in microseconds since 1970-01-01T00:00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_unix_us: Option<u64>,
    /// The traces that were merged into this one, in the order of their epochs; empty if it was not merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceTrace>,
}

/// One of the traces that were merged: one incarnation of one process.
///
/// SCP breaks ties by node number, and every process numbers the nodes that it knows independently. The numbers of the
/// merged trace differ from these, so the merged trace also keeps the numbers of each process. With them, each node can
/// be replayed exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTrace {
    /// The public key of the node.
    pub key: Arc<str>,
    /// Time zero of the source trace, in the time of the merged trace.
    pub zero_at: Time,
    /// The keys of the nodes, in the order in which the process numbers them.
    pub nodes: Vec<Arc<str>>,
}

/// One line after the header.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<'a> {
    /// Introduces a node.
    Node(#[serde(borrow)] NodeLine<'a>),
    QuorumSet(#[serde(borrow)] QuorumSetForm<'a>),
    AddressBook(#[serde(borrow)] Vec<PeerForm<'a>>),
    Announcement(#[serde(borrow)] AnnouncementForm<'a>),
    Envelope(#[serde(borrow)] EnvelopeForm<'a>),
    Message(#[serde(borrow)] MessageForm<'a>),
    Bundle(#[serde(borrow)] BundleForm<'a>),
    Scenario(#[serde(borrow)] Box<ScenarioForm<'a>>),
    NodeAdded(#[serde(borrow)] NodeAddedForm<'a>),
    NodeReferenced(#[serde(borrow)] NodeReferencedForm<'a>),
    Acted(#[serde(borrow)] ActedForm<'a>),
    Stepped(#[serde(borrow)] SteppedForm<'a>),
    Sent(#[serde(borrow)] SentForm<'a>),
    Lost(#[serde(borrow)] LostForm<'a>),
    Chunk(#[serde(borrow)] ChunkForm<'a>),
    /// The last line.
    End(EndLine),
}

/// A node, and the id by which later lines refer to it.
#[derive(Serialize, Deserialize)]
pub(super) struct NodeLine<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EndLine {
    pub(super) records: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NodeAddedForm<'a> {
    at: u64,
    #[serde(borrow)]
    node: Text<'a>,
    /// Left out if the node is as in the scenario.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    spec: Option<OwnSpec<'a>>,
}

/// Configuration, position and organisation of a node that differs from the scenario.
#[derive(Serialize, Deserialize)]
struct OwnSpec<'a> {
    #[serde(borrow)]
    config: NodeConfigForm<'a>,
    position: (f64, f64),
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    organization: Option<Text<'a>>,
}

/// Records whose lines have the same fields as the record.
macro_rules! record_forms {
    ($($form:ident for $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? })*) => {
        $(
            #[derive(Serialize, Deserialize)]
            pub(super) struct $form<'a> {
                $($(#[$meta])* #[serde(borrow)] $field: <$type as Form>::As<'a>),*
            }

            impl $form<'_> {
                pub(super) fn record(self, cx: &mut Decode<'_>) -> Result<Record, Problem> {
                    Ok(Record::$name { $($field: Form::from_form(self.$field, cx)?),* })
                }
            }
        )*

        /// The line of a record. `planned` are the nodes of the scenario.
        pub(super) fn line_of<'a>(
            record: &'a Record,
            planned: &[NodeSpec],
            cx: &mut Encode<'a, '_>,
        ) -> Line<'a> {
            match record {
                $(Record::$name { $($field),* } => Line::$name($form { $($field: $field.to_form(cx)),* }),)*
                Record::NodeAdded { at, config, position, organization } => Line::NodeAdded(
                    NodeAddedForm::new(*at, config, position, organization.as_ref(), planned, cx),
                ),
            }
        }
    };
}

record_forms! {
    NodeReferencedForm for NodeReferenced { at: Time, peer: Peer, position: Position }
    ActedForm for Acted { at: Time, action: Action }
    SteppedForm for Stepped {
        at: Time,
        #[serde(default, skip_serializing_if = "is_zero")]
        generation: u32,
        node: NodeId,
        input: Input,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outputs: Vec<Output>,
    }
    SentForm for Sent {
        at: Time,
        arrives_at: Time,
        flight: FlightId,
        from: NodeId,
        to: NodeId,
        kind: MessageKind,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        #[serde(default, skip_serializing_if = "is_false")]
        housekeeping: bool,
    }
    LostForm for Lost {
        at: Time,
        flight: FlightId,
        from: NodeId,
        to: NodeId,
        kind: MessageKind,
        #[serde(default, skip_serializing_if = "is_false")]
        housekeeping: bool,
        why: LossReason,
    }
    ChunkForm for Chunk { at: Time, flight: FlightId, file: FileInfo, index: u32, of: u32 }
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl<'a> NodeAddedForm<'a> {
    fn new(
        at: Time,
        config: &'a Arc<NodeConfig>,
        position: &'a Position,
        organization: Option<&'a Arc<str>>,
        planned: &[NodeSpec],
        cx: &mut Encode<'a, '_>,
    ) -> NodeAddedForm<'a> {
        let planned = planned.get(config.peer.id.index());
        let is_planned = planned.is_some_and(|planned| {
            planned.config == *config
                && planned.position == *position
                && planned.organization.as_ref() == organization
        });
        NodeAddedForm {
            at: at.0,
            node: config.peer.id.to_form(cx),
            spec: (!is_planned).then(|| OwnSpec {
                config: config.to_form(cx),
                position: position.to_form(cx),
                organization: organization.map(|name| name.to_form(cx)),
            }),
        }
    }

    pub(super) fn record(
        self,
        planned: &[NodeSpec],
        cx: &mut Decode<'_>,
    ) -> Result<Record, Problem> {
        let at = Time(self.at);
        if let Some(own) = self.spec {
            return Ok(Record::NodeAdded {
                at,
                config: Form::from_form(own.config, cx)?,
                position: Form::from_form(own.position, cx)?,
                organization: Form::from_form(own.organization, cx)?,
            });
        }
        let node = cx.node(&self.node.0)?;
        let is_it = |spec: &&NodeSpec| spec.config.peer.id == node;
        // Node numbers are indexes into the list, unless several traces share a registry.
        let first = planned.get(node.index()).filter(is_it);
        let Some(planned) = first.or_else(|| planned.iter().find(is_it)) else {
            let problem = format!("the scenario has no node {:?}", self.node.0);
            return Err((problem, "a node of the scenario, or its configuration"));
        };
        Ok(Record::NodeAdded {
            at,
            config: Arc::clone(&planned.config),
            position: planned.position,
            organization: planned.organization.clone(),
        })
    }
}

/// Sorts leaders by the reader's node numbers, which may differ from those of the writer.
pub(super) fn sort_leaders(record: &mut Record) {
    let Record::Stepped { outputs, .. } = record else {
        return;
    };
    for output in outputs {
        if let Output::Event(NodeEvent::Scp(ScpEvent::RoundStarted { leaders, .. })) = output {
            leaders.sort_unstable();
        }
    }
}
