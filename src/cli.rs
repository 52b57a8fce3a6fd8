//! Command-line arguments, parsed with clap; `commands` executes them.

#[cfg(feature = "net")]
mod net;

#[cfg(feature = "net")]
pub use net::{
    AdmitArg, ClusterArgs, DiscoverArgs, LogFormat, NodeArgs, OnStopArg, ProposeArgs, TrustArgs,
    TrustCommand, TrustTarget,
};

use crate::scp::SlotIndex;
use crate::sim::ExecutorKind;
use crate::time::Time;
use crate::trace::outcome::StopCondition;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Watch the Stellar Consensus Protocol reach agreement, and see exactly why, or why not.
///
/// Without a subcommand, a window opens and shows the scenario. Without a display, the scenario runs in the terminal,
/// as with `quorumscope run`.
#[derive(Debug, Parser)]
#[command(
    name = "quorumscope",
    version,
    max_term_width = 110,
    args_conflicts_with_subcommands = true
)]
#[command(
    after_help = "Exit codes: 0 agreed, 1 safety violated, 2 bad arguments or input, 3 no progress within the limit, 70 the node failed, 130 interrupted."
)]
pub struct Cli {
    /// The subcommand; `None` opens the window.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Arguments of the window.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a scenario in the terminal, without a window.
    Run(RunArgs),
    /// Explain a run at one instant: why each node took its steps, and why it has not taken the next.
    Explain(ExplainArgs),
    /// Merge the traces of several processes into one.
    Merge(MergeArgs),
    /// List the built-in scenarios.
    Scenarios,
    /// Replay transcripts of stellar-core against the SCP core and compare.
    Conformance(ConformanceArgs),
    /// Run one node of a real network as a process.
    #[cfg(feature = "net")]
    Node(Box<NodeArgs>),
    /// Start several nodes as processes on this machine and watch them in a window.
    #[cfg(feature = "net")]
    Cluster(ClusterArgs),
    /// Propose a note, or a file to back up, at a running node.
    #[cfg(feature = "net")]
    Propose(ProposeArgs),
    /// Change whom a running node trusts.
    #[cfg(feature = "net")]
    Trust(TrustArgs),
    /// Measure the cost of consensus, or of drawing.
    #[command(subcommand)]
    Bench(Bench),
}

/// The run to show: a scenario, a real network or a recording. The window and `run` share these arguments.
#[derive(Clone, Debug, Args)]
pub struct SourceArgs {
    /// Built-in scenario (see `quorumscope scenarios`) or scenario file.
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "demo",
        conflicts_with_all = ["network", "replay"]
    )]
    pub scenario: String,
    /// Real network: a node list in the JSON of stellarbeat or radar, of up to 2,000 nodes.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub network: Option<PathBuf>,
    /// Organisations of the node list, in the same JSON.
    #[arg(long, value_name = "FILE", requires = "network")]
    pub organizations: Option<PathBuf>,
    /// Recorded run: a trace file, single or merged.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "nodes"])]
    pub replay: Option<PathBuf>,
    /// Random seed; the same seed gives the same run.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    pub seed: u64,
    /// Number of nodes, for scenarios that place them at random: 1 to 10,000 (with threads at most 2,000).
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub nodes: Option<usize>,
}

impl SourceArgs {
    /// The scenario `demo` with seed 1: the run without any argument.
    #[must_use]
    pub fn demo() -> SourceArgs {
        SourceArgs {
            scenario: "demo".to_owned(),
            network: None,
            organizations: None,
            replay: None,
            seed: 1,
            nodes: None,
        }
    }
}

