//! Helpers for tests that run networks: scenarios, runs and their results.

use quorumscope::analysis::{Fbas, IntersectionResult, intersection, top_tier};
use quorumscope::run::{RunProgress, Session};
use quorumscope::scenario::{
    BuiltIn, NetworkFiles, QuorumAnalyzer, Scenario, ScenarioOptions, read_network, read_scenario,
};
use quorumscope::scp::{NodeId, QuorumSet, Value};
use quorumscope::sim::{ExecutorKind, Simulation};
use quorumscope::time::{Span, Time};
use quorumscope::trace::outcome::{Outcome, StopChecker, StopCondition, decisions};
use quorumscope::trace::{Record, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Nodes of the application `log` with a threshold of two thirds of the nodes that they find.
macro_rules! log {
    ($count:literal) => {
        concat!(
            "application = \"log\"\n[trust]\npolicy = \"found\"\nthreshold = \"2/3\"\n[random]\ncount = ",
            $count,
            "\n"
        )
    };
}

/// Nodes of the application `choice` with different initial values.
macro_rules! choice {
    ($count:literal) => {
        concat!(
            "application = \"choice\"\n[trust]\npolicy = \"found\"\nthreshold = \"2/3\"\n[random]\ncount = ",
            $count,
            "\nvalues = [\"ant\", \"bee\", \"cat\", \"dog\", \"emu\", \"fox\"]\n"
        )
    };
}

macro_rules! event {
    ($at_ms:literal, $action:literal, $keys:literal) => {
        concat!(
            "[[events]]\nat_ms = ",
            $at_ms,
            "\naction = \"",
            $action,
            "\"\n",
            $keys,
            "\n"
        )
    };
}

macro_rules! propose {
    ($at_ms:literal, $node:literal) => {
        concat!(
            "[[events]]\nat_ms = ",
            $at_ms,
            "\naction = \"propose\"\nnode = \"",
            $node,
            "\"\nnote = \"",
            $node,
            " at ",
            $at_ms,
            "\"\n"
        )
    };
}

/// Two disjoint quorums.
fn disjoint(sets: &[Option<Arc<QuorumSet>>]) -> Option<[Vec<NodeId>; 2]> {
    match intersection(&Fbas::new(sets.to_vec()), &|| false) {
        IntersectionResult::Disjoint(left, right) => Some([left, right]),
        _ => None,
    }
}

/// Whether there are quorums and any two of them intersect.
pub(crate) fn do_intersect(sets: &[Option<Arc<QuorumSet>>]) -> bool {
    intersection(&Fbas::new(sets.to_vec()), &|| false).intersecting() == Some(true)
}

fn with_analyzer<T>(read: impl FnOnce(&QuorumAnalyzer<'_>) -> T) -> T {
    read(&QuorumAnalyzer {
        intersecting: &do_intersect,
        disjoint_quorums: &disjoint,
        top_tier: &|sets| top_tier(&Fbas::new(sets.to_vec())),
    })
}

/// A built-in scenario.
pub(crate) fn built_in(name: &str, seed: u64) -> Scenario {
    let options = ScenarioOptions { seed, nodes: None };
    with_analyzer(|analyzer| {
        BuiltIn::find(name)
            .unwrap()
            .read(options, analyzer)
            .unwrap()
    })
}

/// A scenario from its text, with a title and a description added.
pub(crate) fn scenario(name: &str, seed: u64, nodes: Option<usize>, text: &str) -> Scenario {
    let text = format!("title = \"t\"\ndescription = \"d\"\n{text}");
    let options = ScenarioOptions { seed, nodes };
    with_analyzer(|analyzer| read_scenario(name, name, &text, options, analyzer))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A network imported from a node list.
pub(crate) fn imported(name: &str, nodes: &str) -> Scenario {
    let files = NetworkFiles {
        name,
        nodes: (name, nodes),
        organizations: None,
    };
    let options = ScenarioOptions {
        seed: 1,
        nodes: None,
    };
    with_analyzer(|analyzer| read_network(files, options, analyzer).unwrap())
}

/// A finished run.
pub(crate) struct Run {
    pub(crate) world: World,
    pub(crate) outcome: Outcome,
}

/// Runs a scenario to the end, as `quorumscope run` does.
pub(crate) fn run(scenario: &Scenario, kind: ExecutorKind, until: StopCondition) -> Run {
    let scenario = Arc::new(scenario.clone());
    let mut simulation = Simulation::new(Arc::clone(&scenario), kind).unwrap();
    let mut world = World::new(scenario);
    let mut watch = StopChecker::new(until, &world);
    let mut is_over = false;
    while !is_over && simulation.now() < watch.horizon() {
        let progress = simulation.advance(watch.horizon(), 20_000);
        for record in simulation.take_records() {
            world.apply(&record);
            is_over = watch.is_over(&world, &record);
            if is_over {
                break;
            }
        }
        is_over |= progress == RunProgress::Finished;
    }
    let outcome = watch.outcome(&world);
    Run { world, outcome }
}

impl Run {
    /// Decisions by slot, as `n01=pizza`.
    pub(crate) fn decided(&self) -> BTreeMap<u64, Vec<String>> {
        let text = |(node, value): (&NodeId, &Value)| format!("{}={value}", self.world.name(*node));
        let slots = decisions(&self.world);
        slots
            .iter()
            .map(|(slot, of)| (slot.0, of.iter().map(text).collect()))
            .collect()
    }
}

/// The records of the first `span` of a run.
pub(crate) fn records(scenario: &Scenario, kind: ExecutorKind, span: Span) -> Vec<Record> {
    let mut simulation = Simulation::new(Arc::new(scenario.clone()), kind).unwrap();
    simulation.advance(Time::ZERO + span, usize::MAX);
    simulation.take_records()
}

/// Small networks that together cover every kind of event. Each one runs for [`EVENTFUL`].
pub(crate) const NETWORKS: &[(&str, &str)] = &[
    (
        "zero latency",
        concat!(
            log!(6),
            "[medium]\nlatency_ms = [0, 0]\n",
            propose!(2000, "n01"),
            propose!(2000, "n02")
        ),
    ),
    (
        "often zero latency",
        concat!(
            log!(6),
            "[medium]\nlatency_ms = [0, 2]\nrelaying = \"flood\"\n",
            propose!(2000, "n01")
        ),
    ),
    (
        "constant latency",
        concat!(
            log!(5),
            "[medium]\nlatency_ms = [50, 50]\n",
            propose!(2500, "n03")
        ),
    ),
    (
        "loss",
        concat!(
            log!(6),
            "[medium]\nloss = 0.2\n",
            propose!(2500, "n01"),
            propose!(2600, "n02")
        ),
    ),
    (
        "many values",
        concat!(choice!(7), "[timing]\nchoice_slots = 4\n"),
    ),
    (
        "many values at zero latency",
        concat!(
            choice!(6),
            "[medium]\nlatency_ms = [0, 0]\n[timing]\nchoice_slots = 4\n"
        ),
    ),
    (
        "many proposals",
        concat!(
            log!(5),
            propose!(2500, "n01"),
            propose!(2500, "n02"),
            propose!(2510, "n03"),
            propose!(2900, "n04"),
            propose!(2950, "n05"),
            propose!(3300, "n01"),
            propose!(6000, "n02"),
        ),
    ),
    (
        "joining and leaving within a slot",
        concat!(
            log!(6),
            propose!(2500, "n01"),
            event!(2600, "add", "position = [10, 10]"),
            event!(2700, "leave", "node = \"n03\""),
            event!(2700, "add", "position = [20, 20]"),
            propose!(2750, "n02"),
            propose!(8000, "n05"),
        ),
    ),
    (
        "crash and restart",
        concat!(
            log!(6),
            propose!(2500, "n01"),
            event!(2600, "crash", "node = \"n02\""),
            event!(2650, "crash", "node = \"n04\""),
            event!(5000, "restart", "node = \"n02\""),
            propose!(5100, "n02"),
            event!(9000, "restart", "node = \"n04\""),
        ),
    ),
    (
        "partition and heal",
        concat!(
            log!(6),
            propose!(2500, "n01"),
            event!(
                2600,
                "partition",
                "groups = [[\"n01\", \"n02\", \"n03\", \"n04\", \"n05\"]]"
            ),
            propose!(4000, "n03"),
            event!(
                7000,
                "partition",
                "groups = [[\"n01\", \"n02\"], [\"n03\", \"n04\"]]"
            ),
            event!(9000, "heal", ""),
        ),
    ),
    (
        "changed quorum sets",
        concat!(
            "application = \"log\"\n[trust]\npolicy = \"found\"\nthreshold = \"2/3\"\n",
            "[quorum_sets]\npair = { threshold = 2, validators = [\"a\", \"b\"] }\n",
            "[[nodes]]\nname = \"a\"\n[[nodes]]\nname = \"b\"\n[[nodes]]\nname = \"c\"\n[[nodes]]\nname = \"d\"\n",
            propose!(2500, "a"),
            event!(2550, "set_trust", "node = \"c\"\nquorum_set = \"pair\""),
            event!(5000, "crash", "node = \"c\""),
            event!(5500, "restart", "node = \"c\""),
            event!(6000, "set_trust", "node = \"d\"\npolicy = \"found\""),
            propose!(7000, "b"),
        ),
    ),
    (
        "silence",
        concat!(
            log!(5),
            event!(0, "silence", "node = \"n05\""),
            propose!(3000, "n01"),
            event!(6000, "unsilence", "node = \"n05\""),
            propose!(7000, "n05"),
        ),
    ),
    (
        "radio",
        concat!(
            "application = \"log\"\n[radio]\nrange_m = 450\n[trust]\npolicy = \"in_range\"\nthreshold = \"2/3\"\n",
            "[random]\ncount = 8\nmargin_m = 50\nrequire = [\"connected\", \"intersecting\"]\n",
            propose!(3000, "n01"),
            event!(3200, "move", "node = \"n02\"\nposition = [500, 400]"),
            event!(3500, "add", "position = [480, 380]"),
            event!(3600, "leave", "node = \"n08\""),
            propose!(7000, "n04"),
        ),
    ),
    (
        "files",
        concat!(
            "application = \"log\"\n[trust]\npolicy = \"found\"\nthreshold = \"majority\"\n[medium]\nloss = 0.1\n",
            "[[files]]\nname = \"photo.jpg\"\nsize_bytes = 200000\n",
            "sha256 = \"8a39d2abd3999ab73c34db2476849cddf303ce389b35826850f9a700589b4a90\"\n",
            "[[nodes]]\nname = \"n01\"\nholds = [\"photo.jpg\"]\n[[nodes]]\nname = \"n02\"\n[[nodes]]\nname = \"n03\"\n",
            "[[nodes]]\nname = \"n04\"\nholds = [\"photo.jpg\"]\n[[nodes]]\nname = \"n05\"\n",
            event!(2500, "propose", "node = \"n01\"\nfile = \"photo.jpg\""),
            event!(3300, "crash", "node = \"n01\""),
            event!(5000, "restart", "node = \"n01\""),
        ),
    ),
];

/// The virtual time for which each network above runs.
pub(crate) const EVENTFUL: Span = Span::from_ms(12_000);
