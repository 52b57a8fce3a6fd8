//! Generator of inputs, well formed and malformed, from names, values and counters.

use super::choices::Choices;
use super::collect_nodes;
use quorumscope::commands::conformance::format::{
    NamedBallot, NamedEnvelope, NamedQuorumSet, NamedStatement, SlotTimer, StepInput, Transcript,
    TranscriptStep,
};
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of inputs, so that many bytes do not make a test slow.
const STEPS_MAX: usize = 160;

/// The names, values and slots to choose from.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputGenerator {
    pub(crate) local: String,
    pub(crate) nodes: Vec<String>,
    pub(crate) sets: Vec<String>,
    pub(crate) values: Vec<String>,
    pub(crate) slots: Vec<u64>,
}

impl InputGenerator {
    /// The names, values and slots that occur in `transcript`, and some others.
    pub(crate) fn of(transcript: &Transcript) -> InputGenerator {
        let mut nodes = BTreeSet::new();
        for set in transcript.qsets.values() {
            collect_nodes(set, &mut nodes);
        }
        let mut values = BTreeSet::from(["".to_owned(), "a".to_owned(), "x+y".to_owned()]);
        let mut slots = BTreeSet::from([u64::MAX]);
        for step in &transcript.steps {
            slots.extend(super::slot_of(&step.input));
            match &step.input {
                StepInput::Nominate { value, .. } => {
                    values.insert(value.clone());
                }
                StepInput::Receive(message) | StepInput::Restore(message) => {
                    values_of(&message.st, &mut values)
                }
                _ => {}
            }
        }
        // Adds some values again with each prefix that is special to the node.
        let plain: Vec<String> = values.iter().take(4).cloned().collect();
        for rule in transcript.rules.chars() {
            values.extend(plain.iter().map(|value| format!("{rule}{value}")));
        }
        let mut nodes: Vec<String> = nodes.into_iter().map(str::to_owned).collect();
        nodes.push("stranger".to_owned());
        let mut sets: Vec<String> = transcript.qsets.keys().cloned().collect();
        sets.push("unknown".to_owned());
        InputGenerator {
            local: transcript.node.clone(),
            nodes,
            sets,
            values: values.into_iter().collect(),
            slots: slots.into_iter().collect(),
        }
    }

    /// A transcript of a node with five quorum sets, some of them malformed, and arbitrary inputs.
    pub(crate) fn transcript(choices: &mut Choices<'_>) -> Transcript {
        let nodes: Vec<String> = (0..5).map(|nth| format!("n{nth}")).collect();
        let set_names: Vec<String> = (0..5).map(|nth| format!("s{nth}")).collect();
        let sets: BTreeMap<String, NamedQuorumSet> = (set_names.iter())
            .map(|name| (name.clone(), set(choices, &nodes, 0)))
            .collect();
        let rules = ["", "!?~^", "?", "~"][choices.below(4)].to_owned();
        let mut transcript = Transcript {
            format: 1,
            id: "generated".to_owned(),
            class: "generated".to_owned(),
            scenario: "generated".to_owned(),
            seed: String::new(),
            node: "n0".to_owned(),
            validator: !choices.once_in(16),
            qset: "s0".to_owned(),
            rules,
            qsets: sets,
            externalized: BTreeMap::new(),
            steps: Vec::new(),
            fatal: None,
        };
        let mut generator = InputGenerator::of(&transcript);
        generator.slots = vec![1, 1, 1, 2, u64::MAX];
        generator.values.extend(["b".to_owned(), "~".to_owned()]);
        if choices.once_in(2) {
            // Few values, so that ballots start soon.
            generator.values.truncate(3);
        }
        while !choices.is_over() && transcript.steps.len() < STEPS_MAX {
            transcript.steps.push(step(generator.input(choices)));
        }
        transcript
    }

    /// Any input, most often a statement.
    pub(crate) fn input(&self, choices: &mut Choices<'_>) -> StepInput {
        match choices.below(24) {
            0..=16 => StepInput::Receive(self.message(choices)),
            17 | 18 => StepInput::Nominate {
                slot: self.slot(choices),
                value: self.value(choices),
                prev: self.value(choices),
            },
            19 | 20 => StepInput::Timer {
                slot: self.slot(choices),
                timer: [SlotTimer::Ballot, SlotTimer::Nomination][choices.below(2)],
            },
            21 => StepInput::SetQset {
                qset: self.set(choices),
            },
            22 => StepInput::StopNomination {
                slot: self.slot(choices),
            },
            _ => {
                let mut message = self.message(choices);
                if !choices.once_in(4) {
                    message.from.clone_from(&self.local);
                }
                StepInput::Restore(message)
            }
        }
    }

    /// An envelope with any statement in the name of any node.
    pub(crate) fn message(&self, choices: &mut Choices<'_>) -> NamedEnvelope {
        NamedEnvelope {
            from: self.node(choices),
            slot: self.slot(choices),
            qset: self.set(choices),
            st: self.statement(choices),
        }
    }

