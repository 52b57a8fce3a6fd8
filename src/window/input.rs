//! Mouse and keyboard: the only place that listens to them. Events come out in the order in which they happened, in
//! logical pixels, with the keys already named.
//!
//! Absent here: what events mean. Commands come from the table in `command.rs`, gestures from `gesture.rs`, and
//! panels get what [`for_panels`] makes of the events.

use super::command::Key;
use crate::picture::canvas::Point;
use macroquad::input::get_dropped_files;
use macroquad::input::utils::{register_input_subscriber, repeat_all_miniquad_input};
use macroquad::miniquad::{EventHandler, KeyCode, KeyMods, MouseButton, window};
use macroquad::window::screen_dpi_scale;
use std::path::PathBuf;

/// A button of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Button {
    Left,
    Middle,
    Right,
}

/// Whether something went down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Down,
    /// Held down for so long that it repeats.
    Repeat,
    Up,
}

/// Keys held together with another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) shift: bool,
    pub(super) ctrl: bool,
    pub(super) alt: bool,
    pub(super) logo: bool,
}

/// Something that a person did.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Moved(Point),
    Button {
        button: Button,
        press: Press,
        at: Point,
    },
    /// Lines to the right and up.
    Wheel {
        right: f32,
        up: f32,
        at: Point,
    },
    /// A key as a place on the keyboard, for editing text.
    Key {
        code: KeyCode,
        press: Press,
        held: Held,
    },
    /// A key as what it means, for shortcuts.
    Stroke {
        key: Key,
        press: Press,
        held: Held,
    },
    /// Something that is typed.
    Text(char),
    /// A file was dropped on the window.
    Dropped(PathBuf),
}

/// Collects events.
pub(super) struct Input {
    subscriber: usize,
    pointer: Point,
    dpi: f32,
    events: Vec<Event>,
}

impl Input {
    pub(super) fn new() -> Input {
        Input {
            subscriber: register_input_subscriber(),
            pointer: Point::default(),
            dpi: 1.0,
            events: Vec::new(),
        }
    }

    /// What has happened since the last call.
    pub(super) fn take(&mut self) -> Vec<Event> {
        self.dpi = screen_dpi_scale();
        let subscriber = self.subscriber;
        repeat_all_miniquad_input(self, subscriber);
        let dropped = get_dropped_files().into_iter().filter_map(|file| file.path);
        self.events.extend(dropped.map(Event::Dropped));
        std::mem::take(&mut self.events)
    }

    /// Where the pointer is, in logical pixels.
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

    fn button(&mut self, button: MouseButton, press: Press, x: f32, y: f32) {
        let at = self.point(x, y);
        let button = match button {
            MouseButton::Left => Button::Left,
            MouseButton::Middle => Button::Middle,
            MouseButton::Right => Button::Right,
            MouseButton::Unknown => return,
        };
        self.events.push(Event::Button { button, press, at });
    }
}

impl EventHandler for Input {
    fn update(&mut self) {}

    fn draw(&mut self) {}

    fn mouse_motion_event(&mut self, x: f32, y: f32) {
        let at = self.point(x, y);
        self.events.push(Event::Moved(at));
    }

    fn mouse_wheel_event(&mut self, x: f32, y: f32) {
        // Some systems count in steps of 120, others in lines.
        let lines = |delta: f32| {
            if delta.abs() > 10.0 {
                delta / 120.0
            } else {
                delta
            }
        };
        self.events.push(Event::Wheel {
            right: lines(x),
            up: lines(y),
            at: self.pointer,
        });
    }

    fn mouse_button_down_event(&mut self, button: MouseButton, x: f32, y: f32) {
        self.button(button, Press::Down, x, y);
    }

    fn mouse_button_up_event(&mut self, button: MouseButton, x: f32, y: f32) {
        self.button(button, Press::Up, x, y);
    }

    fn char_event(&mut self, letter: char, mods: KeyMods, repeat: bool) {
        let held = held(mods);
        // Letters of Ctrl combinations are no text; function keys arrive as private characters.
        let is_private = matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
        if held.ctrl || held.logo || held.alt || is_private || letter.is_control() {
            return;
        }
        self.events.push(Event::Text(letter));
        if letter != ' ' {
            let key = Key::Char(letter.to_lowercase().next().unwrap_or(letter));
            self.events.push(Event::Stroke {
                key,
                press: pressed(repeat),
                held,
            });
        }
    }

    fn key_down_event(&mut self, code: KeyCode, mods: KeyMods, repeat: bool) {
        let (press, held) = (pressed(repeat), held(mods));
        self.events.push(Event::Key { code, press, held });
        let key = match (held.ctrl || held.logo, code) {
            (true, KeyCode::Q) => Some(Key::CtrlQ),
            (true, _) => None,
            (false, _) => named(code),
        };
        if let Some(key) = key
            && !held.alt
        {
            self.events.push(Event::Stroke { key, press, held });
        }
    }

    fn key_up_event(&mut self, code: KeyCode, mods: KeyMods) {
        self.events.push(Event::Key {
            code,
            press: Press::Up,
            held: held(mods),
        });
    }
}

