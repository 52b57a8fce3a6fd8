//! Theme: all colours and sizes of the picture, for the dark and the light theme. No other file has colour literals.
//!
//! `nodes.rs` chooses the colour of a node.

pub use super::color::Color;

const BLACK: Color = Color::rgb(0x00_00_00);
const WHITE: Color = Color::rgb(0xFF_FF_FF);

/// The dark theme for screens or the light theme for print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ThemeName {
    /// Light on dark.
    #[default]
    Dark,
    /// Dark on white.
    Light,
}

/// The colours of the phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PaletteName {
    /// The palette of Okabe and Ito, which suits every kind of colour vision.
    #[default]
    OkabeIto,
    /// Grey before accept; then one colour for each of two values.
    Classic,
}

/// The fill of a node by phase. Accept and confirm have two colours, for even and odd values; in the palette of Okabe
/// and Ito both are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseColors {
    /// The node takes part in no slot.
    pub idle: Color,
    /// It has voted to nominate a value.
    pub nominate: Color,
    /// It has accepted a statement.
    pub accept: [Color; 2],
    /// It has confirmed a statement, or externalized.
    pub confirm: [Color; 2],
}

const OKABE_ITO: PhaseColors = PhaseColors {
    idle: Color::rgb(0x9A_A0_A6),
    nominate: Color::rgb(0xE6_9F_00),
    accept: [Color::rgb(0x56_B4_E9); 2],
    confirm: [Color::rgb(0x00_9E_73); 2],
};

const CLASSIC: PhaseColors = PhaseColors {
    idle: Color::rgb(0x78_78_78),
    nominate: Color::rgb(0x9C_9C_9C),
    accept: [Color::rgb(0x34_98_DB), Color::rgb(0xF3_9C_12)],
    confirm: [Color::rgb(0x9B_59_B6), Color::rgb(0x2E_CC_71)],
};

/// The colours of value chips, distinct from those of the phases. Patterns distinguish more than eight values.
const VALUES: [Color; 8] = [
    Color::rgb(0x9B_7B_FF),
    Color::rgb(0xF0_E4_42),
    Color::rgb(0xE8_6B_B4),
    Color::rgb(0x4A_6C_F7),
    Color::rgb(0xE5_48_4D),
    Color::rgb(0xB5_83_57),
    Color::rgb(0xB8_E3_4A),
    Color::rgb(0xE8_EA_ED),
];

/// [`VALUES`], darker, for a white background.
const VALUES_ON_WHITE: [Color; 8] = [
    Color::rgb(0x6E_4B_D8),
    Color::rgb(0x8C_80_00),
    Color::rgb(0xB0_3A_8A),
    Color::rgb(0x2F_4F_D0),
    Color::rgb(0xC0_26_2D),
    Color::rgb(0x8A_5A_2B),
    Color::rgb(0x5F_7F_00),
    Color::rgb(0x3C_43_4D),
];

/// The colours of values that are named after a colour: red, blue, green, yellow, orange, white, black, purple, pink.
const NAMED_VALUES: [Color; 9] = [
    Color::rgb(0xE5_48_4D),
    Color::rgb(0x3E_7B_FA),
    Color::rgb(0x4C_C2_4A),
    Color::rgb(0xF0_E4_42),
    Color::rgb(0xF0_8C_00),
    WHITE,
    BLACK,
    Color::rgb(0xA3_67_DC),
    Color::rgb(0xF4_8F_C0),
];

/// [`NAMED_VALUES`] for a white background.
const NAMED_VALUES_ON_WHITE: [Color; 9] = [
    Color::rgb(0xC0_26_2D),
    Color::rgb(0x1F_5F_D6),
    Color::rgb(0x2E_8B_2E),
    Color::rgb(0x9C_88_00),
    Color::rgb(0xC8_6A_00),
    WHITE,
    BLACK,
    Color::rgb(0x7A_3D_B8),
    Color::rgb(0xD6_58_9A),
];

