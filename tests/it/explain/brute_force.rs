//! Brute force on random states: witness sets, missing sets and impossible steps.

use super::definitions::{Nodes, blocks, contains_quorum, makes};
use super::random_network::{Event, Network, Story, events, story};
use super::statements::{decision_with, statement_with};
use crate::scp_net::Net;
use proptest::prelude::*;
use quorumscope::explain::local_view::LocalView;
use quorumscope::explain::missing::MissingStep;
use quorumscope::explain::step::{Rule, StatementClaim, Step, StepTaken};
use quorumscope::scp::{Claim, NodeId, QuorumSet, ScpEvent, ScpRefusal, Statement};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How often each check was made, so that an empty test fails.
#[derive(Debug, Default)]
struct Counts {
    states: usize,
    witness_sets: usize,
    moved: BTreeMap<(Step, Rule), usize>,
    not_moved: usize,
    moved_after_another_step: usize,
    another_step_first: usize,
    impossible: usize,
    refused: usize,
}

fn run(story: &Story) -> Network {
    let mut network = Network::new(story);
    story.events.iter().for_each(|event| network.apply(event));
    network
}

/// Whether `event` is the missing step, or the same step for a higher ballot.
fn is_step(event: &ScpEvent, missing: &MissingStep) -> bool {
    StepTaken::of(event).is_some_and(|taken| {
        let counter = |ballot: Option<&quorumscope::scp::Ballot>| ballot.map_or(0, |b| b.n);
        let is_value = match missing.step {
            Step::VoteNominate | Step::HeardFromQuorum | Step::Ballot => true,
            _ => taken.value == missing.value.as_ref(),
        };
        let is_counter = match missing.step {
            Step::AcceptPrepared | Step::ConfirmPrepared | Step::Ballot => {
                counter(taken.ballot.as_ref()) >= counter(missing.ballot.as_ref())
            }
            _ => true,
        };
        let is_same = taken.step == missing.step
            // A node that accepts also votes.
            || missing.step == Step::VoteNominate && taken.step == Step::AcceptNominated;
        is_same && is_value && is_counter
    })
}

/// The events of the node after the members have made the claim. `None` if one of them cannot, or SCP refuses it.
fn events_after(
    network: &Network,
    place: usize,
    view: &LocalView,
    missing: &MissingStep,
    members: &[NodeId],
    counts: &mut Counts,
) -> Option<Vec<ScpEvent>> {
    let claim = missing.claim.as_ref().unwrap();
    let mut network = network.clone();
    network.events[place].clear();
    for member in members {
        let known = match claim.is_nomination() {
            true => view.nominations.get(member),
            false => view.ballots.get(member),
        };
        let has_decided = view.senders[member]
            .decided
            .as_ref()
            .is_some_and(|decided| {
                !claim.is_nomination() && claim.value().is_none_or(|value| value == decided)
            });
        let statement = match missing.requires_decision || has_decided {
            true => decision_with(claim),
            false => statement_with(claim, known.map(|known| &known.statement))?,
        };
        assert!(makes(claim, &statement), "{claim:?}: {statement:?}");
        match network.deliver(place, &Net::envelope(member.0, statement)) {
            // A refused ballot or a violated invariant: only Byzantine nodes cause this (NOTES, section 7).
            Err(ScpRefusal::BreaksInvariant) => {
                counts.refused += 1;
                return None;
            }
            Ok(()) => {}
            // The slot was decided on the way.
            Err(ScpRefusal::OtherValueDecided) => return None,
            Err(why) => panic!("{why:?} for {missing:?}"),
        }
    }
    Some(std::mem::take(&mut network.events[place]))
}

/// Whether an event changes a statement of the node, which can complete a set.
fn changes_own_statement(event: &ScpEvent) -> bool {
    StepTaken::of(event).is_some_and(|taken| {
        !matches!(
            taken.step,
            Step::ConfirmNominated | Step::Composite | Step::HeardFromQuorum
        )
    })
}

