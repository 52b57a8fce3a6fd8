//! Frame loop: draws at most 60 frames per second, and none while nothing changes.
//!
//! Only this file reads a clock. While nothing moves, macroquad's event loop blocks until there is input. Another
//! thread cannot wake it, so the loop polls while a job result or the expiry of a toast is pending.

use super::app::{App, RIPPLE};
use super::deferred_redraw::DeferredRedraw;
use super::desktop::DesktopIntegration;
use super::egui_bridge::{EguiBridge, ScreenInfo};
use super::frame_meter::FrameMeter;
use super::input::{InputEvent, InputState, KeyboardFocus};
use super::jobs;
use super::options::{PositionOutput, SessionFactory, TITLE, WindowOptions};
use super::paint::{BACK_LAYERS, LayerSource, LayerTransform, Painter};
use super::position_printer::PositionPrinter;
use crate::picture::canvas::{Anchor, Font, LayerName, Point, Rect, Shape, Stroke};
use crate::picture::layers;
use crate::picture::scene::Scene;
use crate::picture::theme::{FONT_LARGE_PX, TOOLBAR_HEIGHT_PX, Theme};
use crate::picture::view_state::ViewState;
use macroquad::miniquad::window::schedule_update;
use macroquad::window::{
    next_frame, request_new_screen_size, screen_dpi_scale, screen_height, screen_width,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Frame interval while something moves.
const FRAME_INTERVAL: Duration = Duration::from_micros(16_667);
/// Frame interval while the window waits for a result or a timeout.
const POLL_INTERVAL: Duration = Duration::from_millis(40);
/// Interval of panel layout without input.
const PANEL_INTERVAL: Duration = Duration::from_millis(100);
/// Time budget of the run within one frame.
const RUN_BUDGET: Duration = Duration::from_millis(12);
/// Frames drawn after an input, until panels have settled.
const SETTLE_FRAMES: u8 = 3;

/// The frame loop and its state between frames.
struct FrameLoop {
    app: App,
    input: InputState,
    egui: EguiBridge,
    painter: Painter,
    position_printer: Option<PositionPrinter>,
    deferred_redraw: DeferredRedraw,
    meter: Option<FrameMeter>,
    panels_at: Option<Duration>,
    panels_repaint_after: Duration,
    screen: Option<ScreenInfo>,
    canvas: Rect,
    settle_frames: u8,
    idle: Idle,
    desktop: Option<DesktopIntegration>,
    rate: FrameRate,
}

/// Whether the loop is about to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idle {
    /// Something moves or is pending.
    No,
    /// Nothing moves or is pending; the last frames settle the panels.
    Settling,
}

/// Runs until the window is closed.
///
/// # Errors
/// If the shader does not compile.
pub(super) async fn run(
    options: WindowOptions,
    factory: Arc<dyn SessionFactory>,
    meter: Option<FrameMeter>,
) -> Result<(), String> {
    let start = Instant::now();
    let mut painter = Painter::new()?;
    if screen_dpi_scale() > 1.0 {
        request_new_screen_size(options.size_px.0 as f32, options.size_px.1 as f32);
    }
    paint_first(&mut painter, Theme::new(options.theme, options.palette));
    schedule_update();
    next_frame().await;
    let mut state = FrameLoop {
        // The app starts after the first frame, because opening the run competes with the frame for CPU time.
        app: App::new(&options, factory),
        input: InputState::new(),
        egui: EguiBridge::new(),
        painter,
        position_printer: (options.positions == PositionOutput::Print).then(PositionPrinter::new),
        deferred_redraw: DeferredRedraw::default(),
        meter,
        panels_at: None,
        panels_repaint_after: Duration::MAX,
        screen: None,
        canvas: Rect::default(),
        settle_frames: SETTLE_FRAMES,
        idle: Idle::No,
        desktop: DesktopIntegration::connect(TITLE),
        rate: FrameRate::default(),
    };
    let mut last = start;
    loop {
        let began = Instant::now();
        let busy = state.frame(
            began.duration_since(start),
            began.duration_since(last),
            began,
        );
        last = began;
        if state.app.is_closing() {
            return Ok(());
        }
        if let Some(shortest) = state.pause(&busy) {
            schedule_update();
            jobs::sleep(shortest.saturating_sub(began.elapsed()));
        } else if let Some(desktop) = &state.desktop {
            desktop.schedule_wake();
        }
        next_frame().await;
    }
}

