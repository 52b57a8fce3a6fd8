//! egui style: the theme's colours and the bundled fonts.

use crate::picture::text_layout;
use crate::picture::theme::{Color, FONT_MEDIUM_PX, FONT_SMALL_PX, Theme, ThemeName};
use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    TextStyle, Visuals,
};
use std::sync::Arc;

/// Font family of headings.
pub(super) fn bold() -> FontFamily {
    FontFamily::Name("bold".into())
}

/// Heading font in the size of body text.
pub(super) fn bold_font() -> FontId {
    FontId::new(FONT_SMALL_PX, bold())
}

/// Converts a colour of the theme.
pub(super) fn color(color: Color) -> Color32 {
    Color32::from_rgba_unmultiplied(color.r, color.g, color.b, color.a)
}

/// Installs the fonts of the scene in egui.
pub(super) fn set_fonts(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    for (name, ttf) in [
        ("regular", text_layout::REGULAR_TTF),
        ("bold", text_layout::BOLD_TTF),
    ] {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(ttf)));
    }
    for (family, name) in [
        (FontFamily::Proportional, "regular"),
        (FontFamily::Monospace, "regular"),
        (bold(), "bold"),
    ] {
        fonts.families.insert(family, vec![name.to_owned()]);
    }
    ctx.set_fonts(fonts);
}

/// Applies a theme to egui.
pub(super) fn set_theme(ctx: &egui::Context, theme: &Theme) {
    let mut style = egui::Style {
        visuals: visuals(theme),
        ..egui::Style::default()
    };
    let regular = |size| FontId::new(size, FontFamily::Proportional);
    style.text_styles = [
        (TextStyle::Small, regular(FONT_SMALL_PX)),
        (TextStyle::Body, regular(FONT_SMALL_PX)),
        (TextStyle::Button, regular(FONT_SMALL_PX)),
        (TextStyle::Monospace, regular(FONT_SMALL_PX)),
        (TextStyle::Heading, FontId::new(FONT_MEDIUM_PX, bold())),
    ]
    .into();
    style.spacing.item_spacing = egui::vec2(6.0, 5.0);
    style.spacing.button_padding = egui::vec2(8.0, 4.0);
    style.spacing.interact_size.y = 26.0;
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.window_margin = Margin::same(14);
    style.spacing.scroll = egui::style::ScrollStyle::solid();
    style.spacing.scroll.bar_width = 7.0;
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    // Animations are off, so that an idle window does not redraw.
    style.animation_time = 0.0;
    ctx.set_global_style(style);
}

fn visuals(theme: &Theme) -> Visuals {
    let base = match theme.name {
        ThemeName::Dark => Visuals::dark(),
        ThemeName::Light => Visuals::light(),
    };
    let border = Stroke::new(1.0, color(theme.panel_border));
    let corner = CornerRadius::same(5);
    let widget = |fill: Color32, stroke: Stroke, text: Color| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, color(text)),
        expansion: 0.0,
    };
    let raised = color(theme.track.with_opacity(0.45).over(theme.panel));
    let hovered = color(theme.track.over(theme.panel));
    let accent = Stroke::new(1.0, color(theme.accent));
    Visuals {
        dark_mode: theme.name == ThemeName::Dark,
        widgets: Widgets {
            noninteractive: widget(color(theme.panel), border, theme.text),
            inactive: widget(raised, Stroke::NONE, theme.text),
            hovered: widget(hovered, border, theme.text),
            active: widget(hovered, accent, theme.text),
            // egui also uses this for the background of window titles.
            open: widget(raised, border, theme.text),
        },
        selection: Selection {
            bg_fill: color(theme.selected()),
            stroke: Stroke::new(1.0, color(theme.text)),
        },
        hyperlink_color: color(theme.accent),
        faint_bg_color: color(theme.track.with_opacity(0.2)),
        extreme_bg_color: color(theme.background),
        window_fill: color(theme.panel),
        panel_fill: color(theme.panel),
        window_stroke: border,
        window_corner_radius: CornerRadius::same(8),
        menu_corner_radius: CornerRadius::same(6),
        window_shadow: Shadow::NONE,
        popup_shadow: Shadow::NONE,
        text_cursor: egui::style::TextCursorStyle {
            blink: false,
            ..base.text_cursor.clone()
        },
        ..base
    }
}
