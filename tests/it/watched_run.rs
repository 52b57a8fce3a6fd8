//! The watched run without a window: play, pause, step, seek, speed, the end of a run, and refused actions.

use super::runs::scenario as read;
use quorumscope::net::LossReason;
use quorumscope::node::{Application, Content, MessageKind, NodeEvent, ProposalRefusal};
use quorumscope::run::{
    PlaybackCommand, Recording, Replay, Run, RunProgress, RunState, ScenarioChoice, ScenarioSource,
    Session, StartAs, StepGrain,
};
use quorumscope::scenario::{Action, ActionRefused, Scenario};
use quorumscope::scp::{NodeId, ScpEvent};
use quorumscope::sim::{ExecutorKind, Simulation};
use quorumscope::time::Time;
use quorumscope::trace::{FlightId, Record, World};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const FIVE_NODES: &str = r#"
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

const FRAME: Duration = Duration::from_millis(16);

fn scenario() -> Scenario {
    read("t", 4, None, FIVE_NODES)
}

fn simulation(scenario: Scenario) -> Box<dyn Session + Send> {
    Box::new(Simulation::new(Arc::new(scenario), ExecutorKind::Inline).unwrap())
}

fn open(session: Box<dyn Session + Send>, start_as: StartAs) -> Run {
    let choice = ScenarioChoice {
        source: ScenarioSource::Given,
        seed: 4,
        nodes: None,
    };
    Run::new(session, choice, start_as)
}

/// A paused run of five nodes that shows `at`.
fn simulated(at: Time) -> Run {
    open(simulation(scenario()), StartAs::PausedAt(at))
}

fn records() -> Vec<Record> {
    let mut session = Simulation::new(Arc::new(scenario()), ExecutorKind::Inline).unwrap();
    while session.advance(Time::from_ms(8_000), 10_000) == RunProgress::Limited {}
    session.take_records()
}

/// Everything a viewer can see.
fn seen(run: &Run) -> String {
    let world = run.world();
    let nodes: Vec<_> = world
        .nodes
        .iter()
        .map(|node| (node.status, &node.view))
        .collect();
    let flights: Vec<_> = world.flights.values().collect();
    format!("{} {nodes:?} {flights:?} {:?}", world.now, world.counters)
}

fn frame(run: &mut Run) {
    run.advance(FRAME, &|| true);
}

/// Advances by frames without spare time until a seek is done.
fn finish_seek(run: &mut Run) {
    assert!(!run.playback().is_playing());
    for _ in 0..100_000 {
        if !run.is_moving() {
            return;
        }
        run.advance(FRAME, &|| false);
    }
    panic!("the seek does not end");
}

fn propose(node: u32, note: &str) -> Action {
    Action::Propose {
        node: NodeId(node),
        content: Content::Note(note.into()),
    }
}

#[test]
fn virtual_time_advances_only_while_playing() {
    let mut run = open(simulation(scenario()), StartAs::Playing);
    assert_eq!(run.state(), RunState::Playing);
    let mut before = run.world().now;
    for _ in 0..50 {
        frame(&mut run);
        assert!(run.world().now > before);
        before = run.world().now;
    }
    run.command(PlaybackCommand::TogglePlay);
    assert_eq!(run.state(), RunState::Paused);
    assert!(!run.is_moving());
    for _ in 0..50 {
        frame(&mut run);
    }
    assert_eq!(run.world().now, before);
    run.command(PlaybackCommand::Play);
    frame(&mut run);
    assert!(run.world().now > before);
}

#[test]
fn speed_scales_the_time_of_a_frame() {
    let passed = |commands: &[PlaybackCommand]| {
        let mut run = simulated(AT[0]);
        run.command(PlaybackCommand::Play);
        commands
            .iter()
            .for_each(|command| _ = run.command(*command));
        frame(&mut run);
        run.world().now.since(AT[0]).as_ms()
    };
    let normal = passed(&[]);
    assert!((passed(&[PlaybackCommand::Faster]) / normal - 2.0).abs() < 0.01);
    assert!((passed(&[PlaybackCommand::Slower]) / normal - 0.5).abs() < 0.01);
}

