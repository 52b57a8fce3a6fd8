//! Import of real networks: node lists of stellarbeat and radar.
//!
//! Quorum sets are used as listed; a node is in its own set only if it is listed there. A set is not usable if it is
//! missing or null, or if SCP would refuse it (these lists write a threshold of 9007199254740991 for "unknown"). A node
//! without a usable set is kept, but trusts no node and never votes. The same holds for a node that occurs only in the
//! quorum sets of others.
//!
//! The import reads text that the caller has fetched. Positions are only for drawing.

use super::byte_order_mark::without_byte_order_mark;
use super::error::{InputError, SourceText, in_words};
use super::layout::{self, RingNode};
use super::names::node_id;
use super::network_format::{NodeEntry, OrganizationEntry, QuorumSetEntry, find_public_key};
use super::{Action, NodeSpec, Placement, QuorumAnalyzer, Remark, Scenario, ScenarioOptions};
use crate::net::{Latency, MediumSpec};
use crate::node::{
    Application, Content, JoinMode, NodeConfig, NodeSettings, Peer, Relaying, Threshold,
    TrustPolicy,
};
use crate::scp::{NodeId, QuorumSet};
use crate::time::{Span, Time};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most nodes of an imported network. Every node reaches every other one, so time and memory of a run grow with the
/// square of this number.
const IMPORTED_NODES_MAX: usize = 2_000;

/// The texts of an imported network, each with its name in errors.
#[derive(Clone, Copy, Debug)]
pub struct NetworkFiles<'a> {
    /// Name of the scenario, for example the file name without its extension.
    pub name: &'a str,
    /// Name and content of the node list.
    pub nodes: (&'a str, &'a str),
    /// Name and content of the list of organisations, if given.
    pub organizations: Option<(&'a str, &'a str)>,
}

/// Reads a node list. A node of the top tier proposes a note; if two quorums are disjoint, one node of each does.
///
/// # Errors
/// With line and column, if known: malformed JSON, wrong types, duplicate keys, no nodes or too many.
pub fn read_network(
    files: NetworkFiles<'_>,
    options: ScenarioOptions,
    analyzer: &QuorumAnalyzer<'_>,
) -> Result<Scenario, InputError> {
    if options.nodes.is_some() {
        return Err(InputError {
            source_name: "--nodes".to_owned(),
            at: None,
            problem: format!(
                "{} lists its nodes, expected a scenario that places them at random",
                files.nodes.0
            ),
            remedy: "Leave out --nodes.".to_owned(),
        });
    }
    let text = SourceText {
        name: files.nodes.0,
        content: without_byte_order_mark(files.nodes.1),
    };
    let nodes: Vec<NodeEntry> = parse(
        text,
        "A node list looks like [{\"publicKey\": \"G...\", \"quorumSet\": {\"threshold\": 2, \"validators\": [...], \"innerQuorumSets\": [...]}}, ...].",
    )?;
    let organizations: Vec<OrganizationEntry> = match files.organizations {
        None => Vec::new(),
        Some((name, content)) => parse(
            SourceText {
                name,
                content: without_byte_order_mark(content),
            },
            "A list of organisations looks like [{\"id\": \"...\", \"name\": \"...\", \"validators\": [\"G...\", ...]}, ...].",
        )?,
    };
    let network = Network::new(text, &nodes, &organizations)?;
    Ok(network.into_scenario(files.name, options, analyzer))
}

fn parse<T: DeserializeOwned>(text: SourceText<'_>, remedy: &str) -> Result<T, InputError> {
    serde_json::from_str(text.content).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        InputError {
            source_name: text.name.to_owned(),
            // serde_json reports column 0 if it has not read any of the line.
            at: (error.line() > 0).then(|| (error.line(), error.column().max(1))),
            problem: in_words(&error.to_string().replace(&place, "")),
            remedy: remedy.to_owned(),
        }
    })
}

/// The node list, with node numbers instead of keys.
struct Network {
    peers: Vec<Peer>,
    organizations: Vec<Option<Arc<str>>>,
    /// By node number; `None` for a node without a usable set.
    sets: Vec<Option<Arc<QuorumSet>>>,
    listed: usize,
}

impl Network {
    fn new(
        text: SourceText<'_>,
        nodes: &[NodeEntry],
        organizations: &[OrganizationEntry],
    ) -> Result<Network, InputError> {
        let keys = Keys::new(text, nodes)?;
        let count = keys.in_order.len();
        if !(1..=IMPORTED_NODES_MAX).contains(&count) {
            return Err(Network::wrong_size(text, count, nodes.len()));
        }
        let mut names = UniqueNames::default();
        let peers = keys.in_order.iter().enumerate().map(|(nth, key)| Peer {
            id: node_id(nth),
            name: names.take(nodes.get(nth).and_then(NodeEntry::given_name), key),
            key: (*key).into(),
        });
        let usable = |node: &NodeEntry| {
            let set = keys.quorum_set(node.quorum_set.as_ref()?)?;
            set.check_sane().is_ok().then(|| Arc::new(set))
        };
        let mut sets: Vec<_> = nodes.iter().map(usable).collect();
        sets.resize(count, None);
        Ok(Network {
            peers: peers.collect(),
            organizations: organization_names(&keys.in_order, nodes, organizations),
            sets,
            listed: nodes.len(),
        })
    }

