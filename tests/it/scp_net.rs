//! Minimal network for tests of `Scp`: instant or cut links, timers in virtual time, no loss.

use quorumscope::scp::{
    Counter, Driver, Effect, Envelope, EvidenceMode, LocalNode, NodeId, QuorumSet, QuorumSetId,
    Scp, ScpEvent, ScpTimer, SlotIndex, Statement, ValidationContext, Validity, Value,
};
use quorumscope::time::Span;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub(crate) const SLOT: SlotIndex = SlotIndex(1);

pub(crate) fn value(text: &str) -> Value {
    Value::from(text)
}

/// `threshold` of `nodes`.
pub(crate) fn of(threshold: u32, nodes: &[u32]) -> QuorumSet {
    QuorumSet::flat(threshold, nodes.iter().map(|&n| NodeId(n)))
}

/// A quorum set of `node` itself and `threshold` of `nodes`.
pub(crate) fn self_and(node: u32, threshold: u32, nodes: &[u32]) -> QuorumSet {
    QuorumSet {
        threshold: 2,
        validators: vec![NodeId(node)],
        inner: vec![of(threshold, nodes)],
    }
}

/// The application `choice`: every value is valid, and the composite is the greatest candidate.
pub(crate) struct Choice {
    pub(crate) sets: Vec<Arc<QuorumSet>>,
}

pub(crate) fn set_of(node: u32) -> QuorumSetId {
    QuorumSetId {
        owner: NodeId(node),
        nth: 1,
    }
}

fn mix(words: &[u64], text: &Value) -> u64 {
    let bytes = words.iter().flat_map(|word| word.to_le_bytes());
    let all = bytes.chain(text.as_bytes().iter().copied());
    let hash = all.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

impl Driver for Choice {
    fn validate(&self, _: SlotIndex, _: &Value, _: ValidationContext) -> Validity {
        Validity::FullyValid
    }
    fn extract(&self, _: SlotIndex, _: &Value) -> Option<Value> {
        None
    }
    fn combine(&self, _: SlotIndex, candidates: &[Value]) -> Option<Value> {
        candidates.last().cloned()
    }
    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        mix(&[1, slot.0, round.into(), node.0.into()], prev)
    }
    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        mix(&[2, slot.0, round.into(), node.0.into()], prev)
    }
    fn value_hash(&self, slot: SlotIndex, _: &Value, round: u32, value: &Value) -> u64 {
        mix(&[3, slot.0, round.into()], value)
    }
    fn nomination_timeout(&self, round: u32) -> Span {
        Span::from_ms(1000 * u64::from(round))
    }
    fn ballot_timeout(&self, n: Counter) -> Span {
        Span::from_ms(1000 * u64::from(n))
    }
    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>> {
        self.sets.get(id.owner.index()).cloned()
    }
}

/// The network. Each place runs one `Scp`. Usually place i is node i, but a Byzantine node can run in two places.
pub(crate) struct Net {
    pub(crate) driver: Choice,
    pub(crate) scps: Vec<Scp>,
    pub(crate) events: Vec<Vec<ScpEvent>>,
    pub(crate) decided: Vec<Option<Value>>,
    /// Places that are down.
    pub(crate) down: BTreeSet<usize>,
    /// Directed links that are cut.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    queue: VecDeque<(usize, Arc<Envelope>)>,
    timers: BTreeMap<(usize, ScpTimer), u64>,
    now_us: u64,
}

impl Net {
    /// Node i trusts `sets[i]`.
    pub(crate) fn new(sets: Vec<QuorumSet>) -> Net {
        let places: Vec<u32> = (0..).take(sets.len()).collect();
        Net::with_places(sets, &places)
    }

    /// Place i runs node `places[i]`.
    pub(crate) fn with_places(sets: Vec<QuorumSet>, places: &[u32]) -> Net {
        let scp = |&node: &u32| {
            let local = LocalNode {
                id: NodeId(node),
                quorum_set: set_of(node),
                is_validator: true,
            };
            Scp::new(local, EvidenceMode::Record)
        };
        Net {
            driver: Choice {
                sets: sets.into_iter().map(Arc::new).collect(),
            },
            scps: places.iter().map(scp).collect(),
            events: vec![Vec::new(); places.len()],
            decided: vec![None; places.len()],
            down: BTreeSet::new(),
            cut: BTreeSet::new(),
            queue: VecDeque::new(),
            timers: BTreeMap::new(),
            now_us: 0,
        }
    }