/// Arguments of the window.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// The run to show.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Watch running nodes, such as `http://127.0.0.1:8001`, and every node they know; `discover` finds them by UDP.
    #[cfg(feature = "net")]
    #[arg(long, value_name = "URL", num_args = 1..,
          conflicts_with_all = ["scenario", "network", "replay", "seed", "nodes", "executor", "pause_at"])]
    pub attach: Vec<String>,
    /// File with the bearer token for nodes on other machines.
    #[cfg(feature = "net")]
    #[arg(long, value_name = "FILE", requires = "attach")]
    pub token_file: Option<PathBuf>,
    /// Where `--attach discover` listens.
    #[cfg(feature = "net")]
    #[command(flatten)]
    pub discover: DiscoverArgs,
    /// Executor of the nodes: one thread per node, or all nodes on the engine's thread.
    #[arg(long, value_enum, default_value_t = ExecutorArg::Threads)]
    pub executor: ExecutorArg,
    /// Colour theme: dark for the screen, light for print.
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
    /// Width and height of the window in logical pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub size: (u32, u32),
    /// Magnification of the whole window, 0.5 to 3; Ctrl + and Ctrl - change it.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = parse_ui_scale)]
    pub ui_scale: f32,
    /// Record the run into this trace file (`.jsonl`, or `.jsonl.zst` compressed).
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub trace: Option<PathBuf>,
    /// Print the positions of nodes on the screen, one JSON object per line, whenever they change.
    #[arg(long)]
    pub print_positions: bool,
    /// Start paused.
    #[arg(long)]
    pub paused: bool,
    /// Skip to this virtual time immediately, then pause: `5.4s`, `800ms`.
    #[arg(long, value_name = "TIME", conflicts_with = "paused", value_parser = parse_instant)]
    pub pause_at: Option<Time>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The run to execute.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Executor of the nodes; both produce the same records.
    #[arg(long, value_enum, default_value_t = ExecutorArg::Inline)]
    pub executor: ExecutorArg,
    /// When to stop: `externalized` (every proposal is decided; a recording ends where it ends), `slot N` (this slot is
    /// decided), or a virtual time such as `30s`.
    #[arg(long, value_name = "externalized|slot N|TIME", num_args = 1..=2, default_value = "externalized")]
    pub until: Vec<String>,
    /// Print the summary as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Print only the SHA-256 of all records: equal for equal runs, with either executor, on any machine, and replayed.
    #[arg(long, conflicts_with = "json")]
    pub digest: bool,
    /// Record the run into this trace file (`.jsonl`, or `.jsonl.zst` compressed).
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub trace: Option<PathBuf>,
    /// Write the final picture as SVG.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the final picture as PNG.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Width and height of the picture in pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub size: (u32, u32),
    /// Colour theme of the picture.
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
    /// Print errors only (and the JSON object, with `--json`).
    #[arg(long)]
    pub quiet: bool,
}

impl From<&WindowArgs> for RunArgs {
    /// The arguments with which `run` replaces the window if there is no display.
    fn from(args: &WindowArgs) -> RunArgs {
        RunArgs {
            source: args.source.clone(),
            executor: args.executor,
            until: vec!["externalized".to_owned()],
            json: false,
            digest: false,
            trace: args.trace.clone(),
            svg: None,
            png: None,
            size: args.size,
            theme: args.theme,
            quiet: false,
        }
    }
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The run to explain.
    #[command(flatten)]
    pub source: SourceArgs,
    /// The instant: `end` (every proposal is decided, or the run makes no progress; a recording ends where it ends), or
    /// a virtual time such as `5.4s`.
    #[arg(long, value_name = "TIME|end", default_value = "end", value_parser = parse_explained)]
    pub at: ExplainedInstant,
    /// Explain only this node.
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// Explain only this slot. Without it, each node is explained in its newest slot.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub slot: Option<u64>,
    /// Print the explanations as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// The instant that `explain` explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainedInstant {
    /// The end of the run.
    End,
    /// A virtual time.
    At(Time),
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Traces written by `quorumscope node --trace`, one per run of a process.
    #[arg(value_name = "TRACE", required = true)]
    pub traces: Vec<PathBuf>,
    /// The merged trace (`.jsonl`, or `.jsonl.zst` compressed).
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// Folder of transcripts (`*.jsonl.gz`, `*.jsonl`, `*.json`) and quorum-set cases (`qsets*.json`, `.json.gz`).
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print the counts as one JSON object and the differences to standard error.
    #[arg(long)]
    pub json: bool,
}

/// Subcommands of `bench`.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Measure CPU time per frame in the real window.
    #[cfg(feature = "window")]
    Frame(BenchFrameArgs),
    /// Measure the cost of a slot: the SCP core alone, without a network model, on flat networks.
    Scp(BenchScpArgs),
}

/// Arguments of `bench scp`.
#[derive(Debug, Args)]
pub struct BenchScpArgs {
    /// Number of nodes of each network, 1 to 1000.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "4,16,64,128",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub nodes: Vec<u16>,
    /// Executor of the nodes.
    #[arg(long, value_enum, default_value_t = ExecutorArg::Inline)]
    pub executor: ExecutorArg,
    /// Number of slots per network. A run shorter than 0.3 s of CPU time is repeated with fresh networks, and the
    /// average is printed.
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub slots: u32,
    /// Record the evidence of every transition, with minimal witness sets, which the window needs.
    #[arg(long)]
    pub evidence: bool,
    /// Print the results as one JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench frame`.
#[cfg(feature = "window")]
#[derive(Debug, Args)]
pub struct BenchFrameArgs {
    /// Number of nodes.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub nodes: usize,
    /// Number of trust edges.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub edges: usize,
    /// Measure the scenario `demo` instead of a synthetic network.
    #[arg(long, conflicts_with_all = ["nodes", "edges"])]
    pub demo: bool,
    /// Print the results as one JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Executor of the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExecutorArg {
    /// One operating system thread per node.
    Threads,
    /// All nodes on the engine's thread.
    Inline,
}

impl From<ExecutorArg> for ExecutorKind {
    fn from(arg: ExecutorArg) -> ExecutorKind {
        match arg {
            ExecutorArg::Threads => ExecutorKind::Threads,
            ExecutorArg::Inline => ExecutorKind::Inline,
        }
    }
}

/// Colour theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// Light on dark, for the screen.
    Dark,
    /// Dark on white, for print.
    Light,
}

