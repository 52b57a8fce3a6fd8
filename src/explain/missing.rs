//! Missing steps: the next steps of a node, and the nodes whose statements would allow each of them.
//!
//! A step is next if the node itself has taken the steps before it. So its own statement counts where the rule needs
//! it, and each listed set is minimal for the present variables of the node. If only a part of a set makes its
//! statements, the node may still take another step first, such as echoing a leader.

use super::ballot_candidates::{
    commit_counters, committed_values, may_confirm_prepared, named_ballots, own_counters,
    raises_prepared,
};
use super::lack::Lack;
use super::local_view::LocalView;
use super::minimal_sets::MinimalSets;
use super::step::{Rule, StatementClaim, Step};
use crate::scp::{
    Ballot, BallotPhase, Claim, Counter, Interval, NodeId, NodeSet, Statement, Value,
};
use std::collections::BTreeSet;

/// A step that a node has not taken, and what one rule lacks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct MissingStep {
    /// The step.
    pub step: Step,
    /// The rule.
    pub rule: Rule,
    /// The value that it is about, if any.
    pub value: Option<Value>,
    /// The ballot that it is about, if any.
    pub ballot: Option<Ballot>,
    /// What a statement must claim to count; `None` if a timer suffices.
    pub claim: Option<StatementClaim>,
    /// The nodes whose statements make the claim already.
    pub present: NodeSet,
    /// The minimal sets of nodes whose statements are missing. Without any, and without a timer: with these quorum
    /// sets no statements at all allow the step.
    pub needs: MinimalSets,
    /// Whether the sets suffice only if their members decide: as long as they need other nodes they form no quorum. Then
    /// members can be among `present`.
    pub requires_decision: bool,
}

impl MissingStep {
    fn new(step: Step, rule: Rule) -> MissingStep {
        MissingStep {
            step,
            rule,
            value: None,
            ballot: None,
            claim: None,
            present: NodeSet::new(),
            needs: MinimalSets::default(),
            requires_decision: false,
        }
    }

    fn about(self, value: &Value) -> MissingStep {
        MissingStep {
            value: Some(value.clone()),
            ..self
        }
    }

    fn about_ballot(self, ballot: Ballot) -> MissingStep {
        MissingStep {
            value: Some(ballot.x.clone()),
            ballot: Some(ballot),
            ..self
        }
    }

    /// Whether the rule lacks nothing, so that the step is only a matter of the node's next input.
    fn is_allowed(&self) -> bool {
        self.needs.sets.iter().any(Vec::is_empty)
    }

    fn is_impossible(&self) -> bool {
        self.needs.is_empty() && self.rule != Rule::Timer
    }
}

impl LocalView {
    /// The next steps of the node, and what each of them lacks.
    #[must_use]
    pub fn missing_steps(&self) -> Vec<MissingStep> {
        let state = &self.state;
        if state.externalized.is_some() {
            return Vec::new();
        }
        let mut found = Vec::new();
        if state.nominating && state.candidates.is_empty() {
            self.add_nomination_steps(&mut found);
        }
        self.add_ballot_steps(&mut found);
        found
    }

    fn add_nomination_steps(&self, found: &mut Vec<MissingStep>) {
        let state = &self.state;
        if state.voted.is_empty() {
            found.extend(self.leaders_awaited());
        }
        for value in self.nominated_values() {
            if state.accepted.contains(&value) {
                let claim = StatementClaim::AcceptsNominate(value.clone());
                let step = |rule| MissingStep::new(Step::ConfirmNominated, rule).about(&value);
                self.add_rules(found, step, [(Rule::Quorum, claim)]);
                continue;
            }
            let step = |rule| MissingStep::new(Step::AcceptNominated, rule).about(&value);
            let votes = StatementClaim::VotesNominate(value.clone());
            let accepts = StatementClaim::AcceptsNominate(value.clone());
            self.add_rules(
                found,
                step,
                [(Rule::Quorum, votes), (Rule::VBlocking, accepts)],
            );
        }
    }

