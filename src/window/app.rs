//! What the window is doing: the run shown, the view of it, what panels remember, what is under way. Commands,
//! requests of panels and gestures are carried out here, and nowhere else.
//!
//! Absent here: clocks (the frame loop tells what time it is), drawing, and listening to keys.

use super::command::{Command, Selection, Situation, command_of};
use super::gesture::{Gesture, Gestures};
use super::input::{Event, Press, Typing};
use super::jobs::{Done, Jobs, Ticket};
use super::options::{
    ScenarioChoice, ScenarioEntry, SessionFactory, Source, StartAs, WindowOptions,
};
use super::panels::{Menu, Message, Model, Panel, PanelState, Request, Tone};
use super::quorums::QuorumWatch;
use super::run::Run;
use super::screenshot::{self, Shot};
use crate::net::Position;
use crate::node::view::NodeEvent;
use crate::picture::canvas::{Point, Rect};
use crate::picture::hit::node_at;
use crate::picture::scene::Scene;
use crate::picture::theme::{PaletteName, TOOLBAR_HEIGHT_PX, Theme, ThemeName};
use crate::picture::view_state::{Clock, Shown, Status, ViewState};
use crate::picture::words;
use crate::scenario::{Action, Placement};
use crate::scp::NodeId;
use crate::trace::Status as Health;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long a message stays.
const MESSAGE_SHOWN: Duration = Duration::from_secs(5);
/// How long the ring lasts with which a node answers a click.
pub(super) const RIPPLE: Duration = Duration::from_millis(450);
/// Pixels of a screenshot for each logical pixel.
const SHOT_SCALE: f32 = 2.0;

/// The whole state of the window.
pub(super) struct App {
    pub(super) jobs: Jobs,
    pub(super) panels: PanelState,
    pub(super) status: Status,
    /// The run and the view of it.
    pub(super) shown: Option<(Run, ViewState)>,
    /// Nodes that answer a click, and since when.
    pub(super) ripples: Vec<(NodeId, Duration)>,
    scenarios: Vec<ScenarioEntry>,
    opening: Option<(Ticket, ScenarioChoice, String)>,
    start_as: StartAs,
    gestures: Gestures,
    quorums: QuorumWatch,
    messages: Vec<(Message, Duration)>,
    shots: PathBuf,
    theme: ThemeName,
    palette: PaletteName,
    frame_rate: Shown,
    is_closing: bool,
    size: Point,
    canvas: Rect,
    /// Since the start of the program.
    at: Duration,
}

impl App {
    /// Opens the first scenario, without waiting for it.
    pub(super) fn new(options: &WindowOptions, factory: Arc<dyn SessionFactory>) -> App {
        let scenarios = factory.scenarios();
        let size = Point {
            x: options.size_px.0 as f32,
            y: options.size_px.1 as f32,
        };
        let mut app = App {
            jobs: Jobs::new(factory),
            panels: PanelState::default(),
            status: Status::default(),
            shown: None,
            ripples: Vec::new(),
            scenarios,
            opening: None,
            start_as: options.start_as,
            gestures: Gestures::default(),
            quorums: QuorumWatch::default(),
            messages: Vec::new(),
            shots: options.screenshots.clone(),
            theme: options.theme,
            palette: options.palette,
            frame_rate: Shown::No,
            is_closing: false,
            size,
            canvas: Rect::from_corners(0.0, TOOLBAR_HEIGHT_PX, size.x, size.y),
            at: Duration::ZERO,
        };
        app.open(options.first.clone());
        app
    }

    /// The colours.
    pub(super) fn theme(&self) -> Theme {
        Theme::new(self.theme, self.palette)
    }

    /// Whether the frame rate is shown.
    pub(super) fn shows_frame_rate(&self) -> bool {
        self.frame_rate == Shown::Yes
    }

    /// Whether a person has asked to close the window.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Whether something moves by itself: every frame then looks different.
    pub(super) fn is_moving(&self) -> bool {
        let runs = self.shown.as_ref().is_some_and(|(run, _)| run.is_moving());
        runs || !self.ripples.is_empty() || self.gestures.is_dragging()
    }

    /// Whether something will change that no input tells of.
    pub(super) fn is_waiting(&self) -> bool {
        self.jobs.is_busy() || !self.messages.is_empty() || self.quorums.is_waiting()
    }

