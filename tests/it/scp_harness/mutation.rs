//! Mutation of golden transcripts: damage as Byzantine nodes, a faulty network or a faulty disk can cause.

use super::choices::Choices;
use super::generator::{InputGenerator, counter, step};
use quorumscope::commands::conformance::format::{
    NamedBallot, NamedEnvelope, NamedStatement, StepInput, Transcript,
};

/// Maximum number of steps that are taken from a transcript.
const STEPS_MAX: usize = 300;

/// `transcript` with the damage that the choices select.
pub(crate) fn mutated(transcript: &Transcript, choices: &mut Choices<'_>) -> Transcript {
    let generator = InputGenerator::of(transcript);
    // Weight of an unchanged step, relative to a weight of 12 for all damage.
    let calm = [12, 40, 120][choices.below(3)];
    let mut inputs: Vec<StepInput> = Vec::new();
    for step in transcript.steps.iter().take(STEPS_MAX) {
        let mut input = step.input.clone();
        match choices.below(calm + 12).checked_sub(calm) {
            None => {}
            Some(0) => continue,
            Some(1) => inputs.push(input.clone()),
            Some(2) => {
                let at = inputs.len() - choices.below(inputs.len().min(40) + 1);
                inputs.insert(at, input);
                continue;
            }
            Some(3) => inputs.extend(choices.pick(&inputs).cloned()),
            Some(4 | 5) => inputs.push(generator.input(choices)),
            Some(_) => mutate(&mut input, &generator, choices),
        }
        inputs.push(input);
    }
    if let Some(fatal) = &transcript.fatal {
        inputs.push(fatal.input.clone());
    }
    while !choices.is_over() && inputs.len() < STEPS_MAX + 40 {
        inputs.push(generator.input(choices));
    }
    let mut mutated = transcript.clone();
    mutated.steps = inputs.into_iter().map(step).collect();
    mutated
}

fn mutate(input: &mut StepInput, generator: &InputGenerator, choices: &mut Choices<'_>) {
    match input {
        StepInput::Nominate { slot, value, .. } => match choices.below(2) {
            0 => *value = generator.value(choices),
            _ => *slot = generator.slot(choices),
        },
        StepInput::Receive(message) => match choices.below(12) {
            0 => *input = StepInput::Restore(message.clone()),
            1 => {
                let mut own = message.clone();
                own.from.clone_from(&generator.local);
                *input = StepInput::Restore(own);
            }
            _ => mutate_envelope(message, generator, choices),
        },
        StepInput::Restore(message) => match choices.below(4) {
            0 => *input = StepInput::Receive(message.clone()),
            _ => mutate_envelope(message, generator, choices),
        },
        StepInput::Timer { .. } | StepInput::SetQset { .. } | StepInput::StopNomination { .. } => {
            *input = generator.input(choices);
        }
    }
}

fn mutate_envelope(
    message: &mut NamedEnvelope,
    generator: &InputGenerator,
    choices: &mut Choices<'_>,
) {
    match choices.below(12) {
        0 => message.from = generator.node(choices),
        1 => message.slot = generator.slot(choices),
        2 => message.qset = generator.set(choices),
        3 => message.from.clone_from(&generator.local),
        4 => message.st = generator.statement(choices),
        5 => message.st = other_statement_type(&message.st, choices),
        _ => mutate_statement(&mut message.st, generator, choices),
    }
}

fn mutate_statement(
    statement: &mut NamedStatement,
    generator: &InputGenerator,
    choices: &mut Choices<'_>,
) {
    match statement {
        NamedStatement::Nominate { voted, accepted } => match choices.below(6) {
            0 => std::mem::swap(voted, accepted),
            1 => voted.push(generator.value(choices)),
            2 => accepted.push(generator.value(choices)),
            3 => {
                voted.reverse();
                accepted.reverse();
            }
            4 => voted.clear(),
            _ => {
                voted.push(generator.value(choices));
                accepted.clone_from(voted);
                for list in [voted, accepted] {
                    list.sort();
                    list.dedup();
                }
            }
        },
        NamedStatement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => match choices.below(8) {
            0 => mutate_ballot(ballot, generator, choices),
            1 => std::mem::swap(prepared, prepared_prime),
            2 => *prepared = None,
            3 => *prepared_prime = Some(generator.ballot(choices)),
            4 => std::mem::swap(n_c, n_h),
            5 => *n_c = counter(choices),
            6 => *n_h = counter(choices),
            _ => match prepared {
                Some(prepared) => mutate_ballot(prepared, generator, choices),
                None => *prepared = Some(ballot.clone()),
            },
        },
        NamedStatement::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        } => match choices.below(5) {
            0 => mutate_ballot(ballot, generator, choices),
            1 => *n_prepared = counter(choices),
            2 => *n_commit = counter(choices),
            3 => *n_h = counter(choices),
            _ => std::mem::swap(n_commit, n_h),
        },
        NamedStatement::Externalize { commit, n_h } => match choices.below(2) {
            0 => mutate_ballot(commit, generator, choices),
            _ => *n_h = counter(choices),
        },
    }
}

fn mutate_ballot(round: &mut NamedBallot, generator: &InputGenerator, choices: &mut Choices<'_>) {
    match choices.below(4) {
        0 => round.n = counter(choices),
        1 => round.n = round.n.saturating_add(1),
        2 => round.n = round.n.saturating_sub(1),
        _ => round.x = generator.value(choices),
    }
}

/// Another statement type about the same ballot.
fn other_statement_type(statement: &NamedStatement, choices: &mut Choices<'_>) -> NamedStatement {
    let (ballot, n_h) = match statement {
        NamedStatement::Nominate { voted, .. } => {
            let x = voted.first().cloned().unwrap_or_default();
            (NamedBallot { n: 1, x }, 1)
        }
        NamedStatement::Prepare { ballot, n_h, .. }
        | NamedStatement::Confirm { ballot, n_h, .. } => (ballot.clone(), *n_h),
        NamedStatement::Externalize { commit, n_h } => (commit.clone(), *n_h),
    };
    match choices.below(4) {
        0 => NamedStatement::Nominate {
            voted: vec![ballot.x],
            accepted: Vec::new(),
        },
        1 => NamedStatement::Prepare {
            prepared: Some(ballot.clone()),
            prepared_prime: None,
            n_c: n_h.min(1),
            n_h,
            ballot,
        },
        2 => NamedStatement::Confirm {
            n_prepared: ballot.n,
            n_commit: n_h.min(1),
            n_h,
            ballot,
        },
        _ => NamedStatement::Externalize {
            n_h: n_h.max(ballot.n),
            commit: ballot,
        },
    }
}
