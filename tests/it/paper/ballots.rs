//! Claims of the papers about ballots: preparing, committing, counters and the ballot timer, the order of statements.

use super::{ballot, nominate, one_of, prepare, receive, state};
use crate::scp_net::{Net, SLOT, of, self_and, set_of, value};
use quorumscope::scp::{
    Ballot, BallotPhase, BallotReason, Effect, EvidenceMode, LocalNode, NodeId, Scp, ScpEvent,
    ScpRefusal, ScpTimer, Statement, VotingRule,
};
use quorumscope::time::Span;

fn confirm(b: Ballot, n_prepared: u32, n_commit: u32, n_h: u32) -> Statement {
    Statement::Confirm {
        ballot: b,
        n_prepared,
        n_commit,
        n_h,
    }
}

/// The changes of node 0's ballot timer when `from` announces ballot `b`: the timeout if armed, `None` if stopped.
fn timer_at(net: &mut Net, from: u32, b: Ballot) -> Vec<Option<Span>> {
    let (result, effects) = receive(net, from, prepare(b, None, 0, 0));
    assert_eq!(result, Ok(()));
    let timer = |effect: &Effect| match effect {
        Effect::SetTimer {
            timer: ScpTimer::Ballot,
            span,
            ..
        } => Some(Some(*span)),
        Effect::StopTimer {
            timer: ScpTimer::Ballot,
            ..
        } => Some(None),
        _ => None,
    };
    effects.iter().filter_map(timer).collect()
}

/// Whitepaper 5.6 / draft "Ballots": a vote can get stuck. A higher ballot neutralises it.
#[test]
fn a_stuck_vote_is_neutralised_by_a_higher_ballot() {
    let all = [0, 1, 2, 3];
    let mut net = Net::new(all.iter().map(|_| of(3, &all)).collect());
    let first = |from| Net::envelope(from, nominate(&["a"], &["a"]));
    let second = |from| Net::envelope(from, nominate(&["a", "b"], &["a", "b"]));
    for place in 0..4 {
        net.restore(place, second(place as u32));
        let mut out = Vec::new();
        net.scps[place].nominate(&net.driver, SLOT, None, value("prev"), &mut out);
    }
    // v1 and v2 receive only the first NOMINATE of the others, v3 and v4 only the second.
    for to in 0..4_usize {
        for from in (0..4_u32).filter(|&from| from as usize != to) {
            net.deliver(to, if to < 2 { first(from) } else { second(from) });
        }
    }
    net.deliver_all();
    for (place, x) in ["a", "a", "b", "b"].into_iter().enumerate() {
        assert_eq!(state(&net, place).b, Some(ballot(1, x)));
        assert_eq!(state(&net, place).p, None, "no ballot can be prepared");
        assert!(state(&net, place).heard_from_quorum, "the timer runs");
    }
    net.resend();
    net.deliver_all();
    net.run(40);
    assert_eq!(net.decisions(), ["b"; 4]);
    assert!(net.events[0].contains(&ScpEvent::BallotChanged {
        slot: SLOT,
        from: Some(ballot(1, "a")),
        to: ballot(2, "b"),
        reason: BallotReason::Timeout,
    }));
}

/// Draft "Prepare message": p and p' are the two highest incompatible ballots accepted as prepared.
#[test]
fn p_prime_is_the_highest_prepared_that_p_aborts() {
    let mut net = one_of(4, 3);
    let mut accept = |n: u32, x: &str| {
        for from in [1, 2] {
            net.deliver(
                0,
                Net::envelope(from, prepare(ballot(n, x), Some(ballot(n, x)), 0, 0)),
            );
        }
        let state = state(&net, 0);
        (state.p, state.p_prime)
    };
    assert_eq!(accept(1, "a"), (Some(ballot(1, "a")), None));
    assert_eq!(accept(2, "b"), (Some(ballot(2, "b")), Some(ballot(1, "a"))));
    // A higher ballot of the same value keeps p'; one of another value pushes p down.
    assert_eq!(accept(3, "b"), (Some(ballot(3, "b")), Some(ballot(1, "a"))));
    assert_eq!(accept(4, "c"), (Some(ballot(4, "c")), Some(ballot(3, "b"))));
}

