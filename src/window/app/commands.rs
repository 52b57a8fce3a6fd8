//! Execution of user commands on the run and its view.

use super::App;
use crate::net::Position;
use crate::picture::canvas::Point;
use crate::picture::hit_test::free_point_near;
use crate::picture::theme::ThemeName;
use crate::picture::view_state::{ViewState, Visibility};
use crate::run::{PlaybackCommand, Run, StepGrain};
use crate::scenario::{Action, Placement};
use crate::scp::NodeId;
use crate::text;
use crate::trace::NodeStatus;
use crate::window::command::UserCommand;
use crate::window::panels::{PanelVisibility, ToastKind};
use crate::window::ui_scale::UiScale;

/// Smallest width of a window in which selecting a node opens the node panel, in pixels. In a smaller one the panel would
/// cover the picture.
const INSPECTOR_FROM_PX: f32 = 1000.0;

impl App {
    /// Executes a command, or shows why it is disabled. `pointer` is the position of the pointer if it is on the
    /// picture.
    pub(in crate::window) fn execute(&mut self, command: UserCommand, pointer: Option<Point>) {
        if let Some(disabled_reason) = command.disabled_reason(&self.context()) {
            self.show_toast(ToastKind::Error, disabled_reason);
            return;
        }
        match command {
            UserCommand::TogglePlay => self.play(PlaybackCommand::TogglePlay),
            UserCommand::Step => self.step(StepGrain::Event),
            UserCommand::StepToTransition => self.step(StepGrain::Transition),
            UserCommand::StepToSlot => self.step(StepGrain::Slot),
            UserCommand::StepBack => self.step_back(),
            UserCommand::SeekBackward => self.seek_by(-1.0),
            UserCommand::SeekForward => self.seek_by(1.0),
            UserCommand::SeekToStart => self.seek_to_start(),
            UserCommand::ReturnToPresent => self.return_to_now(),
            UserCommand::Slower => self.play(PlaybackCommand::Slower),
            UserCommand::Faster => self.play(PlaybackCommand::Faster),
            UserCommand::Restart => self.reopen(self.seed()),
            UserCommand::NewSeed => self.reopen(self.seed().wrapping_add(1)),
            UserCommand::Propose => self.with_selected(App::propose),
            UserCommand::AddNode => self.add_node(pointer),
            UserCommand::RemoveNode => {
                self.with_selected(|app, node| app.act(Action::Leave { node }))
            }
            UserCommand::NextNode => self.select_next(),
            UserCommand::ToggleScenarios => self.panels.picker.toggle(),
            UserCommand::OpenScenario(at) => {
                if let Some(entry) = self.scenarios.get(usize::from(at)) {
                    self.open_named(entry.name.clone());
                }
            }
            UserCommand::Screenshot => self.save_screenshot(),
            UserCommand::FitView => {
                if let Some((run, view)) = &mut self.shown {
                    view.fit(run.world());
                }
            }
            UserCommand::ToggleReach => {
                if let Some((_, view)) = &mut self.shown {
                    view.layers.reach = switched(view.layers.reach);
                }
            }
            UserCommand::ToggleLog => self.panels.log.toggle(),
            UserCommand::ToggleInspector => self.panels.inspector.toggle(),
            UserCommand::ToggleTimeline => self.toggle_timeline(),
            UserCommand::ZoomTimelineIn => self.zoom_time_by_key(1.0),
            UserCommand::ZoomTimelineOut => self.zoom_time_by_key(-1.0),
            UserCommand::ToggleTheme => self.toggle_theme(),
            UserCommand::ToggleFrameRate => self.frame_rate = switched(self.frame_rate),
            UserCommand::LargerUi => self.ui_scale = self.ui_scale.larger(),
            UserCommand::SmallerUi => self.ui_scale = self.ui_scale.smaller(),
            UserCommand::DefaultUi => self.ui_scale = UiScale::default(),
            UserCommand::ToggleHelp => self.panels.help.toggle(),
            UserCommand::Dismiss => self.clear(),
            UserCommand::Quit => self.is_closing = true,
        }
    }

    pub(super) fn play(&mut self, command: PlaybackCommand) {
        if let Some((run, _)) = &mut self.shown {
            run.command(command);
        }
    }