    /// Lets `wall` pass until `at`: results come in, the run goes on, messages go.
    pub(super) fn tick(&mut self, at: Duration, wall: Duration, may_go_on: &dyn Fn() -> bool) {
        self.at = at;
        while let Some(done) = self.jobs.next() {
            self.finish(done);
        }
        self.messages.retain(|(_, until)| *until > at);
        self.ripples.retain(|(_, since)| at < *since + RIPPLE);
        let Some((run, view)) = &mut self.shown else {
            return;
        };
        let (nodes, had_fork) = (run.world.nodes.len(), run.world.fork().is_some());
        run.advance(wall, may_go_on);
        if run.world.nodes.len() != nodes {
            view.follow(&run.world);
        }
        if !had_fork && run.world.fork().is_some() && run.pace.is_playing() {
            // Two values for one slot: people want to look at it.
            run.pace.toggle();
        }
        self.quorums.tick(run, &mut self.jobs, at);
        self.status.clock = match (run.pace.is_playing(), run.is_at_rest()) {
            (false, _) => Clock::Paused,
            (true, false) => Clock::Running,
            (true, true) => Clock::Finished,
        };
    }

    /// What the panels show.
    pub(super) fn panels(&mut self, ctx: &egui::Context) -> Vec<Request> {
        let messages: Vec<Message> = self
            .messages
            .iter()
            .map(|(message, _)| message.clone())
            .collect();
        let model = Model {
            theme: self.theme(),
            situation: self.situation(),
            scenarios: &self.scenarios,
            run: self.shown.as_ref().map(|(run, view)| (run, view)),
            opening: self.opening.as_ref().map(|(_, _, words)| words.as_str()),
            messages: &messages,
        };
        super::panels::show(ctx, &model, &mut self.panels)
    }

    /// The window is this large, and this part of it is free.
    pub(super) fn lay_out(&mut self, size: Point, canvas: Rect) {
        if (self.size, self.canvas) == (size, canvas) {
            return;
        }
        (self.size, self.canvas) = (size, canvas);
        if let Some((run, view)) = &mut self.shown {
            view.resize(&run.world, size, canvas);
        }
    }

