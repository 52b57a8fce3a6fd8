//! How fast virtual time runs: a value that commands change. The frame loop asks it how far a run may advance.
//!
//! Absent here: clocks. Wall time that has passed is an argument.

use super::options::StartAs;
use crate::scenario::Scenario;
use crate::time::{Span, Time};
use std::time::Duration;

/// Wall time that an ordinary message takes to fly at speed 1, in milliseconds.
const FLIGHT_WALL_MS: f64 = 750.0;
/// What counts as an ordinary message where the medium delivers at once.
const FLIGHT_MIN: Span = Span::from_ms(10);
/// Most wall time of one frame that counts: after a stall, time goes on where it was.
const FRAME_MAX: Duration = Duration::from_millis(100);
/// How much faster time runs while there is nothing to watch.
const IDLE_SPEEDUP: f64 = 6.0;
/// Speed 1 and how often it may be halved and doubled.
const HALVINGS: i32 = 4;
const DOUBLINGS: i32 = 8;

/// Whether time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlayState {
    Playing,
    Paused,
}

/// Whether there is anything to watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// Something is under way.
    Active,
    /// Nothing is: everybody waits for a timer.
    Idle,
}

/// How fast time runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Playback {
    pub(super) state: PlayState,
    /// Speed as a power of two.
    power: i32,
    /// Virtual milliseconds per wall millisecond at speed 1.
    base_rate: f64,
    /// Virtual microseconds owed that were no whole number.
    carry: f64,
}

impl Playback {
    /// For a scenario: at speed 1 an ordinary message takes three quarters of a second to fly.
    pub(super) fn new(scenario: &Scenario, start_as: StartAs) -> Playback {
        let latency = scenario.medium.latency;
        let ordinary = Span(latency.min.0 / 2 + latency.max.0 / 2).max(FLIGHT_MIN);
        let state = match start_as {
            StartAs::Playing => PlayState::Playing,
            StartAs::Paused | StartAs::PausedAt(_) => PlayState::Paused,
        };
        Playback {
            state,
            power: 0,
            base_rate: ordinary.as_ms() / FLIGHT_WALL_MS,
            carry: 0.0,
        }
    }

    /// The same speed and state for another scenario.
    pub(super) fn for_scenario(self, scenario: &Scenario) -> Playback {
        let fresh = Playback::new(scenario, StartAs::Playing);
        Playback {
            state: self.state,
            power: self.power,
            ..fresh
        }
    }

    pub(super) fn toggle(&mut self) {
        self.state = match self.state {
            PlayState::Playing => PlayState::Paused,
            PlayState::Paused => PlayState::Playing,
        };
    }

    pub(super) fn is_playing(&self) -> bool {
        self.state == PlayState::Playing
    }

    pub(super) fn slower(&mut self) {
        self.power = (self.power - 1).max(-HALVINGS);
    }

    pub(super) fn faster(&mut self) {
        self.power = (self.power + 1).min(DOUBLINGS);
    }

    pub(super) fn is_slowest(&self) -> bool {
        self.power == -HALVINGS
    }

    pub(super) fn is_fastest(&self) -> bool {
        self.power == DOUBLINGS
    }

    /// Times speed 1, such as `2×` or `1/4×`.
    pub(super) fn speed_label(&self) -> String {
        match self.power {
            0.. => format!("{}×", 1u32 << self.power),
            _ => format!("1/{}×", 1u32 << -self.power),
        }
    }

    /// Virtual milliseconds per wall millisecond.
    pub(super) fn rate(&self) -> f64 {
        self.base_rate * f64::from(self.power).exp2()
    }

