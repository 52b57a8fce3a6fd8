//! `quorumscope cluster`: several nodes as processes on this machine, and a window on them.
//!
//! Whatever ends this process ends the nodes: they watch their standard input. A folder that nobody has named goes away
//! with them; as this process may be killed, another one waits for that and then removes it.

use super::error::{CommandError, INTERRUPTED};
use super::say::say;
use crate::cli::ClusterArgs;
use crate::live::cluster::{Cluster, ClusterConfig, TraceMode, remove_folder};
use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often one looks whether nodes have ended.
const LOOK: Duration = Duration::from_millis(300);

/// Runs a cluster until its window is closed, or until it is interrupted.
///
/// # Errors
/// If the folder cannot be used, or a node does not start.
pub(super) fn run(args: &ClusterArgs) -> Result<ExitCode, CommandError> {
    if let Some(folder) = &args.sweep {
        return Ok(clean_up_after(folder));
    }
    let (stop, stopped) = channel();
    let running = Arc::new(Mutex::new(None));
    let has_window = has_window(args);
    stop_on_signal(stop, has_window.then(|| Arc::clone(&running)))?;
    let program = env::current_exe().map_err(|why| input(&format!("this program: {why}")))?;
    let folder = Folder::open(args, &program)?;
    let config = ClusterConfig {
        program,
        folder: folder.path.clone(),
        nodes: args.nodes,
        traces: if args.trace {
            TraceMode::PerLife
        } else {
            TraceMode::None
        },
    };
    let cluster = Cluster::start(&config).map_err(|error| input(&error.to_string()))?;
    let mut text = String::new();
    for (name, url) in cluster.addresses() {
        text += &format!("{name} {url}\n");
    }
    text += &format!("folder {}\n", folder.path.display());
    say(&text);
    let urls: Vec<String> = cluster.addresses().map(|(_, url)| url.to_owned()).collect();
    *lock(&running) = Some(Running { cluster, folder });
    if has_window {
        show(args, urls, &running)
    } else {
        wait(&stopped, &running)
    }
}

fn input(why: &str) -> CommandError {
    CommandError::Input(why.to_owned())
}

/// What ends with this process. Nodes first, then their folder.
struct Running {
    cluster: Cluster,
    folder: Folder,
}

impl Running {
    fn stop(mut self) {
        self.cluster.stop();
        self.folder.close();
    }
}

type Shared = Arc<Mutex<Option<Running>>>;

fn lock(running: &Shared) -> std::sync::MutexGuard<'_, Option<Running>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without a window somebody waits for the word; the window's loop cannot, so that the nodes are ended here.
fn stop_on_signal(stop: Sender<()>, window: Option<Shared>) -> Result<(), CommandError> {
    let handler = move || match &window {
        None => stop.send(()).unwrap_or_default(),
        Some(running) => {
            if let Some(running) = lock(running).take() {
                running.stop();
            }
            process::exit(INTERRUPTED);
        }
    };
    ctrlc::set_handler(handler).map_err(|why| input(&format!("signals cannot be handled: {why}")))
}

/// Until somebody interrupts, or nobody is left.
fn wait(stopped: &Receiver<()>, running: &Shared) -> Result<ExitCode, CommandError> {
    let mut is_deserted = false;
    while !is_deserted && matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
        let ended = lock(running).as_mut().map(|running| running.cluster.poll());
        match ended {
            Some(Some(ended)) => ended.iter().for_each(|who| eprintln!("quorumscope: {who}")),
            Some(None) | None => is_deserted = true,
        }
    }
    if let Some(running) = lock(running).take() {
        running.stop();
    }
    match is_deserted {
        true => Err(input("all nodes have ended")),
        false => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(feature = "window")]
fn has_window(args: &ClusterArgs) -> bool {
    let has_display = crate::window::has_display();
    if !args.headless && !has_display {
        eprintln!("quorumscope: there is no display; running without a window, as with --headless");
    }
    !args.headless && has_display
}

#[cfg(not(feature = "window"))]
fn has_window(_args: &ClusterArgs) -> bool {
    false
}

#[cfg(feature = "window")]
fn show(args: &ClusterArgs, urls: Vec<String>, running: &Shared) -> Result<ExitCode, CommandError> {
    let shown = super::window::run(&crate::cli::WindowArgs::watching(urls, args));
    if let Some(running) = lock(running).take() {
        running.stop();
    }
    shown
}

#[cfg(not(feature = "window"))]
fn show(_: &ClusterArgs, _: Vec<String>, _: &Shared) -> Result<ExitCode, CommandError> {
    Err(input("this program was built without the window"))
}

/// Where the nodes keep what they keep.
struct Folder {
    path: PathBuf,
    /// Removes the folder when its standard input ends.
    sweeper: Option<Child>,
}

impl Folder {
    fn open(args: &ClusterArgs, program: &Path) -> Result<Folder, CommandError> {
        if let Some(path) = &args.dir {
            let made = fs::create_dir_all(path).and_then(|()| fs::canonicalize(path));
            let path = made.map_err(|why| input(&format!("--dir {}: {why}", path.display())))?;
            return Ok(Folder {
                path,
                sweeper: None,
            });
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let mark = since.map_or(0, |since| since.as_micros());
        let name = format!("quorumscope-{}-{mark}", process::id());
        let path = env::temp_dir().join(name);
        let refuse = |why: std::io::Error| input(&format!("{}: {why}", path.display()));
        fs::create_dir(&path).map_err(refuse)?;
        let sweeper = if args.keep {
            None
        } else {
            let sweeper = sweeper(program, &path);
            if sweeper.is_err() {
                // Nothing is in it yet; what is wrong is told in a moment.
                drop(fs::remove_dir(&path));
            }
            Some(sweeper.map_err(refuse)?)
        };
        Ok(Folder { path, sweeper })
    }

    /// The folder goes, if nobody has named it or asked to keep it.
    fn close(&mut self) {
        if let Some(mut sweeper) = self.sweeper.take() {
            drop(sweeper.stdin.take());
            drop(sweeper.wait());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.close();
    }
}

fn sweeper(program: &Path, folder: &Path) -> std::io::Result<Child> {
    Command::new(program)
        .args(["cluster", "--sweep"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
}

/// Waits until whoever started the cluster is gone, and then for the nodes.
fn clean_up_after(folder: &Path) -> ExitCode {
    // Ctrl-C is meant for whoever started the cluster; without a handler it would be the end of this process, too.
    drop(ctrlc::set_handler(|| {}));
    let mut stdin = std::io::stdin();
    let mut buffer = [0; 64];
    while matches!(stdin.read(&mut buffer), Ok(1..)) {}
    if remove_folder(folder) {
        return ExitCode::SUCCESS;
    }
    eprintln!("quorumscope: {} could not be removed", folder.display());
    ExitCode::FAILURE
}