#[test]
fn first_vote_appears_within_three_seconds() {
    for name in ["demo", "backup", "s1", "w2", "r1"] {
        let scenario = super::runs::built_in(name, 1);
        let mut run = open(simulation(scenario), StartAs::Playing);
        let mut wall = Duration::ZERO;
        while run.world().slots().is_empty() && wall < Duration::from_secs(60) {
            frame(&mut run);
            wall += FRAME;
        }
        assert!(wall < Duration::from_secs(3), "{name}: {wall:?}");
    }
}

#[test]
fn run_without_open_proposals_is_finished_until_the_user_acts() {
    let mut run = open(simulation(scenario()), StartAs::Playing);
    for _ in 0..10 {
        run.command(PlaybackCommand::Faster);
    }
    for _ in 0..10_000 {
        frame(&mut run);
    }
    assert_eq!(run.state(), RunState::Finished);
    assert!(run.playback().is_playing() && !run.is_moving());
    let end = run.world().now;
    frame(&mut run);
    assert_eq!(run.world().now, end);
    run.act(propose(1, "three")).unwrap();
    assert_eq!(run.state(), RunState::Playing);
    frame(&mut run);
    assert!(run.world().now > end);
}

#[test]
fn recording_is_finished_at_its_end_and_not_before() {
    let mut run = open(
        Box::new(Replay::new(Recording::new(Arc::new(scenario()), records()))),
        StartAs::Playing,
    );
    let end = run.shown_until();
    run.command(PlaybackCommand::Seek(AT[0]));
    finish_seek(&mut run);
    run.command(PlaybackCommand::Play);
    run.command(PlaybackCommand::Faster);
    let mut frames = 0;
    while run.state() != RunState::Finished {
        assert!(run.world().now < end || frames < 100_000);
        frame(&mut run);
        frames += 1;
        assert!(frames < 100_000, "the recording does not end");
    }
    assert!(run.world().now >= end);
    assert_eq!(run.act(propose(1, "late")), Err(ActionRefused::Recorded));
}

#[test]
fn step_pauses_and_stops_at_the_next_event() {
    let mut run = open(simulation(scenario()), StartAs::Playing);
    let mut instants = BTreeSet::new();
    for _ in 0..20 {
        run.command(PlaybackCommand::Step(StepGrain::Event));
        assert_eq!(run.state(), RunState::Paused);
        instants.insert(run.world().now);
    }
    assert!(instants.len() > 5, "{instants:?}");
    let before = seen(&run);
    frame(&mut run);
    assert_eq!(seen(&run), before);
}

/// The number of transitions so far, and the decided slots.
fn transitions(run: &Run) -> (usize, usize) {
    let is_transition = |event: &NodeEvent| match event {
        NodeEvent::Scp(event) => !matches!(
            event,
            ScpEvent::RoundStarted { .. }
                | ScpEvent::HeardFromQuorum { .. }
                | ScpEvent::NotFullyValidated { .. }
                | ScpEvent::Refused { .. }
        ),
        _ => false,
    };
    let events = run.world().log.iter().map(|line| &line.event);
    let decided = run.world().slots().values();
    (
        events.filter(|event| is_transition(event)).count(),
        decided.filter(|slot| !slot.decided.is_empty()).count(),
    )
}

fn step_to(run: &mut Run, grain: StepGrain) {
    run.command(PlaybackCommand::Step(grain));
    for _ in 0..100_000 {
        if !run.is_moving() {
            return;
        }
        frame(run);
    }
    panic!("the step does not end");
}

