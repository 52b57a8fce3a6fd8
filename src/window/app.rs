//! Application state of the window: the run, its view, the panels and the background jobs.
//!
//! [`App`] is the only place that executes commands, panel requests and gestures. Time is an argument, input arrives as
//! events, and other modules draw, so all of it is tested without a display.

mod availability;
mod commands;
mod explanations;
mod open_run;
mod timeline;

#[cfg(test)]
mod tests;

use super::analysis_scheduler::AnalysisScheduler;
use super::command::{CommandContext, SelectedNode, UserCommand, command_of};
use super::gesture::{Gesture, GestureRecognizer};
use super::input::{ButtonState, InputEvent, KeyboardFocus};
use super::jobs::{JobId, Jobs};
use super::options::{ScenarioEntry, SessionFactory, WindowOptions};
use super::panels::{
    self, ContextMenu, PanelModel, PanelRequest, PanelResponse, PanelState, Toast, ToastKind,
};
use super::ui_scale::UiScale;
use crate::picture::canvas::{Point, Rect};
use crate::picture::hit_test::node_at;
use crate::picture::scene::Scene;
use crate::picture::theme::{PaletteName, TOOLBAR_HEIGHT_PX, Theme, ThemeName};
use crate::picture::view_state::{PlaybackState, RunStatus, ViewState, Visibility};
use crate::run::{PlaybackCommand, Run, RunState, ScenarioChoice, SessionKind, StartAs};
use crate::scenario::{Action, Placement};
use crate::scp::NodeId;
use crate::trace::{NodeStatus, World};
use availability::AvailabilityCache;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Time for which a toast is shown.
const TOAST_DURATION: Duration = Duration::from_secs(5);
/// Duration of the ripple that acknowledges a click on a node.
pub(super) const RIPPLE: Duration = Duration::from_millis(450);

/// The whole state of the window.
pub(super) struct App {
    pub(super) jobs: Jobs,
    pub(super) panels: PanelState,
    pub(super) status: RunStatus,
    /// The run and the view of it.
    pub(super) shown: Option<(Run, ViewState)>,
    /// Nodes whose click is being acknowledged, and when each ripple began.
    pub(super) ripples: Vec<(NodeId, Duration)>,
    scenarios: Vec<ScenarioEntry>,
    opening: Option<(JobId, ScenarioChoice, String)>,
    start_as: StartAs,
    gestures: GestureRecognizer,
    analysis: AnalysisScheduler,
    availability: AvailabilityCache,
    toasts: Vec<(Toast, Duration)>,
    screenshot_folder: PathBuf,
    theme: ThemeName,
    palette: PaletteName,
    frame_rate: Visibility,
    ui_scale: UiScale,
    is_closing: bool,
    /// Whether another run has been opened since the last [`App::take_run_changed`].
    run_changed: bool,
    /// Whether there was input since the run was opened. Until then the picture is fitted again when panels change.
    has_input: bool,
    /// Whether the context menu has been closed by the input of this frame.
    has_closed_menu: bool,
    size: Point,
    canvas: Rect,
    /// Time since the program started.
    at: Duration,
}

impl App {
    /// Starts opening the first scenario in the background.
    pub(super) fn new(options: &WindowOptions, factory: Arc<dyn SessionFactory>) -> App {
        let scenarios = factory.scenarios();
        let size = Point {
            x: options.size_px.0 as f32 / options.ui_scale.factor(),
            y: options.size_px.1 as f32 / options.ui_scale.factor(),
        };
        let mut app = App {
            jobs: Jobs::new(factory),
            panels: PanelState::default(),
            status: RunStatus::default(),
            shown: None,
            ripples: Vec::new(),
            scenarios,
            opening: None,
            start_as: options.start_as,
            gestures: GestureRecognizer::default(),
            analysis: AnalysisScheduler::default(),
            availability: AvailabilityCache::default(),
            toasts: Vec::new(),
            screenshot_folder: options.screenshots.clone(),
            theme: options.theme,
            palette: options.palette,
            frame_rate: Visibility::Hidden,
            ui_scale: options.ui_scale,
            is_closing: false,
            run_changed: false,
            has_input: false,
            has_closed_menu: false,
            size,
            canvas: Rect::from_corners(0.0, TOOLBAR_HEIGHT_PX, size.x, size.y),
            at: Duration::ZERO,
        };
        app.open(options.first.clone());
        app
    }

