//! `Playback`: play, pause and speed of a watched run, as one value that commands change.
//!
//! At speed 1, a message of average latency is shown in flight for 0.75 s. The opening is faster: discovery is shown in
//! about two seconds, so that a viewer sees the first vote soon. Elapsed wall time is an argument.

use super::scenario_choice::StartAs;
use crate::scenario::{Action, Scenario};
use crate::time::{Span, Time};
use std::time::Duration;

/// Wall time for which a message of average latency is shown in flight at speed 1, in milliseconds.
const FLIGHT_WALL_MS: f64 = 750.0;
/// Lower bound of the average latency: some media deliver without delay.
const FLIGHT_MIN: Span = Span::from_ms(10);
/// Upper bound of the frame time, so that a stalled frame does not make the run jump ahead.
pub(super) const FRAME_MAX: Duration = Duration::from_millis(100);
/// How much faster time runs while nothing is in flight.
const IDLE_SPEEDUP: f64 = 6.0;
/// How often speed 1 can be halved.
const HALVINGS: i32 = 4;
/// How often speed 1 can be doubled.
const DOUBLINGS: i32 = 8;
/// Wall time of the opening.
const OPENING_WALL: Duration = Duration::from_millis(2_000);
/// The part of this wall time that is reserved for reaching the first proposal in time.
const OPENING_RESERVE: Duration = Duration::from_millis(600);
/// How much faster than speed 1 messages fly in the opening.
const OPENING_SPEEDUP: f64 = 4.0;
/// Expected duration of discovery, in flights of the slowest message.
const DISCOVERY_FLIGHTS: u64 = 8;

/// How far a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepGrain {
    /// To the next event other than housekeeping.
    Event,
    /// To the next transition of SCP at any node.
    Transition,
    /// To the first decision of the next slot.
    Slot,
}

/// One change of what is shown and of how fast time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackCommand {
    /// Pauses a playing run, plays a paused one.
    TogglePlay,
    /// Plays.
    Play,
    /// Pauses.
    Pause,
    /// Pauses and goes forward.
    Step(StepGrain),
    /// Pauses and goes back to the previous event.
    StepBack,
    /// Pauses and shows an instant, or the nearest one that can be shown.
    Seek(Time),
    /// Returns to the latest instant and to the play state before the first seek.
    ReturnToLatest,
    /// Halves the speed.
    Slower,
    /// Doubles the speed.
    Faster,
}

/// Whether the run is playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlayState {
    Playing,
    Paused,
}

/// Whether messages are in flight, which decides how fast time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// Messages are in flight.
    Active,
    /// All nodes wait for timers.
    Idle,
}

/// The beginning of a run, up to its first proposal.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Opening {
    until: Time,
    /// Wall time that is left for the opening.
    wall_left: Duration,
}

/// Play state and speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    state: PlayState,
    /// Speed as a power of two.
    power: i32,
    /// Virtual time per wall time at speed 1.
    base_rate: f64,
    /// Fraction of a virtual microsecond that remains from earlier frames.
    carry: f64,
    opening: Option<Opening>,
}

impl Playback {
    /// Playback at speed 1 for the latency of `scenario`.
    #[must_use]
    pub fn new(scenario: &Scenario, start_as: StartAs) -> Playback {
        let latency = scenario.medium.latency;
        let ordinary = Span(latency.min.0 / 2 + latency.max.0 / 2).max(FLIGHT_MIN);
        let (state, opening) = match start_as {
            StartAs::Playing => (PlayState::Playing, Some(Opening::of(scenario))),
            StartAs::Paused => (PlayState::Paused, Some(Opening::of(scenario))),
            StartAs::PausedAt(_) => (PlayState::Paused, None),
        };
        Playback {
            state,
            power: 0,
            base_rate: ordinary.as_ms() / FLIGHT_WALL_MS,
            carry: 0.0,
            opening,
        }
    }

    /// The same speed and play state for another scenario, with the opening of that scenario.
    #[must_use]
    pub fn for_scenario(self, scenario: &Scenario) -> Playback {
        Playback {
            state: self.state,
            power: self.power,
            ..Playback::new(scenario, StartAs::Playing)
        }
    }

