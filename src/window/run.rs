//! The run that is being shown: a session, the world folded from its records, and how fast it goes.
//!
//! Absent here: clocks and drawing.

mod past;

use super::options::{ScenarioChoice, StartAs};
use super::playback::{Activity, PlayState, Playback};
use crate::analysis::Fbas;
use crate::node::view::{BackupAnswer, JoinMode, Readiness, TrustPolicy};
use crate::run::History;
use crate::run::{RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::scp::QuorumSet;
use crate::time::{Span, Time};
use crate::trace::{Lanes, NodeStatus, World, WorldNode};
use past::{Playhead, Seek};
use std::sync::Arc;
use std::time::Duration;

/// About how many records are folded before the clock is looked at again.
const RECORDS_PER_CHUNK: usize = 400;

/// A silence in a recording that is shorter passes as it was.
const QUIET_MIN: Span = Span::from_ms(50);
/// A longer one takes this much wall time.
const QUIET_WALL: Duration = Duration::from_millis(1_200);
/// So many records of what has happened are kept, so that one can look at it again. Of a recording all are: it is in
/// memory anyway.
const RECORDS_KEPT: usize = 200_000;
/// Processes run for months: beyond so many slots the oldest are forgotten ...
const SLOTS_MAX: usize = 4_000;
/// ... but for these.
const SLOTS_KEPT: usize = 2_000;

/// A run under way.
pub(super) struct Run {
    session: Box<dyn Session + Send>,
    /// Everything known about it.
    pub(super) world: World,
    /// How fast it goes.
    pub(super) playback: Playback,
    /// What was opened.
    pub(super) choice: ScenarioChoice,
    /// Who decides what happens in it.
    pub(super) session_kind: SessionKind,
    has_ended: bool,
    /// The silence that is being cut short: since when and until when.
    quiet_skip: Option<(Time, Time)>,
    /// It was not a person who stopped time.
    paused_for_fork: bool,
    /// Who was doing what when; of a recording also what is still to come.
    pub(super) lanes: Lanes,
    is_fully_recorded: bool,
    history: History,
    /// The number of the first record of the history that `world` does not know.
    next: usize,
    playhead: Playhead,
    seek: Option<Seek>,
    /// What is done to time when the picture is back from the past.
    resume_state: Option<PlayState>,
}

impl Run {
    /// Takes in what is there at the start.
    pub(super) fn new(
        mut session: Box<dyn Session + Send>,
        choice: ScenarioChoice,
        start_as: StartAs,
    ) -> Run {
        let scenario = Arc::new(session.scenario().clone());
        let playback = Playback::new(&scenario, start_as);
        let recorded_lanes = session.take_recorded_lanes();
        let kept_max = match session.kind() {
            SessionKind::Recorded => usize::MAX,
            SessionKind::Simulated | SessionKind::Live => RECORDS_KEPT,
        };
        let mut run = Run {
            session_kind: session.kind(),
            is_fully_recorded: recorded_lanes.is_some(),
            lanes: recorded_lanes.unwrap_or_default(),
            history: History::new(Arc::clone(&scenario), kept_max),
            next: 0,
            playhead: Playhead::Latest,
            seek: None,
            resume_state: None,
            session,
            world: World::new(scenario),
            playback,
            choice,
            has_ended: false,
            quiet_skip: None,
            paused_for_fork: false,
        };
        run.fold();
        if let StartAs::PausedAt(at) = start_as {
            run.run_until(at);
        }
        run
    }

    /// Lets everything up to `at` happen before anybody looks.
    fn run_until(&mut self, at: Time) {
        let mut progress = RunProgress::Limited;
        while progress == RunProgress::Limited {
            progress = self.session.advance(at, RECORDS_PER_CHUNK);
            self.fold();
        }
        self.has_ended = progress == RunProgress::Finished;
        self.world.advance_to(at);
    }

    /// Lets time pass to what the playback asks for. `has_budget` is asked after every few hundred records; what does not
    /// fit into this frame happens in the next.
    pub(super) fn advance(&mut self, wall: Duration, has_budget: &dyn Fn() -> bool) {
        if self.seek.is_some() {
            self.continue_seek(has_budget);
            return;
        }
        if self.playhead == Playhead::Past {
            self.replay_past(wall);
            return;
        }
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
        if let Some(target) = self.skip_quiet(wall) {
            self.advance_to(target, has_budget);
            return;
        }
        let activity = self.activity();
        let mut target = self.playback.target(self.world.now, wall, activity);
        if let (Activity::Idle, Some(next)) = (activity, self.session.next_at()) {
            // In a hurry, but not past the next thing that happens.
            target = target.min(next.max(self.world.now));
        }
        self.advance_to(target, has_budget);
    }

    /// Where time is after so much more of a silence that was recorded. However long it was, nobody has to sit through it.
    fn skip_quiet(&mut self, wall: Duration) -> Option<Time> {
        let now = self.world.now;
        let until = match self.playhead {
            Playhead::Latest => self.session.quiet_until(),
            Playhead::Past => self.history.mark_from(self.next),
        };
        let until = until.filter(|until| *until > now + QUIET_MIN);
        let flies = || {
            self.world
                .flights
                .values()
                .any(|flight| !flight.housekeeping)
        };
        let Some(until) = until.filter(|_| !flies()) else {
            self.quiet_skip = None;
            return None;
        };
        let since = match self.quiet_skip {
            Some((since, end)) if end == until => since,
            _ => now,
        };
        self.quiet_skip = Some((since, until));
        // After a stall, time goes on where it was.
        let wall = wall.min(QUIET_WALL / 12);
        let share = wall.as_secs_f64() / QUIET_WALL.as_secs_f64();
        let passes = Span((until.since(since).0 as f64 * share) as u64);
        let times = self.playback.rate();
        let at_least = Span((wall.as_secs_f64() * 1e6 * times) as u64);
        Some((now + passes.max(at_least)).min(until))
    }

    fn advance_to(&mut self, target: Time, has_budget: &dyn Fn() -> bool) {
        loop {
            let progress = self.session.advance(target, RECORDS_PER_CHUNK);
            self.fold();
            match progress {
                RunProgress::Limited => {
                    self.world.advance_to(self.session.now());
                    if !has_budget() {
                        return;
                    }
                }
                RunProgress::Reached => {
                    self.world.advance_to(target);
                    return;
                }
                RunProgress::Finished => {
                    self.world.advance_to(target);
                    self.has_ended = true;
                    return;
                }
            }
        }
    }

    /// Whether it goes on by itself, and is being watched.
    pub(super) fn is_followed(&self) -> bool {
        self.session_kind == SessionKind::Live
            && self.playback.is_playing()
            && self.playhead == Playhead::Latest
    }

    /// Takes in what has happened without us.
    fn follow(&mut self, has_budget: &dyn Fn() -> bool) {
        let mut progress = RunProgress::Limited;
        while progress == RunProgress::Limited {
            progress = self.session.advance(Time::MAX, RECORDS_PER_CHUNK);
            self.fold();
            if !has_budget() {
                break;
            }
        }
        self.world.advance_to(self.session.now());
    }

    /// Stops time because two values were externalized.
    pub(super) fn pause_for_fork(&mut self) {
        self.playback.state = PlayState::Paused;
        self.paused_for_fork = true;
    }

    /// The playback for a run that is shown after this one: the same speed. The same scenario stays paused if a person has
    /// paused it; another one starts.
    pub(super) fn playback_for(&self, next: &Scenario) -> Playback {
        let mut playback = self.playback.for_scenario(next);
        if self.paused_for_fork || next.name != self.world.scenario.name {
            playback.state = PlayState::Playing;
        }
        playback
    }

    /// Lets the next thing happen.
    pub(super) fn step(&mut self) {
        if self.is_in_past() {
            self.step_in_past();
            return;
        }
        self.has_ended = self.session.step() == RunProgress::Finished;
        self.fold();
        self.world.advance_to(self.session.now());
    }

    /// Does something to the network, and takes in at once what follows from it.
    pub(super) fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        self.session.act(action)?;
        self.has_ended = false;
        self.fold();
        Ok(())
    }

    /// Whether there is anything to watch.
    fn activity(&self) -> Activity {
        if self.world.flights.is_empty() && self.world.broadcasts.is_empty() {
            Activity::Idle
        } else {
            Activity::Active
        }
    }

    /// Whether time runs and something changes while it does.
    pub(super) fn is_moving(&self) -> bool {
        self.seek.is_some() || self.playback.is_playing() && !self.is_at_rest()
    }

    /// Whether nothing but housekeeping would happen by itself: everything proposed is settled, nothing is under way.
    /// Time then stands still until somebody does something.
    pub(super) fn is_at_rest(&self) -> bool {
        if self.is_in_past() {
            return false;
        }
        let world = &self.world;
        let flies = || {
            world
                .flights
                .values()
                .any(|flight| !flight.housekeeping || flight.lost.is_some())
        };
        let to_come = || {
            world
                .scenario
                .events
                .last()
                .is_some_and(|(at, _)| *at > world.now)
        };
        let goes_on = match self.session_kind {
            // What was recorded happens again, to the end.
            SessionKind::Recorded => true,
            SessionKind::Simulated | SessionKind::Live => {
                world.scenario.settings.forget_after.is_some()
            }
        };
        if world.nodes.is_empty() || goes_on {
            return self.has_ended;
        }
        let quiet =
            !to_come() && !flies() && world.broadcasts.is_empty() && !world.awaits_decision();
        quiet && (self.has_ended || world.nodes.iter().all(is_quiet))
    }

    /// Whether some nodes have not yet formed the quorum set that they will have, and none has told of one before:
    /// nothing can be said about quorums then.
    pub(super) fn is_forming(&self) -> bool {
        let nodes = &self.world.nodes;
        let forms = |node: &WorldNode| {
            node.status == NodeStatus::Running
                && !matches!(node.config.trust, TrustPolicy::Fixed(_) | TrustPolicy::None)
                && node.view.quorum_set.is_none()
                && node.config.join_mode != JoinMode::Newcomer
        };
        nodes.is_empty() || nodes.iter().any(forms)
    }

    /// The quorum configuration as it is now, for the analysis. Nodes that have left are in no quorum; crashed ones are.
    pub(super) fn fbas(&self) -> Fbas {
        Fbas::new(self.world.nodes.iter().map(quorum_set).collect())
    }

    fn fold(&mut self) {
        for record in self.session.take_records() {
            self.world.apply(&record);
            if !self.is_fully_recorded {
                self.lanes.apply(&record);
            }
            if let Some(start) = self.history.push(self.world.now, record) {
                forget(self.session_kind, start);
            }
        }
        self.next = self.history.len();
        forget(self.session_kind, &mut self.world);
    }
}

