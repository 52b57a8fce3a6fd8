//! Row icons: small drawings of nodes, edges and messages for the legend, and status icons for the other panels.

use crate::node::view::{MessageKind, Phase};
use crate::picture::canvas::{Anchor, Font, Point, Shape, Stroke};
use crate::picture::edges;
use crate::picture::icons;
use crate::picture::messages;
use crate::picture::nodes;
use crate::picture::scene::Scene;
use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_SMALL_PX};
use crate::picture::value_chips::{CHIP_PX, ChipStyle};

/// Radius of a node in the legend, in pixels.
const NODE_PX: f32 = 8.0;
/// Half the length of an edge in the legend, in pixels.
const EDGE_PX: f32 = 9.0;

/// The icon of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RowIcon {
    /// No icon: the row continues the one above.
    Blank,
    /// A node in a phase; the number selects one of the two colours of the classic palette.
    Phase(Phase, usize),
    /// An idle node that does not vote yet.
    NotReady,
    /// The ring of four quarters.
    Quarters,
    /// A timer arc.
    Timer,
    /// The crown of a leader.
    Crown,
    /// The mark of the beacon node.
    Beacon,
    /// One-way trust.
    Trust,
    /// Mutual trust.
    Mutual,
    /// A message in flight.
    Message(MessageKind),
    /// A lost message.
    Lost,
    /// Several messages on one edge.
    Several,
    /// A broadcast.
    Broadcast,
    /// A crashed node.
    Crashed,
    /// A silent node.
    Silent,
    /// A referenced node.
    Referenced,
    /// An ill-behaved node.
    IllBehaved,
    /// A befouled node.
    Befouled,
    /// A node without a quorum set.
    NoQuorumSet,
    /// The chip of a value.
    Chip(ChipStyle),
    /// A tick in this colour.
    Tick(Color),
    /// A cross in this colour.
    Cross(Color),
    /// A disc in this colour.
    Dot(Color),
    /// A ring in this colour.
    Ring(Color),
}

impl RowIcon {
    /// Draws the icon around a point.
    pub(super) fn draw(self, scene: &Scene<'_>, at: Point, out: &mut Vec<Shape>) {
        let theme = &scene.theme;
        let line = |color: Color| Stroke::solid(2.0, color);
        match self {
            RowIcon::Blank => {}
            RowIcon::Phase(phase, value) => node(scene, phase, value, at, out),
            RowIcon::NotReady => {
                let fill = theme.not_ready(theme.phases.idle);
                let rim = Stroke::solid(1.0, theme.node_rim);
                out.push(disc(at, NODE_PX, Some(fill), Some(rim)));
            }
            RowIcon::Quarters => quarters(scene, at, out),
            RowIcon::Timer => {
                out.push(disc(at, 5.0, Some(theme.phases.idle), None));
                out.push(arc(at, NODE_PX, 0.0, 0.65, Stroke::solid(1.5, theme.timer)));
            }
            RowIcon::Beacon => icons::beacon(at, 15.0, theme.ring, out),
            RowIcon::Crown => icons::crown(at.offset(0.0, 4.5), 14.0, theme.crown, out),
            RowIcon::Trust => {
                let (from, to) = (at.offset(-EDGE_PX, 0.0), at.offset(EDGE_PX, 0.0));
                out.push(Shape::Line {
                    points: vec![from, to],
                    stroke: Stroke::solid(1.0, theme.text_dim),
                });
                out.extend(icons::arrowhead(from, at, 7.0, theme.text_dim));
            }
            RowIcon::Mutual => {
                let points = edges::arc(at.offset(-EDGE_PX, 1.5), at.offset(EDGE_PX, 1.5));
                let bent = points.into_iter().map(|p| Point {
                    x: p.x,
                    y: at.y + 1.5 + (p.y - at.y - 1.5) * 3.0,
                });
                out.push(Shape::Line {
                    points: bent.collect(),
                    stroke: Stroke::solid(1.0, theme.text_dim),
                });
            }
            RowIcon::Message(kind) => {
                messages::symbol(scene, kind, at, 4.5, messages::color(theme, kind), out)
            }
            RowIcon::Lost => icons::cross(at, 9.0, line(theme.bad), out),
            RowIcon::Several => {
                out.push(disc(at.offset(-5.0, 0.0), 4.0, Some(theme.vote), None));
                out.push(Shape::Text {
                    at: at.offset(1.0, FONT_SMALL_PX * text_layout::CAP_HEIGHT / 2.0),
                    text: "3".to_owned(),
                    size_px: FONT_SMALL_PX,
                    color: theme.text_dim,
                    font: Font::Regular,
                    anchor: Anchor::Left,
                });
            }
            RowIcon::Broadcast => {
                out.push(disc(at, 7.0, None, Some(line(theme.ring.faded(0.8)))));
                out.push(disc(at, 2.0, Some(theme.phases.idle), None));
            }
            RowIcon::Crashed => {
                out.push(disc(at, 7.0, None, Some(Stroke::solid(1.5, theme.crashed))));
                icons::cross(at, 7.0, Stroke::solid(1.5, theme.crashed), out);
            }
            RowIcon::Silent => {
                rimmed(scene, at, dashed(1.5, theme.text_dim), out);
                let points = vec![at.on_circle(9.0, 0.125), at.on_circle(9.0, 0.625)];
                out.push(Shape::Line {
                    points,
                    stroke: Stroke::solid(1.5, theme.text_dim),
                });
            }
            RowIcon::Referenced => {
                let rim = dashed(1.0, theme.phases.idle);
                out.push(disc(at, 7.0, Some(theme.panel), Some(rim)));
                letter(at, nodes::UNSEEN, theme.ink_on(theme.panel), out);
            }
            RowIcon::IllBehaved => rimmed(scene, at, line(theme.ill_behaved), out),
            RowIcon::Befouled => rimmed(scene, at, dashed(2.0, theme.befouled), out),
            RowIcon::NoQuorumSet => {
                out.push(disc(
                    at,
                    7.0,
                    None,
                    Some(Stroke::solid(1.0, theme.phases.idle)),
                ));
                let points = vec![at.offset(-3.0, 0.0), at.offset(3.0, 0.0)];
                out.push(Shape::Line {
                    points,
                    stroke: Stroke::solid(1.5, theme.phases.idle),
                });
            }
            RowIcon::Chip(style) => style.chip(at, CHIP_PX + 1.0, theme, out),
            RowIcon::Tick(color) => out.push(icons::tick(at, 8.0, line(color))),
            RowIcon::Cross(color) => icons::cross(at, 8.0, line(color), out),
            RowIcon::Dot(color) => out.push(disc(at, 4.5, Some(color), None)),
            RowIcon::Ring(color) => out.push(disc(at, 4.5, None, Some(line(color)))),
        }
    }
}

