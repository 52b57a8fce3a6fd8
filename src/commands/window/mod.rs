//! Opens the window and provides its sessions; falls back to the terminal without a display.

#[cfg(feature = "net")]
mod attach;

use super::run_in_terminal;
use crate::cli::{SourceArgs, WindowArgs};
use crate::commands::support::distinct_files::{NamedFile, check_distinct, inputs};
use crate::commands::support::error::CommandError;
use crate::commands::support::image_export::theme_name;
use crate::commands::support::load;
use crate::commands::support::recording_session::RecordingSession;
use crate::node::FileInfo;
use crate::picture::theme::PaletteName;
use crate::run::Session;
use crate::scenario::BUILT_IN;
use crate::sim::{ExecutorKind, Simulation};
use crate::text::terminal;
use crate::window::{
    self, PositionOutput, ScenarioChoice, ScenarioEntry, ScenarioSource, SessionFactory, StartAs,
    UiScale, WindowError, WindowOptions,
};
#[cfg(feature = "net")]
use attach::AttachSource;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Opens the window. Without a display, prints a line and executes `run` instead.
///
/// # Errors
/// Bad input, or a display on which no window can be opened.
pub(super) fn run(args: &WindowArgs) -> Result<ExitCode, CommandError> {
    load::check(&args.source)?;
    check_files(args)?;
    if let Err(error) = window::check_display() {
        return without_window(args, &error.to_string());
    }
    show(args, ScenarioSessionFactory::new(args)?)
}

/// Refuses a trace that is one of the inputs.
fn check_files(args: &WindowArgs) -> Result<(), CommandError> {
    let mut inputs = inputs(&args.source);
    #[cfg(feature = "net")]
    inputs.extend(NamedFile::of("--token-file", args.token_file.as_ref()));
    let trace = NamedFile::of("--trace", args.trace.as_ref());
    check_distinct(&inputs, trace.as_slice())
}

/// Opens the window with the sessions of `factory`.
fn show(args: &WindowArgs, factory: ScenarioSessionFactory) -> Result<ExitCode, CommandError> {
    let options = WindowOptions {
        first: ScenarioChoice {
            source: ScenarioSource::Given,
            seed: args.source.seed,
            nodes: args.source.nodes,
        },
        size_px: args.size,
        ui_scale: UiScale::new(args.ui_scale),
        theme: theme_name(args.theme),
        palette: PaletteName::default(),
        start_as: match args.pause_at {
            Some(at) => StartAs::PausedAt(at),
            None if args.paused => StartAs::Paused,
            None => StartAs::Playing,
        },
        positions: if args.print_positions {
            PositionOutput::Print
        } else {
            PositionOutput::Quiet
        },
        screenshots: PathBuf::from("."),
    };
    match window::run(options, Arc::new(factory)) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error @ WindowError::NoDisplay(_)) => without_window(args, &error.to_string()),
        Err(error) => Err(CommandError::Window(error.to_string())),
    }
}

/// Fallback: `run` for a scenario or recording, an error for `--attach`.
fn without_window(args: &WindowArgs, error: &str) -> Result<ExitCode, CommandError> {
    #[cfg(feature = "net")]
    if !args.attach.is_empty() {
        return Err(CommandError::Window(terminal::no_window_attach(error)));
    }
    run_in_terminal(args, &terminal::no_window_run(error))
}

/// Opens simulations, recordings and connections to processes for the window.
pub(super) struct ScenarioSessionFactory {
    given: SourceArgs,
    executor: ExecutorKind,
    trace: Option<PathBuf>,
    opened: AtomicU32,
    /// Local files that were hashed for a proposal.
    files: FilesByHash,
    #[cfg(feature = "net")]
    live: Option<AttachSource>,
}

impl ScenarioSessionFactory {
    fn new(args: &WindowArgs) -> Result<ScenarioSessionFactory, CommandError> {
        let plain = ScenarioSessionFactory::plain(args.source.clone(), args.executor.into());
        Ok(ScenarioSessionFactory {
            trace: args.trace.clone(),
            #[cfg(feature = "net")]
            live: AttachSource::open(args, &plain.files)?,
            ..plain
        })
    }