/// Processes run for months.
fn forget(session_kind: SessionKind, world: &mut World) {
    if session_kind == SessionKind::Live && world.slots().len() > SLOTS_MAX {
        world.forget_before_last(SLOTS_KEPT);
    }
}

/// Whether a node waits for nothing but others.
fn is_quiet(node: &WorldNode) -> bool {
    if matches!(
        node.status,
        NodeStatus::Left | NodeStatus::Crashed | NodeStatus::Unseen
    ) {
        return true;
    }
    let view = &node.view;
    let waits = view.timers.keys().any(|timer| !timer.is_housekeeping());
    let starts = matches!(
        view.readiness,
        Readiness::Discovering | Readiness::CatchingUp
    );
    let fetches = view
        .log
        .iter()
        .flat_map(|entry| &entry.proposals)
        .any(|proposal| {
            let line = view.backup_log.get(&proposal.id);
            line.is_some_and(|line| {
                line.answer != BackupAnswer::NoHasIt && line.backed_up.is_none()
            })
        });
    !waits && !starts && !fetches
}

/// The quorum set that counts for a node: what it told, or what it was told before it told anything.
fn quorum_set(node: &WorldNode) -> Option<Arc<QuorumSet>> {
    if matches!(node.status, NodeStatus::Left | NodeStatus::Unseen) {
        return None;
    }
    let told = node
        .view
        .quorum_set
        .as_ref()
        .map(|(_, set)| Arc::clone(set));
    told.or_else(|| match &node.config.trust {
        TrustPolicy::Fixed(set) => Some(Arc::clone(set)),
        _ => None,
    })
}
