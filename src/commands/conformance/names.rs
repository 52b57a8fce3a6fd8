//! Name table: numbers the node names and quorum set ids of a file. Nodes are numbered in byte order of their names, as
//! the protocol requires.

use super::format::{
    NamedBallot, NamedEnvelope, NamedQuorumSet, NamedStatement, StepInput, Transcript,
};
use crate::scp::{Ballot, Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Node names and quorum set ids, numbered.
#[derive(Clone, Debug, Default)]
pub struct NameTable {
    nodes: Vec<String>,
    numbers: BTreeMap<String, NodeId>,
    sets: BTreeMap<String, QuorumSetId>,
    set_names: Vec<String>,
}

impl NameTable {
    /// Numbers every name of `nodes` and every id of `sets`.
    pub fn new<'a>(
        nodes: impl IntoIterator<Item = &'a str>,
        sets: impl IntoIterator<Item = &'a str>,
    ) -> NameTable {
        let nodes: Vec<String> = distinct(nodes);
        let set_names: Vec<String> = distinct(sets);
        NameTable {
            numbers: (0..)
                .map(NodeId)
                .zip(&nodes)
                .map(|(n, name)| (name.clone(), n))
                .collect(),
            sets: (1..)
                .zip(&set_names)
                .map(|(nth, name)| {
                    (
                        name.clone(),
                        QuorumSetId {
                            owner: NodeId(0),
                            nth,
                        },
                    )
                })
                .collect(),
            nodes,
            set_names,
        }
    }

    /// Numbers every name in `transcript`.
    #[must_use]
    pub fn of_transcript(transcript: &Transcript) -> NameTable {
        let mut nodes = vec![transcript.node.as_str()];
        let mut sets = vec![transcript.qset.as_str()];
        for (id, set) in &transcript.qsets {
            sets.push(id);
            collect_nodes(set, &mut nodes);
        }
        let inputs = transcript.steps.iter().map(|step| &step.input);
        for input in inputs.chain(transcript.fatal.iter().map(|fatal| &fatal.input)) {
            match input {
                StepInput::Receive(message) | StepInput::Restore(message) => {
                    nodes.push(&message.from);
                    sets.push(&message.qset);
                }
                StepInput::SetQset { qset } => sets.push(qset),
                StepInput::Nominate { .. }
                | StepInput::Timer { .. }
                | StepInput::StopNomination { .. } => {}
            }
        }
        NameTable::new(nodes, sets)
    }

    /// The number of a node. An unknown name gets a number that no node has.
    #[must_use]
    pub fn node(&self, name: &str) -> NodeId {
        let unknown = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.numbers.get(name).copied().unwrap_or(unknown)
    }

    /// The name of a node.
    #[must_use]
    pub fn node_name(&self, node: NodeId) -> &str {
        self.nodes.get(node.index()).map_or("?", String::as_str)
    }

    /// The number of a quorum set id. An unknown id gets a number that no set has.
    #[must_use]
    pub fn set(&self, id: &str) -> QuorumSetId {
        let unknown = QuorumSetId {
            owner: NodeId(0),
            nth: 0,
        };
        self.sets.get(id).copied().unwrap_or(unknown)
    }

    /// The id that has this number.
    #[must_use]
    pub fn set_name(&self, id: QuorumSetId) -> &str {
        let at = (id.nth as usize).checked_sub(1);
        at.and_then(|at| self.set_names.get(at))
            .map_or("?", String::as_str)
    }

    /// A quorum set with numbers.
    #[must_use]
    pub fn quorum_set(&self, set: &NamedQuorumSet) -> QuorumSet {
        QuorumSet {
            threshold: set.t,
            validators: set.v.iter().map(|name| self.node(name)).collect(),
            inner: set.i.iter().map(|inner| self.quorum_set(inner)).collect(),
        }
    }

    /// A quorum set with names.
    #[must_use]
    pub fn named_set(&self, set: &QuorumSet) -> NamedQuorumSet {
        NamedQuorumSet {
            t: set.threshold,
            v: set
                .validators
                .iter()
                .map(|&n| self.node_name(n).to_owned())
                .collect(),
            i: set
                .inner
                .iter()
                .map(|inner| self.named_set(inner))
                .collect(),
        }
    }

    /// An envelope with numbers.
    #[must_use]
    pub fn envelope(&self, message: &NamedEnvelope) -> Arc<Envelope> {
        Arc::new(Envelope {
            from: self.node(&message.from),
            slot: SlotIndex(message.slot),
            quorum_set: self.set(&message.qset),
            statement: statement(&message.st),
        })
    }

    /// An envelope with names.
    #[must_use]
    pub fn message(&self, envelope: &Envelope) -> NamedEnvelope {
        NamedEnvelope {
            from: self.node_name(envelope.from).to_owned(),
            slot: envelope.slot.0,
            qset: self.set_name(envelope.quorum_set).to_owned(),
            st: named_statement(&envelope.statement),
        }
    }
}

