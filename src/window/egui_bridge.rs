//! Integration of egui into macroquad: input events in; meshes, clipboard text and cursor shape out.
//!
//! Unlike egui-macroquad it renders sharply on HiDPI screens, and Ctrl shortcuts do not type letters into text fields.

use super::input::{InputEvent, KeyboardFocus, egui_events};
use super::paint::PanelOutput;
use super::style;
use crate::picture::canvas::Point;
use crate::picture::theme::Theme;
use egui::{CursorIcon, OutputCommand, RawInput, ViewportId, ViewportInfo};
use macroquad::miniquad::{self, window};
use std::time::Duration;

/// Size, scale and time of the frame for which panels are laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScreenInfo {
    /// Size in logical pixels.
    pub(super) size: Point,
    /// Physical pixels per logical pixel.
    pub(super) dpi: f32,
    /// Time since the program started.
    pub(super) at: Duration,
}

/// The egui context and the state of its integration.
pub(super) struct EguiBridge {
    ctx: egui::Context,
    theme: Option<Theme>,
    cursor: CursorIcon,
}

impl EguiBridge {
    pub(super) fn new() -> EguiBridge {
        let ctx = egui::Context::default();
        style::set_fonts(&ctx);
        EguiBridge {
            ctx,
            theme: None,
            cursor: CursorIcon::Default,
        }
    }

    /// Runs one egui frame with the keyboard events that belong to `focus`. Returns the meshes to draw, and the delay after which egui must run again.
    pub(super) fn run(
        &mut self,
        events: &[InputEvent],
        focus: KeyboardFocus,
        screen: ScreenInfo,
        theme: Theme,
        panels: impl FnMut(&mut egui::Ui),
    ) -> (PanelOutput, Duration) {
        if self.theme != Some(theme) {
            self.theme = Some(theme);
            style::set_theme(&self.ctx, &theme);
        }
        let output = self.ctx.run_ui(raw_input(events, focus, screen), panels);
        for command in output.platform_output.commands {
            if let OutputCommand::CopyText(text) = command {
                window::clipboard_set(&text);
            }
        }
        self.set_cursor(output.platform_output.cursor_icon);
        let again = output
            .viewport_output
            .get(&ViewportId::ROOT)
            .map_or(Duration::MAX, |root| root.repaint_delay);
        let primitives = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        (
            PanelOutput {
                primitives,
                textures: output.textures_delta,
            },
            again,
        )
    }

    /// Whether a widget has the keyboard focus.
    pub(super) fn focus(&self) -> KeyboardFocus {
        if self.ctx.egui_wants_keyboard_input() {
            KeyboardFocus::Panel
        } else {
            KeyboardFocus::None
        }
    }

    /// Whether a floating panel covers a point, or a widget is being dragged.
    pub(super) fn covers(&self, at: Point) -> bool {
        let at = egui::pos2(at.x, at.y);
        let floating = self
            .ctx
            .layer_id_at(at)
            .is_some_and(|layer| layer.order != egui::Order::Background);
        floating || self.ctx.dragged_id().is_some()
    }

    fn set_cursor(&mut self, cursor: CursorIcon) {
        if cursor == self.cursor {
            return;
        }
        self.cursor = cursor;
        window::set_mouse_cursor(match cursor {
            CursorIcon::PointingHand => miniquad::CursorIcon::Pointer,
            CursorIcon::Text => miniquad::CursorIcon::Text,
            CursorIcon::ResizeHorizontal => miniquad::CursorIcon::EWResize,
            CursorIcon::ResizeVertical => miniquad::CursorIcon::NSResize,
            CursorIcon::Crosshair => miniquad::CursorIcon::Crosshair,
            CursorIcon::Move | CursorIcon::Grab | CursorIcon::Grabbing => {
                miniquad::CursorIcon::Move
            }
            _ => miniquad::CursorIcon::Default,
        });
    }
}

fn raw_input(events: &[InputEvent], focus: KeyboardFocus, screen: ScreenInfo) -> RawInput {
    let root = ViewportInfo {
        native_pixels_per_point: Some(screen.dpi),
        ..ViewportInfo::default()
    };
    RawInput {
        viewport_id: ViewportId::ROOT,
        viewports: std::iter::once((ViewportId::ROOT, root)).collect(),
        screen_rect: Some(egui::Rect::from_min_size(
            egui::Pos2::ZERO,
            egui::vec2(screen.size.x, screen.size.y),
        )),
        time: Some(screen.at.as_secs_f64()),
        events: egui_events(events, focus),
        ..RawInput::default()
    }
}
