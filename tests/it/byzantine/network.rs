//! Intact nodes, liars and what is under way between them.

use crate::byzantine::VALUES;
use crate::byzantine::equivocation::{Equivocation, exaggerated};
use crate::byzantine::safety_checker::{SafetyChecker, may_refuse};
use crate::scp_net::{Choice, Net, SLOT, of, set_of, value};
use quorumscope::scp::{
    Effect, Envelope, EvidenceMode, LocalNode, NodeId, Scp, ScpRefusal, ScpTimer, Statement, Value,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everybody trusts `threshold` of all `nodes`, the last `liars` of which lie.
#[derive(Clone, Copy)]
pub(super) struct NetworkShape {
    pub(super) nodes: u32,
    pub(super) threshold: u32,
    pub(super) byzantine: u32,
}

/// One of the things that can happen next; numbers pick one of those there are.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Propose(usize),
    Deliver(usize),
    /// All that is under way to one node arrives at once.
    DeliverTogether(usize),
    Expire(usize),
    Equivocate(usize, usize, Equivocation),
}

/// A node that does not lie.
struct IntactNode {
    scp: Scp,
    has_proposed: bool,
    /// When each armed timer runs out.
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

    /// What it has said last; `which` picks one of NOMINATE and its ballot statement.
    fn said(&self, which: usize) -> Option<Statement> {
        let said: Vec<_> = self.scp.own_statements(SLOT).collect();
        let one = said.get(which % said.len().max(1))?;
        Some(one.statement.clone())
    }
}

/// The network. Liars have no state: they are there by what they say.
pub(super) struct ByzantineNetwork {
    shape: NetworkShape,
    driver: Choice,
    prev: Value,
    intact: Vec<IntactNode>,
    under_way: Vec<(usize, Arc<Envelope>)>,
    now_us: u64,
    pub(super) checker: SafetyChecker,
}

impl ByzantineNetwork {
    /// `prev` decides who leads.
    pub(super) fn new(shape: NetworkShape, prev: u8) -> ByzantineNetwork {
        let NetworkShape {
            nodes,
            threshold,
            byzantine,
        } = shape;
        let everybody: Vec<u32> = (0..nodes).collect();
        // A liar that needs nobody else is in every quorum that can do with it.
        let set = |node| match node < nodes - byzantine {
            true => Arc::new(of(threshold, &everybody)),
            false => Arc::new(of(1, &[node])),
        };
        ByzantineNetwork {
            shape,
            driver: Choice {
                sets: (0..nodes).map(set).collect(),
            },
            prev: value(&prev.to_string()),
            intact: (0..nodes - byzantine).map(IntactNode::new).collect(),
            under_way: Vec::new(),
            now_us: 0,
            checker: SafetyChecker::default(),
        }
    }

    pub(super) fn make(&mut self, what: &Event) {
        let pick = |which: usize, len: usize| (len > 0).then(|| which % len);
        match what {
            Event::Propose(which) => self.propose(which % self.intact.len()),
            Event::Deliver(which) => {
                if let Some(at) = pick(*which, self.under_way.len()) {
                    let (to, envelope) = self.under_way.swap_remove(at);
                    self.hand(to, &envelope);
                }
            }
            Event::DeliverTogether(which) => {
                if let Some(at) = pick(*which, self.under_way.len()) {
                    self.hand_together(self.under_way[at].0);
                }
            }
            Event::Expire(which) => {
                let armed = self.armed();
                if let Some(at) = pick(*which, armed.len()) {
                    let (_, place, timer) = armed[at];
                    self.expire(place, timer);
                }
            }
            Event::Equivocate(liar, to, lie) => {
                if let Some(liar) = pick(*liar, self.shape.byzantine as usize) {
                    self.lie(liar, to % self.intact.len(), lie);
                }
            }
        }
    }

