//! Quorum-set cases: properties of single sets, and quorums and leaders as a node sees them.

use super::compare::{Difference, Mismatch};
use super::driver::VectorDriver;
use super::format::{
    LeaderCase, LeaderRound, NamedQuorumSet, QuorumCase, QuorumTest, SetCase, SetFile,
};
use super::names::{NameTable, collect_nodes};
use crate::scp::{
    Envelope, EvidenceMode, LocalNode, NodeSet, Scp, ScpTimer, SlotIndex, Statement, Value,
};
use crate::text::conformance as text;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Checks every case of `file`. Returns one result for each.
pub fn check_sets(file: &SetFile) -> Vec<Result<(), Mismatch>> {
    let mut results = Vec::new();
    let mut check = |id: String, result: Result<(), Difference>| {
        results.push(result.map_err(|difference| Mismatch {
            id,
            step: None,
            input: None,
            difference: Box::new(difference),
        }));
    };
    for (nth, case) in file.sets.iter().enumerate() {
        check(format!("sets[{nth}]"), check_set(case));
    }
    for (nth, case) in file.quorums.iter().enumerate() {
        for (test_nth, test) in case.tests.iter().enumerate() {
            let what = format!("quorums[{nth}].tests[{test_nth}]");
            check(what, check_quorum(case, test));
        }
    }
    for (nth, case) in file.leaders.iter().enumerate() {
        check(format!("leaders[{nth}]"), check_leaders(case));
    }
    results
}

fn check_set(case: &SetCase) -> Result<(), Difference> {
    let mut nodes = Vec::new();
    collect_nodes(&case.qset, &mut nodes);
    let tested = case.tests.iter().flat_map(|test| &test.nodes);
    nodes.extend(tested.map(String::as_str));
    nodes.extend(case.removed_node.as_deref());
    nodes.extend(case.weights.keys().map(String::as_str));
    let names = NameTable::new(nodes, []);
    let set = names.quorum_set(&case.qset);
    let is_sane = set.check_sane().is_ok();
    Difference::check("sane", case.sane, is_sane)?;
    let is_sane_extra = is_sane && set.demands_majorities();
    Difference::check("sane_extra", case.sane_extra, is_sane_extra)?;
    for test in &case.tests {
        let nodes: NodeSet = test.nodes.iter().map(|name| names.node(name)).collect();
        let of = |what: &str| text::property(what, &format!("{:?}", test.nodes));
        Difference::check(of("slice"), test.slice, set.is_slice(&nodes))?;
        Difference::check(of("blocking"), test.blocking, set.is_v_blocking(&nodes))?;
    }
    if let Some(expected) = &case.normalized {
        let normal = names.named_set(&set.normalised());
        Difference::check(text::normal_form(), expected, &normal)?;
    }
    if let (Some(node), Some(expected)) = (&case.removed_node, &case.removed) {
        let without = names.named_set(&set.without(names.node(node)));
        Difference::check(text::normal_form_without_node(), expected, &without)?;
    }
    for (node, weight) in &case.weights {
        let found = set.weight(names.node(node)).to_string();
        Difference::check(text::weight(node), weight, &found)?;
    }
    Ok(())
}

/// A node that has nominated nothing receives NOMINATE "x" from the nodes of the case. It accepts "x" if and only if
/// they contain a quorum for it: no node accepts, and the sanity of sets is not checked for nominations.
fn check_quorum(case: &QuorumCase, test: &QuorumTest) -> Result<(), Difference> {
    // Names that do not occur in any case.
    let (local_node, local_set) = ("~local_node", "~local");
    let mut nodes: Vec<&str> = vec![local_node];
    collect_nodes(&test.local_qset, &mut nodes);
    nodes.extend(test.nodes.iter().map(String::as_str));
    let mut sets = BTreeMap::from([(local_set.to_owned(), test.local_qset.clone())]);
    for (node, set) in &case.qsets {
        nodes.push(node);
        if let Some(set) = set {
            collect_nodes(set, &mut nodes);
            sets.insert(node.clone(), set.clone());
        }
    }
    let ids = sets.keys().map(String::as_str);
    let unknown = test.nodes.iter().map(String::as_str);
    let names = NameTable::new(nodes, ids.chain(unknown));
    let driver = VectorDriver::new("", &names, &sets);
    let local = LocalNode {
        id: names.node(local_node),
        quorum_set: names.set(local_set),
        is_validator: true,
    };
    let mut scp = Scp::new(local, EvidenceMode::Skip);
    let (slot, mut out) = (SlotIndex(1), Vec::new());
    scp.nominate(&driver, slot, None, Value::from(""), &mut out);
    for node in &test.nodes {
        let envelope = Envelope {
            from: names.node(node),
            slot,
            quorum_set: names.set(node),
            statement: Statement::Nominate {
                voted: vec![Value::from("x")],
                accepted: Vec::new(),
            },
        };
        let refused = scp.receive(&driver, &Arc::new(envelope), &mut out).err();
        Difference::check(text::statement(node), None, refused)?;
    }
    let accepted = scp.slot_state(slot).is_some_and(|s| !s.accepted.is_empty());
    Difference::check("quorum", test.quorum, accepted)
}

fn check_leaders(case: &LeaderCase) -> Result<(), Difference> {
    let id = "set".to_owned();
    let mut nodes = vec![case.node.as_str()];
    collect_nodes(&case.qset, &mut nodes);
    let names = NameTable::new(nodes, [id.as_str()]);
    let sets: BTreeMap<String, NamedQuorumSet> = BTreeMap::from([(id.clone(), case.qset.clone())]);
    let driver = VectorDriver::new("", &names, &sets);
    let local = LocalNode {
        id: names.node(&case.node),
        quorum_set: names.set(&id),
        is_validator: true,
    };
    let mut scp = Scp::new(local, EvidenceMode::Skip);
    let (slot, prev) = (SlotIndex(case.slot), Value::from(case.prev.as_str()));
    let mut out = Vec::new();
    let mut found = Vec::new();
    for call in 0..case.rounds.len() {
        // The node nominates no value, because a node that is a quorum alone would decide and stop.
        match call {
            0 => drop(scp.nominate(&driver, slot, None, prev.clone(), &mut out)),
            _ => scp.timer_expired(&driver, slot, ScpTimer::Nomination, &mut out),
        }
        let state = scp.slot_state(slot).unwrap_or_default();
        found.push(LeaderRound {
            round: state.round,
            leaders: state
                .leaders
                .iter()
                .map(|&leader| names.node_name(leader).to_owned())
                .collect(),
        });
    }
    Difference::check("rounds", &case.rounds, &found)
}
