//! Node drawing: fill by phase, rim by health, letter, ring of quarters, timer arc, crown and value chips.
//!
//! `labels.rs` places labels, and `geometry.rs` computes positions.

use super::canvas::{Anchor, Font, Point, Shape, Stroke};
use super::icons;
use super::scene::Scene;
use super::text_layout;
use super::theme::{Color, FONT_LARGE_PX, FONT_MEDIUM_PX, FONT_SMALL_PX, PaletteName, Theme};
use super::value_chips::{self, CHIP_PX, CHIPS_MAX, ChipStyles};
use crate::node::view::{NodeView, Phase, Readiness, TimerKind, TrustPolicy};
use crate::scp::{BallotPhase, NodeId, SlotState};
use crate::trace::{NodeStatus, WorldNode};
use std::collections::BTreeSet;

/// Width of the beacon icon, in pixels.
const BEACON_PX: f32 = 14.0;
/// Radius of the light centre of a small externalized node, as a share of the node's radius.
pub const MIDDLE_SHARE: f32 = 0.48;

/// The health of a node, which its rim shows. If several states apply, the worst takes precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rim {
    /// Follows the protocol, and its messages reach other nodes.
    Healthy,
    /// Follows the protocol, but depends on ill-behaved nodes.
    Befouled,
    /// Follows the protocol, but its messages are suppressed.
    Silent,
    /// Does not follow the protocol.
    IllBehaved,
    /// The node has stopped.
    Crashed,
    /// Only referenced by others.
    Referenced,
}

/// The rim of a node.
#[must_use]
pub fn rim(scene: &Scene<'_>, id: NodeId, node: &WorldNode) -> Rim {
    if node.status == NodeStatus::Crashed {
        Rim::Crashed
    } else if node.is_referenced() {
        Rim::Referenced
    } else if scene.status.ill_behaved.contains(&id) {
        Rim::IllBehaved
    } else if node.status == NodeStatus::Silent {
        Rim::Silent
    } else if scene.status.befouled.contains(&id) {
        Rim::Befouled
    } else {
        Rim::Healthy
    }
}

/// The fill of a node by its phase; in the classic palette also by its value.
#[must_use]
pub fn fill(theme: &Theme, chip_styles: &ChipStyles, view: &NodeView) -> Color {
    let parity = || match theme.palette {
        PaletteName::OkabeIto => 0,
        PaletteName::Classic => {
            let value = value_chips::current_values(view)
                .first()
                .map(|value| chip_styles.style_of(value).parity());
            value.unwrap_or(0)
        }
    };
    match view.phase() {
        Phase::Idle => theme.phases.idle,
        Phase::Nominate => theme.phases.nominate,
        Phase::Accept => theme.phases.accept[parity()],
        Phase::Confirm | Phase::Externalized => theme.phases.confirm[parity()],
    }
}

/// The letter of a phase. Externalized nodes have a tick instead.
#[must_use]
pub fn letter(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Nominate => Some("N"),
        Phase::Accept => Some("A"),
        Phase::Confirm => Some("C"),
        Phase::Idle | Phase::Externalized => None,
    }
}

/// The letter of a referenced node.
pub const UNSEEN: &str = "?";

/// The shapes of all nodes. Letters come last, because painters batch shapes of one kind.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let rings = scene.geometry.has_rings();
    let chip_styles = if rings || scene.theme.palette == PaletteName::Classic {
        ChipStyles::of(scene.world)
    } else {
        ChipStyles::default()
    };
    let mut painter = NodePainter {
        scene,
        chip_styles,
        shapes: Vec::with_capacity(scene.geometry.count() * if rings { 9 } else { 2 }),
        letters: Vec::new(),
    };
    for (id, center) in scene.geometry.nodes() {
        if let Some(node) = scene.world.node(id).filter(|_| scene.is_on_screen(center)) {
            painter.node(id, node, center);
        }
    }
    if rings {
        painter.crowns();
        painter.beacons();
    }
    painter.shapes.append(&mut painter.letters);
    painter.shapes
}

struct NodePainter<'a> {
    scene: &'a Scene<'a>,
    chip_styles: ChipStyles,
    shapes: Vec<Shape>,
    letters: Vec<Shape>,
}

