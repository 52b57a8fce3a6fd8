//! Safety checker: collects what intact nodes accept and reports contradictions.

use crate::scp_net::SLOT;
use crate::statements::may_follow;
use quorumscope::scp::{
    Ballot, BallotPhase, Scp, ScpEvent, ScpRefusal, SlotState, Statement, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// A violated property of the intact nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    BrokenInvariant,
    NotNewer,
    Contradiction,
    Disagreement,
    Undecided,
}

/// What all intact nodes together have accepted so far, and the latest statement of each.
#[derive(Default)]
pub(super) struct SafetyChecker {
    /// By place; the flag marks a NOMINATE.
    last: BTreeMap<(usize, bool), Statement>,
    /// All ballots that an intact node has accepted as prepared.
    prepared: BTreeSet<Ballot>,
    /// The lowest ballot of each commit that an intact node has accepted.
    committed: BTreeSet<Ballot>,
    decided: BTreeSet<Value>,
    /// The first fault of each kind.
    pub(super) faults: BTreeMap<Fault, String>,
}

impl SafetyChecker {
    pub(super) fn add_statement(&mut self, place: usize, new: &Statement) {
        let last = self.last.insert((place, new.is_nominate()), new.clone());
        if let Some(last) = last.filter(|last| last == new || !may_follow(last, new)) {
            self.report(
                Fault::NotNewer,
                format!("node {place}: {last:?}, then {new:?}"),
            );
        }
        self.add_accepted(new);
    }

    pub(super) fn decide(&mut self, value: Value) {
        self.decided.insert(value);
        if self.decided.len() > 1 {
            self.report(Fault::Disagreement, format!("decided: {:?}", self.decided));
        }
    }

    /// Adds the ballots that a statement claims to accept.
    fn add_accepted(&mut self, statement: &Statement) {
        match statement.clone() {
            Statement::Nominate { .. } => {}
            Statement::Prepare {
                prepared,
                prepared_prime,
                ..
            } => {
                self.prepared
                    .extend([prepared, prepared_prime].into_iter().flatten());
            }
            Statement::Confirm {
                ballot: Ballot { x, .. },
                n_prepared,
                n_commit,
                n_h,
            } => {
                self.prepared.insert(Ballot::new(n_prepared, x.clone()));
                self.accept_commit(x, n_commit, n_h);
            }
            Statement::Externalize { commit, n_h } => self.accept_commit(commit.x, commit.n, n_h),
        }
    }

    /// Accepting a commit implies that its ballot is prepared.
    fn accept_commit(&mut self, x: Value, low: u32, high: u32) {
        self.prepared.insert(Ballot::new(high, x.clone()));
        self.committed.insert(Ballot::new(low, x));
    }

    /// Adds the ballots that an event accepts. If a node accepts several in one step, its statement shows only the
    /// last. `excused` nodes may refuse inputs.
    pub(super) fn add_event(&mut self, place: usize, excused: bool, event: ScpEvent) {
        match event {
            ScpEvent::AcceptedPrepared { ballot, .. } => {
                self.prepared.insert(ballot);
            }
            ScpEvent::AcceptedCommit {
                value, n_c, n_h, ..
            }
            | ScpEvent::ConfirmedCommit {
                value, n_c, n_h, ..
            } => self.accept_commit(value, n_c, n_h),
            ScpEvent::Refused {
                from,
                why: ScpRefusal::BreaksInvariant,
                ..
            } if !excused => {
                let what = format!("node {place} refuses {from:?}");
                self.report(Fault::BrokenInvariant, what);
            }
            _ => {}
        }
    }

    /// Checks the invariants after each step of the node at `place`.
    pub(super) fn check(&mut self, place: usize, scp: &Scp) {
        let state = scp.slot_state(SLOT).unwrap_or_default();
        let sound = scp.check_invariants().and_then(|()| h_is_prepared(&state));
        if let Err(what) = sound {
            self.report(
                Fault::BrokenInvariant,
                format!("node {place}: {what}: {state:?}"),
            );
        }
        let aborted = |p: &&Ballot| self.committed.iter().any(|c| c.is_below_incompatible(p));
        if let Some(p) = self.prepared.iter().find(aborted) {
            let what = format!("prepared: {p:?}, committed: {:?}", self.committed);
            self.report(Fault::Contradiction, what);
        }
    }

    pub(super) fn report(&mut self, fault: Fault, what: String) {
        self.faults.entry(fault).or_insert(what);
    }
}

/// Whether one Byzantine node is enough to make this intact node refuse correct statements. This can happen in two
/// cases: a decided node and a Byzantine node have raised its counter to the highest one (NOTES 61 and section 7a), or
/// it has no ballot yet and would confirm <0, x> as prepared, which only a Byzantine node claims (section 7c).
pub(super) fn may_refuse(scp: &Scp) -> bool {
    let b = scp.slot_state(SLOT).and_then(|state| state.b);
    b.is_none_or(|b| b.n == u32::MAX)
}

/// Checks that h <= p in PREPARE, and that h ~ p from CONFIRM on unless h is above p. From CONFIRM on, h can be above p
/// because accepting a commit does not change p (NOTES 51), and a Byzantine node can accept the commit without claiming
/// that h is prepared.
fn h_is_prepared(state: &SlotState) -> Result<(), String> {
    let holds = match (state.phase, &state.h, &state.p) {
        (_, None, _) => true,
        (BallotPhase::Prepare, Some(h), p) => p.as_ref().is_some_and(|p| h <= p),
        (_, Some(h), p) => !p.as_ref().is_some_and(|p| h.is_below_incompatible(p)),
    };
    match holds {
        true => Ok(()),
        false => Err("h is not prepared".to_owned()),
    }
}