fn check_missing(network: &Network, place: usize, counts: &mut Counts) {
    let Some(view) = network.view(place) else {
        return;
    };
    for missing in view.missing_steps() {
        let Some(claim) = &missing.claim else {
            assert_eq!(missing.rule, Rule::Timer);
            continue;
        };
        check_sets(&view, &missing, claim);
        // Leaders need not exist: a quorum set can name any node.
        let exists = |set: &&Vec<NodeId>| set.iter().all(|node| view.senders.contains_key(node));
        for set in missing.needs.sets.iter().filter(exists).take(2) {
            let Some(events) = events_after(network, place, &view, &missing, set, counts) else {
                continue;
            };
            // A node that decides needs no other step. A decision counts as the highest counter, to which the node may
            // have to catch up first.
            let rises = |event: &ScpEvent| {
                missing.step == Step::HeardFromQuorum
                    && matches!(event, ScpEvent::BallotChanged { .. })
            };
            let decides = |event: &ScpEvent| match event {
                ScpEvent::ConfirmedCommit { .. } => true,
                ScpEvent::AcceptedCommit { .. } => missing.requires_decision,
                event => rises(event),
            };
            let has_moved = events
                .iter()
                .any(|event| is_step(event, &missing) || decides(event));
            // The node may take another step before all members have made their statements, and so lose its own support.
            if !has_moved && events.iter().any(changes_own_statement) {
                counts.another_step_first += 1;
                continue;
            }
            assert!(
                has_moved,
                "{set:?} does not suffice for {missing:#?}: {events:?} {view:#?}"
            );
            *counts
                .moved
                .entry((missing.step, missing.rule))
                .or_default() += 1;
            // A decision is also an acceptance, to which the other rule may apply.
            let decided = |node: &NodeId| view.senders[node].decided.is_some();
            if set.iter().any(decided) {
                continue;
            }
            for dropped in 0..set.len() {
                let mut fewer = set.clone();
                fewer.remove(dropped);
                let events = events_after(network, place, &view, &missing, &fewer, counts);
                let events = events.unwrap_or_default();
                let Some(at) = events.iter().position(|event| is_step(event, &missing)) else {
                    counts.not_moved += 1;
                    continue;
                };
                // The node took another step first, and its own statement then completed the set.
                assert!(
                    events[..at].iter().any(changes_own_statement),
                    "{fewer:?} suffice for {missing:#?}: {events:?} {view:#?}"
                );
                counts.moved_after_another_step += 1;
            }
        }
    }
}