#[test]
fn steps_end_at_the_next_transition_and_at_the_next_decision() {
    let mut run = open(simulation(scenario()), StartAs::PausedAt(AT[0]));
    run.act(propose(1, "first")).unwrap();
    for _ in 0..5 {
        let before = transitions(&run);
        step_to(&mut run, StepGrain::Transition);
        assert!(transitions(&run).0 > before.0, "{before:?}");
        assert_eq!(transitions(&run).1, before.1);
    }
    step_to(&mut run, StepGrain::Slot);
    assert_eq!(transitions(&run).1, 1);
    let decided_at = run.world().now;

    run.command(PlaybackCommand::Seek(AT[0]));
    finish_seek(&mut run);
    step_to(&mut run, StepGrain::Slot);
    assert_eq!(run.world().now, decided_at, "the same step in the past");
}

#[test]
fn step_back_undoes_a_step() {
    let mut run = simulated(AT[1]);
    run.command(PlaybackCommand::Step(StepGrain::Event));
    let here = seen(&run);
    run.command(PlaybackCommand::StepBack);
    finish_seek(&mut run);
    assert_eq!(run.state(), RunState::Past);
    let before = seen(&run);
    assert_ne!(before, here);
    run.command(PlaybackCommand::Step(StepGrain::Event));
    finish_seek(&mut run);
    assert_eq!(seen(&run), here);
    run.command(PlaybackCommand::StepBack);
    finish_seek(&mut run);
    assert_eq!(seen(&run), before);
}

#[test]
fn seeking_back_and_returning_leaves_a_simulation_unchanged() {
    let mut run = simulated(AT[2]);
    let latest = seen(&run);
    for at in [AT[0], AT[1], AT[0]] {
        assert_eq!(run.command(PlaybackCommand::Seek(at)), at);
        assert!(run.is_in_past() && run.is_moving());
        finish_seek(&mut run);
        assert_eq!(run.state(), RunState::Past);
        assert_eq!(seen(&run), seen(&simulated(at)), "{at}");
    }
    assert_eq!(run.command(PlaybackCommand::ReturnToLatest), AT[2]);
    finish_seek(&mut run);
    assert!(!run.is_in_past());
    assert_eq!(seen(&run), latest);
}

#[test]
fn returning_to_the_latest_instant_restores_the_play_state() {
    for (start_as, expected) in [
        (StartAs::Playing, RunState::Playing),
        (StartAs::Paused, RunState::Paused),
    ] {
        let mut run = open(simulation(scenario()), start_as);
        run.command(PlaybackCommand::Play);
        (0..400).for_each(|_| frame(&mut run));
        if start_as == StartAs::Paused {
            run.command(PlaybackCommand::Pause);
        }
        run.command(PlaybackCommand::Seek(Time::ZERO));
        finish_seek(&mut run);
        assert_eq!(run.state(), RunState::Past);
        run.command(PlaybackCommand::ReturnToLatest);
        for _ in 0..100 {
            frame(&mut run);
        }
        assert_eq!(run.state(), expected);
    }
}

#[test]
fn seeks_anywhere_in_a_recording() {
    let replay = Replay::new(Recording::new(Arc::new(scenario()), records()));
    let mut run = open(Box::new(replay), StartAs::PausedAt(AT[0]));
    let end = run.shown_until();
    assert!(end > AT[2]);
    for at in [AT[2], AT[1], AT[2], AT[0]] {
        run.command(PlaybackCommand::Seek(at));
        finish_seek(&mut run);
        assert_eq!(seen(&run), seen(&simulated(at)), "{at}");
    }
    assert_eq!(run.command(PlaybackCommand::Seek(Time::MAX)), end);
    finish_seek(&mut run);
    assert!(!run.is_in_past());
}

#[test]
fn plays_the_past_until_the_latest_instant() {
    let mut run = simulated(AT[2]);
    let latest = seen(&run);
    run.command(PlaybackCommand::Seek(AT[0]));
    finish_seek(&mut run);
    run.command(PlaybackCommand::Play);
    let mut frames = 0;
    while run.is_in_past() {
        let before = run.world().now;
        frame(&mut run);
        assert!(run.world().now >= before);
        frames += 1;
        assert!(frames < 100_000, "the past does not end");
    }
    assert!(frames > 20, "{frames} frames are too few to see anything");
    assert_eq!(seen(&run), latest);
}

