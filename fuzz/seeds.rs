//! Writes the examples of the property tests into `corpus/`, as initial inputs of the fuzz targets.

#[allow(dead_code)]
#[path = "../tests/it/fuzz_inputs/mod.rs"]
mod fuzz_inputs;
#[allow(dead_code)]
#[path = "../tests/it/scp_harness/mod.rs"]
mod scp_harness;
#[path = "../tests/it/statements.rs"]
mod statements;

use fuzz_inputs::{calls, conversation, datagrams};
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    write("datagrams", &datagrams::examples())?;
    write("conversations", &[conversation::example().to_owned()])?;
    let calls: Vec<String> = calls::examples()
        .into_iter()
        .map(|(call, _)| call)
        .collect();
    write("calls", &calls)
}

fn write(target: &str, examples: &[String]) -> io::Result<()> {
    let folder = Path::new("corpus").join(target);
    fs::create_dir_all(&folder)?;
    for (nth, example) in examples.iter().enumerate() {
        fs::write(folder.join(format!("example-{nth}")), example)?;
    }
    Ok(())
}
