//! The panels: toolbar, scenario picker, node panel, event log, help, menus, messages. They show and ask; they change
//! nothing but their own state. What they ask for comes back as [`PanelRequest`]s, which `app.rs` carries out.

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

use super::command::{CommandContext, UserCommand};
use super::options::ScenarioEntry;
use super::proposal_draft::ProposalDraft;
use crate::picture::canvas::{Point, Rect};
use crate::picture::theme::Theme;
use crate::picture::view_state::{HighlightedSet, ViewState};
use crate::run::Run;
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Time;
use egui::Ui;
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

/// What a menu is about and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ContextMenu {
    /// The node, or the empty space that was clicked.
    pub(super) node: Option<NodeId>,
    /// Where it was clicked.
    pub(super) at: Point,
}

/// What the panels remember.
#[derive(Clone, Debug, Default)]
pub(super) struct PanelState {
    pub(super) log: PanelVisibility,
    pub(super) inspector: PanelVisibility,
    pub(super) help: PanelVisibility,
    pub(super) picker: PanelVisibility,
    pub(super) menu: Option<ContextMenu>,
    pub(super) draft: ProposalDraft,
    /// The event log shows the selected node only.
    pub(super) log_follows_selection: bool,
    pub(super) timeline: TimelinePanel,
    /// A seed that is being typed.
    pub(super) seed: String,
}

/// The timeline, as far as it is a panel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct TimelinePanel {
    /// Whether a person wants it; `None`: where there is room.
    pub(super) wanted: Option<PanelVisibility>,
    /// Where it is.
    pub(super) rect: Option<Rect>,
    /// Where the pointer is in it.
    pub(super) pointed: Option<Point>,
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToastKind {
    Info,
    Error,
}

/// A message to the person, shown for a while.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Toast {
    pub(super) kind: ToastKind,
    pub(super) text: String,
}

/// Something that the panels ask for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PanelRequest {
    Command(UserCommand),
    Select(NodeId),
    /// Open the built-in scenario of this name.
    OpenScenario(String),
    /// Start over with this seed.
    Reseed(u64),
    /// Propose what the palette says, here.
    Propose(NodeId),
    /// Add a node at a point of the screen.
    AddNode(Point),
    RemoveNode(NodeId),
    /// Do something to the network.
    Act(Action),
    /// Bring a node into the middle.
    Center(NodeId),
    /// Look at a set of nodes.
    Highlight(HighlightedSet),
    /// Stop time and show this instant.
    Seek(Time),
    /// The timeline shows more or less around a share of its width.
    ZoomTime {
        share: f64,
        factor: f64,
    },
    /// The timeline moves by a share of its width.
    PanTime(f64),
    /// Find out about a file on disk.
    OpenFile(PathBuf),
    CloseMenu,
}

/// What the panels show.
pub(super) struct PanelModel<'a> {
    pub(super) theme: Theme,
    pub(super) context: CommandContext,
    pub(super) scenarios: &'a [ScenarioEntry],
    pub(super) run: Option<(&'a Run, &'a ViewState)>,
    /// What is being opened, in words.
    pub(super) opening: Option<&'a str>,
    pub(super) toasts: &'a [Toast],
}

/// What laying out the panels yields.
pub(super) struct PanelResponse {
    /// What the person asked for, in order.
    pub(super) requests: Vec<PanelRequest>,
    /// The part of the window that no docked panel takes: the canvas.
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
            inspector::show(ui, model, run, view, &mut out);
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