/// Parses a magnification from 0.5 to 3.
fn parse_ui_scale(text: &str) -> Result<f32, String> {
    let factor = text.parse().ok();
    factor
        .filter(|factor| (0.5..=3.0).contains(factor))
        .ok_or_else(|| format!("expected a number from 0.5 to 3, such as 1.5, found {text:?}"))
}

/// Parses a window size: `1280x800` -> (1280, 800).
fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let expected = || {
        format!(
            "expected WIDTHxHEIGHT between 320x240 and 7680x4320, such as 1280x800, found {text:?}"
        )
    };
    let (width, height) = text.split_once('x').ok_or_else(expected)?;
    match (width.parse(), height.parse()) {
        (Ok(width @ 320..=7680), Ok(height @ 240..=4320)) => Ok((width, height)),
        _ => Err(expected()),
    }
}

/// Parses the argument of `--until`.
///
/// # Errors
/// A message that states the expected forms.
pub fn parse_until(words: &[String]) -> Result<StopCondition, String> {
    let text = words.join(" ").to_ascii_lowercase();
    if text == "externalized" {
        return Ok(StopCondition::Externalized);
    }
    let slot = text
        .strip_prefix("slot")
        .map(|rest| rest.trim_start_matches([' ', '=', ':']).parse::<u64>());
    if let Some(Ok(slot @ 1..)) = slot {
        return Ok(StopCondition::Slot(SlotIndex(slot)));
    }
    parse_time(&text).map(StopCondition::At).ok_or_else(|| {
        format!("--until: expected `externalized`, `slot N` with N from 1, or a time such as `30s`, `1500ms` or `2min`, found {text:?}")
    })
}

/// Parses the argument of `--at`.
fn parse_explained(text: &str) -> Result<ExplainedInstant, String> {
    if text.eq_ignore_ascii_case("end") {
        return Ok(ExplainedInstant::End);
    }
    let at = parse_time(text).map(ExplainedInstant::At);
    at.ok_or_else(|| format!("expected `end`, or a time such as `5.4s` or `800ms`, found {text:?}"))
}

/// Parses the argument of `--pause-at`.
fn parse_instant(text: &str) -> Result<Time, String> {
    parse_time(text)
        .ok_or_else(|| format!("expected a time such as `5.4s` or `800ms`, found {text:?}"))
}

/// Parses a virtual time: `30s`, `1.5s`, `1500ms`, `2min`. `None` for anything else, and above 10^9 of a unit.
fn parse_time(text: &str) -> Option<Time> {
    let units = [("ms", 1e3), ("min", 60e6), ("s", 1e6)];
    let (number, micros) = units
        .iter()
        .find_map(|(unit, micros)| Some((text.strip_suffix(unit)?, micros)))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && (0.0..=1e9).contains(&number))
        .then(|| Time((number * micros).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn until_parses_every_form() {
        let check = |words: &[&str], expected: Option<StopCondition>| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            assert_eq!(parse_until(&words).ok(), expected, "{words:?}");
        };
        check(&["externalized"], Some(StopCondition::Externalized));
        check(&["slot", "3"], Some(StopCondition::Slot(SlotIndex(3))));
        check(&["SLOT 3"], Some(StopCondition::Slot(SlotIndex(3))));
        check(&["slot=12"], Some(StopCondition::Slot(SlotIndex(12))));
        check(&["30s"], Some(StopCondition::At(Time::from_ms(30_000))));
        check(&["1.5s"], Some(StopCondition::At(Time::from_ms(1500))));
        check(&["2min"], Some(StopCondition::At(Time::from_ms(120_000))));
        check(&["slot", "0"], None);
        check(&["-3s"], None);
        check(&["soon"], None);
    }

    #[test]
    fn window_size_is_bounded() {
        assert_eq!(parse_size("800x600"), Ok((800, 600)));
        for bad in ["800", "0x0", "99999x5", "ax b"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