    /// How far a run that is at `now` may advance after so much wall time.
    pub(super) fn target(&mut self, now: Time, wall: Duration, activity: Activity) -> Time {
        if !self.is_playing() {
            return now;
        }
        let times = match activity {
            Activity::Active => 1.0,
            Activity::Idle => IDLE_SPEEDUP,
        };
        let wall_us = wall.min(FRAME_MAX).as_secs_f64() * 1e6 * times;
        let virtual_us = wall_us * self.rate() + self.carry;
        self.carry = virtual_us.fract();
        now + Span(virtual_us as u64)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::net::{Latency, MediumSpec};
    use crate::node::view::{Application, NodeSettings};
    use crate::scenario::Placement;
    use std::sync::Arc;

    pub(in crate::window) fn scenario(min_ms: u64, max_ms: u64) -> Scenario {
        let settings = NodeSettings {
            application: Application::Log,
            min_nodes: 1,
            settle: Span::ZERO,
            refresh: Span::from_ms(1000),
            announce: Span::from_ms(1000),
            resend: Span::from_ms(1000),
            proposal_ttl: Span::from_ms(10_000),
            forget_after: None,
            relaying: Default::default(),
            relay_interval: Span::ZERO,
            choice_slots: 1,
        };
        Scenario {
            name: "test".into(),
            title: "Test".into(),
            description: String::new(),
            seed: 1,
            nodes: Vec::new(),
            area_m: (100.0, 100.0),
            placement: Placement::View,
            medium: MediumSpec {
                latency: Latency {
                    min: Span::from_ms(min_ms),
                    max: Span::from_ms(max_ms),
                },
                loss: 0.0,
                radio_range_m: None,
                links: Vec::new(),
            },
            settings: Arc::new(settings),
            events: Vec::new(),
            remarks: Vec::new(),
        }
    }

    #[test]
    fn a_message_takes_half_a_second_to_one_second_at_the_start() {
        for (min, max) in [(50, 150), (5, 20), (1000, 3000)] {
            let playback = Playback::new(&scenario(min, max), StartAs::Playing);
            let flight_wall_ms = (min + max) as f64 / 2.0 / playback.rate();
            assert!(
                (500.0..=1000.0).contains(&flight_wall_ms),
                "{flight_wall_ms}"
            );
        }
        let playback = Playback::new(&scenario(0, 0), StartAs::Playing);
        assert!(playback.rate() > 0.0);
    }

    #[test]
    fn nothing_is_lost_between_frames() {
        let mut playback = Playback::new(&scenario(50, 150), StartAs::Playing);
        let mut now = Time::ZERO;
        for _ in 0..6000 {
            now = playback.target(now, Duration::from_micros(16_667), Activity::Active);
        }
        let expected = 100_002.0 * playback.rate();
        assert!(
            (now.as_ms() - expected).abs() < 1.0,
            "{now} against {expected} ms"
        );
    }

    #[test]
    fn paused_time_stands_still_and_a_stalled_frame_is_capped() {
        let mut playback = Playback::new(&scenario(75, 75), StartAs::Paused);
        let now = Time::from_ms(5);
        assert_eq!(
            playback.target(now, Duration::from_secs(1), Activity::Active),
            now
        );
        playback.toggle();
        let after = playback
            .target(now, Duration::from_secs(60), Activity::Active)
            .since(now);
        assert!(after.as_ms() <= FRAME_MAX.as_millis() as f64 * playback.rate() + 1.0);
    }

    #[test]
    fn idle_time_runs_faster() {
        let mut playback = Playback::new(&scenario(75, 75), StartAs::Playing);
        let mut passed = |activity| {
            playback
                .target(Time::ZERO, Duration::from_millis(10), activity)
                .as_ms()
        };
        let (busy, quiet) = (passed(Activity::Active), passed(Activity::Idle));
        assert!((quiet / busy - IDLE_SPEEDUP).abs() < 0.1);
    }

    #[test]
    fn speed_is_clamped() {
        let mut playback = Playback::new(&scenario(75, 75), StartAs::Playing);
        let base_rate = playback.rate();
        assert_eq!(playback.speed_label(), "1×");
        (0..30).for_each(|_| playback.slower());
        assert!(playback.is_slowest() && (playback.rate() - base_rate / 16.0).abs() < 1e-12);
        assert_eq!(playback.speed_label(), "1/16×");
        (0..30).for_each(|_| playback.faster());
        assert!(playback.is_fastest());
        assert_eq!(playback.speed_label(), "256×");
        let other = playback.for_scenario(&scenario(750, 750));
        assert!(other.is_fastest() && (other.rate() - 256.0).abs() < 1e-9);
    }
}
