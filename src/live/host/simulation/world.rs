//! The world of a simulation: machines, links and the queue of events, in the order of their time.

use super::byzantine::ByzantineNode;
use super::clients::Clients;
use super::dice::Dice;
use super::machine::{Machine, VirtualTime};
use super::network::Links;
use super::observer::Observer;
use super::peer_queue::CallContent;
use super::setup::Setup;
use crate::live::store::simulated_disk::SimulatedDisk;
use crate::live::wire::{HexBytes, LogHead, OwnMessages, Receipts, Signed, VerifiedMessage};
use crate::node::{FileInfo, NodeKey};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Most verified messages that are kept, so that a message to many nodes is verified once.
const VERIFIED_MAX: usize = 4096;

/// How a call ends.
#[derive(Clone)]
pub(super) enum CallResult {
    /// There is no answer.
    Lost(&'static str),
    Receipts(Receipts),
    Peers(LogHead, Option<Signed>),
    FileChecked(Result<(), String>),
    /// The receiver wants none of the offered messages.
    NothingWanted,
}

/// A call between two machines.
pub(super) struct Call {
    pub(super) from: usize,
    /// Generation of the process that calls.
    pub(super) generation: u64,
    /// Number of the called node at the calling one.
    pub(super) node: NodeId,
    pub(super) to: usize,
    pub(super) content: CallContent,
}

/// The check whether a node answers at an address.
pub(super) struct Proof {
    pub(super) from: usize,
    pub(super) generation: u64,
    pub(super) key: NodeKey,
    pub(super) http: SocketAddr,
}

/// The end of a fault that lasts for a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Repair {
    Partition,
    Loss,
    Latency,
    Disk(usize),
    Speed(usize),
    Clock(usize),
    Fetches,
}

/// Something that happens at a certain time.
pub(super) enum Event {
    Turn(usize),
    /// The last turn is durable: what the host has sent leaves the machine.
    Flush(usize, u64),
    Start(usize, u64),
    /// A datagram from this address arrives.
    Datagram(usize, IpAddr, Arc<[u8]>),
    /// The check of an address arrives there.
    ProofArrives(u64),
    ProofEnds(u64, Result<OwnMessages, String>),
    /// Messages arrive outside of a call of a correct node.
    Messages(usize, Vec<Signed>),
    CallArrives(u64),
    CallEnds(u64, CallResult),
    OfferAgain(usize, u64, NodeId),
    FetchEnds(usize, u64, FileInfo, Vec<String>),
    ClientActs,
    /// A client proposes a note that has to be accepted.
    LastProposal(usize),
    ByzantineActs,
    Fault,
    Repair(Repair),
}

/// The state of a simulation.
pub(super) struct World {
    pub(super) now: Time,
    pub(super) setup: Setup,
    pub(super) machines: Vec<Machine>,
    pub(super) links: Links,
    pub(super) calls: BTreeMap<u64, Call>,
    pub(super) proofs: BTreeMap<u64, Proof>,
    pub(super) calls_made: u64,
    pub(super) observer: Observer,
    pub(super) clients: Clients,
    pub(super) byzantine: Option<ByzantineNode>,
    pub(super) dice: Dice,
    /// Whether fetches fail.
    pub(super) fetches_fail: bool,
    /// The longest commit of each machine, in milliseconds.
    pub(super) commit_max_ms: Vec<u64>,
    /// A copy of the disk to which the faulty node is set back.
    pub(super) old_disk: Option<SimulatedDisk>,
    /// Whether the faulty node has been set back, or a second process uses its key.
    pub(super) is_faulty_node_used: bool,
    time: VirtualTime,
    queue: BTreeMap<(Time, u64), Event>,
    events: u64,
    verified: BTreeMap<[u8; 64], VerifiedMessage>,
}

impl World {
    pub(super) fn new(setup: Setup) -> World {
        let time = VirtualTime::default();
        let machines = setup.machines(&time);
        let count = machines.len();
        World {
            now: Time::ZERO,
            links: Links::new(count + 1, setup.dice(1)),
            dice: setup.dice(2),
            clients: Clients::new(setup.dice(3)),
            byzantine: setup.byzantine(),
            observer: Observer::new(count),
            commit_max_ms: vec![0; count],
            calls: BTreeMap::new(),
            proofs: BTreeMap::new(),
            calls_made: 0,
            fetches_fail: false,
            old_disk: None,
            is_faulty_node_used: false,
            machines,
            setup,
            time,
            queue: BTreeMap::new(),
            events: 0,
            verified: BTreeMap::new(),
        }
    }

    /// Adds an event.
    pub(super) fn after(&mut self, span: Span, event: Event) {
        self.events += 1;
        self.queue.insert((self.now + span, self.events), event);
    }

    /// Removes and returns the next event until `end`, and sets the time to it.
    pub(super) fn next_event(&mut self, end: Time) -> Option<Event> {
        let (&(at, _), _) = self.queue.first_key_value()?;
        if at > end {
            return None;
        }
        self.advance_to(at);
        self.observer.report.events += 1;
        self.queue.pop_first().map(|(_, event)| event)
    }

    /// Sets the time to `now`, before all events that remain.
    pub(super) fn advance_to(&mut self, now: Time) {
        self.now = now;
        self.time.set(now);
    }

    /// Unix time of a correct clock, in microseconds.
    pub(super) fn unix_us(&self) -> u64 {
        self.time.unix_us()
    }

    /// The machine with this address. Byzantine nodes and strangers do not answer calls.
    pub(super) fn machine_at(&self, http: SocketAddr) -> Option<usize> {
        let mut addresses = self.machines.iter().map(|machine| machine.config.http);
        addresses.position(|address| address == http)
    }

    /// Runs a turn of a machine after `span`, or earlier if one is due earlier.
    pub(super) fn wake(&mut self, at: usize, span: Span) {
        let machine = &mut self.machines[at];
        let due = (self.now + span).max(machine.busy_until);
        if machine.process.is_some() && machine.turn_at.is_none_or(|turn_at| due < turn_at) {
            machine.turn_at = Some(due);
            self.after(due.since(self.now), Event::Turn(at));
        }
    }

    /// The message, if its signature is valid.
    pub(super) fn verify(&mut self, signed: &Signed) -> Option<VerifiedMessage> {
        let HexBytes(signature) = signed.signature;
        let known = self.verified.get(&signature);
        if let Some(verified) = known.filter(|known| known.signed == *signed) {
            return Some(verified.clone());
        }
        let network = &self.machines.first()?.config.network;
        let verified = VerifiedMessage::open(signed.clone(), network).ok()?;
        if self.verified.len() >= VERIFIED_MAX {
            self.verified.clear();
        }
        self.verified.insert(signature, verified.clone());
        Some(verified)
    }
}
