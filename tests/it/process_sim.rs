//! Simulated processes in virtual time. Like a real process, each one assigns its own node ids to its peers and records
//! only itself. So the simulation translates every message from the sender's node ids to the receiver's.

use super::runs::scenario;
use super::trace_lines::{node_numbers, registry, renumbered_input};
use quorumscope::net::Position;
use quorumscope::node::{
    Content, FetchError, FileInfo, Input, JoinMode, MessageId, MessageKind, Node, NodeConfig,
    NodeSettings, Output, Peer, Persisted, Recipient, TimerKind,
};
use quorumscope::scenario::{NodeSpec, Scenario};
use quorumscope::scp::NodeId;
use quorumscope::time::{Span, Time};
use quorumscope::trace::merge::ProcessTrace;
use quorumscope::trace::{FlightId, Record};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The start of the simulation, in microseconds since 1970.
pub(crate) const EPOCH_UNIX_US: u64 = 1_700_000_000_000_000;
/// The transit time of a message; every third one takes twice as long.
const TRANSIT: Span = Span::from_ms(3);
/// The position of all nodes; it has no meaning here.
const PLACE: Position = Position { x_m: 0.0, y_m: 0.0 };

enum Scheduled {
    Input(Input),
    Timer(TimerKind, u64),
}

/// A transmission. Its sender records it once it has arrived.
struct Transit {
    sender: usize,
    receiver: usize,
    sent_at: Time,
    kind: MessageKind,
    message: Option<MessageId>,
    housekeeping: bool,
}

struct SimProcess {
    name: String,
    key: String,
    config: Arc<NodeConfig>,
    node: Option<Node>,
    persisted: Option<Arc<Persisted>>,
    /// Indices of processes, by the node ids that this process uses.
    table: Vec<usize>,
    timers: BTreeMap<TimerKind, u64>,
    started_at: Time,
    records: Vec<Record>,
    flights: u64,
}

pub(crate) struct ProcessSim {
    now: Time,
    scenario: Scenario,
    processes: Vec<SimProcess>,
    queue: BTreeMap<(Time, u64), (usize, Scheduled, Option<Transit>)>,
    numbers: u64,
    recordings: Vec<ProcessTrace>,
}

impl ProcessSim {
    /// Starts `count` processes, one after the other.
    pub(crate) fn new(count: usize) -> ProcessSim {
        let text = "application = \"log\"\n[trust]\npolicy = \"found\"\nthreshold = \"2/3\"\n[random]\ncount = 1\n";
        let scenario = scenario("sim", 1, None, text);
        let mut sim = ProcessSim {
            now: Time::ZERO,
            scenario,
            processes: Vec::new(),
            queue: BTreeMap::new(),
            numbers: 0,
            recordings: Vec::new(),
        };
        (0..count).for_each(|nth| sim.build(nth));
        // The beacon starts last, when others can receive its announcement.
        for nth in (0..count).rev() {
            sim.run_until(7 * (count - 1 - nth) as u64);
            sim.start(nth);
        }
        sim
    }

    fn build(&mut self, nth: usize) {
        let config = NodeConfig::clone(&self.scenario.nodes[0].config);
        let (name, key) = (format!("v{nth}"), format!("GKEY{nth}"));
        let peer = Peer {
            id: NodeId(0),
            name: name.as_str().into(),
            key: key.as_str().into(),
        };
        let config = NodeConfig {
            peer,
            is_beacon: nth == 0,
            join_mode: JoinMode::Unknown,
            settings: Arc::new(NodeSettings {
                min_nodes: 3,
                announce: Span::from_ms(2_000),
                ..NodeSettings::clone(&config.settings)
            }),
            ..config
        };
        self.processes.push(SimProcess {
            name,
            key,
            config: Arc::new(config),
            node: None,
            persisted: None,
            table: vec![nth],
            timers: BTreeMap::new(),
            started_at: Time::ZERO,
            records: Vec::new(),
            flights: 0,
        });
    }

    /// Starts a process, with its durable state if it ran before.
    pub(crate) fn start(&mut self, nth: usize) {
        let now = self.now;
        let process = &mut self.processes[nth];
        process.node = Some(Node::new(Arc::clone(&process.config)));
        process.started_at = now;
        process.records.push(Record::NodeAdded {
            at: Time::ZERO,
            config: Arc::clone(&process.config),
            position: PLACE,
            organization: None,
        });
        for number in 1..process.table.len() {
            self.meet(nth, number);
        }
        let persisted = self.processes[nth].persisted.clone();
        self.give(nth, Input::Start(persisted));
    }

