//! Opening of runs, handling of background job results, and screenshots.

use super::availability::AvailabilityCache;
use super::{App, timeline};
use crate::picture::canvas::{Point, Rect};
use crate::picture::layers;
use crate::picture::scene::Scene;
use crate::picture::view_state::{QuorumIntersection, RunKind, RunStatus, ViewState};
use crate::run::{Run, ScenarioChoice, ScenarioSource, Session, SessionKind};
use crate::text::{self, format, panel};
use crate::window::analysis_scheduler::AnalysisScheduler;
use crate::window::jobs::{JobId, JobResult};
use crate::window::panels::{PanelVisibility, ToastKind};
use crate::window::proposal_draft::DraftKind;
use crate::window::screenshot::{self, Screenshot};
use std::sync::Arc;

/// Pixels of a PNG screenshot per logical pixel.
const SCREENSHOT_SCALE: f32 = 2.0;

impl App {
    pub(super) fn seed(&self) -> u64 {
        let shown = self.shown.as_ref().map(|(run, _)| run.choice().seed);
        shown
            .or(self.opening.as_ref().map(|(_, choice, _)| choice.seed))
            .unwrap_or_default()
    }

    pub(super) fn reopen(&mut self, seed: u64) {
        let shown = self.shown.as_ref().map(|(run, _)| run.choice().clone());
        if let Some(choice) = shown.or(self.opening.as_ref().map(|(_, choice, _)| choice.clone())) {
            self.open(ScenarioChoice { seed, ..choice });
        }
    }

    pub(super) fn open_named(&mut self, name: String) {
        self.panels.picker = PanelVisibility::Closed;
        self.open(ScenarioChoice {
            source: ScenarioSource::Named(name),
            seed: self.seed(),
            nodes: None,
        });
    }

    pub(super) fn open(&mut self, choice: ScenarioChoice) {
        let opening = match &choice.source {
            ScenarioSource::Given => panel::opening_given().to_owned(),
            ScenarioSource::Named(name) => panel::opening(name),
        };
        let id = self.jobs.open(choice.clone());
        self.opening = Some((id, choice, opening));
    }

    pub(super) fn finish(&mut self, done: JobResult) {
        match done {
            JobResult::Opened(id, result) => self.opened(id, result),
            JobResult::Quorums(id, quorums, top_tier) => {
                if self.analysis.accepts(id) {
                    let is_open = self
                        .shown
                        .as_ref()
                        .is_some_and(|(run, _)| run.world().depends_on_referenced());
                    self.status.quorums = match quorums {
                        // Referenced nodes may add quorums, but two disjoint quorums of known nodes stay disjoint.
                        QuorumIntersection::Intersect | QuorumIntersection::NoQuorum if is_open => {
                            QuorumIntersection::Unknown
                        }
                        quorums => quorums,
                    };
                    self.status.top_tier = Arc::new(top_tier);
                }
            }
            JobResult::Screenshot(Ok(paths)) => {
                let names: Vec<String> = paths
                    .iter()
                    .filter_map(|path| path.file_name())
                    .map(|name| name.to_string_lossy().into_owned())
                    .collect();
                let count = names.len();
                let files = format::list(names.into_iter(), count);
                let folder = paths.first().and_then(|path| path.parent());
                let folder = folder.unwrap_or(&self.screenshot_folder);
                let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
                let text = panel::saved(&files, &folder.display().to_string());
                self.show_toast(ToastKind::Info, &text);
            }
            JobResult::File(Ok(file)) => {
                self.show_toast(ToastKind::Info, &panel::file_chosen(&file.name));
                self.panels.draft.kind = DraftKind::File;
                self.panels.draft.real_file = Some(file);
            }
            JobResult::Screenshot(Err(why))
            | JobResult::File(Err(why))
            | JobResult::Failed(why) => self.show_toast(ToastKind::Error, &why),
        }
    }

    pub(super) fn opened(&mut self, id: JobId, result: Result<Box<dyn Session + Send>, String>) {
        let Some((_, choice, _)) = self.opening.take_if(|(latest, _, _)| *latest == id) else {
            return;
        };
        match result {
            Ok(session) => {
                let mut run = Run::new(session, choice, self.start_as);
                if let Some((before, _)) = &self.shown {
                    run.inherit_playback(before);
                }
                self.show(run);
            }
            Err(why) => self.show_toast(ToastKind::Error, &why),
        }
    }

    pub(super) fn show(&mut self, run: Run) {
        let mut view = ViewState::new(run.world(), self.size);
        (view.theme, view.palette) = (self.theme, self.palette);
        if let Some((_, before)) = &self.shown {
            (view.layers, view.labels) = (before.layers, before.labels);
        }
        timeline::reset(&run, &mut view, &self.panels);
        view.resize(run.world(), self.size, self.canvas);
        self.panels.draft.reset_for(&run.world().scenario);
        for remark in &run.world().scenario.remarks {
            self.show_toast(ToastKind::Info, &text::remark(remark));
        }
        self.panels.menu = None;
        self.status = RunStatus {
            frames_per_s: self.status.frames_per_s,
            run_kind: match run.kind() {
                SessionKind::Simulated => RunKind::Simulation,
                SessionKind::Recorded => RunKind::Recording,
                SessionKind::Live => RunKind::Live,
            },
            accepts_proposals: run.kind() == SessionKind::Simulated,
            ..RunStatus::default()
        };
        self.analysis = AnalysisScheduler::default();
        self.availability = AvailabilityCache::default();
        self.panels.explained.clear();
        self.ripples.clear();
        self.shown = Some((run, view));
        (self.run_changed, self.has_input) = (true, false);
    }

    pub(super) fn save_screenshot(&mut self) {
        let Some((run, view)) = &self.shown else {
            return;
        };
        let (world, choice) = (run.world(), run.choice());
        // The image contains only the canvas, without toolbar and panels.
        let size = Point {
            x: view.canvas.width(),
            y: view.canvas.height(),
        };
        let mut alone = ViewState {
            hovered: None,
            ..view.clone()
        };
        alone.resize(world, size, Rect::from_corners(0.0, 0.0, size.x, size.y));
        let status = RunStatus {
            frames_per_s: None,
            accepts_proposals: false,
            ..self.status.clone()
        };
        let screenshot = Screenshot {
            drawing: layers::drawing(&Scene::new(world, &alone, &status)),
            scale: SCREENSHOT_SCALE,
            folder: self.screenshot_folder.clone(),
            stem: screenshot::stem(&world.scenario.name, choice.seed, world.now),
        };
        self.jobs.save_screenshot(screenshot);
    }
}