    fn wrong_size(text: SourceText<'_>, count: usize, listed: usize) -> InputError {
        let unlisted = match count - listed {
            0 => String::new(),
            unlisted => format!(", {unlisted} of them only in quorum sets"),
        };
        let remedy = match count {
            0 => "Use another node list.",
            _ => "Leave out nodes that no quorum set contains: no other node depends on them.",
        };
        let problem = format!("{count} nodes{unlisted}, expected 1 to {IMPORTED_NODES_MAX}");
        text.error(None, problem, remedy)
    }

    fn into_scenario(
        self,
        name: &str,
        options: ScenarioOptions,
        analyzer: &QuorumAnalyzer<'_>,
    ) -> Scenario {
        let core: BTreeSet<NodeId> = (analyzer.top_tier)(&self.sets).into_iter().collect();
        let ring_nodes: Vec<RingNode> = (0..self.peers.len())
            .map(|nth| RingNode {
                ring: match (core.contains(&node_id(nth)), &self.sets[nth]) {
                    (true, _) => 0,
                    (false, Some(_)) => 1,
                    (false, None) => 2,
                },
                organization: self.organizations[nth].clone(),
            })
            .collect();
        let (positions, area_m) = layout::rings(&ring_nodes);
        let settings = settings(self.peers.len());
        let all_peers: Arc<[Peer]> = self.peers.clone().into();
        let usable = self.sets.iter().flatten().count();
        let proposers = self.proposers(&core, analyzer);
        let remarks = self.remarks(usable);
        let events = proposers.iter().map(|&node| {
            let content = Content::Note(format!("hello from {}", self.peers[node.index()].name));
            (Time::from_ms(1000), Action::Propose { node, content })
        });
        let events = events.collect();
        let proposals = match proposers.len() {
            0 => "No node can vote.",
            1 => "A node of the top tier proposes a note.",
            _ => {
                "Quorums do not intersect: in each of two disjoint quorums, a node proposes its own note."
            }
        };
        let nodes = (self
            .peers
            .into_iter()
            .zip(self.sets)
            .zip(ring_nodes)
            .zip(positions))
        .map(|(((peer, set), ring_node), position)| NodeSpec {
            config: Arc::new(NodeConfig {
                peer,
                trust: set.map_or(TrustPolicy::None, TrustPolicy::Fixed),
                // Not used: a fixed set contains its thresholds.
                threshold: Threshold::TwoThirds,
                is_beacon: false,
                address_book: Arc::clone(&all_peers),
                initial_value: None,
                held_files: Vec::new(),
                join_mode: JoinMode::Founder,
                settings: Arc::clone(&settings),
            }),
            position,
            organization: ring_node.organization,
        })
        .collect::<Vec<_>>();
        Scenario {
            name: name.to_owned(),
            title: name.to_owned(),
            description: format!(
                "An imported network: {} nodes, of which {usable} have a usable quorum set. The {} on which all others depend are in the \
                 middle; the outermost ones trust no node and never vote. {proposals}",
                nodes.len(),
                core.len()
            ),
            seed: options.seed,
            area_m,
            placement: Placement::View,
            medium: MediumSpec {
                latency: Latency {
                    min: Span::from_ms(40),
                    max: Span::from_ms(80),
                },
                loss: 0.0,
                radio_range_m: None,
                links: Vec::new(),
            },
            settings,
            events,
            nodes,
            remarks,
        }
    }

    /// The nodes that propose at the start: one of the top tier, or one of each of two disjoint quorums, which then
    /// fork.
    fn proposers(&self, core: &BTreeSet<NodeId>, analyzer: &QuorumAnalyzer<'_>) -> Vec<NodeId> {
        if let Some(quorums) = (analyzer.disjoint_quorums)(&self.sets) {
            return quorums
                .iter()
                .filter_map(|quorum| quorum.first().copied())
                .collect();
        }
        let usable = || self.sets.iter().position(Option::is_some).map(node_id);
        core.first().copied().or_else(usable).into_iter().collect()
    }

    fn remarks(&self, usable: usize) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let without = self.peers.len() - usable;
        if without > 0 {
            remarks.push(Remark::WithoutQuorumSet {
                nodes: without as u64,
                total: self.peers.len() as u64,
            });
        }
        let absent = self.peers.len() - self.listed;
        if absent > 0 {
            remarks.push(Remark::NotInList {
                nodes: absent as u64,
            });
        }
        remarks
    }
}

