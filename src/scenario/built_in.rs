//! The built-in scenarios, as text.

use super::error::{InputError, listed};
use super::read::{one_line, read_scenario};
use super::{QuorumAnalyzer, Scenario, ScenarioOptions};
use serde::Deserialize;

/// A built-in scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Name on the command line.
    pub name: &'static str,
    /// Heading under which a list shows it.
    pub group: ScenarioGroup,
    /// Content of the scenario file.
    pub content: &'static str,
}

/// The subject of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScenarioGroup {
    /// What the program does: consensus, backup, a real network.
    FirstSteps,
    /// Silent nodes, partitions and forks.
    Faults,
    /// The figures of the whitepaper about quorum slices.
    Whitepaper,
}

impl ScenarioGroup {
    /// All groups, in the order of lists.
    pub const ALL: [ScenarioGroup; 3] = [
        ScenarioGroup::FirstSteps,
        ScenarioGroup::Faults,
        ScenarioGroup::Whitepaper,
    ];
}

macro_rules! built_in {
    ($($name:literal: $group:ident),* $(,)?) => {
        &[$(BuiltIn {
            name: $name,
            group: ScenarioGroup::$group,
            content: include_str!(concat!("../../assets/scenarios/", $name, ".toml")),
        }),*]
    };
}

/// All built-in scenarios. The first nine have the keys 1 to 9; the first is the default.
pub const BUILT_IN: &[BuiltIn] = built_in![
    "demo": FirstSteps,
    "classic": FirstSteps,
    "backup": FirstSteps,
    "r1": FirstSteps,
    "s1": Faults,
    "s2": Faults,
    "s3": Faults,
    "w4": Whitepaper,
    "w2": Whitepaper,
    "w1": Whitepaper,
    "w3": Whitepaper,
    "w5": Whitepaper,
    "s2-3of5": Faults,
    "backup-held": FirstSteps,
];

/// Title and description of a scenario, for a list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioInfo {
    /// Short title.
    pub title: String,
    /// What the scenario shows, in a few sentences.
    pub description: String,
}

impl BuiltIn {
    /// The built-in scenario with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<BuiltIn> {
        BUILT_IN.iter().find(|known| known.name == name).copied()
    }

    /// Reads title and description only; no node is placed.
    #[must_use]
    pub fn info(self) -> ScenarioInfo {
        #[derive(Default, Deserialize)]
        struct Top {
            title: String,
            description: String,
        }
        // The files are part of the program, and a test reads all of them, so parsing does not fail.
        let top: Top = toml::from_str(self.content).unwrap_or_default();
        ScenarioInfo {
            title: top.title.trim().to_owned(),
            description: one_line(&top.description),
        }
    }

    /// Reads the complete scenario.
    ///
    /// # Errors
    /// If the options do not fit: too many nodes, or a number of nodes for a fixed network.
    pub fn read(
        self,
        options: ScenarioOptions,
        analyzer: &QuorumAnalyzer<'_>,
    ) -> Result<Scenario, InputError> {
        let source_name = format!("scenario {}", self.name);
        read_scenario(self.name, &source_name, self.content, options, analyzer)
    }
}

/// The error for an unknown scenario name.
#[must_use]
pub fn unknown_scenario(name: &str) -> InputError {
    InputError {
        source_name: "--scenario".to_owned(),
        at: None,
        problem: format!(
            "there is no scenario {name:?}, expected {} or the path of a scenario file",
            listed(BUILT_IN.iter().map(|known| known.name))
        ),
        remedy: "List all of them with `quorumscope scenarios`.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Placement;
    use super::*;
    use crate::node::{TrustPolicy, view};
    use std::collections::BTreeSet;
    use std::fs;

    const ANALYZER: QuorumAnalyzer<'_> = QuorumAnalyzer {
        intersecting: &|_| true,
        disjoint_quorums: &|_| None,
        top_tier: &|_| Vec::new(),
    };

    fn read(name: &str, seed: u64, nodes: Option<usize>) -> Scenario {
        let found = BuiltIn::find(name).unwrap();
        found
            .read(ScenarioOptions { seed, nodes }, &ANALYZER)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_scenario_file_is_built_in_complete_and_determined_by_its_seed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        let names: BTreeSet<String> = BUILT_IN.iter().map(|b| b.name.to_owned()).collect();
        assert_eq!(files, names);
        for built_in in BUILT_IN {
            let scenario = read(built_in.name, 7, None);
            let info = built_in.info();
            assert_eq!(
                (&scenario.title, &scenario.description),
                (&info.title, &info.description)
            );
            assert!(info.title.len() > 5 && info.description.len() > 100);
            assert!(!scenario.nodes.is_empty());
            for (nth, node) in scenario.nodes.iter().enumerate() {
                assert_eq!(node.config.peer.id.index(), nth);
                assert!(node.config.peer.key.starts_with('G') && node.config.peer.key.len() == 56);
            }
            assert_eq!(
                scenario,
                read(built_in.name, 7, None),
                "not determined by its seed"
            );
        }
    }

    #[test]
    fn demo_and_classic_match_their_descriptions() {
        let demo = read("demo", 1, None);
        assert_eq!(
            (demo.nodes.len(), demo.placement),
            (20, Placement::Physical)
        );
        assert_eq!(demo.medium.radio_range_m, Some(400.0));
        assert_eq!(
            demo.nodes
                .iter()
                .filter(|node| node.config.is_beacon)
                .count(),
            1
        );
        assert!(
            demo.nodes
                .iter()
                .all(|node| node.config.trust == TrustPolicy::InRange)
        );
        assert_ne!(demo.nodes, read("demo", 2, None).nodes);
        let classic = read("classic", 1, None);
        assert_eq!(
            (classic.nodes.len(), classic.medium.radio_range_m),
            (90, Some(200.0))
        );
        let values: BTreeSet<String> = (classic.nodes.iter())
            .map(|node| node.config.initial_value.as_ref().unwrap().to_string())
            .collect();
        assert_eq!(values, ["0", "1"].map(String::from).into());
        let many = read("classic", 1, Some(1200));
        assert_eq!(
            (many.nodes.len(), many.medium.radio_range_m),
            (1200, Some(100.0))
        );
        assert_eq!(read("demo", 1, Some(1)).settings.min_nodes, 1);
        let demo = read("demo", 1, Some(150));
        let name = |nth: usize| &*demo.nodes[nth].config.peer.name;
        assert_eq!((name(0), name(99), demo.events.len()), ("n01", "n100", 1));
    }

    #[test]
    fn fixed_networks_have_the_quorum_sets_of_their_sources() {
        let w2 = read("w2", 1, None);
        let TrustPolicy::Fixed(set) = &w2.nodes[8].config.trust else {
            panic!("{:?}", w2.nodes[8]);
        };
        assert_eq!(set.validators, [w2.nodes[8].config.peer.id]);
        assert_eq!(set.inner[0].validators.len(), 4);
        assert_eq!(w2.nodes[8].config.address_book.len(), 10);
        let r1 = read("r1", 1, None);
        let organizations: BTreeSet<_> = r1.nodes.iter().map(|n| n.organization.clone()).collect();
        assert_eq!((r1.nodes.len(), organizations.len()), (21, 7));
        let held = read("backup-held", 1, None);
        let holders = held
            .nodes
            .iter()
            .filter(|n| !n.config.held_files.is_empty());
        let file: &view::FileInfo = &held.nodes[0].config.held_files[0];
        assert_eq!((holders.count(), file.size_bytes), (2, 262_144));
        assert_eq!(read("s3", 1, None).events.len(), 2);
    }
}
