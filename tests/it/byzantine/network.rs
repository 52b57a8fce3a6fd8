//! Network of intact and Byzantine nodes with the envelopes in flight.

use crate::byzantine::VALUES;
use crate::byzantine::equivocation::{Equivocation, exaggerated};
use crate::byzantine::safety_checker::{SafetyChecker, may_refuse};
use crate::scp_net::{Choice, Net, SLOT, of, set_of, value};
use quorumscope::scp::{
    Effect, Envelope, EvidenceMode, LocalNode, NodeId, Scp, ScpRefusal, ScpTimer, Statement, Value,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Intact nodes trust `threshold` of all `nodes`. The last `byzantine` nodes are Byzantine.
#[derive(Clone, Copy)]
pub(super) struct NetworkShape {
    pub(super) nodes: u32,
    pub(super) threshold: u32,
    pub(super) byzantine: u32,
}

/// An event. Numbers select a node, an envelope or a timer.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Propose(usize),
    Deliver(usize),
    /// All envelopes in flight to one node arrive as a batch.
    DeliverBatch(usize),
    Expire(usize),
    Equivocate(usize, usize, Equivocation),
}

/// An intact node.
struct IntactNode {
    scp: Scp,
    has_proposed: bool,
    /// Expiry time of each armed timer in microseconds.
    timers: BTreeMap<ScpTimer, u64>,
}

impl IntactNode {
    fn new(node: u32) -> IntactNode {
        let local = LocalNode {
            id: NodeId(node),
            quorum_set: set_of(node),
            is_validator: true,
        };
        IntactNode {
            scp: Scp::new(local, EvidenceMode::Record),
            has_proposed: false,
            timers: BTreeMap::new(),
        }
    }

    /// The latest own statement; `which` selects the NOMINATE or the ballot statement.
    fn latest(&self, which: usize) -> Option<Statement> {
        let own: Vec<_> = self.scp.own_statements(SLOT).collect();
        let one = own.get(which % own.len().max(1))?;
        Some(one.statement.clone())
    }
}

/// The network. Byzantine nodes have no state; they only send statements.
pub(super) struct ByzantineNetwork {
    shape: NetworkShape,
    driver: Choice,
    prev: Value,
    intact: Vec<IntactNode>,
    in_flight: Vec<(usize, Arc<Envelope>)>,
    now_us: u64,
    pub(super) checker: SafetyChecker,
}

