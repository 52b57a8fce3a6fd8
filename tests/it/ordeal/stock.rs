//! `Stock`: names, values and counters out of which a tape makes inputs, well formed and otherwise.

use super::collect_nodes;
use super::tape::Tape;
use quorumscope::commands::conformance::format::{
    Input, Message, Round, Said, Set, Step, Timer, Transcript,
};
use std::collections::{BTreeMap, BTreeSet};

/// At most so many inputs, so that a long tape stays a quick one.
const STEPS_MAX: usize = 160;

/// What there is to choose from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stock {
    pub(crate) local: String,
    pub(crate) nodes: Vec<String>,
    pub(crate) sets: Vec<String>,
    pub(crate) values: Vec<String>,
    pub(crate) slots: Vec<u64>,
}

impl Stock {
    /// What occurs in `transcript`, and some that does not.
    pub(crate) fn of(transcript: &Transcript) -> Stock {
        let mut nodes = BTreeSet::new();
        for set in transcript.qsets.values() {
            collect_nodes(set, &mut nodes);
        }
        let mut values = BTreeSet::from(["".to_owned(), "a".to_owned(), "x+y".to_owned()]);
        let mut slots = BTreeSet::from([u64::MAX]);
        for step in &transcript.steps {
            slots.extend(super::slot_of(&step.input));
            match &step.input {
                Input::Nominate { value, .. } => {
                    values.insert(value.clone());
                }
                Input::Receive(message) | Input::Restore(message) => {
                    values_of(&message.st, &mut values)
                }
                _ => {}
            }
        }
        // The same once more with every character that may be special to the node.
        let plain: Vec<String> = values.iter().take(4).cloned().collect();
        for rule in transcript.rules.chars() {
            values.extend(plain.iter().map(|value| format!("{rule}{value}")));
        }
        let mut nodes: Vec<String> = nodes.into_iter().map(str::to_owned).collect();
        nodes.push("stranger".to_owned());
        let mut sets: Vec<String> = transcript.qsets.keys().cloned().collect();
        sets.push("of nobody".to_owned());
        Stock {
            local: transcript.node.clone(),
            nodes,
            sets,
            values: values.into_iter().collect(),
            slots: slots.into_iter().collect(),
        }
    }

    /// A node with five quorum sets, some of them mad, and whatever may happen to it.
    pub(crate) fn transcript(tape: &mut Tape<'_>) -> Transcript {
        let nodes: Vec<String> = (0..5).map(|nth| format!("n{nth}")).collect();
        let set_names: Vec<String> = (0..5).map(|nth| format!("s{nth}")).collect();
        let sets: BTreeMap<String, Set> = (set_names.iter())
            .map(|name| (name.clone(), set(tape, &nodes, 0)))
            .collect();
        let rules = ["", "!?~^", "?", "~"][tape.below(4)].to_owned();
        let mut transcript = Transcript {
            format: 1,
            id: "made up".to_owned(),
            class: "made up".to_owned(),
            scenario: "made up".to_owned(),
            seed: String::new(),
            node: "n0".to_owned(),
            validator: !tape.once_in(16),
            qset: "s0".to_owned(),
            rules,
            qsets: sets,
            externalized: BTreeMap::new(),
            steps: Vec::new(),
            fatal: None,
        };
        let mut stock = Stock::of(&transcript);
        stock.slots = vec![1, 1, 1, 2, u64::MAX];
        stock.values.extend(["b".to_owned(), "~".to_owned()]);
        if tape.once_in(2) {
            // Straight to the ballots.
            stock.values.truncate(3);
        }
        while !tape.is_over() && transcript.steps.len() < STEPS_MAX {
            transcript.steps.push(step(stock.input(tape)));
        }
        transcript
    }

    /// Anything that can happen; statements most often.
    pub(crate) fn input(&self, tape: &mut Tape<'_>) -> Input {
        match tape.below(24) {
            0..=16 => Input::Receive(self.message(tape)),
            17 | 18 => Input::Nominate {
                slot: self.slot(tape),
                value: self.value(tape),
                prev: self.value(tape),
            },
            19 | 20 => Input::Timer {
                slot: self.slot(tape),
                timer: [Timer::Ballot, Timer::Nomination][tape.below(2)],
            },
            21 => Input::SetQset {
                qset: self.set(tape),
            },
            22 => Input::StopNomination {
                slot: self.slot(tape),
            },
            _ => {
                let mut message = self.message(tape);
                if !tape.once_in(4) {
                    message.from.clone_from(&self.local);
                }
                Input::Restore(message)
            }
        }
    }

    /// Any statement of anybody.
    pub(crate) fn message(&self, tape: &mut Tape<'_>) -> Message {
        Message {
            from: self.node(tape),
            slot: self.slot(tape),
            qset: self.set(tape),
            st: self.said(tape),
        }
    }

