//! Generated nodes with generated quorum sets and inputs.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/scp_harness/mod.rs"]
mod scp_harness;

use libfuzzer_sys::fuzz_target;
use scp_harness::ScpHarness;
use scp_harness::generator::InputGenerator;
use scp_harness::choices::Choices;

fuzz_target!(|bytes: &[u8]| ScpHarness::run(&InputGenerator::transcript(&mut Choices::new(bytes))));