fn disc(center: Point, radius_px: f32, fill: Option<Color>, stroke: Option<Stroke>) -> Shape {
    Shape::Circle {
        center,
        radius_px,
        fill,
        stroke,
    }
}

fn arc(center: Point, radius_px: f32, from_turn: f32, to_turn: f32, stroke: Stroke) -> Shape {
    Shape::Arc {
        center,
        radius_px,
        from_turn,
        to_turn,
        stroke,
    }
}

fn dashed(width_px: f32, color: Color) -> Stroke {
    Stroke {
        width_px,
        color,
        dash_px: Some(3.0),
    }
}

fn rimmed(scene: &Scene<'_>, at: Point, stroke: Stroke, out: &mut Vec<Shape>) {
    let fill = scene.theme.phases.idle.faded(0.3).over(scene.theme.panel);
    out.push(disc(at, 7.0, Some(fill), Some(stroke)));
}

fn node(scene: &Scene<'_>, phase: Phase, value: usize, at: Point, out: &mut Vec<Shape>) {
    let theme = &scene.theme;
    let fill = match phase {
        Phase::Idle => theme.phases.idle,
        Phase::Nominate => theme.phases.nominate,
        Phase::Accept => theme.phases.accept[value % 2],
        Phase::Confirm | Phase::Externalized => theme.phases.confirm[value % 2],
    };
    let ink = theme.ink_on(fill);
    out.push(disc(
        at,
        NODE_PX,
        Some(fill),
        Some(Stroke::solid(1.0, theme.node_rim)),
    ));
    if phase == Phase::Externalized && !scene.geometry.has_glyphs() {
        let middle = Some(theme.externalized_middle);
        out.push(disc(at, NODE_PX * nodes::MIDDLE_SHARE, middle, None));
    } else if phase == Phase::Externalized {
        out.push(disc(
            at,
            NODE_PX * 0.8,
            None,
            Some(Stroke::solid(1.0, ink.with_opacity(0.85).over(fill))),
        ));
        out.push(icons::tick(at, NODE_PX * 0.8, Stroke::solid(1.5, ink)));
    }
    if let Some(sign) = nodes::letter(phase) {
        letter(at, sign, ink, out);
    }
}

fn letter(at: Point, letter: &str, color: Color, out: &mut Vec<Shape>) {
    out.push(Shape::Text {
        at: at.offset(0.0, FONT_SMALL_PX * text_layout::CAP_HEIGHT / 2.0),
        text: letter.to_owned(),
        size_px: FONT_SMALL_PX,
        color,
        font: Font::Bold,
        anchor: Anchor::Middle,
    });
}

fn quarters(scene: &Scene<'_>, at: Point, out: &mut Vec<Shape>) {
    out.push(disc(at, 4.0, Some(scene.theme.phases.accept[0]), None));
    for nth in 0..4_u8 {
        let color = if nth == 1 {
            scene.theme.text
        } else {
            scene.theme.track
        };
        let from_turn = f32::from(nth) * 0.25;
        out.push(arc(
            at,
            7.0,
            from_turn + 0.03,
            from_turn + 0.22,
            Stroke::solid(2.0, color),
        ));
    }
}
