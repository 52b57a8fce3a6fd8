//! Mouse and keyboard input from miniquad, as ordered events in logical pixels.
//!
//! This is the only reader of input devices. `command.rs` maps shortcuts to commands, `gesture.rs` recognises gestures,
//! and [`egui_events`] translates events for the panels.

use super::command::ShortcutKey;
use crate::picture::canvas::Point;
use macroquad::input::get_dropped_files;
use macroquad::input::utils::{register_input_subscriber, repeat_all_miniquad_input};
use macroquad::miniquad::{EventHandler, KeyCode, KeyMods, MouseButton, window};
use std::path::PathBuf;

/// A mouse button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PointerButton {
    Left,
    Middle,
    Right,
}

/// The state change of a button or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ButtonState {
    Down,
    /// Auto-repeat of a key that is held down.
    Repeat,
    Up,
}

/// Modifier keys held down during an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub(super) shift: bool,
    pub(super) ctrl: bool,
    pub(super) alt: bool,
    pub(super) logo: bool,
}

/// One input event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InputEvent {
    PointerMoved(Point),
    Button {
        button: PointerButton,
        press: ButtonState,
        at: Point,
    },
    /// Scroll distance in lines.
    Wheel {
        right: f32,
        up: f32,
        at: Point,
    },
    /// A physical key, for editing text.
    Key {
        code: KeyCode,
        press: ButtonState,
        modifiers: Modifiers,
    },
    /// A key by its meaning, for shortcuts.
    Shortcut {
        key: ShortcutKey,
        press: ButtonState,
        modifiers: Modifiers,
    },
    /// A typed character.
    Text(char),
    /// A file dropped on the window.
    FileDropped(PathBuf),
}

/// Collects input events between frames.
pub(super) struct InputState {
    subscriber: usize,
    pointer: Point,
    dpi: f32,
    events: Vec<InputEvent>,
}

impl InputState {
    pub(super) fn new() -> InputState {
        InputState {
            subscriber: register_input_subscriber(),
            pointer: Point::default(),
            dpi: 1.0,
            events: Vec::new(),
        }
    }

    /// Takes the events since the last call. One logical pixel is `dpi` physical pixels.
    pub(super) fn take(&mut self, dpi: f32) -> Vec<InputEvent> {
        self.dpi = dpi;
        let subscriber = self.subscriber;
        repeat_all_miniquad_input(self, subscriber);
        let dropped = get_dropped_files().into_iter().filter_map(|file| file.path);
        self.events.extend(dropped.map(InputEvent::FileDropped));
        std::mem::take(&mut self.events)
    }

    /// Pointer position in logical pixels.
    pub(super) fn pointer(&self) -> Point {
        self.pointer
    }

    fn point(&mut self, x: f32, y: f32) -> Point {
        self.pointer = Point {
            x: x / self.dpi,
            y: y / self.dpi,
        };
        self.pointer
    }

    fn button(&mut self, button: MouseButton, press: ButtonState, x: f32, y: f32) {
        let at = self.point(x, y);
        let button = match button {
            MouseButton::Left => PointerButton::Left,
            MouseButton::Middle => PointerButton::Middle,
            MouseButton::Right => PointerButton::Right,
            MouseButton::Unknown => return,
        };
        self.events.push(InputEvent::Button { button, press, at });
    }
}

impl EventHandler for InputState {
    fn update(&mut self) {}

    fn draw(&mut self) {}

    fn mouse_motion_event(&mut self, x: f32, y: f32) {
        let at = self.point(x, y);
        self.events.push(InputEvent::PointerMoved(at));
    }

    fn mouse_wheel_event(&mut self, x: f32, y: f32) {
        // Some platforms report steps of 120, others lines.
        let lines = |delta: f32| {
            if delta.abs() > 10.0 {
                delta / 120.0
            } else {
                delta
            }
        };
        self.events.push(InputEvent::Wheel {
            right: lines(x),
            up: lines(y),
            at: self.pointer,
        });
    }

    fn mouse_button_down_event(&mut self, button: MouseButton, x: f32, y: f32) {
        self.button(button, ButtonState::Down, x, y);
    }

    fn mouse_button_up_event(&mut self, button: MouseButton, x: f32, y: f32) {
        self.button(button, ButtonState::Up, x, y);
    }

