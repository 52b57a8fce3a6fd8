//! Votes of a nomination round: echoes of the leaders' values, and the vote for the node's own value (NOTES 25-27).

use super::NominationProtocol;
use crate::scp::context::Context;
use crate::scp::driver::{Driver, ValidationContext, Validity};
use crate::scp::event::{ScpEvent, VoteReason};
use crate::scp::quorum::node_set::NodeSet;
use crate::scp::statement::{Envelope, Statement};
use crate::scp::value::Value;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

impl NominationProtocol {
    /// Echoes one value of each leader's latest statement. True if any vote is new.
    pub(super) fn echo_leaders<D: Driver>(&mut self, cx: &mut Context<'_, D>) -> bool {
        let leaders = NodeSet::clone(&self.state.leaders);
        let mut any = false;
        for leader in leaders.iter() {
            let latest = self.votes.latest().get(leader);
            if let Some(envelope) = latest.map(|latest| Arc::clone(&latest.envelope)) {
                any |= self.echo(cx, &envelope);
            }
        }
        any
    }

    /// Votes for one value of a leader's statement: of the values without a vote yet, the one with the highest hash.
    /// The values that the leader has only voted for are considered only if no accepted value is valid (NOTES 25).
    pub(super) fn echo<D: Driver>(&mut self, cx: &mut Context<'_, D>, envelope: &Envelope) -> bool {
        let Statement::Nominate { voted, accepted } = &envelope.statement else {
            return false;
        };
        let found = self
            .best_echo(cx, accepted)
            .or_else(|| self.best_echo(cx, voted))
            .flatten();
        let Some(value) = found else {
            return false;
        };
        self.vote(cx, value, VoteReason::Echo(envelope.from));
        true
    }

    /// The value of `values` to echo. `None` if no value is valid; `Some(None)` if all valid values have a vote already
    /// or the application allows no further vote.
    fn best_echo<D: Driver>(&self, cx: &Context<'_, D>, values: &[Value]) -> Option<Option<Value>> {
        let prev = &self.state.input.as_ref()?.prev;
        let hash = |value: &Value| {
            cx.driver()
                .value_hash(cx.slot(), prev, *self.state.round, value)
        };
        let votes = &self.state.voted;
        let mut of_leader: SmallVec<[&Value; 8]> = SmallVec::new();
        let mut fresh: SmallVec<[Cow<'_, Value>; 4]> = SmallVec::new();
        for value in values.iter().filter_map(|value| votable(cx, value)) {
            match votes.get(&value) {
                Some(vote) => of_leader.push(vote),
                None => fresh.push(value),
            }
        }
        let any_valid = !(of_leader.is_empty() && fresh.is_empty());
        let mut best: Option<Cow<'_, Value>> = None;
        let mut best_hash = None;
        for value in fresh {
            if !cx
                .driver()
                .may_add_vote(votes.as_slice(), &of_leader, &value)
            {
                continue;
            }
            // Hashes are needed only to choose between values. Of equal hashes the last one wins.
            if let Some(rival) = &best {
                let to_beat = *best_hash.get_or_insert_with(|| hash(rival));
                let own = hash(&value);
                if own < to_beat {
                    continue;
                }
                best_hash = Some(own);
            }
            best = Some(value);
        }
        any_valid.then(|| best.map(Cow::into_owned))
    }

    /// A leader without any vote votes for its own value (NOTES 27).
    pub(super) fn vote_for_own<D: Driver>(&mut self, cx: &mut Context<'_, D>) -> bool {
        let own = self
            .state
            .input
            .as_ref()
            .and_then(|input| input.value.clone());
        match own {
            Some(value) if self.state.voted.is_empty() && self.is_leader(cx.local()) => {
                self.vote(cx, value, VoteReason::OwnProposal);
                true
            }
            _ => false,
        }
    }

    /// Votes to nominate `value`.
    pub(super) fn vote<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        value: Value,
        reason: VoteReason,
    ) {
        self.state.get_mut().voted.insert(&value);
        cx.event(|slot| ScpEvent::VotedNominate {
            slot,
            value,
            reason,
        });
    }
}

/// `value` if the application finds it valid, or else the valid value that can be extracted from it.
fn votable<'a, D: Driver>(cx: &Context<'_, D>, value: &'a Value) -> Option<Cow<'a, Value>> {
    match cx.validate(value, ValidationContext::Nomination) {
        Validity::FullyValid => Some(Cow::Borrowed(value)),
        Validity::MaybeValid | Validity::Invalid => {
            cx.driver().extract(cx.slot(), value).map(Cow::Owned)
        }
    }
}