    /// Whether the run is playing.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.state == PlayState::Playing
    }

    /// Whether the speed cannot be halved again.
    #[must_use]
    pub fn is_slowest(&self) -> bool {
        self.power == -HALVINGS
    }

    /// Whether the speed cannot be doubled again.
    #[must_use]
    pub fn is_fastest(&self) -> bool {
        self.power == DOUBLINGS
    }

    /// The speed as a multiple of speed 1: two to the power of this number.
    #[must_use]
    pub fn speed_power(&self) -> i32 {
        self.power
    }

    /// Virtual time that passes per unit of wall time at the chosen speed.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.base_rate * f64::from(self.power).exp2()
    }

    pub(super) fn state(&self) -> PlayState {
        self.state
    }

    pub(super) fn set_state(&mut self, state: PlayState) {
        self.state = state;
    }

    pub(super) fn toggle(&mut self) {
        self.state = match self.state {
            PlayState::Playing => PlayState::Paused,
            PlayState::Paused => PlayState::Playing,
        };
    }

    pub(super) fn slower(&mut self) {
        self.power = (self.power - 1).max(-HALVINGS);
    }

    pub(super) fn faster(&mut self) {
        self.power = (self.power + 1).min(DOUBLINGS);
    }

    pub(super) fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// Ends the opening, because the viewer seeks or voting has begun.
    pub(super) fn end_opening(&mut self) {
        self.opening = None;
    }

    /// The instant to show after another `wall` of wall time, for a run that shows `now`.
    pub(super) fn target(&mut self, now: Time, wall: Duration, activity: Activity) -> Time {
        if !self.is_playing() {
            return now;
        }
        let wall = wall.min(FRAME_MAX);
        let speedup = match activity {
            Activity::Active => 1.0,
            Activity::Idle => IDLE_SPEEDUP,
        };
        let normal = self.rate() * speedup;
        let opening = self.opening.as_mut();
        let rate =
            match opening.and_then(|opening| opening.rate(now, wall, activity, self.base_rate)) {
                Some(rate) => rate.max(normal),
                None => {
                    self.opening = None;
                    normal
                }
            };
        let virtual_us = wall.as_secs_f64() * 1e6 * rate + self.carry;
        self.carry = virtual_us.fract();
        now + Span(virtual_us as u64)
    }
}

impl Opening {
    /// The opening of a scenario: up to its first proposal, or as long as discovery is expected to take.
    fn of(scenario: &Scenario) -> Opening {
        let mut events = scenario.events.iter();
        let proposal = events.find(|(_, action)| matches!(action, Action::Propose { .. }));
        let flights = Span(
            scenario
                .medium
                .latency
                .max
                .0
                .saturating_mul(DISCOVERY_FLIGHTS),
        );
        let until = proposal.map_or(
            Time::ZERO + flights + scenario.settings.settle,
            |(at, _)| *at,
        );
        Opening {
            until,
            wall_left: OPENING_WALL,
        }
    }

