//! Value chips: a colour and a pattern for each current value of the network.

use super::canvas::{Point, Rect, Shape, Stroke};
use super::theme::{Color, Theme};
use crate::node::view::{NodeView, proposals_in};
use crate::scp::{SlotState, Value};
use crate::trace::World;
use std::collections::BTreeMap;

/// Side of a chip in pixels.
pub const CHIP_PX: f32 = 10.0;
/// Largest number of chips beside a node.
pub const CHIPS_MAX: usize = 3;

/// The pattern of a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Filled.
    Solid,
    /// A frame.
    Frame,
    /// Filled below, a frame above.
    Half,
    /// A frame with a filled centre.
    Dot,
    /// Three bars.
    Bars,
    /// Two diagonals in a frame.
    Cross,
}

const PATTERNS: [Pattern; 6] = [
    Pattern::Solid,
    Pattern::Frame,
    Pattern::Half,
    Pattern::Dot,
    Pattern::Bars,
    Pattern::Cross,
];
const COLORS: usize = 8;
/// Values that are named after a colour, in the order of [`Theme::named_values`]. Colours that are hard to distinguish
/// for some people differ in their pattern.
const NAMED: [(&str, Pattern); 9] = [
    ("red", Pattern::Solid),
    ("blue", Pattern::Bars),
    ("green", Pattern::Frame),
    ("yellow", Pattern::Half),
    ("orange", Pattern::Dot),
    ("white", Pattern::Solid),
    ("black", Pattern::Solid),
    ("purple", Pattern::Cross),
    ("pink", Pattern::Half),
];
/// Chips with less contrast on the background have an outline.
const CONTRAST_MIN: f32 = 3.0;
/// Number of styles; with more current values, some share a style.
const STYLES: usize = COLORS * PATTERNS.len();

/// The colour and pattern of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChipStyle {
    index: usize,
}

impl ChipStyle {
    /// The style in the legend.
    #[must_use]
    pub fn example() -> ChipStyle {
        ChipStyle { index: 2 }
    }

    /// The style of a value that is named after a colour.
    fn named(value: &Value) -> Option<ChipStyle> {
        let nth = |text: &str| NAMED.iter().position(|(name, _)| *name == text);
        let found = match value.as_bytes() {
            [b'[', ..] => {
                let proposals = proposals_in(value)?;
                let only = proposals.values().next().filter(|_| proposals.len() == 1)?;
                nth(&only.content.to_string())
            }
            bytes => nth(std::str::from_utf8(bytes).ok()?),
        };
        found.map(|nth| ChipStyle {
            index: STYLES + nth,
        })
    }

    /// The pattern of the chip.
    #[must_use]
    pub fn pattern(self) -> Pattern {
        if let Some((_, pattern)) = self.index.checked_sub(STYLES).map(|nth| NAMED[nth]) {
            return pattern;
        }
        // Consecutive numbers differ in colour and in pattern.
        PATTERNS[(self.index / COLORS + self.index % COLORS) % PATTERNS.len()]
    }

    /// The colour of the chip.
    #[must_use]
    pub fn color(self, theme: &Theme) -> Color {
        match self.index.checked_sub(STYLES) {
            Some(named) => theme.named_values[named],
            None => theme.values[self.index % COLORS],
        }
    }

    /// The index (0 or 1) of the phase colour in the classic palette.
    #[must_use]
    pub fn parity(self) -> usize {
        self.index % 2
    }

    /// Draws the chip around a point.
    pub fn chip(self, center: Point, side_px: f32, theme: &Theme, out: &mut Vec<Shape>) {
        let color = self.color(theme);
        let edge = if color.contrast(theme.background) < CONTRAST_MIN {
            theme.text_dim
        } else {
            theme.background
        };
        let rect = Rect::from_size(center, 0.0, 0.0).inset(-side_px / 2.0);
        let filled = |rect: Rect| Shape::Box {
            rect,
            corner_px: 1.0,
            fill: Some(color),
            stroke: None,
        };
        let frame = Shape::Box {
            rect: rect.inset(0.75),
            corner_px: 2.0,
            fill: Some(theme.background),
            stroke: Some(Stroke::solid(1.5, color)),
        };
        match self.pattern() {
            Pattern::Solid => out.push(Shape::Box {
                rect,
                corner_px: 2.0,
                fill: Some(color),
                stroke: Some(Stroke::solid(1.0, edge)),
            }),
            Pattern::Frame => out.push(frame),
            Pattern::Half => {
                let lower = Rect::from_corners(rect.min.x, center.y, rect.max.x, rect.max.y);
                out.extend([frame, filled(lower)]);
            }
            Pattern::Dot => out.extend([frame, filled(rect.inset(side_px * 0.32))]),
            Pattern::Bars => out.extend((0..3).map(|bar| {
                let x = rect.min.x + side_px * bar as f32 * 0.375;
                filled(Rect::from_corners(
                    x,
                    rect.min.y,
                    x + side_px * 0.25,
                    rect.max.y,
                ))
            })),
            Pattern::Cross => {
                let line = |from: Point, to: Point| Shape::Line {
                    points: vec![from, to],
                    stroke: Stroke::solid(1.5, color),
                };
                let (a, b) = (rect.min.offset(1.0, 1.0), rect.max.offset(-1.0, -1.0));
                let (c, d) = (Point { x: a.x, y: b.y }, Point { x: b.x, y: a.y });
                out.extend([frame, line(a, b), line(c, d)]);
            }
        }
    }
}

