//! Gesture recognition on the canvas: pointer events become clicks, drags, pans and zooms.
//!
//! egui handles pointer events on panels; `app.rs` executes the gestures.

use super::input::{ButtonState, InputEvent, PointerButton};
use crate::picture::canvas::Point;
use crate::scp::NodeId;

/// Largest pointer movement between press and release that still counts as a click, in pixels.
const CLICK_TOLERANCE_PX: f32 = 5.0;
/// Zoom factor per line of the wheel.
const ZOOM_PER_LINE: f64 = 1.15;

/// A gesture on the canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gesture {
    /// Left click on a node.
    Click(NodeId),
    /// Left click on empty space.
    ClickEmpty,
    /// Right click, on a node or on empty space.
    Menu { node: Option<NodeId>, at: Point },
    /// A node is being dragged to this point.
    Drag { node: NodeId, to: Point },
    /// A dragged node was released.
    DragEnd { node: NodeId, to: Point },
    /// Pan the picture by this many pixels.
    Pan { by: Point },
    /// Zoom by this factor about a point.
    Zoom { at: Point, factor: f64 },
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum PointerState {
    #[default]
    Free,
    /// A button is down; the gesture may still become a click.
    Pressed {
        button: PointerButton,
        node: Option<NodeId>,
        at: Point,
    },
    Dragging {
        node: NodeId,
    },
    Panning {
        button: PointerButton,
        last: Point,
    },
}

/// The gesture in progress.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GestureRecognizer {
    state: PointerState,
}

impl GestureRecognizer {
    /// Handles an event. `is_canvas` returns whether a point belongs to the canvas, `node_at` the node at a point.
    pub(super) fn recognize(
        &mut self,
        event: &InputEvent,
        is_canvas: impl Fn(Point) -> bool,
        node_at: impl Fn(Point) -> Option<NodeId>,
    ) -> Option<Gesture> {
        match event {
            InputEvent::Button {
                button,
                press: ButtonState::Down,
                at,
            } if is_canvas(*at) => self.press(*button, *at, node_at(*at)),
            InputEvent::Button {
                button,
                press: ButtonState::Up,
                at,
            } => self.release(*button, *at),
            InputEvent::PointerMoved(at) => self.moved(*at),
            InputEvent::Wheel { up, at, .. } if is_canvas(*at) && *up != 0.0 => {
                Some(Gesture::Zoom {
                    at: *at,
                    factor: ZOOM_PER_LINE.powf(f64::from(*up)),
                })
            }
            _ => None,
        }
    }

    /// Whether a node or the picture is being dragged.
    pub(super) fn is_dragging(&self) -> bool {
        matches!(
            self.state,
            PointerState::Dragging { .. } | PointerState::Panning { .. }
        )
    }

    fn press(&mut self, button: PointerButton, at: Point, node: Option<NodeId>) -> Option<Gesture> {
        if self.state != PointerState::Free {
            return None;
        }
        match button {
            PointerButton::Right => return Some(Gesture::Menu { node, at }),
            PointerButton::Middle => self.state = PointerState::Panning { button, last: at },
            PointerButton::Left => self.state = PointerState::Pressed { button, node, at },
        }
        None
    }

    fn moved(&mut self, at: Point) -> Option<Gesture> {
        match self.state {
            PointerState::Pressed {
                button,
                node,
                at: from,
            } if from.distance_px(at) > CLICK_TOLERANCE_PX => match node {
                Some(node) => {
                    self.state = PointerState::Dragging { node };
                    Some(Gesture::Drag { node, to: at })
                }
                None => {
                    self.state = PointerState::Panning { button, last: at };
                    Some(Gesture::Pan {
                        by: at.offset(-from.x, -from.y),
                    })
                }
            },
            PointerState::Dragging { node } => Some(Gesture::Drag { node, to: at }),
            PointerState::Panning { button, last } => {
                self.state = PointerState::Panning { button, last: at };
                Some(Gesture::Pan {
                    by: at.offset(-last.x, -last.y),
                })
            }
            PointerState::Pressed { .. } | PointerState::Free => None,
        }
    }

