//! Icons of buttons, drawn on a grid of 16 units.

use egui::{Color32, Pos2, Rect, Shape, Stroke, pos2};

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    Play,
    Pause,
    Step,
    StepBack,
    Slower,
    Faster,
    Propose,
    Add,
    Remove,
    Restart,
    Dice,
    Fit,
    Reach,
    Log,
    Inspector,
    Timeline,
    Theme,
    Camera,
    Help,
    More,
    Down,
    Close,
}

/// Draws in grid units into a rectangle.
struct IconPainter {
    rect: Rect,
    color: Color32,
}

impl IconPainter {
    fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        let unit = self.rect.width() / 16.0;
        pos2(self.rect.left() + x * unit, self.rect.top() + y * unit)
    }

    fn stroke(&self) -> Stroke {
        Stroke::new(1.5, self.color)
    }

    fn line(&self, points: &[(f32, f32)]) -> Shape {
        Shape::line(
            points.iter().map(|at| self.at(*at)).collect(),
            self.stroke(),
        )
    }

    fn filled(&self, points: &[(f32, f32)]) -> Shape {
        Shape::convex_polygon(
            points.iter().map(|at| self.at(*at)).collect(),
            self.color,
            Stroke::NONE,
        )
    }

    fn ring(&self, center: (f32, f32), radius: f32) -> Shape {
        Shape::circle_stroke(
            self.at(center),
            radius * self.rect.width() / 16.0,
            self.stroke(),
        )
    }

    fn dot(&self, center: (f32, f32), radius: f32) -> Shape {
        Shape::circle_filled(
            self.at(center),
            radius * self.rect.width() / 16.0,
            self.color,
        )
    }

    fn arc(&self, center: (f32, f32), radius: f32, from_turn: f32, to_turn: f32) -> Shape {
        let point = |step: u8| {
            let turn = from_turn + (to_turn - from_turn) * f32::from(step) / 20.0;
            let (sin, cos) = (turn * std::f32::consts::TAU).sin_cos();
            (center.0 + radius * sin, center.1 - radius * cos)
        };
        self.line(&(0..=20).map(point).collect::<Vec<_>>())
    }
}

