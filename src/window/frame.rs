//! The frame loop: what happens in which order, at most sixty times a second, and not at all while nothing changes.
//!
//! This is the only place of the window that reads a clock. While nothing moves, macroquad's loop sleeps until there
//! is input; as it cannot be woken otherwise, the loop polls while a result or the end of a message is to come.

use super::app::{App, RIPPLE};
use super::desktop::Desktop;
use super::display::TITLE;
use super::host::{Host, Surroundings};
use super::input::{Event, Input};
use super::jobs;
use super::measure::Meter;
use super::options::{Positions, SessionFactory, WindowOptions};
use super::paint::{BACK, Layers, Painter, Shift};
use super::positions::Reporter;
use super::view_shift::Frozen;
use crate::picture::canvas::{Anchor, Font, LayerName, Point, Rect, Shape, Stroke};
use crate::picture::scene::Scene;
use crate::picture::theme::{FONT_LARGE_PX, TOOLBAR_HEIGHT_PX, Theme};
use crate::picture::view_state::ViewState;
use macroquad::miniquad::window::schedule_update;
use macroquad::window::{
    next_frame, request_new_screen_size, screen_dpi_scale, screen_height, screen_width,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Shortest time from frame to frame while something moves.
const FRAME: Duration = Duration::from_micros(16_667);
/// The same while the window only waits for something.
const POLL: Duration = Duration::from_millis(40);
/// How often panels are laid out anew while nobody touches them.
const PANELS: Duration = Duration::from_millis(100);
/// How much of a frame the run may take for going on.
const RUN_BUDGET: Duration = Duration::from_millis(12);
/// Frames drawn after an input, so that everything has settled.
const AFTERGLOW: u8 = 3;

/// The loop and what it remembers from frame to frame.
struct Frames {
    app: App,
    input: Input,
    host: Host,
    painter: Painter,
    reporter: Option<Reporter>,
    frozen: Frozen,
    meter: Option<Meter>,
    panels_at: Option<Duration>,
    panels_again: Duration,
    around: Option<Surroundings>,
    canvas: Rect,
    afterglow: u8,
    rest: Rest,
    desktop: Option<Desktop>,
    rate: Rate,
}

/// Whether the loop would sleep but for the afterglow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Something moves, or is waited for.
    None,
    /// Nothing does.
    Deserved,
}

/// Shows frames until the window is closed.
///
/// # Errors
/// If the graphics card does not take our shader.
pub(super) async fn run(
    options: WindowOptions,
    factory: Arc<dyn SessionFactory>,
    meter: Option<Meter>,
) -> Result<(), String> {
    let start = Instant::now();
    let mut painter = Painter::new()?;
    if screen_dpi_scale() > 1.0 {
        request_new_screen_size(options.size_px.0 as f32, options.size_px.1 as f32);
    }
    paint_first(&mut painter, Theme::new(options.theme, options.palette));
    schedule_update();
    next_frame().await;
    let mut frames = Frames {
        // Not before: opening the run would take processor time from the first frame.
        app: App::new(&options, factory),
        input: Input::new(),
        host: Host::new(),
        painter,
        reporter: (options.positions == Positions::Print).then(Reporter::new),
        frozen: Frozen::default(),
        meter,
        panels_at: None,
        panels_again: Duration::MAX,
        around: None,
        canvas: Rect::default(),
        afterglow: AFTERGLOW,
        rest: Rest::None,
        desktop: Desktop::connect(TITLE),
        rate: Rate::default(),
    };
    let mut last = start;
    loop {
        let began = Instant::now();
        let busy = frames.frame(
            began.duration_since(start),
            began.duration_since(last),
            began,
        );
        last = began;
        if frames.app.is_closing() {
            return Ok(());
        }
        if let Some(shortest) = frames.pause(&busy) {
            schedule_update();
            jobs::wait(shortest.saturating_sub(began.elapsed()));
        } else if let Some(desktop) = &frames.desktop {
            desktop.falls_asleep();
        }
        next_frame().await;
    }
}

/// The first frame comes before fonts, panels and the run: an empty stage with the name of the program.
fn paint_first(painter: &mut Painter, theme: Theme) {
    let text = Shape::Text {
        at: Point {
            x: screen_width() / 2.0,
            y: screen_height() / 2.0,
        },
        text: "Quorumscope".to_owned(),
        size_px: FONT_LARGE_PX,
        color: theme.text_dim,
        font: Font::Bold,
        anchor: Anchor::Middle,
    };
    let layers = Layers {
        background: theme.background,
        names: &[LayerName::Labels],
        version: &|_| None,
        shapes: &|_| vec![text.clone()],
    };
    painter.paint(&layers, Shift::NONE);
    painter.show();
}

/// Whether a person did something in this frame.
struct Touched(bool);