    /// Opens simulations of `given` and of the built-in scenarios, without recording.
    pub(super) fn plain(given: SourceArgs, executor: ExecutorKind) -> ScenarioSessionFactory {
        ScenarioSessionFactory {
            given,
            executor,
            trace: None,
            opened: AtomicU32::new(0),
            files: Arc::default(),
            #[cfg(feature = "net")]
            live: None,
        }
    }

    /// Wraps the session in a recording session if `--trace` was given.
    fn recorded(&self, session: impl Session + Send + 'static) -> SessionResult {
        match self.trace_path() {
            None => Ok(Box::new(session)),
            Some(path) => {
                let recorded = RecordingSession::new(session, &path);
                Ok(Box::new(recorded.map_err(|error| error.to_string())?))
            }
        }
    }

    fn source(&self, choice: &ScenarioChoice) -> SourceArgs {
        let mut source = match &choice.source {
            ScenarioSource::Given => self.given.clone(),
            ScenarioSource::Named(name) => SourceArgs {
                scenario: name.clone(),
                network: None,
                organizations: None,
                replay: None,
                ..self.given.clone()
            },
        };
        source.seed = choice.seed;
        source.nodes = choice.nodes;
        source
    }

    /// The trace file of the next run: the file of `--trace` for the first run, then `NAME-2`, `NAME-3` and so on.
    fn trace_path(&self) -> Option<PathBuf> {
        let path = self.trace.as_ref()?;
        let nth = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        if nth == 1 {
            return Some(path.clone());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (stem, extension) = name.split_once('.').unwrap_or((&name, "jsonl"));
        Some(path.with_file_name(format!("{stem}-{nth}.{extension}")))
    }
}

impl SessionFactory for ScenarioSessionFactory {
    fn scenarios(&self) -> Vec<ScenarioEntry> {
        let entry = |built_in: &crate::scenario::BuiltIn| {
            let heading = built_in.info();
            ScenarioEntry {
                name: built_in.name.to_owned(),
                title: heading.title,
                description: heading.description,
                group: built_in.group,
                positions: load::positions(*built_in),
            }
        };
        BUILT_IN.iter().map(entry).collect()
    }

    fn open(&self, choice: &ScenarioChoice) -> SessionResult {
        #[cfg(feature = "net")]
        if let (Some(live), ScenarioSource::Given) = (&self.live, &choice.source) {
            return self.recorded(live.take()?);
        }
        let source = self.source(choice);
        if let Some(path) = &source.replay {
            let replay = load::replay(path).map_err(|error| error.to_string())?;
            return Ok(Box::new(replay));
        }
        let scenario = load::scenario(&source).map_err(|error| error.to_string())?;
        let scenario = Arc::new(scenario);
        let simulation = Simulation::new(Arc::clone(&scenario), self.executor)
            .map_err(|error| error.to_string())?;
        self.recorded(simulation)
    }

    fn file_info(&self, path: &Path) -> Result<FileInfo, String> {
        let file = file_info(path).map_err(|error| {
            terminal::file_error(&path.display().to_string(), &error.to_string())
        })?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(file.sha256.clone(), path.to_owned());
        Ok(file)
    }
}

/// Paths of local files by SHA-256 (hexadecimal).
pub(super) type FilesByHash = Arc<Mutex<BTreeMap<String, PathBuf>>>;

/// An opened session, or an error message.
type SessionResult = Result<Box<dyn Session + Send>, String>;

/// Reads a file and returns its name, size and SHA-256.
fn file_info(path: &Path) -> std::io::Result<FileInfo> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 1 << 16];
    let mut size_bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        size_bytes += read as u64;
    }
    let sha256 = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(FileInfo {
        name,
        size_bytes,
        sha256,
    })
}
