//! Event log: events as sentences, the latest on top. A text and the kind of event filter them; a click shows the
//! instant of an event.

use super::icons::Icon;
use super::widgets::{Enabled, LINE_PX, Toggled, dim_label, icon_button};
use super::{PanelModel, PanelRequest, PanelState};
use crate::node::view::NodeEvent;
use crate::picture::view_state::ViewState;
use crate::run::Run;
use crate::text::{self, format, panel};
use crate::trace::EventLogEntry;
use crate::window::command::UserCommand;
use crate::window::style::{bold_font, color};
use egui::{Frame, Margin, Panel, RichText, ScrollArea, Sense, TextEdit, Ui, vec2};

/// Maximum number of lines.
const LINES_MAX: usize = 500;
/// Width of the search field in pixels.
const SEARCH_WIDTH_PX: f32 = 150.0;

/// What the log shows.
#[derive(Clone, Debug, Default)]
pub(in crate::window) struct LogFilter {
    /// Lines contain this text; letter case is ignored.
    text: String,
    /// `None` shows all kinds.
    kind: Option<EventKind>,
    /// Only events of the selected node.
    follows_selection: bool,
}

impl LogFilter {
    fn accepts(&self, event: &NodeEvent) -> bool {
        self.kind.is_none_or(|kind| kind == EventKind::of(event))
    }
}

/// The kinds of events that the log can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventKind {
    /// Transitions of SCP.
    Consensus,
    /// Proposals, decisions and backups.
    Proposals,
    /// Discovery and trust.
    Network,
    /// Refused messages, failures, departures.
    Faults,
}

impl EventKind {
    const ALL: [EventKind; 4] = [
        EventKind::Consensus,
        EventKind::Proposals,
        EventKind::Network,
        EventKind::Faults,
    ];

    fn of(event: &NodeEvent) -> EventKind {
        match event {
            NodeEvent::SlotStarted { .. } | NodeEvent::Scp(_) | NodeEvent::Slot { .. } => {
                EventKind::Consensus
            }
            NodeEvent::ProposalPooled { .. }
            | NodeEvent::ProposalRefused { .. }
            | NodeEvent::ProposalExpired { .. }
            | NodeEvent::Recorded { .. }
            | NodeEvent::BackupAnswered { .. }
            | NodeEvent::BackedUp { .. } => EventKind::Proposals,
            NodeEvent::Started { .. }
            | NodeEvent::Discovered { .. }
            | NodeEvent::TrustChanged { .. }
            | NodeEvent::QuorumSetChanged { .. }
            | NodeEvent::StandingChanged { .. }
            | NodeEvent::Ready { .. }
            | NodeEvent::CatchingUp { .. } => EventKind::Network,
            NodeEvent::QuorumSetOverridden { .. }
            | NodeEvent::RolledBack { .. }
            | NodeEvent::PeerLeft { .. }
            | NodeEvent::Left
            | NodeEvent::BackupFailed { .. }
            | NodeEvent::Refused { .. } => EventKind::Faults,
        }
    }

    fn title(self) -> &'static str {
        match self {
            EventKind::Consensus => panel::log_consensus(),
            EventKind::Proposals => panel::log_proposals(),
            EventKind::Network => panel::log_network(),
            EventKind::Faults => panel::log_faults(),
        }
    }
}

pub(super) fn show(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let frame = Frame::new()
        .fill(color(model.theme.panel))
        .inner_margin(Margin {
            left: 14,
            right: 6,
            top: 6,
            bottom: 4,
        });
    let height = (ui.content_rect().height() * 0.24).clamp(120.0, 260.0);
    Panel::bottom("event_log")
        .exact_size(height)
        .frame(frame)
        .show(ui, |ui| {
            head(ui, model, run, view, state, out);
            let lines = matching_lines(run, view, &state.log_filter);
            if lines.is_empty() {
                dim_label(ui, &model.theme, panel::no_events());
            }
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical()
                .auto_shrink([false, false])
                .show_rows(ui, LINE_PX, lines.len(), |ui, shown| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    for (line, sentence) in lines.get(shown).unwrap_or_default() {
                        ui.horizontal(|ui| {
                            ui.set_height(LINE_PX);
                            ui.spacing_mut().interact_size.y = LINE_PX;
                            ui.allocate_ui(vec2(74.0, LINE_PX), |ui| {
                                ui.set_min_width(74.0);
                                dim_label(ui, &model.theme, format::instant(line.at));
                            });
                            let label =
                                ui.add(egui::Label::new(sentence).truncate().sense(Sense::click()));
                            let label = label.on_hover_text(panel::log_line_tip());
                            if label.clicked() {
                                out.push(PanelRequest::ExplainEntry(line.node, line.at));
                            }
                        });
                    }
                });
        });
}

/// The newest lines that the filter accepts, each with its sentence.
fn matching_lines<'a>(
    run: &'a Run,
    view: &ViewState,
    filter: &LogFilter,
) -> Vec<(&'a EventLogEntry, String)> {
    let only = view.selected.filter(|_| filter.follows_selection);
    let text = filter.text.trim().to_lowercase();
    let world = run.world();
    let accepted =
        world.log.iter().rev().filter(|line| {
            only.is_none_or(|node| line.node == node) && filter.accepts(&line.event)
        });
    let sentences = accepted
        .filter_map(|line| Some((line, text::sentence(world, line.node, &line.event)?)))
        .filter(|(_, sentence)| text.is_empty() || sentence.to_lowercase().contains(&text));
    sentences.take(LINES_MAX).collect()
}

fn head(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(panel::event_log()).font(bold_font()));
        ui.add_space(10.0);
        let selected = view.selected.map(|node| run.world().name(node));
        let label = selected.map_or(panel::only_selected().to_owned(), |name| {
            panel::only_node(&name)
        });
        let filter = &mut state.log_filter;
        ui.add(
            TextEdit::singleline(&mut filter.text)
                .desired_width(SEARCH_WIDTH_PX)
                .hint_text(panel::log_search()),
        );
        let kinds = std::iter::once(None).chain(EventKind::ALL.map(Some));
        for kind in kinds {
            let title = kind.map_or(panel::log_all(), EventKind::title);
            if ui.selectable_label(filter.kind == kind, title).clicked() {
                filter.kind = kind;
            }
        }
        let only = egui::Checkbox::new(&mut filter.follows_selection, label);
        ui.add_enabled(view.selected.is_some(), only);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(
                ui,
                &model.theme,
                Icon::Close,
                Enabled::Yes,
                Toggled::No,
                panel::close_log(),
            )
            .on_hover_text(panel::close_log())
            .clicked()
            {
                out.push(PanelRequest::Command(UserCommand::ToggleLog));
            }
        });
    });
}
