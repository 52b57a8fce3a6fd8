//! Label placement: the name of a node, and below it the value that the node supports now. No label covers a node or
//! another label.
//!
//! Names are placed before value lines and by position only, so labels do not move when values change. `crate::text`
//! formats the values.

use super::canvas::{Anchor, Font, Point, Rect, Shape};
use super::edges;
use super::scene::Scene;
use super::text_layout;
use super::theme::{Color, DIMMED_SHARE, FONT_SMALL_PX};
use super::value_chips;
use super::view_state::LabelMode;
use crate::node::view::{NodeView, Phase};
use crate::scp::{NodeId, Value};
use crate::text::{self, overlay};
use std::collections::{BTreeMap, BTreeSet};

/// Networks of up to this many nodes have a name at every node.
const ALL_UP_TO: usize = 60;
/// Largest number of names that the placement tries.
const NAMES_MAX: usize = 400;
/// Largest width of a name in pixels.
const NAME_WIDTH_MAX_PX: f32 = 130.0;
/// Largest width of a value line in pixels.
const VALUE_WIDTH_MAX_PX: f32 = 104.0;
/// Height of a line in pixels, smaller than that of running text.
const LINE_PX: f32 = 15.0;
/// Largest overlap of a label with the gap between viewport and overlay, in pixels.
const VIEWPORT_SLACK_PX: f32 = 6.0;
/// Horizontal padding of a label in pixels.
const PAD_PX: f32 = 3.0;
/// Opacity of the background of a label, which keeps it readable above edges.
const GROUND_OPACITY: f32 = 0.6;

/// A label with its rectangles.
struct PlacedLabel {
    node: NodeId,
    name: String,
    rect: Rect,
    value_line: Option<(String, Rect)>,
}

/// All labels: backgrounds first, then texts.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let placed = place_labels(scene);
    let backgrounds = placed.iter().flat_map(|label| {
        [
            Some(label.rect),
            label.value_line.as_ref().map(|(_, rect)| *rect),
        ]
    });
    let mut shapes: Vec<Shape> = backgrounds
        .flatten()
        .map(|rect| Shape::Box {
            rect,
            corner_px: 3.0,
            fill: Some(scene.theme.background.with_opacity(GROUND_OPACITY)),
            stroke: None,
        })
        .collect();
    let theme = &scene.theme;
    for label in &placed {
        let share = if scene.is_dimmed(label.node) {
            DIMMED_SHARE
        } else {
            1.0
        };
        let selected = scene.view.selected == Some(label.node);
        let font = if selected { Font::Bold } else { Font::Regular };
        shapes.push(line(&label.name, label.rect, font, theme.text.faded(share)));
        if let Some((value_line, rect)) = &label.value_line {
            shapes.push(line(
                value_line,
                *rect,
                Font::Regular,
                theme.text_dim.faded(share),
            ));
        }
    }
    shapes
}

fn line(text: &str, rect: Rect, font: Font, color: Color) -> Shape {
    Shape::Text {
        at: Point {
            x: rect.center().x,
            y: rect.max.y - LINE_PX * 0.26,
        },
        text: text.to_owned(),
        size_px: FONT_SMALL_PX,
        color,
        font,
        anchor: Anchor::Middle,
    }
}

/// The rectangles of all labels.
#[must_use]
pub(super) fn rects(scene: &Scene<'_>) -> Vec<Rect> {
    let rects = |label: PlacedLabel| [Some(label.rect), label.value_line.map(|(_, rect)| rect)];
    place_labels(scene)
        .into_iter()
        .flat_map(rects)
        .flatten()
        .collect()
}

