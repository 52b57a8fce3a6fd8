//! What SCP is told and what comes of it: statements that were heard, timers that ran out, and the effects.
//!
//! Statements that come together are told together. Absent here: when a slot begins (`consensus`).

use crate::node::config::Application;
use crate::node::contract::TimerKind;
use crate::node::driver::NodeDriver;
use crate::node::event::{BackupAnswer, MessageRefusal, NodeEvent};
use crate::node::node::{Lifecycle, Node};
use crate::node::outbox::TrafficClass;
use crate::node::persisted::StateChange;
use crate::node::pool::file_of;
use crate::scp::{
    Effect, Envelope, Scp, ScpEvent, ScpRefusal, ScpTimer, SlotIndex, Statement, Value,
};
use std::sync::Arc;

impl Node {
    /// Hears statements about the running slot that had to wait. True if there were any.
    pub(super) fn deliver_pending(&mut self) -> bool {
        let slot = self.log.next_slot();
        let ready = self.pending.take(slot, self.sets.closure());
        let are_some = !ready.is_empty();
        for envelope in &ready {
            self.sets.note_named(envelope.quorum_set);
        }
        self.consensus.inbox.extend(ready);
        self.deliver_statements();
        are_some
    }

    /// A statement about the running slot is to be told to SCP, together with the others that came with it.
    pub(in crate::node) fn queue_statement(&mut self, envelope: &Arc<Envelope>) {
        self.consensus.inbox.push(Arc::clone(envelope));
    }

    /// Tells SCP what was heard.
    pub(in crate::node) fn deliver_statements(&mut self) {
        let mut heard = std::mem::take(&mut self.consensus.inbox);
        if heard.is_empty() {
            return;
        }
        self.join_slot();
        let slot = self.log.next_slot();
        heard.retain(|envelope| envelope.slot == slot);
        for envelope in &heard {
            self.answer_backups(envelope);
        }
        let mut refused = Vec::new();
        let effects = self.with_scp(|scp, driver, out| {
            refused = scp.receive_batch(driver, slot, &heard, out);
        });
        for (from, why) in refused {
            // Repetitions and overtaken statements are everyday life.
            if why != ScpRefusal::NotNewer {
                self.refuse(from, MessageRefusal::Scp(why));
            }
        }
        self.apply_effects(slot, effects);
    }

    /// A timer of SCP ran out.
    pub(in crate::node) fn slot_timer(&mut self, slot: SlotIndex, timer: ScpTimer) {
        if self.lifecycle != Lifecycle::Ready || slot != self.log.next_slot() {
            return;
        }
        let effects = self.with_scp(|scp, driver, out| scp.timer_expired(driver, slot, timer, out));
        self.apply_effects(slot, effects);
    }

    pub(super) fn with_scp(
        &mut self,
        work: impl FnOnce(&mut Scp, &NodeDriver<'_>, &mut Vec<Effect>),
    ) -> Vec<Effect> {
        let driver = NodeDriver {
            me: self.key,
            application: self.config.settings.application,
            sets: &self.sets,
            log: &self.log,
            backup: &self.backup,
            roster: &self.roster,
            decoder: &self.decoder,
        };
        let mut effects = Vec::new();
        work(&mut self.consensus.scp, &driver, &mut effects);
        effects
    }

    pub(super) fn apply_effects(&mut self, slot: SlotIndex, effects: Vec<Effect>) {
        let has_moved = !effects.is_empty();
        for effect in effects {
            match effect {
                Effect::Emit(envelope) => self.send_statement(&envelope),
                Effect::SetTimer { slot, timer, span } => {
                    self.out.timer(timer_kind(slot, timer), span)
                }
                Effect::StopTimer { slot, timer } => self.out.cancel(timer_kind(slot, timer)),
                Effect::Externalized { value, .. } => self.record(value, &[]),
                Effect::Event(event) => self.report_transition(event),
            }
        }
        if has_moved {
            self.report_slot(slot);
        }
    }

    pub(super) fn send_statement(&mut self, envelope: &Arc<Envelope>) {
        self.resend.note_own(envelope.slot);
        self.out
            .persist(StateChange::OwnStatement(Arc::clone(envelope)));
        if let Some(body) = self.statement_body(envelope) {
            self.out.broadcast(TrafficClass::Progress, body);
        }
    }

    fn report_transition(&mut self, event: ScpEvent) {
        match &event {
            // What was refused from others is told as a refusal of the node.
            ScpEvent::Refused { from, .. } if *from != self.me => return,
            ScpEvent::VotedNominate { value, .. } => {
                let value = value.clone();
                self.out.event(NodeEvent::Scp(event));
                return self.answer_yes(&value);
            }
            _ => {}
        }
        self.out.event(NodeEvent::Scp(event));
    }

    fn report_slot(&mut self, slot: SlotIndex) {
        let Some(state) = self.consensus.scp.slot_state(slot) else {
            return;
        };
        let shown = self.consensus.reported.as_ref();
        if shown.is_some_and(|(at, shown)| *at == slot && **shown == state) {
            return;
        }
        let state = Arc::new(state);
        self.consensus.reported = Some((slot, Arc::clone(&state)));
        self.out.event(NodeEvent::Slot { slot, state });
    }

    /// A statement nominates backups of files that are here already: that is this node's "no".
    fn answer_backups(&mut self, envelope: &Envelope) {
        let Statement::Nominate { voted, .. } = &envelope.statement else {
            return;
        };
        if self.config.settings.application != Application::Log {
            return;
        }
        for value in voted {
            for proposal in self
                .decoder
                .decode(value)
                .iter()
                .flat_map(|set| set.values())
            {
                if self.backup.says_no(self.key, proposal) {
                    self.answer_backup(proposal, BackupAnswer::NoHasIt);
                }
            }
        }
    }

    fn answer_yes(&mut self, value: &Value) {
        if self.config.settings.application != Application::Log {
            return;
        }
        for proposal in self
            .decoder
            .decode(value)
            .iter()
            .flat_map(|set| set.values())
        {
            if file_of(proposal).is_some() {
                self.answer_backup(proposal, BackupAnswer::Yes);
            }
        }
    }
}

fn timer_kind(slot: SlotIndex, timer: ScpTimer) -> TimerKind {
    match timer {
        ScpTimer::Nomination => TimerKind::Nomination(slot),
        ScpTimer::Ballot => TimerKind::Ballot(slot),
    }
}
