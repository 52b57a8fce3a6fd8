//! The simulated network: what hosts send, and which transmissions arrive, and when.

use super::dice::Dice;
use crate::live::host::HostNetwork;
use crate::live::peer_client::PeerRequest;
use crate::node::{FileInfo, NodeKey};
use crate::scp::NodeId;
use crate::time::Span;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// Something that a host has sent.
pub(super) enum Outbound {
    Request(NodeId, SocketAddr, PeerRequest),
    Disconnect(NodeId),
    Datagram(Vec<u8>),
    /// The check whether the node with this key answers there.
    Prove(NodeKey, SocketAddr),
    Fetch(FileInfo, Vec<String>),
}

/// What a host has sent in its last turns. Clones share one queue.
#[derive(Clone, Default)]
pub(super) struct OutboundQueue(Arc<Mutex<Vec<Outbound>>>);

impl OutboundQueue {
    fn push(&self, one: Outbound) {
        self.0.lock().unwrap().push(one);
    }

    pub(super) fn take(&self) -> Vec<Outbound> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The network of one host.
pub(super) struct SimulatedNetwork(OutboundQueue);

impl SimulatedNetwork {
    pub(super) fn new(queue: OutboundQueue) -> SimulatedNetwork {
        SimulatedNetwork(queue)
    }
}

impl HostNetwork for SimulatedNetwork {
    fn send(&mut self, node: NodeId, http: SocketAddr, request: PeerRequest) -> bool {
        self.0.push(Outbound::Request(node, http, request));
        true
    }

    fn disconnect(&mut self, node: NodeId) {
        self.0.push(Outbound::Disconnect(node));
    }

    fn broadcast(&mut self, packet: &[u8]) -> io::Result<()> {
        self.0.push(Outbound::Datagram(packet.to_vec()));
        Ok(())
    }

    fn prove(&mut self, key: NodeKey, http: SocketAddr) -> bool {
        self.0.push(Outbound::Prove(key, http));
        true
    }

    fn fetch(&mut self, file: FileInfo, holders: Vec<String>) {
        self.0.push(Outbound::Fetch(file, holders));
    }
}

/// The state of the links between machines.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// The part of the network in which each machine is. Machines in different parts do not reach each other.
    parts: Vec<usize>,
    /// Transmissions of 1,000 that are lost.
    pub(super) loss_per_mille: u32,
    /// The longest transit time, in milliseconds.
    pub(super) latency_max_ms: u64,
    dice: Dice,
}

impl Links {
    /// Links without faults.
    pub(super) fn new(machines: usize, dice: Dice) -> Links {
        let mut links = Links {
            parts: vec![0; machines],
            loss_per_mille: 0,
            latency_max_ms: 0,
            dice,
        };
        links.repair();
        links
    }

    /// Ends all faults.
    pub(super) fn repair(&mut self) {
        self.parts.fill(0);
        self.loss_per_mille = 0;
        self.latency_max_ms = 20;
    }

    /// Divides the machines into two parts.
    pub(super) fn divide(&mut self, dice: &mut Dice) {
        for part in &mut self.parts {
            *part = dice.below(2);
        }
    }

    pub(super) fn unite(&mut self) {
        self.parts.fill(0);
    }

    fn part(&self, machine: usize) -> usize {
        self.parts.get(machine).copied().unwrap_or(0)
    }

    /// The transit time of a transmission; `None` if it is lost.
    pub(super) fn transit(&mut self, from: usize, to: usize) -> Option<Span> {
        let is_lost = self.dice.chance(self.loss_per_mille);
        let transit = self.dice.span_ms(1, self.latency_max_ms.max(2));
        (!is_lost && self.part(from) == self.part(to)).then_some(transit)
    }
}