    /// Magnification of the whole window.
    pub(super) fn ui_scale(&self) -> UiScale {
        self.ui_scale
    }

    /// Colours of the scene and the panels.
    pub(super) fn theme(&self) -> Theme {
        Theme::new(self.theme, self.palette)
    }

    /// Whether the frame rate is displayed.
    pub(super) fn shows_frame_rate(&self) -> bool {
        self.frame_rate == Visibility::Shown
    }

    /// Whether another run has been opened since the last call.
    pub(super) fn take_run_changed(&mut self) -> bool {
        std::mem::take(&mut self.run_changed)
    }

    /// Whether the user has requested to close the window.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Whether an animation is running, so that every frame differs from the one before.
    pub(super) fn is_moving(&self) -> bool {
        let runs = self.shown.as_ref().is_some_and(|(run, _)| run.is_moving());
        runs || !self.ripples.is_empty() || self.gestures.is_dragging()
    }

    /// Whether something will change without input: a job result, a toast that expires, a live run.
    pub(super) fn is_waiting(&self) -> bool {
        let follows = self
            .shown
            .as_ref()
            .is_some_and(|(run, _)| run.is_followed());
        self.jobs.is_busy() || !self.toasts.is_empty() || self.analysis.is_waiting() || follows
    }

    /// Advances to `at`, `wall` after the last call: takes job results, advances the run, removes expired toasts.
    ///
    /// The run advances while `has_budget` returns true, and continues in the next frame.
    pub(super) fn update(&mut self, at: Duration, wall: Duration, has_budget: &dyn Fn() -> bool) {
        self.at = at;
        while let Some(done) = self.jobs.next() {
            self.finish(done);
        }
        self.toasts.retain(|(_, until)| *until > at);
        self.ripples.retain(|(_, since)| at < *since + RIPPLE);
        let Some((run, view)) = &mut self.shown else {
            return;
        };
        let now_before = run.world().now;
        let before = layout_version(run.world());
        run.advance(wall, has_budget);
        if layout_version(run.world()) != before {
            view.follow(run.world());
        }
        timeline::follow_playhead(run, view, now_before);
        self.analysis.update(run, &mut self.jobs, at);
        if let Some(availability) = self.availability.update(run, at) {
            self.status.availability = Some(availability);
        }
        self.status.playback = playback_state(run.state());
    }

    /// Lays out the panels.
    pub(super) fn panels(&mut self, ui: &mut egui::Ui) -> PanelResponse {
        let toasts: Vec<Toast> = self.toasts.iter().map(|(toast, _)| toast.clone()).collect();
        let model = PanelModel {
            theme: self.theme(),
            context: self.context(),
            scenarios: &self.scenarios,
            run: self.shown.as_ref().map(|(run, view)| (run, view)),
            opening: self.opening.as_ref().map(|(_, _, words)| words.as_str()),
            toasts: &toasts,
        };
        panels::show(ui, &model, &mut self.panels)
    }

    /// Sets the size of the window and the part of it that panels leave free.
    pub(super) fn set_layout(&mut self, size: Point, canvas: Rect) {
        if let Some((_, view)) = &mut self.shown {
            (view.timeline.rect, view.timeline.pointed) =
                (self.panels.timeline.rect, self.panels.timeline.pointed);
        }
        if (self.size, self.canvas) == (size, canvas) {
            return;
        }
        let only_panels = self.size == size && self.has_input;
        (self.size, self.canvas) = (size, canvas);
        match &mut self.shown {
            Some((run, view)) if only_panels => view.set_canvas(run.world(), canvas),
            Some((run, view)) => view.resize(run.world(), size, canvas),
            None => {}
        }
    }