    fn char_event(&mut self, letter: char, mods: KeyMods, repeat: bool) {
        let modifiers = modifiers(mods);
        // Ctrl combinations type no text; function keys arrive as private-use characters.
        let is_private = matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
        if modifiers.ctrl || modifiers.logo || modifiers.alt || is_private || letter.is_control() {
            return;
        }
        self.events.push(InputEvent::Text(letter));
        if letter != ' ' {
            let key = ShortcutKey::Char(letter.to_lowercase().next().unwrap_or(letter));
            self.events.push(InputEvent::Shortcut {
                key,
                press: pressed(repeat),
                modifiers,
            });
        }
    }

    fn key_down_event(&mut self, code: KeyCode, mods: KeyMods, repeat: bool) {
        let (press, modifiers) = (pressed(repeat), modifiers(mods));
        self.events.push(InputEvent::Key {
            code,
            press,
            modifiers,
        });
        let key = match (modifiers.ctrl || modifiers.logo, code) {
            (true, KeyCode::Q) => Some(ShortcutKey::CtrlQ),
            (true, KeyCode::Equal | KeyCode::KpAdd) => Some(ShortcutKey::CtrlPlus),
            (true, KeyCode::Minus | KeyCode::KpSubtract) => Some(ShortcutKey::CtrlMinus),
            (true, KeyCode::Key0 | KeyCode::Kp0) => Some(ShortcutKey::CtrlZero),
            (true, _) => None,
            (false, _) => named(code),
        };
        if let Some(key) = key
            && !modifiers.alt
        {
            self.events.push(InputEvent::Shortcut {
                key,
                press,
                modifiers,
            });
        }
    }

    fn key_up_event(&mut self, code: KeyCode, mods: KeyMods) {
        self.events.push(InputEvent::Key {
            code,
            press: ButtonState::Up,
            modifiers: modifiers(mods),
        });
    }
}

fn pressed(repeat: bool) -> ButtonState {
    if repeat {
        ButtonState::Repeat
    } else {
        ButtonState::Down
    }
}

fn modifiers(mods: KeyMods) -> Modifiers {
    Modifiers {
        shift: mods.shift,
        ctrl: mods.ctrl,
        alt: mods.alt,
        logo: mods.logo,
    }
}

/// The shortcut keys that type no character.
fn named(code: KeyCode) -> Option<ShortcutKey> {
    Some(match code {
        KeyCode::Space => ShortcutKey::Space,
        KeyCode::Left => ShortcutKey::Left,
        KeyCode::Right => ShortcutKey::Right,
        KeyCode::PageUp => ShortcutKey::PageUp,
        KeyCode::PageDown => ShortcutKey::PageDown,
        KeyCode::End => ShortcutKey::End,
        KeyCode::Delete => ShortcutKey::Delete,
        KeyCode::Tab => ShortcutKey::Tab,
        KeyCode::F1 => ShortcutKey::F1,
        KeyCode::Escape => ShortcutKey::Escape,
        KeyCode::Home => ShortcutKey::Home,
        _ => return None,
    })
}

/// What handles the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyboardFocus {
    /// A text field or a modal panel.
    Panel,
    /// Shortcuts execute commands.
    None,
}

/// Translates events for egui. While no panel has the keyboard, egui receives only the Esc key, so that Tab and Space
/// stay shortcuts.
pub(super) fn egui_events(events: &[InputEvent], focus: KeyboardFocus) -> Vec<egui::Event> {
    events
        .iter()
        .filter_map(|event| egui_event(event, focus))
        .collect()
}

