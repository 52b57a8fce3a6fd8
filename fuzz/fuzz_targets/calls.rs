//! Requests to the REST interface of a node: methods, paths, queries, headers, bodies.

#![no_main]

#[path = "../text_mutator.rs"]
mod text_mutator;
#[allow(dead_code)]
#[path = "../../tests/it/fuzz_inputs/mod.rs"]
mod fuzz_inputs;
#[allow(dead_code)]
#[path = "../../tests/it/scp_harness/mod.rs"]
mod scp_harness;
#[path = "../../tests/it/statements.rs"]
mod statements;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use fuzz_inputs::calls::NodeUnderTest;
use std::cell::OnceCell;

thread_local! {
    /// One node receives all requests of the process.
    static NODE: OnceCell<NodeUnderTest> = const { OnceCell::new() };
}

fuzz_target!(|text: &str| NODE.with(|node| {
    let node = node.get_or_init(|| {
        let name = format!("quorumscope-fuzz-{}", std::process::id());
        NodeUnderTest::start(&std::env::temp_dir().join(name))
    });
    node.call(text);
}));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    text_mutator::mutate(data, size, max_size, seed)
});
