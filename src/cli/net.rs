//! Arguments of the subcommands for nodes as processes.

use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `quorumscope node`.
#[derive(Clone, Debug, Args)]
pub struct NodeArgs {
    /// How people call the node.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Folder for its key and its store; created if it is not there.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder for files; `files` in the data folder if nothing is said.
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Where it answers calls; with port 0 the system chooses one, which is printed.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub http: SocketAddr,
    /// Where others find it, if that is another address than the one of --http.
    #[arg(long, value_name = "ADDR:PORT")]
    pub advertise: Option<SocketAddr>,
    /// Give it the broadcast role: its announcements build the network.
    #[arg(long)]
    pub beacon: bool,
    /// UDP broadcast address and port of discovery.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.255.255.255:47700"
    )]
    pub broadcast: SocketAddr,
    /// Name of the network; nodes of other networks are not heard.
    #[arg(long, value_name = "NAME", default_value = "quorumscope")]
    pub network: String,
    /// How many of those that are found make a slice: 2/3, majority, or a number; never fewer than in a network of --min-nodes.
    #[arg(
        long,
        value_name = "2/3|majority|K",
        default_value = "2/3",
        conflicts_with = "trust"
    )]
    pub threshold: String,
    /// A fixed quorum set (JSON) instead of trusting everybody who is found.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Vote once so many nodes are known, this one included.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub min_nodes: u32,
    /// ... and nobody new has been found for so long.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub settle_ms: u64,
    /// How often others are asked whom they trust.
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    pub refresh_ms: u64,
    /// Unsafe: take nodes out of the quorum set that have been silent for so long. Both halves of a divided network can
    /// then shrink until each decides for itself.
    #[arg(long, value_name = "MS")]
    pub forget_after_ms: Option<u64>,
    /// How long a proposal may wait for its decision.
    #[arg(long, value_name = "MS", default_value_t = 600_000)]
    pub proposal_ttl_ms: u64,
    /// Calls of people from other machines have to show the token in this file.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Largest file, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    pub file_bytes_max: u64,
    /// How many calls of people one address may make in a second.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub calls_per_second: u32,
    /// How long a slow client may keep a call waiting. After so long a file has to come with 1,024 bytes in a second.
    #[arg(long = "patience-ms", value_name = "MS", default_value_t = 10_000)]
    pub client_timeout_ms: u64,
    /// Record everything into this trace file, at most a second late. A file of that name from an earlier life is kept:
    /// n1.jsonl.zst becomes n1.1.jsonl.zst, or the next number that is free.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// What ending means to others.
    #[arg(long, value_enum, default_value = "leave")]
    pub on_stop: OnStopArg,
    /// How the log is written.
    #[arg(long, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Print the node's id, making its key if there is none, and end: for quorum sets that name each other.
    #[arg(long)]
    pub print_id: bool,
    /// End when standard input ends: for whoever starts nodes and must not leave any behind.
    #[arg(long)]
    pub exit_with_stdin: bool,
}

/// What ending means to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnStopArg {
    /// It says goodbye: others take it out of their quorum sets.
    Leave,
    /// It will be back: it still counts.
    Pause,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `quorumscope propose`.
#[derive(Clone, Debug, Args)]
pub struct ProposeArgs {
    /// The node to propose at, for example http://127.0.0.1:8001.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Propose that every trusted node backs up this file.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "note",
        required_unless_present = "note"
    )]
    pub file: Option<PathBuf>,
    /// Propose a short text.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// How long to wait for the decision, and for the backups, once everything has been sent; 0 = not at all.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub wait_ms: u64,
    /// The token of the node, if it asks for one.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Where to listen if the nodes to watch are to be found.
#[derive(Clone, Debug, Args)]
pub struct DiscoverArgs {
    /// With --attach discover: the UDP broadcast address and port of the nodes.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.255.255.255:47700",
        requires = "attach"
    )]
    pub broadcast: SocketAddr,
    /// With --attach discover: the name of their network.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "quorumscope",
        requires = "attach"
    )]
    pub live_network: String,
}

/// `quorumscope cluster`.
#[derive(Clone, Debug, Args)]
pub struct ClusterArgs {
    /// How many nodes: 1 to 64.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub nodes: u16,
    /// No window: print where the nodes answer, and run until interrupted.
    #[arg(long)]
    pub headless: bool,
    /// Where the nodes keep what they keep. It stays: with the same folder they start again where they were.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Keep the temporary folder.
    #[arg(long, conflicts_with = "dir")]
    pub keep: bool,
    /// Each node records everything into a trace file in the folder; see `quorumscope merge`.
    #[arg(long)]
    pub trace: bool,
    /// Colours: dark for the screen, light for print.
    #[arg(long, value_enum, default_value_t = super::ThemeArg::Dark)]
    pub theme: super::ThemeArg,
    /// Width and height of the window in logical pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = super::parse_size)]
    pub size: (u32, u32),
    /// Print where nodes are on the screen, a JSON object a line, whenever that has changed.
    #[arg(long)]
    pub print_positions: bool,
    /// Wait for the end of standard input, then remove this folder once no node uses it: how a cluster cleans up.
    #[arg(long, hide = true, value_name = "DIR")]
    pub sweep: Option<PathBuf>,
}

impl super::WindowArgs {
    /// The window on the nodes of a cluster.
    #[must_use]
    pub fn for_cluster(urls: Vec<String>, args: &ClusterArgs) -> super::WindowArgs {
        super::WindowArgs {
            source: super::SourceArgs::demo(),
            attach: urls,
            discover: DiscoverArgs {
                broadcast: SocketAddr::from(([127, 255, 255, 255], 47_700)),
                live_network: "quorumscope".to_owned(),
            },
            token_file: None,
            executor: super::ExecutorArg::Threads,
            theme: args.theme,
            size: args.size,
            trace: None,
            print_positions: args.print_positions,
            paused: false,
            pause_at: None,
        }
    }
}
