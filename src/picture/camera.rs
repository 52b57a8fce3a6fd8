//! Camera: the transformation between world and screen, with fitting, zooming about a point and panning.
//!
//! A camera is an immutable value; the window turns input into calls of its methods.

use super::canvas::{Point, Rect};

/// A point of the world, in the units of the scenario's positions (metres in radio scenarios).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WorldPoint {
    /// To the right.
    pub x: f64,
    /// Downwards, as on the screen.
    pub y: f64,
}

/// An axis-aligned rectangle of the world.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WorldRect {
    /// Top left.
    pub min: WorldPoint,
    /// Bottom right.
    pub max: WorldPoint,
}

impl WorldRect {
    /// The bounding box of the finite points; `None` if no point is finite.
    #[must_use]
    pub fn around(points: impl IntoIterator<Item = WorldPoint>) -> Option<WorldRect> {
        points
            .into_iter()
            .filter(|point| point.x.is_finite() && point.y.is_finite())
            .fold(None, |so_far, point| {
                let rect = so_far.unwrap_or(WorldRect {
                    min: point,
                    max: point,
                });
                Some(WorldRect {
                    min: WorldPoint {
                        x: rect.min.x.min(point.x),
                        y: rect.min.y.min(point.y),
                    },
                    max: WorldPoint {
                        x: rect.max.x.max(point.x),
                        y: rect.max.y.max(point.y),
                    },
                })
            })
    }

    /// The centre.
    #[must_use]
    pub fn center(self) -> WorldPoint {
        WorldPoint {
            x: f64::midpoint(self.min.x, self.max.x),
            y: f64::midpoint(self.min.y, self.max.y),
        }
    }
}

/// Smallest zoom, relative to the fitted view.
const ZOOM_MIN: f64 = 0.25;
/// Largest zoom, relative to the fitted view.
const ZOOM_MAX: f64 = 40.0;

/// A view of the world: the point at the centre of the canvas, and the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// The free part of the window, in logical pixels.
    canvas: Rect,
    /// The point of the world at the centre of the canvas.
    center: WorldPoint,
    /// Pixels per unit of the world.
    px_per_unit: f64,
    /// Pixels per unit in the fitted view, which has zoom 1.
    fit_px_per_unit: f64,
    /// The bounding box of the nodes, which limits panning.
    bounds: WorldRect,
    /// Whether the camera was not zoomed or panned since the last fit. It is then fitted again when nodes come and go.
    is_fitted: bool,
}

impl Camera {
    /// Fits `bounds` into `canvas`, with a margin for the outermost nodes and their labels. A world without extent has
    /// a scale of 10 pixels per unit.
    #[must_use]
    pub fn fit(bounds: WorldRect, canvas: Rect, margin_px: f32) -> Camera {
        let room = |length: f32| f64::from((length - 2.0 * margin_px).max(length * 0.2).max(1.0));
        let per = |room: f64, extent: f64| {
            if extent > 0.0 {
                room / extent
            } else {
                f64::INFINITY
            }
        };
        let scale = per(room(canvas.width()), bounds.max.x - bounds.min.x)
            .min(per(room(canvas.height()), bounds.max.y - bounds.min.y));
        let scale = if scale.is_finite() && scale > 0.0 {
            scale
        } else {
            10.0
        };
        Camera {
            canvas,
            center: bounds.center(),
            px_per_unit: scale,
            fit_px_per_unit: scale,
            bounds,
            is_fitted: true,
        }
    }

    /// This camera after the canvas or the world has changed. A fitted view stays fitted; any other keeps centre and
    /// zoom.
    #[must_use]
    pub fn refit(&self, bounds: WorldRect, canvas: Rect, margin_px: f32) -> Camera {
        let fitted = Camera::fit(bounds, canvas, margin_px);
        if self.is_fitted() {
            return fitted;
        }
        Camera {
            center: self.center,
            px_per_unit: fitted.fit_px_per_unit * self.zoom(),
            is_fitted: false,
            ..fitted
        }
        .clamped_to_bounds()
    }

    /// This camera on another canvas of the same window. Every point of the world keeps its position on the screen.
    #[must_use]
    pub fn on_canvas(&self, canvas: Rect) -> Camera {
        Camera {
            canvas,
            center: self.world_from_screen(canvas.center()),
            ..*self
        }
    }

