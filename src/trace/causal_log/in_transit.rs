//! Statements on their way: which transmission carries which statements.
//!
//! The record of a transmission names its message, except for bundles. The bundles of a step are recognised by their
//! kind: a step relays at most one bundle of progress and one of housekeeping.

use crate::node::{Body, Bundle, Message, MessageId, MessageKind};
use crate::scp::{Envelope, NodeId, SlotIndex};
use crate::time::Time;
use crate::trace::record::{FlightId, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A statement on its way to a node.
#[derive(Clone, Copy, Debug)]
pub struct CopyInTransit<'a> {
    /// The statement.
    pub envelope: &'a Arc<Envelope>,
    /// The node that transmits it: the sender itself, or a relay.
    pub via: NodeId,
    /// When it arrives.
    pub arrives_at: Time,
}

/// What a transmission carries.
#[derive(Clone, Debug)]
enum Payload {
    Statement(Arc<Envelope>),
    Bundle(Arc<Bundle>),
}

#[derive(Clone, Debug)]
struct Carried {
    via: NodeId,
    arrives_at: Time,
    payload: Payload,
}

/// The outputs of the last step, which the next records of transmissions refer to.
#[derive(Clone, Debug, Default)]
struct LastStep {
    node: Option<(NodeId, Time)>,
    messages: Vec<(MessageId, Arc<Envelope>)>,
    bundles: Vec<Arc<Bundle>>,
}

/// The transmissions that carry statements.
#[derive(Clone, Debug, Default)]
pub(super) struct InTransit {
    last_step: LastStep,
    by_receiver: BTreeMap<NodeId, BTreeMap<FlightId, Carried>>,
    arrivals: BTreeSet<(Time, FlightId, NodeId)>,
}

impl InTransit {
    /// Forgets what has arrived before `now`.
    pub(super) fn advance_to(&mut self, now: Time) {
        while let Some(&(at, flight, to)) = self.arrivals.first() {
            if at >= now {
                break;
            }
            self.arrivals.pop_first();
            self.remove(flight, to);
        }
    }

    fn remove(&mut self, flight: FlightId, to: NodeId) {
        if let Some(flights) = self.by_receiver.get_mut(&to) {
            flights.remove(&flight);
        }
    }

    pub(super) fn begin_step(&mut self, node: NodeId, at: Time) {
        self.last_step.node = Some((node, at));
        self.last_step.messages.clear();
        self.last_step.bundles.clear();
    }

    pub(super) fn send(&mut self, message: &Message) {
        if let Body::Scp { envelope, .. } = &message.body {
            let sent = (message.id, Arc::clone(envelope));
            self.last_step.messages.push(sent);
        }
    }

    pub(super) fn relay(&mut self, bundle: &Arc<Bundle>) {
        self.last_step.bundles.push(Arc::clone(bundle));
    }

    pub(super) fn apply(&mut self, record: &Record) {
        match *record {
            Record::Sent {
                at,
                arrives_at,
                flight,
                from,
                to,
                kind,
                message,
                housekeeping,
            } => {
                let payload = match message {
                    Some(id) => self.message(id),
                    None => self.bundle((from, at), kind, housekeeping),
                };
                if let Some(payload) = payload {
                    let carried = Carried {
                        via: from,
                        arrives_at,
                        payload,
                    };
                    self.arrivals.insert((arrives_at, flight, to));
                    let flights = self.by_receiver.entry(to).or_default();
                    flights.insert(flight, carried);
                }
            }
            Record::Lost { flight, to, .. } => self.remove(flight, to),
            _ => {}
        }
    }

    fn message(&self, id: MessageId) -> Option<Payload> {
        let mut sent = self.last_step.messages.iter();
        let (_, envelope) = sent.find(|(sent, _)| *sent == id)?;
        Some(Payload::Statement(Arc::clone(envelope)))
    }

    fn bundle(
        &self,
        step: (NodeId, Time),
        kind: MessageKind,
        housekeeping: bool,
    ) -> Option<Payload> {
        let is_it = |bundle: &&Arc<Bundle>| {
            bundle.kind() == kind && bundle.is_housekeeping() == housekeeping
        };
        let is_statement = matches!(
            kind,
            MessageKind::Vote | MessageKind::Accept | MessageKind::Externalize
        );
        if self.last_step.node != Some(step) || !is_statement {
            return None;
        }
        let bundle = self.last_step.bundles.iter().find(is_it)?;
        Some(Payload::Bundle(Arc::clone(bundle)))
    }

    pub(super) fn to(
        &self,
        slot: SlotIndex,
        to: NodeId,
    ) -> impl Iterator<Item = CopyInTransit<'_>> {
        let flights = self.by_receiver.get(&to).into_iter().flatten();
        flights.flat_map(move |(_, carried)| carried.copies(slot))
    }

    pub(super) fn all(&self, slot: SlotIndex) -> impl Iterator<Item = CopyInTransit<'_>> {
        let flights = self.by_receiver.values().flatten();
        flights.flat_map(move |(_, carried)| carried.copies(slot))
    }
}

impl Carried {
    fn copies(&self, slot: SlotIndex) -> impl Iterator<Item = CopyInTransit<'_>> {
        let (one, bundle) = match &self.payload {
            Payload::Statement(envelope) => (Some(envelope), None),
            Payload::Bundle(bundle) => (None, Some(bundle)),
        };
        let bundled = bundle.into_iter().flat_map(|bundle| &bundle.messages);
        let bundled = bundled.filter_map(|message| match &message.body {
            Body::Scp { envelope, .. } => Some(envelope),
            _ => None,
        });
        let envelopes = one.into_iter().chain(bundled);
        envelopes
            .filter(move |envelope| envelope.slot == slot)
            .map(|envelope| CopyInTransit {
                envelope,
                via: self.via,
                arrives_at: self.arrives_at,
            })
    }
}
