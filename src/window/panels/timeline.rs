//! Timeline panel: placement, pointer input and tooltip. A layer of the picture draws the timeline itself.

use super::widgets::dim_label;
use super::{PanelModel, PanelRequest, PanelState, PanelVisibility};
use crate::picture::canvas::{Point, Rect};
use crate::picture::timeline::{Follow, Layout, TimelineHit, height_px};
use crate::picture::view_state::ViewState;
use crate::run::Run;
use crate::run::SessionKind;
use crate::scp::NodeId;
use crate::text::{format, timeline};
use crate::time::Time;
use crate::window::command::UserCommand;
use crate::window::style::{bold_font, color};
use egui::{
    Align2, Area, CursorIcon, Frame, Id, Order, Panel, PointerButton, Response, RichText, Sense,
    Ui, pos2, vec2,
};
use std::borrow::Cow;

/// Zoom factor per line of the wheel.
const ZOOM_PER_LINE: f64 = 1.2;
/// Share of the width by which one line of a horizontal wheel pans.
const PAN_PER_LINE: f64 = 0.04;
/// A timeline opened by the user in a lower window is as high as in a window of this height.
const LOW_WINDOW_PX: f32 = 560.0;
/// Lower windows show the timeline beside an open event log only if the user has opened it.
const LOG_WINDOW_PX: f32 = 700.0;
/// Space left of the axis for half a label, in pixels.
const LABEL_PX: f32 = 22.0;
/// Largest distance between the two clicks of a double click, in pixels.
const SAME_PLACE_PX: f32 = 6.0;
/// Gap between the timeline and its tooltip, in pixels.
const GAP_PX: f32 = 6.0;

pub(super) fn show(
    ui: &mut Ui,
    model: &PanelModel<'_>,
    run: &Run,
    view: &ViewState,
    state: &mut PanelState,
    out: &mut Vec<PanelRequest>,
) {
    let nodes = run.lanes().lanes().len();
    let window_px = ui.content_rect().height();
    let height = match state.timeline.wanted {
        Some(PanelVisibility::Closed) => None,
        Some(PanelVisibility::Open) => height_px(window_px.max(LOW_WINDOW_PX), nodes),
        None if state.log.is_open() && window_px < LOG_WINDOW_PX => None,
        None => height_px(window_px, nodes),
    };
    let Some(height) = height.filter(|_| nodes > 0) else {
        state.timeline.pointed = None;
        return;
    };
    Panel::bottom("timeline")
        .exact_size(height)
        .show_separator_line(false)
        .frame(Frame::NONE)
        .show(ui, |ui| {
            let place = ui.max_rect();
            let rect = Rect::from_corners(place.min.x, place.min.y, place.max.x, place.max.y);
            state.timeline.rect = Some(rect);
            let response =
                ui.interact(place, Id::unique("timeline_lanes"), Sense::click_and_drag());
            let lanes = LanesWidget {
                run,
                view,
                layout: Layout::new(rect, nodes),
            };
            state.timeline.pointed = lanes.pointed(&response);
            lanes.handle_pointer(ui, &response, out);
            lanes.button(ui, model, out);
            let is_free = state.menu.is_none() && !ui.ctx().any_popup_open();
            if let Some(at) = state.timeline.pointed.filter(|_| is_free) {
                lanes.tip(ui.ctx(), model, at);
            }
        });
}

/// Whether this is a double click at one place. If frames are slow, two clicks at different places may arrive within
/// one frame.
fn is_double_click(ui: &Ui, response: &Response) -> bool {
    let here = response.interact_pointer_pos();
    let before = ui.data(|data| data.get_temp::<egui::Pos2>(response.id));
    if let Some(here) = here.filter(|_| response.clicked()) {
        ui.data_mut(|data| data.insert_temp(response.id, here));
    }
    let is_same = before
        .zip(here)
        .is_some_and(|(a, b)| a.distance(b) < SAME_PLACE_PX);
    response.double_clicked() && is_same
}

struct LanesWidget<'a> {
    run: &'a Run,
    view: &'a ViewState,
    layout: Layout,
}

