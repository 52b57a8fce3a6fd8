//! Tooltip of the node under the pointer: name, state, and effect of a click.

use super::widgets::dim_label;
use super::{PanelModel, PanelState, inspector};
use crate::picture::geometry::Geometry;
use crate::picture::view_state::ViewState;
use crate::run::Run;
use crate::run::SessionKind;
use crate::text::panel;
use crate::trace::NodeStatus;
use crate::window::style::bold_font;
use egui::{Area, Frame, Id, Order, RichText, pos2};

/// Gap between the node and its tooltip, in pixels.
const GAP_PX: f32 = 8.0;

pub(super) fn show(
    ctx: &egui::Context,
    free: egui::Rect,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &PanelState,
) {
    let is_busy = state.menu.is_some()
        || state.timeline.pointed.is_some()
        || ctx.input(|input| input.pointer.any_down());
    let Some(id) = view.hovered.filter(|_| !is_busy) else {
        return;
    };
    let geometry = Geometry::new(run.world(), view);
    let (Some(node), Some(center)) = (run.world().node(id), geometry.center(id)) else {
        return;
    };
    let beside = geometry.outer_radius_px() + GAP_PX;
    Area::new(Id::unique("tip"))
        .order(Order::Tooltip)
        .fixed_pos(pos2(center.x + beside, center.y + beside))
        .constrain_to(free)
        .interactable(false)
        .show(ctx, |ui| {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_max_width(280.0);
                ui.label(RichText::new(node.config.peer.name.to_string()).font(bold_font()));
                ui.label(inspector::state(node, run.kind()));
                if !node.is_referenced() {
                    let trusted = panel::trusts(node.view.trusted.len());
                    dim_label(ui, &model.theme, trusted);
                }
                if matches!(node.status, NodeStatus::Running | NodeStatus::Silent)
                    && run.kind() != SessionKind::Recorded
                    && !run.is_in_past()
                {
                    let what = state.draft.content(run.world().proposals().len());
                    dim_label(ui, &model.theme, panel::click_proposes(&what.to_string()));
                }
                dim_label(ui, &model.theme, panel::right_click());
            });
        });
}