    pub(super) fn with_selected(&mut self, action: impl FnOnce(&mut App, NodeId)) {
        if let Some(node) = self.selected() {
            action(self, node);
        }
    }

    pub(super) fn selected(&self) -> Option<NodeId> {
        self.shown.as_ref().and_then(|(_, view)| view.selected)
    }

    pub(super) fn select(&mut self, node: Option<NodeId>) {
        let has_room = self.size.x >= INSPECTOR_FROM_PX;
        if node.is_some() && self.selected().is_none() && has_room {
            self.panels.inspector = PanelVisibility::Open;
        }
        if let Some((_, view)) = &mut self.shown {
            view.selected = node;
        }
    }

    /// Selects the next node by number that has not left; the first follows the last.
    pub(super) fn select_next(&mut self) {
        let Some((run, view)) = &self.shown else {
            return;
        };
        let count = run.world().nodes.len() as u32;
        let after = view.selected.map_or(0, |node| node.0 + 1);
        let is_there = |id: &NodeId| {
            run.world()
                .node(*id)
                .is_some_and(|node| node.status != NodeStatus::Left)
        };
        let next = (after..after + count)
            .map(|at| NodeId(at % count.max(1)))
            .find(is_there);
        self.select(next);
    }

    pub(super) fn center(&mut self, node: NodeId) {
        if let Some((run, view)) = &mut self.shown {
            view.camera = view.camera.centered_on(view.place(run.world(), node));
        }
    }

    pub(super) fn clear(&mut self) {
        if self.panels.menu.take().is_some() {
            return;
        }
        for panel in [&mut self.panels.help, &mut self.panels.picker] {
            if panel.is_open() {
                *panel = PanelVisibility::Closed;
                return;
            }
        }
        self.select(None);
    }

    pub(super) fn toggle_theme(&mut self) {
        self.theme = match self.theme {
            ThemeName::Dark => ThemeName::Light,
            ThemeName::Light => ThemeName::Dark,
        };
        if let Some((_, view)) = &mut self.shown {
            view.theme = self.theme;
        }
    }

    /// Proposes the current draft at a node. The click is acknowledged immediately, even if the proposal is refused.
    pub(super) fn propose(&mut self, node: NodeId) {
        let Some((run, _)) = &self.shown else { return };
        let content = self.panels.draft.content(run.world().proposals().len());
        self.act(Action::Propose { node, content });
    }

    /// Adds a node on free ground near a point of the screen and selects it. `None` is the middle of the picture.
    pub(super) fn add_node(&mut self, at: Option<Point>) {
        let Some((run, view)) = &self.shown else {
            return;
        };
        let count = run.world().nodes.len();
        let at = free_point_near(run.world(), view, at.unwrap_or(view.viewport().center()));
        let place = view.camera.world_from_screen(at);
        self.act(Action::AddNode {
            position: Position {
                x_m: place.x,
                y_m: place.y,
            },
        });
        let added = NodeId(count as u32);
        let is_added = |(run, _): &(Run, ViewState)| run.world().node(added).is_some();
        if self.shown.as_ref().is_some_and(is_added) {
            self.select(Some(added));
        }
    }

    pub(super) fn drag(&mut self, node: NodeId, to: Point) {
        let Some((run, view)) = &mut self.shown else {
            return;
        };
        let place = view.camera.world_from_screen(to);
        match run.world().scenario.placement {
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

    pub(super) fn act(&mut self, action: Action) {
        let Some((run, view)) = &mut self.shown else {
            return;
        };
        if run.is_in_past() {
            self.show_toast(ToastKind::Error, text::timeline::past_is_read_only());
            return;
        }
        let node = match action {
            Action::Propose { node, .. } | Action::Leave { node } => Some(node),
            _ => None,
        };
        let nodes = run.world().nodes.len();
        let result = run.act(action);
        if run.world().nodes.len() != nodes {
            view.follow(run.world());
        }
        self.ripples.extend(node.map(|node| (node, self.at)));
        if let Err(refused) = result {
            let text = text::refused_action(run.world(), &refused);
            self.show_toast(ToastKind::Error, &text);
        }
    }
}

fn switched(shown: Visibility) -> Visibility {
    match shown {
        Visibility::Shown => Visibility::Hidden,
        Visibility::Hidden => Visibility::Shown,
    }
}