impl LanesWidget<'_> {
    fn hit_test(&self, at: Point) -> Option<TimelineHit> {
        self.layout
            .hit_test(&self.view.timeline.axis, at, self.view.selected)
    }

    fn pointed(&self, response: &Response) -> Option<Point> {
        let held = response.is_pointer_button_down_on();
        let at = match held {
            true => response.interact_pointer_pos(),
            false => response.hover_pos(),
        };
        at.map(|at| point(at, held.then_some(self.layout.rect)))
    }

    fn handle_pointer(&self, ui: &Ui, response: &Response, out: &mut Vec<PanelRequest>) {
        if is_double_click(ui, response) {
            out.push(PanelRequest::Command(UserCommand::ReturnToPresent));
            return;
        }
        let (down, began) = ui.input(|input| {
            let primary = input.pointer.button_down(PointerButton::Primary);
            (primary, input.pointer.press_origin())
        });
        let at = self.pointed(response).and_then(|at| self.hit_test(at));
        let began = began.and_then(|at| self.hit_test(point(at, None))).or(at);
        // A press and its release may arrive in the same frame.
        let is_held = down && response.is_pointer_button_down_on();
        if let (Some(TimelineHit::Instant(from, _)), Some(TimelineHit::Instant(to, _))) =
            (began, at)
            && (is_held || response.clicked())
            && matches!(self.click(from), ClickEffect::Seek | ClickEffect::SeekLive)
            && self.run.seek_target() != to
        {
            out.push(PanelRequest::Seek(to));
        }
        if let Some(TimelineHit::Name(node)) = at
            && response.clicked()
        {
            out.push(PanelRequest::Select(node));
        }
        if let Some(TimelineHit::Name(_)) = at {
            response.clone().on_hover_cursor(CursorIcon::PointingHand);
        }
        let width = self.layout.lanes.width().max(1.0);
        if response.dragged_by(PointerButton::Middle) {
            out.push(PanelRequest::PanTime(-f64::from(
                response.drag_delta().x / width,
            )));
        }
        if let Some(at) = response.hover_pos() {
            self.wheel(ui, at.x, out);
        }
    }

    fn wheel(&self, ui: &Ui, x: f32, out: &mut Vec<PanelRequest>) {
        let lines = ui.input(|input| {
            let wheel = input.events.iter().filter_map(|event| match event {
                egui::Event::MouseWheel { delta, .. } => Some(*delta),
                _ => None,
            });
            wheel.fold(egui::Vec2::ZERO, |sum, delta| sum + delta)
        });
        if lines.y != 0.0 {
            let share = self.layout.share_at(x).clamp(0.0, 1.0);
            let factor = ZOOM_PER_LINE.powf(f64::from(lines.y));
            out.push(PanelRequest::ZoomTime { share, factor });
        }
        if lines.x != 0.0 {
            out.push(PanelRequest::PanTime(-PAN_PER_LINE * f64::from(lines.x)));
        }
    }

    /// The button that returns to the present. It is shown while the picture shows the past or the timeline does not
    /// follow the playhead.
    fn button(&self, ui: &mut Ui, model: &PanelModel<'_>, out: &mut Vec<PanelRequest>) {
        let is_away = self.run.is_in_past() || self.view.timeline.axis.follow == Follow::Nothing;
        if !is_away {
            return;
        }
        let Rect { min, max } = self.layout.rect;
        let place = egui::Rect::from_min_max(
            pos2(min.x + 6.0, self.layout.axis.min.y + 1.0),
            pos2(self.layout.axis.min.x - LABEL_PX, max.y - 1.0),
        );
        let text = RichText::new(timeline::to_now()).color(color(model.theme.accent));
        let style = ui.style_mut();
        style.spacing.button_padding = vec2(2.0, 0.0);
        style.spacing.interact_size.y = place.height();
        let button = ui.put(place, egui::Button::new(text).min_size(place.size()));
        let clicked = button.clicked();
        super::widgets::command_tooltip(button, UserCommand::ReturnToPresent, None);
        if clicked {
            out.push(PanelRequest::Command(UserCommand::ReturnToPresent));
        }
    }

    /// The effect of a click on an instant.
    fn click(&self, at: Time) -> ClickEffect {
        let (from, until) = (self.run.shown_from(), self.run.shown_until());
        // The tolerance is three pixels, because a click on the present itself is easy to miss.
        let slack_us =
            self.view.timeline.axis.span_us / f64::from(self.layout.lanes.width().max(1.0));
        match self.run.kind() {
            _ if at < from => ClickEffect::TooEarly(from),
            _ if at.0 > until.0 + (3.0 * slack_us) as u64 => ClickEffect::NotYet,
            SessionKind::Live => ClickEffect::SeekLive,
            SessionKind::Simulated | SessionKind::Recorded => ClickEffect::Seek,
        }
    }

    /// The tooltip of the name or instant under the pointer.
    fn tip(&self, ctx: &egui::Context, model: &PanelModel<'_>, at: Point) {
        let Some(spot) = self.hit_test(at) else {
            return;
        };
        let theme = &model.theme;
        Area::new(Id::unique("timeline_tip"))
            .order(Order::Tooltip)
            .pivot(Align2::LEFT_BOTTOM)
            .fixed_pos(pos2(at.x + 12.0, self.layout.rect.min.y - GAP_PX))
            .constrain_to(ctx.content_rect())
            .interactable(false)
            .show(ctx, |ui| {
                Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_max_width(460.0);
                    match spot {
                        TimelineHit::Name(node) => {
                            self.name(ui, node);
                            dim_label(ui, theme, timeline::select_node());
                        }
                        TimelineHit::Instant(at, node) => {
                            match node {
                                Some(node) => self.node_summary(ui, model, at, node),
                                None => self.overview(ui, at),
                            }
                            if self.run.lanes().is_partitioned(at) && at <= self.run.shown_until() {
                                ui.colored_label(color(theme.warning), timeline::partitioned());
                            }
                            dim_label(ui, theme, self.click(at).text());
                            dim_label(ui, theme, timeline::gestures());
                        }
                    }
                });
            });
    }

    fn name(&self, ui: &mut Ui, node: NodeId) {
        let name = self.run.world().name(node).to_string();
        ui.label(RichText::new(name).font(bold_font()));
    }

    fn node_summary(&self, ui: &mut Ui, model: &PanelModel<'_>, at: Time, node: NodeId) {
        self.name(ui, node);
        let is_over = at > self.run.shown_until();
        let lane = self.run.lanes().lanes().get(node.index());
        if let Some((span, until)) = lane.and_then(|lane| lane.at(at)).filter(|_| !is_over) {
            ui.label(timeline::lane_state(span.state).into_owned());
            dim_label(ui, &model.theme, timeline::interval_of(span.from, until));
        }
    }

    fn overview(&self, ui: &mut Ui, at: Time) {
        ui.label(RichText::new(format::instant(at)).font(bold_font()));
        if at > self.run.shown_until() {
            return;
        }
        let shares = self.run.lanes().phase_counts();
        let nth = shares
            .partition_point(|(from, _)| *from <= at)
            .checked_sub(1);
        if let Some((_, shares)) = nth.and_then(|nth| shares.get(nth)) {
            for line in timeline::phase_counts(shares) {
                ui.label(line);
            }
        }
    }
}

/// The effect of a click on an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClickEffect {
    /// The picture shows the instant and pauses.
    Seek,
    /// The picture shows the instant while the processes keep running.
    SeekLive,
    /// The instant is before the earliest one that the picture can show.
    TooEarly(Time),
    /// The instant is in the future.
    NotYet,
}

impl ClickEffect {
    fn text(self) -> Cow<'static, str> {
        match self {
            ClickEffect::Seek => timeline::click_shows().into(),
            ClickEffect::SeekLive => timeline::click_shows_live().into(),
            ClickEffect::TooEarly(earliest) => timeline::click_too_early(earliest).into(),
            ClickEffect::NotYet => timeline::click_not_yet().into(),
        }
    }
}

/// Converts a point, clamped to a rectangle if one is given.
fn point(at: egui::Pos2, within: Option<Rect>) -> Point {
    let at = Point { x: at.x, y: at.y };
    match within {
        None => at,
        Some(Rect { min, max }) => Point {
            x: at.x.clamp(min.x, (max.x - 0.5).max(min.x)),
            y: at.y.clamp(min.y, (max.y - 0.5).max(min.y)),
        },
    }
}
