//! Transcripts of the reference, bent: every kind of damage that liars, a bad network and a bad disk can do to them.

use super::stock::{Stock, counter, step};
use super::tape::Tape;
use quorumscope::commands::conformance::format::{Input, Message, Round, Said, Transcript};

/// So many steps of a transcript are taken at most.
const STEPS_MAX: usize = 300;

/// `transcript` as the tape damages it.
pub(crate) fn mutated(transcript: &Transcript, tape: &mut Tape<'_>) -> Transcript {
    let stock = Stock::of(transcript);
    // How many of its steps stay as they are.
    let calm = [12, 40, 120][tape.below(3)];
    let mut inputs: Vec<Input> = Vec::new();
    for step in transcript.steps.iter().take(STEPS_MAX) {
        let mut input = step.input.clone();
        match tape.below(calm + 12).checked_sub(calm) {
            None => {}
            Some(0) => continue,
            Some(1) => inputs.push(input.clone()),
            Some(2) => {
                let at = inputs.len() - tape.below(inputs.len().min(40) + 1);
                inputs.insert(at, input);
                continue;
            }
            Some(3) => inputs.extend(tape.pick(&inputs).cloned()),
            Some(4 | 5) => inputs.push(stock.input(tape)),
            Some(_) => bend(&mut input, &stock, tape),
        }
        inputs.push(input);
    }
    if let Some(fatal) = &transcript.fatal {
        inputs.push(fatal.input.clone());
    }
    while !tape.is_over() && inputs.len() < STEPS_MAX + 40 {
        inputs.push(stock.input(tape));
    }
    let mut mutated = transcript.clone();
    mutated.steps = inputs.into_iter().map(step).collect();
    mutated
}

fn bend(input: &mut Input, stock: &Stock, tape: &mut Tape<'_>) {
    match input {
        Input::Nominate { slot, value, .. } => match tape.below(2) {
            0 => *value = stock.value(tape),
            _ => *slot = stock.slot(tape),
        },
        Input::Receive(message) => match tape.below(12) {
            0 => *input = Input::Restore(message.clone()),
            1 => {
                let mut own = message.clone();
                own.from.clone_from(&stock.local);
                *input = Input::Restore(own);
            }
            _ => bend_message(message, stock, tape),
        },
        Input::Restore(message) => match tape.below(4) {
            0 => *input = Input::Receive(message.clone()),
            _ => bend_message(message, stock, tape),
        },
        Input::Timer { .. } | Input::SetQset { .. } | Input::StopNomination { .. } => {
            *input = stock.input(tape);
        }
    }
}

fn bend_message(message: &mut Message, stock: &Stock, tape: &mut Tape<'_>) {
    match tape.below(12) {
        0 => message.from = stock.node(tape),
        1 => message.slot = stock.slot(tape),
        2 => message.qset = stock.set(tape),
        3 => message.from.clone_from(&stock.local),
        4 => message.st = stock.said(tape),
        5 => message.st = in_other_words(&message.st, tape),
        _ => bend_said(&mut message.st, stock, tape),
    }
}

fn bend_said(said: &mut Said, stock: &Stock, tape: &mut Tape<'_>) {
    match said {
        Said::Nominate { voted, accepted } => match tape.below(6) {
            0 => std::mem::swap(voted, accepted),
            1 => voted.push(stock.value(tape)),
            2 => accepted.push(stock.value(tape)),
            3 => {
                voted.reverse();
                accepted.reverse();
            }
            4 => voted.clear(),
            _ => {
                voted.push(stock.value(tape));
                accepted.clone_from(voted);
                for list in [voted, accepted] {
                    list.sort();
                    list.dedup();
                }
            }
        },
        Said::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => match tape.below(8) {
            0 => bend_round(ballot, stock, tape),
            1 => std::mem::swap(prepared, prepared_prime),
            2 => *prepared = None,
            3 => *prepared_prime = Some(stock.round(tape)),
            4 => std::mem::swap(n_c, n_h),
            5 => *n_c = counter(tape),
            6 => *n_h = counter(tape),
            _ => match prepared {
                Some(prepared) => bend_round(prepared, stock, tape),
                None => *prepared = Some(ballot.clone()),
            },
        },
        Said::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        } => match tape.below(5) {
            0 => bend_round(ballot, stock, tape),
            1 => *n_prepared = counter(tape),
            2 => *n_commit = counter(tape),
            3 => *n_h = counter(tape),
            _ => std::mem::swap(n_commit, n_h),
        },
        Said::Externalize { commit, n_h } => match tape.below(2) {
            0 => bend_round(commit, stock, tape),
            _ => *n_h = counter(tape),
        },
    }
}

fn bend_round(round: &mut Round, stock: &Stock, tape: &mut Tape<'_>) {
    match tape.below(4) {
        0 => round.n = counter(tape),
        1 => round.n = round.n.saturating_add(1),
        2 => round.n = round.n.saturating_sub(1),
        _ => round.x = stock.value(tape),
    }
}

/// Another message about the same ballot.
fn in_other_words(said: &Said, tape: &mut Tape<'_>) -> Said {
    let (ballot, n_h) = match said {
        Said::Nominate { voted, .. } => {
            let x = voted.first().cloned().unwrap_or_default();
            (Round { n: 1, x }, 1)
        }
        Said::Prepare { ballot, n_h, .. } | Said::Confirm { ballot, n_h, .. } => {
            (ballot.clone(), *n_h)
        }
        Said::Externalize { commit, n_h } => (commit.clone(), *n_h),
    };
    match tape.below(4) {
        0 => Said::Nominate {
            voted: vec![ballot.x],
            accepted: Vec::new(),
        },
        1 => Said::Prepare {
            prepared: Some(ballot.clone()),
            prepared_prime: None,
            n_c: n_h.min(1),
            n_h,
            ballot,
        },
        2 => Said::Confirm {
            n_prepared: ballot.n,
            n_commit: n_h.min(1),
            n_h,
            ballot,
        },
        _ => Said::Externalize {
            n_h: n_h.max(ballot.n),
            commit: ballot,
        },
    }
}
