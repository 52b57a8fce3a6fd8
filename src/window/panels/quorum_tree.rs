//! Tree view of a nested quorum set.
//!
//! Each set has a bar that compares with the threshold the number of entries that are reachable and have reached the
//! same stage of the slot as the owner. The world does not store which node received which message. But it shows from which nodes the owner
//! cannot have received the latest statement: those that crashed or are silent, those behind a partition, and those
//! whose statement is still in flight.

use super::PanelRequest;
use super::widgets::{dim_label, node_chip, wrapped_row};
use crate::node::view::MessageKind;
use crate::picture::canvas::Font;
use crate::picture::text_layout;
use crate::picture::theme::{FONT_SMALL_PX, Theme};
use crate::picture::view_state::HighlightedSet;
use crate::scp::{NodeId, QuorumSet};
use crate::text::panel;
use crate::trace::{Flight, NodeStatus, World};
use crate::window::style::color;
use egui::{CollapsingHeader, Id, Response, Sense, Ui, vec2};
use std::collections::BTreeSet;

/// Maximum number of listed nodes of one set.
const MEMBERS_SHOWN: usize = 60;
/// Sets with at most this many nodes are expanded initially.
const UNFOLDED_UP_TO: usize = 40;
/// Width of a bar in pixels.
const BAR_PX: f32 = 76.0;
/// Width of the arrow and the gaps around a title, in pixels.
const BEFORE_TITLE_PX: f32 = 36.0;

/// The tree of the quorum set of `owner`.
pub(super) fn show(
    ui: &mut Ui,
    theme: &Theme,
    world: &World,
    owner: NodeId,
    set: &QuorumSet,
    out: &mut Vec<PanelRequest>,
) {
    let statements = world.flights.values().filter(|flight| {
        flight.to == owner && flight.lost.is_none() && !flight.housekeeping && is_statement(flight)
    });
    let tree = QuorumTree {
        theme,
        world,
        owner,
        in_flight: statements.map(|flight| flight.from).collect(),
    };
    tree.set(ui, set, Id::unique(("quorum_set", owner)), out);
}

struct QuorumTree<'a> {
    theme: &'a Theme,
    world: &'a World,
    owner: NodeId,
    /// Senders of statements that are in flight to the owner.
    in_flight: BTreeSet<NodeId>,
}