/// The nodes to label with a name, the most important first.
fn candidates(scene: &Scene<'_>) -> Vec<NodeId> {
    let view = scene.view;
    let mut order: Vec<NodeId> = view.selected.into_iter().chain(view.hovered).collect();
    if view.labels == LabelMode::Off {
        return order;
    }
    order.extend(view.set.iter().flat_map(|set| set.members.iter().copied()));
    if view.labels == LabelMode::All || scene.geometry.count() <= ALL_UP_TO {
        order.extend(scene.geometry.nodes().map(|(id, _)| id));
    } else {
        let neighbours = view
            .selected
            .and_then(|id| scene.world.node(id))
            .map(edges::trusted);
        order.extend(neighbours.iter().flat_map(|set| set.iter().copied()));
        order.extend(scene.status.top_tier.iter().copied());
    }
    let mut seen = BTreeSet::new();
    order.retain(|id| seen.insert(*id));
    order.truncate(NAMES_MAX);
    order
}

fn place_labels(scene: &Scene<'_>) -> Vec<PlacedLabel> {
    let mut occupied = OccupiedSpace::new(scene);
    let mut placed = Vec::new();
    for id in candidates(scene) {
        let Some(center) = scene
            .geometry
            .center(id)
            .filter(|center| scene.view.canvas.contains(*center))
        else {
            continue;
        };
        let name = scene.world.name(id);
        let name = text_layout::truncated(&name, Font::Bold, FONT_SMALL_PX, NAME_WIDTH_MAX_PX)
            .into_owned();
        let width = text_layout::width_px(&name, Font::Bold, FONT_SMALL_PX) + 2.0 * PAD_PX;
        let candidate_rects = candidate_rects(scene, center, width);
        let important = scene.view.selected == Some(id) || scene.view.hovered == Some(id);
        let room = occupied.room_for(center);
        let inside = || {
            candidate_rects
                .into_iter()
                .find(|rect| room.encloses(*rect))
        };
        let free = candidate_rects
            .into_iter()
            .find(|rect| room.encloses(*rect) && occupied.is_free(*rect));
        let forced = || important.then(|| inside().unwrap_or(candidate_rects[0]));
        if let Some(rect) = free.or_else(forced) {
            occupied.labels.push(rect);
            placed.push(PlacedLabel {
                node: id,
                name,
                rect,
                value_line: None,
            });
        }
    }
    add_value_lines(scene, &mut occupied, &mut placed);
    placed
}

/// Candidate rectangles of a name: below, right of, left of and above the node.
fn candidate_rects(scene: &Scene<'_>, center: Point, width: f32) -> [Rect; 4] {
    let gap = scene.geometry.outer_radius_px() + 1.0;
    let at = |x: f32, y: f32| Rect::from_size(center.offset(x, y), width, LINE_PX);
    [
        at(-width / 2.0, gap),
        at(gap + 2.0, -LINE_PX / 2.0),
        at(-width - gap - 2.0, -LINE_PX / 2.0),
        at(-width / 2.0, -gap - LINE_PX),
    ]
}

/// Adds value lines below the names of all nodes, or, if they do not all fit, of the selected and the hovered node
/// only. The test uses the widest line, so that the result does not change with every vote.
fn add_value_lines(
    scene: &Scene<'_>,
    occupied: &mut OccupiedSpace<'_>,
    placed: &mut [PlacedLabel],
) {
    if !scene.geometry.has_rings() {
        return;
    }
    let value_lines = value_lines(scene, placed);
    let width = |value_line: &str| {
        text_layout::width_px(value_line, Font::Regular, FONT_SMALL_PX) + 2.0 * PAD_PX
    };
    let widest = value_lines
        .iter()
        .flatten()
        .map(|value_line| width(value_line))
        .fold(0.0, f32::max);
    let below = |label: &PlacedLabel, width: f32| {
        let min = Point {
            x: label.rect.center().x - width / 2.0,
            y: label.rect.max.y,
        };
        Rect::from_size(min, width, LINE_PX)
    };
    let names = occupied.labels.len();
    let all_fit = placed.iter().all(|label| {
        let rect = below(label, widest);
        let center = scene.geometry.center(label.node);
        let fits = center.is_some_and(|center| occupied.room_for(center).encloses(rect))
            && occupied.is_free(rect);
        occupied.labels.push(rect);
        fits
    });
    occupied.labels.truncate(names);
    for (label, value_line) in placed.iter_mut().zip(value_lines) {
        let is_pointed_at = [scene.view.selected, scene.view.hovered].contains(&Some(label.node));
        let Some(value_line) = value_line.filter(|_| all_fit || is_pointed_at) else {
            continue;
        };
        let rect = below(label, width(&value_line));
        let center = scene.geometry.center(label.node);
        let fits = center.is_some_and(|center| occupied.room_for(center).encloses(rect));
        if fits && occupied.is_free(rect) {
            occupied.labels.push(rect);
            label.value_line = Some((value_line, rect));
        }
    }
}