impl NodePainter<'_> {
    fn node(&mut self, id: NodeId, node: &WorldNode, center: Point) {
        let rim = rim(self.scene, id, node);
        self.highlight_ring(id, center);
        let fill = self.body(id, node, center, rim);
        if rim == Rim::Referenced && self.scene.geometry.has_glyphs() {
            self.letter(id, center, fill, UNSEEN);
        }
        if matches!(rim, Rim::Crashed | Rim::Referenced) {
            return;
        }
        let phase = node.view.phase();
        if phase == Phase::Externalized {
            self.externalized(id, center, fill);
        } else if let Some(letter) = letter(phase)
            && self.scene.geometry.has_glyphs()
        {
            self.letter(id, center, fill, letter);
        }
        if self.scene.geometry.has_rings() {
            self.quarters(id, &node.view, center);
            self.timer(id, &node.view, center);
            self.chips(id, &node.view, center);
        }
    }

    /// The ring around the selected and around the hovered node.
    fn highlight_ring(&mut self, id: NodeId, center: Point) {
        let theme = &self.scene.theme;
        let stroke = if self.scene.view.selected == Some(id) {
            Stroke::solid(2.0, theme.selection)
        } else if self.scene.view.hovered == Some(id) {
            Stroke::solid(1.5, theme.text_dim)
        } else {
            return;
        };
        self.ring(center, self.scene.geometry.outer_radius_px() + 1.0, stroke);
    }

    fn ring(&mut self, center: Point, radius_px: f32, stroke: Stroke) {
        self.shapes.push(Shape::Circle {
            center,
            radius_px,
            fill: None,
            stroke: Some(stroke),
        });
    }

    /// Draws fill and rim. Returns the colour of the fill before dimming.
    fn body(&mut self, id: NodeId, node: &WorldNode, center: Point, rim: Rim) -> Color {
        let scene = self.scene;
        let (theme, radius_px) = (&scene.theme, scene.geometry.radius_px);
        let thickness = |share: f32| (radius_px * share).clamp(1.0, 4.5);
        let ready = node.view.readiness == Readiness::Ready && rim != Rim::Silent;
        let phase_fill = fill(theme, &self.chip_styles, &node.view);
        let shown = if ready {
            phase_fill
        } else {
            theme.not_ready(phase_fill)
        };
        let votes_never = node.config.trust == TrustPolicy::None;
        let (fill, stroke) = match rim {
            Rim::Crashed => (
                theme.background,
                Stroke::solid(thickness(0.14), theme.crashed),
            ),
            Rim::Referenced => (
                theme.background,
                dashed(thickness(0.1), radius_px * 0.25, theme.phases.idle),
            ),
            Rim::IllBehaved => (shown, Stroke::solid(thickness(0.28), theme.ill_behaved)),
            Rim::Befouled => (
                shown,
                dashed(thickness(0.2), radius_px * 0.42, theme.befouled),
            ),
            Rim::Silent => (
                shown,
                dashed(thickness(0.12), radius_px * 0.25, theme.text_dim),
            ),
            Rim::Healthy if votes_never => (
                theme.background,
                Stroke::solid(thickness(0.1), theme.phases.idle),
            ),
            Rim::Healthy => (shown, Stroke::solid(1.0, theme.node_rim)),
        };
        let dimmed = scene.dimmed(id, fill);
        let stroke = Stroke {
            color: scene.dimmed(id, stroke.color),
            ..stroke
        };
        if rim == Rim::IllBehaved {
            self.notches(center, stroke);
        }
        self.shapes.push(Shape::Circle {
            center,
            radius_px,
            fill: Some(dimmed),
            stroke: Some(stroke),
        });
        match rim {
            Rim::Crashed => icons::cross(center, radius_px * 0.9, stroke, &mut self.shapes),
            Rim::Silent if scene.geometry.has_rings() => self.slash(center, stroke),
            Rim::Healthy if votes_never => self.dash(center, stroke),
            _ => {}
        }
        fill
    }

    /// Notches on the rim of an ill-behaved node.
    fn notches(&mut self, center: Point, stroke: Stroke) {
        let radius_px = self.scene.geometry.radius_px;
        for nth in 0..8 {
            let turn = nth as f32 / 8.0;
            self.shapes.push(Shape::Line {
                points: vec![
                    center.on_circle(radius_px, turn),
                    center.on_circle(radius_px * 1.22 + 1.0, turn),
                ],
                stroke,
            });
        }
    }

    /// A diagonal line through a silent node.
    fn slash(&mut self, center: Point, stroke: Stroke) {
        let radius_px = self.scene.geometry.radius_px * 1.25;
        self.shapes.push(Shape::Line {
            points: vec![
                center.on_circle(radius_px, 0.125),
                center.on_circle(radius_px, 0.625),
            ],
            stroke: Stroke {
                dash_px: None,
                ..stroke
            },
        });
    }

    /// A horizontal line in a node without a quorum set.
    fn dash(&mut self, center: Point, stroke: Stroke) {
        let arm = self.scene.geometry.radius_px * 0.4;
        self.shapes.push(Shape::Line {
            points: vec![center.offset(-arm, 0.0), center.offset(arm, 0.0)],
            stroke,
        });
    }

    /// A second ring and a tick; in small nodes a light centre instead.
    fn externalized(&mut self, id: NodeId, center: Point, fill: Color) {
        let scene = self.scene;
        let radius_px = scene.geometry.radius_px;
        if !scene.geometry.has_glyphs() {
            self.shapes.push(Shape::Circle {
                center,
                radius_px: radius_px * MIDDLE_SHARE,
                fill: Some(scene.dimmed(id, scene.theme.externalized_middle)),
                stroke: None,
            });
            return;
        }
        let ink = scene.theme.ink_on(fill).with_opacity(0.85).over(fill);
        let ink = scene.dimmed(id, ink);
        let width_px = (radius_px * 0.1).clamp(1.0, 2.5);
        self.ring(center, radius_px * 0.8, Stroke::solid(width_px, ink));
        let stroke = Stroke::solid((radius_px * 0.15).clamp(1.5, 4.0), ink);
        self.shapes
            .push(icons::tick(center, radius_px * 0.82, stroke));
    }

    fn letter(&mut self, id: NodeId, center: Point, fill: Color, letter: &str) {
        let size_px = match self.scene.geometry.radius_px {
            small if small < 13.0 => FONT_SMALL_PX,
            middle if middle < 20.0 => FONT_MEDIUM_PX,
            _ => FONT_LARGE_PX,
        };
        self.letters.push(Shape::Text {
            at: center.offset(0.0, size_px * text_layout::CAP_HEIGHT / 2.0),
            text: letter.to_owned(),
            size_px,
            color: self.scene.dimmed(id, self.scene.theme.ink_on(fill)),
            font: Font::Bold,
            anchor: Anchor::Middle,
        });
    }

    /// A ring of four quarters for NOMINATE, PREPARE, CONFIRM and EXTERNALIZE; the current ones are lit.
    fn quarters(&mut self, id: NodeId, view: &NodeView, center: Point) {
        let Some((_, state)) = view.current_slot() else {
            return;
        };
        if view.phase() == Phase::Idle {
            return;
        }
        let radius_px = self.scene.geometry.quarters_radius_px();
        let gap = 1.5 / (radius_px * std::f32::consts::TAU);
        for (nth, lit) in lit_quarters(state).into_iter().enumerate() {
            let color = if lit {
                self.scene.theme.text
            } else {
                self.scene.theme.track
            };
            let from_turn = nth as f32 * 0.25;
            self.shapes.push(Shape::Arc {
                center,
                radius_px,
                from_turn: from_turn + gap,
                to_turn: from_turn + 0.25 - gap,
                stroke: Stroke::solid(2.0, self.scene.dimmed(id, color)),
            });
        }
    }

    /// An arc for the remaining time of the current slot's timer, clockwise from the top.
    fn timer(&mut self, id: NodeId, view: &NodeView, center: Point) {
        let Some((slot, _)) = view.current_slot() else {
            return;
        };
        let running = [TimerKind::Ballot(slot), TimerKind::Nomination(slot)]
            .into_iter()
            .find_map(|kind| view.timers.get(&kind));
        let Some(timer) = running else { return };
        let (whole, left) = (
            timer.due_at.since(timer.set_at),
            timer.due_at.since(self.scene.world.now),
        );
        if whole.0 == 0 || left.0 == 0 {
            return;
        }
        self.shapes.push(Shape::Arc {
            center,
            radius_px: self.scene.geometry.timer_radius_px(),
            from_turn: 0.0,
            to_turn: (left.0 as f32 / whole.0 as f32).min(1.0),
            stroke: Stroke::solid(1.5, self.scene.dimmed(id, self.scene.theme.timer)),
        });
    }

    /// Chips of the node's current values, at its upper right.
    fn chips(&mut self, id: NodeId, view: &NodeView, center: Point) {
        if self.scene.is_dimmed(id) {
            return;
        }
        let first = center.on_circle(self.scene.geometry.outer_radius_px() + 1.0, 0.14);
        for (nth, value) in value_chips::current_values(view)
            .into_iter()
            .take(CHIPS_MAX)
            .enumerate()
        {
            let at = first.offset(nth as f32 * (CHIP_PX + 2.0), 0.0);
            self.chip_styles
                .style_of(value)
                .chip(at, CHIP_PX, &self.scene.theme, &mut self.shapes);
        }
    }

    /// An icon beside each beacon node.
    fn beacons(&mut self) {
        let scene = self.scene;
        let beacons = scene.world.nodes.iter().zip((0..).map(NodeId));
        let beacons = beacons.filter(|(node, _)| {
            node.config.is_beacon && matches!(node.status, NodeStatus::Running | NodeStatus::Silent)
        });
        for (_, id) in beacons {
            let center = scene
                .geometry
                .center(id)
                .filter(|at| scene.is_on_screen(*at));
            if let Some(center) = center {
                let away = scene.geometry.outer_radius_px() + BEACON_PX / 2.0;
                let at = center.offset(-away * 0.85, -away * 0.6);
                let color = scene.dimmed(id, scene.theme.ring);
                icons::beacon(at, BEACON_PX, color, &mut self.shapes);
            }
        }
    }

    /// Crowns above the leaders of the round: those of the selected node while it nominates, otherwise those of all
    /// nodes.
    fn crowns(&mut self) {
        let geometry = &self.scene.geometry;
        let width_px = (geometry.radius_px * 0.95).clamp(10.0, 22.0);
        for leader in leaders(self.scene) {
            if let Some(center) = geometry
                .center(leader)
                .filter(|center| self.scene.is_on_screen(*center))
            {
                let foot = center.offset(0.0, -geometry.outer_radius_px() + 0.5);
                let color = self.scene.dimmed(leader, self.scene.theme.crown);
                icons::crown(foot, width_px, color, &mut self.shapes);
            }
        }
    }
}