impl QuorumTree<'_> {
    fn set(&self, ui: &mut Ui, set: &QuorumSet, id: Id, out: &mut Vec<PanelRequest>) {
        let members = members(set);
        let room = ui.available_width() - BAR_PX - BEFORE_TITLE_PX;
        let title = self.title(set);
        let shown = text_layout::truncated(&title, Font::Regular, FONT_SMALL_PX, room);
        let head = CollapsingHeader::new(shown.as_ref())
            .id_salt(id)
            .default_open(members.len() <= UNFOLDED_UP_TO)
            .show(ui, |ui| self.entries(ui, set, id, out));
        self.fill_bar(ui, set, &head.header_response);
        if head.header_response.hovered() {
            let label = panel::quorum_set_of(&self.world.name(self.owner));
            out.push(PanelRequest::Highlight(HighlightedSet {
                label,
                members,
                target: None,
            }));
        }
    }

    fn entries(&self, ui: &mut Ui, set: &QuorumSet, id: Id, out: &mut Vec<PanelRequest>) {
        for (at, inner) in set.inner.iter().enumerate() {
            self.set(ui, inner, id.with(at), out);
        }
        wrapped_row(ui, |ui| {
            for node in set.validators.iter().take(MEMBERS_SHOWN) {
                node_chip(ui, self.theme, self.world, *node, out);
            }
            if set.validators.len() > MEMBERS_SHOWN {
                dim_label(
                    ui,
                    self.theme,
                    panel::and_more(set.validators.len() - MEMBERS_SHOWN),
                );
            }
        });
    }

    /// Threshold and number of entries, and the organisation if all entries belong to one.
    fn title(&self, set: &QuorumSet) -> String {
        let (threshold, entries) = (set.threshold, set.validators.len() + set.inner.len());
        match self.organization(set) {
            Some(name) => panel::of_organization(threshold, entries, name),
            None if set.inner.is_empty() => panel::of_nodes(threshold, entries),
            None if set.validators.is_empty()
                && set.inner.iter().all(|set| self.organization(set).is_some()) =>
            {
                panel::of_organizations(threshold, entries)
            }
            None => panel::of_sets(threshold, entries),
        }
    }

    fn organization(&self, set: &QuorumSet) -> Option<&str> {
        if !set.inner.is_empty() {
            return None;
        }
        let mut names = set
            .validators
            .iter()
            .map(|node| self.world.node(*node)?.organization.as_deref());
        let first = names.next()??;
        names.all(|name| name == Some(first)).then_some(first)
    }

    /// Draws the bar at the right end of a title line.
    fn fill_bar(&self, ui: &Ui, set: &QuorumSet, title: &Response) {
        let entries = set.validators.len() + set.inner.len();
        let satisfied = self.satisfied(set);
        if entries == 0 {
            return;
        }
        let right = ui.max_rect().right() - 6.0;
        let middle = title.rect.center().y;
        let rect = egui::Rect::from_min_max(
            egui::pos2(right - BAR_PX, middle - 4.0),
            egui::pos2(right, middle + 4.0),
        );
        let reached = satisfied >= set.threshold as usize;
        let ink = if reached {
            self.theme.good
        } else {
            self.theme.accent
        };
        let share = |count: usize| rect.width() * count as f32 / entries as f32;
        let painter = ui.painter();
        painter.rect_filled(rect, 2.0, color(self.theme.track));
        painter.rect_filled(
            rect.with_max_x(rect.left() + share(satisfied)),
            2.0,
            color(ink),
        );
        let mark = rect.left() + share(set.threshold as usize);
        painter.vline(
            mark,
            rect.y_range().expand(2.0),
            egui::Stroke::new(1.5, color(self.theme.text)),
        );
        let text = panel::quorum_progress(satisfied, entries, set.threshold);
        ui.interact(rect.expand(4.0), title.id.with("bar"), Sense::hover())
            .on_hover_text(text);
    }

    /// Number of entries that have reached the same stage of the slot as the owner.
    fn satisfied(&self, set: &QuorumSet) -> usize {
        let nodes = set
            .validators
            .iter()
            .filter(|node| self.has_caught_up(**node))
            .count();
        nodes
            + set
                .inner
                .iter()
                .filter(|inner| self.satisfied(inner) >= inner.threshold as usize)
                .count()
    }

    /// Whether the owner can have received the latest statement of a node.
    fn is_reachable(&self, node: NodeId) -> bool {
        let runs = |id: NodeId| {
            self.world
                .node(id)
                .is_some_and(|node| node.status == NodeStatus::Running)
        };
        // Nodes outside all groups form an additional group.
        let group = |id: NodeId| {
            self.world
                .partition
                .iter()
                .position(|group| group.contains(&id))
        };
        node == self.owner
            || runs(node) && group(node) == group(self.owner) && !self.in_flight.contains(&node)
    }

    fn has_caught_up(&self, node: NodeId) -> bool {
        if !self.is_reachable(node) {
            return false;
        }
        let progress = |node: NodeId| {
            let view = &self.world.node(node)?.view;
            let (slot, _) = view.current_slot()?;
            Some((slot, view.phase()))
        };
        progress(self.owner)
            .is_some_and(|owner| progress(node).is_some_and(|progress| progress >= owner))
    }
}

/// Whether a message carries an SCP statement.
fn is_statement(flight: &Flight) -> bool {
    matches!(
        flight.kind,
        MessageKind::Vote | MessageKind::Accept | MessageKind::Externalize
    )
}

/// All nodes in a set, including those of inner sets.
pub(super) fn members(set: &QuorumSet) -> BTreeSet<NodeId> {
    let mut members: BTreeSet<NodeId> = set.validators.iter().copied().collect();
    set.inner
        .iter()
        .for_each(|inner| members.extend(self::members(inner)));
    members
}

/// A bar filled to a share of its width.
pub(super) fn bar(ui: &mut Ui, theme: &Theme, width: f32, share: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, 8.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, color(theme.track));
    let satisfied = rect.with_max_x(rect.left() + rect.width() * share.clamp(0.0, 1.0));
    ui.painter()
        .rect_filled(satisfied, 2.0, color(theme.accent));
}