/// The value lines of the labelled nodes.
fn value_lines(scene: &Scene<'_>, placed: &[PlacedLabel]) -> Vec<Option<String>> {
    // The texts are cached, because most nodes support the same few values.
    let mut texts: BTreeMap<Value, String> = BTreeMap::new();
    let mut of = |label: &PlacedLabel| {
        let node = scene.world.node(label.node)?;
        let value_line = value_line(&node.view, &mut |value| {
            texts
                .entry(value.clone())
                .or_insert_with(|| text::value(value))
                .clone()
        })?;
        let fitted = text_layout::truncated(
            &value_line,
            Font::Regular,
            FONT_SMALL_PX,
            VALUE_WIDTH_MAX_PX,
        );
        Some(fitted.into_owned())
    };
    placed.iter().map(&mut of).collect()
}

/// The value that a node supports, and the number of its other values; from the second ballot on, with the counter.
/// `None` if it supports no value yet.
fn value_line(view: &NodeView, text_of: &mut dyn FnMut(&Value) -> String) -> Option<String> {
    let current = value_chips::current_values(view);
    let first = text_of(current.first()?);
    let value = match current.len() {
        1 => first,
        count => overlay::value_and_more(&first, count - 1),
    };
    let ballot = view.current_slot().and_then(|(_, state)| state.b.as_ref());
    let later_ballot = ballot.filter(|ballot| ballot.n > 1 && view.phase() < Phase::Externalized);
    Some(match later_ballot {
        Some(ballot) => overlay::ballot_value(ballot.n, &value),
        None => value,
    })
}

/// Nodes and labels that a new label must not cover.
struct OccupiedSpace<'a> {
    scene: &'a Scene<'a>,
    /// Bounding boxes of the nodes, sorted by their left edge.
    nodes: Vec<Rect>,
    labels: Vec<Rect>,
    radius_px: f32,
}

impl<'a> OccupiedSpace<'a> {
    fn new(scene: &'a Scene<'a>) -> OccupiedSpace<'a> {
        let around = |(_, center)| scene.geometry.outer_rect(center).inset(2.0);
        let mut nodes: Vec<Rect> = scene.geometry.nodes().map(around).collect();
        nodes.sort_by(|a, b| a.min.x.total_cmp(&b.min.x));
        OccupiedSpace {
            scene,
            nodes,
            labels: Vec::new(),
            radius_px: scene.geometry.outer_radius_px(),
        }
    }

    /// The area for the label of a node at `center`. A node inside the viewport keeps its label clear of the overlay; a
    /// node that a user moved below the overlay uses the whole canvas.
    fn room_for(&self, center: Point) -> Rect {
        let (view, viewport) = (self.scene.view, self.scene.view.viewport());
        if viewport.contains(center) {
            Rect {
                min: viewport.min.offset(-VIEWPORT_SLACK_PX, -VIEWPORT_SLACK_PX),
                max: viewport.max.offset(VIEWPORT_SLACK_PX, VIEWPORT_SLACK_PX),
            }
        } else {
            view.canvas
        }
    }

    /// Whether no node and no label overlaps the rectangle.
    fn is_free(&self, rect: Rect) -> bool {
        let widest = 2.0 * self.radius_px;
        let first = self
            .nodes
            .partition_point(|node| node.min.x < rect.min.x - widest);
        let mut near = self.nodes[first..]
            .iter()
            .take_while(|node| node.min.x < rect.max.x);
        near.all(|node| !node.overlaps(rect))
            && self.labels.iter().all(|label| !label.overlaps(rect))
    }
}