/// All colours of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The name of this theme.
    pub name: ThemeName,
    /// The palette of the phases.
    pub palette: PaletteName,
    /// Background of the picture.
    pub background: Color,
    /// Background of panels.
    pub panel: Color,
    /// Border of panels.
    pub panel_border: Color,
    /// Primary text.
    pub text: Color,
    /// Secondary text.
    pub text_dim: Color,
    /// Active tool, current row, selected edges.
    pub accent: Color,
    /// Success, as text or icon.
    pub good: Color,
    /// Warning, as text or icon.
    pub warning: Color,
    /// Error, as text or icon.
    pub bad: Color,
    /// Fill of nodes.
    pub phases: PhaseColors,
    /// Thin rim of healthy nodes, for contrast of light fills on white.
    pub node_rim: Color,
    /// Ring around the selected node.
    pub selection: Color,
    /// Rim of ill-behaved nodes.
    pub ill_behaved: Color,
    /// Rim of befouled nodes.
    pub befouled: Color,
    /// Outline of crashed nodes.
    pub crashed: Color,
    /// The inactive part of a ring or bar.
    pub track: Color,
    /// Decided slots in the timeline: not the colour of a confirmed value, so that open slots stand out.
    pub decided: Color,
    /// Timer arc.
    pub timer: Color,
    /// Crown of a leader of the round.
    pub crown: Color,
    /// Trust edges, before their opacity.
    pub edge: Color,
    /// Radio reach, before its opacity.
    pub reach: Color,
    /// Rings of discovery broadcasts, and beacons.
    pub ring: Color,
    /// Messages that vote.
    pub vote: Color,
    /// Messages that accept.
    pub accept: Color,
    /// Messages that carry a proposal.
    pub proposal: Color,
    /// Queries and replies about trust and catching up, and discovery messages.
    pub service: Color,
    /// Chunks of a file.
    pub file: Color,
    /// Value chips.
    pub values: [Color; 8],
    /// Chips of values that are named after a colour: red, blue, green, yellow, orange, white, black, purple, pink.
    pub named_values: [Color; 9],
    /// Centre of small externalized nodes.
    pub externalized_middle: Color,
}

const DARK: Theme = Theme {
    name: ThemeName::Dark,
    palette: PaletteName::OkabeIto,
    background: Color::rgb(0x12_14_18),
    panel: Color::rgb(0x1A_1D_23),
    panel_border: Color::rgb(0x30_35_3E),
    text: Color::rgb(0xE8_EA_ED),
    text_dim: Color::rgb(0xA7_AD_B7),
    accent: Color::rgb(0x6C_BE_F0),
    good: Color::rgb(0x2F_C0_95),
    warning: Color::rgb(0xF0_B4_3C),
    bad: Color::rgb(0xFF_86_4A),
    phases: OKABE_ITO,
    node_rim: Color::rgb(0x12_14_18),
    selection: Color::rgb(0xFF_FF_FF),
    ill_behaved: Color::rgb(0xD5_5E_00),
    befouled: Color::rgb(0xCC_79_A7),
    crashed: Color::rgb(0x9A_A0_A6),
    track: Color::rgb(0x3A_40_4A),
    decided: Color::rgb(0x00_7A_58),
    timer: Color::rgb(0x8A_93_A0),
    crown: Color::rgb(0xF0_E4_42),
    edge: Color::rgb(0xC8_CD_D4),
    reach: Color::rgb(0x56_B4_E9),
    ring: Color::rgb(0x6C_BE_F0),
    vote: Color::rgb(0xE6_9F_00),
    accept: Color::rgb(0x56_B4_E9),
    proposal: Color::rgb(0xF0_E4_42),
    service: Color::rgb(0x9A_A0_A6),
    file: Color::rgb(0xCC_79_A7),
    values: VALUES,
    named_values: NAMED_VALUES,
    externalized_middle: WHITE,
};

const LIGHT: Theme = Theme {
    name: ThemeName::Light,
    palette: PaletteName::OkabeIto,
    background: Color::rgb(0xFF_FF_FF),
    panel: Color::rgb(0xF6_F7_F9),
    panel_border: Color::rgb(0xD5_D9_DF),
    text: Color::rgb(0x1B_1F_24),
    text_dim: Color::rgb(0x56_5D_68),
    accent: Color::rgb(0x00_5F_96),
    good: Color::rgb(0x00_6B_4E),
    warning: Color::rgb(0x84_57_00),
    bad: Color::rgb(0xB0_46_00),
    phases: OKABE_ITO,
    node_rim: Color::rgb(0x3C_43_4D),
    selection: Color::rgb(0x00_00_00),
    ill_behaved: Color::rgb(0xD5_5E_00),
    befouled: Color::rgb(0xB0_5A_8A),
    crashed: Color::rgb(0x7A_81_8B),
    track: Color::rgb(0xD5_D9_DF),
    decided: Color::rgb(0x00_5A_41),
    timer: Color::rgb(0x6A_73_80),
    crown: Color::rgb(0xA8_6E_00),
    edge: Color::rgb(0x1E_23_2A),
    reach: Color::rgb(0x00_72_B2),
    ring: Color::rgb(0x00_72_B2),
    vote: Color::rgb(0xB8_7A_00),
    accept: Color::rgb(0x2B_8C_C4),
    proposal: Color::rgb(0x84_57_00),
    service: Color::rgb(0x7A_81_8B),
    file: Color::rgb(0xB0_5A_8A),
    values: VALUES_ON_WHITE,
    named_values: NAMED_VALUES_ON_WHITE,
    externalized_middle: WHITE,
};