/// Draws the first frame before fonts, panels and the run are loaded: the background and the program's name.
fn paint_first(painter: &mut Painter, theme: Theme) {
    let text = Shape::Text {
        at: Point {
            x: screen_width() / 2.0,
            y: screen_height() / 2.0,
        },
        text: TITLE.to_owned(),
        size_px: FONT_LARGE_PX,
        color: theme.text_dim,
        font: Font::Bold,
        anchor: Anchor::Middle,
    };
    let layers = LayerSource {
        background: theme.background,
        names: &[LayerName::Labels],
        version: &|_| None,
        shapes: &|_| vec![text.clone()],
    };
    painter.paint(&layers, LayerTransform::NONE);
    painter.show();
}

/// Whether this frame had input.
struct HadInput(bool);

impl FrameLoop {
    fn frame(&mut self, at: Duration, wall: Duration, began: Instant) -> HadInput {
        let ui_scale = self.app.ui_scale().factor();
        let dpi = screen_dpi_scale() * ui_scale;
        self.painter.set_ui_scale(ui_scale);
        let mut events = self.input.take(dpi);
        let dropped = self
            .desktop
            .iter()
            .flat_map(DesktopIntegration::take_dropped_files);
        events.extend(dropped.map(InputEvent::FileDropped));
        let had_input = !events.is_empty();
        if let Some(meter) = &mut self.meter {
            meter.before_frame(&mut self.app, at);
        }
        self.app.update(at, wall, &|| began.elapsed() < RUN_BUDGET);
        if self.app.take_run_changed() {
            // The new run may change the panels and thereby the canvas, so lay the panels out before its first frame.
            self.panels_at = None;
        }
        self.rate.note(at);
        self.app.status.frames_per_s = self.app.shows_frame_rate().then(|| self.rate.per_s());
        let screen = ScreenInfo {
            size: Point {
                x: screen_width() / ui_scale,
                y: screen_height() / ui_scale,
            },
            dpi,
            at,
        };
        let focus = self.egui.focus();
        if had_input || self.panels_are_due(&screen) {
            let panel_focus = match self.app.has_modal_panel() {
                true => KeyboardFocus::Panel,
                false => focus,
            };
            self.lay_out_panels(&events, panel_focus, screen);
        }
        let pointer = self.input.pointer();
        let is_canvas = |point: Point| self.canvas.contains(point) && !self.egui.covers(point);
        self.app.handle_input(&events, focus, pointer, &is_canvas);
        self.paint(at);
        if let Some(position_printer) = &mut self.position_printer {
            position_printer.observe(self.app.scene().as_ref(), screen.dpi);
        }
        if let Some(meter) = &mut self.meter {
            meter.after_frame(began.elapsed());
        }
        self.painter.show();
        HadInput(had_input)
    }

    fn panels_are_due(&self, screen: &ScreenInfo) -> bool {
        let Some(laid_out_at) = self.panels_at else {
            return true;
        };
        let since = screen.at.saturating_sub(laid_out_at);
        let is_other = self
            .screen
            .is_none_or(|before| (before.size, before.dpi) != (screen.size, screen.dpi));
        is_other || self.settle_frames > 0 || since >= PANEL_INTERVAL.min(self.panels_repaint_after)
    }

    fn lay_out_panels(&mut self, events: &[InputEvent], focus: KeyboardFocus, screen: ScreenInfo) {
        let mut requests = Vec::new();
        let mut free = egui::Rect::NOTHING;
        let theme = self.app.theme();
        let app = &mut self.app;
        let (output, again) = self.egui.run(events, focus, screen, theme, |ui| {
            let response = app.panels(ui);
            requests = response.requests;
            free = response.free;
        });
        self.painter.set_panels(output);
        self.panels_at = Some(screen.at);
        self.panels_repaint_after = again;
        self.screen = Some(screen);
        if !requests.is_empty() {
            self.settle_frames = SETTLE_FRAMES;
        }
        self.app.handle_requests(requests);
        self.canvas = Rect::from_corners(
            free.min.x,
            free.min.y.max(TOOLBAR_HEIGHT_PX),
            free.max.x,
            free.max.y,
        );
        self.app.set_layout(screen.size, self.canvas);
    }

