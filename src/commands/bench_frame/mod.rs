//! `quorumscope bench frame`: CPU time per frame of the real window.

mod synthetic_traffic;

use crate::cli::{BenchFrameArgs, SourceArgs};
use crate::commands::support::error::CommandError;
use crate::commands::support::stdout::print_line;
use crate::commands::window::ScenarioSessionFactory;
use crate::picture::theme::{PaletteName, ThemeName};
use crate::sim::ExecutorKind;
use crate::text::format::{decimal, percent};
use crate::text::terminal;
use crate::window::{
    FrameCost, FrameMode, MeasurePlan, PositionOutput, ScenarioChoice, ScenarioSource,
    SessionFactory, StartAs, UiScale, WindowError, WindowOptions, measure,
};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use synthetic_traffic::SyntheticTrafficFactory;

/// Measuring time per mode.
const TIME_PER_MODE: Duration = Duration::from_secs(6);

/// Result of one mode.
#[derive(Serialize)]
struct FrameCostRow {
    nodes: Option<usize>,
    edges: Option<usize>,
    mode: &'static str,
    cpu_ms_per_frame: f64,
    app_ms_per_frame: f64,
    fps: f64,
    cpu_share_of_a_core: f64,
}

/// Opens the window, measures every mode and prints the results.
///
/// # Errors
/// If there is no display, or no window can be opened on it.
pub(super) fn run(args: &BenchFrameArgs) -> Result<ExitCode, CommandError> {
    let sessions: Arc<dyn SessionFactory> = if args.demo {
        Arc::new(ScenarioSessionFactory::plain(
            SourceArgs::demo(),
            ExecutorKind::Threads,
        ))
    } else {
        Arc::new(SyntheticTrafficFactory {
            nodes: args.nodes,
            edges: args.edges,
        })
    };
    let options = WindowOptions {
        first: ScenarioChoice {
            source: ScenarioSource::Given,
            seed: 1,
            nodes: None,
        },
        size_px: (1280, 800),
        ui_scale: UiScale::default(),
        theme: ThemeName::default(),
        palette: PaletteName::default(),
        start_as: StartAs::Playing,
        positions: PositionOutput::Quiet,
        screenshots: PathBuf::from("."),
    };
    let plan = MeasurePlan {
        per_mode: TIME_PER_MODE,
        cpu_clock: || cpu_time::ProcessTime::now().as_duration(),
    };
    let shown = (!args.demo).then_some((args.nodes, args.edges));
    let as_json = args.json;
    let (sender, reported) = channel();
    measure(options, sessions, plan, move |costs| {
        // Sending fails only if this function has returned.
        sender
            .send(report(costs, shown, as_json))
            .unwrap_or_default();
    })
    .map_err(|error| match error {
        WindowError::NoDisplay(why) => CommandError::Window(terminal::no_display_bench(&why)),
        WindowError::NotOpened(_) => CommandError::Window(error.to_string()),
    })?;
    // There is no report if the window was closed before the end.
    reported.try_recv().unwrap_or(Ok(()))?;
    Ok(ExitCode::SUCCESS)
}

fn report(
    costs: &[FrameCost],
    shown: Option<(usize, usize)>,
    as_json: bool,
) -> Result<(), CommandError> {
    let rows: Vec<FrameCostRow> = costs.iter().map(|cost| row(cost, shown)).collect();
    if as_json {
        return print_line(&serde_json::to_string(&rows).unwrap_or_default());
    }
    print_line(&format!(
        "{:<10} {:>13} {:>14} {:>8} {:>18}",
        terminal::frame_costs_mode(),
        terminal::frame_costs_cpu(),
        terminal::frame_costs_app(),
        terminal::frame_costs_fps(),
        terminal::frame_costs_share()
    ))?;
    for row in rows {
        print_line(&format!(
            "{:<10} {:>13} {:>14} {:>8} {:>18}",
            row.mode,
            decimal(row.cpu_ms_per_frame, 2),
            decimal(row.app_ms_per_frame, 2),
            decimal(row.fps, 1),
            percent(&decimal(row.cpu_share_of_a_core * 100.0, 1))
        ))?;
    }
    Ok(())
}

fn row(cost: &FrameCost, shown: Option<(usize, usize)>) -> FrameCostRow {
    let frames = f64::from(cost.frames.max(1));
    let wall_s = cost.wall.as_secs_f64();
    // An idle window draws no frames, so only its share of a core is meaningful.
    let is_idle = cost.mode == FrameMode::Idle && cost.frames == 0;
    let per_frame = |spent: Duration| {
        if is_idle {
            0.0
        } else {
            spent.as_secs_f64() * 1000.0 / frames
        }
    };
    FrameCostRow {
        nodes: shown.map(|(nodes, _)| nodes),
        edges: shown.map(|(_, edges)| edges),
        mode: cost.mode.name(),
        cpu_ms_per_frame: per_frame(cost.cpu),
        app_ms_per_frame: per_frame(cost.app),
        fps: f64::from(cost.frames) / wall_s,
        cpu_share_of_a_core: cost.cpu.as_secs_f64() / wall_s,
    }
}
