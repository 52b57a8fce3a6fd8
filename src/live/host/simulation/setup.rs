//! The setup of a simulation, from its seed: machines, trust, the node that may be faulty, and the kinds of faults.

use super::byzantine::ByzantineNode;
use super::dice::Dice;
use super::machine::{Machine, VirtualTime};
use crate::live::config::{LiveConfig, process_settings};
use crate::live::host::tests::config;
use crate::live::identity::Identity;
use crate::live::store::simulated_disk::SimulatedDisk;
use crate::live::wire::WireQuorumSet;
use crate::node::{NodeKey, NodeSettings, Threshold};
use std::net::SocketAddr;
use tempfile::TempDir;

/// The node that is not correct. A quorum set of two thirds tolerates one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultyNode {
    None,
    /// The last node is Byzantine.
    Byzantine,
    /// The last node is set back to an older copy of its disk.
    RolledBack,
    /// Two processes use the key of the last node.
    DuplicateKey,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Crash,
    CrashInCommit,
    DiskFull,
    SlowDisk,
    /// The process does not run for a while.
    Pause,
    /// The node starts again at another address.
    Move,
    Partition,
    Loss,
    Latency,
    Clock,
    FilesLost,
    FetchesFail,
    Flood,
    Faulty,
}

const FAULTS: [Fault; 14] = [
    Fault::Crash,
    Fault::CrashInCommit,
    Fault::DiskFull,
    Fault::SlowDisk,
    Fault::Pause,
    Fault::Move,
    Fault::Partition,
    Fault::Loss,
    Fault::Latency,
    Fault::Clock,
    Fault::FilesLost,
    Fault::FetchesFail,
    Fault::Flood,
    Fault::Faulty,
];

/// See the documentation of the module.
pub(super) struct Setup {
    pub(super) faulty: FaultyNode,
    /// The kinds of faults of this run. A subset finds more than all kinds together, which hide each other's effects.
    pub(super) faults: Vec<Fault>,
    seed: u64,
    /// Nodes of the network, a Byzantine one included.
    nodes: usize,
    is_trust_fixed: bool,
    secrets: Vec<[u8; 32]>,
    folder: TempDir,
}

impl Setup {
    pub(super) fn new(seed: u64) -> Setup {
        let mut dice = Dice::new(seed, 0);
        let nodes = 4 + dice.below(2);
        let faulty = match dice.below(10) {
            0..4 => FaultyNode::None,
            4..7 => FaultyNode::Byzantine,
            7..9 => FaultyNode::RolledBack,
            _ => FaultyNode::DuplicateKey,
        };
        let is_trust_fixed = faulty == FaultyNode::Byzantine || dice.chance(500);
        let mut faults: Vec<Fault> = FAULTS.into_iter().filter(|_| dice.chance(450)).collect();
        if faulty != FaultyNode::None {
            faults.push(Fault::Faulty);
        }
        faults.push(Fault::Crash);
        Setup {
            faulty,
            faults,
            seed,
            nodes,
            is_trust_fixed,
            secrets: (0..nodes).map(|_| dice.key()).collect(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The setup as a text, for the report of a failure.
    pub(super) fn describe(&self) -> String {
        let trust = if self.is_trust_fixed {
            "fixed"
        } else {
            "found"
        };
        let (nodes, faulty, faults) = (self.nodes, self.faulty, &self.faults);
        format!("{nodes} nodes, trust {trust}, faulty {faulty:?}, faults {faults:?}")
    }

    /// A stream of random choices.
    pub(super) fn dice(&self, stream: u64) -> Dice {
        Dice::new(self.seed, stream)
    }

    /// Number of machines with correct nodes, or with nodes that begin as correct ones.
    pub(super) fn hosts(&self) -> usize {
        match self.faulty {
            FaultyNode::Byzantine => self.nodes - 1,
            _ => self.nodes,
        }
    }

    /// All machines. The last one is that of the second process with the same key, if there is one.
    pub(super) fn machines(&self, time: &VirtualTime) -> Vec<Machine> {
        let mut machines: Vec<Machine> = (0..self.hosts())
            .map(|at| self.machine(at, at, time))
            .collect();
        if self.faulty == FaultyNode::DuplicateKey {
            machines.push(self.machine(self.nodes, self.nodes - 1, time));
        }
        machines
    }

    fn machine(&self, at: usize, identity: usize, time: &VirtualTime) -> Machine {
        let config = LiveConfig {
            name: format!("n{identity}"),
            data: self.folder.path().join(format!("m{at}")),
            http: address(at),
            broadcast: SocketAddr::from(([10, 0, 0, 255], 9)),
            is_beacon: at == 0,
            trust: self.is_trust_fixed.then(|| self.quorum_set()),
            threshold: Threshold::TwoThirds,
            settings: NodeSettings {
                min_nodes: u32::try_from(self.nodes).unwrap(),
                ..process_settings()
            }
            .into(),
            ..config(self.folder.path())
        };
        let identity = Identity::new(self.secrets[identity]);
        Machine::new(config, identity, SimulatedDisk::with_store(), time)
    }

    fn keys(&self) -> Vec<NodeKey> {
        let secrets = self.secrets.iter();
        secrets.map(|secret| Identity::new(*secret).key()).collect()
    }

    /// Two thirds of the nodes, so that one of four or five may be faulty.
    fn quorum_set(&self) -> WireQuorumSet {
        let mut validators = self.keys();
        validators.sort_unstable();
        WireQuorumSet {
            threshold: u32::try_from(self.nodes - 1).unwrap(),
            validators,
            inner: Vec::new(),
        }
    }

    pub(super) fn byzantine(&self) -> Option<ByzantineNode> {
        let at = self.nodes - 1;
        (self.faulty == FaultyNode::Byzantine).then(|| {
            let identity = Identity::new(self.secrets[at]);
            ByzantineNode::new(identity, address(at), self.quorum_set(), self.dice(4))
        })
    }
}

/// The address of a machine.
fn address(at: usize) -> SocketAddr {
    let at = u8::try_from(at + 1).unwrap();
    SocketAddr::from(([10, 0, 0, at], 8000))
}
