//! The window: opens runs for it, and falls back to the terminal where there is no display.

use super::error::CommandError;
use super::figure::theme_name;
use super::recorded::Recorded;
use super::{load, run_in_terminal};
use crate::cli::{SourceArgs, WindowArgs};
use crate::node::FileInfo;
use crate::picture::theme::PaletteName;
use crate::replay::Replay;
use crate::scenario::BUILT_IN;
use crate::session::Session;
use crate::sim::{ExecutorKind, Simulation};
use crate::window::{
    self, Positions, ScenarioChoice, ScenarioEntry, SessionFactory, Source, StartAs, WindowError,
    WindowOptions,
};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Opens the window on what `args` ask for. Without a display: says so and runs it in the terminal.
///
/// # Errors
/// Bad input, or a display on which no window can be opened.
pub(super) fn run(args: &WindowArgs) -> Result<ExitCode, CommandError> {
    load::check(&args.source)?;
    if !window::has_display() {
        return run_in_terminal(
            args,
            "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)",
        );
    }
    let options = WindowOptions {
        first: ScenarioChoice {
            source: Source::Given,
            seed: args.source.seed,
            nodes: args.source.nodes,
        },
        size_px: args.size,
        theme: theme_name(args.theme),
        palette: PaletteName::default(),
        start_as: match args.pause_at {
            Some(at) => StartAs::PausedAt(at),
            None if args.paused => StartAs::Paused,
            None => StartAs::Playing,
        },
        positions: if args.print_positions {
            Positions::Print
        } else {
            Positions::Quiet
        },
        screenshots: PathBuf::from("."),
    };
    match window::run(options, Arc::new(Factory::new(args))) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(WindowError::NoDisplay(why)) => run_in_terminal(args, &why),
        Err(error) => Err(CommandError::Window(error.to_string())),
    }
}

/// Opens simulations.
pub(super) struct Factory {
    given: SourceArgs,
    executor: ExecutorKind,
    trace: Option<PathBuf>,
    opened: AtomicU32,
}

impl Factory {
    fn new(args: &WindowArgs) -> Factory {
        Factory {
            given: args.source.clone(),
            executor: args.executor.into(),
            trace: args.trace.clone(),
            opened: AtomicU32::new(0),
        }
    }

    /// Opens simulations of `given` and of the built-in scenarios, recording none.
    pub(super) fn plain(given: SourceArgs, executor: ExecutorKind) -> Factory {
        Factory {
            given,
            executor,
            trace: None,
            opened: AtomicU32::new(0),
        }
    }

    fn source(&self, choice: &ScenarioChoice) -> SourceArgs {
        let mut source = match &choice.source {
            Source::Given => self.given.clone(),
            Source::Named(name) => SourceArgs {
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

    /// The first run goes into the file that was asked for, later ones into `NAME-2`, `NAME-3` and so on beside it.
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

impl SessionFactory for Factory {
    fn scenarios(&self) -> Vec<ScenarioEntry> {
        let entry = |built_in: &crate::scenario::BuiltIn| {
            let heading = built_in.heading();
            ScenarioEntry {
                name: built_in.name.to_owned(),
                title: heading.title,
                description: heading.description,
            }
        };
        BUILT_IN.iter().map(entry).collect()
    }

    fn open(&self, choice: &ScenarioChoice) -> Result<Box<dyn Session + Send>, String> {
        let source = self.source(choice);
        if let Some(path) = &source.replay {
            let replay = Replay::open(path).map_err(|error| error.to_string())?;
            return Ok(Box::new(replay));
        }
        let scenario = load::scenario(&source).map_err(|error| error.to_string())?;
        let scenario = Arc::new(scenario);
        let simulation = Simulation::new(Arc::clone(&scenario), self.executor)
            .map_err(|error| error.to_string())?;
        match self.trace_path() {
            None => Ok(Box::new(simulation)),
            Some(path) => {
                let recorded =
                    Recorded::new(simulation, &path).map_err(|error| error.to_string())?;
                Ok(Box::new(recorded))
            }
        }
    }

    fn file_info(&self, path: &Path) -> Result<FileInfo, String> {
        file_info(path).map_err(|why| format!("{}: {why}", path.display()))
    }
}

/// Name, size and hash of a file.
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
