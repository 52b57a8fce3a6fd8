//! How messages and announcements set out: the medium is asked, the flight is numbered, recorded and queued.
//!
//! Absent here: arrivals, and chunks of files (`files`).

use super::engine::Simulation;
use super::queue::{EventKey, EventPayload, FlightInfo, LogicalTime, ScheduledEvent};
use crate::net::{LossReason, TrafficClass, Verdict};
use crate::node::{
    Announcement, AnnouncementKind, Bundle, Message, MessageId, MessageKind, Recipient,
};
use crate::run::BatchKind;
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::{FlightId, Record};
use std::sync::Arc;

/// What is about to fly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transmission {
    pub(super) from: NodeId,
    pub(super) moment: LogicalTime,
    pub(super) kind: MessageKind,
    pub(super) message: Option<MessageId>,
    pub(super) is_housekeeping: bool,
}

impl Simulation {
    /// A node sends a message.
    pub(super) fn send(
        &mut self,
        from: NodeId,
        moment: LogicalTime,
        to: Recipient,
        message: &Arc<Message>,
    ) {
        let transmission = Transmission {
            from,
            moment,
            kind: message.kind(),
            message: Some(message.id),
            is_housekeeping: message.housekeeping,
        };
        let payload = |tag| EventPayload::Message(tag, Arc::clone(message));
        self.transmit(&transmission, to, payload);
    }

    /// A node passes on what it has heard: one transmission, however much is in it.
    pub(super) fn relay(
        &mut self,
        from: NodeId,
        moment: LogicalTime,
        to: Recipient,
        bundle: &Arc<Bundle>,
    ) {
        let transmission = Transmission {
            from,
            moment,
            kind: bundle.kind(),
            message: None,
            is_housekeeping: bundle.is_housekeeping(),
        };
        let payload = |tag| EventPayload::Bundle(tag, Arc::clone(bundle));
        self.transmit(&transmission, to, payload);
    }

    fn transmit(
        &mut self,
        transmission: &Transmission,
        to: Recipient,
        payload: impl Fn(FlightInfo) -> EventPayload,
    ) {
        match to {
            Recipient::Node(to) => {
                let from = transmission.from;
                let (nth, verdict) =
                    self.medium
                        .send(self.streams, TrafficClass::Message, from, to);
                self.start_transmission(transmission, to, nth, verdict, payload);
            }
            Recipient::Neighbours => self.broadcast(transmission, None, payload),
            Recipient::NeighboursExcept(except) => {
                self.broadcast(transmission, Some(except), payload)
            }
        }
    }

    /// A node broadcasts an announcement. What it repeats, or passes on of another's repetition, is housekeeping; the
    /// first that it says of itself never is, even if a repeated beacon made it speak.
    pub(super) fn announce(
        &mut self,
        from: NodeId,
        moment: LogicalTime,
        announcement: &Arc<Announcement>,
        cause: BatchKind,
    ) {
        let is_first = self.nodes.get_mut(from.index()).is_some_and(|handle| {
            let is_own =
                announcement.peer.id == from && announcement.kind != AnnouncementKind::Beacon;
            let is_first = is_own && announcement.nth > handle.announced;
            if is_first {
                handle.announced = announcement.nth;
            }
            is_first
        });
        let transmission = Transmission {
            from,
            moment,
            kind: MessageKind::Announce,
            message: None,
            is_housekeeping: cause == BatchKind::Housekeeping && !is_first,
        };
        let payload = |tag| EventPayload::Announcement(tag, Arc::clone(announcement));
        self.broadcast(&transmission, None, payload);
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
            self.start_transmission(transmission, to, nth, verdict, &payload);
        }
        self.verdicts = verdicts;
    }

    /// One transmission sets out: numbered, recorded, and queued unless it is lost. Records go to the outbox, because
    /// they follow that of the step that caused them. Returns the flight.
    pub(super) fn start_transmission(
        &mut self,
        transmission: &Transmission,
        to: NodeId,
        nth: u32,
        verdict: Verdict,
        payload: impl FnOnce(FlightInfo) -> EventPayload,
    ) -> FlightId {
        let Transmission {
            from,
            moment,
            kind,
            message,
            is_housekeeping,
        } = *transmission;
        let flight = FlightId(self.flights);
        self.flights += 1;
        let tag = FlightInfo {
            flight,
            kind,
            is_housekeeping,
        };
        match verdict {
            Verdict::Lost(why) => self.outbox.push(lost(moment.at, tag, from, to, why)),
            Verdict::Deliver { after } => {
                let arrival = moment.after(after);
                self.outbox.push(Record::Sent {
                    at: moment.at,
                    arrives_at: arrival.at,
                    flight,
                    from,
                    to,
                    kind,
                    message,
                    housekeeping: is_housekeeping,
                });
                let key = EventKey {
                    moment: arrival,
                    receiver: to,
                    sender: from,
                    nth: u64::from(nth),
                };
                let payload = payload(tag);
                self.queue.push(ScheduledEvent { key, payload });
            }
        }
        flight
    }

    /// Records that a transmission was lost on its way.
    pub(super) fn record_lost(
        &mut self,
        at: Time,
        tag: FlightInfo,
        from: NodeId,
        to: NodeId,
        why: LossReason,
    ) {
        self.records.push(lost(at, tag, from, to, why));
    }

    /// Queues something that a node does not get from another one.
    pub(super) fn push_local(&mut self, node: NodeId, moment: LogicalTime, payload: EventPayload) {
        let nth = self.locals;
        self.locals += 1;
        let (receiver, sender) = (node, node);
        let key = EventKey {
            moment,
            receiver,
            sender,
            nth,
        };
        self.queue.push(ScheduledEvent { key, payload });
    }
}

fn lost(at: Time, tag: FlightInfo, from: NodeId, to: NodeId, why: LossReason) -> Record {
    Record::Lost {
        at,
        flight: tag.flight,
        from,
        to,
        kind: tag.kind,
        housekeeping: tag.is_housekeeping,
        why,
    }
}
