//! One tolerated liar, one statement, and a slot that no longer ends: the protocol is safe with liars, but not sure to
//! get anywhere. What decides it is who has heard what when the liar speaks.

use crate::scp_net::{Net, SLOT, of, value};
use quorumscope::scp::{Ballot, Envelope, Statement};
use std::sync::Arc;

/// Three of four, the last of which lies: the others can only decide together.
const INTACT: [usize; 3] = [0, 1, 2];

/// What an intact node has said last, of nomination or of ballots.
fn said(net: &Net, place: usize) -> Arc<Envelope> {
    let last = net.scps[place].own_statements(SLOT).last();
    Arc::clone(last.unwrap())
}

/// All that was said last is heard by the intact nodes in `listeners`, and nothing else.
fn exchange(net: &mut Net, listeners: &[usize]) {
    let words = INTACT.map(|place| said(net, place));
    for &listener in listeners {
        for (speaker, word) in INTACT.iter().zip(&words) {
            if *speaker != listener {
                net.deliver(listener, Arc::clone(word));
            }
        }
    }
    net.lose_all();
}

/// All three have voted to commit <1, a>, and 0 and 2, but not 1, have accepted it.
fn nearly_there() -> Net {
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
    let commits = INTACT.map(|place| said(&net, place).statement.clone());
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

/// Everything arrives from now on, and timers run out for a long time.
fn decided(mut net: Net) -> Vec<bool> {
    for place in INTACT {
        for other in INTACT.into_iter().filter(|&other| other != place) {
            let word = said(&net, other);
            net.deliver(place, word);
        }
    }
    net.run(300);
    INTACT.map(|place| net.decided[place].is_some()).into()
}

#[test]
fn without_a_word_of_the_liar_they_decide() {
    assert_eq!(decided(nearly_there()), [true; 3]);
}

/// It claims to have decided at the highest counter there is. With 0, who in CONFIRM votes for all counters from 1, that
/// is a quorum for node 2 to accept that commit, which it then speaks of alone: 1 votes for no such counter, and 0 and 2
/// have accepted none in common, which would convince 1. They could meet only by counting up to it.
#[test]
fn one_word_of_the_liar_can_leave_all_undecided() {
    let mut net = nearly_there();
    let word = said(&net, 0);
    net.deliver(2, word);
    let commit = Ballot {
        n: u32::MAX,
        x: value("a"),
    };
    let lie = Statement::Externalize {
        commit,
        n_h: u32::MAX,
    };
    net.deliver(2, Net::envelope(3, lie));
    let c = net.scps[2].slot_state(SLOT).unwrap().c;
    assert_eq!(c.map(|c| c.n), Some(u32::MAX));
    assert_eq!(decided(net), [false; 3]);
}