fn pressed(repeat: bool) -> Press {
    if repeat { Press::Repeat } else { Press::Down }
}

fn held(mods: KeyMods) -> Held {
    Held {
        shift: mods.shift,
        ctrl: mods.ctrl,
        alt: mods.alt,
        logo: mods.logo,
    }
}

/// The keys that are named rather than typed.
fn named(code: KeyCode) -> Option<Key> {
    Some(match code {
        KeyCode::Space => Key::Space,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::End => Key::End,
        KeyCode::Delete => Key::Delete,
        KeyCode::Tab => Key::Tab,
        KeyCode::F1 => Key::F1,
        KeyCode::Escape => Key::Escape,
        KeyCode::Home => Key::Home,
        _ => return None,
    })
}

/// Whether the keyboard belongs to a text field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typing {
    Yes,
    No,
}

/// The events as the panels want them. While nobody types they get no keys but Esc, so that Tab and Space stay ours.
pub(super) fn for_panels(events: &[Event], typing: Typing) -> Vec<egui::Event> {
    events
        .iter()
        .filter_map(|event| panel_event(event, typing))
        .collect()
}

fn panel_event(event: &Event, typing: Typing) -> Option<egui::Event> {
    let modifiers = |held: Held| egui::Modifiers {
        alt: held.alt,
        ctrl: held.ctrl,
        shift: held.shift,
        mac_cmd: cfg!(target_os = "macos") && held.logo,
        command: if cfg!(target_os = "macos") {
            held.logo
        } else {
            held.ctrl
        },
    };
    let pos = |at: Point| egui::pos2(at.x, at.y);
    match event {
        Event::Moved(at) => Some(egui::Event::PointerMoved(pos(*at))),
        Event::Button { button, press, at } => Some(egui::Event::PointerButton {
            pos: pos(*at),
            button: match button {
                Button::Left => egui::PointerButton::Primary,
                Button::Middle => egui::PointerButton::Middle,
                Button::Right => egui::PointerButton::Secondary,
            },
            pressed: *press != Press::Up,
            modifiers: egui::Modifiers::NONE,
        }),
        Event::Wheel { right, up, .. } => Some(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Line,
            delta: egui::vec2(*right, *up),
            modifiers: egui::Modifiers::NONE,
        }),
        Event::Text(letter) if typing == Typing::Yes => Some(egui::Event::Text(letter.to_string())),
        Event::Key { code, press, held } => {
            let modifiers = modifiers(*held);
            let down = *press != Press::Up;
            if typing == Typing::Yes && modifiers.command && down {
                match code {
                    KeyCode::X => return Some(egui::Event::Cut),
                    KeyCode::C => return Some(egui::Event::Copy),
                    KeyCode::V => return window::clipboard_get().map(egui::Event::Paste),
                    _ => {}
                }
            }
            let key = editing_key(*code)
                .filter(|key| typing == Typing::Yes || *key == egui::Key::Escape)?;
            Some(egui::Event::Key {
                key,
                physical_key: None,
                pressed: down,
                repeat: *press == Press::Repeat,
                modifiers,
            })
        }
        Event::Text(_) | Event::Stroke { .. } | Event::Dropped(_) => None,
    }
}

/// The keys that text fields know.
fn editing_key(code: KeyCode) -> Option<egui::Key> {
    Some(match code {
        KeyCode::Left => egui::Key::ArrowLeft,
        KeyCode::Right => egui::Key::ArrowRight,
        KeyCode::Up => egui::Key::ArrowUp,
        KeyCode::Down => egui::Key::ArrowDown,
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

    fn input() -> Input {
        Input {
            subscriber: 0,
            pointer: Point::default(),
            dpi: 2.0,
            events: Vec::new(),
        }
    }

    #[test]
    fn positions_are_logical_pixels() {
        let mut input = input();
        input.mouse_button_down_event(MouseButton::Right, 100.0, 50.0);
        let at = Point { x: 50.0, y: 25.0 };
        assert_eq!(
            input.events,
            [Event::Button {
                button: Button::Right,
                press: Press::Down,
                at
            }]
        );
        assert_eq!(input.pointer(), at);
    }

    #[test]
    fn letters_of_control_combinations_are_not_typed() {
        let mut input = input();
        let ctrl = KeyMods {
            ctrl: true,
            ..KeyMods::default()
        };
        input.char_event('s', ctrl, false);
        assert!(input.events.is_empty());
        input.char_event('s', KeyMods::default(), false);
        assert_eq!(input.events[0], Event::Text('s'));
        assert!(matches!(
            input.events[1],
            Event::Stroke {
                key: Key::Char('s'),
                press: Press::Down,
                ..
            }
        ));
    }

    #[test]
    fn panels_get_keys_only_while_somebody_types() {
        let events = [
            Event::Text('a'),
            Event::Key {
                code: KeyCode::Left,
                press: Press::Down,
                held: Held::default(),
            },
            Event::Key {
                code: KeyCode::Escape,
                press: Press::Down,
                held: Held::default(),
            },
        ];
        assert_eq!(for_panels(&events, Typing::Yes).len(), 3);
        assert_eq!(for_panels(&events, Typing::No).len(), 1);
    }
}
