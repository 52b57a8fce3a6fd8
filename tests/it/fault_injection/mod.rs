//! Fault injection on real node processes: kills, partitions, overload, full disks. `./test --full` runs all these
//! tests. Some of them need namespaces and tools; without these they fail and report what is missing.
//!
//! `node` starts and kills processes, `rest` calls them, `clients` proposes, `invariants` checks logs and files,
//! `monitor` checks all statements, `lan` builds networks of namespaces.

mod announcements;
mod clients;
mod disk_full;
mod hostile;
mod invariants;
mod kills;
mod lan;
mod load;
mod measurements;
mod monitor;
mod node;
mod openapi_fuzz;
mod partitions;
mod rest;

use std::path::Path;

/// A temporary folder. It is removed if the test passes; otherwise it stays, with the logs of all nodes.
pub(crate) struct Folder(Option<tempfile::TempDir>);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(Some(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_ref().unwrap().path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let folder = self.0.take();
        if std::thread::panicking() {
            let path = folder.map(tempfile::TempDir::keep);
            eprintln!("data and logs of the nodes stay in {path:?}");
        }
    }
}

/// A seeded random number generator (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct TestRng(u64);

impl TestRng {
    pub(crate) fn new(seed: u64) -> TestRng {
        TestRng(seed)
    }

    /// Returns and prints the seed: the value of the environment variable `FAULT_SEED`, or a new one.
    pub(crate) fn seed() -> u64 {
        let asked = std::env::var("FAULT_SEED").ok();
        let seed = asked.map_or_else(
            || {
                u64::from(std::process::id()) << 20
                    | u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_micros())
            },
            |text| text.parse().expect("FAULT_SEED: expected a number"),
        );
        println!("seed: FAULT_SEED={seed}");
        seed
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// A number from `from` to `to`, excluding `to`.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from).max(1)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let words = (0..count.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(count).collect()
    }
}
