//! Looking at what has happened before: the world is folded anew from the history, up to the instant that is wanted.
//!
//! What is long takes several frames; the picture stays as it was until then. Whoever looks at the past changes nothing:
//! simulations wait, processes run on. Absent here: what a person did to get there.

use super::{PlayState, Run};
use crate::run::{RunProgress, SessionKind};
use crate::time::{Span, Time};
use crate::trace::World;
use std::time::Duration;

/// About how many records are folded before the clock is looked at again.
const RECORDS_PER_CHUNK: usize = 400;
/// Wall time of one frame that counts, at most.
const FRAME_MAX: Duration = Duration::from_millis(100);

/// What the picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::window) enum Playhead {
    /// The latest of what has happened.
    Latest,
    /// Something that happened before.
    Past,
}

/// The picture is on its way to another instant.
pub(super) struct Seek {
    to: Time,
    /// The world as it was earlier, and the number of the first record that it does not know.
    earlier: Option<(Box<World>, usize)>,
    /// Where to go from there.
    then: Option<Time>,
}

impl Run {
    /// Whether the picture shows something that is over, or is on its way there.
    pub(in crate::window) fn is_in_past(&self) -> bool {
        self.playhead == Playhead::Past
    }

    /// The earliest instant that the picture can show.
    pub(in crate::window) fn shown_from(&self) -> Time {
        self.history.start().now
    }

    /// The latest instant that the picture can show.
    pub(in crate::window) fn shown_until(&self) -> Time {
        let known = if self.is_fully_recorded {
            self.lanes.until()
        } else {
            Time::ZERO
        };
        self.present().max(known)
    }

    /// Where the present is: as far as anybody has seen.
    fn present(&self) -> Time {
        let last = self
            .history
            .len()
            .checked_sub(1)
            .and_then(|nth| self.history.get(nth));
        let seen = last.map_or(self.shown_from(), |(at, _)| *at);
        match self.session_kind {
            // Processes go on while nobody looks.
            SessionKind::Live if self.playhead == Playhead::Past => seen,
            _ => seen.max(self.session.now()),
        }
    }

    /// The instant that the picture shows, or is on its way to.
    pub(in crate::window) fn seek_target(&self) -> Time {
        let sought = self.seek.as_ref().map(|seek| seek.then.unwrap_or(seek.to));
        sought.unwrap_or(self.world.now)
    }

    /// Stops time and shows an instant, or what is nearest to it; returns which.
    pub(in crate::window) fn seek(&mut self, to: Time) -> Time {
        self.resume_state.get_or_insert(self.playback.state);
        self.playback.state = PlayState::Paused;
        let to = to.clamp(self.shown_from(), self.shown_until());
        self.seek_to(to);
        to
    }

    /// Shows the latest of what has happened, and lets time run if it did before.
    /// Returns when that was.
    pub(in crate::window) fn return_to_now(&mut self) -> Time {
        if let Some(mode) = self.resume_state.take() {
            self.playback.state = mode;
        }
        let present = self.present();
        if self.is_in_past() || self.seek.is_some() {
            self.seek_to(present);
        }
        present
    }

    /// Shows what was there before the last thing that happened.
    /// Returns when that was.
    pub(in crate::window) fn step_back(&mut self) -> Time {
        let before = self.history.mark_before(self.next, self.world.now);
        self.seek(before.unwrap_or(self.shown_from()))
    }

    fn seek_to(&mut self, to: Time) {
        match &mut self.seek {
            // Whoever drags the playhead wants to see something on the way.
            Some(seek) => seek.then = Some(to),
            None => self.seek = Some(self.start_seek(to)),
        }
        if to < self.present() {
            self.playhead = Playhead::Past;
        }
    }

    fn start_seek(&self, to: Time) -> Seek {
        let goes_back = to < self.world.now;
        let earlier = goes_back.then(|| (Box::new(self.history.start().clone()), 0));
        Seek {
            to,
            earlier,
            then: None,
        }
    }

    /// Goes on until the picture is there, or there is no more time in this frame.
    pub(super) fn continue_seek(&mut self, has_budget: &dyn Fn() -> bool) {
        while let Some(mut seek) = self.seek.take() {
            if self.fold_chunk(&mut seek) {
                self.finish_seek(seek);
            } else {
                self.seek = Some(seek);
            }
            if !has_budget() {
                return;
            }
        }
    }