    /// A node without a vote waits for any of its leaders.
    fn leaders_awaited(&self) -> Option<MissingStep> {
        let leaders = self.state.leaders.iter();
        let is_awaited =
            |leader: &&NodeId| **leader != self.node && !self.nominations.contains_key(leader);
        let sets: Vec<Vec<NodeId>> = leaders.filter(is_awaited).map(|node| vec![*node]).collect();
        let total = sets.len() as u64;
        (total > 0).then(|| MissingStep {
            claim: Some(StatementClaim::Nominates),
            needs: MinimalSets::of(sets, total),
            ..MissingStep::new(Step::VoteNominate, Rule::Leader)
        })
    }

    fn nominated_values(&self) -> BTreeSet<Value> {
        let mut values = BTreeSet::new();
        for statement in self.all_statements(true) {
            if let Statement::Nominate { voted, accepted } = statement {
                values.extend(voted);
                values.extend(accepted);
            }
        }
        values
    }

    fn add_ballot_steps(&self, found: &mut Vec<MissingStep>) {
        let statements = self.all_statements(false);
        if self.state.phase == BallotPhase::Prepare {
            self.add_prepare_steps(&statements, found);
        }
        self.add_commit_steps(&statements, found);
        if let Some(b) = &self.state.b {
            self.add_counter_steps(b, found);
        }
    }

    fn add_prepare_steps(&self, statements: &[Statement], found: &mut Vec<MissingStep>) {
        let state = &self.state;
        let named = named_ballots(statements, state.b.as_ref());
        let values: BTreeSet<&Value> = named.iter().map(|ballot| &ballot.x).collect();
        for value in values {
            // Of all ballots of a value, the lowest one has the most support.
            let of_value = || named.iter().filter(|ballot| ballot.x == *value);
            if let Some(ballot) = of_value().find(|ballot| raises_prepared(state, ballot)) {
                let step = |rule| {
                    MissingStep::new(Step::AcceptPrepared, rule).about_ballot(ballot.clone())
                };
                let claim = |claim| StatementClaim::Ballot(claim, value.clone());
                let votes = claim(Claim::VotesPrepare(ballot.n));
                let accepts = claim(Claim::AcceptsPrepare(ballot.n));
                self.add_rules(
                    found,
                    step,
                    [(Rule::Quorum, votes), (Rule::VBlocking, accepts)],
                );
            }
            if let Some(ballot) = of_value().find(|ballot| may_confirm_prepared(state, ballot)) {
                let step = |rule| {
                    MissingStep::new(Step::ConfirmPrepared, rule).about_ballot(ballot.clone())
                };
                let claim = StatementClaim::Ballot(Claim::AcceptsPrepare(ballot.n), value.clone());
                self.add_rules(found, step, [(Rule::Quorum, claim)]);
            }
        }
    }

    fn add_commit_steps(&self, statements: &[Statement], found: &mut Vec<MissingStep>) {
        let state = &self.state;
        let own = match (&state.c, &state.h) {
            (Some(c), Some(h)) => Some((c, h)),
            _ => None,
        };
        if state.phase != BallotPhase::Prepare {
            if let Some((c, h)) = own {
                let counters = own_counters(statements, c, h);
                let (n, claim) = self.most_supported(&c.x, h.n, counters, Claim::AcceptsCommit);
                let ballot = Ballot::new(n, c.x.clone());
                let step =
                    |rule| MissingStep::new(Step::ConfirmCommit, rule).about_ballot(ballot.clone());
                self.add_rules(found, step, [(Rule::Quorum, claim)]);
            }
            return;
        }
        if let Some((c, h)) = own {
            let counters = own_counters(statements, c, h);
            let (n, votes) = self.most_supported(&c.x, h.n, counters, Claim::VotesCommit);
            let ballot = Ballot::new(n, c.x.clone());
            let step =
                |rule| MissingStep::new(Step::AcceptCommit, rule).about_ballot(ballot.clone());
            let accepts = Claim::AcceptsCommit(Interval { low: n, high: n });
            let accepts = StatementClaim::Ballot(accepts, c.x.clone());
            self.add_rules(
                found,
                step,
                [(Rule::Quorum, votes), (Rule::VBlocking, accepts)],
            );
        }
        for value in committed_values(statements) {
            if own.is_some_and(|(c, _)| c.x == value) {
                continue;
            }
            let counters = commit_counters(statements, &value);
            let lowest = counters.first().copied().unwrap_or(1);
            let (n, claim) = self.most_supported(&value, lowest, counters, Claim::AcceptsCommit);
            let ballot = Ballot::new(n, value.clone());
            let step =
                |rule| MissingStep::new(Step::AcceptCommit, rule).about_ballot(ballot.clone());
            let before = found.len();
            self.add_rules(found, step, [(Rule::VBlocking, claim)]);
            // The quorum rule may still allow the step, once the node itself votes for the commit.
            found.truncate(match found.last() {
                Some(last) if last.is_impossible() => before,
                _ => found.len(),
            });
        }
    }

