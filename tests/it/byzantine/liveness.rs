//! Liveness: one statement of a tolerated Byzantine node can keep a slot from ending. The protocol guarantees safety,
//! not termination. The effect depends on which statements each node has received before that one.

use crate::scp_net::{Net, SLOT, of, value};
use quorumscope::scp::{Ballot, Envelope, Statement};
use std::sync::Arc;

/// Node 3 of four is Byzantine. The thresholds are 3, so the intact nodes can only decide together.
const INTACT: [usize; 3] = [0, 1, 2];

/// The latest statement of an intact node.
fn latest(net: &Net, place: usize) -> Arc<Envelope> {
    let last = net.scps[place].own_statements(SLOT).last();
    Arc::clone(last.unwrap())
}

/// Delivers all latest statements to `receivers` and drops everything else.
fn exchange(net: &mut Net, receivers: &[usize]) {
    let statements = INTACT.map(|place| latest(net, place));
    for &receiver in receivers {
        for (sender, statement) in INTACT.iter().zip(&statements) {
            if *sender != receiver {
                net.deliver(receiver, Arc::clone(statement));
            }
        }
    }
    net.lose_all();
}

/// All three have voted to commit <1, a>. Nodes 0 and 2, but not 1, have accepted it.
fn nearly_decided() -> Net {
    let mut net = Net::new(vec![of(3, &[0, 1, 2, 3]); 4]);
    net.down.insert(3);
    for place in INTACT {
        net.nominate(place, "a");
        for other in (0..4).filter(|&other| other as usize != place) {
            let statement = Statement::Nominate {
                voted: vec![value("a")],
                accepted: vec![value("a")],
            };
            net.deliver(place, Net::envelope(other, statement));
        }
    }
    net.lose_all();
    exchange(&mut net, &INTACT);
    exchange(&mut net, &INTACT);
    exchange(&mut net, &[0, 2]);
    let commits = INTACT.map(|place| latest(&net, place).statement.clone());
    let [
        Statement::Confirm { n_commit: 1, .. },
        Statement::Prepare { n_c: 1, .. },
        Statement::Confirm { n_commit: 1, .. },
    ] = commits
    else {
        panic!("{commits:?}");
    };
    net
}

/// Delivers everything and fires timers for a long time. Returns which nodes have decided.
fn decided(mut net: Net) -> Vec<bool> {
    for place in INTACT {
        for other in INTACT.into_iter().filter(|&other| other != place) {
            let statement = latest(&net, other);
            net.deliver(place, statement);
        }
    }
    net.run(300);
    INTACT.map(|place| net.decided[place].is_some()).into()
}

#[test]
fn intact_nodes_decide_without_the_byzantine_statement() {
    assert_eq!(decided(nearly_decided()), [true; 3]);
}

/// The Byzantine node claims to have decided at the highest counter. Node 0 is in CONFIRM and votes to commit all
/// counters from 1. With both, node 2 has a quorum to accept this commit and no other. Node 1 does not vote for that
/// counter, and nodes 0 and 2, which block node 1, have accepted no common counter. The three nodes could agree only by
/// counting up to the highest counter.
#[test]
fn one_byzantine_statement_can_prevent_termination() {
    let mut net = nearly_decided();
    let statement = latest(&net, 0);
    net.deliver(2, statement);
    let commit = Ballot {
        n: u32::MAX,
        x: value("a"),
    };
    let equivocation = Statement::Externalize {
        commit,
        n_h: u32::MAX,
    };
    net.deliver(2, Net::envelope(3, equivocation));
    let c = net.scps[2].slot_state(SLOT).unwrap().c;
    assert_eq!(c.map(|c| c.n), Some(u32::MAX));
    assert_eq!(decided(net), [false; 3]);
}