    /// Folds some more records in. Says whether that was all.
    fn fold_chunk(&mut self, seek: &mut Seek) -> bool {
        let (world, next) = match &mut seek.earlier {
            Some((world, next)) => (&mut **world, next),
            None => (&mut self.world, &mut self.next),
        };
        let from = *next;
        *next = self.history.play(world, from, seek.to, RECORDS_PER_CHUNK);
        if *next - from == RECORDS_PER_CHUNK {
            return false;
        }
        let is_at_end = *next == self.history.len();
        if self.is_fully_recorded
            && is_at_end
            && seek.earlier.is_none()
            && seek.to > self.session.now()
        {
            let progress = self.session.advance(seek.to, RECORDS_PER_CHUNK);
            self.fold();
            self.has_ended = progress == RunProgress::Finished;
            return progress != RunProgress::Limited;
        }
        true
    }

    fn finish_seek(&mut self, seek: Seek) {
        if let Some((world, next)) = seek.earlier {
            let version = self.world.version.max(world.version) + 1;
            self.world = *world;
            // What was kept of the picture for another world with this version is not to be taken for this one.
            self.world.version = version;
            self.next = next;
        }
        self.world.advance_to(seek.to);
        self.quiet_skip = None;
        self.update_playhead();
        self.seek = seek.then.map(|to| self.start_seek(to));
    }

    /// The end of the past is the present.
    fn update_playhead(&mut self) {
        let is_over = self.next == self.history.len() && self.world.now >= self.present();
        self.playhead = if is_over {
            Playhead::Latest
        } else {
            Playhead::Past
        };
    }

    /// Lets what has happened happen again, as fast as at first; between things that happen there is no waiting.
    pub(super) fn replay_past(&mut self, wall: Duration) {
        if !self.playback.is_playing() {
            return;
        }
        let now = self.world.now;
        let target = match (self.skip_quiet(wall), self.session_kind) {
            (Some(target), _) => target,
            (None, SessionKind::Live) => now + Span(wall.min(FRAME_MAX).as_micros() as u64),
            (None, _) => self.playback.target(now, wall, self.activity()),
        };
        let target = target.min(self.present());
        self.next = self
            .history
            .play(&mut self.world, self.next, target, usize::MAX);
        self.world.advance_to(target);
        self.update_playhead();
        if self.playhead == Playhead::Latest {
            self.resume_state = None;
        }
    }