/// The shapes of an icon inside a square.
pub(super) fn shapes(icon: Icon, rect: Rect, color: Color32) -> Vec<Shape> {
    let pen = IconPainter { rect, color };
    match icon {
        Icon::Play => vec![pen.filled(&[(4.0, 2.5), (13.5, 8.0), (4.0, 13.5)])],
        Icon::Pause => vec![
            pen.filled(&[(3.5, 3.0), (6.5, 3.0), (6.5, 13.0), (3.5, 13.0)]),
            pen.filled(&[(9.5, 3.0), (12.5, 3.0), (12.5, 13.0), (9.5, 13.0)]),
        ],
        Icon::Step => vec![
            pen.filled(&[(3.0, 3.0), (10.0, 8.0), (3.0, 13.0)]),
            pen.filled(&[(11.0, 3.0), (13.0, 3.0), (13.0, 13.0), (11.0, 13.0)]),
        ],
        Icon::StepBack => vec![
            pen.filled(&[(13.0, 3.0), (6.0, 8.0), (13.0, 13.0)]),
            pen.filled(&[(3.0, 3.0), (5.0, 3.0), (5.0, 13.0), (3.0, 13.0)]),
        ],
        Icon::Slower => vec![
            pen.line(&[(8.0, 3.5), (3.5, 8.0), (8.0, 12.5)]),
            pen.line(&[(13.0, 3.5), (8.5, 8.0), (13.0, 12.5)]),
        ],
        Icon::Faster => vec![
            pen.line(&[(3.0, 3.5), (7.5, 8.0), (3.0, 12.5)]),
            pen.line(&[(8.0, 3.5), (12.5, 8.0), (8.0, 12.5)]),
        ],
        Icon::Propose => vec![
            pen.line(&[
                (3.0, 2.5),
                (13.0, 2.5),
                (13.0, 10.5),
                (8.0, 10.5),
                (4.5, 13.5),
                (4.5, 10.5),
                (3.0, 10.5),
                (3.0, 2.5),
            ]),
            pen.line(&[(5.5, 6.5), (10.5, 6.5)]),
        ],
        Icon::Add => vec![
            pen.ring((6.5, 9.0), 4.5),
            pen.line(&[(12.5, 1.5), (12.5, 7.5)]),
            pen.line(&[(9.5, 4.5), (15.5, 4.5)]),
        ],
        Icon::Remove => vec![
            pen.ring((6.5, 9.0), 4.5),
            pen.line(&[(10.0, 4.0), (15.0, 4.0)]),
        ],
        Icon::Restart => vec![
            pen.arc((8.0, 8.5), 5.0, 0.12, 0.92),
            pen.filled(&[(3.6, 1.6), (8.2, 3.4), (4.6, 6.8)]),
        ],
        Icon::Dice => vec![
            pen.line(&[
                (3.0, 3.0),
                (13.0, 3.0),
                (13.0, 13.0),
                (3.0, 13.0),
                (3.0, 3.0),
                (13.0, 3.0),
            ]),
            pen.dot((5.8, 5.8), 1.1),
            pen.dot((10.2, 10.2), 1.1),
            pen.dot((8.0, 8.0), 1.1),
        ],
        Icon::Fit => vec![
            pen.line(&[(2.5, 6.0), (2.5, 2.5), (6.0, 2.5)]),
            pen.line(&[(10.0, 2.5), (13.5, 2.5), (13.5, 6.0)]),
            pen.line(&[(13.5, 10.0), (13.5, 13.5), (10.0, 13.5)]),
            pen.line(&[(6.0, 13.5), (2.5, 13.5), (2.5, 10.0)]),
        ],
        Icon::Reach => vec![
            pen.dot((8.0, 12.0), 1.6),
            pen.arc((8.0, 12.0), 5.0, -0.13, 0.13),
            pen.arc((8.0, 12.0), 9.0, -0.13, 0.13),
        ],
        Icon::Log => vec![
            pen.line(&[(3.0, 4.0), (13.0, 4.0)]),
            pen.line(&[(3.0, 8.0), (13.0, 8.0)]),
            pen.line(&[(3.0, 12.0), (9.5, 12.0)]),
        ],
        Icon::Inspector => vec![
            pen.line(&[
                (2.5, 3.0),
                (13.5, 3.0),
                (13.5, 13.0),
                (2.5, 13.0),
                (2.5, 3.0),
                (13.5, 3.0),
            ]),
            pen.line(&[(9.5, 3.0), (9.5, 13.0)]),
        ],
        Icon::Timeline => vec![
            pen.line(&[(2.5, 4.0), (8.0, 4.0)]),
            pen.line(&[(4.5, 8.0), (11.5, 8.0)]),
            pen.line(&[(2.5, 12.0), (6.5, 12.0)]),
            pen.line(&[(13.5, 2.0), (13.5, 14.0)]),
        ],
        Icon::Theme => vec![
            pen.ring((8.0, 8.0), 5.5),
            pen.filled(&[
                (8.0, 2.5),
                (11.9, 4.1),
                (13.5, 8.0),
                (11.9, 11.9),
                (8.0, 13.5),
            ]),
        ],
        Icon::Camera => vec![
            pen.line(&[
                (2.0, 4.5),
                (5.0, 4.5),
                (6.2, 2.8),
                (9.8, 2.8),
                (11.0, 4.5),
                (14.0, 4.5),
                (14.0, 13.0),
                (2.0, 13.0),
                (2.0, 4.5),
            ]),
            pen.ring((8.0, 8.6), 2.5),
        ],
        Icon::Help => vec![
            pen.arc((8.0, 5.5), 3.2, -0.25, 0.42),
            pen.line(&[(9.3, 8.4), (8.0, 9.6), (8.0, 11.0)]),
            pen.dot((8.0, 13.6), 1.1),
        ],
        Icon::More => vec![
            pen.dot((3.5, 8.0), 1.3),
            pen.dot((8.0, 8.0), 1.3),
            pen.dot((12.5, 8.0), 1.3),
        ],
        Icon::Down => vec![pen.line(&[(4.0, 6.0), (8.0, 10.0), (12.0, 6.0)])],
        Icon::Close => vec![
            pen.line(&[(4.0, 4.0), (12.0, 12.0)]),
            pen.line(&[(12.0, 4.0), (4.0, 12.0)]),
        ],
    }
}