    /// Any statement: half of them hang together.
    pub(crate) fn said(&self, tape: &mut Tape<'_>) -> Said {
        match tape.below(8) {
            0 | 1 => Said::Nominate {
                voted: self.list(tape),
                accepted: self.list(tape),
            },
            2 => Said::Prepare {
                ballot: self.round(tape),
                prepared: Some(self.round(tape)).filter(|_| !tape.once_in(3)),
                prepared_prime: Some(self.round(tape)).filter(|_| tape.once_in(3)),
                n_c: counter(tape),
                n_h: counter(tape),
            },
            3 | 4 => {
                let ballot = self.round(tape);
                let n = counter(tape).min(ballot.n);
                Said::Prepare {
                    prepared: Some(ballot.clone()),
                    prepared_prime: None,
                    n_c: counter(tape).min(n),
                    n_h: n,
                    ballot,
                }
            }
            5 => Said::Confirm {
                ballot: self.round(tape),
                n_prepared: counter(tape),
                n_commit: counter(tape),
                n_h: counter(tape),
            },
            6 => {
                let ballot = self.round(tape);
                let n_h = counter(tape).min(ballot.n);
                Said::Confirm {
                    n_prepared: n_h,
                    n_commit: counter(tape).min(n_h),
                    n_h,
                    ballot,
                }
            }
            _ => Said::Externalize {
                commit: self.round(tape),
                n_h: counter(tape),
            },
        }
    }

    fn list(&self, tape: &mut Tape<'_>) -> Vec<String> {
        let mut list: Vec<String> = (0..tape.below(4)).map(|_| self.value(tape)).collect();
        if !tape.once_in(8) {
            list.sort();
            list.dedup();
        }
        list
    }

    /// Any ballot.
    pub(crate) fn round(&self, tape: &mut Tape<'_>) -> Round {
        Round {
            n: counter(tape),
            x: self.value(tape),
        }
    }

    /// Any value.
    pub(crate) fn value(&self, tape: &mut Tape<'_>) -> String {
        tape.pick(&self.values).cloned().unwrap_or_default()
    }

    /// Any name of a node.
    pub(crate) fn node(&self, tape: &mut Tape<'_>) -> String {
        tape.pick(&self.nodes).cloned().unwrap_or_default()
    }

    /// Any name of a quorum set.
    pub(crate) fn set(&self, tape: &mut Tape<'_>) -> String {
        tape.pick(&self.sets).cloned().unwrap_or_default()
    }

    /// Any slot.
    pub(crate) fn slot(&self, tape: &mut Tape<'_>) -> u64 {
        tape.pick(&self.slots).copied().unwrap_or_default()
    }
}

/// Small ones mostly, and those at which something overflows.
pub(crate) fn counter(tape: &mut Tape<'_>) -> u32 {
    match tape.below(16) {
        0..=9 => 1 + tape.below(3) as u32,
        10 | 11 => tape.below(9) as u32,
        12 => 0,
        13 => u32::MAX,
        14 => u32::MAX - 1,
        _ => u32::MAX / 2,
    }
}

/// Mostly flat and sane.
fn set(tape: &mut Tape<'_>, nodes: &[String], depth: usize) -> Set {
    let mut v = nodes.to_vec();
    for _ in 0..tape.below(4) {
        if v.len() > 1 {
            v.remove(tape.below(v.len()));
        }
    }
    let mut i = Vec::new();
    if depth < 6 && tape.once_in(4) {
        for _ in 0..=tape.below(2) {
            // What is inside is mostly about others, as it should be.
            let (outer, inner) = v.split_at(tape.below(v.len() + 1));
            let inner = set(
                tape,
                if inner.is_empty() { nodes } else { inner },
                depth + 1,
            );
            v = outer.to_vec();
            i.push(inner);
        }
    }
    let entries = v.len() + i.len();
    let t = match tape.below(16) {
        0..=11 => entries * 2 / 3 + 1,
        12 | 13 => 1 + tape.below(entries.max(1)),
        14 => entries,
        _ => [0, entries + 1, u32::MAX as usize][tape.below(3)],
    };
    if tape.once_in(16) {
        v.extend(v.first().cloned());
    }
    Set { t: t as u32, v, i }
}

/// A step of which only the input counts.
pub(crate) fn step(input: Input) -> Step {
    Step {
        at: 0,
        input,
        res: None,
        out: Vec::new(),
        state: None,
        comment: None,
    }
}

fn values_of(said: &Said, values: &mut BTreeSet<String>) {
    match said {
        Said::Nominate { voted, accepted } => {
            values.extend(voted.iter().chain(accepted).cloned());
        }
        Said::Prepare {
            ballot, prepared, ..
        } => {
            values.insert(ballot.x.clone());
            values.extend(prepared.iter().map(|p| p.x.clone()));
        }
        Said::Confirm { ballot, .. } => {
            values.insert(ballot.x.clone());
        }
        Said::Externalize { commit, .. } => {
            values.insert(commit.x.clone());
        }
    }
}
