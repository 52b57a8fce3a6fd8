//! Command-line arguments of the subcommands for nodes as processes: `node`, `propose`, `cluster`.

use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `node`.
#[derive(Clone, Debug, Args)]
pub struct NodeArgs {
    /// Name of the node, for display.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Data folder: key and store. Created if it does not exist.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder for backed-up files; by default `files` in the data folder.
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Address of the REST interface. With port 0 the system chooses a free port; the address is printed.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub http: SocketAddr,
    /// Address that other nodes use, if it differs from --http.
    #[arg(long, value_name = "ADDR:PORT")]
    pub advertise: Option<SocketAddr>,
    /// Take the broadcast role: announcements of this node start discovery.
    #[arg(long)]
    pub beacon: bool,
    /// UDP broadcast address and port for discovery.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.255.255.255:47700"
    )]
    pub broadcast: SocketAddr,
    /// Name of the network; messages of other networks are ignored.
    #[arg(long, value_name = "NAME", default_value = "quorumscope")]
    pub network: String,
    /// Size of a slice among the nodes found: 2/3, majority, or a number; never fewer than in a network of --min-nodes.
    #[arg(
        long,
        value_name = "2/3|majority|K",
        default_value = "2/3",
        conflicts_with = "trust"
    )]
    pub threshold: String,
    /// Fixed quorum set (JSON) instead of trust in every node found.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Who gets a vote among the nodes found after the first slot has begun.
    #[arg(long, value_enum, default_value = "anyone", conflicts_with = "trust")]
    pub admit: AdmitArg,
    /// How long a node found later must take part before it gets a vote.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    pub probation_ms: u64,
    /// Vote once this many nodes are known, this one included.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub min_nodes: u32,
    /// Vote only after no new node has been found for this long.
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub settle_ms: u64,
    /// Interval at which peers are asked which nodes they trust.
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    pub refresh_ms: u64,
    /// Unsafe: remove nodes from the quorum set that have been silent for this long. Both halves of a divided network
    /// can then shrink until each decides alone.
    #[arg(long, value_name = "MS")]
    pub forget_after_ms: Option<u64>,
    /// Reject a proposal that is undecided after this long.
    #[arg(long, value_name = "MS", default_value_t = 600_000)]
    pub proposal_ttl_ms: u64,
    /// Require the bearer token in this file for proposals and events, and accept them from other machines.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificate of the REST interface, with its chain, in PEM. Requests with a token from other machines then need
    /// TLS. The program must be built with --features tls.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Secret key of this certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Largest file to back up, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30)]
    pub file_bytes_max: u64,
    /// Rate limit: client requests per second and source address.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub calls_per_second: u32,
    /// Time limit for a slow client. After it, an upload must deliver 1,024 bytes per second.
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    pub client_timeout_ms: u64,
    /// Record everything into this trace file, at most a second late. An existing file is kept: n1.jsonl.zst becomes
    /// n1.1.jsonl.zst, or the next free number.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// What the node does when it is stopped.
    #[arg(long, value_enum, default_value = "leave")]
    pub on_stop: OnStopArg,
    /// Format of the log.
    #[arg(long, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Print the node's id and exit; create its key if necessary. Use it to write quorum sets that name each other.
    #[arg(long)]
    pub print_id: bool,
    /// Stop when standard input ends, so that the node does not outlive its parent process.
    #[arg(long)]
    pub exit_with_stdin: bool,
}

/// Who gets a vote among the nodes found after the first slot has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AdmitArg {
    /// Only nodes that the operator adds with `quorumscope trust add`, from the start on.
    Ask,
    /// A node that a majority of the trusted nodes trusts.
    Friends,
    /// Each node that proves its address and takes part for a while, a few at a time.
    Anyone,
}

/// Arguments of `trust`.
#[derive(Clone, Debug, Args)]
pub struct TrustArgs {
    /// The change.
    #[command(subcommand)]
    pub command: TrustCommand,
}

/// A change of the trust set of a running node.
#[derive(Clone, Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust a node from the next slot on, without probation.
    Add(TrustTarget),
    /// Remove a node at once, also from the quorum set of the running slot. This frees a slot that the node halts. Remove
    /// it at all nodes alike: nodes with different quorum sets can decide differently.
    Remove(TrustTarget),
}

/// The node whose trust set changes, and the key that is added or removed.
#[derive(Clone, Debug, Args)]
pub struct TrustTarget {
    /// Key of the node to add or remove (G...).
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Address of the node whose trust set changes, such as http://127.0.0.1:8001.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// File with the token of that node, if it requires one.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// What a node does when it is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnStopArg {
    /// Leave the network: other nodes remove it from their quorum sets.
    Leave,
    /// Pause: it still counts in quorum sets.
    Pause,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Plain text.
    Text,
    /// One JSON object per line.
    Json,
}

/// Arguments of `propose`.
#[derive(Clone, Debug, Args)]
pub struct ProposeArgs {
    /// Address of the node, such as http://127.0.0.1:8001.
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
    /// Propose a note.
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// How long to wait for the decision and the backups, after the upload; 0: do not wait.
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    pub wait_ms: u64,
    /// File with the node's token, if it requires one.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// The network in which `--attach discover` listens for nodes.
#[derive(Clone, Debug, Args)]
pub struct DiscoverArgs {
    /// With --attach discover: UDP broadcast address and port of the nodes.
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.255.255.255:47700",
        requires = "attach"
    )]
    pub broadcast: SocketAddr,
    /// With --attach discover: name of their network.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "quorumscope",
        requires = "attach"
    )]
    pub live_network: String,
}

/// Arguments of `cluster`.
#[derive(Clone, Debug, Args)]
pub struct ClusterArgs {
    /// Number of nodes, 1 to 64.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub nodes: u16,
    /// Open no window: print the addresses of the nodes and run until interrupted.
    #[arg(long)]
    pub headless: bool,
    /// Folder for the nodes' data. It stays; a later cluster in the same folder continues from it.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Keep the temporary data folder.
    #[arg(long, conflicts_with = "dir")]
    pub keep: bool,
    /// Record each node into a trace file in the folder; see `quorumscope merge`.
    #[arg(long)]
    pub trace: bool,
    /// Colour theme: dark for the screen, light for print.
    #[arg(long, value_enum, default_value_t = super::ThemeArg::Dark)]
    pub theme: super::ThemeArg,
    /// Width and height of the window in logical pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = super::parse_size)]
    pub size: (u32, u32),
    /// Print the positions of nodes on the screen, one JSON object per line, whenever they change.
    #[arg(long)]
    pub print_positions: bool,
    /// Internal: wait for the end of standard input, then remove this folder once no node uses it.
    #[arg(long, hide = true, value_name = "DIR")]
    pub sweep: Option<PathBuf>,
}

impl super::WindowArgs {
    /// The arguments of a window that watches the nodes of a cluster.
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
            ui_scale: 1.0,
            theme: args.theme,
            size: args.size,
            trace: None,
            print_positions: args.print_positions,
            paused: false,
            pause_at: None,
        }
    }
}
