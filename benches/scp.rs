//! What a slot costs: the networks of `quorumscope bench scp` in wall-clock time.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use quorumscope::commands::bench_scp::{Inline, Threads};
use quorumscope::scp::EvidenceMode;

const NODES: [usize; 4] = [4, 16, 64, 128];

fn main() {
    divan::main();
}

/// One slot after the other, each to the moment at which the last node externalizes.
#[divan::bench(args = NODES)]
fn slot(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut network = Inline::new(nodes, EvidenceMode::Skip);
    bencher.bench_local(|| network.run_slot().unwrap());
}

/// The same with a thread for each node.
#[divan::bench(args = NODES)]
fn slot_on_threads(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut network = Threads::new(nodes, EvidenceMode::Skip).unwrap();
    bencher.bench_local(|| network.run_slot().unwrap());
}

/// The same with a reason for every transition.
#[divan::bench(args = NODES)]
fn slot_with_evidence(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut network = Inline::new(nodes, EvidenceMode::Record);
    bencher.bench_local(|| network.run_slot().unwrap());
}