fn settings(count: usize) -> Arc<NodeSettings> {
    Arc::new(NodeSettings {
        application: Application::Log,
        min_nodes: u32::try_from(count).unwrap_or(u32::MAX).min(4),
        settle: Span::ZERO,
        refresh: Span::from_ms(30_000),
        announce: Span::from_ms(10_000),
        resend: Span::from_ms(3_000),
        proposal_ttl: Span::from_ms(60_000),
        forget_after: None,
        admission: None,
        relaying: Relaying::Direct,
        relay_interval: Span::ZERO,
        choice_slots: 1,
    })
}

/// Node numbers by key: first the list, in its order, then the keys that occur only in quorum sets.
struct Keys<'a> {
    in_order: Vec<&'a str>,
    numbers: BTreeMap<&'a str, NodeId>,
}

impl<'a> Keys<'a> {
    fn new(text: SourceText<'_>, nodes: &'a [NodeEntry]) -> Result<Keys<'a>, InputError> {
        let mut keys = Keys {
            in_order: Vec::new(),
            numbers: BTreeMap::new(),
        };
        for node in nodes {
            if node.public_key.is_empty() {
                let at = find_public_key(text.content, "").next();
                return Err(text.error(
                    at.map(|at| at..at),
                    "a node has an empty \"publicKey\", expected its key",
                    "Correct or remove the node.",
                ));
            }
            if !keys.add(&node.public_key) {
                let at = find_public_key(text.content, &node.public_key).nth(1);
                return Err(text.error(
                    at.map(|at| at..at),
                    format!(
                        "the key {:?} occurs twice, expected each node once",
                        node.public_key
                    ),
                    "Remove one of the two nodes.",
                ));
            }
        }
        for set in nodes.iter().filter_map(|node| node.quorum_set.as_ref()) {
            keys.add_members(set);
        }
        Ok(keys)
    }

    fn add(&mut self, key: &'a str) -> bool {
        let is_new = !self.numbers.contains_key(key);
        if is_new {
            self.numbers.insert(key, node_id(self.in_order.len()));
            self.in_order.push(key);
        }
        is_new
    }

    /// Adds the keys of a set. The recursion is bounded, because the parser limits the nesting of sets.
    fn add_members(&mut self, set: &'a QuorumSetEntry) {
        for key in &set.validators {
            self.add(key);
        }
        for inner in &set.inner_quorum_sets {
            self.add_members(inner);
        }
    }

    /// Converts a set; `None` if a threshold does not fit into 32 bits.
    fn quorum_set(&self, entry: &QuorumSetEntry) -> Option<QuorumSet> {
        let numbers = entry.validators.iter();
        Some(QuorumSet {
            threshold: u32::try_from(entry.threshold).ok()?,
            validators: numbers
                .map(|key| self.numbers.get(key.as_str()).copied())
                .collect::<Option<_>>()?,
            inner: entry
                .inner_quorum_sets
                .iter()
                .map(|inner| self.quorum_set(inner))
                .collect::<Option<_>>()?,
        })
    }
}

/// Display names: the given name, or the shortest free prefix of the key, of 4 to 8 characters. If these are taken, the
/// first choice gets a number.
#[derive(Default)]
struct UniqueNames {
    taken: BTreeSet<String>,
}

impl UniqueNames {
    fn take(&mut self, given: Option<&str>, key: &str) -> Arc<str> {
        let beginning = |length: usize| {
            let start: String = key.chars().take(length).collect();
            if start == key {
                start
            } else {
                start + "\u{2026}"
            }
        };
        let wanted: Vec<String> = match given {
            Some(name) => vec![name.to_owned()],
            None => (4..=8).map(beginning).collect(),
        };
        let numbered = (2..).map(|nth| format!("{} {nth}", wanted[0]));
        let free = wanted.iter().cloned().chain(numbered);
        let name = free.into_iter().find(|name| !self.taken.contains(name));
        let name = name.unwrap_or_else(|| key.to_owned());
        self.taken.insert(name.clone());
        name.into()
    }
}

/// The organisation of each node: its name in the list of organisations, otherwise the home domain, otherwise the
/// organisation's id.
fn organization_names(
    keys: &[&str],
    nodes: &[NodeEntry],
    organizations: &[OrganizationEntry],
) -> Vec<Option<Arc<str>>> {
    let mut by_id = BTreeMap::new();
    let mut by_key = BTreeMap::new();
    for organization in organizations {
        let name: Arc<str> = organization
            .name
            .as_deref()
            .unwrap_or(&organization.id)
            .into();
        for key in &organization.validators {
            by_key.insert(key.as_str(), Arc::clone(&name));
        }
        by_id.insert(organization.id.as_str(), name);
    }
    let of_node = |(nth, key): (usize, &&str)| {
        let node = nodes.get(nth);
        let id = node.and_then(|node| node.organization_id.as_deref());
        let domain = node.and_then(|node| node.home_domain.as_deref());
        id.and_then(|id| by_id.get(id))
            .or_else(|| by_key.get(key))
            .cloned()
            .or_else(|| domain.or(id).map(Arc::from))
    };
    keys.iter().enumerate().map(of_node).collect()
}
