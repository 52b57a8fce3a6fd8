//! Panels: toolbar, scenario picker, node panel, event log, timeline, help, menus and toasts.
//!
//! A panel reads a [`PanelModel`] and changes only [`PanelState`]. It requests every other change by a
//! [`PanelRequest`], which `app.rs` executes.

mod context_menu;
mod event_log;
mod help_overlay;
mod icons;
mod inspector;
mod node_tooltip;
mod quorum_tree;
mod scenario_picker;
mod timeline;
mod toolbar;
mod widgets;

use super::command::{CommandContext, ModalPanel, UserCommand};
use super::options::ScenarioEntry;
use super::proposal_draft::ProposalDraft;
use crate::picture::canvas::{Point, Rect};
use crate::picture::theme::Theme;
use crate::picture::view_state::{HighlightedSet, ViewState};
use crate::run::Run;
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::TransitionId;
use egui::Ui;
pub(super) use event_log::LogFilter;
use inspector::WhyNotCache;
pub(super) use scenario_picker::ScenarioFilter;
use std::path::PathBuf;

/// Whether a panel is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PanelVisibility {
    Open,
    #[default]
    Closed,
}

impl PanelVisibility {
    pub(super) fn toggle(&mut self) {
        *self = match self {
            PanelVisibility::Open => PanelVisibility::Closed,
            PanelVisibility::Closed => PanelVisibility::Open,
        };
    }

    pub(super) fn is_open(self) -> bool {
        self == PanelVisibility::Open
    }
}

/// An explanation that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Explained {
    /// The transition.
    pub(super) id: TransitionId,
    /// The transitions that it caused, as far as they were known when it was opened.
    pub(super) effects: Vec<TransitionId>,
}

/// The open context menu.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ContextMenu {
    /// The node that was clicked; `None` for empty space.
    pub(super) node: Option<NodeId>,
    /// Position of the click, in logical pixels.
    pub(super) at: Point,
}

/// State of the panels that persists between frames.
#[derive(Clone, Debug, Default)]
pub(super) struct PanelState {
    pub(super) log: PanelVisibility,
    pub(super) inspector: PanelVisibility,
    pub(super) help: PanelVisibility,
    pub(super) picker: PanelVisibility,
    pub(super) scenario_filter: ScenarioFilter,
    pub(super) menu: Option<ContextMenu>,
    pub(super) draft: ProposalDraft,
    pub(super) log_filter: LogFilter,
    pub(super) timeline: TimelinePanel,
    /// The open explanation, after those that led to it.
    pub(super) explained: Vec<Explained>,
    why_not: WhyNotCache,
    /// The seed that is being typed.
    pub(super) seed: String,
}

impl PanelState {
    /// The modal panel that is open.
    pub(super) fn modal(&self) -> Option<ModalPanel> {
        if self.menu.is_some() {
            return Some(ModalPanel::Menu);
        }
        if self.help.is_open() {
            return Some(ModalPanel::Help);
        }
        self.picker.is_open().then_some(ModalPanel::Scenarios)
    }
}

/// State of the timeline panel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct TimelinePanel {
    /// Whether the user has opened or closed it; `None` shows it if there is room.
    pub(super) wanted: Option<PanelVisibility>,
    /// The rectangle of the timeline in the last frame; `None` if it was hidden.
    pub(super) rect: Option<Rect>,
    /// Position of the pointer while it is over the timeline.
    pub(super) pointed: Option<Point>,
}

/// Whether a toast informs or reports an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToastKind {
    Info,
    Error,
}

/// A message that disappears after a few seconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Toast {
    pub(super) kind: ToastKind,
    pub(super) text: String,
}

/// A request of a panel to the application.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PanelRequest {
    Command(UserCommand),
    Select(NodeId),
    /// Open the built-in scenario with this name.
    OpenScenario(String),
    /// Open the explanation of a transition.
    Explain(TransitionId),
    /// Open the explanation of the last transition of a node at an instant.
    ExplainEntry(NodeId, Time),
    /// Return to the explanation before.
    ExplainPrevious,
    CloseExplanation,
    /// Show this text as an error.
    ShowError(String),
    /// Restart with this seed.
    Reseed(u64),
    /// Propose the current draft at this node.
    Propose(NodeId),
    /// Add a node at this point of the screen.
    AddNode(Point),
    RemoveNode(NodeId),
    /// Apply a scenario action.
    Act(Action),
    /// Center the view on a node.
    Center(NodeId),
    /// Highlight a set of nodes while the pointer is over its name.
    Highlight(HighlightedSet),
    /// Pause and show this instant.
    Seek(Time),
    /// Zoom the timeline about a share of its width.
    ZoomTime {
        share: f64,
        factor: f64,
    },
    /// Pan the timeline by a share of its width.
    PanTime(f64),
    /// Read this file and use it for the next proposal.
    OpenFile(PathBuf),
    CloseMenu,
}

/// The data that the panels display.
pub(super) struct PanelModel<'a> {
    pub(super) theme: Theme,
    pub(super) context: CommandContext,
    pub(super) scenarios: &'a [ScenarioEntry],
    pub(super) run: Option<(&'a Run, &'a ViewState)>,
    /// Text about the run that is being opened.
    pub(super) opening: Option<&'a str>,
    pub(super) toasts: &'a [Toast],
}

/// The result of laying out the panels.
pub(super) struct PanelResponse {
    /// Requests in the order in which they were made.
    pub(super) requests: Vec<PanelRequest>,
    /// The part of the window that docked panels leave free: the canvas.
    pub(super) free: egui::Rect,
}

/// Lays out all panels in the root `ui` of the window: docked panels first, then floating ones.
pub(super) fn show(ui: &mut Ui, model: &PanelModel<'_>, state: &mut PanelState) -> PanelResponse {
    let mut out = Vec::new();
    toolbar::show(ui, model, state, &mut out);
    state.timeline.rect = None;
    if let Some((run, view)) = model.run {
        timeline::show(ui, model, run, view, state, &mut out);
        if state.inspector.is_open() {
            inspector::show(ui, model, run, view, state, &mut out);
        }
        if state.log.is_open() {
            event_log::show(ui, model, run, view, state, &mut out);
        }
    }
    let free = ui.available_rect_before_wrap();
    let ctx = &ui.ctx().clone();
    if let Some((run, view)) = model.run {
        context_menu::show(ctx, model, run, state, &mut out);
        node_tooltip::show(ctx, free, model, run, view, state);
    }
    if state.picker.is_open() {
        scenario_picker::show(ctx, model, state, &mut out);
    }
    if state.help.is_open() {
        help_overlay::show(ctx, model, state);
    }
    widgets::toasts(ctx, model);
    PanelResponse {
        requests: out,
        free,
    }
}