    /// The counter at which most nodes make the claim: one of `counters` or `default`.
    fn most_supported(
        &self,
        value: &Value,
        default: Counter,
        counters: BTreeSet<Counter>,
        claim: fn(Interval) -> Claim,
    ) -> (Counter, StatementClaim) {
        let at = |n: &Counter| {
            let claim = claim(Interval { low: *n, high: *n });
            StatementClaim::Ballot(claim, value.clone())
        };
        let support = |n: &Counter| (self.supporters(&at(n)).len(), *n);
        let most = counters.into_iter().max_by_key(support);
        let n = most.unwrap_or(default);
        (n, at(&n))
    }

    fn add_counter_steps(&self, b: &Ballot, found: &mut Vec<MissingStep>) {
        let state = &self.state;
        if !state.heard_from_quorum {
            let claim = StatementClaim::Counter(Claim::AtCounter(b.n));
            let step = |rule| MissingStep::new(Step::HeardFromQuorum, rule).about_ballot(b.clone());
            self.add_rules(found, step, [(Rule::Quorum, claim)]);
        }
        let next = state.z.as_ref().or(state.composite.as_ref());
        let next = Ballot::new(b.n.saturating_add(1), next.unwrap_or(&b.x).clone());
        let step = |rule| MissingStep::new(Step::Ballot, rule).about_ballot(next.clone());
        if state.heard_from_quorum {
            found.push(step(Rule::Timer));
        }
        let claim = StatementClaim::Counter(Claim::AboveCounter(b.n));
        if !self.supporters(&claim).is_empty() {
            let before = found.len();
            self.add_rules(found, step, [(Rule::CatchUp, claim)]);
            // A timer can raise the counter without other nodes.
            found.truncate(match found.last() {
                Some(last) if last.is_impossible() => before,
                _ => found.len(),
            });
        }
    }

    /// The same step by each rule with its claim, as far as statements of other nodes can allow it. If no rule can, the
    /// first one stays, without any set.
    fn add_rules<const N: usize>(
        &self,
        found: &mut Vec<MissingStep>,
        step: impl Fn(Rule) -> MissingStep,
        rules: [(Rule, StatementClaim); N],
    ) {
        let mut allowed = Vec::new();
        let (mut impossible, mut is_open) = (None, false);
        for (rule, claim) in rules {
            let lack = self.lack(rule, &claim);
            let step = MissingStep {
                present: self.supporters(&claim),
                claim: Some(claim),
                ..step(rule)
            };
            match lack {
                Lack::Statements(missing) => allowed.push(MissingStep {
                    needs: missing.needs,
                    requires_decision: missing.requires_decision,
                    ..step
                }),
                Lack::OtherStepFirst => is_open = true,
                Lack::Impossible => impossible = impossible.or(Some(step)),
            }
        }
        // With nothing missing, the next input allows the step.
        if allowed.iter().any(MissingStep::is_allowed) {
            return;
        }
        match allowed.len() {
            0 if is_open => {}
            0 => found.extend(impossible),
            1 => found.append(&mut allowed),
            _ => {
                // Nodes that decide also accept, so the blocking rule applies with fewer of them.
                allowed.retain(|step| !step.requires_decision);
                // Well-behaved nodes accept by the blocking rule only after others have accepted by the quorum rule.
                let has_quorum = allowed.iter().any(|step| step.rule == Rule::Quorum);
                let is_remote =
                    |step: &MissingStep| step.rule == Rule::VBlocking && step.present.is_empty();
                allowed.retain(|step| !(has_quorum && is_remote(step)));
                found.append(&mut allowed);
            }
        }
    }
}