    /// The rate of the next frame; `None` once the opening is over.
    fn rate(&mut self, now: Time, wall: Duration, activity: Activity, base: f64) -> Option<f64> {
        if now >= self.until || self.wall_left.is_zero() {
            return None;
        }
        let left_us = self.until.since(now).0 as f64;
        let in_time = left_us / (self.wall_left.as_secs_f64() * 1e6);
        let shows_discovery = activity == Activity::Active && self.wall_left > OPENING_RESERVE;
        self.wall_left = self.wall_left.saturating_sub(wall);
        Some(if shows_discovery {
            base * OPENING_SPEEDUP
        } else {
            in_time
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::empty_scenario;
    use super::*;
    use crate::node::Content;
    use crate::scp::NodeId;

    const FRAME: Duration = Duration::from_micros(16_667);

    /// Playback past its opening.
    fn playback(min_ms: u64, max_ms: u64, start_as: StartAs) -> Playback {
        let mut playback = Playback::new(&empty_scenario(min_ms, max_ms), start_as);
        playback.end_opening();
        playback
    }

    #[test]
    fn average_message_is_shown_for_half_a_second_to_a_second() {
        for (min, max) in [(50, 150), (5, 20), (1000, 3000)] {
            let playback = playback(min, max, StartAs::Playing);
            let flight_wall_ms = (min + max) as f64 / 2.0 / playback.rate();
            assert!(
                (500.0..=1000.0).contains(&flight_wall_ms),
                "{flight_wall_ms}"
            );
        }
        assert!(playback(0, 0, StartAs::Playing).rate() > 0.0);
    }

    #[test]
    fn no_time_is_lost_between_frames() {
        let mut playback = playback(50, 150, StartAs::Playing);
        let mut now = Time::ZERO;
        for _ in 0..6000 {
            now = playback.target(now, FRAME, Activity::Active);
        }
        let expected = 100_002.0 * playback.rate();
        assert!(
            (now.as_ms() - expected).abs() < 1.0,
            "{now} instead of {expected} ms"
        );
    }

    #[test]
    fn pause_stops_playback_and_the_frame_time_is_bounded() {
        let mut playback = playback(75, 75, StartAs::Paused);
        let now = Time::from_ms(5);
        let second = Duration::from_secs(1);
        assert_eq!(playback.target(now, second, Activity::Active), now);
        playback.toggle();
        let after = playback
            .target(now, Duration::from_secs(60), Activity::Active)
            .since(now);
        assert!(after.as_ms() <= FRAME_MAX.as_millis() as f64 * playback.rate() + 1.0);
    }

    #[test]
    fn idle_time_runs_faster() {
        let mut playback = playback(75, 75, StartAs::Playing);
        let mut passed = |activity| {
            let wall = Duration::from_millis(10);
            playback.target(Time::ZERO, wall, activity).as_ms()
        };
        let (active, idle) = (passed(Activity::Active), passed(Activity::Idle));
        assert!((idle / active - IDLE_SPEEDUP).abs() < 0.1);
    }

    #[test]
    fn speed_is_clamped_and_kept_for_another_scenario() {
        let mut playback = playback(75, 75, StartAs::Playing);
        let base = playback.rate();
        assert_eq!(playback.speed_power(), 0);
        (0..30).for_each(|_| playback.slower());
        assert!(playback.is_slowest() && (playback.rate() - base / 16.0).abs() < 1e-12);
        assert_eq!(playback.speed_power(), -HALVINGS);
        (0..30).for_each(|_| playback.faster());
        assert!(playback.is_fastest());
        assert_eq!(playback.speed_power(), DOUBLINGS);
        let other = playback.for_scenario(&empty_scenario(750, 750));
        assert!(other.is_fastest() && (other.rate() - 256.0).abs() < 1e-9);
    }

    /// Wall seconds until `until` is shown.
    fn wall_until(
        until: Time,
        playback: &mut Playback,
        activity: impl Fn(Time) -> Activity,
    ) -> f64 {
        let (mut now, mut wall) = (Time::ZERO, Duration::ZERO);
        while now < until {
            now = playback.target(now, FRAME, activity(now));
            wall += FRAME;
        }
        wall.as_secs_f64()
    }

    #[test]
    fn opening_reaches_the_first_proposal_in_two_seconds_and_shows_discovery() {
        let (node, content) = (NodeId(0), Content::Note("first".into()));
        let first = Time::from_ms(5_000);
        let mut scenario = empty_scenario(50, 100);
        scenario.events = vec![(first, Action::Propose { node, content })];
        let discovers = |now| {
            if now < Time::from_ms(400) {
                Activity::Active
            } else {
                Activity::Idle
            }
        };
        for start_as in [StartAs::Playing, StartAs::Paused] {
            let mut playback = Playback::new(&scenario, start_as);
            playback.set_state(PlayState::Playing);
            let discovery = wall_until(Time::from_ms(400), &mut playback.clone(), discovers);
            assert!(
                (0.7..1.4).contains(&discovery),
                "{discovery} s of discovery"
            );
            let opening = wall_until(first, &mut playback, discovers);
            assert!((1.5..2.1).contains(&opening), "{opening} s");
            let flight = playback.target(first, FRAME, Activity::Active).since(first);
            assert!(
                (flight.as_ms() / (FRAME.as_secs_f64() * 1e3 * playback.rate()) - 1.0).abs() < 0.1
            );
        }
        let always = wall_until(
            first,
            &mut Playback::new(&scenario, StartAs::Playing),
            |_| Activity::Active,
        );
        assert!(
            always < 2.1,
            "{always} s although messages fly all the time"
        );
    }
}
