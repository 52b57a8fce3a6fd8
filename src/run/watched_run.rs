//! `Run`: a session that a user watches. It advances with wall time, pauses, steps, seeks and returns.
//!
//! A run shows a world at a position in the history. At the latest instant the session advances. In the past the
//! history is played again, while a simulation waits and live processes go on. Elapsed wall time is an argument.

use super::cursor::Cursor;
use super::feed::Feed;
use super::idle_skip::IdleSkip;
use super::playback::{Activity, FRAME_MAX, PlayState, Playback, PlaybackCommand, StepGrain};
use super::scenario_choice::{ScenarioChoice, StartAs};
use super::seek::{RECORDS_PER_CHUNK, Seek, SeekProgress};
use super::session::{RunProgress, Session, SessionKind};
use super::step::StepEnd;
use crate::scenario::{Action, ActionRefused};
use crate::time::{Span, Time};
use crate::trace::{CausalLog, Lanes, World};
use std::time::Duration;

/// The state of a run, for the status line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Playing.
    Playing,
    /// Paused.
    Paused,
    /// An earlier instant is shown.
    Past,
    /// Finished: nothing happens until the next action.
    Finished,
}

/// Which part of the run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Playhead {
    /// The latest instant.
    Latest,
    /// An earlier instant.
    Past,
}

/// A run being watched.
pub struct Run {
    choice: ScenarioChoice,
    feed: Feed,
    shown: Cursor,
    playback: Playback,
    playhead: Playhead,
    seek: Option<Seek>,
    idle: IdleSkip,
    /// The step under way.
    step_end: Option<StepEnd>,
    /// The play state before the first seek.
    resume_state: Option<PlayState>,
    paused_for_fork: bool,
}

impl Run {
    /// A run that shows the start of `session`, or the instant that `start_as` selects.
    #[must_use]
    pub fn new(session: Box<dyn Session + Send>, choice: ScenarioChoice, start_as: StartAs) -> Run {
        let (feed, shown) = Feed::new(session);
        let mut run = Run {
            playback: Playback::new(feed.scenario(), start_as),
            choice,
            feed,
            shown,
            playhead: Playhead::Latest,
            seek: None,
            idle: IdleSkip::default(),
            step_end: None,
            resume_state: None,
            paused_for_fork: false,
        };
        if let StartAs::PausedAt(at) = start_as {
            run.run_until(at);
        }
        run
    }

    /// The choice that was opened.
    #[must_use]
    pub fn choice(&self) -> &ScenarioChoice {
        &self.choice
    }

    /// The source of the run's events.
    #[must_use]
    pub fn kind(&self) -> SessionKind {
        self.feed.kind()
    }

