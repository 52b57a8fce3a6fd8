//! SVG and PNG export: the picture of the window, without a window.

use crate::analysis::{Fbas, IntersectionResult, top_tier};
use crate::cli::{RunArgs, ThemeArg};
use crate::commands::support::atomic_write::write_atomically;
use crate::commands::support::error::CommandError;
use crate::explain::availability::AvailabilityCheck;
use crate::picture::canvas::{Drawing, Point};
use crate::picture::layers;
use crate::picture::png::to_png;
use crate::picture::scene::Scene;
use crate::picture::svg::{Fonts, to_svg};
use crate::picture::theme::ThemeName;
use crate::picture::view_state::{PlaybackState, QuorumIntersection, RunStatus, ViewState};
use crate::trace::World;
use std::sync::Arc;

/// Writes the pictures requested by `--svg` and `--png`.
///
/// # Errors
/// If a file cannot be written.
pub(in crate::commands) fn write_images(
    args: &RunArgs,
    world: &World,
    intersection: IntersectionResult,
) -> Result<(), CommandError> {
    let drawing = drawing(args, world, intersection);
    if let Some(path) = &args.svg {
        write_atomically(path, to_svg(&drawing, Fonts::Embedded).as_bytes())?;
    }
    if let Some(path) = &args.png {
        let png = to_png(&drawing, 1.0).map_err(|why| CommandError::Input(why.to_string()))?;
        write_atomically(path, &png)?;
    }
    Ok(())
}

/// Whether [`write_images`] writes anything.
#[must_use]
pub(in crate::commands) fn wants_images(args: &RunArgs) -> bool {
    args.svg.is_some() || args.png.is_some()
}

fn drawing(args: &RunArgs, world: &World, intersection: IntersectionResult) -> Drawing {
    let size_px = Point {
        x: args.size.0 as f32,
        y: args.size.1 as f32,
    };
    let mut view = ViewState::for_file(world, size_px);
    view.theme = theme_name(args.theme);
    let fbas = Fbas::new(world.quorum_sets());
    let status = RunStatus {
        playback: PlaybackState::Finished,
        quorums: quorums(intersection),
        availability: Some(AvailabilityCheck::new(world).for_all()),
        top_tier: Arc::new(top_tier(&fbas).into_iter().collect()),
        ..RunStatus::default()
    };
    layers::drawing(&Scene::new(world, &view, &status))
}

fn quorums(verdict: IntersectionResult) -> QuorumIntersection {
    match verdict {
        IntersectionResult::Intersecting => QuorumIntersection::Intersect,
        IntersectionResult::Disjoint(one, other) => QuorumIntersection::Disjoint(one, other),
        IntersectionResult::NoQuorum => QuorumIntersection::NoQuorum,
        IntersectionResult::Unknown => QuorumIntersection::Unknown,
    }
}

/// Converts the argument of `--theme`.
#[must_use]
pub(in crate::commands) fn theme_name(arg: ThemeArg) -> ThemeName {
    match arg {
        ThemeArg::Dark => ThemeName::Dark,
        ThemeArg::Light => ThemeName::Light,
    }
}