impl Theme {
    /// Background of a selected element of a panel. Its text has the colour [`Theme::text`].
    #[must_use]
    pub fn selected(&self) -> Color {
        self.accent.with_opacity(0.35).over(self.panel)
    }

    /// A theme with a palette.
    #[must_use]
    pub const fn new(name: ThemeName, palette: PaletteName) -> Theme {
        let theme = match name {
            ThemeName::Dark => DARK,
            ThemeName::Light => LIGHT,
        };
        let phases = match palette {
            PaletteName::OkabeIto => OKABE_ITO,
            PaletteName::Classic => CLASSIC,
        };
        Theme {
            palette,
            phases,
            ..theme
        }
    }

    /// `color` as a sign without a rim: with the contrast of [`SIGN_CONTRAST`] on the background.
    #[must_use]
    pub fn sign(&self, color: Color) -> Color {
        color.readable_on(self.background, SIGN_CONTRAST)
    }

    /// The fill of a node in this colour that does not vote yet: paler, but visible on the background.
    #[must_use]
    pub fn not_ready(&self, fill: Color) -> Color {
        let pale = fill.faded(NOT_READY_SHARE).over(self.background);
        if self.node_rim.contrast(self.background) >= SIGN_CONTRAST {
            return pale;
        }
        self.sign(pale)
    }

    /// Black or white, the one with the higher contrast on `fill`.
    #[must_use]
    pub fn ink_on(&self, fill: Color) -> Color {
        if BLACK.contrast(fill) >= WHITE.contrast(fill) {
            BLACK
        } else {
            WHITE
        }
    }
}

/// Least contrast of signs (WCAG 2.1, success criterion 1.4.11).
pub const SIGN_CONTRAST: f32 = 3.0;
/// Opacity of the fill of a node that does not vote yet.
const NOT_READY_SHARE: f32 = 0.45;

/// Font size of running text and labels, in pixels; the smallest one.
pub const FONT_SMALL_PX: f32 = 13.0;
/// Font size of the caption, of banners and of glyphs in nodes, in pixels.
pub const FONT_MEDIUM_PX: f32 = 16.0;
/// Font size of glyphs in enlarged nodes, in pixels.
pub const FONT_LARGE_PX: f32 = 24.0;
/// All font sizes. They are few, because glyph caches are small.
pub const FONT_SIZES_PX: [f32; 3] = [FONT_SMALL_PX, FONT_MEDIUM_PX, FONT_LARGE_PX];

/// Height of a line of [`FONT_SMALL_PX`] in pixels.
pub const LINE_HEIGHT_PX: f32 = 19.0;
/// Height of the window's toolbar, in pixels.
pub const TOOLBAR_HEIGHT_PX: f32 = 44.0;
/// Margin of the overlay and gap between its panels, in pixels.
pub const GAP_PX: f32 = 12.0;
/// Padding of panels, in pixels.
pub const PADDING_PX: f32 = 10.0;
/// Radius of the corners of panels, in pixels.
pub const CORNER_PX: f32 = 6.0;

/// Radius of a node in pixels at zoom 1, by the number of nodes: 14 up to 30, 9 at 90, 4 from 1,000 on, with
/// logarithmic interpolation between them.
#[must_use]
pub fn node_radius_px(nodes: usize) -> f32 {
    const STEPS: [(f32, f32); 3] = [(30.0, 14.0), (90.0, 9.0), (1000.0, 4.0)];
    let count = (nodes as f32).clamp(STEPS[0].0, STEPS[2].0);
    let [(from, large), (to, small)] = if count <= STEPS[1].0 {
        [STEPS[0], STEPS[1]]
    } else {
        [STEPS[1], STEPS[2]]
    };
    large + (small - large) * (count / from).ln() / (to / from).ln()
}

/// Radius of a message, as a share of a node's.
pub const MESSAGE_SHARE: f32 = 0.35;
/// Smallest radius of a node, in pixels, that has a glyph.
pub const GLYPH_RADIUS_PX: f32 = 10.0;
/// Smallest radius of a node, in pixels, that has the ring of quarters and the timer arc.
pub const RING_RADIUS_PX: f32 = 9.0;

/// Opacity of a trust edge in a sparse graph, with a contrast of 3:1 for projectors.
pub const EDGE_OPACITY_SPARSE: f32 = 0.5;
/// Opacity of a trust edge in a dense graph, outside the top tier.
pub const EDGE_OPACITY_DENSE: f32 = 0.07;
/// Smallest opacity of a trust edge within the top tier.
pub const EDGE_OPACITY_CORE: f32 = 0.25;
/// Opacity of the trust edges of the selected node.
pub const EDGE_OPACITY_SELECTED: f32 = 0.9;
/// Opacity of everything outside the highlighted set.
pub const DIMMED_SHARE: f32 = 0.25;

#[cfg(test)]
mod tests;
