//! Small networks of intact and Byzantine nodes in random states.

use crate::scp_net::{Choice, Net, SLOT, set_of, value};
use proptest::prelude::*;
use quorumscope::explain::local_view::{KnownStatement, LocalView, PossibleSender};
use quorumscope::scp::{
    Ballot, Effect, Envelope, EvidenceMode, LocalNode, NodeId, QuorumSet, Scp, ScpEvent,
    ScpRefusal, ScpTimer, Statement,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NODES_MAX: u32 = 7;
const VALUES: [&str; 3] = ["a", "b", "c"];

/// An event. Numbers select a node, an envelope or a timer.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Propose(usize),
    Deliver(usize),
    Expire(usize),
    /// A Byzantine node sends a statement to one node.
    Equivocate(usize, usize, Statement),
}

/// Quorum sets, the number of Byzantine nodes (the last ones), and the events.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) sets: Vec<QuorumSet>,
    pub(crate) byzantine: usize,
    pub(crate) prev: u8,
    pub(crate) events: Vec<Event>,
}

fn ballot() -> impl Strategy<Value = Ballot> {
    let values = proptest::sample::select(&VALUES[..]);
    (1..4_u32, values).prop_map(|(n, x)| Ballot::new(n, value(x)))
}

fn statement() -> impl Strategy<Value = Statement> {
    let values = proptest::sample::select(&VALUES[..]);
    let list = || {
        let values = proptest::sample::select(&VALUES[..]).prop_map(value);
        proptest::collection::btree_set(values, 0..3).prop_map(Vec::from_iter)
    };
    let prepare =
        (ballot(), prop::option::of(1..4_u32), prop::bool::ANY).prop_map(|(b, p, commits)| {
            let prepared = p.map(|p| Ballot::new(p.min(b.n), b.x.clone()));
            let n_h = prepared
                .as_ref()
                .map_or(0, |p| if commits { p.n } else { 0 });
            Statement::Prepare {
                ballot: b,
                prepared,
                prepared_prime: None,
                n_c: n_h.min(1),
                n_h,
            }
        });
    prop_oneof![
        3 => (list(), list()).prop_map(|(voted, accepted)| Statement::Nominate { voted, accepted }),
        4 => prepare,
        2 => (ballot(), 1..4_u32).prop_map(|(ballot, n)| Statement::Confirm {
            n_prepared: ballot.n, n_commit: n.min(ballot.n), n_h: ballot.n, ballot,
        }),
        1 => (1..4_u32, values).prop_map(|(n, x)| Statement::Externalize {
            commit: Ballot::new(n, value(x)), n_h: n,
        }),
    ]
}

/// A sane set over `nodes` and sometimes a node that does not exist, nested in half of the cases.
fn quorum_set(nodes: u32) -> impl Strategy<Value = QuorumSet> {
    let parts = prop::collection::vec(
        prop_oneof![4 => Just(0), 2 => Just(1), 1 => Just(2)],
        nodes as usize,
    );
    let missing = prop::bool::weighted(0.1);
    (parts, missing, 0..8_u32, 0..8_u32).prop_map(move |(parts, missing, high, low)| {
        let part = |wanted| {
            let named = (0..nodes).filter(|n| parts[*n as usize] == wanted);
            named.map(NodeId).collect::<Vec<_>>()
        };
        let cut = |threshold: u32, entries: usize| {
            // Mostly majorities.
            let entries = entries as u32;
            (entries / 2 + 1 + threshold % 3).clamp(1, entries)
        };
        let mut set = QuorumSet::flat(1, part(0));
        if missing {
            set.validators.push(NodeId(NODES_MAX + 1));
        }
        let inside = part(1);
        if !inside.is_empty() {
            let threshold = cut(low, inside.len());
            set.inner.push(QuorumSet::flat(threshold, inside));
        }
        if set.entries() == 0 {
            set.validators.push(NodeId(0));
        }
        set.threshold = cut(high, set.entries());
        set
    })
}

pub(crate) fn events(count: usize) -> impl Strategy<Value = Vec<Event>> {
    let any = || 0..1000_usize;
    let event = prop_oneof![
        3 => any().prop_map(Event::Propose),
        16 => any().prop_map(Event::Deliver),
        2 => any().prop_map(Event::Expire),
        2 => (any(), any(), statement()).prop_map(|(from, to, st)| Event::Equivocate(from, to, st)),
    ];
    prop::collection::vec(event, 0..count)
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    (2..=NODES_MAX).prop_flat_map(|nodes| {
        let one = quorum_set(nodes).boxed();
        // In half of the networks all nodes have the same set.
        let shared = one.clone().prop_map(move |set| vec![set; nodes as usize]);
        let own = prop::collection::vec(one, nodes as usize);
        let sets = prop_oneof![shared, own];
        (sets, 0..3_usize, any::<u8>(), events(120)).prop_map(
            move |(sets, byzantine, prev, events)| Story {
                byzantine: byzantine.min(nodes as usize / 3),
                sets,
                prev,
                events,
            },
        )
    })
}