/// The lit quarters of a slot, in the order NOMINATE, PREPARE, CONFIRM, EXTERNALIZE.
#[must_use]
pub fn lit_quarters(state: &SlotState) -> [bool; 4] {
    let externalized = state.phase == BallotPhase::Externalize;
    [
        state.nominating && !externalized,
        state.b.is_some() && state.phase == BallotPhase::Prepare,
        state.phase == BallotPhase::Confirm,
        externalized,
    ]
}

/// The leaders that nominating nodes follow in their newest slots.
fn leaders(scene: &Scene<'_>) -> BTreeSet<NodeId> {
    let of = |node: &WorldNode| {
        let state = node.view.current_slot().map(|(_, state)| state);
        let nominating = state.filter(|state| {
            state.nominating && state.phase == BallotPhase::Prepare && state.candidates.is_empty()
        });
        nominating
            .map(|state| state.leaders.clone())
            .unwrap_or_default()
    };
    let selected = scene
        .view
        .selected
        .and_then(|id| scene.world.node(id))
        .map(of);
    match selected.filter(|leaders| !leaders.is_empty()) {
        Some(leaders) => leaders,
        None => scene
            .world
            .nodes
            .iter()
            .filter(|node| matches!(node.status, NodeStatus::Running | NodeStatus::Silent))
            .flat_map(of)
            .collect(),
    }
}

fn dashed(width_px: f32, dash_px: f32, color: Color) -> Stroke {
    Stroke {
        width_px,
        color,
        dash_px: Some(dash_px.max(1.5)),
    }
}
