//! Worlds for scene tests, folded from hand-written records without engine and protocol.

use quorumscope::net::{Latency, LossReason, MediumSpec, Position};
use quorumscope::node::{
    Announcement, AnnouncementKind, Application, Content, Input, JoinMode, MessageKind, NodeConfig,
    NodeEvent, NodeKey, NodeSettings, Output, Peer, Proposal, ProposalId, Relaying, SlotStart,
    Threshold, TimerKind, TrustCause, TrustPolicy, value_of,
};
use quorumscope::scenario::{Placement, Scenario};
use quorumscope::scp::{
    Ballot, BallotPhase, Evidence, NodeId, ScpEvent, SlotIndex, SlotState, Value, VotingRule,
};
use quorumscope::time::{Span, Time};
use quorumscope::trace::{FlightId, Record, World};
use std::collections::BTreeSet;
use std::sync::Arc;

const AREA_M: (f64, f64) = (1000.0, 800.0);
pub(crate) const SLOT: SlotIndex = SlotIndex(1);

/// A world under construction.
pub(crate) struct Script {
    pub(crate) world: World,
    settings: Arc<NodeSettings>,
    range_m: f64,
    flights: u64,
}

pub(crate) fn note(origin: u32, nth: u32, text: &str) -> Arc<Proposal> {
    let id = ProposalId {
        origin: NodeKey::of(&format!("G{origin}")),
        nth,
    };
    Arc::new(Proposal {
        id,
        content: Content::Note(text.to_owned()),
    })
}

pub(crate) fn log_value(proposals: &[Arc<Proposal>]) -> Value {
    value_of(&proposals.iter().map(|p| (p.id, Arc::clone(p))).collect())
}

/// A low-discrepancy sequence over the unit square (the R2 sequence): reproducible, without coinciding points.
fn scatter(n: u32) -> (f64, f64) {
    let at = f64::from(n);
    (
        (0.5 + at * 0.754_877_666_246_692_7).fract(),
        (0.5 + at * 0.569_840_290_998_053_2).fract(),
    )
}

impl Script {
    /// Nodes scattered over the area, with a radio range of `range_m` metres.
    pub(crate) fn radio(nodes: u32, range_m: f64) -> Script {
        let settings = Arc::new(NodeSettings {
            application: Application::Log,
            min_nodes: 4,
            settle: Span::from_ms(500),
            refresh: Span::from_ms(5000),
            announce: Span::from_ms(2000),
            resend: Span::from_ms(2000),
            proposal_ttl: Span::from_ms(60_000),
            forget_after: None,
            admission: None,
            relaying: Relaying::Flood,
            relay_interval: Span::ZERO,
            choice_slots: 1,
        });
        let latency = Latency {
            min: Span::from_ms(50),
            max: Span::from_ms(100),
        };
        let scenario = Scenario {
            name: "demo".into(),
            title: "Demo: a network finds itself".into(),
            description: String::new(),
            seed: 7,
            nodes: vec![],
            area_m: AREA_M,
            placement: Placement::Physical,
            medium: MediumSpec {
                latency,
                loss: 0.0,
                radio_range_m: Some(range_m),
                links: vec![],
            },
            settings: Arc::clone(&settings),
            events: vec![],
            remarks: vec![],
        };
        let world = World::new(Arc::new(scenario));
        let mut script = Script {
            world,
            settings,
            range_m,
            flights: 0,
        };
        for n in 0..nodes {
            script.add(n);
        }
        script
    }

    fn add(&mut self, n: u32) {
        let peer = Peer {
            id: NodeId(n),
            name: format!("n{n:02}").into(),
            key: format!("G{n}").into(),
        };
        let (x, y) = scatter(n);
        let position = Position {
            x_m: 50.0 + 900.0 * x,
            y_m: 50.0 + 700.0 * y,
        };
        let config = Arc::new(NodeConfig {
            peer,
            trust: TrustPolicy::InRange,
            threshold: Threshold::TwoThirds,
            is_beacon: n == 0,
            address_book: Arc::new([]),
            initial_value: None,
            held_files: vec![],
            join_mode: JoinMode::Founder,
            settings: Arc::clone(&self.settings),
        });
        let record = Record::NodeAdded {
            at: self.world.now,
            config,
            position,
            organization: None,
        };
        self.world.apply(&record);
    }