    /// Whether the camera was not zoomed or panned since the last fit.
    #[must_use]
    pub fn is_fitted(&self) -> bool {
        self.is_fitted
    }

    /// The free part of the window.
    #[must_use]
    pub fn canvas(&self) -> Rect {
        self.canvas
    }

    /// Scale relative to the fitted view; 2 is twice as large.
    #[must_use]
    pub fn zoom(&self) -> f64 {
        self.px_per_unit / self.fit_px_per_unit
    }

    /// Pixels per unit of the world.
    #[must_use]
    pub fn px_per_unit(&self) -> f64 {
        self.px_per_unit
    }

    /// The screen position of a point of the world.
    #[must_use]
    pub fn screen_from_world(&self, world: WorldPoint) -> Point {
        let middle = self.canvas.center();
        Point {
            x: middle.x + ((world.x - self.center.x) * self.px_per_unit) as f32,
            y: middle.y + ((world.y - self.center.y) * self.px_per_unit) as f32,
        }
    }

    /// The point of the world at a screen position.
    #[must_use]
    pub fn world_from_screen(&self, screen: Point) -> WorldPoint {
        let middle = self.canvas.center();
        WorldPoint {
            x: self.center.x + f64::from(screen.x - middle.x) / self.px_per_unit,
            y: self.center.y + f64::from(screen.y - middle.y) / self.px_per_unit,
        }
    }

    /// Zooms by `factor` (above 1: in). Within the limits, the point below `screen` keeps its place.
    #[must_use]
    pub fn zoomed_about(&self, screen: Point, factor: f64) -> Camera {
        if !(factor.is_finite() && factor > 0.0) {
            return *self;
        }
        let zoom = (self.zoom() * factor).clamp(ZOOM_MIN, ZOOM_MAX);
        let fixed = self.world_from_screen(screen);
        let middle = self.canvas.center();
        let px_per_unit = self.fit_px_per_unit * zoom;
        Camera {
            px_per_unit,
            center: WorldPoint {
                x: fixed.x - f64::from(screen.x - middle.x) / px_per_unit,
                y: fixed.y - f64::from(screen.y - middle.y) / px_per_unit,
            },
            is_fitted: false,
            ..*self
        }
        .clamped_to_bounds()
    }

    /// Pans by a number of pixels: the picture follows the pointer.
    #[must_use]
    pub fn panned(&self, delta_px: Point) -> Camera {
        Camera {
            center: WorldPoint {
                x: self.center.x - f64::from(delta_px.x) / self.px_per_unit,
                y: self.center.y - f64::from(delta_px.y) / self.px_per_unit,
            },
            is_fitted: false,
            ..*self
        }
        .clamped_to_bounds()
    }

    /// Centres a point of the world.
    #[must_use]
    pub fn centered_on(&self, world: WorldPoint) -> Camera {
        Camera {
            center: world,
            is_fitted: false,
            ..*self
        }
        .clamped_to_bounds()
    }