    /// The world that is shown.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.shown.fold.world
    }

    /// The transitions up to the instant that is shown, and the messages behind them.
    #[must_use]
    pub fn causes(&self) -> &CausalLog {
        &self.shown.fold.causes
    }

    /// The timeline lanes, up to the latest instant or to the end of a recording.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        self.feed.lanes()
    }

    /// Play state and speed.
    #[must_use]
    pub fn playback(&self) -> &Playback {
        &self.playback
    }

    /// The state of the run, for the status line.
    #[must_use]
    pub fn state(&self) -> RunState {
        if self.is_in_past() {
            RunState::Past
        } else if !self.playback.is_playing() {
            RunState::Paused
        } else if self.is_at_rest() && !self.is_followed() {
            RunState::Finished
        } else {
            RunState::Playing
        }
    }

    /// Whether an earlier instant is shown or being sought.
    #[must_use]
    pub fn is_in_past(&self) -> bool {
        self.playhead == Playhead::Past
    }

    /// Whether the picture changes without an action: a seek is under way, or the run plays.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.seek.is_some()
            || self.step_end.is_some()
            || self.playback.is_playing() && !self.is_at_rest()
    }

    /// Whether live processes are shown in real time.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.kind() == SessionKind::Live
            && self.playback.is_playing()
            && self.playhead == Playhead::Latest
    }

    /// Whether only housekeeping would happen until the next action: no proposal is open and nothing is in flight. Time
    /// then stops until that action.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        if self.is_in_past() {
            return false;
        }
        let world = self.world();
        let plays_on = match self.kind() {
            SessionKind::Recorded => true,
            SessionKind::Simulated | SessionKind::Live => {
                world.scenario.settings.forget_after.is_some()
            }
        };
        if world.nodes.is_empty() || plays_on {
            return self.feed.has_ended();
        }
        world.is_settled() && (self.feed.has_ended() || world.all_nodes_wait())
    }

    /// Whether a step is under way that takes more than one frame.
    #[must_use]
    pub fn is_stepping(&self) -> bool {
        self.step_end.is_some()
    }

    /// The earliest instant that can be shown.
    #[must_use]
    pub fn shown_from(&self) -> Time {
        self.feed.history().start().world.now
    }

    /// The latest instant that can be shown.
    #[must_use]
    pub fn shown_until(&self) -> Time {
        self.latest().max(self.feed.recorded_until())
    }

    /// The instant that is being sought; without a seek, the one that is shown.
    #[must_use]
    pub fn seek_target(&self) -> Time {
        let sought = self.seek.as_ref().map(Seek::target);
        sought.unwrap_or(self.shown.fold.world.now)
    }

    /// Changes what is shown, or the speed. Returns the instant that is then shown or being sought.
    pub fn command(&mut self, command: PlaybackCommand) -> Time {
        match command {
            PlaybackCommand::TogglePlay => self.playback.toggle(),
            PlaybackCommand::Play => self.playback.set_state(PlayState::Playing),
            PlaybackCommand::Pause => self.playback.set_state(PlayState::Paused),
            PlaybackCommand::Slower => self.playback.slower(),
            PlaybackCommand::Faster => self.playback.faster(),
            PlaybackCommand::Step(grain) => self.step(grain),
            PlaybackCommand::StepBack => self.step_back(),
            PlaybackCommand::Seek(to) => self.seek(to),
            PlaybackCommand::ReturnToLatest => self.return_to_latest(),
        }
        self.seek_target()
    }

    /// Takes over the speed of the run that was shown before this one. This run plays, unless the user paused the
    /// other one and opens the same scenario again.
    pub fn inherit_playback(&mut self, before: &Run) {
        let scenario = &self.shown.fold.world.scenario;
        self.playback = before.playback.for_scenario(scenario);
        if before.paused_for_fork || scenario.name != before.world().scenario.name {
            self.playback.set_state(PlayState::Playing);
        }
    }

    /// Carries out an action at the latest instant and shows its immediate effects.
    ///
    /// # Errors
    /// As [`Session::act`].
    pub fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        self.feed.act(&mut self.shown, action)
    }

    /// Lets another `wall` of wall time pass. `has_budget` is called after every few hundred records; work that does
    /// not fit into this frame continues in the next one.
    ///
    /// Pauses if a fork appears: two values externalized for one slot.
    pub fn advance(&mut self, wall: Duration, has_budget: &dyn Fn() -> bool) {
        let had_fork = self.world().fork().is_some();
        if self.seek.is_some() {
            self.step_end = None;
            self.continue_seek(has_budget);
        } else if self.step_end.is_some() {
            self.continue_step(has_budget);
        } else if self.playhead == Playhead::Past {
            self.replay_past(wall);
        } else {
            self.advance_latest(wall, has_budget);
        }
        if !had_fork && self.playback.is_playing() && self.world().fork().is_some() {
            self.playback.set_state(PlayState::Paused);
            self.paused_for_fork = true;
        }
    }

    fn advance_latest(&mut self, wall: Duration, has_budget: &dyn Fn() -> bool) {
        if self.playback.is_playing() {
            self.resume_state = None;
        }
        if self.is_followed() {
            self.follow(has_budget);
            return;
        }
        if !self.is_moving() {
            return;
        }
        if !self.shown.fold.world.slots().is_empty() {
            self.playback.end_opening();
        }
        let target = match self.skip_idle(wall) {
            Some(target) => target,
            None => self.playback_target(wall),
        };
        self.advance_to(target, has_budget);
    }

    /// The instant that playback shows next. An idle run plays faster, but after the opening not past the next event.
    fn playback_target(&mut self, wall: Duration) -> Time {
        let (now, activity) = (self.shown.fold.world.now, self.activity());
        let target = self.playback.target(now, wall, activity);
        match (activity, self.feed.session().next_at()) {
            (Activity::Idle, Some(next)) if !self.playback.is_opening() => {
                target.min(next.max(now))
            }
            _ => target,
        }
    }

    fn activity(&self) -> Activity {
        match self.shown.fold.world.is_active() {
            true => Activity::Active,
            false => Activity::Idle,
        }
    }

    /// The instant to show in an idle interval; `None` if there is no such interval to skip.
    fn skip_idle(&mut self, wall: Duration) -> Option<Time> {
        let idle_until = match self.playhead {
            Playhead::Latest => self.feed.session().idle_until(),
            Playhead::Past => self.feed.history().progress_from(self.shown.next),
        };
        let is_idle = !self.shown.fold.world.has_progress_in_flight();
        let idle_until = idle_until.filter(|_| is_idle);
        let (now, rate) = (self.shown.fold.world.now, self.playback.rate());
        self.idle.target(now, idle_until, wall, rate)
    }

    /// Advances the session to `target`, or as far as the budget of this frame allows.
    fn advance_to(&mut self, target: Time, has_budget: &dyn Fn() -> bool) {
        while self
            .feed
            .advance(&mut self.shown, target, RECORDS_PER_CHUNK)
            == RunProgress::Limited
        {
            let now = self.feed.session().now();
            self.shown.fold.world.advance_to(now);
            if !has_budget() {
                return;
            }
        }
        self.shown.fold.world.advance_to(target);
    }

    /// Folds the records that live processes have produced.
    fn follow(&mut self, has_budget: &dyn Fn() -> bool) {
        let advance = |run: &mut Run| {
            run.feed
                .advance(&mut run.shown, Time::MAX, RECORDS_PER_CHUNK)
        };
        while advance(self) == RunProgress::Limited && has_budget() {}
        let now = self.feed.session().now();
        self.shown.fold.world.advance_to(now);
    }

    /// Advances to `at` before anything is shown.
    fn run_until(&mut self, at: Time) {
        self.advance_to(at, &|| true);
    }

    fn step(&mut self, grain: StepGrain) {
        self.playback.set_state(PlayState::Paused);
        let end = StepEnd::of(grain, self.world());
        if self.is_in_past() {
            let next = self.feed.history().end_of_step(self.shown.next, end);
            let now = self.shown.fold.world.now;
            self.seek(next.unwrap_or(self.latest()).max(now));
        } else {
            self.step_end = Some(end);
            // A step to the next event is short, so it is shown at once.
            self.continue_step(&|| false);
        }
    }

    /// Goes on with a step until it ends, nothing more happens or the budget of this frame is used up.
    fn continue_step(&mut self, has_budget: &dyn Fn() -> bool) {
        while let Some(end) = self.step_end {
            if self.feed.step(&mut self.shown, end) || self.feed.has_ended() {
                self.step_end = None;
            }
            if !has_budget() {
                return;
            }
        }
    }

    fn step_back(&mut self) {
        let history = self.feed.history();
        let before = history.progress_before(self.shown.next, self.shown.fold.world.now);
        self.seek(before.unwrap_or(self.shown_from()));
    }

    fn seek(&mut self, to: Time) {
        self.resume_state.get_or_insert(self.playback.state());
        self.playback.set_state(PlayState::Paused);
        self.playback.end_opening();
        self.seek_to(to.clamp(self.shown_from(), self.shown_until()));
    }

    fn return_to_latest(&mut self) {
        if let Some(state) = self.resume_state.take() {
            self.playback.set_state(state);
        }
        if self.is_in_past() || self.seek.is_some() {
            self.seek_to(self.latest());
        }
    }

    fn seek_to(&mut self, to: Time) {
        match &mut self.seek {
            Some(seek) => seek.then(to),
            None => self.seek = Some(Seek::new(&self.shown, &self.feed, to)),
        }
        if to < self.latest() {
            self.playhead = Playhead::Past;
        }
    }

    fn continue_seek(&mut self, has_budget: &dyn Fn() -> bool) {
        while let Some(mut seek) = self.seek.take() {
            match seek.fold_chunk(&mut self.shown, &mut self.feed) {
                SeekProgress::Done => self.finish_seek(seek),
                SeekProgress::Pending => self.seek = Some(seek),
            }
            if !has_budget() {
                return;
            }
        }
    }

    fn finish_seek(&mut self, seek: Seek) {
        let then = seek.finish(&mut self.shown);
        self.idle.reset();
        self.update_playhead();
        self.seek = then.map(|to| Seek::new(&self.shown, &self.feed, to));
    }

    fn update_playhead(&mut self) {
        let is_at_end = self.shown.next == self.feed.history().len();
        self.playhead = match is_at_end && self.shown.fold.world.now >= self.latest() {
            true => Playhead::Latest,
            false => Playhead::Past,
        };
    }

    /// Plays the past again, at the rate of playback; the past of live processes at the rate of wall time.
    fn replay_past(&mut self, wall: Duration) {
        if !self.playback.is_playing() {
            return;
        }
        let now = self.shown.fold.world.now;
        let target = match (self.skip_idle(wall), self.kind()) {
            (Some(target), _) => target,
            (None, SessionKind::Live) => now + Span(wall.min(FRAME_MAX).as_micros() as u64),
            (None, _) => self.playback.target(now, wall, self.activity()),
        };
        let target = target.min(self.latest());
        let Cursor { fold, next } = &mut self.shown;
        *next = self.feed.history().play(fold, *next, target, usize::MAX);
        fold.advance_to(target);
        self.update_playhead();
        if self.playhead == Playhead::Latest {
            self.resume_state = None;
        }
    }

    /// The latest instant of the run. Live processes go on while the past is shown; their latest instant is then that
    /// of the last record taken.
    fn latest(&self) -> Time {
        let folded = self.feed.history().last_at().unwrap_or(self.shown_from());
        match self.kind() {
            SessionKind::Live if self.is_in_past() => folded,
            _ => folded.max(self.feed.session().now()),
        }
    }
}