    /// The picture.
    pub(super) fn scene(&self) -> Option<Scene<'_>> {
        self.shown
            .as_ref()
            .map(|(run, view)| Scene::new(&run.world, view, &self.status))
    }

    /// Carries out what panels ask for.
    pub(super) fn carry_out(&mut self, requests: Vec<Request>) {
        let mut look = None;
        for request in requests {
            match request {
                Request::Look(set) => look = Some(set),
                Request::Command(command) => self.command(command, None),
                Request::Select(node) => self.select(Some(node)),
                Request::Open(name) => self.open_named(name),
                Request::Seed(seed) => self.reopen(seed),
                Request::ProposeAt(node) => self.propose(node),
                Request::AddAt(at) => self.add_node(Some(at)),
                Request::Leave(node) => self.act(Action::Leave { node }),
                Request::Center(node) => self.center(node),
                Request::File(path) => self.jobs.look_at(path),
                Request::CloseMenu => self.panels.menu = None,
            }
        }
        if let Some((_, view)) = &mut self.shown {
            view.set = look;
        }
    }

    /// Takes in what a person did outside of panels. `is_canvas` tells which points belong to the picture.
    pub(super) fn take(
        &mut self,
        events: &[Event],
        typing: Typing,
        pointer: Point,
        is_canvas: &dyn Fn(Point) -> bool,
    ) {
        let mut drag = None;
        for event in events {
            match event {
                Event::Stroke { key, press, held } if typing == Typing::No => {
                    let command = command_of(*key, held.shift, *press == Press::Repeat);
                    if let Some(command) = command {
                        self.command(command, is_canvas(pointer).then_some(pointer));
                    }
                }
                Event::Dropped(path) => self.jobs.look_at(path.clone()),
                _ => match self.gesture(event, is_canvas) {
                    // Of many places on the way only the last one counts.
                    Some(Gesture::Drag { node, to }) => drag = Some((node, to)),
                    Some(Gesture::Drop { node, to }) => {
                        drag = None;
                        self.do_gesture(Gesture::Drop { node, to });
                    }
                    Some(gesture) => self.do_gesture(gesture),
                    None => {}
                },
            }
        }
        if let Some((node, to)) = drag {
            self.do_gesture(Gesture::Drag { node, to });
        }
        if let Some((run, view)) = &mut self.shown {
            view.hovered = is_canvas(pointer)
                .then(|| node_at(&run.world, view, pointer))
                .flatten();
        }
    }

    fn gesture(&mut self, event: &Event, is_canvas: &dyn Fn(Point) -> bool) -> Option<Gesture> {
        let (run, view) = self.shown.as_ref()?;
        self.gestures
            .take(event, is_canvas, |at| node_at(&run.world, view, at))
    }

    fn do_gesture(&mut self, gesture: Gesture) {
        match gesture {
            Gesture::Click(node) => {
                self.select(Some(node));
                self.propose(node);
            }
            Gesture::ClickBeside => self.select(None),
            Gesture::Menu { node, at } => {
                if node.is_some() {
                    self.select(node);
                }
                self.panels.menu = Some(Menu { node, at });
            }
            Gesture::Drag { node, to } => self.drag(node, to),
            Gesture::Drop { node, to } => {
                self.drag(node, to);
                if let Some((run, view)) = &mut self.shown {
                    view.follow(&run.world);
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

    /// Moves the picture.
    pub(super) fn pan(&mut self, by: Point) {
        if let Some((_, view)) = &mut self.shown {
            view.camera = view.camera.panned(by);
        }
    }

    /// Carries out a command; `pointer` is where the pointer is on the picture, if it is there.
    pub(super) fn command(&mut self, command: Command, pointer: Option<Point>) {
        if let Some(refusal) = command.refusal(&self.situation()) {
            self.say(Tone::Bad, refusal);
            return;
        }
        match command {
            Command::TogglePlay => self.with_run(|run| run.pace.toggle()),
            Command::Step => self.with_run(|run| {
                if run.pace.is_playing() {
                    run.pace.toggle();
                }
                run.step();
            }),
            Command::Slower => self.with_run(|run| run.pace.slower()),
            Command::Faster => self.with_run(|run| run.pace.faster()),
            Command::Restart => self.reopen(self.seed()),
            Command::NewSeed => self.reopen(self.seed().wrapping_add(1)),
            Command::Propose => self.with_selected(App::propose),
            Command::AddNode => self.add_node(pointer),
            Command::RemoveNode => self.with_selected(|app, node| app.act(Action::Leave { node })),
            Command::NextNode => self.select_next(),
            Command::Scenarios => self.panels.picker.toggle(),
            Command::Scenario(at) => {
                if let Some(entry) = self.scenarios.get(usize::from(at)) {
                    self.open_named(entry.name.clone());
                }
            }
            Command::Screenshot => self.shoot(),
            Command::FitView => {
                if let Some((run, view)) = &mut self.shown {
                    view.fit(&run.world);
                }
            }
            Command::ToggleReach => {
                if let Some((_, view)) = &mut self.shown {
                    view.layers.reach = switched(view.layers.reach);
                }
            }
            Command::ToggleLog => self.panels.log.toggle(),
            Command::ToggleInspector => self.panels.inspector.toggle(),
            Command::ToggleTheme => self.toggle_theme(),
            Command::ToggleFrameRate => self.frame_rate = switched(self.frame_rate),
            Command::Help => self.panels.help.toggle(),
            Command::Clear => self.clear(),
            Command::Quit => self.is_closing = true,
        }
    }

    fn with_run(&mut self, deed: impl FnOnce(&mut Run)) {
        if let Some((run, _)) = &mut self.shown {
            deed(run);
        }
    }

    fn with_selected(&mut self, deed: impl FnOnce(&mut App, NodeId)) {
        if let Some(node) = self.selected() {
            deed(self, node);
        }
    }

    fn selected(&self) -> Option<NodeId> {
        self.shown.as_ref().and_then(|(_, view)| view.selected)
    }

    fn situation(&self) -> Situation {
        let run = self.shown.as_ref().map(|(run, _)| run);
        let health = run
            .zip(self.selected())
            .and_then(|(run, id)| run.world.node(id))
            .map(|node| node.status);
        Situation {
            has_run: run.is_some(),
            is_opening: self.opening.is_some(),
            selection: match health {
                None => Selection::Nothing,
                Some(Health::Running | Health::Silent) => Selection::Running,
                Some(Health::Crashed | Health::Left) => Selection::Stopped,
            },
            nodes: run.map_or(0, |run| run.world.nodes.len()),
            scenarios: self.scenarios.len(),
            is_slowest: run.is_some_and(|run| run.pace.is_slowest()),
            is_fastest: run.is_some_and(|run| run.pace.is_fastest()),
        }
    }

    fn select(&mut self, node: Option<NodeId>) {
        if node.is_some() && self.selected().is_none() {
            self.panels.inspector = Panel::Open;
        }
        if let Some((_, view)) = &mut self.shown {
            view.selected = node;
        }
    }

    /// The next node that is there, by number; after the last comes the first.
    fn select_next(&mut self) {
        let Some((run, view)) = &self.shown else {
            return;
        };
        let count = run.world.nodes.len() as u32;
        let after = view.selected.map_or(0, |node| node.0 + 1);
        let is_there = |id: &NodeId| {
            run.world
                .node(*id)
                .is_some_and(|node| node.status != Health::Left)
        };
        let next = (after..after + count)
            .map(|at| NodeId(at % count.max(1)))
            .find(is_there);
        self.select(next);
    }

    fn center(&mut self, node: NodeId) {
        if let Some((run, view)) = &mut self.shown {
            view.camera = view.camera.centered_on(view.place(&run.world, node));
        }
    }

    fn clear(&mut self) {
        if self.panels.menu.take().is_some() {
            return;
        }
        for panel in [&mut self.panels.help, &mut self.panels.picker] {
            if panel.is_open() {
                *panel = Panel::Closed;
                return;
            }
        }
        self.select(None);
    }

    fn toggle_theme(&mut self) {
        self.theme = match self.theme {
            ThemeName::Dark => ThemeName::Light,
            ThemeName::Light => ThemeName::Dark,
        };
        if let Some((_, view)) = &mut self.shown {
            view.theme = self.theme;
        }
    }

    /// The node answers at once, whatever becomes of the proposal.
    fn propose(&mut self, node: NodeId) {
        let Some((run, _)) = &self.shown else { return };
        let content = self.panels.palette.content(run.world.proposals().len());
        self.act(Action::Propose { node, content });
    }

    fn add_node(&mut self, at: Option<Point>) {
        let Some((_, view)) = &self.shown else { return };
        let world = view
            .camera
            .world_from_screen(at.unwrap_or(view.stage().center()));
        self.act(Action::AddNode {
            position: Position {
                x_m: world.x,
                y_m: world.y,
            },
        });
    }

    fn drag(&mut self, node: NodeId, to: Point) {
        let Some((run, view)) = &mut self.shown else {
            return;
        };
        let place = view.camera.world_from_screen(to);
        match run.world.scenario.placement {
            Placement::Physical => self.act(Action::Move {
                node,
                to: Position {
                    x_m: place.x,
                    y_m: place.y,
                },
            }),
            Placement::View => drop(view.places.insert(node, place)),
        }
    }

    fn act(&mut self, action: Action) {
        let Some((run, view)) = &mut self.shown else {
            return;
        };
        let node = match action {
            Action::Propose { node, .. } | Action::Leave { node } => Some(node),
            _ => None,
        };
        let (nodes, lines) = (run.world.nodes.len(), run.world.log.len());
        let result = run.act(action);
        if run.world.nodes.len() != nodes {
            view.follow(&run.world);
        }
        self.ripples.extend(node.map(|node| (node, self.at)));
        let refused = run.world.log.iter().skip(lines).rev().find_map(|line| {
            let is_refusal =
                matches!(line.event, NodeEvent::ProposalRefused { .. }) && Some(line.node) == node;
            is_refusal
                .then(|| words::sentence(&run.world, line.node, &line.event))
                .flatten()
        });
        if let Some(text) = result.err().map(|error| error.to_string()).or(refused) {
            self.say(Tone::Bad, &text);
        }
    }

    fn say(&mut self, tone: Tone, text: &str) {
        let mut letters = text.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        let text = first + letters.as_str();
        self.messages.retain(|(message, _)| message.text != text);
        self.messages
            .push((Message { tone, text }, self.at + MESSAGE_SHOWN));
        if self.messages.len() > 3 {
            self.messages.remove(0);
        }
    }

    fn seed(&self) -> u64 {
        let shown = self.shown.as_ref().map(|(run, _)| run.choice.seed);
        shown
            .or(self.opening.as_ref().map(|(_, choice, _)| choice.seed))
            .unwrap_or_default()
    }

    fn reopen(&mut self, seed: u64) {
        let shown = self.shown.as_ref().map(|(run, _)| run.choice.clone());
        if let Some(choice) = shown.or(self.opening.as_ref().map(|(_, choice, _)| choice.clone())) {
            self.open(ScenarioChoice { seed, ..choice });
        }
    }

    fn open_named(&mut self, name: String) {
        self.panels.picker = Panel::Closed;
        self.open(ScenarioChoice {
            source: Source::Named(name),
            seed: self.seed(),
            nodes: None,
        });
    }

    fn open(&mut self, choice: ScenarioChoice) {
        let what = match &choice.source {
            Source::Given => "the scenario".to_owned(),
            Source::Named(name) => name.clone(),
        };
        let ticket = self.jobs.open(choice.clone());
        self.opening = Some((ticket, choice, format!("Opening {what} …")));
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Opened(ticket, result) => self.opened(ticket, result),
            Done::Quorums(ticket, quorums, top_tier) => {
                if self.quorums.answers(ticket) {
                    self.status.quorums = quorums;
                    self.status.top_tier = Arc::new(top_tier);
                }
            }
            Done::Shot(Ok(paths)) => {
                let names = paths
                    .iter()
                    .filter_map(|path| path.file_name())
                    .map(|name| name.to_string_lossy());
                self.say(
                    Tone::Fine,
                    &format!("Saved {}", names.collect::<Vec<_>>().join(" and ")),
                );
            }
            Done::File(Ok(file)) => {
                self.say(Tone::Fine, &format!("A click now proposes {}", file.name));
                self.panels.palette.kind = super::palette::Kind::File;
                self.panels.palette.real_file = Some(file);
            }
            Done::Shot(Err(why)) | Done::File(Err(why)) | Done::Failed(why) => {
                self.say(Tone::Bad, &why)
            }
        }
    }

    fn opened(
        &mut self,
        ticket: Ticket,
        result: Result<Box<dyn crate::session::Session + Send>, String>,
    ) {
        let Some((_, choice, _)) = self.opening.take_if(|(latest, _, _)| *latest == ticket) else {
            return;
        };
        match result {
            Ok(session) => {
                let mut run = Run::new(session, choice, self.start_as);
                if let Some((before, _)) = &self.shown {
                    run.pace = before.pace.carried_to(&run.world.scenario);
                }
                self.show(run);
            }
            Err(why) => self.say(Tone::Bad, &why),
        }
    }

    fn show(&mut self, run: Run) {
        let mut view = ViewState::new(&run.world, self.size);
        (view.theme, view.palette) = (self.theme, self.palette);
        if let Some((_, before)) = &self.shown {
            (view.layers, view.labels) = (before.layers, before.labels);
        }
        view.resize(&run.world, self.size, self.canvas);
        self.panels.palette.suit(&run.world.scenario);
        self.panels.menu = None;
        self.status = Status {
            frames_per_s: self.status.frames_per_s,
            ..Status::default()
        };
        self.quorums = QuorumWatch::default();
        self.ripples.clear();
        self.shown = Some((run, view));
    }

    fn shoot(&mut self) {
        let Some((run, view)) = &self.shown else {
            return;
        };
        let (world, choice) = (&run.world, &run.choice);
        // The picture alone, without the room that toolbar and panels take.
        let size = Point {
            x: view.canvas.width(),
            y: view.canvas.height(),
        };
        let mut alone = ViewState {
            hovered: None,
            ..view.clone()
        };
        alone.resize(world, size, Rect::from_corners(0.0, 0.0, size.x, size.y));
        let status = Status {
            frames_per_s: None,
            ..self.status.clone()
        };
        let shot = Shot {
            drawing: Scene::new(world, &alone, &status).drawing(),
            scale: SHOT_SCALE,
            folder: self.shots.clone(),
            stem: screenshot::stem(&world.scenario.name, choice.seed, world.now),
        };
        self.jobs.shoot(shot);
    }
}

fn switched(shown: Shown) -> Shown {
    match shown {
        Shown::Yes => Shown::No,
        Shown::No => Shown::Yes,
    }
}