fn egui_event(event: &InputEvent, focus: KeyboardFocus) -> Option<egui::Event> {
    let to_egui = |modifiers: Modifiers| egui::Modifiers {
        alt: modifiers.alt,
        ctrl: modifiers.ctrl,
        shift: modifiers.shift,
        mac_cmd: cfg!(target_os = "macos") && modifiers.logo,
        command: if cfg!(target_os = "macos") {
            modifiers.logo
        } else {
            modifiers.ctrl
        },
    };
    let pos = |at: Point| egui::pos2(at.x, at.y);
    match event {
        InputEvent::PointerMoved(at) => Some(egui::Event::PointerMoved(pos(*at))),
        InputEvent::Button { button, press, at } => Some(egui::Event::PointerButton {
            pos: pos(*at),
            button: match button {
                PointerButton::Left => egui::PointerButton::Primary,
                PointerButton::Middle => egui::PointerButton::Middle,
                PointerButton::Right => egui::PointerButton::Secondary,
            },
            pressed: *press != ButtonState::Up,
            modifiers: egui::Modifiers::NONE,
        }),
        InputEvent::Wheel { right, up, .. } => Some(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: egui::vec2(*right, *up),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        }),
        InputEvent::Text(letter) if focus == KeyboardFocus::Panel => {
            Some(egui::Event::Text(letter.to_string()))
        }
        InputEvent::Key {
            code,
            press,
            modifiers,
        } => {
            let modifiers = to_egui(*modifiers);
            let down = *press != ButtonState::Up;
            if focus == KeyboardFocus::Panel && modifiers.command && down {
                match code {
                    KeyCode::X => return Some(egui::Event::Cut),
                    KeyCode::C => return Some(egui::Event::Copy),
                    KeyCode::V => return window::clipboard_get().map(egui::Event::Paste),
                    _ => {}
                }
            }
            let key = editing_key(*code)
                .filter(|key| focus == KeyboardFocus::Panel || *key == egui::Key::Escape)?;
            Some(egui::Event::Key {
                key,
                physical_key: None,
                pressed: down,
                repeat: *press == ButtonState::Repeat,
                modifiers,
            })
        }
        InputEvent::Text(_) | InputEvent::Shortcut { .. } | InputEvent::FileDropped(_) => None,
    }
}

/// The keys that text fields and modal panels handle.
fn editing_key(code: KeyCode) -> Option<egui::Key> {
    Some(match code {
        KeyCode::Left => egui::Key::ArrowLeft,
        KeyCode::Right => egui::Key::ArrowRight,
        KeyCode::Up => egui::Key::ArrowUp,
        KeyCode::Down => egui::Key::ArrowDown,
        KeyCode::PageUp => egui::Key::PageUp,
        KeyCode::PageDown => egui::Key::PageDown,
        KeyCode::Tab => egui::Key::Tab,
        KeyCode::Home => egui::Key::Home,
        KeyCode::End => egui::Key::End,
        KeyCode::Backspace => egui::Key::Backspace,
        KeyCode::Delete => egui::Key::Delete,
        KeyCode::Enter => egui::Key::Enter,
        KeyCode::Escape => egui::Key::Escape,
        KeyCode::A => egui::Key::A,
        KeyCode::Y => egui::Key::Y,
        KeyCode::Z => egui::Key::Z,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> InputState {
        InputState {
            subscriber: 0,
            pointer: Point::default(),
            dpi: 2.0,
            events: Vec::new(),
        }
    }

    #[test]
    fn positions_are_converted_to_logical_pixels() {
        let mut input = input();
        input.mouse_button_down_event(MouseButton::Right, 100.0, 50.0);
        let at = Point { x: 50.0, y: 25.0 };
        assert_eq!(
            input.events,
            [InputEvent::Button {
                button: PointerButton::Right,
                press: ButtonState::Down,
                at
            }]
        );
        assert_eq!(input.pointer(), at);
    }

    #[test]
    fn ctrl_combinations_type_no_letters() {
        let mut input = input();
        let ctrl = KeyMods {
            ctrl: true,
            ..KeyMods::default()
        };
        input.char_event('s', ctrl, false);
        assert!(input.events.is_empty());
        input.char_event('s', KeyMods::default(), false);
        assert_eq!(input.events[0], InputEvent::Text('s'));
        assert!(matches!(
            input.events[1],
            InputEvent::Shortcut {
                key: ShortcutKey::Char('s'),
                press: ButtonState::Down,
                ..
            }
        ));
    }

    #[test]
    fn egui_gets_keys_only_while_a_text_field_has_focus() {
        let events = [
            InputEvent::Text('a'),
            InputEvent::Key {
                code: KeyCode::Left,
                press: ButtonState::Down,
                modifiers: Modifiers::default(),
            },
            InputEvent::Key {
                code: KeyCode::Escape,
                press: ButtonState::Down,
                modifiers: Modifiers::default(),
            },
        ];
        assert_eq!(egui_events(&events, KeyboardFocus::Panel).len(), 3);
        assert_eq!(egui_events(&events, KeyboardFocus::None).len(), 1);
    }
}
