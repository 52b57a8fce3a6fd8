//! The command line: arguments in, [`Cli`] out. Nothing is done here.

#[cfg(feature = "net")]
mod net;

#[cfg(feature = "net")]
pub use net::{ClusterArgs, DiscoverArgs, LogFormat, NodeArgs, OnStopArg, ProposeArgs};

use crate::scp::SlotIndex;
use crate::sim::ExecutorKind;
use crate::time::Time;
use crate::trace::outcome::StopCondition;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Watch the Stellar Consensus Protocol reach agreement, and see exactly why, or why not.
///
/// Without a subcommand a window opens and the scenario runs in it. Without a display the scenario runs in the
/// terminal, as `quorumscope run` does on purpose.
#[derive(Debug, Parser)]
#[command(
    name = "quorumscope",
    version,
    max_term_width = 110,
    args_conflicts_with_subcommands = true
)]
#[command(
    after_help = "Exit codes: 0 fine, 1 safety violated, 2 bad arguments or input, 3 no progress within the limit."
)]
pub struct Cli {
    /// What to do; without it the window opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to show in the window.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a scenario in the terminal, without a window.
    Run(RunArgs),
    /// Merge the traces of several processes into one that can be played.
    Merge(MergeArgs),
    /// List the built-in scenarios.
    Scenarios,
    /// Replay transcripts of the reference implementation against the SCP core and compare.
    Conformance(ConformanceArgs),
    /// Run one node of a real network as a process.
    #[cfg(feature = "net")]
    Node(Box<NodeArgs>),
    /// Start several nodes as processes on this machine, and watch them in a window.
    #[cfg(feature = "net")]
    Cluster(ClusterArgs),
    /// Propose a note, or a file to back up, at a running node.
    #[cfg(feature = "net")]
    Propose(ProposeArgs),
    /// Measure.
    #[command(subcommand)]
    Bench(Bench),
}

/// What to run; shared by the window and `run`.
#[derive(Clone, Debug, Args)]
pub struct SourceArgs {
    /// A built-in scenario, or a scenario file (see `quorumscope scenarios`).
    #[arg(
        long,
        value_name = "NAME|FILE",
        default_value = "demo",
        conflicts_with_all = ["network", "replay"]
    )]
    pub scenario: String,
    /// A real network: a node list as stellarbeat and radar publish it (JSON).
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub network: Option<PathBuf>,
    /// The organisations that belong to the node list (JSON).
    #[arg(long, value_name = "FILE", requires = "network")]
    pub organizations: Option<PathBuf>,
    /// A recorded run: a trace file, also one that `quorumscope merge` has made.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "nodes"])]
    pub replay: Option<PathBuf>,
    /// Seed of everything random; the same seed gives the same run.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    pub seed: u64,
    /// How many nodes, for scenarios that place them at random: 1 to 10,000 (with threads up to 2,000).
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub nodes: Option<usize>,
}

impl SourceArgs {
    /// The default scenario, as without any argument.
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
    /// What to run.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Watch nodes that run as processes, such as `http://127.0.0.1:8001`, and whomever they know; `discover` finds them.
    #[cfg(feature = "net")]
    #[arg(long, value_name = "URL", num_args = 1..,
          conflicts_with_all = ["scenario", "network", "replay", "seed", "nodes", "executor", "pause_at"])]
    pub attach: Vec<String>,
    /// A file with the token that nodes of other machines want to be shown.
    #[cfg(feature = "net")]
    #[arg(long, value_name = "FILE", requires = "attach")]
    pub token_file: Option<PathBuf>,
    /// Where to find them.
    #[cfg(feature = "net")]
    #[command(flatten)]
    pub discover: DiscoverArgs,
    /// Who does the nodes' work: a thread per node, or the engine itself.
    #[arg(long, value_enum, default_value_t = ExecutorArg::Threads)]
    pub executor: ExecutorArg,
    /// Colours: dark for the screen, light for print.
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
    /// Width and height of the window in logical pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub size: (u32, u32),
    /// Write everything that happens into this file.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub trace: Option<PathBuf>,
    /// Print where nodes are on the screen, a JSON object a line, whenever that has changed.
    #[arg(long)]
    pub print_positions: bool,
    /// Start paused.
    #[arg(long)]
    pub paused: bool,
    /// Let everything up to this virtual time happen at once, then pause: `5.4s`, `800ms`.
    #[arg(long, value_name = "TIME", conflicts_with = "paused", value_parser = parse_instant)]
    pub pause_at: Option<Time>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What to run.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Who does the nodes' work; the result is the same.
    #[arg(long, value_enum, default_value_t = ExecutorArg::Inline)]
    pub executor: ExecutorArg,
    /// When to stop: `externalized` (everything proposed is decided), `slot N`, or a virtual time such as `30s`.
    #[arg(long, value_name = "externalized|slot N|TIME", num_args = 1..=2, default_value = "externalized")]
    pub until: Vec<String>,
    /// Print a summary as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Write everything that happens into this file (`.jsonl`, or `.jsonl.zst` compressed).
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub trace: Option<PathBuf>,
    /// Write the picture the window would show at the end as SVG.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the picture the window would show at the end as PNG.
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// Width and height of the picture in pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    pub size: (u32, u32),
    /// Colours of the picture.
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
    /// Print nothing but errors (and the JSON object, if asked for).
    #[arg(long)]
    pub quiet: bool,
}

