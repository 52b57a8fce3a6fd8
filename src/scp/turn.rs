//! `Turn`: one input being worked off in one slot. Either all of it happens, or (`Broken`) none of it.

use super::driver::{Driver, ValidationContext, Validity};
use super::event::{Effect, Refusal, ScpEvent, ScpTimer};
use super::id::{NodeId, QuorumSetId};
use super::ledger::{Ledger, Recorded, SenderSet};
use super::protocol::{LocalNode, Recording};
use super::quorum::Electorate;
use super::set_registry::{SetClass, SetRegistry};
use super::slot::{Slot, Voice};
use super::statement::{Envelope, Origin, Statement};
use super::value::Value;
use crate::time::Span;
use std::sync::Arc;

/// Going on would break an invariant of the protocol. The reference aborts here (NOTES 7); a turn is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl From<Broken> for Refusal {
    fn from(_: Broken) -> Refusal {
        Refusal::BreaksInvariant
    }
}

/// What became of a statement that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is to be seen what it brings about.
    News,
    /// It can bring about nothing any more.
    Settled,
}

/// What the protocol steps work on.
pub(super) struct Turn<'a, D> {
    pub(super) driver: &'a D,
    pub(super) local: LocalNode,
    /// The local quorum set, if the application knows it.
    pub(super) local_set: Option<SetClass>,
    pub(super) sets: &'a mut SetRegistry,
    pub(super) slot: &'a mut Slot,
    pub(super) out: &'a mut Vec<Effect>,
    pub(super) recording: Recording,
    /// How deep the node is in processing its own ballot statements.
    pub(super) level: u32,
}

/// Which ledger a question is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nominations.
    Nominate,
    /// Ballots.
    Ballot,
}