/// The network. Byzantine nodes have no state.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) driver: Arc<Choice>,
    prev: u8,
    pub(crate) nodes: Vec<Scp>,
    pub(crate) events: Vec<Vec<ScpEvent>>,
    in_flight: Vec<(usize, Arc<Envelope>)>,
    timers: BTreeSet<(usize, ScpTimer)>,
}

impl Network {
    pub(crate) fn new(story: &Story) -> Network {
        let intact = story.sets.len() - story.byzantine;
        let scp = |node: usize| {
            let local = LocalNode {
                id: NodeId(node as u32),
                quorum_set: set_of(node as u32),
                is_validator: true,
            };
            Scp::new(local, EvidenceMode::Record)
        };
        Network {
            driver: Arc::new(Choice {
                sets: story.sets.iter().cloned().map(Arc::new).collect(),
            }),
            prev: story.prev,
            nodes: (0..intact).map(scp).collect(),
            events: vec![Vec::new(); intact],
            in_flight: Vec::new(),
            timers: BTreeSet::new(),
        }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        let pick = |which: usize, len: usize| (len > 0).then(|| which % len);
        match event {
            Event::Propose(which) => {
                let place = which % self.nodes.len();
                let (own, prev) = (VALUES[place % VALUES.len()], value(&self.prev.to_string()));
                self.step(place, |scp, driver, out| {
                    scp.nominate(driver, SLOT, Some(value(own)), prev, out);
                });
            }
            Event::Deliver(which) => {
                if let Some(at) = pick(*which, self.in_flight.len()) {
                    let (to, envelope) = self.in_flight.swap_remove(at);
                    let _ = self.deliver(to, &envelope);
                }
            }
            Event::Expire(which) => {
                if let Some(at) = pick(*which, self.timers.len()) {
                    let (place, timer) = *self.timers.iter().nth(at).unwrap();
                    self.timers.remove(&(place, timer));
                    self.step(place, |scp, driver, out| {
                        scp.timer_expired(driver, SLOT, timer, out);
                    });
                }
            }
            Event::Equivocate(from, to, statement) => {
                let byzantine = self.driver.sets.len() - self.nodes.len();
                if let Some(nth) = pick(*from, byzantine) {
                    let from = (self.nodes.len() + nth) as u32;
                    let envelope = Net::envelope(from, statement.clone());
                    let _ = self.deliver(to % self.nodes.len(), &envelope);
                }
            }
        }
    }

    /// A node receives an envelope.
    pub(crate) fn deliver(
        &mut self,
        to: usize,
        envelope: &Arc<Envelope>,
    ) -> Result<(), ScpRefusal> {
        let mut result = Ok(());
        self.step(to, |scp, driver, out| {
            result = scp.receive(driver, envelope, out)
        });
        result
    }

    fn step(&mut self, place: usize, work: impl FnOnce(&mut Scp, &Choice, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        let driver = Arc::clone(&self.driver);
        work(&mut self.nodes[place], &driver, &mut out);
        for effect in out {
            match effect {
                Effect::Emit(envelope) => {
                    let others = (0..self.nodes.len()).filter(|&to| to != place);
                    self.in_flight
                        .extend(others.map(|to| (to, Arc::clone(&envelope))));
                }
                Effect::SetTimer { timer, .. } => drop(self.timers.insert((place, timer))),
                Effect::StopTimer { timer, .. } => drop(self.timers.remove(&(place, timer))),
                Effect::Externalized { .. } => {}
                Effect::Event(event) => self.events[place].push(event),
            }
        }
    }

    /// What the node at `place` knows. `None` if nothing has happened there.
    pub(crate) fn view(&self, place: usize) -> Option<LocalView> {
        let scp = &self.nodes[place];
        let known = |envelope: &Arc<Envelope>| KnownStatement {
            statement: envelope.statement.clone(),
            quorum_set: Arc::clone(&self.driver.sets[envelope.from.index()]),
        };
        let (mut nominations, mut ballots) = (BTreeMap::new(), BTreeMap::new());
        for envelope in scp.statements(SLOT) {
            if envelope.from.index() == place {
                continue;
            }
            match envelope.statement {
                Statement::Nominate { .. } => nominations.insert(envelope.from, known(envelope)),
                _ => ballots.insert(envelope.from, known(envelope)),
            };
        }
        let sender = |node: usize| PossibleSender {
            quorum_set: Some(Arc::clone(&self.driver.sets[node])),
            decided: self
                .nodes
                .get(node)
                .and_then(|scp| scp.externalized(SLOT))
                .cloned(),
        };
        let others = (0..self.driver.sets.len()).filter(|&node| node != place);
        Some(LocalView {
            node: NodeId(place as u32),
            state: Arc::new(scp.slot_state(SLOT)?),
            quorum_set: Arc::clone(&self.driver.sets[place]),
            nominations,
            ballots,
            senders: others
                .map(|node| (NodeId(node as u32), sender(node)))
                .collect(),
        })
    }
}
