//! `Transport`: transmissions between nodes. The medium decides the outcome of each transmission, which is then
//! numbered, recorded and queued.
//!
//! `engine` handles arrivals, and `file_transfers` sends the chunks of files.

use super::queue::{EventKey, EventPayload, FlightInfo, LogicalTime, Queue, ScheduledEvent};
use crate::net::{LossReason, Medium, MediumSpec, PayloadKind, Position, Verdict};
use crate::node::{Bundle, Message, MessageId, MessageKind, Recipient};
use crate::rng::Streams;
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::{FlightId, Record};

/// A transmission before the medium has decided its outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transmission {
    pub(super) from: NodeId,
    pub(super) at: LogicalTime,
    pub(super) kind: MessageKind,
    pub(super) message: Option<MessageId>,
    pub(super) is_housekeeping: bool,
}

impl Transmission {
    /// A message that a node sends.
    pub(super) fn of_message(from: NodeId, at: LogicalTime, message: &Message) -> Transmission {
        Transmission {
            from,
            at,
            kind: message.kind(),
            message: Some(message.id),
            is_housekeeping: message.housekeeping,
        }
    }

    /// A bundle that a node relays: one transmission, whatever it contains.
    pub(super) fn of_bundle(from: NodeId, at: LogicalTime, bundle: &Bundle) -> Transmission {
        Transmission {
            from,
            at,
            kind: bundle.kind(),
            message: None,
            is_housekeeping: bundle.is_housekeeping(),
        }
    }
}

/// The medium, and everything in flight.
pub(super) struct Transport {
    streams: Streams,
    medium: Medium,
    queue: Queue,
    latency_min: Span,
    flights: u64,
    local_events: u64,
    /// Records of transmissions; they follow the record of the step that caused them.
    records: Vec<Record>,
    /// Reused by every broadcast.
    verdicts: Vec<(NodeId, u32, Verdict)>,
}