fn distinct<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Adds every node that `set` names.
pub(super) fn collect_nodes<'a>(set: &'a NamedQuorumSet, nodes: &mut Vec<&'a str>) {
    nodes.extend(set.v.iter().map(String::as_str));
    for inner in &set.i {
        collect_nodes(inner, nodes);
    }
}

fn statement(named: &NamedStatement) -> Statement {
    let values = |names: &[String]| {
        names
            .iter()
            .map(|name| Value::from(name.as_str()))
            .collect()
    };
    let optional = |named: &Option<NamedBallot>| named.as_ref().map(ballot);
    match named {
        NamedStatement::Nominate { voted, accepted } => Statement::Nominate {
            voted: values(voted),
            accepted: values(accepted),
        },
        NamedStatement::Prepare {
            ballot: b,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => Statement::Prepare {
            ballot: ballot(b),
            prepared: optional(prepared),
            prepared_prime: optional(prepared_prime),
            n_c: *n_c,
            n_h: *n_h,
        },
        NamedStatement::Confirm {
            ballot: b,
            n_prepared,
            n_commit,
            n_h,
        } => Statement::Confirm {
            ballot: ballot(b),
            n_prepared: *n_prepared,
            n_commit: *n_commit,
            n_h: *n_h,
        },
        NamedStatement::Externalize { commit, n_h } => Statement::Externalize {
            commit: ballot(commit),
            n_h: *n_h,
        },
    }
}

fn named_statement(statement: &Statement) -> NamedStatement {
    let names = |values: &[Value]| values.iter().map(text).collect();
    let optional = |ballot: &Option<Ballot>| ballot.as_ref().map(named_ballot);
    match statement {
        Statement::Nominate { voted, accepted } => NamedStatement::Nominate {
            voted: names(voted),
            accepted: names(accepted),
        },
        Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => NamedStatement::Prepare {
            ballot: named_ballot(ballot),
            prepared: optional(prepared),
            prepared_prime: optional(prepared_prime),
            n_c: *n_c,
            n_h: *n_h,
        },
        Statement::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        } => NamedStatement::Confirm {
            ballot: named_ballot(ballot),
            n_prepared: *n_prepared,
            n_commit: *n_commit,
            n_h: *n_h,
        },
        Statement::Externalize { commit, n_h } => NamedStatement::Externalize {
            commit: named_ballot(commit),
            n_h: *n_h,
        },
    }
}

fn ballot(named: &NamedBallot) -> Ballot {
    Ballot::new(named.n, Value::from(named.x.as_str()))
}

fn named_ballot(ballot: &Ballot) -> NamedBallot {
    NamedBallot {
        n: ballot.n,
        x: text(&ballot.x),
    }
}

/// The string of a value.
#[must_use]
pub(super) fn text(value: &Value) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
