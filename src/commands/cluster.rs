//! `quorumscope cluster`: several nodes as processes on this machine, and a window that watches them.
//!
//! The nodes end with this process, because they watch their standard input. A cleaner process removes a temporary data
//! folder even if this process is killed.

use crate::cli::ClusterArgs;
use crate::commands::support::error::{CommandError, EXIT_INTERRUPTED};
use crate::commands::support::stdout::print_line;
use crate::live::cluster::{Cluster, ClusterConfig, TraceMode, remove_folder};
use crate::text::terminal;
use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Interval between checks for nodes that have ended.
const POLL_INTERVAL: Duration = Duration::from_millis(300);

/// Runs a cluster until its window closes or the process is interrupted.
///
/// # Errors
/// If the folder cannot be used, a node does not start, or standard output cannot be written.
pub(super) fn run(args: &ClusterArgs) -> Result<ExitCode, CommandError> {
    if let Some(folder) = &args.sweep {
        return Ok(remove_folder_after_parent_exit(folder));
    }
    let (stop, stopped) = channel();
    let running = Arc::new(Mutex::new(None));
    let has_window = has_window(args);
    stop_on_signal(stop, has_window.then(|| Arc::clone(&running)))?;
    let program = env::current_exe()
        .map_err(|error| input_error(terminal::cluster_program_unknown(&error.to_string())))?;
    let folder = ClusterFolder::open(args, &program)?;
    let config = ClusterConfig {
        program,
        folder: folder.path.clone(),
        nodes: args.nodes,
        traces: if args.trace {
            TraceMode::PerProcess
        } else {
            TraceMode::None
        },
    };
    let cluster = Cluster::start(&config).map_err(|error| input_error(error.to_string()))?;
    let mut text = String::new();
    for (name, url) in cluster.addresses() {
        text += &format!("{name} {url}\n");
    }
    text += &format!("folder {}\n", folder.path.display());
    let urls: Vec<String> = cluster.addresses().map(|(_, url)| url.to_owned()).collect();
    let started = RunningCluster { cluster, folder };
    if let Err(error) = print_line(&text) {
        started.stop();
        return Err(error);
    }
    *lock(&running) = Some(started);
    if has_window {
        show(args, urls, &running)
    } else {
        wait(&stopped, &running)
    }
}

fn input_error(why: impl Into<String>) -> CommandError {
    CommandError::Input(why.into())
}

/// The nodes and their folder. Nodes end before their folder is removed.
struct RunningCluster {
    cluster: Cluster,
    folder: ClusterFolder,
}

impl RunningCluster {
    fn stop(mut self) {
        self.cluster.stop();
        self.folder.close();
    }
}

type SharedCluster = Arc<Mutex<Option<RunningCluster>>>;

fn lock(running: &SharedCluster) -> std::sync::MutexGuard<'_, Option<RunningCluster>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Handles Ctrl-C and SIGTERM. Without a window, the handler wakes [`wait`]. The window's loop cannot be woken, so the
/// handler itself stops the nodes and exits.
fn stop_on_signal(stop: Sender<()>, window: Option<SharedCluster>) -> Result<(), CommandError> {
    let handler = move || match &window {
        None => stop.send(()).unwrap_or_default(),
        Some(running) => {
            if let Some(running) = lock(running).take() {
                running.stop();
            }
            process::exit(EXIT_INTERRUPTED);
        }
    };
    ctrlc::set_handler(handler)
        .map_err(|error| input_error(terminal::signals_unavailable(&error.to_string())))
}