    /// Any statement. About half of them are consistent.
    pub(crate) fn statement(&self, choices: &mut Choices<'_>) -> NamedStatement {
        match choices.below(8) {
            0 | 1 => NamedStatement::Nominate {
                voted: self.list(choices),
                accepted: self.list(choices),
            },
            2 => NamedStatement::Prepare {
                ballot: self.ballot(choices),
                prepared: Some(self.ballot(choices)).filter(|_| !choices.once_in(3)),
                prepared_prime: Some(self.ballot(choices)).filter(|_| choices.once_in(3)),
                n_c: counter(choices),
                n_h: counter(choices),
            },
            3 | 4 => {
                let ballot = self.ballot(choices);
                let n = counter(choices).min(ballot.n);
                NamedStatement::Prepare {
                    prepared: Some(ballot.clone()),
                    prepared_prime: None,
                    n_c: counter(choices).min(n),
                    n_h: n,
                    ballot,
                }
            }
            5 => NamedStatement::Confirm {
                ballot: self.ballot(choices),
                n_prepared: counter(choices),
                n_commit: counter(choices),
                n_h: counter(choices),
            },
            6 => {
                let ballot = self.ballot(choices);
                let n_h = counter(choices).min(ballot.n);
                NamedStatement::Confirm {
                    n_prepared: n_h,
                    n_commit: counter(choices).min(n_h),
                    n_h,
                    ballot,
                }
            }
            _ => NamedStatement::Externalize {
                commit: self.ballot(choices),
                n_h: counter(choices),
            },
        }
    }

    fn list(&self, choices: &mut Choices<'_>) -> Vec<String> {
        let mut list: Vec<String> = (0..choices.below(4)).map(|_| self.value(choices)).collect();
        if !choices.once_in(8) {
            list.sort();
            list.dedup();
        }
        list
    }

    /// Any ballot.
    pub(crate) fn ballot(&self, choices: &mut Choices<'_>) -> NamedBallot {
        NamedBallot {
            n: counter(choices),
            x: self.value(choices),
        }
    }

    /// Any value.
    pub(crate) fn value(&self, choices: &mut Choices<'_>) -> String {
        choices.pick(&self.values).cloned().unwrap_or_default()
    }

    /// Any name of a node.
    pub(crate) fn node(&self, choices: &mut Choices<'_>) -> String {
        choices.pick(&self.nodes).cloned().unwrap_or_default()
    }

    /// Any name of a quorum set.
    pub(crate) fn set(&self, choices: &mut Choices<'_>) -> String {
        choices.pick(&self.sets).cloned().unwrap_or_default()
    }

    /// Any slot.
    pub(crate) fn slot(&self, choices: &mut Choices<'_>) -> u64 {
        choices.pick(&self.slots).copied().unwrap_or_default()
    }
}

/// Mostly small counters, and some at which arithmetic overflows.
pub(crate) fn counter(choices: &mut Choices<'_>) -> u32 {
    match choices.below(16) {
        0..=9 => 1 + choices.below(3) as u32,
        10 | 11 => choices.below(9) as u32,
        12 => 0,
        13 => u32::MAX,
        14 => u32::MAX - 1,
        _ => u32::MAX / 2,
    }
}

/// A quorum set, mostly flat and sane.
fn set(choices: &mut Choices<'_>, nodes: &[String], depth: usize) -> NamedQuorumSet {
    let mut v = nodes.to_vec();
    for _ in 0..choices.below(4) {
        if v.len() > 1 {
            v.remove(choices.below(v.len()));
        }
    }
    let mut i = Vec::new();
    if depth < 6 && choices.once_in(4) {
        for _ in 0..=choices.below(2) {
            // Inner sets mostly name other nodes than the outer set.
            let (outer, inner) = v.split_at(choices.below(v.len() + 1));
            let inner = set(
                choices,
                if inner.is_empty() { nodes } else { inner },
                depth + 1,
            );
            v = outer.to_vec();
            i.push(inner);
        }
    }
    let entries = v.len() + i.len();
    let t = match choices.below(16) {
        0..=11 => entries * 2 / 3 + 1,
        12 | 13 => 1 + choices.below(entries.max(1)),
        14 => entries,
        _ => [0, entries + 1, u32::MAX as usize][choices.below(3)],
    };
    if choices.once_in(16) {
        v.extend(v.first().cloned());
    }
    NamedQuorumSet { t: t as u32, v, i }
}

/// A step with an input and no expected outputs.
pub(crate) fn step(input: StepInput) -> TranscriptStep {
    TranscriptStep {
        at: 0,
        input,
        res: None,
        out: Vec::new(),
        state: None,
        comment: None,
    }
}

fn values_of(statement: &NamedStatement, values: &mut BTreeSet<String>) {
    match statement {
        NamedStatement::Nominate { voted, accepted } => {
            values.extend(voted.iter().chain(accepted).cloned());
        }
        NamedStatement::Prepare {
            ballot, prepared, ..
        } => {
            values.insert(ballot.x.clone());
            values.extend(prepared.iter().map(|p| p.x.clone()));
        }
        NamedStatement::Confirm { ballot, .. } => {
            values.insert(ballot.x.clone());
        }
        NamedStatement::Externalize { commit, .. } => {
            values.insert(commit.x.clone());
        }
    }
}
