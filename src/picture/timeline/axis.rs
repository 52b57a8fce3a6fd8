//! Time axis: the interval that the timeline shows, zooming, panning, paging, and round tick marks.
//!
//! Positions are shares of the axis; `layout.rs` converts them to pixels.

use crate::time::Time;

/// The shortest interval that can be shown, in microseconds.
pub const SPAN_MIN_US: f64 = 2_000.0;
/// The longest interval that can be shown, in microseconds: about four months.
pub const SPAN_MAX_US: f64 = 1e13;
/// A following axis turns the page when the playhead passes this share of it.
const PAGE_AT_SHARE: f64 = 0.97;
/// The position of the playhead on the new page, as a share of the axis.
const PAGE_TO_SHARE: f64 = 0.6;

/// Whether the axis follows the playhead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Follow {
    /// It turns the page when the playhead approaches its end.
    #[default]
    Playhead,
    /// It stays where the user moved it.
    Nothing,
}

/// The interval that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Start of the interval, in microseconds since the start of the run.
    pub from_us: f64,
    /// Length of the interval, in microseconds.
    pub span_us: f64,
    /// Whether the axis follows the playhead.
    pub follow: Follow,
}

impl Default for Axis {
    fn default() -> Axis {
        Axis::new(10_000_000.0)
    }
}

impl Axis {
    /// An axis from the start of the run, with this length in microseconds.
    #[must_use]
    pub fn new(span_us: f64) -> Axis {
        Axis {
            from_us: 0.0,
            span_us: span_us.clamp(SPAN_MIN_US, SPAN_MAX_US),
            follow: Follow::Playhead,
        }
    }

    /// The position of an instant: 0 at the left end, 1 at the right end.
    #[must_use]
    pub fn share_of(&self, at: Time) -> f64 {
        (at.0 as f64 - self.from_us) / self.span_us
    }

    /// The instant at a share of the axis, but not before the start of the run.
    #[must_use]
    pub fn at_share(&self, share: f64) -> Time {
        // The conversion saturates at zero.
        Time((self.from_us + share * self.span_us).round() as u64)
    }

    /// The end of the interval.
    #[must_use]
    pub fn until(&self) -> Time {
        self.at_share(1.0)
    }

    /// The axis zoomed by a factor (above 1: in). The instant at `share` keeps its position.
    #[must_use]
    pub fn zoomed_about(self, share: f64, factor: f64) -> Axis {
        let span_us = (self.span_us / factor).clamp(SPAN_MIN_US, SPAN_MAX_US);
        let from_us = (self.from_us + share * (self.span_us - span_us)).max(0.0);
        Axis {
            from_us,
            span_us,
            ..self
        }
    }

    /// The axis moved by a share of its length. It no longer follows the playhead.
    #[must_use]
    pub fn panned(self, by_share: f64) -> Axis {
        Axis {
            from_us: (self.from_us + by_share * self.span_us).max(0.0),
            follow: Follow::Nothing,
            ..self
        }
    }

    /// The page that contains the playhead, if the axis follows it.
    #[must_use]
    pub fn following(self, playhead: Time) -> Axis {
        if self.follow == Follow::Nothing {
            return self;
        }
        self.scrolled_to(playhead)
    }

    /// The page that contains an instant.
    #[must_use]
    pub fn scrolled_to(self, at: Time) -> Axis {
        let share = self.share_of(at);
        if (0.0..=PAGE_AT_SHARE).contains(&share) {
            return self;
        }
        let from_us = (at.0 as f64 - PAGE_TO_SHARE * self.span_us).max(0.0);
        Axis { from_us, ..self }
    }

    /// The step between tick marks in microseconds, and the marks. Their distance is at least `apart_share` of the
    /// axis.
    #[must_use]
    pub fn marks(&self, apart_share: f64) -> (u64, Vec<Time>) {
        let step = step_us(self.span_us * apart_share);
        let first = (self.from_us / step as f64).ceil() as u64;
        let last = ((self.from_us + self.span_us) / step as f64).floor() as u64;
        (step, (first..=last).map(|nth| Time(nth * step)).collect())
    }
}

/// The shortest round step of at least `least_us` microseconds: below a minute 1, 2 or 5 times a power of ten, above it
/// the usual numbers of minutes, hours and days.
#[must_use]
pub fn step_us(least_us: f64) -> u64 {
    const CLOCK_S: [u64; 13] = [
        60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
    ];
    let decimal = (0..8).flat_map(|power| [1, 2, 5].map(|times| times * 10u64.pow(power)));
    let below_a_minute = decimal.filter(|us| *us < 60_000_000);
    let clock = CLOCK_S.iter().map(|s| s * 1_000_000);
    let mut steps = below_a_minute.chain(clock);
    steps
        .find(|step| *step as f64 >= least_us)
        .unwrap_or_else(|| (least_us / 86.4e9).ceil() as u64 * 86_400_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_steps_are_round_numbers() {
        for (least, step) in [
            (0.5, 1),
            (3.0, 5),
            (70_000.0, 100_000),
            (5_000_001.0, 10_000_000),
            (21_000_000.0, 50_000_000),
            (51_000_000.0, 60_000_000),
            (61e6, 120_000_000),
            (4e9, 7_200_000_000),
            (3e11, 345_600_000_000),
        ] {
            assert_eq!(step_us(least), step, "{least}");
        }
    }

    #[test]
    fn tick_marks_lie_on_the_axis_at_multiples_of_the_step() {
        let axis = Axis {
            from_us: 1_234_567.0,
            ..Axis::new(7_000_000.0)
        };
        let (step, marks) = axis.marks(0.1);
        assert_eq!(
            (step, marks[0], marks.len()),
            (1_000_000, Time(2_000_000), 7)
        );
        assert!(
            marks
                .iter()
                .all(|mark| (0.0..=1.0).contains(&axis.share_of(*mark)))
        );
    }

    #[test]
    fn zooming_keeps_the_instant_under_the_pointer() {
        let axis = Axis {
            from_us: 4e6,
            ..Axis::new(2e6)
        };
        let at = axis.at_share(0.25);
        for factor in [3.0, 0.5] {
            assert!((axis.zoomed_about(0.25, factor).share_of(at) - 0.25).abs() < 1e-6);
        }
        // Zooming is limited by the start of the run and by the shortest and the longest interval.
        assert_eq!(axis.zoomed_about(0.9, 0.01).from_us, 0.0);
        assert_eq!(axis.zoomed_about(0.5, 1e12).span_us, SPAN_MIN_US);
        assert_eq!(axis.zoomed_about(0.5, 1e-12).span_us, SPAN_MAX_US);
    }

    #[test]
    fn pages_turn_with_the_playhead_until_the_user_pans() {
        let axis = Axis::new(10e6);
        assert_eq!(axis.following(Time(9_000_000)), axis);
        let turned = axis.following(Time(9_900_000));
        assert!((turned.share_of(Time(9_900_000)) - PAGE_TO_SHARE).abs() < 1e-6);
        let held = axis.panned(2.0);
        assert_eq!((held.from_us, held.following(Time(1))), (20e6, held));
        assert_eq!(held.scrolled_to(Time(1)).from_us, 0.0);
    }
}
