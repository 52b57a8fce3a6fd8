//! Tests of probation: which discovered nodes count, and when.

use crate::node::probation::{Probation, Standing, TrustEdit};
use crate::node::{AdmissionPolicy, AdmissionSettings, Threshold};
use crate::scp::{NodeId, NodeSet, SlotIndex};
use crate::time::{Span, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

const PROBATION_MS: u64 = 5_000;

fn settings(policy: AdmissionPolicy) -> AdmissionSettings {
    AdmissionSettings {
        policy,
        probation: Span::from_ms(PROBATION_MS),
    }
}

fn slice_size(count: u32) -> u32 {
    Threshold::TwoThirds.of(count)
}

fn set(nodes: impl IntoIterator<Item = u32>) -> NodeSet {
    nodes.into_iter().map(NodeId).collect()
}

/// A node with id 0 and `founders` in all, whose first slot has begun.
struct Fixture {
    probation: Probation,
    /// The standings that were reported last.
    standings: BTreeMap<NodeId, Standing>,
    present: NodeSet,
    now: Time,
    next: SlotIndex,
}

impl Fixture {
    fn new(policy: AdmissionPolicy, founders: u32) -> Fixture {
        let mut probation = Probation::new(settings(policy));
        for id in 1..founders {
            probation.discovered(NodeId(id));
        }
        probation.end_founding();
        Fixture {
            standings: probation.take_changes().into_iter().collect(),
            probation,
            present: set(1..founders),
            now: Time::ZERO,
            next: SlotIndex(1),
        }
    }

    /// Discovers a node that sends messages for as long as its probation takes.
    fn discover(&mut self, id: u32) {
        self.present.insert(NodeId(id));
        self.probation.discovered(NodeId(id));
        for second in 0..=5 {
            let at = self.now + Span::from_ms(1_000 * second);
            self.probation.note_message(NodeId(id), at);
        }
        self.now = self.now + Span::from_ms(PROBATION_MS);
    }

    /// Decides a slot in which these nodes make statements.
    fn decide(&mut self, voters: impl IntoIterator<Item = u32>) {
        for id in voters {
            self.probation.note_statement(NodeId(id), self.next);
        }
        self.next = SlotIndex(self.next.0 + 1);
        self.probation.advance_to(self.next);
        self.probation.admit(&self.present, slice_size);
    }

    fn standing(&mut self, id: u32) -> Option<Standing> {
        self.standings.extend(self.probation.take_changes());
        self.standings.get(&NodeId(id)).copied()
    }

    fn newcomers(&mut self) -> u32 {
        self.standings.extend(self.probation.take_changes());
        let standings = self.standings.values();
        standings
            .filter(|standing| **standing == Standing::Newcomer)
            .count() as u32
    }

    fn counted(&self) -> Vec<u32> {
        self.probation.counted().iter().map(|node| node.0).collect()
    }
}

#[test]
fn founders_count_at_once_and_later_nodes_do_not() {
    let mut fixture = Fixture::new(AdmissionPolicy::Anyone, 4);
    assert_eq!(fixture.counted(), [1, 2, 3]);
    fixture.probation.discovered(NodeId(4));
    fixture.decide([1, 2, 3]);
    assert_eq!(fixture.counted(), [1, 2, 3]);
    assert_eq!(fixture.standing(4), Some(Standing::Candidate));
}

#[test]
fn a_node_that_learns_a_decision_has_no_more_founders() {
    let mut probation = Probation::new(settings(AdmissionPolicy::Anyone));
    probation.discovered(NodeId(1));
    probation.advance_to(SlotIndex(1));
    probation.discovered(NodeId(2));
    // It takes no part in the first slot, but learns its decision.
    probation.advance_to(SlotIndex(2));
    probation.discovered(NodeId(3));
    assert_eq!(probation.counted(), set([1, 2]));
    let standings = probation.take_unsaved().unwrap();
    assert_eq!(standings.established, [NodeId(1), NodeId(2)].into());
}

#[test]
fn a_node_that_takes_part_becomes_a_newcomer_and_then_established() {
    let mut fixture = Fixture::new(AdmissionPolicy::Anyone, 4);
    fixture.discover(4);
    fixture.decide([1, 2, 3]);
    assert_eq!(fixture.standing(4), Some(Standing::Newcomer));
    for _ in 0..2 {
        fixture.decide([1, 2, 3, 4]);
        assert_eq!(fixture.standing(4), Some(Standing::Newcomer));
    }
    fixture.decide([1, 2, 3, 4]);
    assert_eq!(fixture.standing(4), Some(Standing::Established));
}

#[test]
fn a_newcomer_that_makes_no_statement_loses_its_vote() {
    let mut fixture = Fixture::new(AdmissionPolicy::Anyone, 4);
    fixture.discover(4);
    for _ in 0..3 {
        fixture.decide([1, 2, 3]);
        assert_eq!(fixture.standing(4), Some(Standing::Newcomer));
    }
    fixture.decide([1, 2, 3]);
    assert_eq!(fixture.standing(4), Some(Standing::Candidate));
    // Its probation starts again.
    fixture.decide([1, 2, 3]);
    assert_eq!(fixture.counted(), [1, 2, 3]);
}

#[test]
fn newcomers_are_fewer_than_a_blocking_set_and_absent_founders_delay_them() {
    let mut fixture = Fixture::new(AdmissionPolicy::Anyone, 4);
    for id in 4..8 {
        fixture.discover(id);
    }
    fixture.decide([1, 2]);
    assert_eq!(fixture.counted(), [1, 2, 3], "3 made no statement");
    fixture.decide([1, 2, 3]);
    assert_eq!(
        fixture.counted(),
        [1, 2, 3, 4],
        "5 of 6 would need a newcomer"
    );
}

#[test]
fn friends_need_the_trust_of_a_majority_and_ask_needs_the_operator() {
    let mut fixture = Fixture::new(AdmissionPolicy::Friends, 4);
    fixture.discover(4);
    fixture.decide([1, 2, 3]);
    fixture
        .probation
        .note_trusted(NodeId(1), [NodeId(4)].into_iter());
    // The trust of a node that does not count is ignored.
    fixture
        .probation
        .note_trusted(NodeId(4), [NodeId(4)].into_iter());
    fixture.decide([1, 2, 3]);
    assert_eq!(fixture.counted(), [1, 2, 3]);
    fixture
        .probation
        .note_trusted(NodeId(2), [NodeId(4)].into_iter());
    fixture.decide([1, 2, 3]);
    assert_eq!(fixture.counted(), [1, 2, 3, 4]);

    let mut fixture = Fixture::new(AdmissionPolicy::Ask, 4);
    assert_eq!(fixture.counted(), [0_u32; 0]);
    fixture.probation.edit(TrustEdit::Add(NodeId(2)));
    assert_eq!(fixture.counted(), [2]);
    fixture.probation.edit(TrustEdit::Remove(NodeId(2)));
    fixture.probation.discovered(NodeId(2));
    assert_eq!(fixture.counted(), [0_u32; 0]);
}

#[test]
fn standings_survive_a_restart() {
    let mut fixture = Fixture::new(AdmissionPolicy::Anyone, 4);
    fixture.discover(4);
    fixture.decide([1, 2, 3]);
    fixture.probation.edit(TrustEdit::Remove(NodeId(1)));
    let standings = fixture.probation.take_unsaved().unwrap();
    assert_eq!(fixture.probation.take_unsaved(), None);
    let mut restarted = Probation::new(settings(AdmissionPolicy::Anyone));
    restarted.restore(&standings, fixture.next);
    assert_eq!(restarted.counted(), set([2, 3, 4]));
    // Nodes that are found after the restart are no founders.
    restarted.discovered(NodeId(5));
    assert!(!restarted.counts(NodeId(5)));
}

proptest! {
    /// Whatever strangers do, the founders that take part form a slice without them.
    #[test]
    fn newcomers_never_block(
        founders in 4..12_u32,
        steps in prop::collection::vec((4..40_u32, any::<bool>()), 1..60),
    ) {
        let mut fixture = Fixture::new(AdmissionPolicy::Anyone, founders);
        for (id, discovers) in steps {
            let id = founders + id;
            match discovers {
                true => fixture.discover(id),
                false => fixture.decide((1..founders).chain([id])),
            }
            let newcomers = fixture.newcomers();
            let counted = fixture.probation.counted().len() + 1;
            prop_assert!(slice_size(counted) <= counted - newcomers);
        }
    }
}
