//! Event coverage: over all golden transcripts, every change of a slot's state has an event that names the new value.

use super::vectors::TRANSCRIPTS;
use quorumscope::commands::conformance::TranscriptReplay;
use quorumscope::commands::conformance::format::{StepInput, Transcript};
use quorumscope::scp::{BallotPhase, EvidenceMode, ScpEvent, SlotIndex, SlotState, Value};
use std::collections::BTreeSet;

/// The slot of an input. `None` if the input has no slot or causes no events: a restored statement was reported when it
/// was made, and stopping nomination is a decision of the application.
fn slot_of(input: &StepInput) -> Option<SlotIndex> {
    match input {
        StepInput::Nominate { slot, .. } | StepInput::Timer { slot, .. } => Some(SlotIndex(*slot)),
        StepInput::Receive(message) => Some(SlotIndex(message.slot)),
        StepInput::SetQset { .. } | StepInput::StopNomination { .. } | StepInput::Restore(_) => {
            None
        }
    }
}

fn values<'a>(
    events: &'a [ScpEvent],
    pick: impl Fn(&'a ScpEvent) -> Option<&'a Value>,
) -> BTreeSet<Value> {
    events.iter().filter_map(pick).cloned().collect()
}

fn beyond(after: &BTreeSet<Value>, before: &BTreeSet<Value>) -> BTreeSet<Value> {
    after.difference(before).cloned().collect()
}

/// Checks the sets X, Y and Z, the composite value, the round and the leaders.
fn check_nomination(before: &SlotState, after: &SlotState, events: &[ScpEvent]) {
    let voted = values(events, |event| match event {
        ScpEvent::VotedNominate { value, .. } => Some(value),
        _ => None,
    });
    let accepted = values(events, |event| match event {
        ScpEvent::AcceptedNominated { value, .. } => Some(value),
        _ => None,
    });
    let confirmed = values(events, |event| match event {
        ScpEvent::ConfirmedNominated { value, .. } => Some(value),
        _ => None,
    });
    let either = voted.union(&accepted).cloned().collect();
    assert_eq!(
        beyond(&after.voted, &before.voted),
        beyond(&either, &before.voted)
    );
    assert_eq!(beyond(&after.accepted, &before.accepted), accepted);
    assert_eq!(beyond(&after.candidates, &before.candidates), confirmed);
    let composite = events.iter().rev().find_map(|event| match event {
        ScpEvent::Composite { value, .. } => Some(value),
        _ => None,
    });
    assert_eq!(
        after.composite.as_ref(),
        composite.or(before.composite.as_ref())
    );
    let begun = events.iter().rev().find_map(|event| match event {
        ScpEvent::RoundStarted { round, leaders, .. } => {
            Some((*round, leaders.iter().copied().collect()))
        }
        _ => None,
    });
    let expected = begun.unwrap_or_else(|| (before.round, before.leaders.clone()));
    assert_eq!((after.round, after.leaders.clone()), expected);
}

/// Checks the phase, b, p, p', h, c, `heard_from_quorum` and `fully_validated`.
fn check_ballots(before: &SlotState, after: &SlotState, events: &[ScpEvent]) {
    let any = |is_it: fn(&ScpEvent) -> bool| events.iter().any(is_it);
    let accepted_commit = any(|event| matches!(event, ScpEvent::AcceptedCommit { .. }));
    let confirmed_commit = any(|event| matches!(event, ScpEvent::ConfirmedCommit { .. }));
    let confirmed_prepared = any(|event| matches!(event, ScpEvent::ConfirmedPrepared { .. }));
    let accepted_prepared = any(|event| matches!(event, ScpEvent::AcceptedPrepared { .. }));
    let withdrawn = any(|event| matches!(event, ScpEvent::CommitVoteWithdrawn { .. }));
    if after.phase != before.phase {
        assert!(before.phase != BallotPhase::Prepare || accepted_commit);
        assert!(after.phase != BallotPhase::Externalize || confirmed_commit);
    }
    let b = events.iter().rev().find_map(|event| match event {
        ScpEvent::BallotChanged { to, .. } => Some(to),
        _ => None,
    });
    assert_eq!(after.b.as_ref(), b.or(before.b.as_ref()));
    let prepared_moves = accepted_prepared || accepted_commit;
    assert!(after.p == before.p || accepted_prepared);
    assert!(after.p_prime == before.p_prime || prepared_moves);
    let commits_move = confirmed_prepared || accepted_commit || confirmed_commit;
    // A ballot of another value resets both.
    assert!(after.h == before.h || commits_move || (after.h.is_none() && b.is_some()));
    assert!(
        after.c == before.c || commits_move || (after.c.is_none() && (b.is_some() || withdrawn))
    );
    let heard = any(|event| matches!(event, ScpEvent::HeardFromQuorum { .. }));
    assert!(before.heard_from_quorum || !after.heard_from_quorum || heard);
    let silenced = any(|event| matches!(event, ScpEvent::NotFullyValidated { .. }));
    assert_eq!(before.fully_validated && !after.fully_validated, silenced);
    assert_eq!(
        after.externalized.is_some(),
        before.externalized.is_some() || confirmed_commit
    );
}

/// Returns the number of inputs that changed the state of a slot.
fn check_transcript(transcript: &Transcript) -> usize {
    let mut replay = TranscriptReplay::new(transcript, EvidenceMode::Record);
    let mut changes = 0;
    for step in &transcript.steps {
        let slot = slot_of(&step.input);
        let state = |replay: &TranscriptReplay| slot.and_then(|slot| replay.scp().slot_state(slot));
        let fresh = SlotState {
            fully_validated: transcript.validator,
            ..SlotState::default()
        };
        let before = state(&replay).unwrap_or(fresh);
        let reply = replay.feed(&step.input);
        let Some(after) = state(&replay) else {
            continue;
        };
        changes += usize::from(before != after);
        check_nomination(&before, &after, &reply.events);
        check_ballots(&before, &after, &reply.events);
    }
    changes
}

#[test]
fn every_state_change_has_an_event() {
    let changes: usize = TRANSCRIPTS.iter().map(check_transcript).sum();
    assert!(changes > 5_000, "only {changes} inputs changed anything");
}