    /// The scene to draw; `None` until the first run is open.
    pub(super) fn scene(&self) -> Option<Scene<'_>> {
        self.shown
            .as_ref()
            .map(|(run, view)| Scene::new(run.world(), view, &self.status).with_lanes(run.lanes()))
    }

    /// Executes the requests of the panels.
    pub(super) fn handle_requests(&mut self, requests: Vec<PanelRequest>) {
        let mut look = None;
        for request in requests {
            match request {
                PanelRequest::Highlight(set) => look = Some(set),
                PanelRequest::Command(command) => self.execute(command, None),
                PanelRequest::Select(node) => self.select(Some(node)),
                PanelRequest::OpenScenario(name) => self.open_named(name),
                PanelRequest::ShowError(text) => self.show_toast(ToastKind::Error, &text),
                PanelRequest::Reseed(seed) => self.reopen(seed),
                PanelRequest::Propose(node) => self.propose(node),
                PanelRequest::AddNode(at) => self.add_node(Some(at)),
                PanelRequest::RemoveNode(node) => self.act(Action::Leave { node }),
                PanelRequest::Act(action) => self.act(action),
                PanelRequest::Center(node) => self.center(node),
                PanelRequest::Seek(to) => self.play(PlaybackCommand::Seek(to)),
                PanelRequest::ZoomTime { share, factor } => self.zoom_time(share, factor),
                PanelRequest::PanTime(by) => self.pan_time(by),
                PanelRequest::OpenFile(path) => self.jobs.read_file(path),
                PanelRequest::Explain(transition) => self.explain(transition),
                PanelRequest::ExplainEntry(node, at) => self.explain_entry(node, at),
                PanelRequest::ExplainPrevious => self.explain_previous(),
                PanelRequest::CloseExplanation => self.panels.explained.clear(),
                PanelRequest::CloseMenu => {
                    (self.panels.menu, self.has_closed_menu) = (None, true);
                }
            }
        }
        if let Some((_, view)) = &mut self.shown {
            view.set = look;
        }
    }

    /// Handles input outside of panels. `is_canvas` returns whether a point belongs to the picture.
    pub(super) fn handle_input(
        &mut self,
        events: &[InputEvent],
        focus: KeyboardFocus,
        pointer: Point,
        is_canvas: &dyn Fn(Point) -> bool,
    ) {
        let mut drag = None;
        for event in events {
            self.has_input |= !matches!(event, InputEvent::PointerMoved(_));
            match event {
                InputEvent::Shortcut {
                    key,
                    press,
                    modifiers,
                } if focus == KeyboardFocus::None => {
                    let command = command_of(*key, modifiers.shift, *press == ButtonState::Repeat);
                    let modal = self.panels.modal();
                    // The key that closed the menu does nothing else.
                    let is_used = command == Some(UserCommand::Dismiss) && self.has_closed_menu;
                    if let Some(command) = command
                        && !is_used
                        && modal.is_none_or(|modal| command.is_allowed_in(modal))
                    {
                        self.execute(command, is_canvas(pointer).then_some(pointer));
                    }
                }
                InputEvent::FileDropped(path) => self.jobs.read_file(path.clone()),
                _ => match self.gesture(event, is_canvas) {
                    // Only the last of several positions in one frame matters.
                    Some(Gesture::Drag { node, to }) => drag = Some((node, to)),
                    Some(Gesture::DragEnd { node, to }) => {
                        drag = None;
                        self.apply_gesture(Gesture::DragEnd { node, to });
                    }
                    Some(gesture) => self.apply_gesture(gesture),
                    None => {}
                },
            }
        }
        self.has_closed_menu = false;
        if let Some((node, to)) = drag {
            self.apply_gesture(Gesture::Drag { node, to });
        }
        if let Some((run, view)) = &mut self.shown {
            view.hovered = match self.panels.timeline.pointed {
                Some(at) => timeline::node_at(run, view, at),
                None => is_canvas(pointer)
                    .then(|| node_at(run.world(), view, pointer))
                    .flatten(),
            };
        }
    }

    fn gesture(
        &mut self,
        event: &InputEvent,
        is_canvas: &dyn Fn(Point) -> bool,
    ) -> Option<Gesture> {
        let (run, view) = self.shown.as_ref()?;
        self.gestures
            .recognize(event, is_canvas, |at| node_at(run.world(), view, at))
    }

    fn apply_gesture(&mut self, gesture: Gesture) {
        match gesture {
            Gesture::Click(node) => {
                self.select(Some(node));
                self.propose(node);
            }
            Gesture::ClickEmpty => self.select(None),
            Gesture::Menu { node, at } => {
                if node.is_some() {
                    self.select(node);
                }
                self.panels.menu = Some(ContextMenu { node, at });
            }
            Gesture::Drag { node, to } => self.drag(node, to),
            Gesture::DragEnd { node, to } => {
                self.drag(node, to);
                if let Some((run, view)) = &mut self.shown {
                    view.follow(run.world());
                }
            }
            Gesture::Pan { by } => self.pan(by),
            Gesture::Zoom { at, factor } => {
                if let Some((_, view)) = &mut self.shown {
                    view.camera = view.camera.zoomed_about(at, factor);
                }
            }
        }
    }

    /// Pans the picture by a number of pixels.
    pub(super) fn pan(&mut self, by: Point) {
        if let Some((_, view)) = &mut self.shown {
            view.camera = view.camera.panned(by);
        }
    }

    /// Whether an open panel handles all keys.
    pub(super) fn has_modal_panel(&self) -> bool {
        self.panels.modal().is_some()
    }

    fn context(&self) -> CommandContext {
        let run = self.shown.as_ref().map(|(run, _)| run);
        let health = run
            .zip(self.selected())
            .and_then(|(run, id)| run.world().node(id))
            .map(|node| node.status);
        CommandContext {
            has_run: run.is_some(),
            is_opening: self.opening.is_some(),
            session_kind: run.map_or_else(SessionKind::default, Run::kind),
            is_past: run.is_some_and(Run::is_in_past),
            selection: match health {
                None => SelectedNode::Nothing,
                Some(NodeStatus::Running | NodeStatus::Silent) => SelectedNode::Running,
                Some(NodeStatus::Crashed | NodeStatus::Left) => SelectedNode::Stopped,
                Some(NodeStatus::Referenced) => SelectedNode::Referenced,
            },
            nodes: run.map_or(0, |run| run.world().nodes.len()),
            scenarios: self.scenarios.len(),
            is_slowest: run.is_some_and(|run| run.playback().is_slowest()),
            is_fastest: run.is_some_and(|run| run.playback().is_fastest()),
        }
    }

    fn show_toast(&mut self, kind: ToastKind, text: &str) {
        let text = text.to_owned();
        self.toasts.retain(|(toast, _)| toast.text != text);
        self.toasts
            .push((Toast { kind, text }, self.at + TOAST_DURATION));
        if self.toasts.len() > 3 {
            self.toasts.remove(0);
        }
    }
}

/// A version that changes whenever the picture may have to be fitted again: when nodes are added and, if positions
/// belong to the view, when nodes move.
fn layout_version(world: &World) -> (usize, u64) {
    let places = match world.scenario.placement {
        Placement::Physical => 0,
        Placement::View => world.places_version,
    };
    (world.nodes.len(), places)
}

fn playback_state(state: RunState) -> PlaybackState {
    match state {
        RunState::Playing => PlaybackState::Running,
        RunState::Paused => PlaybackState::Paused,
        RunState::Past => PlaybackState::Past,
        RunState::Finished => PlaybackState::Finished,
    }
}