/// Draft "Prepare message" (and NOTES 42): accepting a ballot that aborts h withdraws the vote to commit and nothing
/// else.
#[test]
fn a_commit_vote_is_withdrawn_when_its_ballot_is_aborted() {
    let mut net = one_of(7, 5);
    for from in 1..5 {
        let accepts = prepare(ballot(1, "a"), Some(ballot(1, "a")), 0, 0);
        net.deliver(0, Net::envelope(from, accepts));
    }
    let before = state(&net, 0);
    assert_eq!(
        (before.c, before.h),
        (Some(ballot(1, "a")), Some(ballot(1, "a")))
    );
    for from in 4..7 {
        let accepts = prepare(ballot(2, "b"), Some(ballot(2, "b")), 0, 0);
        net.deliver(0, Net::envelope(from, accepts));
    }
    let after = state(&net, 0);
    assert_eq!((after.c, after.h), (None, Some(ballot(1, "a"))));
    assert!(net.events[0].contains(&ScpEvent::CommitVoteWithdrawn {
        slot: SLOT,
        c: ballot(1, "a"),
    }));
}

/// Draft "Commit message": an accepted commit fixes the value. Only the counter can still change.
#[test]
fn an_accepted_commit_fixes_the_value() {
    let mut net = one_of(4, 3);
    for from in 1..4 {
        let votes = prepare(ballot(1, "a"), Some(ballot(1, "a")), 1, 1);
        net.deliver(0, Net::envelope(from, votes));
    }
    assert_eq!(state(&net, 0).phase, BallotPhase::Confirm);
    for from in 1..3 {
        let accepts = prepare(ballot(5, "b"), Some(ballot(5, "b")), 0, 0);
        net.deliver(0, Net::envelope(from, accepts));
    }
    let state = state(&net, 0);
    assert_eq!(state.phase, BallotPhase::Confirm);
    assert_eq!(state.b, Some(ballot(5, "a")));
    assert_eq!(state.c, Some(ballot(1, "a")));
}

/// Draft "Prepare message" (`ballot.counter`): a v-blocking set at higher counters raises the counter of a node to the
/// lowest one at which no v-blocking set is ahead.
#[test]
fn a_v_blocking_set_at_higher_counters_raises_the_counter() {
    let mut net = one_of(4, 3);
    net.deliver(0, Net::envelope(1, nominate(&["a"], &["a"])));
    let own = Net::envelope(0, prepare(ballot(1, "a"), None, 0, 0));
    net.restore(0, own);
    net.deliver(0, Net::envelope(1, prepare(ballot(7, "a"), None, 0, 0)));
    assert_eq!(
        state(&net, 0).b,
        Some(ballot(1, "a")),
        "one node is not v-blocking"
    );
    net.deliver(0, Net::envelope(2, prepare(ballot(4, "b"), None, 0, 0)));
    assert_eq!(state(&net, 0).b, Some(ballot(4, "a")));
    assert!(net.events[0].iter().any(|event| matches!(
        event,
        ScpEvent::BallotChanged { reason: BallotReason::CatchUp(evidence), .. }
            if evidence.rule == VotingRule::VBlocking && evidence.witness == [NodeId(1), NodeId(2)]
    )));
}

/// Draft "Prepare message" (`ballot.counter`): the timer of a ballot runs only while a quorum is at its counter or
/// above.
#[test]
fn the_ballot_timer_runs_only_with_a_quorum_at_the_counter() {
    let mut net = one_of(4, 3);
    let own = Net::envelope(0, prepare(ballot(2, "a"), None, 0, 0));
    net.restore(0, own);
    net.deliver(0, Net::envelope(1, prepare(ballot(2, "b"), None, 0, 0)));
    net.deliver(0, Net::envelope(2, prepare(ballot(1, "c"), None, 0, 0)));
    assert!(!state(&net, 0).heard_from_quorum);
    net.deliver(0, Net::envelope(3, prepare(ballot(3, "d"), None, 0, 0)));
    assert!(state(&net, 0).heard_from_quorum, "the values do not matter");
    net.expire(0, ScpTimer::Ballot);
    assert_eq!(state(&net, 0).b, Some(ballot(3, "a")));
    assert!(
        !state(&net, 0).heard_from_quorum,
        "a new counter waits for a quorum again"
    );
}

/// Draft "Externalize message": after a partition heals, a node follows as soon as it receives the statements of
/// decided nodes.
#[test]
fn nodes_follow_after_a_partition_heals() {
    let others = |n: u32| (0..5).filter(|&m| m != n).collect::<Vec<u32>>();
    let mut net = Net::new((0..5).map(|n| self_and(n, 2, &others(n))).collect());
    net.cut(&[0, 1, 2], &[3, 4]);
    for place in 0..5 {
        net.nominate(place, ["a", "b", "c", "d", "e"][place]);
    }
    net.run(60);
    let decided = net.decisions();
    assert!(decided[0] != "-" && decided[1] == decided[0] && decided[2] == decided[0]);
    assert_eq!(decided[3..], ["-", "-"]);
    net.cut.clear();
    net.resend();
    net.run(60);
    assert!(net.decisions().iter().all(|value| *value == decided[0]));
}