    pub(crate) fn ids(&self) -> Vec<NodeId> {
        (0..self.world.nodes.len() as u32).map(NodeId).collect()
    }

    pub(crate) fn step(&mut self, node: NodeId, outputs: Vec<Output>) {
        let record = Record::Stepped {
            at: self.world.now,
            generation: 0,
            node,
            input: Input::Start(None),
            outputs,
        };
        self.world.apply(&record);
    }

    pub(crate) fn event(&mut self, node: NodeId, event: NodeEvent) {
        self.step(node, vec![Output::Event(event)]);
    }

    pub(crate) fn neighbours(&self, node: NodeId) -> BTreeSet<NodeId> {
        let here = self.world.nodes[node.index()].position;
        let near = |other: &NodeId| {
            self.world.nodes[other.index()].position.distance_m(here) <= self.range_m
        };
        self.ids().into_iter().filter(near).collect()
    }

    /// Every node trusts all nodes in range and is ready.
    pub(crate) fn discovered(mut self) -> Script {
        for node in self.ids() {
            let trusted = Arc::new(self.neighbours(node));
            let known = trusted.len() as u32;
            self.event(
                node,
                NodeEvent::TrustChanged {
                    trusted,
                    cause: TrustCause::Discovered,
                },
            );
            self.event(node, NodeEvent::Ready { known });
        }
        self
    }

    pub(crate) fn slot(&mut self, node: NodeId, state: SlotState) {
        if self.world.nodes[node.index()].view.slots.is_empty() {
            self.event(
                node,
                NodeEvent::SlotStarted {
                    slot: SLOT,
                    start: SlotStart::Echo,
                },
            );
        }
        self.event(
            node,
            NodeEvent::Slot {
                slot: SLOT,
                state: Arc::new(state),
            },
        );
    }

    /// Nodes in all phases of slot 1, by number: idle, nominate, accept, confirm, externalized.
    pub(crate) fn mid_vote(mut self, values: &[Value]) -> Script {
        self.world.advance_to(Time::from_ms(3000));
        for node in self.ids() {
            let value = &values[node.index() % values.len()];
            let proposals: Vec<_> = quorumscope::node::proposals_in(value)
                .unwrap_or_default()
                .into_values()
                .collect();
            for proposal in proposals {
                let mut ids = self.ids().into_iter();
                let certified_by = ids.find(|&id| self.world.is_origin(id, &proposal));
                let certified_by = certified_by.unwrap_or(NodeId(0));
                self.event(
                    node,
                    NodeEvent::ProposalPooled {
                        certified_by,
                        proposal,
                    },
                );
            }
            self.advance(node, node.index() % 5, value);
        }
        self.caption(values[0].clone());
        self
    }

    pub(crate) fn advance(&mut self, node: NodeId, stage: usize, value: &Value) {
        let leaders: BTreeSet<NodeId> = [NodeId(3 % self.world.nodes.len() as u32)].into();
        let ballot = Some(Ballot {
            n: 1,
            x: value.clone(),
        });
        let mut state = SlotState {
            nominating: true,
            round: 1,
            leaders,
            fully_validated: true,
            ..SlotState::default()
        };
        let timer = |kind| Output::SetTimer(kind, Span::from_ms(1500));
        if stage >= 1 {
            state.voted.insert(value.clone());
            let event = ScpEvent::VotedNominate {
                slot: SLOT,
                value: value.clone(),
                reason: quorumscope::scp::VoteReason::OwnProposal,
            };
            self.step(
                node,
                vec![
                    timer(TimerKind::Nomination(SLOT)),
                    Output::Event(NodeEvent::Scp(event)),
                ],
            );
        }
        if stage >= 2 {
            state.accepted.insert(value.clone());
        }
        if stage >= 3 {
            state.candidates.insert(value.clone());
            state.b = ballot.clone();
            state.p = ballot.clone();
            state.h = ballot.clone();
            self.step(
                node,
                vec![
                    Output::CancelTimer(TimerKind::Nomination(SLOT)),
                    timer(TimerKind::Ballot(SLOT)),
                ],
            );
        }
        if stage >= 4 {
            state.phase = BallotPhase::Externalize;
            state.nominating = false;
            state.externalized = Some(value.clone());
            self.step(node, vec![Output::CancelTimer(TimerKind::Ballot(SLOT))]);
        }
        self.slot(node, state);
        if stage >= 4 {
            let proposals: Vec<_> = quorumscope::node::proposals_in(value)
                .unwrap_or_default()
                .into_values()
                .collect();
            self.event(
                node,
                NodeEvent::Recorded {
                    slot: SLOT,
                    value: value.clone(),
                    proposals,
                },
            );
        }
    }

