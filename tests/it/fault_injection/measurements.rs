//! Measurements: latencies, CPU time and memory.

use super::node::NodeProcess;
use std::time::Duration;

/// Latencies of decided proposals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn extend(&mut self, others: Latencies) {
        self.0.extend(others.0);
    }

    pub(crate) fn percentile_ms(&self, percent: usize) -> u128 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).map_or(0, Duration::as_millis)
    }
}

/// Resources that one node has used in all its processes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    cpu_s: f64,
    peak_mib: f64,
}

impl Usage {
    pub(crate) fn add(&mut self, node: &NodeProcess) {
        let (cpu_s, peak_mib) = node.usage();
        self.cpu_s += cpu_s;
        self.peak_mib = self.peak_mib.max(peak_mib);
    }
}

pub(crate) fn print(
    title: &str,
    took: Duration,
    latencies: &Latencies,
    usages: &[Usage],
    slots: u64,
) {
    let decided = latencies.0.len();
    println!(
        "{title}: {decided} proposals decided in {:.1} s",
        took.as_secs_f64()
    );
    println!(
        "  {:.0} proposals/s, {slots} slots",
        decided as f64 / took.as_secs_f64()
    );
    let (p50, p99) = (latencies.percentile_ms(50), latencies.percentile_ms(99));
    println!(
        "  from call to decision: p50 {p50} ms, p99 {p99} ms, longest {} ms",
        latencies.percentile_ms(100)
    );
    for (nth, Usage { cpu_s, peak_mib }) in usages.iter().enumerate() {
        println!("  node {nth}: {cpu_s:.1} s of CPU time, at most {peak_mib:.0} MiB of memory");
    }
}
