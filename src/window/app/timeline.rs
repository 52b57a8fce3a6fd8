//! Timeline commands: zoom, pan, seek and step back.

use super::App;
use crate::picture::canvas::Point;
use crate::picture::timeline::{Axis, Follow, Layout, TimelineHit, TimelineView};
use crate::picture::view_state::ViewState;
use crate::run::{PlaybackCommand, Run, SessionKind, StepGrain};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::window::panels::{PanelState, PanelVisibility};

/// Zoom factor of one key press.
const ZOOM_PER_KEY: f64 = 1.5;
/// Distance of one seek command, as a share of the visible time span.
const SEEK_SHARE: f64 = 0.05;
/// Initial time span of a live run, in microseconds.
const LIVE_SPAN_US: f64 = 30e6;
/// Initial time span of a simulation, as a multiple of its mean message latency.
const SPAN_FLIGHTS: f64 = 160.0;
/// Shortest and longest initial time span of a simulation, in microseconds.
const SPAN_US: (f64, f64) = (4e6, 60e6);
/// Initial time span of a recording, as a multiple of its duration.
const WHOLE: f64 = 1.03;

/// Sets up the timeline for a run that has just been opened.
pub(super) fn reset(run: &Run, view: &mut ViewState, panels: &PanelState) {
    view.timeline = TimelineView {
        rect: panels.timeline.rect,
        axis: first_axis(run).following(run.world().now),
        pointed: None,
        until: run.shown_until(),
    };
}

fn first_axis(run: &Run) -> Axis {
    let latency = run.world().scenario.medium.latency;
    let flight_us = (latency.min.0 + latency.max.0) as f64 / 2.0;
    let span_us = match run.kind() {
        SessionKind::Live => LIVE_SPAN_US,
        SessionKind::Recorded => run.shown_until().0.max(1_000_000) as f64 * WHOLE,
        SessionKind::Simulated => (flight_us * SPAN_FLIGHTS).clamp(SPAN_US.0, SPAN_US.1),
    };
    Axis::new(span_us)
}

/// Scrolls the timeline so that the playhead stays in sight.
pub(super) fn follow_playhead(run: &Run, view: &mut ViewState, now_before: Time) {
    let timeline = &mut view.timeline;
    timeline.until = run.shown_until();
    let is_advancing = run.playback().is_playing() || run.is_stepping();
    if run.world().now != now_before && is_advancing {
        timeline.axis = timeline.axis.following(run.world().now);
    }
}

/// The node whose lane contains a point.
pub(super) fn node_at(run: &Run, view: &ViewState, at: Point) -> Option<NodeId> {
    let layout = Layout::new(view.timeline.rect?, run.lanes().lanes().len());
    match layout.hit_test(&view.timeline.axis, at, view.selected)? {
        TimelineHit::Name(node) => Some(node),
        TimelineHit::Instant(_, node) => node,
    }
}

impl App {
    pub(super) fn zoom_time(&mut self, share: f64, factor: f64) {
        if let Some((run, view)) = &mut self.shown {
            let axis = view.timeline.axis.zoomed_about(share, factor);
            let in_sight = (0.0..=1.0).contains(&axis.share_of(run.world().now));
            let follow = if in_sight {
                axis.follow
            } else {
                Follow::Nothing
            };
            view.timeline.axis = Axis { follow, ..axis };
        }
    }

    /// Zooms about the playhead, or about the middle if the playhead is out of sight.
    pub(super) fn zoom_time_by_key(&mut self, steps: f64) {
        let Some((run, view)) = &self.shown else {
            return;
        };
        let share = view.timeline.axis.share_of(run.world().now);
        let about = if (0.0..=1.0).contains(&share) {
            share
        } else {
            0.5
        };
        self.zoom_time(about, ZOOM_PER_KEY.powf(steps));
    }

    pub(super) fn pan_time(&mut self, by_share: f64) {
        if let Some((_, view)) = &mut self.shown {
            view.timeline.axis = view.timeline.axis.panned(by_share);
        }
    }

    /// Goes forward to an event. The playhead stays in sight.
    pub(super) fn step(&mut self, grain: StepGrain) {
        if let Some((run, view)) = &mut self.shown {
            let at = run.command(PlaybackCommand::Step(grain));
            view.timeline.axis = view.timeline.axis.scrolled_to(at);
        }
    }

    pub(super) fn step_back(&mut self) {
        if let Some((run, view)) = &mut self.shown {
            let at = run.command(PlaybackCommand::StepBack);
            view.timeline.axis = view.timeline.axis.scrolled_to(at);
        }
    }

    pub(super) fn seek_by(&mut self, steps: f64) {
        if let Some((run, view)) = &mut self.shown {
            let axis = view.timeline.axis;
            let by = Span((axis.span_us * SEEK_SHARE) as u64);
            let now = run.seek_target();
            let to = if steps < 0.0 { now - by } else { now + by };
            let at = run.command(PlaybackCommand::Seek(to));
            view.timeline.axis = axis.scrolled_to(at);
        }
    }

    /// Shows the beginning of the run.
    pub(super) fn seek_to_start(&mut self) {
        if let Some((run, view)) = &mut self.shown {
            let at = run.command(PlaybackCommand::Seek(Time::ZERO));
            view.timeline.axis = view.timeline.axis.scrolled_to(at);
        }
    }

    /// Shows the present and lets the timeline follow it.
    pub(super) fn return_to_now(&mut self) {
        if let Some((run, view)) = &mut self.shown {
            let now = run.command(PlaybackCommand::ReturnToLatest);
            view.timeline.axis = first_axis(run).following(now);
        }
    }

    pub(super) fn toggle_timeline(&mut self) {
        let is_shown = self.panels.timeline.rect.is_some();
        let wanted = if is_shown {
            PanelVisibility::Closed
        } else {
            PanelVisibility::Open
        };
        self.panels.timeline.wanted = Some(wanted);
    }
}
