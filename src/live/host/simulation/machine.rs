//! One machine: disk, clock and files, and the host that runs on it. The disk outlives the process.

use super::dice::Dice;
use super::network::{Outbound, OutboundQueue, SimulatedNetwork};
use super::peer_queue::PeerQueue;
use crate::live::clock::{Clock, TimeSource};
use crate::live::command::HostCommand;
use crate::live::config::LiveConfig;
use crate::live::fetch::FetchEvent;
use crate::live::file_store::HeldFiles;
use crate::live::host::{Host, HostParts};
use crate::live::identity::Identity;
use crate::live::message_cache::MessageCache;
use crate::live::peer_client::PeerContext;
use crate::live::process::startup::{StoredState, scenario};
use crate::live::recorder::Recorder;
use crate::live::status::PeersView;
use crate::live::store::simulated_disk::SimulatedDisk;
use crate::live::wire::{Receipts, Signed};
use crate::node::Node;
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crossbeam_channel::{Sender, unbounded};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// Unix time of the start of a simulation, in microseconds.
const EPOCH_UNIX_US: u64 = 1_800_000_000_000_000;

/// The time of the simulation. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct VirtualTime(Arc<AtomicU64>);

impl VirtualTime {
    pub(super) fn set(&self, now: Time) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }

    /// Unix time of a correct clock, in microseconds.
    pub(super) fn unix_us(&self) -> u64 {
        EPOCH_UNIX_US + self.now().0
    }
}

/// The clock of a machine, since the start of its process.
struct MachineTime {
    time: VirtualTime,
    started: Time,
    /// How far the system clock of the machine is ahead, in microseconds.
    offset_us: Arc<AtomicI64>,
}

impl TimeSource for MachineTime {
    fn monotonic(&self) -> Time {
        Time(self.time.now().since(self.started).0)
    }

    fn unix_us(&self) -> u64 {
        let offset_us = self.offset_us.load(Ordering::Relaxed);
        self.time.unix_us().saturating_add_signed(offset_us)
    }
}

/// The hashes of the files on a machine. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct SimulatedFiles(Arc<Mutex<BTreeSet<String>>>);

