//! Context of a protocol step: the local node, the application, and the output for effects.

use super::driver::{Driver, ValidationContext, Validity};
use super::event::{Effect, EvidenceMode, ScpEvent, ScpRefusal, ScpTimer};
use super::id::{NodeId, QuorumSetId, SlotIndex};
use super::quorum::federated_voting::Voter;
use super::quorum::latest_statements::{LatestStatements, SenderSet};
use super::quorum::nominations::Nominations;
use super::quorum::registry::{SetClass, SetRegistry};
use super::quorum_set::QuorumSet;
use super::statement::{Envelope, Statement};
use super::undo::Undoable;
use super::value::Value;
use crate::time::Span;
use std::sync::Arc;

/// The local node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalNode {
    /// Its number.
    pub id: NodeId,
    /// The quorum set that its statements name.
    pub quorum_set: QuorumSetId,
    /// Whether it sends statements. If not, it only follows the protocol (NOTES 67).
    pub is_validator: bool,
}

/// Whether the local node sends statements about a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emission {
    /// It sends statements.
    Enabled,
    /// It only follows, because it is not a validator or a value could not be fully validated (NOTES 13, 67).
    Suppressed,
}

/// An invariant of the protocol would be violated. stellar-core aborts here (NOTES, section 7). A transaction rolls
/// back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvariantViolated;

impl From<InvariantViolated> for ScpRefusal {
    fn from(_: InvariantViolated) -> ScpRefusal {
        ScpRefusal::BreaksInvariant
    }
}

/// Whether a recorded statement can advance the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowUp {
    /// The protocol has to be advanced.
    Needed,
    /// The statement cannot advance the protocol.
    Done,
}

/// Everything that a protocol step may use besides its own state.
pub(super) struct Context<'a, D> {
    driver: &'a D,
    local: LocalNode,
    local_set: Option<SetClass>,
    sets: &'a mut SetRegistry,
    slot: SlotIndex,
    emission: &'a mut Undoable<Emission>,
    evidence_mode: EvidenceMode,
    out: &'a mut Vec<Effect>,
}

/// The parts of a context that are the same for all slots.
pub(super) struct NodeContext<'a, D> {
    /// The application.
    pub(super) driver: &'a D,
    /// The local node.
    pub(super) local: LocalNode,
    /// All quorum sets resolved so far.
    pub(super) sets: &'a mut SetRegistry,
    /// Whether events are wanted.
    pub(super) evidence_mode: EvidenceMode,
    /// The output for effects.
    pub(super) out: &'a mut Vec<Effect>,
}

impl<'a, D: Driver> NodeContext<'a, D> {
    /// The context of a step in `slot`.
    pub(super) fn in_slot(
        self,
        slot: SlotIndex,
        emission: &'a mut Undoable<Emission>,
    ) -> Context<'a, D> {
        let quorum_set = self.local.quorum_set;
        Context {
            driver: self.driver,
            local: self.local,
            local_set: self.sets.resolve_local(self.driver, quorum_set),
            sets: self.sets,
            slot,
            emission,
            evidence_mode: self.evidence_mode,
            out: self.out,
        }
    }
}

impl<'a, D: Driver> Context<'a, D> {
    /// The application.
    pub(super) fn driver(&self) -> &'a D {
        self.driver
    }

    /// The slot of this step.
    pub(super) fn slot(&self) -> SlotIndex {
        self.slot
    }

    /// The local node.
    pub(super) fn local(&self) -> NodeId {
        self.local.id
    }

    /// The class of the local quorum set; `None` if the application does not know the set.
    pub(super) fn local_set(&self) -> Option<SetClass> {
        self.local_set
    }

    /// The local quorum set as the application gave it.
    pub(super) fn local_quorum_set(&self) -> Option<&QuorumSet> {
        self.local_set.map(|class| self.sets.set(class).as_ref())
    }

    /// The local node as a voter.
    pub(super) fn voter(&self) -> Voter<'_> {
        Voter {
            local: self.local_set,
            sets: self.sets,
            evidence_mode: self.evidence_mode,
        }
    }

    /// Whether events are reported.
    pub(super) fn wants_events(&self) -> bool {
        self.evidence_mode == EvidenceMode::Record
    }

    /// Reports an event if events are wanted.
    pub(super) fn event(&mut self, event: impl FnOnce(SlotIndex) -> ScpEvent) {
        if self.wants_events() {
            self.out.push(Effect::Event(event(self.slot)));
        }
    }

    /// Arms a timer.
    pub(super) fn set_timer(&mut self, timer: ScpTimer, span: Span) {
        let slot = self.slot;
        self.out.push(Effect::SetTimer { slot, timer, span });
    }

    /// Disarms a timer.
    pub(super) fn stop_timer(&mut self, timer: ScpTimer) {
        let slot = self.slot;
        self.out.push(Effect::StopTimer { slot, timer });
    }

    /// Broadcasts an envelope of the local node.
    pub(super) fn emit(&mut self, envelope: Arc<Envelope>) {
        self.out.push(Effect::Emit(envelope));
    }

    /// Hands the decision to the application.
    pub(super) fn externalize(&mut self, value: Value) {
        let slot = self.slot;
        self.out.push(Effect::Externalized { slot, value });
    }

    /// Whether the local node sends statements about this slot.
    pub(super) fn emission(&self) -> Emission {
        **self.emission
    }

    /// Stops sending statements about this slot (NOTES 13).
    pub(super) fn suppress_emission(&mut self) {
        if self.emission() == Emission::Enabled {
            self.emission.set(Emission::Suppressed);
            self.event(|slot| ScpEvent::NotFullyValidated { slot });
        }
    }

    /// The validity of `value` for the application.
    pub(super) fn validate(&self, value: &Value, context: ValidationContext) -> Validity {
        self.driver.validate(self.slot, value, context)
    }

    /// An envelope of the local node.
    pub(super) fn own_envelope(&self, statement: Statement) -> Arc<Envelope> {
        Arc::new(Envelope {
            from: self.local.id,
            slot: self.slot,
            quorum_set: self.local.quorum_set,
            statement,
        })
    }

    /// The quorum set that counts for the sender of `envelope`. The sender's last statement, in `latest`, almost always
    /// names the same set, which saves a look-up.
    pub(super) fn sender_set(
        &mut self,
        latest: &LatestStatements,
        envelope: &Envelope,
    ) -> SenderSet {
        if matches!(envelope.statement, Statement::Externalize { .. }) {
            return SenderSet::Singleton;
        }
        if let Some(last) = latest.get(envelope.from)
            && last.envelope.quorum_set == envelope.quorum_set
            && let SenderSet::Known(class) = last.set
        {
            return SenderSet::Known(class);
        }
        match self.sets.resolve(self.driver, envelope.quorum_set) {
            Some(class) => SenderSet::Known(class),
            None => SenderSet::Unknown,
        }
    }

    /// Whether a ballot statement may name the set.
    pub(super) fn is_sane(&self, class: SetClass) -> bool {
        self.sets.is_sane(class)
    }

    /// Repeats the look-up of the unknown quorum sets of nominating nodes.
    pub(super) fn look_up_unknown_sets(&mut self, nominations: &mut Nominations) {
        nominations.look_up_unknown_sets(self.driver, self.sets);
    }
}