    fn release(&mut self, button: PointerButton, at: Point) -> Option<Gesture> {
        let (done, gesture) = match self.state {
            PointerState::Pressed {
                button: pressed,
                node,
                ..
            } if pressed == button => {
                (true, Some(node.map_or(Gesture::ClickEmpty, Gesture::Click)))
            }
            PointerState::Dragging { node } if button == PointerButton::Left => {
                (true, Some(Gesture::DragEnd { node, to: at }))
            }
            PointerState::Panning {
                button: pressed, ..
            } => (pressed == button, None),
            _ => (false, None),
        };
        if done {
            self.state = PointerState::Free;
        }
        gesture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(7);

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    fn button(button: PointerButton, press: ButtonState, x: f32, y: f32) -> InputEvent {
        InputEvent::Button {
            button,
            press,
            at: point(x, y),
        }
    }

    /// One node at (50, 50); the canvas ends at x = 500.
    fn run(events: &[InputEvent]) -> Vec<Gesture> {
        let mut gestures = GestureRecognizer::default();
        let node_at = |at: Point| (at.distance_px(point(50.0, 50.0)) < 14.0).then_some(NODE);
        events
            .iter()
            .filter_map(|event| gestures.recognize(event, |at| at.x < 500.0, node_at))
            .collect()
    }

    #[test]
    fn a_press_and_release_on_a_node_is_a_click() {
        let events = [
            button(PointerButton::Left, ButtonState::Down, 52.0, 50.0),
            InputEvent::PointerMoved(point(54.0, 52.0)),
            button(PointerButton::Left, ButtonState::Up, 54.0, 52.0),
        ];
        assert_eq!(run(&events), [Gesture::Click(NODE)]);
    }

    #[test]
    fn movement_beyond_the_tolerance_drags_the_node_without_a_click() {
        let events = [
            button(PointerButton::Left, ButtonState::Down, 50.0, 50.0),
            InputEvent::PointerMoved(point(80.0, 50.0)),
            InputEvent::PointerMoved(point(600.0, 90.0)),
            button(PointerButton::Left, ButtonState::Up, 600.0, 90.0),
        ];
        let to = point(600.0, 90.0);
        assert_eq!(
            run(&events),
            [
                Gesture::Drag {
                    node: NODE,
                    to: point(80.0, 50.0)
                },
                Gesture::Drag { node: NODE, to },
                Gesture::DragEnd { node: NODE, to }
            ]
        );
    }

    #[test]
    fn dragging_empty_space_or_the_middle_button_pans() {
        let events = [
            button(PointerButton::Left, ButtonState::Down, 200.0, 200.0),
            InputEvent::PointerMoved(point(210.0, 200.0)),
            button(PointerButton::Left, ButtonState::Up, 210.0, 200.0),
            button(PointerButton::Middle, ButtonState::Down, 50.0, 50.0),
            InputEvent::PointerMoved(point(50.0, 57.0)),
            button(PointerButton::Middle, ButtonState::Up, 50.0, 57.0),
            InputEvent::PointerMoved(point(90.0, 90.0)),
        ];
        assert_eq!(
            run(&events),
            [
                Gesture::Pan {
                    by: point(10.0, 0.0)
                },
                Gesture::Pan {
                    by: point(0.0, 7.0)
                }
            ]
        );
    }

    #[test]
    fn events_on_panels_are_ignored() {
        let events = [
            button(PointerButton::Left, ButtonState::Down, 600.0, 50.0),
            button(PointerButton::Left, ButtonState::Up, 50.0, 50.0),
            InputEvent::Wheel {
                right: 0.0,
                up: 1.0,
                at: point(600.0, 50.0),
            },
        ];
        assert_eq!(run(&events), []);
        let events = [
            button(PointerButton::Right, ButtonState::Down, 50.0, 50.0),
            InputEvent::Wheel {
                right: 0.0,
                up: -1.0,
                at: point(5.0, 5.0),
            },
        ];
        assert_eq!(
            run(&events)[0],
            Gesture::Menu {
                node: Some(NODE),
                at: point(50.0, 50.0)
            }
        );
        assert!(matches!(run(&events)[1], Gesture::Zoom { factor, .. } if factor < 1.0));
    }
}