    /// Crashes a process and ends its recording.
    pub(crate) fn stop(&mut self, nth: usize) {
        let process = &mut self.processes[nth];
        process.node = None;
        process.timers.clear();
        let mut scenario = self.scenario.clone();
        scenario.nodes = vec![NodeSpec {
            config: Arc::clone(&process.config),
            position: PLACE,
            organization: None,
        }];
        self.recordings.push(ProcessTrace {
            name: format!("{}-{}.jsonl", process.name, self.recordings.len()),
            scenario: Arc::new(scenario),
            epoch_unix_us: EPOCH_UNIX_US + process.started_at.0,
            records: std::mem::take(&mut process.records),
        });
    }

    /// The recordings of all processes. Those that still run end now.
    pub(crate) fn recordings(mut self) -> Vec<ProcessTrace> {
        for nth in 0..self.processes.len() {
            if self.processes[nth].node.is_some() {
                self.stop(nth);
            }
        }
        self.recordings
    }

    pub(crate) fn propose(&mut self, nth: usize, content: Content) {
        self.give(nth, Input::Propose(content));
    }

    pub(crate) fn leave(&mut self, nth: usize) {
        self.give(nth, Input::Leave);
    }

    /// Processes the queue up to `ms` milliseconds after the start of the simulation.
    pub(crate) fn run_until(&mut self, ms: u64) {
        let until = Time::from_ms(ms);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, number), (nth, due, flight)) = entry.remove_entry();
            self.now = at;
            if let Some(flight) = flight {
                self.land(&flight);
            }
            match due {
                Scheduled::Input(input) => self.give(nth, input),
                Scheduled::Timer(kind, set)
                    if self.processes[nth].timers.get(&kind) == Some(&set) =>
                {
                    self.processes[nth].timers.remove(&kind);
                    self.give(nth, Input::Timer(kind));
                }
                Scheduled::Timer(..) => assert!(number > 0),
            }
        }
        self.now = until;
    }

    fn own_time(&self, nth: usize, at: Time) -> Time {
        Time(at.0 - self.processes[nth].started_at.0)
    }

    /// Records that a process has met a peer. A process that does not run records it at its next start.
    fn meet(&mut self, nth: usize, number: usize) {
        if self.processes[nth].node.is_none() {
            return;
        }
        let at = self.own_time(nth, self.now);
        let peer = self.peer(self.processes[nth].table[number], NodeId(number as u32));
        self.processes[nth].records.push(Record::NodeReferenced {
            at,
            peer,
            position: PLACE,
        });
    }

    /// Translates an input that `sender` causes to the node ids of `receiver`. Adds the nodes that the input names to
    /// the table of `receiver`.
    fn translated(&mut self, sender: usize, receiver: usize, input: Input) -> Input {
        let mut named = Vec::new();
        for number in node_numbers(&input) {
            let process = self.processes[sender].table[number.index()];
            self.number_at(receiver, process);
            named.push(self.peer(process, number));
        }
        let table = self.processes[receiver].table.iter().enumerate();
        let known: Vec<Peer> = table
            .map(|(number, process)| self.peer(*process, NodeId(number as u32)))
            .collect();
        renumbered_input(&self.scenario, input, &named, &mut registry(&known))
    }

    /// The id of `process` in the table of process `nth`. Adds it to the table if it is missing.
    fn number_at(&mut self, nth: usize, process: usize) -> NodeId {
        let table = &mut self.processes[nth].table;
        let known = table.iter().position(|known| *known == process);
        let number = known.unwrap_or_else(|| {
            table.push(process);
            table.len() - 1
        });
        if known.is_none() {
            self.meet(nth, number);
        }
        NodeId(number as u32)
    }

    fn peer(&self, process: usize, id: NodeId) -> Peer {
        let process = &self.processes[process];
        Peer {
            id,
            name: process.name.as_str().into(),
            key: process.key.as_str().into(),
        }
    }

    fn give(&mut self, nth: usize, input: Input) {
        let now = self.own_time(nth, self.now);
        let process = &mut self.processes[nth];
        let Some(node) = process.node.as_mut() else {
            return;
        };
        let outputs = node.step(now, input.clone());
        process.records.push(Record::Stepped {
            at: now,
            generation: 0,
            node: NodeId(0),
            input,
            outputs: outputs.clone(),
        });
        for output in outputs {
            self.carry_out(nth, output);
        }
    }

    fn carry_out(&mut self, nth: usize, output: Output) {
        match output {
            Output::Send { to, message } => {
                let (kind, name, housekeeping) = (message.kind(), message.id, message.housekeeping);
                for receiver in self.receivers(nth, to) {
                    let flight = self.flight(nth, receiver, kind, Some(name), housekeeping);
                    let from = NodeId(0);
                    self.transmit(
                        flight,
                        Input::Receive {
                            from,
                            message: Arc::clone(&message),
                        },
                    );
                }
            }
            Output::Relay { to, bundle } => {
                for receiver in self.receivers(nth, to) {
                    let flight =
                        self.flight(nth, receiver, bundle.kind(), None, bundle.is_housekeeping());
                    let from = NodeId(0);
                    self.transmit(
                        flight,
                        Input::Relayed {
                            from,
                            bundle: Arc::clone(&bundle),
                        },
                    );
                }
            }
            Output::Announce(announcement) => {
                for receiver in self.receivers(nth, Recipient::Neighbours) {
                    let flight = self.flight(nth, receiver, MessageKind::Announce, None, true);
                    let from = NodeId(0);
                    let announcement = Arc::clone(&announcement);
                    self.transmit(flight, Input::ReceiveAnnouncement { from, announcement });
                }
            }
            Output::SetTimer(kind, span) => {
                let number = self.numbers + 1;
                self.schedule(self.now + span, nth, Scheduled::Timer(kind, number), None);
                self.processes[nth].timers.insert(kind, number);
            }
            Output::CancelTimer(kind) => drop(self.processes[nth].timers.remove(&kind)),
            Output::Persist(changes) => {
                let persisted =
                    Arc::make_mut(self.processes[nth].persisted.get_or_insert_default());
                changes.iter().for_each(|change| persisted.apply(change));
            }
            Output::Fetch { file, holders } => self.fetch(nth, &file, &holders),
            Output::Event(_) => {}
        }
    }

    fn fetch(&mut self, nth: usize, file: &FileInfo, holders: &[NodeId]) {
        let result = holders.first().copied().ok_or(FetchError::Unreachable);
        let sha256 = file.sha256.clone();
        let due = Scheduled::Input(Input::Fetched { sha256, result });
        self.schedule(self.now + Span::from_ms(40), nth, due, None);
    }

    fn receivers(&self, nth: usize, to: Recipient) -> Vec<usize> {
        let table = &self.processes[nth].table;
        let all = (0..self.processes.len()).filter(|process| *process != nth);
        match to {
            Recipient::Node(node) => vec![table[node.index()]],
            Recipient::Neighbours => all.collect(),
            Recipient::NeighboursExcept(node) => all
                .filter(|process| *process != table[node.index()])
                .collect(),
        }
    }

    fn flight(
        &self,
        sender: usize,
        receiver: usize,
        kind: MessageKind,
        message: Option<MessageId>,
        housekeeping: bool,
    ) -> Transit {
        let sent_at = self.now;
        Transit {
            sender,
            receiver,
            sent_at,
            kind,
            message,
            housekeeping,
        }
    }

    fn transmit(&mut self, flight: Transit, input: Input) {
        let (sender, receiver) = (flight.sender, flight.receiver);
        let times = 1 + self.numbers % 3 / 2;
        let at = self.now + Span(TRANSIT.0 * times);
        let input = self.translated(sender, receiver, input);
        self.schedule(at, receiver, Scheduled::Input(input), Some(flight));
    }

    fn schedule(&mut self, at: Time, nth: usize, due: Scheduled, flight: Option<Transit>) {
        self.numbers += 1;
        self.queue.insert((at, self.numbers), (nth, due, flight));
    }

    /// Records a transmission at its sender, which is possible only once it has arrived.
    fn land(&mut self, flight: &Transit) {
        if self.processes[flight.sender].node.is_none() {
            return;
        }
        let to = self.number_at(flight.sender, flight.receiver);
        if flight.sent_at < self.processes[flight.sender].started_at {
            return;
        }
        let record = Record::Sent {
            at: self.own_time(flight.sender, flight.sent_at),
            arrives_at: self.own_time(flight.sender, self.now),
            flight: FlightId(self.processes[flight.sender].flights),
            from: NodeId(0),
            to,
            kind: flight.kind,
            message: flight.message,
            housekeeping: flight.housekeeping,
        };
        let sender = &mut self.processes[flight.sender];
        sender.flights += 1;
        sender.records.push(record);
    }
}
