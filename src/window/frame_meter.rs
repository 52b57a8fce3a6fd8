//! Frame benchmark: CPU time and frame rate in each [`FrameMode`].
//!
//! An idle window draws no frames, so a thread measures the last mode, reports the results and exits the process.

use super::app::App;
use super::jobs;
use super::options::{FrameCost, FrameMode, MeasurePlan};
use crate::picture::canvas::Point;
use crate::run::PlaybackCommand;
use std::time::Duration;

/// Warm-up time of a mode before measurement.
const SETTLE: Duration = Duration::from_millis(1500);
/// Pan distance per frame in pixels.
const PAN_PX: f32 = 2.0;

/// Receives the results.
type ReportFn = Box<dyn FnOnce(&[FrameCost]) + Send>;

/// The benchmark in progress.
pub(super) struct FrameMeter {
    plan: MeasurePlan,
    report: Option<ReportFn>,
    modes: std::vec::IntoIter<FrameMode>,
    current: Option<ModeMeasurement>,
    costs: Vec<FrameCost>,
    frame: u32,
}

/// The measurement of one mode.
struct ModeMeasurement {
    mode: FrameMode,
    since: Duration,
    /// When measurement began, and the CPU time at that point; `None` during warm-up.
    counting: Option<(Duration, Duration)>,
    app: Duration,
    frames: u32,
}

impl FrameMeter {
    pub(super) fn new(plan: MeasurePlan, report: ReportFn) -> FrameMeter {
        let modes = FrameMode::ALL.to_vec().into_iter();
        FrameMeter {
            plan,
            report: Some(report),
            modes,
            current: None,
            costs: Vec::new(),
            frame: 0,
        }
    }

    /// Whether the mode requires continuous frames.
    pub(super) fn wants_frames(&self) -> bool {
        self.current
            .as_ref()
            .is_none_or(|current| current.mode != FrameMode::Idle)
    }

    /// Call before a frame: applies the current mode, and starts the next one when its time is up.
    pub(super) fn before_frame(&mut self, app: &mut App, at: Duration) {
        self.frame += 1;
        if app.shown.is_none() || self.report.is_none() {
            return;
        }
        let Some(current) = &mut self.current else {
            return self.next_mode(app, at);
        };
        match current.counting {
            None if at >= current.since + SETTLE => {
                current.counting = Some((at, (self.plan.cpu_clock)()))
            }
            Some((from, cpu)) if at >= from + self.plan.per_mode => {
                self.costs.push(FrameCost {
                    mode: current.mode,
                    wall: at - from,
                    cpu: (self.plan.cpu_clock)().saturating_sub(cpu),
                    app: current.app,
                    frames: current.frames,
                });
                return self.next_mode(app, at);
            }
            _ => {}
        }
        if current.mode == FrameMode::Panning {
            // Pan back and forth, so that the picture stays visible.
            let by = if (self.frame / 60).is_multiple_of(2) {
                PAN_PX
            } else {
                -PAN_PX
            };
            app.pan(Point { x: by, y: by / 2.0 });
        }
    }

    /// Call after a frame. `app` is the time from input until the whole frame was passed to macroquad.
    pub(super) fn after_frame(&mut self, app: Duration) {
        if let Some(current) = &mut self.current
            && current.counting.is_some()
        {
            current.app += app;
            current.frames += 1;
        }
    }

    fn next_mode(&mut self, app: &mut App, at: Duration) {
        let Some(mode) = self.modes.next() else {
            return;
        };
        if let Some((run, _)) = &mut app.shown {
            run.command(if mode == FrameMode::Animating {
                PlaybackCommand::Play
            } else {
                PlaybackCommand::Pause
            });
        }
        self.current = Some(ModeMeasurement {
            mode,
            since: at,
            counting: None,
            app: Duration::ZERO,
            frames: 0,
        });
        if mode == FrameMode::Idle
            && let Some(report) = self.report.take()
        {
            measure_idle(self.plan, std::mem::take(&mut self.costs), report);
        }
    }
}

fn measure_idle(plan: MeasurePlan, mut costs: Vec<FrameCost>, report: ReportFn) {
    jobs::spawn_detached("qs-measure", move || {
        jobs::sleep(SETTLE);
        let before = (plan.cpu_clock)();
        jobs::sleep(plan.per_mode);
        let cpu = (plan.cpu_clock)().saturating_sub(before);
        costs.push(FrameCost {
            mode: FrameMode::Idle,
            wall: plan.per_mode,
            cpu,
            app: Duration::ZERO,
            frames: 0,
        });
        report(&costs);
        std::process::exit(0);
    });
}