impl SimulatedFiles {
    pub(super) fn add(&self, sha256: &str) {
        self.0.lock().unwrap().insert(sha256.to_owned());
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl HeldFiles for SimulatedFiles {
    fn is_held(&self, sha256: &str) -> bool {
        self.0.lock().unwrap().contains(sha256)
    }
}

/// A reply that a host still owes to a call.
pub(super) enum PendingReply {
    Receipts(oneshot::Receiver<Receipts>),
    Peers(oneshot::Receiver<(PeersView, Option<Signed>)>),
    /// The newest messages and the newest announcement of the asking node.
    Latest(oneshot::Receiver<(Vec<Signed>, Option<Signed>)>),
}

/// What a process loses when it ends.
pub(super) struct Process {
    pub(super) host: Host,
    pub(super) commands: Sender<HostCommand>,
    pub(super) context: Arc<PeerContext>,
    /// Requests to other nodes, by their number at this node.
    pub(super) queues: BTreeMap<NodeId, PeerQueue>,
    /// The replies that calls wait for, by call.
    pub(super) replies: BTreeMap<u64, PendingReply>,
    fetched: Sender<FetchEvent>,
    fetch_ends: VecDeque<FetchEvent>,
    outbound: OutboundQueue,
}

impl Process {
    /// Runs a turn without waiting. It handles waiting commands, or one fetch event if there are none.
    pub(super) fn turn(&mut self) {
        // The host takes from its two channels in any order, so only one of them may contain something.
        if self.commands.is_empty()
            && !self.host.context.outbox.is_blocked()
            && let Some(event) = self.fetch_ends.pop_front()
        {
            self.fetched.send(event).unwrap();
        }
        self.host.turn_within(Duration::ZERO);
    }

    /// Time until the host has something to do by itself.
    pub(super) fn idle_time(&self) -> Span {
        if !self.commands.is_empty()
            || (!self.fetch_ends.is_empty() && !self.host.context.outbox.is_blocked())
        {
            return Span::ZERO;
        }
        let wait = self.host.poll_timeout();
        // A wait of zero would repeat a turn at the same time indefinitely if the turn does not remove its cause.
        Span(u64::try_from(wait.as_micros()).unwrap().max(100))
    }

    pub(super) fn fetch_ended(&mut self, event: FetchEvent) {
        self.fetch_ends.push_back(event);
    }

    pub(super) fn take_outbound(&self) -> Vec<Outbound> {
        self.outbound.take()
    }
}

/// A machine.
pub(super) struct Machine {
    pub(super) config: Arc<LiveConfig>,
    pub(super) identity: Arc<Identity>,
    pub(super) files: SimulatedFiles,
    pub(super) disk: SimulatedDisk,
    pub(super) process: Option<Process>,
    /// Number of processes so far. Events for an earlier process have no effect.
    pub(super) generation: u64,
    /// The disk is busy until then, and with it the host.
    pub(super) busy_until: Time,
    /// The process does not run until then.
    pub(super) paused_until: Time,
    /// When the next turn runs.
    pub(super) turn_at: Option<Time>,
    /// Whether the machine crashes as soon as its disk fails.
    pub(super) crashes_with_disk: bool,
    offset_us: Arc<AtomicI64>,
    time: VirtualTime,
    folder: PathBuf,
}

impl Machine {
    pub(super) fn new(
        config: LiveConfig,
        identity: Identity,
        disk: SimulatedDisk,
        time: &VirtualTime,
    ) -> Machine {
        let folder = config.data.clone();
        std::fs::create_dir_all(&folder).unwrap();
        Machine {
            config: Arc::new(config),
            identity: Arc::new(identity),
            files: SimulatedFiles::default(),
            disk,
            process: None,
            generation: 0,
            busy_until: Time::ZERO,
            paused_until: Time::ZERO,
            turn_at: None,
            crashes_with_disk: false,
            offset_us: Arc::default(),
            time: time.clone(),
            folder,
        }
    }

    /// The state as a text, for the report of a failure.
    pub(super) fn describe(&self) -> String {
        let name = &self.config.name;
        let Some(process) = &self.process else {
            return format!("{name} is down");
        };
        let (runtime, directory) = (
            &process.host.context.runtime,
            &process.host.context.directory,
        );
        let view = runtime.view();
        let slots: Vec<_> = view.slots.keys().collect();
        let http = |node| directory.http(node).map(|http| http.ip());
        let known: Vec<_> = view.known.iter().map(http).collect();
        format!(
            "{name} at {}: process {}, {:?}, log {}, slots {slots:?}, pool {:?}, known {known:?}, quorum set {:?}, store {:?}",
            self.config.http.ip(),
            self.generation,
            view.readiness,
            runtime.log_index(),
            view.pool
                .keys()
                .map(|id| (id.origin.to_string()[..4].to_owned(), id.nth))
                .collect::<Vec<_>>(),
            view.quorum_set,
            process.host.context.outbox.storage_error(),
        )
    }

    /// Sets the system clock of the machine ahead by this, or back.
    pub(super) fn set_clock(&self, offset_us: i64) {
        self.offset_us.store(offset_us, Ordering::Relaxed);
    }

    /// Gives the node another address. Its next process uses it.
    pub(super) fn set_address(&mut self, http: SocketAddr) {
        let mut config = LiveConfig::clone(&self.config);
        config.http = http;
        self.config = Arc::new(config);
    }

    /// Starts a process from the disk.
    ///
    /// # Errors
    /// If the store cannot be opened.
    pub(super) fn start(&mut self) -> Result<(), String> {
        let started = self.time.now();
        let mut store = self
            .disk
            .open_store(&self.folder)
            .map_err(|why| why.to_string())?;
        let stored = StoredState::load(&self.config, &self.identity, &mut store, &self.files)
            .map_err(|why| why.to_string())?;
        let epoch = store.begin_epoch().map_err(|why| why.to_string())?;
        let clock = Clock::of(Box::new(MachineTime {
            time: self.time.clone(),
            started,
            offset_us: Arc::clone(&self.offset_us),
        }));
        let scenario = Arc::new(scenario(&self.config, &stored.node_config));
        let (commands, queue) = unbounded();
        let (fetched, fetch_events) = unbounded();
        let outbound = OutboundQueue::default();
        let context = Arc::new(PeerContext {
            network: self.config.network.clone(),
            identity: Arc::clone(&self.identity),
            message_cache: Arc::new(MessageCache::default()),
            known_keys: Arc::default(),
            log: Arc::default(),
            inbound_counters: Arc::default(),
            host: commands.clone(),
            stop: Arc::default(),
        });
        let mut host = Host::new(HostParts {
            epoch,
            recorder: Recorder::new(Arc::clone(&stored.node_config), scenario, &clock, None),
            node: Node::new(stored.node_config),
            store: Box::new(store),
            network: Box::new(SimulatedNetwork::new(outbound.clone())),
            files: Box::new(self.files.clone()),
            fetched: fetch_events,
            commands: queue,
            config: Arc::clone(&self.config),
            clock,
            directory: stored.directory,
            context: Arc::clone(&context),
        });
        host.start(stored.persisted);
        self.generation += 1;
        self.process = Some(Process {
            host,
            commands,
            context,
            queues: BTreeMap::new(),
            replies: BTreeMap::new(),
            fetched,
            fetch_ends: VecDeque::new(),
            outbound,
        });
        Ok(())
    }

    /// Ends the process without warning. A power failure also loses writes that were not synchronised.
    pub(super) fn crash(&mut self, is_power_failure: bool, dice: &mut Dice) {
        self.disk = self.disk.end_process();
        self.process = None;
        self.turn_at = None;
        self.paused_until = Time::ZERO;
        self.crashes_with_disk = false;
        self.generation += 1;
        if is_power_failure {
            self.disk.lose_power(dice.bits());
        }
    }
}