impl From<&WindowArgs> for RunArgs {
    /// What `run` does instead of opening a window.
    fn from(args: &WindowArgs) -> RunArgs {
        RunArgs {
            source: args.source.clone(),
            executor: args.executor,
            until: vec!["externalized".to_owned()],
            json: false,
            trace: args.trace.clone(),
            svg: None,
            png: None,
            size: args.size,
            theme: args.theme,
            quiet: false,
        }
    }
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Traces that `quorumscope node --trace` has written, one per process and life.
    #[arg(value_name = "TRACE", required = true)]
    pub traces: Vec<PathBuf>,
    /// Where the merged trace goes (`.jsonl`, or `.jsonl.zst` compressed).
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// Folder with transcripts (`*.jsonl.gz`, `*.jsonl`, `*.json`) and quorum-set cases (`qsets*.json`, `.json.gz`).
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print the counts as one JSON object; differences go to standard error.
    #[arg(long)]
    pub json: bool,
}

/// What to measure.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Cost of drawing a frame, in the real window.
    #[cfg(feature = "window")]
    Frame(BenchFrameArgs),
    /// Cost of agreeing: SCP alone, without a network model, on flat networks.
    Scp(BenchScpArgs),
}

/// Arguments of `bench scp`.
#[derive(Debug, Args)]
pub struct BenchScpArgs {
    /// How many nodes, one network after the other: 1 to 1000 each.
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "4,16,64,128",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub nodes: Vec<u16>,
    /// Who does the nodes' work.
    #[arg(long, value_enum, default_value_t = ExecutorArg::Inline)]
    pub executor: ExecutorArg,
    /// How many slots each network decides; what is over in less than 0.3 s of CPU time is done again, by a fresh network
    /// each time, until it has taken that long, and the average is told.
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub slots: u32,
    /// Give reasons for every transition, with minimal witness sets, as the window needs them.
    #[arg(long)]
    pub evidence: bool,
    /// Print the figures as one JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench frame`.
#[cfg(feature = "window")]
#[derive(Debug, Args)]
pub struct BenchFrameArgs {
    /// How many nodes.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub nodes: usize,
    /// How many trust edges.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub edges: usize,
    /// Measure the demo scenario instead of a made-up network.
    #[arg(long, conflicts_with_all = ["nodes", "edges"])]
    pub demo: bool,
    /// Print the figures as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Who does the nodes' work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExecutorArg {
    /// One operating system thread per node.
    Threads,
    /// The engine's own thread.
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

/// Colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// For the screen.
    Dark,
    /// For print.
    Light,
}

/// `1280x800` -> (1280, 800).
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

/// The words after `--until` -> what they mean.
///
/// # Errors
/// Says what was expected.
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

/// A time of `--pause-at`.
fn parse_instant(text: &str) -> Result<Time, String> {
    parse_time(text)
        .ok_or_else(|| format!("expected a time such as `5.4s` or `800ms`, found {text:?}"))
}

/// `30s`, `1.5s`, `1500ms`, `2min` -> an instant.
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