    /// Cuts all links between `a` and `b`.
    pub(crate) fn cut(&mut self, a: &[usize], b: &[usize]) {
        for &x in a {
            for &y in b {
                self.cut.extend([(x, y), (y, x)]);
            }
        }
    }

    pub(crate) fn nominate(&mut self, place: usize, text: &str) {
        if !self.down.contains(&place) {
            let mut out = Vec::new();
            self.scps[place].nominate(
                &self.driver,
                SLOT,
                Some(value(text)),
                value("prev"),
                &mut out,
            );
            self.carry_out(place, out);
        }
    }

    /// Delivers `envelope` to the node at `place`.
    pub(crate) fn deliver(&mut self, place: usize, envelope: Arc<Envelope>) {
        let mut out = Vec::new();
        let _ = self.scps[place].receive(&self.driver, &envelope, &mut out);
        self.carry_out(place, out);
    }

    /// Restores the node at `place` from an earlier statement.
    pub(crate) fn restore(&mut self, place: usize, envelope: Arc<Envelope>) {
        let mut out = Vec::new();
        let restored = self.scps[place].restore(&self.driver, envelope, &mut out);
        assert_eq!((restored, out), (Ok(()), Vec::new()));
    }

    /// An envelope of node `from`.
    pub(crate) fn envelope(from: u32, statement: Statement) -> Arc<Envelope> {
        Arc::new(Envelope {
            from: NodeId(from),
            slot: SLOT,
            quorum_set: set_of(from),
            statement,
        })
    }

    fn carry_out(&mut self, place: usize, out: Vec<Effect>) {
        self.scps[place].check_invariants().unwrap();
        for effect in out {
            match effect {
                Effect::Emit(envelope) => self.broadcast(place, &envelope),
                Effect::SetTimer { timer, span, .. } => {
                    self.timers.insert((place, timer), self.now_us + span.0);
                }
                Effect::StopTimer { timer, .. } => {
                    self.timers.remove(&(place, timer));
                }
                Effect::Externalized { value, .. } => {
                    assert_eq!(self.decided[place], None, "decided twice");
                    self.decided[place] = Some(value);
                }
                Effect::Event(event) => self.events[place].push(event),
            }
        }
    }

    fn broadcast(&mut self, from: usize, envelope: &Arc<Envelope>) {
        for to in 0..self.scps.len() {
            if to != from && !self.down.contains(&to) && !self.cut.contains(&(from, to)) {
                self.queue.push_back((to, Arc::clone(envelope)));
            }
        }
    }

    /// Delivers until no envelope is in flight.
    pub(crate) fn deliver_all(&mut self) {
        while let Some((to, envelope)) = self.queue.pop_front() {
            if !self.down.contains(&to) {
                self.deliver(to, envelope);
            }
        }
    }

    /// Drops all envelopes in flight.
    pub(crate) fn lose_all(&mut self) {
        self.queue.clear();
    }

    /// Delivers everything and fires the earliest timer, at most `timeouts` times.
    pub(crate) fn run(&mut self, timeouts: usize) {
        for _ in 0..=timeouts {
            self.deliver_all();
            let next = self.timers.iter().map(|(&key, &due)| (due, key)).min();
            let Some((due, (place, timer))) = next else {
                return;
            };
            self.now_us = due;
            self.timers.remove(&(place, timer));
            if !self.down.contains(&place) {
                self.expire(place, timer);
            }
        }
        self.deliver_all();
    }

    /// Fires a timer, whether or not it is armed.
    pub(crate) fn expire(&mut self, place: usize, timer: ScpTimer) {
        let mut out = Vec::new();
        self.timers.remove(&(place, timer));
        self.scps[place].timer_expired(&self.driver, SLOT, timer, &mut out);
        self.carry_out(place, out);
    }

    /// All nodes send their latest statements again.
    pub(crate) fn resend(&mut self) {
        for place in 0..self.scps.len() {
            let latest: Vec<_> = self.scps[place].own_statements(SLOT).cloned().collect();
            for envelope in latest {
                if !self.down.contains(&place) {
                    self.broadcast(place, &envelope);
                }
            }
        }
    }

    /// The decisions as text; `-` for none.
    pub(crate) fn decisions(&self) -> Vec<String> {
        let text = |decided: &Option<Value>| match decided {
            Some(value) => value.to_string(),
            None => "-".to_owned(),
        };
        self.decided.iter().map(text).collect()
    }
}
