//! How messages and announcements set out: the medium is asked, the flight is numbered, recorded and queued.
//!
//! Absent here: arrivals, and chunks of files (`files`).

use super::batch::BatchKind;
use super::engine::Simulation;
use super::queue::{Cargo, Key, Moment, Parcel, Tag};
use crate::net::{Load, LossReason, Verdict};
use crate::node::{
    Announcement, AnnouncementKind, Bundle, Message, MessageId, MessageKind, Recipient,
};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::{FlightId, Record};
use std::sync::Arc;

/// What is about to fly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Departure {
    pub(super) from: NodeId,
    pub(super) moment: Moment,
    pub(super) kind: MessageKind,
    pub(super) message: Option<MessageId>,
    pub(super) is_housekeeping: bool,
}

impl Simulation {
    /// A node sends a message.
    pub(super) fn send(
        &mut self,
        from: NodeId,
        moment: Moment,
        to: Recipient,
        message: &Arc<Message>,
    ) {
        let departure = Departure {
            from,
            moment,
            kind: message.kind(),
            message: Some(message.id),
            is_housekeeping: message.housekeeping,
        };
        let cargo = |tag| Cargo::Message(tag, Arc::clone(message));
        self.transmit(&departure, to, cargo);
    }

    /// A node passes on what it has heard: one transmission, however much is in it.
    pub(super) fn relay(
        &mut self,
        from: NodeId,
        moment: Moment,
        to: Recipient,
        bundle: &Arc<Bundle>,
    ) {
        let departure = Departure {
            from,
            moment,
            kind: bundle.kind(),
            message: None,
            is_housekeeping: bundle.is_housekeeping(),
        };
        let cargo = |tag| Cargo::Bundle(tag, Arc::clone(bundle));
        self.transmit(&departure, to, cargo);
    }

    fn transmit(&mut self, departure: &Departure, to: Recipient, cargo: impl Fn(Tag) -> Cargo) {
        match to {
            Recipient::Node(to) => {
                let from = departure.from;
                let (nth, verdict) = self.medium.send(self.streams, Load::Message, from, to);
                self.depart(departure, to, nth, verdict, cargo);
            }
            Recipient::Neighbours => self.broadcast(departure, None, cargo),
            Recipient::NeighboursExcept(except) => self.broadcast(departure, Some(except), cargo),
        }
    }

    /// A node broadcasts an announcement. What it repeats, or passes on of another's repetition, is housekeeping; the
    /// first that it says of itself never is, even if a repeated beacon made it speak.
    pub(super) fn announce(
        &mut self,
        from: NodeId,
        moment: Moment,
        announcement: &Arc<Announcement>,
        cause: BatchKind,
    ) {
        let is_first = self.stations.get_mut(from.index()).is_some_and(|station| {
            let is_own =
                announcement.peer.id == from && announcement.kind != AnnouncementKind::Beacon;
            let is_first = is_own && announcement.nth > station.announced;
            if is_first {
                station.announced = announcement.nth;
            }
            is_first
        });
        let departure = Departure {
            from,
            moment,
            kind: MessageKind::Announce,
            message: None,
            is_housekeeping: cause == BatchKind::Housekeeping && !is_first,
        };
        let cargo = |tag| Cargo::Announcement(tag, Arc::clone(announcement));
        self.broadcast(&departure, None, cargo);
    }

    fn broadcast(
        &mut self,
        departure: &Departure,
        except: Option<NodeId>,
        cargo: impl Fn(Tag) -> Cargo,
    ) {
        let mut verdicts = std::mem::take(&mut self.verdicts);
        self.medium
            .broadcast(self.streams, departure.from, except, &mut verdicts);
        for (to, nth, verdict) in verdicts.drain(..) {
            self.depart(departure, to, nth, verdict, &cargo);
        }
        self.verdicts = verdicts;
    }

    /// One transmission sets out: numbered, recorded, and queued unless it is lost. Records go to the outbox, because
    /// they follow that of the step that caused them. Returns the flight.
    pub(super) fn depart(
        &mut self,
        departure: &Departure,
        to: NodeId,
        nth: u32,
        verdict: Verdict,
        cargo: impl FnOnce(Tag) -> Cargo,
    ) -> FlightId {
        let Departure {
            from,
            moment,
            kind,
            message,
            is_housekeeping,
        } = *departure;
        let flight = FlightId(self.flights);
        self.flights += 1;
        let tag = Tag {
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
                let key = Key {
                    moment: arrival,
                    receiver: to,
                    sender: from,
                    nth: u64::from(nth),
                };
                let cargo = cargo(tag);
                self.queue.push(Parcel { key, cargo });
            }
        }
        flight
    }

    /// Records that a transmission was lost on its way.
    pub(super) fn record_lost(
        &mut self,
        at: Time,
        tag: Tag,
        from: NodeId,
        to: NodeId,
        why: LossReason,
    ) {
        self.records.push(lost(at, tag, from, to, why));
    }

    /// Queues something that a node does not get from another one.
    pub(super) fn push_local(&mut self, node: NodeId, moment: Moment, cargo: Cargo) {
        let nth = self.locals;
        self.locals += 1;
        let (receiver, sender) = (node, node);
        let key = Key {
            moment,
            receiver,
            sender,
            nth,
        };
        self.queue.push(Parcel { key, cargo });
    }
}

fn lost(at: Time, tag: Tag, from: NodeId, to: NodeId, why: LossReason) -> Record {
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