/// Compares the listed sets with all subsets, by the definition of the rule.
fn check_sets(view: &LocalView, missing: &MissingStep, claim: &StatementClaim) {
    let known = match claim.is_nomination() {
        true => &view.nominations,
        false => &view.ballots,
    };
    let own = match claim.is_nomination() {
        true => view.state.nomination(),
        false => view.state.ballot_statement(),
    };
    let makes_it = |(node, known): (&NodeId, &quorumscope::explain::local_view::KnownStatement)| {
        makes(claim, &known.statement).then_some(*node)
    };
    let mut present: Nodes = known.iter().filter_map(makes_it).collect();
    if own.as_ref().is_some_and(|own| makes(claim, own)) {
        present.insert(view.node);
    }
    let is_final = |node: &NodeId| {
        let statement = known.get(node).map(|known| &known.statement);
        matches!(statement, Some(Statement::Externalize { .. }))
    };
    if missing.rule == Rule::Leader {
        return;
    }
    assert_eq!(missing.present.iter().collect::<Nodes>(), present);
    // If the members have to decide, supporters can be among them.
    let is_member = |node: &&NodeId| missing.requires_decision || !present.contains(node);
    let others = view.senders.keys().filter(is_member);
    let is_open = |node: &NodeId| claim.is_nomination() || !is_final(node);
    let pool: Vec<NodeId> = others.copied().filter(is_open).collect();
    let set_of = |node: &NodeId| -> Option<QuorumSet> {
        let has_decided = is_final(node)
            || !claim.is_nomination()
                && !present.contains(node)
                && view.senders.get(node).is_some_and(|sender| {
                    let decided = sender.decided.as_ref();
                    decided.is_some_and(|x| claim.value().is_none_or(|value| value == x))
                });
        let set = match node == &view.node {
            true => &view.quorum_set,
            false => view.senders[node].quorum_set.as_ref().unwrap(),
        };
        (!has_decided).then(|| (**set).clone())
    };
    let all = view.senders.keys().chain([&view.node]);
    let sets: BTreeMap<NodeId, Option<QuorumSet>> = all.map(|node| (*node, set_of(node))).collect();
    let allows = |bits: u32| {
        let chosen = (0..pool.len()).filter(|at| bits >> at & 1 == 1);
        let chosen: Vec<NodeId> = chosen.map(|at| pool[at]).collect();
        let nodes: Nodes = present.iter().chain(&chosen).copied().collect();
        let mut sets = sets.clone();
        if missing.requires_decision {
            sets.extend(chosen.iter().map(|node| (*node, None)));
        }
        match missing.rule {
            Rule::VBlocking | Rule::CatchUp => blocks(&view.quorum_set, &nodes),
            _ => contains_quorum(&view.quorum_set, &nodes, &sets),
        }
    };
    let allowed: Vec<bool> = (0..1_u32 << pool.len()).map(allows).collect();
    let is_minimal = |bits: &usize| {
        let without = |at: usize| allowed[bits & !(1 << at)];
        allowed[*bits] && (0..pool.len()).all(|at| bits >> at & 1 == 0 || !without(at))
    };
    if missing.rule == Rule::VBlocking && view.senders.values().any(|it| it.decided.is_some()) {
        // Which set counts for a node that has decided depends on the claim.
        return;
    }
    // A node that accepts also votes: fewer nodes may complete a quorum of votes.
    let vote = vote_for(claim).filter(|_| missing.rule == Rule::VBlocking);
    let completes_quorum = |bits: usize| {
        let Some(vote) = &vote else { return false };
        let chosen = (0..pool.len())
            .filter(|at| bits >> at & 1 == 1)
            .map(|at| pool[at]);
        let votes = known
            .iter()
            .filter(|(_, known)| makes(vote, &known.statement));
        let mut nodes: Nodes = votes.map(|(node, _)| *node).chain(chosen).collect();
        if own.as_ref().is_some_and(|own| makes(vote, own)) {
            nodes.insert(view.node);
        }
        contains_quorum(&view.quorum_set, &nodes, &sets)
    };
    let is_least = |bits: &usize| {
        is_minimal(bits)
            && (0..pool.len())
                .filter(|at| bits >> at & 1 == 1)
                .all(|at| !completes_quorum(bits & !(1 << at)))
    };
    let minimal = (0..allowed.len()).filter(is_least).map(|bits| {
        let chosen = (0..pool.len()).filter(|at| bits >> at & 1 == 1);
        chosen.map(|at| pool[at]).collect::<Vec<_>>()
    });
    let minimal: BTreeSet<Vec<NodeId>> = minimal.collect();
    let listed = &missing.needs.sets;
    assert!(listed.is_sorted_by_key(Vec::len), "{missing:#?}");
    assert!(
        listed.iter().all(|set| minimal.contains(set)),
        "{missing:#?}: {minimal:?} {view:#?}"
    );
    assert_eq!(
        listed.len() as u64 + missing.needs.more,
        minimal.len() as u64,
        "{missing:#?}: {minimal:?} {view:#?}"
    );
    let smallest = |sets: &mut dyn Iterator<Item = usize>| {
        let mut sizes: Vec<usize> = sets.collect();
        sizes.sort_unstable();
        sizes.truncate(listed.len());
        sizes
    };
    assert_eq!(
        smallest(&mut listed.iter().map(Vec::len)),
        smallest(&mut minimal.iter().map(Vec::len))
    );
}

/// The vote for what a claim accepts.
fn vote_for(claim: &StatementClaim) -> Option<StatementClaim> {
    match claim {
        StatementClaim::AcceptsNominate(x) => Some(StatementClaim::VotesNominate(x.clone())),
        StatementClaim::Ballot(Claim::AcceptsPrepare(n), x) => {
            Some(StatementClaim::Ballot(Claim::VotesPrepare(*n), x.clone()))
        }
        StatementClaim::Ballot(Claim::AcceptsCommit(interval), x) => Some(StatementClaim::Ballot(
            Claim::VotesCommit(*interval),
            x.clone(),
        )),
        _ => None,
    }
}