impl Transport {
    pub(super) fn new(streams: Streams, spec: &MediumSpec) -> Transport {
        let medium = Medium::new(spec);
        let latency_min = medium.latency_min();
        Transport {
            streams,
            medium,
            queue: Queue::new(latency_min),
            latency_min,
            flights: 0,
            local_events: 0,
            records: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    pub(super) fn streams(&self) -> Streams {
        self.streams
    }

    /// The shortest delay of any transmission.
    pub(super) fn latency_min(&self) -> Span {
        self.latency_min
    }

    /// The longest time that a request to `to` and the answer take.
    pub(super) fn round_trip_max(&self, from: NodeId, to: NodeId) -> Span {
        self.medium.latency_max(from, to) + self.medium.latency_max(to, from)
    }

    /// Whether both nodes can send to each other.
    pub(super) fn connects(&self, one: NodeId, other: NodeId) -> bool {
        self.medium.reaches(one, other) && self.medium.reaches(other, one)
    }

    pub(super) fn add(&mut self, position: Position) -> NodeId {
        self.medium.add(position)
    }

    pub(super) fn remove(&mut self, id: NodeId) {
        self.medium.remove(id);
    }

    pub(super) fn move_to(&mut self, id: NodeId, to: Position) {
        self.medium.move_to(id, to);
    }

    pub(super) fn silence(&mut self, id: NodeId) {
        self.medium.silence(id);
    }

    pub(super) fn unsilence(&mut self, id: NodeId) {
        self.medium.unsilence(id);
    }

    pub(super) fn partition(&mut self, groups: &[Vec<NodeId>]) {
        self.medium.partition(groups);
    }

    pub(super) fn heal(&mut self) {
        self.medium.heal();
    }

    /// Sends to one node, to all neighbours, or to all but one.
    pub(super) fn transmit(
        &mut self,
        transmission: &Transmission,
        to: Recipient,
        payload: impl Fn(FlightInfo) -> EventPayload,
    ) {
        match to {
            Recipient::Node(to) => {
                self.send(transmission, PayloadKind::Message, to, payload);
            }
            Recipient::Neighbours => self.broadcast(transmission, None, payload),
            Recipient::NeighboursExcept(except) => {
                self.broadcast(transmission, Some(except), payload);
            }
        }
    }

    /// Sends to one node. Returns the flight.
    pub(super) fn send(
        &mut self,
        transmission: &Transmission,
        kind: PayloadKind,
        to: NodeId,
        payload: impl FnOnce(FlightInfo) -> EventPayload,
    ) -> FlightId {
        let (nth, verdict) = self.medium.send(self.streams, kind, transmission.from, to);
        self.start(transmission, to, nth, verdict, payload)
    }

    fn broadcast(
        &mut self,
        transmission: &Transmission,
        except: Option<NodeId>,
        payload: impl Fn(FlightInfo) -> EventPayload,
    ) {
        let mut verdicts = std::mem::take(&mut self.verdicts);
        self.medium
            .broadcast(self.streams, transmission.from, except, &mut verdicts);
        for (to, nth, verdict) in verdicts.drain(..) {
            self.start(transmission, to, nth, verdict, &payload);
        }
        self.verdicts = verdicts;
    }

    fn start(
        &mut self,
        transmission: &Transmission,
        to: NodeId,
        nth: u32,
        verdict: Verdict,
        payload: impl FnOnce(FlightInfo) -> EventPayload,
    ) -> FlightId {
        let Transmission {
            from,
            at,
            kind,
            message,
            is_housekeeping,
        } = *transmission;
        let flight = FlightId(self.flights);
        self.flights += 1;
        let info = FlightInfo {
            flight,
            kind,
            is_housekeeping,
        };
        match verdict {
            Verdict::Lost(why) => self.records.push(lost(at.time, info, from, to, why)),
            Verdict::Deliver { after } => {
                let arrival = at.after(after);
                self.records.push(Record::Sent {
                    at: at.time,
                    arrives_at: arrival.time,
                    flight,
                    from,
                    to,
                    kind,
                    message,
                    housekeeping: is_housekeeping,
                });
                let key = EventKey {
                    at: arrival,
                    receiver: to,
                    sender: from,
                    nth: u64::from(nth),
                };
                let payload = payload(info);
                self.queue.push(ScheduledEvent { key, payload });
            }
        }
        flight
    }

    /// Queues an event that does not come from another node.
    pub(super) fn schedule_local(&mut self, node: NodeId, at: LogicalTime, payload: EventPayload) {
        let nth = self.local_events;
        self.local_events += 1;
        let key = EventKey {
            at,
            receiver: node,
            sender: node,
            nth,
        };
        self.queue.push(ScheduledEvent { key, payload });
    }

    /// Adds a record after those of the transmissions so far.
    pub(super) fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Moves the records of transmissions to `out`.
    pub(super) fn take_records(&mut self, out: &mut Vec<Record>) {
        out.append(&mut self.records);
    }

    /// Why a transmission does not arrive; `None` if it does. The network may have changed since it was sent.
    pub(super) fn loss_reason_on_arrival(&self, key: &EventKey) -> Option<LossReason> {
        self.medium.loss_reason_on_arrival(key.sender, key.receiver)
    }

    /// When the next event arrives.
    pub(super) fn next_at(&self) -> Option<LogicalTime> {
        self.queue.first()
    }

    /// Takes events before `limit`, about `count_max` at most. Returns the limit before which all were taken.
    pub(super) fn take_before(
        &mut self,
        limit: LogicalTime,
        count_max: usize,
        out: &mut Vec<ScheduledEvent>,
    ) -> LogicalTime {
        self.queue.take_before(limit, count_max, out)
    }

    /// Whether only housekeeping is in flight.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }
}

/// The record of a lost transmission.
pub(super) fn lost(
    at: Time,
    info: FlightInfo,
    from: NodeId,
    to: NodeId,
    why: LossReason,
) -> Record {
    Record::Lost {
        at,
        flight: info.flight,
        from,
        to,
        kind: info.kind,
        housekeeping: info.is_housekeeping,
        why,
    }
}