    fn paint(&mut self, at: Duration) {
        let Some(scene) = self.app.scene() else {
            let theme = self.app.theme();
            let layers = LayerSource {
                background: theme.background,
                names: &[],
                version: &|_| None,
                shapes: &|_| Vec::new(),
            };
            self.painter.paint(&layers, LayerTransform::NONE);
            return;
        };
        let camera = self
            .deferred_redraw
            .camera(scene.view, self.painter.back_is_heavy(), at);
        let view = camera.map(|camera| ViewState {
            camera,
            ..scene.view.clone()
        });
        let transform = camera.map_or(LayerTransform::NONE, |camera| {
            DeferredRedraw::transform(&camera, &scene.view.camera)
        });
        let back = view
            .as_ref()
            .map(|view| Scene::new(scene.world, view, scene.status));
        let of = |name: LayerName| match &back {
            Some(back) if BACK_LAYERS.contains(&name) => back,
            _ => &scene,
        };
        let ripples = ripples(&self.app, &scene, at);
        let version = |name: LayerName| match name {
            LayerName::Rings if !ripples.is_empty() => None,
            _ => layers::version(of(name), name),
        };
        let shapes = |name: LayerName| {
            let mut shapes = layers::shapes(of(name), name);
            if name == LayerName::Rings {
                shapes.extend(ripples.iter().cloned());
            }
            shapes
        };
        let source = LayerSource {
            background: scene.theme.background,
            names: &LayerName::ALL,
            version: &version,
            shapes: &shapes,
        };
        self.painter.paint(&source, transform);
    }

    /// Time until the next frame; `None` blocks until there is input.
    fn pause(&mut self, had_input: &HadInput) -> Option<Duration> {
        if had_input.0 {
            self.settle_frames = SETTLE_FRAMES;
        } else {
            self.settle_frames = self.settle_frames.saturating_sub(1);
        }
        if let Some(meter) = &self.meter
            && meter.wants_frames()
        {
            return Some(FRAME_INTERVAL);
        }
        let moves = self.app.is_moving() || self.deferred_redraw.is_active();
        let waits = self.app.is_waiting()
            || self
                .position_printer
                .as_ref()
                .is_some_and(PositionPrinter::is_waiting);
        if moves || waits {
            self.idle = Idle::No;
            return Some(if moves || self.settle_frames > 0 {
                FRAME_INTERVAL
            } else {
                POLL_INTERVAL
            });
        }
        if self.idle == Idle::No {
            // The panels do not show the end of this activity yet.
            self.idle = Idle::Settling;
            self.settle_frames = SETTLE_FRAMES;
        }
        if self.settle_frames > 0 {
            return Some(FRAME_INTERVAL);
        }
        (self.panels_repaint_after < Duration::from_secs(1))
            .then(|| self.panels_repaint_after.max(POLL_INTERVAL))
    }
}

/// Growing rings around nodes that were clicked.
fn ripples(app: &App, scene: &Scene<'_>, at: Duration) -> Vec<Shape> {
    app.ripples
        .iter()
        .filter_map(|(node, since)| {
            let share = at.saturating_sub(*since).as_secs_f32() / RIPPLE.as_secs_f32();
            let stroke = Stroke::solid(
                2.0,
                scene
                    .theme
                    .accent
                    .with_opacity((1.0 - share).clamp(0.0, 1.0)),
            );
            Some(Shape::Circle {
                center: scene.geometry.center(*node)?,
                radius_px: scene.geometry.outer_radius_px() + 26.0 * share,
                fill: None,
                stroke: Some(stroke),
            })
        })
        .collect()
}

/// Frames per second, averaged over the last second.
#[derive(Default)]
struct FrameRate {
    from: Duration,
    frames: u32,
    per_s: f32,
}

impl FrameRate {
    fn note(&mut self, at: Duration) {
        self.frames += 1;
        let since = at.saturating_sub(self.from);
        if since >= Duration::from_secs(1) {
            self.per_s = (self.frames as f32 / since.as_secs_f32()).round();
            (self.from, self.frames) = (at, 0);
        }
    }

    fn per_s(&self) -> f32 {
        self.per_s
    }
}