/// Every recorded witness set satisfies its rule, and no member can be dropped.
fn check_witness_sets(network: &Network, counts: &mut Counts) {
    for (place, events) in network.events.iter().enumerate() {
        let local = &network.driver.sets[place];
        for taken in events.iter().filter_map(StepTaken::of) {
            let (Some(evidence), Some(claim)) = (taken.evidence, &taken.claim) else {
                continue;
            };
            let mut sets = BTreeMap::new();
            for envelope in &evidence.envelopes {
                assert!(makes(claim, &envelope.statement), "{taken:?}");
                let has_decided = matches!(envelope.statement, Statement::Externalize { .. });
                let set = &network.driver.sets[envelope.from.index()];
                sets.insert(envelope.from, (!has_decided).then(|| (**set).clone()));
            }
            let witness: Nodes = evidence.witness.iter().copied().collect();
            assert_eq!(witness.len(), evidence.envelopes.len());
            let holds = |nodes: &Nodes| match taken.rule {
                Rule::VBlocking | Rule::CatchUp => blocks(local, nodes),
                _ => contains_quorum(local, nodes, &sets),
            };
            assert!(holds(&witness), "{taken:?}");
            for node in &witness {
                let mut fewer = witness.clone();
                fewer.remove(node);
                assert!(!holds(&fewer), "{taken:?} does not need {node:?}");
            }
            counts.witness_sets += 1;
        }
    }
}

/// A step without any set does not take place: neither if all other nodes support it, nor in a random continuation.
fn check_impossible(network: &Network, place: usize, next: &[Event], counts: &mut Counts) {
    let Some(view) = network.view(place) else {
        return;
    };
    let missing = view.missing_steps();
    let impossible = |missing: &MissingStep| missing.needs.is_empty() && missing.claim.is_some();
    let impossible: Vec<MissingStep> = missing.into_iter().filter(impossible).collect();
    if impossible.is_empty() {
        return;
    }
    let mut continued = network.clone();
    continued.events[place].clear();
    next.iter().for_each(|event| continued.apply(event));
    for missing in &impossible {
        let claim = missing.claim.as_ref().unwrap();
        let mut supported = continued.clone();
        for node in view.senders.keys() {
            for support in supports(claim) {
                let known = supported.nodes[place].statements(crate::scp_net::SLOT);
                let is_its = |old: &&std::sync::Arc<quorumscope::scp::Envelope>| {
                    old.from == *node && old.statement.is_nominate() == claim.is_nomination()
                };
                let known = known.cloned().collect::<Vec<_>>();
                let old = known.iter().find(is_its).map(|old| &old.statement);
                if let Some(statement) = statement_with(&support, old) {
                    let _ = supported.deliver(place, &Net::envelope(node.0, statement));
                }
            }
            if !claim.is_nomination() {
                let decision = Net::envelope(node.0, decision_with(claim));
                let _ = supported.deliver(place, &decision);
            }
        }
        for events in [&continued.events[place], &supported.events[place]] {
            assert!(
                !events.iter().any(|event| is_step(event, missing)),
                "{missing:#?} took place: {events:?} {view:#?}"
            );
        }
        counts.impossible += 1;
    }
}

/// The claim itself, and for nomination the stronger one.
fn supports(claim: &StatementClaim) -> Vec<StatementClaim> {
    let mut claims = vec![claim.clone()];
    if let StatementClaim::VotesNominate(value) = claim {
        claims.push(StatementClaim::AcceptsNominate(value.clone()));
    }
    claims
}

const STATES: u32 = 2_100;

#[test]
fn explanations_match_brute_force_on_random_states() {
    let counts = RefCell::new(Counts::default());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: STATES,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let cases = (story(), any::<prop::sample::Index>(), events(60));
    let result = runner.run(&cases, |(story, place, next)| {
        let network = run(&story);
        let mut counts = counts.borrow_mut();
        let place = place.index(network.nodes.len());
        check_witness_sets(&network, &mut counts);
        check_missing(&network, place, &mut counts);
        check_impossible(&network, place, &next, &mut counts);
        counts.states += 1;
        Ok(())
    });
    if let Err(why) = result {
        panic!("{why}");
    }
    let counts = counts.into_inner();
    println!("{counts:#?}");
    assert!(counts.states >= 2_000);
    assert!(counts.witness_sets > 2_000 && counts.not_moved > 2_000 && counts.impossible > 50);
    assert!(counts.moved.len() >= 8, "{:?}", counts.moved);
    let moved: usize = counts.moved.values().sum();
    assert!(counts.moved_after_another_step < counts.not_moved / 4);
    assert!(counts.another_step_first < moved / 20);
}