    /// Keeps the centre inside the bounding box of the nodes, so that the user cannot lose them.
    fn clamped_to_bounds(self) -> Camera {
        let between = |at: f64, low: f64, high: f64| {
            if at.is_finite() {
                at.max(low).min(high)
            } else {
                low
            }
        };
        Camera {
            center: WorldPoint {
                x: between(self.center.x, self.bounds.min.x, self.bounds.max.x),
                y: between(self.center.y, self.bounds.min.y, self.bounds.max.y),
            },
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CANVAS: Rect = Rect::from_corners(250.0, 44.0, 1280.0, 800.0);
    const BOUNDS: WorldRect = WorldRect {
        min: WorldPoint { x: 50.0, y: 50.0 },
        max: WorldPoint { x: 950.0, y: 750.0 },
    };

    fn camera() -> Camera {
        Camera::fit(BOUNDS, CANVAS, 40.0)
    }

    #[test]
    fn fitting_leaves_exactly_the_margin() {
        let camera = camera();
        let (min, max) = (
            camera.screen_from_world(BOUNDS.min),
            camera.screen_from_world(BOUNDS.max),
        );
        assert!(min.x >= CANVAS.min.x + 39.9 && max.x <= CANVAS.max.x - 39.9);
        assert!(
            (min.y - (CANVAS.min.y + 40.0)).abs() < 0.01,
            "the tighter dimension touches the margin"
        );
        assert!((max.y - (CANVAS.max.y - 40.0)).abs() < 0.01);
        assert!(camera.is_fitted());
    }

    #[test]
    fn a_world_of_one_point_or_none_is_centred() {
        let point = WorldPoint { x: 3.0, y: 4.0 };
        let one = WorldRect::around([
            point,
            WorldPoint {
                x: f64::NAN,
                y: 0.0,
            },
        ])
        .unwrap();
        let camera = Camera::fit(one, CANVAS, 40.0);
        assert_eq!(camera.screen_from_world(point), CANVAS.center());
        assert!(WorldRect::around([]).is_none());
        assert!(
            Camera::fit(BOUNDS, Rect::default(), 40.0)
                .px_per_unit()
                .is_finite()
        );
    }

    #[test]
    fn zoom_has_limits() {
        let at = CANVAS.center();
        let near = (0..100).fold(camera(), |camera, _| camera.zoomed_about(at, 2.0));
        let far = (0..100).fold(camera(), |camera, _| camera.zoomed_about(at, 0.5));
        assert!((near.zoom() - ZOOM_MAX).abs() < 1e-9);
        assert!((far.zoom() - ZOOM_MIN).abs() < 1e-9);
        assert_eq!(camera().zoomed_about(at, f64::NAN), camera());
    }

    #[test]
    fn panning_is_limited_to_the_nodes() {
        let away = (0..1000).fold(camera(), |camera, _| {
            camera.panned(Point { x: 500.0, y: 500.0 })
        });
        let corner = away.screen_from_world(BOUNDS.min);
        assert!(
            (corner.x - CANVAS.center().x).abs() < 0.01
                && (corner.y - CANVAS.center().y).abs() < 0.01
        );
    }

    #[test]
    fn a_fitted_view_stays_fitted_and_any_other_keeps_its_zoom() {
        let wide = Rect::from_corners(0.0, 44.0, 3840.0, 2160.0);
        assert_eq!(
            camera().refit(BOUNDS, wide, 40.0),
            Camera::fit(BOUNDS, wide, 40.0)
        );
        let zoomed = camera().zoomed_about(CANVAS.center(), 3.0);
        assert!((zoomed.refit(BOUNDS, wide, 40.0).zoom() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_panel_that_opens_does_not_move_the_world() {
        let narrow = Rect::from_corners(250.0, 44.0, 980.0, 700.0);
        for before in [camera(), camera().zoomed_about(CANVAS.center(), 3.0)] {
            let after = before.on_canvas(narrow);
            assert_eq!(after.canvas(), narrow);
            assert_eq!(after.is_fitted(), before.is_fitted());
            for corner in [BOUNDS.min, BOUNDS.max] {
                let (then, now) = (
                    before.screen_from_world(corner),
                    after.screen_from_world(corner),
                );
                assert!((then.x - now.x).abs() < 0.01 && (then.y - now.y).abs() < 0.01);
            }
        }
    }

    proptest! {
        #[test]
        fn camera_transforms_are_inverse(x in 0.0f32..1280.0, y in 0.0f32..800.0, zoom in 0.3f64..20.0, dx in -300.0f32..300.0) {
            let camera = camera().zoomed_about(Point { x, y }, zoom).panned(Point { x: dx, y: 7.0 });
            let back = camera.screen_from_world(camera.world_from_screen(Point { x, y }));
            prop_assert!((back.x - x).abs() < 0.01 && (back.y - y).abs() < 0.01);
        }

        #[test]
        fn zooming_in_keeps_the_point_under_the_pointer(x in 300.0f32..1200.0, y in 90.0f32..750.0, zoom in 1.0f64..10.0) {
            let before = camera();
            let fixed = before.world_from_screen(Point { x, y });
            let inside = fixed.x >= 50.0 && fixed.x <= 950.0 && fixed.y >= 50.0 && fixed.y <= 750.0;
            prop_assume!(inside);
            let after = before.zoomed_about(Point { x, y }, zoom).screen_from_world(fixed);
            prop_assert!((after.x - x).abs() < 0.01 && (after.y - y).abs() < 0.01);
        }
    }
}
