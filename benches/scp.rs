//! Wall-clock time of a slot in the networks of `quorumscope bench scp`.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use quorumscope::commands::bench_scp::{InlineNetwork, ThreadedNetwork};
use quorumscope::scp::EvidenceMode;

const NODES: [usize; 4] = [4, 16, 64, 128];

fn main() {
    divan::main();
}

/// Time of a slot until the last node externalizes, on one thread.
#[divan::bench(args = NODES)]
fn slot(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut network = InlineNetwork::new(nodes, EvidenceMode::Skip);
    bencher.bench_local(|| network.run_slot().unwrap());
}

/// Time of a slot with one thread per node.
#[divan::bench(args = NODES)]
fn slot_on_threads(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut network = ThreadedNetwork::new(nodes, EvidenceMode::Skip).unwrap();
    bencher.bench_local(|| network.run_slot().unwrap());
}

/// Time of a slot with evidence for every transition.
#[divan::bench(args = NODES)]
fn slot_with_evidence(bencher: Bencher<'_, '_>, nodes: usize) {
    let mut network = InlineNetwork::new(nodes, EvidenceMode::Record);
    bencher.bench_local(|| network.run_slot().unwrap());
}