impl Frames {
    fn frame(&mut self, at: Duration, wall: Duration, began: Instant) -> Touched {
        let mut events = self.input.take();
        let dropped = self.desktop.iter().flat_map(Desktop::dropped);
        events.extend(dropped.map(Event::Dropped));
        let touched = !events.is_empty();
        if let Some(meter) = &mut self.meter {
            meter.steer(&mut self.app, at);
        }
        self.app.tick(at, wall, &|| began.elapsed() < RUN_BUDGET);
        if self.app.has_new_run() {
            // It may need other panels, which leave it another place: before anything of it is drawn.
            self.panels_at = None;
        }
        self.rate.note(at);
        self.app.status.frames_per_s = self.app.shows_frame_rate().then(|| self.rate.per_s());
        let around = Surroundings {
            size: Point {
                x: screen_width(),
                y: screen_height(),
            },
            dpi: screen_dpi_scale(),
            at,
        };
        let typing = self.host.typing();
        if touched || self.panels_are_due(&around) {
            self.lay_out_panels(&events, around);
        }
        let pointer = self.input.pointer();
        let is_canvas = |point: Point| self.canvas.contains(point) && !self.host.covers(point);
        self.app.take(&events, typing, pointer, &is_canvas);
        self.paint(at);
        if let Some(reporter) = &mut self.reporter {
            reporter.look(self.app.scene().as_ref(), around.dpi);
        }
        if let Some(meter) = &mut self.meter {
            meter.count(began.elapsed());
        }
        self.painter.show();
        Touched(touched)
    }

    fn panels_are_due(&self, around: &Surroundings) -> bool {
        let Some(laid_out_at) = self.panels_at else {
            return true;
        };
        let since = around.at.saturating_sub(laid_out_at);
        let is_other = self
            .around
            .is_none_or(|before| (before.size, before.dpi) != (around.size, around.dpi));
        is_other || self.afterglow > 0 || since >= PANELS.min(self.panels_again)
    }

    fn lay_out_panels(&mut self, events: &[Event], around: Surroundings) {
        let mut requests = Vec::new();
        let mut free = egui::Rect::NOTHING;
        let theme = self.app.theme();
        let app = &mut self.app;
        let (output, again) = self.host.run(events, around, theme, |ctx| {
            requests = app.panels(ctx);
            free = ctx.available_rect();
        });
        self.painter.set_panels(output);
        self.panels_at = Some(around.at);
        self.panels_again = again;
        self.around = Some(around);
        if !requests.is_empty() {
            self.afterglow = AFTERGLOW;
        }
        self.app.carry_out(requests);
        self.canvas = Rect::from_corners(
            free.min.x,
            free.min.y.max(TOOLBAR_HEIGHT_PX),
            free.max.x,
            free.max.y,
        );
        self.app.lay_out(around.size, self.canvas);
    }

    fn paint(&mut self, at: Duration) {
        let Some(scene) = self.app.scene() else {
            let theme = self.app.theme();
            let layers = Layers {
                background: theme.background,
                names: &[],
                version: &|_| None,
                shapes: &|_| Vec::new(),
            };
            self.painter.paint(&layers, Shift::NONE);
            return;
        };
        let camera = self
            .frozen
            .camera(scene.view, self.painter.back_is_heavy(), at);
        let view = camera.map(|camera| ViewState {
            camera,
            ..scene.view.clone()
        });
        let shift = camera.map_or(Shift::NONE, |camera| {
            Frozen::shift(&camera, &scene.view.camera)
        });
        let back = view
            .as_ref()
            .map(|view| Scene::new(scene.world, view, scene.status));
        let of = |name: LayerName| match &back {
            Some(back) if BACK.contains(&name) => back,
            _ => &scene,
        };
        let ripples = ripples(&self.app, &scene, at);
        let version = |name: LayerName| match name {
            LayerName::Rings if !ripples.is_empty() => None,
            _ => of(name).version(name),
        };
        let shapes = |name: LayerName| {
            let mut shapes = of(name).shapes(name);
            if name == LayerName::Rings {
                shapes.extend(ripples.iter().cloned());
            }
            shapes
        };
        let layers = Layers {
            background: scene.theme.background,
            names: &LayerName::ALL,
            version: &version,
            shapes: &shapes,
        };
        self.painter.paint(&layers, shift);
    }

    /// How long until the next frame; `None`: until there is input.
    fn pause(&mut self, touched: &Touched) -> Option<Duration> {
        if touched.0 {
            self.afterglow = AFTERGLOW;
        } else {
            self.afterglow = self.afterglow.saturating_sub(1);
        }
        if let Some(meter) = &self.meter
            && meter.wants_frames()
        {
            return Some(FRAME);
        }
        let moves = self.app.is_moving() || self.frozen.is_active();
        let waits =
            self.app.is_waiting() || self.reporter.as_ref().is_some_and(Reporter::is_waiting);
        if moves || waits {
            self.rest = Rest::None;
            return Some(if moves || self.afterglow > 0 {
                FRAME
            } else {
                POLL
            });
        }
        if self.rest == Rest::None {
            // What came to its end in this frame is not yet in the panels.
            self.rest = Rest::Deserved;
            self.afterglow = AFTERGLOW;
        }
        if self.afterglow > 0 {
            return Some(FRAME);
        }
        (self.panels_again < Duration::from_secs(1)).then(|| self.panels_again.max(POLL))
    }
}

/// Rings that grow from nodes that have been clicked.
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

/// Frames per second, over the last second.
#[derive(Default)]
struct Rate {
    from: Duration,
    frames: u32,
    per_s: f32,
}

impl Rate {
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