/// Waits until the process is interrupted or all nodes have ended.
fn wait(stopped: &Receiver<()>, running: &SharedCluster) -> Result<ExitCode, CommandError> {
    let mut all_ended = false;
    while !all_ended
        && matches!(
            stopped.recv_timeout(POLL_INTERVAL),
            Err(RecvTimeoutError::Timeout)
        )
    {
        let ended = lock(running).as_mut().map(|running| running.cluster.poll());
        match ended {
            Some(Some(ended)) => ended.iter().for_each(|who| eprintln!("quorumscope: {who}")),
            Some(None) | None => all_ended = true,
        }
    }
    if let Some(running) = lock(running).take() {
        running.stop();
    }
    match all_ended {
        true => Err(input_error(terminal::cluster_ended())),
        false => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(feature = "window")]
fn has_window(args: &ClusterArgs) -> bool {
    if args.headless {
        return false;
    }
    let checked = crate::window::check_display();
    if let Err(error) = &checked {
        let text = terminal::no_window_cluster(&error.to_string());
        eprintln!("quorumscope: {text}");
    }
    checked.is_ok()
}

#[cfg(not(feature = "window"))]
fn has_window(_args: &ClusterArgs) -> bool {
    false
}

#[cfg(feature = "window")]
fn show(
    args: &ClusterArgs,
    urls: Vec<String>,
    running: &SharedCluster,
) -> Result<ExitCode, CommandError> {
    let shown = super::window::run(&crate::cli::WindowArgs::for_cluster(urls, args));
    if let Some(running) = lock(running).take() {
        running.stop();
    }
    shown
}

#[cfg(not(feature = "window"))]
fn show(_: &ClusterArgs, _: Vec<String>, _: &SharedCluster) -> Result<ExitCode, CommandError> {
    Err(input_error(terminal::no_window_support()))
}

fn folder_error(path: &Path, error: &std::io::Error) -> CommandError {
    let path = path.display().to_string();
    input_error(terminal::file_error(&path, &error.to_string()))
}

/// The data folder of the cluster.
struct ClusterFolder {
    path: PathBuf,
    /// Process that removes a temporary folder when its standard input ends.
    cleaner: Option<Child>,
}

impl ClusterFolder {
    fn open(args: &ClusterArgs, program: &Path) -> Result<ClusterFolder, CommandError> {
        if let Some(path) = &args.dir {
            let made = fs::create_dir_all(path).and_then(|()| fs::canonicalize(path));
            let path = made.map_err(|error| folder_error(path, &error))?;
            return Ok(ClusterFolder {
                path,
                cleaner: None,
            });
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let mark = since.map_or(0, |since| since.as_micros());
        let name = format!("quorumscope-{}-{mark}", process::id());
        let path = env::temp_dir().join(name);
        let failed = |error: std::io::Error| folder_error(&path, &error);
        fs::create_dir(&path).map_err(failed)?;
        let cleaner = if args.keep {
            None
        } else {
            let cleaner = start_cleaner(program, &path);
            if cleaner.is_err() {
                // The folder is still empty. The error is reported below.
                drop(fs::remove_dir(&path));
            }
            Some(cleaner.map_err(failed)?)
        };
        Ok(ClusterFolder { path, cleaner })
    }

    /// Removes a temporary folder, unless `--keep` was given.
    fn close(&mut self) {
        if let Some(mut cleaner) = self.cleaner.take() {
            drop(cleaner.stdin.take());
            drop(cleaner.wait());
        }
    }
}

impl Drop for ClusterFolder {
    fn drop(&mut self) {
        self.close();
    }
}

fn start_cleaner(program: &Path, folder: &Path) -> std::io::Result<Child> {
    Command::new(program)
        .args(["cluster", "--sweep"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
}

/// The cleaner process: waits for the end of the cluster process, then removes the folder once no node uses it.
fn remove_folder_after_parent_exit(folder: &Path) -> ExitCode {
    // Ctrl-C reaches the whole process group, but only the cluster process acts on it.
    drop(ctrlc::set_handler(|| {}));
    let mut stdin = std::io::stdin();
    let mut buffer = [0; 64];
    while matches!(stdin.read(&mut buffer), Ok(1..)) {}
    if remove_folder(folder) {
        return ExitCode::SUCCESS;
    }
    let folder = folder.display().to_string();
    eprintln!("quorumscope: {}", terminal::cluster_folder_left(&folder));
    ExitCode::FAILURE
}