/// NOTES section 7: an input on which stellar-core aborts changes nothing here.
#[test]
fn a_timeout_at_the_highest_counter_is_refused() {
    let mut scp = Scp::new(
        LocalNode {
            id: NodeId(0),
            quorum_set: set_of(0),
            is_validator: true,
        },
        EvidenceMode::Record,
    );
    let net = one_of(4, 3);
    let mut out = Vec::new();
    let own = Net::envelope(0, prepare(ballot(u32::MAX, "a"), None, 0, 0));
    assert_eq!(scp.restore(&net.driver, own, &mut out), Ok(()));
    let before = scp.slot_state(SLOT);
    scp.timer_expired(&net.driver, SLOT, ScpTimer::Ballot, &mut out);
    assert_eq!(scp.slot_state(SLOT), before);
    assert!(matches!(
        out.as_slice(),
        [Effect::Event(ScpEvent::Refused { .. })]
    ));
}

/// Draft "Prepare message" (`ballot.counter`): a quorum at the counter arms the timer once. A v-blocking set ahead
/// moves the counter and stops the timer until a quorum is at the new counter. The timeout grows with the counter.
#[test]
fn the_ballot_timer_is_armed_again_for_each_counter() {
    let mut net = one_of(5, 4);
    let own = Net::envelope(0, prepare(ballot(1, "a"), None, 0, 0));
    net.restore(0, own);
    // Each node has another value, so that only counters matter.
    assert_eq!(timer_at(&mut net, 1, ballot(1, "b")), []);
    assert_eq!(timer_at(&mut net, 2, ballot(1, "c")), []);
    let armed = |n: u64| [Some(Span::from_ms(1000 * n))];
    assert_eq!(timer_at(&mut net, 3, ballot(1, "d")), armed(1));
    assert_eq!(timer_at(&mut net, 4, ballot(1, "e")), []);
    assert_eq!(
        timer_at(&mut net, 1, ballot(4, "b")),
        [],
        "one node is not v-blocking"
    );
    assert_eq!(timer_at(&mut net, 2, ballot(4, "c")), [None]);
    assert_eq!(
        state(&net, 0).b,
        Some(ballot(4, "a")),
        "before the timer runs out"
    );
    assert_eq!(timer_at(&mut net, 3, ballot(4, "d")), armed(4));
}

/// Draft "Summary of phases" / whitepaper 6.2: statements are totally ordered: PREPARE, CONFIRM, EXTERNALIZE, and
/// within a type the fields grow. An older statement that arrives late changes nothing.
#[test]
fn an_older_ballot_statement_is_refused() {
    let a = |n| ballot(n, "a");
    let second = |n_h| Statement::Prepare {
        ballot: a(2),
        prepared: Some(a(2)),
        prepared_prime: Some(ballot(1, "b")),
        n_c: 0,
        n_h,
    };
    let ascending = [
        prepare(a(1), None, 0, 0),
        prepare(ballot(1, "b"), None, 0, 0),
        prepare(a(2), None, 0, 0),
        prepare(a(2), Some(a(1)), 0, 0),
        prepare(a(2), Some(a(2)), 0, 0),
        second(0),
        second(1),
        // The type takes precedence over the counter.
        confirm(a(1), 1, 1, 1),
        confirm(a(2), 1, 1, 1),
        confirm(a(2), 2, 1, 1),
        confirm(a(2), 2, 1, 2),
        Statement::Externalize {
            commit: a(1),
            n_h: 1,
        },
    ];
    for (at, newer) in ascending.iter().enumerate() {
        for older in &ascending[..at] {
            assert_older(older, newer);
        }
    }
}

fn assert_older(older: &Statement, newer: &Statement) {
    let mut net = one_of(4, 3);
    for statement in [older, newer] {
        let result = receive(&mut net, 1, statement.clone()).0;
        assert_eq!(result, Ok(()), "{older:?}, then {newer:?}");
    }
    let known = |net: &Net| net.scps[0].statements(SLOT).cloned().collect::<Vec<_>>();
    let before = (state(&net, 0), known(&net));
    for stale in [older, newer] {
        let (result, effects) = receive(&mut net, 1, stale.clone());
        assert_eq!(
            result,
            Err(ScpRefusal::NotNewer),
            "{stale:?} after {newer:?}"
        );
        let is_refusal =
            |effect: &Effect| matches!(effect, Effect::Event(ScpEvent::Refused { .. }));
        assert!(effects.iter().all(is_refusal));
        assert_eq!((state(&net, 0), known(&net)), before);
    }
}
