//! `Transaction`: one input being worked off in one slot. Either all of it happens, or (`InvariantViolated`) none of it.

use super::driver::{Driver, ValidationContext, Validity};
use super::event::{Effect, ScpEvent, ScpRefusal, ScpTimer};
use super::id::{NodeId, QuorumSetId};
use super::protocol::{EvidenceMode, LocalNode};
use super::quorum::latest::{LatestStatement, LatestStatements, SenderSet};
use super::quorum::registry::{SetClass, SetRegistry};
use super::quorum::search::QuorumChecker;
use super::slot::{Emission, Slot};
use super::statement::{Envelope, Statement, StatementSource};
use super::value::Value;
use crate::time::Span;
use std::sync::Arc;

/// Going on would break an invariant of the protocol. The reference aborts here (NOTES 7); a transaction is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvariantViolated;

impl From<InvariantViolated> for ScpRefusal {
    fn from(_: InvariantViolated) -> ScpRefusal {
        ScpRefusal::BreaksInvariant
    }
}

/// What became of a statement that was follow_up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowUp {
    /// It is to be seen what it brings about.
    Needed,
    /// It can bring about nothing any more.
    Done,
}

/// What the protocol steps work on.
pub(super) struct Transaction<'a, D> {
    pub(super) driver: &'a D,
    pub(super) local: LocalNode,
    /// The local quorum set, if the application knows it.
    pub(super) local_set: Option<SetClass>,
    pub(super) sets: &'a mut SetRegistry,
    pub(super) slot: &'a mut Slot,
    pub(super) out: &'a mut Vec<Effect>,
    pub(super) evidence_mode: EvidenceMode,
    /// How deep the node is in processing its own ballot statements.
    pub(super) level: u32,
}

/// Which latest a question is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementKind {
    /// Nominations.
    Nomination,
    /// Ballots.
    Ballot,
}

impl<D: Driver> Transaction<'_, D> {
    /// Reports `event`, if has_supporter wants to know.
    pub(super) fn event(&mut self, event: impl FnOnce(&Self) -> ScpEvent) {
        if self.evidence_mode == EvidenceMode::Record {
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
    pub(super) fn suppress_emission(&mut self) {
        if self.slot.emission() == Emission::Enabled {
            self.slot.suppress_emission();
            self.event(|tx| ScpEvent::NotFullyValidated {
                slot: tx.slot.index,
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
            return SenderSet::Singleton;
        }
        let kind = match envelope.statement.is_nominate() {
            true => StatementKind::Nomination,
            false => StatementKind::Ballot,
        };
        match self.known_set(kind, envelope.from, envelope.quorum_set) {
            Some(class) => SenderSet::Known(class),
            None => SenderSet::Unknown,
        }
    }

    /// The class of `id`; almost always the one that the sender named in its last statement.
    fn known_set(
        &mut self,
        kind: StatementKind,
        from: NodeId,
        id: QuorumSetId,
    ) -> Option<SetClass> {
        if let Some(last) = self.latest(kind).get(from)
            && last.envelope.quorum_set == id
            && let SenderSet::Known(class) = last.set
        {
            return Some(class);
        }
        self.sets.resolve(self.driver, id)
    }

    fn latest(&self, kind: StatementKind) -> &LatestStatements {
        match kind {
            StatementKind::Nomination => self.slot.nominations.latest(),
            StatementKind::Ballot => self.slot.ballots.latest(),
        }
    }

    /// Asks again for the quorum sets of nominators that were unknown: they may have become known.
    pub(super) fn look_up_unknown_sets(&mut self) {
        let latest = self.slot.nominations.latest();
        if latest.unknown().is_empty() {
            return;
        }
        let ids: Vec<(NodeId, QuorumSetId)> = latest
            .unknown()
            .iter()
            .filter_map(|node| Some((node, latest.get(node)?.envelope.quorum_set)))
            .collect();
        for (node, id) in ids {
            if let Some(class) = self.sets.resolve(self.driver, id) {
                self.slot.nominations.latest_mut().learn_set(node, class);
            }
        }
    }

    /// Takes in what has come together: everything is recorded first, then each different statement is followed up once.
    /// Who is refused goes to `refused`.
    pub(super) fn process_batch(
        &mut self,
        envelopes: &[Arc<Envelope>],
        refused: &mut Vec<(NodeId, ScpRefusal)>,
    ) -> Result<(), InvariantViolated> {
        let mut changed: Vec<&Arc<Envelope>> = Vec::new();
        for envelope in envelopes {
            let follow_up = match envelope.statement.is_nominate() {
                true => self.record_nominate(envelope),
                false => self.record_ballot(envelope, StatementSource::Peer),
            };
            match follow_up {
                Ok(FollowUp::Needed) if self.is_worth_following(envelope, &changed) => {
                    changed.push(envelope)
                }
                Ok(FollowUp::Needed | FollowUp::Done) => {}
                Err(why) => refused.push((envelope.from, why)),
            }
        }
        for envelope in changed {
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
    fn is_worth_following(&self, envelope: &Envelope, changed: &[&Arc<Envelope>]) -> bool {
        let is_leader = envelope.statement.is_nominate()
            && self.slot.nomination().leaders.contains(envelope.from);
        is_leader
            || !changed
                .iter()
                .any(|known| known.statement == envelope.statement)
    }

    /// Federated voting among the statements of one kind.
    pub(super) fn quorum_checker(&self, kind: StatementKind) -> QuorumChecker<'_> {
        QuorumChecker {
            local: self.local_set.map(|class| self.sets.compiled(class)),
            local_class: self.local_set,
            sets: self.sets,
            latest: self.latest(kind),
        }
    }

    /// Takes up where an own earlier envelope left off. Nothing is said or done by it (NOTES 69).
    pub(super) fn restore(&mut self, envelope: &Arc<Envelope>) -> Result<(), ScpRefusal> {
        let kind = match envelope.statement.is_nominate() {
            true => StatementKind::Nomination,
            false => StatementKind::Ballot,
        };
        if !envelope.statement.is_sane(StatementSource::Peer) {
            return Err(ScpRefusal::NotSane);
        }
        let comes_late = match kind {
            StatementKind::Nomination => *self.slot.nomination().nominating,
            StatementKind::Ballot => self.slot.ballot().b.is_some(),
        };
        if comes_late || self.latest(kind).get(self.local.id).is_some() {
            return Err(ScpRefusal::ComesTooLate);
        }
        let set = self.sender_set(envelope);
        self.record(Arc::clone(envelope), set);
        match kind {
            StatementKind::Nomination => self.restore_nomination(envelope),
            StatementKind::Ballot => self.restore_ballot(envelope),
        }
        Ok(())
    }

    /// Records `envelope` as its sender's latest.
    pub(super) fn record(&mut self, envelope: Arc<Envelope>, set: SenderSet) {
        let recorded = LatestStatement { envelope, set };
        if recorded.envelope.statement.is_nominate() {
            self.slot.nominations.record(recorded);
        } else {
            self.slot.ballots.record(recorded);
        }
    }
}