    fn lie(&mut self, liar: usize, to: usize, lie: &Equivocation) {
        let node = |whose: usize| &self.intact[whose % self.intact.len()];
        let statement = match *lie {
            Equivocation::Invented(ref statement) => Some(statement.clone()),
            Equivocation::Repeated(whose, which) => node(whose).said(which),
            Equivocation::Exaggerated(whose, stage) => {
                let said = node(whose).said(1);
                said.and_then(|said| exaggerated(&said, stage))
            }
        };
        if let Some(statement) = statement {
            let from = (self.intact.len() + liar).try_into().unwrap();
            self.hand(to, &Net::envelope(from, statement));
        }
    }

    fn propose(&mut self, place: usize) {
        if !std::mem::replace(&mut self.intact[place].has_proposed, true) {
            let (word, prev) = (value(VALUES[place % VALUES.len()]), self.prev.clone());
            self.step(place, |scp, driver, out| {
                scp.nominate(driver, SLOT, Some(word), prev, out);
            });
        }
    }

    fn hand(&mut self, to: usize, envelope: &Arc<Envelope>) {
        self.step(to, |scp, driver, out| {
            let _ = scp.receive(driver, envelope, out);
        });
    }

    /// Everything that is under way to this node, at once: it then knows what it would know if all had come one by one.
    fn hand_together(&mut self, to: usize) {
        let (here, elsewhere) = std::mem::take(&mut self.under_way)
            .into_iter()
            .partition(|(receiver, _)| *receiver == to);
        self.under_way = elsewhere;
        let here: Vec<(usize, Arc<Envelope>)> = here;
        let envelopes: Vec<Arc<Envelope>> = here.into_iter().map(|(_, said)| said).collect();
        let mut one_by_one = self.intact[to].scp.clone();
        let has_decided = one_by_one.externalized(SLOT).is_some();
        let mut refused = Vec::new();
        for envelope in &envelopes {
            if let Err(why) = one_by_one.receive(&self.driver, envelope, &mut Vec::new()) {
                refused.push((envelope.from, why));
            }
        }
        let mut refused_together = Vec::new();
        self.step(to, |scp, driver, out| {
            refused_together = scp.receive_batch(driver, SLOT, &envelopes, out);
        });
        let breaks = |&(_, why): &(NodeId, ScpRefusal)| why == ScpRefusal::BreaksInvariant;
        if refused_together.iter().any(breaks) {
            // Then they were taken in one by one.
            assert_eq!(
                self.intact[to].scp.slot_state(SLOT),
                one_by_one.slot_state(SLOT)
            );
        } else if refused.iter().any(breaks)
            || (!has_decided && one_by_one.externalized(SLOT).is_some())
        {
            // What comes first may matter: it cannot be followed (NOTES 7c), or decides the slot.
            return;
        }
        assert_eq!(refused_together, refused);
        let heard = |scp: &Scp| -> Vec<_> {
            let all = scp.statements(SLOT);
            all.filter(|said| said.from.index() != to)
                .cloned()
                .collect()
        };
        assert_eq!(heard(&self.intact[to].scp), heard(&one_by_one));
    }

    /// What is armed, as (due, place, timer), in this order.
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

    /// The liars fall silent: everything arrives before the next timer runs out. Has everybody decided in the end? As
    /// in a real network all say again and again what they said last (NOTES 66), as a node that could not follow
    /// because of a liar has not kept what it refused.
    pub(super) fn settle(&mut self) -> bool {
        self.propose_all();
        for _ in 0..200 {
            self.resend();
            while !self.under_way.is_empty() {
                let (to, envelope) = self.under_way.remove(0);
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

    /// Has one that is undecided no counter left?
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
                self.under_way
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
                Effect::Event(event) => self.checker.hear(place, excused, event),
            }
        }
        self.checker.check(place, &self.intact[place].scp);
    }

    fn emit(&mut self, place: usize, envelope: &Arc<Envelope>) {
        self.checker.say(place, &envelope.statement);
        let others = (0..self.intact.len()).filter(|&to| to != place);
        self.under_way
            .extend(others.map(|to| (to, Arc::clone(envelope))));
    }

    /// How every node stands.
    pub(super) fn states(&self) -> String {
        let states = self.intact.iter().map(|node| node.scp.slot_state(SLOT));
        format!("{:?}", states.collect::<Vec<_>>())
    }
}