/// The styles of all current values: those that nodes support and those decided in the two newest slots. They depend
/// only on the world at one instant, so the window and an image file use the same styles.
#[derive(Clone, Debug, Default)]
pub struct ChipStyles {
    by_value: BTreeMap<Value, ChipStyle>,
}

impl ChipStyles {
    /// Assigns a style to each current value.
    #[must_use]
    pub fn of(world: &World) -> ChipStyles {
        let mut chip_styles = ChipStyles::default();
        for node in &world.nodes {
            for value in current_values(&node.view) {
                chip_styles.note(value);
            }
        }
        for summary in world.slots().values().rev().take(2) {
            for (_, value) in summary.decided.values() {
                chip_styles.note(value);
            }
        }
        chip_styles.assign();
        chip_styles
    }

    /// The style of a value. A value that is not current has its preferred style.
    #[must_use]
    pub fn style_of(&self, value: &Value) -> ChipStyle {
        let of_its_own = || {
            ChipStyle::named(value).unwrap_or(ChipStyle {
                index: preferred(value),
            })
        };
        self.by_value.get(value).copied().unwrap_or_else(of_its_own)
    }

    fn note(&mut self, value: &Value) {
        if !self.by_value.contains_key(value) {
            self.by_value.insert(value.clone(), ChipStyle { index: 0 });
        }
    }

    /// Assigns to each value the colour of its name, its preferred style, or the next free style.
    fn assign(&mut self) {
        let mut taken = [false; STYLES];
        for (value, style) in &mut self.by_value {
            if let Some(named) = ChipStyle::named(value) {
                *style = named;
                continue;
            }
            let first = preferred(value);
            let free = (first..first + STYLES)
                .map(|at| at % STYLES)
                .find(|at| !taken[*at]);
            style.index = free.unwrap_or(first);
            taken[style.index] = true;
        }
    }
}

/// The preferred style of a value: the digit for a single digit, otherwise a hash (FNV-1a).
fn preferred(value: &Value) -> usize {
    match value.as_bytes() {
        [digit @ b'0'..=b'9'] => usize::from(digit - b'0'),
        bytes => {
            let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
            ((hash >> 32) % STYLES as u64) as usize
        }
    }
}

/// The values that a node supports now, in ascending order: its decision, or else the value of its ballot, its
/// candidates, its accepted nominations, or its votes.
pub fn current_values(view: &NodeView) -> Vec<&Value> {
    let decided = view.log.last();
    match view.current_slot() {
        Some((slot, state)) if decided.is_none_or(|entry| slot > entry.slot) => {
            current_values_in(state)
        }
        _ => decided.map(|entry| &entry.value).into_iter().collect(),
    }
}

fn current_values_in(state: &SlotState) -> Vec<&Value> {
    if let Some(value) = state
        .externalized
        .as_ref()
        .or(state.b.as_ref().map(|ballot| &ballot.x))
    {
        return vec![value];
    }
    [&state.candidates, &state.accepted, &state.voted]
        .into_iter()
        .find(|values| !values.is_empty())
        .map_or_else(Vec::new, |values| values.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::super::theme::{PaletteName, ThemeName};
    use super::*;
    use std::collections::BTreeSet;

    fn chip_styles(texts: &[String]) -> ChipStyles {
        let mut chip_styles = ChipStyles::default();
        for text in texts {
            chip_styles.note(&Value::from(text.as_str()));
        }
        chip_styles.assign();
        chip_styles
    }

    #[test]
    fn current_values_have_distinct_styles() {
        let texts: Vec<String> = (0..STYLES).map(|n| format!("value {n}")).collect();
        let chip_styles = chip_styles(&texts);
        let seen: BTreeSet<(usize, Pattern)> = chip_styles
            .by_value
            .values()
            .map(|style| (style.index % COLORS, style.pattern()))
            .collect();
        assert_eq!(seen.len(), STYLES);
    }

    #[test]
    fn more_values_than_styles_are_accepted() {
        let texts: Vec<String> = (0..3 * STYLES).map(|n| format!("value {n}")).collect();
        assert_eq!(chip_styles(&texts).by_value.len(), 3 * STYLES);
    }

    #[test]
    fn values_named_after_a_colour_have_that_colour() {
        let theme = Theme::new(ThemeName::Dark, PaletteName::OkabeIto);
        let names = NAMED.map(|(name, _)| name.to_owned());
        let chip_styles = chip_styles(&names);
        let mut seen = BTreeSet::new();
        for (nth, name) in names.iter().enumerate() {
            let note = format!(
                r#"[{{"id":{{"origin":"GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF","nth":1}},"content":{{"note":"{name}"}}}}]"#
            );
            for value in [Value::from(name.as_str()), Value::from(note.as_str())] {
                assert_eq!(
                    chip_styles.style_of(&value).color(&theme),
                    theme.named_values[nth]
                );
            }
            let color = theme.named_values[nth];
            seen.insert((color.r, color.g, color.b));
        }
        assert_eq!(seen.len(), NAMED.len());
    }

    #[test]
    fn digits_have_distinct_styles() {
        let chip_styles = chip_styles(&["0".to_owned(), "1".to_owned()]);
        assert_eq!(chip_styles.style_of(&Value::from("0")).parity(), 0);
        assert_eq!(chip_styles.style_of(&Value::from("1")).parity(), 1);
    }
}