#[test]
fn scrubbing_shows_intermediate_worlds_and_ends_at_the_release_point() {
    let mut run = simulated(AT[2]);
    let mut shown = BTreeSet::new();
    let (from, to) = (AT[2].0 / 1_000, AT[0].0 / 1_000);
    for ms in (to..from).rev().step_by(7) {
        run.command(PlaybackCommand::Seek(Time::from_ms(ms)));
        run.advance(FRAME, &|| false);
        run.advance(FRAME, &|| false);
        shown.insert(run.world().now);
    }
    run.command(PlaybackCommand::Seek(AT[0]));
    finish_seek(&mut run);
    assert!(shown.len() > 3, "{} worlds on the way", shown.len());
    assert_eq!(seen(&run), seen(&simulated(AT[0])));
}

#[test]
fn reopened_run_keeps_the_speed_and_another_scenario_plays() {
    let mut before = simulated(AT[0]);
    before.command(PlaybackCommand::Faster);
    let mut again = simulated(Time::ZERO);
    again.inherit_playback(&before);
    assert_eq!(again.playback().speed_power(), 1);
    assert_eq!(again.state(), RunState::Paused);
    let other = read("other", 4, None, FIVE_NODES);
    let mut other = open(simulation(other), StartAs::Paused);
    other.inherit_playback(&before);
    assert_eq!(other.playback().speed_power(), 1);
    assert_eq!(other.state(), RunState::Playing);
}

#[test]
fn a_fork_pauses_the_run() {
    let fork = super::runs::built_in("w4", 1);
    let mut run = open(simulation(fork), StartAs::Playing);
    for _ in 0..10 {
        run.command(PlaybackCommand::Faster);
    }
    for _ in 0..10_000 {
        if run.state() == RunState::Paused {
            break;
        }
        frame(&mut run);
    }
    assert_eq!(run.state(), RunState::Paused);
    assert!(run.world().fork().is_some());
}

#[test]
fn lost_message_is_kept_from_its_loss_until_it_has_fallen() {
    let mut world = World::new(Arc::new(scenario()));
    let (flight, from, to) = (FlightId(0), NodeId(0), NodeId(1));
    let (kind, housekeeping) = (MessageKind::Vote, false);
    let lost_at = Time::from_ms(1_000);
    world.apply(&Record::Sent {
        at: Time::from_ms(900),
        arrives_at: lost_at,
        flight,
        from,
        to,
        kind,
        message: None,
        housekeeping,
    });
    assert_eq!(world.flights[&flight].lost_at(), None);
    world.apply(&Record::Lost {
        at: lost_at,
        flight,
        from,
        to,
        kind,
        housekeeping,
        why: LossReason::ReceiverDown,
    });
    assert_eq!(world.flights[&flight].lost_at(), Some(lost_at));
    world.advance_to(Time::from_ms(1_399));
    assert!(world.flights.contains_key(&flight));
    world.advance_to(Time::from_ms(1_401));
    assert!(world.flights.is_empty());
}

#[test]
fn refused_actions_return_the_reason() {
    let mut run = simulated(AT[1]);
    let crashed = ActionRefused::NotRunning("n03".into());
    assert_eq!(run.act(propose(2, "late")), Err(crashed));
    let choice = Action::Propose {
        node: NodeId(1),
        content: Content::Choice("1".into()),
    };
    let application = Application::Log;
    assert_eq!(
        run.act(choice),
        Err(ActionRefused::WrongContent { application })
    );
    let before = run.world().log.len();
    let refused = ActionRefused::ProposalRefused {
        node: NodeId(1),
        why: ProposalRefusal::Malformed,
    };
    assert_eq!(run.act(propose(1, "")), Err(refused));
    assert!(
        run.world().log.len() > before,
        "the attempt is in the event log"
    );
    assert_eq!(run.act(propose(1, "valid")), Ok(()));
}