    /// Lets the next thing that happened happen again.
    pub(super) fn step_in_past(&mut self) {
        let at = self.history.mark_from(self.next).unwrap_or(self.present());
        let now = self.world.now;
        self.seek(at.max(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Replay;
    use crate::run::Session;
    use crate::scenario::{QuorumAnalyzer, Scenario, ScenarioOptions, read_scenario};
    use crate::sim::{ExecutorKind, Simulation};
    use crate::trace::Record;
    use crate::window::options::{ScenarioChoice, ScenarioSource, StartAs};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    const TEXT: &str = r#"
title = "t"
description = "d"
application = "log"
[trust]
policy = "found"
threshold = "2/3"
[random]
count = 5
[[events]]
at_ms = 2500
action = "propose"
node = "n01"
note = "one"
[[events]]
at_ms = 3200
action = "crash"
node = "n03"
[[events]]
at_ms = 4000
action = "propose"
node = "n02"
note = "two"
"#;

    const AT: [Time; 4] = [
        Time::from_ms(2_600),
        Time::from_ms(3_300),
        Time::from_ms(4_700),
        Time::from_ms(6_000),
    ];

    fn scenario() -> Arc<Scenario> {
        let analyzer = QuorumAnalyzer {
            intersecting: &|_| true,
            disjoint_quorums: &|_| None,
            top_tier: &|_| Vec::new(),
        };
        let options = ScenarioOptions {
            seed: 4,
            nodes: None,
        };
        Arc::new(read_scenario("t", "t", TEXT, options, &analyzer).unwrap())
    }

    fn open(session: Box<dyn Session + Send>, at: Time) -> Run {
        let choice = ScenarioChoice {
            source: ScenarioSource::Given,
            seed: 4,
            nodes: None,
        };
        Run::new(session, choice, StartAs::PausedAt(at))
    }

    fn simulated(at: Time) -> Run {
        let session = Simulation::new(scenario(), ExecutorKind::Inline).unwrap();
        open(Box::new(session), at)
    }

    fn records() -> Vec<Record> {
        let mut session = Simulation::new(scenario(), ExecutorKind::Inline).unwrap();
        while session.advance(Time::from_ms(8_000), 10_000) == RunProgress::Limited {}
        session.take_records()
    }

    /// What one can see.
    fn seen(run: &Run) -> String {
        let nodes: Vec<_> = run
            .world
            .nodes
            .iter()
            .map(|node| (node.status, &node.view))
            .collect();
        let flights: Vec<_> = run.world.flights.values().collect();
        format!(
            "{} {nodes:?} {flights:?} {:?}",
            run.world.now, run.world.counters
        )
    }

    /// Lets frames pass until the picture is where it should be.
    fn arrive(run: &mut Run) {
        for _ in 0..100_000 {
            if run.seek.is_none() {
                return;
            }
            run.advance(Duration::from_millis(16), &|| false);
        }
        panic!("it never arrives");
    }

    #[test]
    fn seeking_back_and_returning_leaves_a_simulation_unchanged() {
        let mut run = simulated(AT[2]);
        let present = seen(&run);
        for at in [AT[0], AT[1], AT[0]] {
            assert_eq!(run.seek(at), at);
            assert!(run.is_in_past() && run.is_moving());
            arrive(&mut run);
            assert!(run.is_in_past() && !run.playback.is_playing());
            assert_eq!(seen(&run), seen(&simulated(at)), "{at}");
        }
        assert_eq!(run.return_to_now(), AT[2]);
        arrive(&mut run);
        assert!(!run.is_in_past());
        assert_eq!(seen(&run), present);
        run.run_until(AT[3]);
        assert_eq!(seen(&run), seen(&simulated(AT[3])));
    }

    #[test]
    fn seeks_anywhere_in_a_recording() {
        let replay = Replay::new(scenario(), records());
        let mut run = open(Box::new(replay), AT[0]);
        assert!(run.is_fully_recorded && run.shown_until() > AT[2]);
        for at in [AT[2], AT[1], AT[2], AT[0]] {
            run.seek(at);
            arrive(&mut run);
            assert_eq!(seen(&run), seen(&simulated(at)), "{at}");
        }
        assert_eq!(run.seek(Time::MAX), run.shown_until());
        arrive(&mut run);
        assert!(!run.is_in_past());
    }

    #[test]
    fn plays_the_past_until_the_latest_instant() {
        let mut run = simulated(AT[2]);
        let present = seen(&run);
        run.seek(AT[0]);
        arrive(&mut run);
        run.playback.state = PlayState::Playing;
        let mut frames = 0;
        while run.is_in_past() {
            let before = run.world.now;
            run.advance(Duration::from_millis(16), &|| true);
            assert!(run.world.now >= before);
            frames += 1;
            assert!(frames < 100_000, "it never ends");
        }
        assert!(frames > 20, "{frames}: nobody could have seen it");
        assert_eq!(seen(&run), present);
        run.run_until(AT[3]);
        assert_eq!(seen(&run), seen(&simulated(AT[3])));
    }

    #[test]
    fn step_back_undoes_step() {
        let mut run = simulated(AT[1]);
        run.step();
        let here = seen(&run);
        run.step_back();
        arrive(&mut run);
        let before = seen(&run);
        assert_ne!(before, here);
        run.step();
        arrive(&mut run);
        assert_eq!(seen(&run), here);
        run.step_back();
        arrive(&mut run);
        assert_eq!(seen(&run), before);
    }

    #[test]
    fn scrubbing_shows_intermediate_worlds_and_ends_at_the_release_point() {
        let mut run = simulated(AT[2]);
        let mut shown = BTreeSet::new();
        let (from, to) = (AT[2].0 / 1_000, AT[0].0 / 1_000);
        for ms in (to..from).rev().step_by(7) {
            run.seek(Time::from_ms(ms));
            run.advance(Duration::from_millis(16), &|| false);
            run.advance(Duration::from_millis(16), &|| false);
            shown.insert(run.world.now);
        }
        run.seek(AT[0]);
        arrive(&mut run);
        assert!(shown.len() > 3, "{} pictures on the way", shown.len());
        assert_eq!(seen(&run), seen(&simulated(AT[0])));
    }
}