impl ByzantineNetwork {
    /// `prev` determines the leaders.
    pub(super) fn new(shape: NetworkShape, prev: u8) -> ByzantineNetwork {
        let NetworkShape {
            nodes,
            threshold,
            byzantine,
        } = shape;
        let all: Vec<u32> = (0..nodes).collect();
        // A Byzantine node with itself as its only slice fits into every quorum.
        let set = |node| match node < nodes - byzantine {
            true => Arc::new(of(threshold, &all)),
            false => Arc::new(of(1, &[node])),
        };
        ByzantineNetwork {
            shape,
            driver: Choice {
                sets: (0..nodes).map(set).collect(),
            },
            prev: value(&prev.to_string()),
            intact: (0..nodes - byzantine).map(IntactNode::new).collect(),
            in_flight: Vec::new(),
            now_us: 0,
            checker: SafetyChecker::default(),
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let pick = |which: usize, len: usize| (len > 0).then(|| which % len);
        match event {
            Event::Propose(which) => self.propose(which % self.intact.len()),
            Event::Deliver(which) => {
                if let Some(at) = pick(*which, self.in_flight.len()) {
                    let (to, envelope) = self.in_flight.swap_remove(at);
                    self.hand(to, &envelope);
                }
            }
            Event::DeliverBatch(which) => {
                if let Some(at) = pick(*which, self.in_flight.len()) {
                    self.hand_together(self.in_flight[at].0);
                }
            }
            Event::Expire(which) => {
                let armed = self.armed();
                if let Some(at) = pick(*which, armed.len()) {
                    let (_, place, timer) = armed[at];
                    self.expire(place, timer);
                }
            }
            Event::Equivocate(from, to, statement) => {
                if let Some(from) = pick(*from, self.shape.byzantine as usize) {
                    self.equivocate(from, to % self.intact.len(), statement);
                }
            }
        }
    }

    fn equivocate(&mut self, nth: usize, to: usize, kind: &Equivocation) {
        let node = |whose: usize| &self.intact[whose % self.intact.len()];
        let statement = match *kind {
            Equivocation::Invented(ref statement) => Some(statement.clone()),
            Equivocation::Repeated(whose, which) => node(whose).latest(which),
            Equivocation::Exaggerated(whose, stage) => {
                let latest = node(whose).latest(1);
                latest.and_then(|latest| exaggerated(&latest, stage))
            }
        };
        if let Some(statement) = statement {
            let from = (self.intact.len() + nth).try_into().unwrap();
            self.hand(to, &Net::envelope(from, statement));
        }
    }

    fn propose(&mut self, place: usize) {
        if !std::mem::replace(&mut self.intact[place].has_proposed, true) {
            let (proposal, prev) = (value(VALUES[place % VALUES.len()]), self.prev.clone());
            self.step(place, |scp, driver, out| {
                scp.nominate(driver, SLOT, Some(proposal), prev, out);
            });
        }
    }

    fn hand(&mut self, to: usize, envelope: &Arc<Envelope>) {
        self.step(to, |scp, driver, out| {
            let _ = scp.receive(driver, envelope, out);
        });
    }

    /// Delivers all envelopes in flight to this node as a batch. Checks that the result equals that of delivering them
    /// one by one.
    fn hand_together(&mut self, to: usize) {
        let (here, elsewhere) = std::mem::take(&mut self.in_flight)
            .into_iter()
            .partition(|(receiver, _)| *receiver == to);
        self.in_flight = elsewhere;
        let here: Vec<(usize, Arc<Envelope>)> = here;
        let envelopes: Vec<Arc<Envelope>> =
            here.into_iter().map(|(_, envelope)| envelope).collect();
        let mut one_by_one = self.intact[to].scp.clone();
        let has_decided = one_by_one.externalized(SLOT).is_some();
        let mut refused = Vec::new();
        for envelope in &envelopes {
            if let Err(why) = one_by_one.receive(&self.driver, envelope, &mut Vec::new()) {
                refused.push((envelope.from, why));
            }
        }
        let mut refused_in_batch = Vec::new();
        self.step(to, |scp, driver, out| {
            refused_in_batch = scp.receive_batch(driver, SLOT, &envelopes, out);
        });
        let breaks = |&(_, why): &(NodeId, ScpRefusal)| why == ScpRefusal::BreaksInvariant;
        if refused_in_batch.iter().any(breaks) {
            // In this case `receive_batch` has processed the envelopes one by one.
            assert_eq!(
                self.intact[to].scp.slot_state(SLOT),
                one_by_one.slot_state(SLOT)
            );
        } else if refused.iter().any(breaks)
            || (!has_decided && one_by_one.externalized(SLOT).is_some())
        {
            // The order may matter if an envelope would break an invariant (NOTES 7c) or decides the slot.
            return;
        }
        assert_eq!(refused_in_batch, refused);
        let others_statements = |scp: &Scp| -> Vec<_> {
            let all = scp.statements(SLOT);
            all.filter(|envelope| envelope.from.index() != to)
                .cloned()
                .collect()
        };
        assert_eq!(
            others_statements(&self.intact[to].scp),
            others_statements(&one_by_one)
        );
    }

    /// The armed timers as (due, place, timer), sorted.
    fn armed(&self) -> Vec<(u64, usize, ScpTimer)> {
        let places = self.intact.iter().enumerate();
        let mut armed: Vec<_> = places
            .flat_map(|(place, node)| {
                node.timers
                    .iter()
                    .map(move |(&timer, &due)| (due, place, timer))
            })
            .collect();
        armed.sort_unstable();
        armed
    }

    fn expire(&mut self, place: usize, timer: ScpTimer) {
        self.intact[place].timers.remove(&timer);
        self.step(place, |scp, driver, out| {
            scp.timer_expired(driver, SLOT, timer, out);
        });
    }

    pub(super) fn propose_all(&mut self) {
        for place in 0..self.intact.len() {
            self.propose(place);
        }
    }

    /// Runs the network without further Byzantine statements. Every envelope arrives before the next timer expires.
    /// Returns whether all nodes decide. As in a real network, all nodes resend their latest statements (NOTES 66),
    /// because a node does not store what it refused.
    pub(super) fn settle(&mut self) -> bool {
        self.propose_all();
        for _ in 0..200 {
            self.resend();
            while !self.in_flight.is_empty() {
                let (to, envelope) = self.in_flight.remove(0);
                self.hand(to, &envelope);
            }
            let is_done = |node: &IntactNode| node.scp.externalized(SLOT).is_some();
            if self.intact.iter().all(is_done) {
                return true;
            }
            let Some(&(due, place, timer)) = self.armed().first() else {
                return false;
            };
            self.now_us = due;
            self.expire(place, timer);
        }
        false
    }

    /// Whether an undecided node is at the highest ballot counter.
    pub(super) fn is_out_of_counters(&self) -> bool {
        self.intact.iter().any(|node| {
            let state = node.scp.slot_state(SLOT).unwrap_or_default();
            let is_at_the_end = state.b.is_some_and(|b| b.n == u32::MAX);
            state.externalized.is_none() && is_at_the_end
        })
    }

    fn resend(&mut self) {
        for (place, node) in self.intact.iter().enumerate() {
            for envelope in node.scp.own_statements(SLOT) {
                let others = (0..self.intact.len()).filter(|&to| to != place);
                self.in_flight
                    .extend(others.map(|to| (to, Arc::clone(envelope))));
            }
        }
    }

    fn step(&mut self, place: usize, work: impl FnOnce(&mut Scp, &Choice, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        let node = &mut self.intact[place];
        let was_excused = may_refuse(&node.scp);
        work(&mut node.scp, &self.driver, &mut out);
        let excused = was_excused || may_refuse(&node.scp);
        for effect in out {
            match effect {
                Effect::Emit(envelope) => self.emit(place, &envelope),
                Effect::SetTimer { timer, span, .. } => {
                    self.intact[place]
                        .timers
                        .insert(timer, self.now_us + span.0);
                }
                Effect::StopTimer { timer, .. } => {
                    self.intact[place].timers.remove(&timer);
                }
                Effect::Externalized { value, .. } => {
                    self.checker.decide(value);
                }
                Effect::Event(event) => self.checker.add_event(place, excused, event),
            }
        }
        self.checker.check(place, &self.intact[place].scp);
    }

    fn emit(&mut self, place: usize, envelope: &Arc<Envelope>) {
        self.checker.add_statement(place, &envelope.statement);
        let others = (0..self.intact.len()).filter(|&to| to != place);
        self.in_flight
            .extend(others.map(|to| (to, Arc::clone(envelope))));
    }

    /// The states of all nodes.
    pub(super) fn states(&self) -> String {
        let states = self.intact.iter().map(|node| node.scp.slot_state(SLOT));
        format!("{:?}", states.collect::<Vec<_>>())
    }
}
