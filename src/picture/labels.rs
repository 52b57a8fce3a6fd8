//! Names beside nodes, and below each name what the node stands for. Only where they can be read: no label covers a
//! node or another label.
//!
//! Absent here: the words themselves. Names are placed before second lines and by position alone, so labels stay where
//! they are while values come and go.

use super::canvas::{Anchor, Font, Point, Rect, Shape};
use super::edges;
use super::scene::Scene;
use super::text_layout;
use super::theme::{Color, DIMMED_SHARE, FONT_SMALL_PX};
use super::view_state::LabelMode;
use super::words;
use crate::scp::{NodeId, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Up to this many nodes all have names.
const ALL_UP_TO: usize = 60;
/// Most names that are tried.
const NAMES_MAX: usize = 400;
/// Widest name and widest second line in pixels.
const NAME_WIDTH_MAX_PX: f32 = 130.0;
const VALUE_WIDTH_MAX_PX: f32 = 104.0;
/// Height of a line in pixels: tighter than running text.
const LINE_PX: f32 = 15.0;
/// So far a label may reach into the gap between viewport and overlay.
const VIEWPORT_SLACK_PX: f32 = 6.0;
/// Space left and right of a label in pixels.
const PAD_PX: f32 = 3.0;
/// Opacity of the ground behind a label, so that edges do not strike it out.
const GROUND_OPACITY: f32 = 0.6;

/// A label with its place.
struct PlacedLabel {
    node: NodeId,
    name: String,
    rect: Rect,
    value_line: Option<(String, Rect)>,
}

/// All labels: grounds first, then texts.
#[must_use]
pub fn shapes(scene: &Scene<'_>) -> Vec<Shape> {
    let placed = place_labels(scene);
    let grounds = placed.iter().flat_map(|label| {
        [
            Some(label.rect),
            label.value_line.as_ref().map(|(_, rect)| *rect),
        ]
    });
    let mut shapes: Vec<Shape> = grounds
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

/// Where labels lie.
#[must_use]
pub(super) fn rects(scene: &Scene<'_>) -> Vec<Rect> {
    let rects = |label: PlacedLabel| [Some(label.rect), label.value_line.map(|(_, rect)| rect)];
    place_labels(scene)
        .into_iter()
        .flat_map(rects)
        .flatten()
        .collect()
}

/// The nodes that get a name, the most important first.
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

/// Below, right, left, above.
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

/// Second lines below the names: for all nodes, or, where they do not all fit, for those that are pointed at only.
/// Whether one fits is asked for the widest, so that the answer does not change with every vote.
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

/// What the nodes of labels stand for.
fn value_lines(scene: &Scene<'_>, placed: &[PlacedLabel]) -> Vec<Option<String>> {
    // Most nodes stand for the same few values.
    let mut texts: BTreeMap<Value, String> = BTreeMap::new();
    let mut of = |label: &PlacedLabel| {
        let node = scene.world.node(label.node)?;
        let value_line = words::value_line(&node.view, &mut |value| {
            texts
                .entry(value.clone())
                .or_insert_with(|| words::value(value))
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

/// What labels must not cover.
struct OccupiedSpace<'a> {
    scene: &'a Scene<'a>,
    /// Everything that belongs to nodes, sorted by the left edge.
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

    /// Where the label of a node at `center` may lie: a node that stands clear of the overlay keeps its label clear of
    /// it too; one that was moved under it may use the whole canvas.
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

    /// Free of nodes and labels.
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