impl<D: Driver> Turn<'_, D> {
    /// Reports `event`, if anybody wants to know.
    pub(super) fn event(&mut self, event: impl FnOnce(&Self) -> ScpEvent) {
        if self.recording == Recording::Events {
            let event = event(self);
            self.out.push(Effect::Event(event));
        }
    }

    /// Arms a timer.
    pub(super) fn set_timer(&mut self, timer: ScpTimer, span: Span) {
        let slot = self.slot.index;
        self.out.push(Effect::SetTimer { slot, timer, span });
    }

    /// Disarms a timer.
    pub(super) fn stop_timer(&mut self, timer: ScpTimer) {
        let slot = self.slot.index;
        self.out.push(Effect::StopTimer { slot, timer });
    }

    /// Broadcasts `envelope`.
    pub(super) fn emit(&mut self, envelope: Arc<Envelope>) {
        self.out.push(Effect::Emit(envelope));
    }

    /// Judges `value`.
    pub(super) fn validate(&self, value: &Value, context: ValidationContext) -> Validity {
        self.driver.validate(self.slot.index, value, context)
    }

    /// From now on the node computes along in silence (NOTES 13).
    pub(super) fn fall_silent(&mut self) {
        if self.slot.voice() == Voice::Speaks {
            self.slot.fall_silent();
            self.event(|turn| ScpEvent::NotFullyValidated {
                slot: turn.slot.index,
            });
        }
    }

    /// An envelope of the local node that says `statement`.
    pub(super) fn own_envelope(&self, statement: Statement) -> Arc<Envelope> {
        Arc::new(Envelope {
            from: self.local.id,
            slot: self.slot.index,
            quorum_set: self.local.quorum_set,
            statement,
        })
    }

    /// Which quorum set counts for whoever says this.
    pub(super) fn sender_set(&mut self, envelope: &Envelope) -> SenderSet {
        if matches!(envelope.statement, Statement::Externalize { .. }) {
            return SenderSet::Alone;
        }
        let kind = match envelope.statement.is_nominate() {
            true => Kind::Nominate,
            false => Kind::Ballot,
        };
        match self.known_set(kind, envelope.from, envelope.quorum_set) {
            Some(class) => SenderSet::Known(class),
            None => SenderSet::Unknown,
        }
    }

    /// The class of `id`; almost always the one that the sender named in its last statement.
    fn known_set(&mut self, kind: Kind, from: NodeId, id: QuorumSetId) -> Option<SetClass> {
        if let Some(last) = self.ledger(kind).get(from)
            && last.envelope.quorum_set == id
            && let SenderSet::Known(class) = last.set
        {
            return Some(class);
        }
        self.sets.resolve(self.driver, id)
    }

    fn ledger(&self, kind: Kind) -> &Ledger {
        match kind {
            Kind::Nominate => self.slot.nominations.ledger(),
            Kind::Ballot => self.slot.ballots.ledger(),
        }
    }

    /// Asks again for the quorum sets of nominators that were unknown: they may have become known.
    pub(super) fn look_up_unknown_sets(&mut self) {
        let ledger = self.slot.nominations.ledger();
        if ledger.unknown().is_empty() {
            return;
        }
        let ids: Vec<(NodeId, QuorumSetId)> = ledger
            .unknown()
            .iter()
            .filter_map(|node| Some((node, ledger.get(node)?.envelope.quorum_set)))
            .collect();
        for (node, id) in ids {
            if let Some(class) = self.sets.resolve(self.driver, id) {
                self.slot.nominations.ledger_mut().learn_set(node, class);
            }
        }
    }

    /// Takes in what has come together: everything is recorded first, then each different statement is followed up once.
    /// Who is refused goes to `refused`.
    pub(super) fn process_together(
        &mut self,
        envelopes: &[Arc<Envelope>],
        refused: &mut Vec<(NodeId, Refusal)>,
    ) -> Result<(), Broken> {
        let mut news: Vec<&Arc<Envelope>> = Vec::new();
        for envelope in envelopes {
            let taken = match envelope.statement.is_nominate() {
                true => self.take_nominate(envelope),
                false => self.take_ballot(envelope, Origin::Peer),
            };
            match taken {
                Ok(Taken::News) if self.is_worth_following(envelope, &news) => news.push(envelope),
                Ok(Taken::News | Taken::Settled) => {}
                Err(why) => refused.push((envelope.from, why)),
            }
        }
        for envelope in news {
            if !envelope.statement.is_nominate() {
                if self.slot.externalized().is_none() {
                    self.advance_ballot(&envelope.statement)?;
                }
            } else if *self.slot.nomination().nominating {
                self.advance_nomination(envelope)?;
            }
        }
        Ok(())
    }

    /// Whoever says the same brings about the same, except that a leader is echoed.
    fn is_worth_following(&self, envelope: &Envelope, news: &[&Arc<Envelope>]) -> bool {
        let is_leader = envelope.statement.is_nominate()
            && self.slot.nomination().leaders.contains(envelope.from);
        is_leader
            || !news
                .iter()
                .any(|known| known.statement == envelope.statement)
    }

    /// Federated voting among the statements of one kind.
    pub(super) fn electorate(&self, kind: Kind) -> Electorate<'_> {
        Electorate {
            local: self.local_set.map(|class| self.sets.compiled(class)),
            local_class: self.local_set,
            sets: self.sets,
            ledger: self.ledger(kind),
        }
    }

    /// Takes up where an own earlier envelope left off. Nothing is said or done by it (NOTES 69).
    pub(super) fn restore(&mut self, envelope: &Arc<Envelope>) -> Result<(), Refusal> {
        let kind = match envelope.statement.is_nominate() {
            true => Kind::Nominate,
            false => Kind::Ballot,
        };
        if !envelope.statement.is_sane(Origin::Peer) {
            return Err(Refusal::NotSane);
        }
        let comes_late = match kind {
            Kind::Nominate => *self.slot.nomination().nominating,
            Kind::Ballot => self.slot.ballot().b.is_some(),
        };
        if comes_late || self.ledger(kind).get(self.local.id).is_some() {
            return Err(Refusal::ComesTooLate);
        }
        let set = self.sender_set(envelope);
        self.record(Arc::clone(envelope), set);
        match kind {
            Kind::Nominate => self.restore_nomination(envelope),
            Kind::Ballot => self.restore_ballot(envelope),
        }
        Ok(())
    }

    /// Records `envelope` as its sender's latest.
    pub(super) fn record(&mut self, envelope: Arc<Envelope>, set: SenderSet) {
        let recorded = Recorded { envelope, set };
        if recorded.envelope.statement.is_nominate() {
            self.slot.nominations.record(recorded);
        } else {
            self.slot.ballots.record(recorded);
        }
    }
}