    fn caption(&mut self, value: Value) {
        let last = NodeId(self.world.nodes.len() as u32 - 1);
        let witness: Vec<NodeId> = self.neighbours(last).into_iter().take(9).collect();
        let evidence = Evidence {
            rule: VotingRule::Quorum,
            witness,
            envelopes: vec![],
        };
        self.event(
            last,
            NodeEvent::Scp(ScpEvent::AcceptedNominated {
                slot: SLOT,
                value,
                evidence,
            }),
        );
    }

    /// Every node has externalized one of the values.
    pub(crate) fn agreed(mut self, values: &[Value]) -> Script {
        self.world.advance_to(Time::from_ms(3000));
        for node in self.ids() {
            let value = values[node.index() % values.len()].clone();
            self.advance(node, 4, &value);
        }
        self
    }

    /// Messages of all kinds in flight; every seventh is lost.
    pub(crate) fn flights(mut self, count: u32) -> Script {
        const KINDS: [MessageKind; 6] = [
            MessageKind::Vote,
            MessageKind::Accept,
            MessageKind::Externalize,
            MessageKind::Proposal,
            MessageKind::Chunk,
            MessageKind::Service,
        ];
        let now = self.world.now;
        for n in 0..count {
            let from = NodeId(n % self.world.nodes.len() as u32);
            let neighbours: Vec<NodeId> = self
                .neighbours(from)
                .into_iter()
                .filter(|id| *id != from)
                .collect();
            let Some(to) = neighbours
                .get(n as usize * 7 % neighbours.len().max(1))
                .copied()
            else {
                continue;
            };
            let kind = KINDS[n as usize % KINDS.len()];
            let (flight, arrives_at) = (
                FlightId(self.flights),
                now + Span::from_ms(60 + u64::from(n % 40)),
            );
            self.flights += 1;
            let (at, housekeeping) = (now, n % 11 == 10);
            self.world.apply(&Record::Sent {
                at,
                arrives_at,
                flight,
                from,
                to,
                kind,
                message: None,
                housekeeping,
            });
            if n % 7 == 6 {
                self.world.apply(&Record::Lost {
                    at,
                    flight,
                    from,
                    to,
                    kind,
                    housekeeping,
                    why: LossReason::Random,
                });
            }
        }
        self.world.advance_to(now + Span::from_ms(40));
        self
    }

    /// Three announcements spread: those of the beacon and another node, and a relayed one.
    pub(crate) fn broadcasting(mut self) -> Script {
        for (n, kind, hops) in [
            (0, AnnouncementKind::Beacon, 0),
            (1, AnnouncementKind::Here, 0),
            (2, AnnouncementKind::Beacon, 1),
        ] {
            let Some(node) = self.world.nodes.get(n) else {
                continue;
            };
            let peer = node.config.peer.clone();
            let announcement = Announcement {
                peer,
                kind,
                nth: 1,
                hops,
            };
            self.step(
                NodeId(n as u32),
                vec![Output::Announce(Arc::new(announcement))],
            );
        }
        self.world.advance_to(self.world.now + Span::from_ms(45));
        self
    }
}
