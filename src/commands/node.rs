//! `quorumscope node`: runs one node of a real network as a process.

use crate::cli::{AdmitArg, LogFormat, NodeArgs, OnStopArg};
use crate::commands::support::error::CommandError;
use crate::commands::support::stdout::print_line;
use crate::commands::support::token_file::read_token;
use crate::live::cluster::LISTENING;
use crate::live::identity::Identity;
use crate::live::tls::TlsIdentity;
use crate::live::{Limits, LiveConfig, OnStop, Process, WireQuorumSet, identify, process_settings};
use crate::node::{AdmissionPolicy, AdmissionSettings, NodeSettings, Threshold};
use crate::scenario::without_byte_order_mark;
use crate::text::terminal;
use crate::time::Span;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Interval between checks whether the node has failed.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Upper limit of all durations on the command line: one day, in milliseconds.
const DURATION_MS_MAX: u64 = 86_400_000;

/// Runs a node until it receives Ctrl-C or SIGTERM.
///
/// # Errors
/// Bad arguments, an unusable folder, port or file, or a node that fails while it runs.
pub(super) fn run(args: &NodeArgs) -> Result<ExitCode, CommandError> {
    let config = config(args)?;
    if args.print_id {
        let input = |error: &dyn std::fmt::Display| CommandError::Input(error.to_string());
        std::fs::create_dir_all(&args.data).map_err(|error| input(&error))?;
        let identity = match Identity::is_in(&args.data) {
            // The node may be running and own the folder's lock, so read only the key.
            true => Identity::open(&args.data).map_err(|error| input(&error))?,
            false => identify(&args.data).map_err(|error| input(&error))?.1,
        };
        print_line(&identity.key().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    start_logging(args.log_format);
    let (stop, stopped) = channel();
    stop_on_signal(&stop)?;
    if args.exit_with_stdin {
        stop_with_stdin(stop);
    }
    let process = Process::start(config).map_err(|error| CommandError::Input(error.to_string()))?;
    let announced = print_line(&format!(
        "{LISTENING}http://{}\nid {}\n",
        process.http, process.key
    ));
    let ended = announced.and_then(|()| wait(&stopped, || process.has_ended()));
    if ended.is_ok() {
        tracing::info!("stopping");
    }
    process.stop();
    ended.map(|()| ExitCode::SUCCESS)
}

/// Waits for the stop signal.
///
/// # Errors
/// If the node's thread has ended. Without it the process must end, too: otherwise it would refuse every request, and a
/// supervisor would not restart it.
fn wait(stopped: &Receiver<()>, has_ended: impl Fn() -> bool) -> Result<(), CommandError> {
    // The sender lives as long as the process, so the only error is the timeout.
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(POLL_INTERVAL) {
        if has_ended() {
            let why = terminal::node_failed();
            tracing::error!("{why}");
            return Err(CommandError::NodeFailed(why.to_owned()));
        }
    }
    Ok(())
}

/// Logs to standard error. `RUST_LOG` selects levels, also per module: `warn,quorumscope::live=debug`.
fn start_logging(format: LogFormat) {
    let filter = std::env::var("RUST_LOG")
        .map_or(Ok(Targets::new().with_default(Level::INFO)), |levels| {
            levels.parse::<Targets>()
        });
    let ignored = filter.as_ref().err().map(ToString::to_string);
    let filter = filter.unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    let log = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    match format {
        LogFormat::Text => log.with(lines.with_ansi(false)).init(),
        LogFormat::Json => log.with(lines.json()).init(),
    }
    if let Some(why) = ignored {
        tracing::warn!("RUST_LOG is ignored: {why}");
    }
}

fn stop_on_signal(stop: &Sender<()>) -> Result<(), CommandError> {
    let stop = stop.clone();
    // A second signal has no effect, because the first is already in the channel.
    ctrlc::set_handler(move || stop.send(()).unwrap_or_default())
        .map_err(|error| CommandError::Input(terminal::signals_unavailable(&error.to_string())))
}

fn stop_with_stdin(stop: Sender<()>) {
    let watch = move || {
        let mut buffer = [0; 256];
        while matches!(std::io::stdin().read(&mut buffer), Ok(1..)) {}
        stop.send(()).unwrap_or_default();
    };
    // If the thread cannot be started, the node runs as if the option were not given.
    drop(
        thread::Builder::new()
            .name("qs-stdin".to_owned())
            .spawn(watch),
    );
}

fn config(args: &NodeArgs) -> Result<LiveConfig, CommandError> {
    let input = |why: &str| CommandError::Input(why.to_owned());
    if args.name.is_empty() || args.name.len() > 64 || args.name.contains(char::is_control) {
        return Err(input(terminal::name_expected()));
    }
    if args.network.is_empty() || args.network.len() > 64 {
        return Err(input(terminal::network_expected()));
    }
    if !args.broadcast.is_ipv4() || args.broadcast.port() == 0 {
        let address = args.broadcast.to_string();
        return Err(input(&terminal::broadcast_expected(&address)));
    }
    let data = args.data.clone();
    Ok(LiveConfig {
        name: args.name.clone(),
        network: args.network.clone(),
        files: args.files.clone().unwrap_or_else(|| data.join("files")),
        data,
        http: args.http,
        advertise: args.advertise,
        broadcast: args.broadcast,
        is_beacon: args.beacon,
        trust: args.trust.as_deref().map(quorum_set).transpose()?,
        threshold: threshold(&args.threshold)?,
        settings: Arc::new(settings(args)?),
        limits: Limits {
            file_bytes: args.file_bytes_max,
            calls_per_second: args.calls_per_second.max(1),
            request_timeout_ms: args.client_timeout_ms.clamp(100, DURATION_MS_MAX),
            ..Limits::default()
        },
        token: args.token_file.as_deref().map(read_token).transpose()?,
        tls: tls(args)?,
        trace: args.trace.clone(),
        on_stop: match args.on_stop {
            OnStopArg::Leave => OnStop::Leave,
            OnStopArg::Pause => OnStop::Pause,
        },
    })
}

fn settings(args: &NodeArgs) -> Result<NodeSettings, CommandError> {
    let span = |name: &str, ms: u64| {
        if (1..=DURATION_MS_MAX).contains(&ms) {
            Ok(Span::from_ms(ms))
        } else {
            let (ms, limit) = (ms.to_string(), DURATION_MS_MAX.to_string());
            Err(CommandError::Input(terminal::duration_expected(
                name, &ms, &limit,
            )))
        }
    };
    let forget_after = args.forget_after_ms;
    let forget_after = forget_after
        .map(|ms| span("forget-after-ms", ms))
        .transpose()?;
    if forget_after.is_some() {
        eprintln!("quorumscope: {}", terminal::forgetting_is_unsafe());
    }
    Ok(NodeSettings {
        min_nodes: args.min_nodes.max(1),
        settle: span("settle-ms", args.settle_ms)?,
        refresh: span("refresh-ms", args.refresh_ms)?,
        proposal_ttl: span("proposal-ttl-ms", args.proposal_ttl_ms)?,
        forget_after,
        admission: Some(AdmissionSettings {
            policy: match args.admit {
                AdmitArg::Ask => AdmissionPolicy::Ask,
                AdmitArg::Friends => AdmissionPolicy::Friends,
                AdmitArg::Anyone => AdmissionPolicy::Anyone,
            },
            probation: span("probation-ms", args.probation_ms)?,
        }),
        ..process_settings()
    })
}

/// The certificate of the REST interface, if there is one.
fn tls(args: &NodeArgs) -> Result<Option<TlsIdentity>, CommandError> {
    let files = args.tls_cert.as_deref().zip(args.tls_key.as_deref());
    let identity = files.map(|(certificate, key)| TlsIdentity::read(certificate, key));
    let identity = identity.transpose();
    identity.map_err(|error| CommandError::Input(error.to_string()))
}

fn threshold(text: &str) -> Result<Threshold, CommandError> {
    match (text, text.parse()) {
        ("2/3", _) => Ok(Threshold::TwoThirds),
        ("majority", _) => Ok(Threshold::Majority),
        (_, Ok(count)) if count > 0 => Ok(Threshold::Count(count)),
        _ => Err(CommandError::Input(terminal::threshold_expected(text))),
    }
}

fn quorum_set(path: &Path) -> Result<WireQuorumSet, CommandError> {
    let text = read(path)?;
    serde_json::from_str(without_byte_order_mark(&text)).map_err(|error| {
        let (path, error) = (path.display().to_string(), error.to_string());
        CommandError::Input(terminal::quorum_set_expected(&path, &error))
    })
}

fn read(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|error| {
        let (path, error) = (path.display().to_string(), error.to_string());
        CommandError::Input(terminal::file_error(&path, &error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_node_makes_the_command_fail() {
        let (stop, stopped) = channel();
        let failed = wait(&stopped, || true).unwrap_err();
        assert!(failed.to_string().contains("has failed"), "{failed}");
        assert_eq!(
            format!("{:?}", failed.exit_code()),
            format!(
                "{:?}",
                ExitCode::from(crate::commands::support::error::EXIT_NODE_FAILED)
            )
        );
        stop.send(()).unwrap();
        assert!(
            wait(&stopped, || false).is_ok(),
            "a stop signal is not an error"
        );
    }
}
