//! The nodes of a scenario: placed at random, or listed in the file.

use super::NodeSpec;
use super::error::{InputError, NODES_MAX, SourceText};
use super::events;
use super::format::{FileFormat, NodeFormat, PolicyFormat, RandomFormat, Requirement};
use super::layout::{self, RingNode};
use super::names::{NodeNames, numbered, peer};
use super::placement::{self, PlacementRequirements};
use super::quorum_sets::{self, SELF};
use super::settings::{self, TrustRule};
use super::{QuorumAnalyzer, Remark, ScenarioOptions};
use crate::net::Position;
use crate::node::{JoinMode, NodeConfig, NodeSettings, Peer, Threshold, TrustPolicy};
use crate::rng::{StreamPurpose, Streams};
use crate::scp::{QuorumSet, Value};
use std::sync::Arc;
use toml::Spanned;

/// Up to this number of nodes, a radio run takes seconds. Larger scenarios get a remark about the cost.
const RELAYED_NODES_QUICK: usize = 200;

/// The nodes, and the settings that depend on their number and positions.
#[derive(Debug)]
pub(super) struct Population {
    pub(super) nodes: Vec<NodeSpec>,
    pub(super) settings: Arc<NodeSettings>,
    pub(super) area_m: (f64, f64),
    pub(super) range_m: Option<f64>,
    pub(super) remarks: Vec<Remark>,
}

/// Nodes `n01`, `n02` and so on, placed at random. The first one is the beacon of discovery.
pub(super) fn random(
    text: SourceText<'_>,
    file: &FileFormat,
    random: &Spanned<RandomFormat>,
    trust: Option<TrustRule>,
    options: ScenarioOptions,
    analyzer: &QuorumAnalyzer<'_>,
    streams: Streams,
) -> Result<Population, InputError> {
    let written = random.get_ref();
    let count = check_count(text, Some(&written.count), options)?;
    let trust = trust.ok_or_else(|| no_trust(text, Some(random.span())))?;
    let area_m = file.area.get_ref().sides_m();
    if !(0.0..area_m.0.min(area_m.1) / 2.0).contains(&written.margin_m) {
        return Err(text.error(
            Some(random.span()),
            format!(
                "margin_m is {}, expected less than half of the area's sides",
                written.margin_m
            ),
            "Make the margin smaller.",
        ));
    }
    for value in &written.values {
        settings::check_value(text, value.span(), value.get_ref())?;
    }
    let range_m = settings::radio_range(text, file, count)?;
    let wanted = PlacementRequirements {
        count,
        area_m,
        margin_m: written.margin_m,
        // Without radio, every node reaches every other.
        range_m: range_m.unwrap_or(area_m.0 + area_m.1),
        connected: written.require.contains(&Requirement::Connected),
        intersecting: (written.require.contains(&Requirement::Intersecting)
            && trust.policy == PolicyFormat::InRange)
            .then_some(trust.threshold),
    };
    let mut placed = placement::place(streams, wanted, analyzer);
    if range_m.is_some() && count > RELAYED_NODES_QUICK {
        placed.remarks.push(Remark::RelayCost {
            nodes: count as u64,
        });
    }
    check_set_sizes(text, random, trust, &placed.neighbours)?;
    let settings = settings::node_settings(text, file, count, true)?;
    let value = |nth: usize| {
        let draw = streams.draw(StreamPurpose::InitialValue, nth as u64, 0, 0);
        let choices = written.values.len() as u64;
        let chosen = draw
            .checked_rem(choices)
            .and_then(|at| usize::try_from(at).ok())?;
        written
            .values
            .get(chosen)
            .map(|value| Value::from(value.get_ref().as_str()))
    };
    let names = numbered(count);
    let nodes = names.iter().zip(&placed.positions).enumerate();
    let nodes = nodes.map(|(nth, (name, position))| NodeSpec {
        config: Arc::new(NodeConfig {
            initial_value: value(nth),
            ..discovering(peer(streams, nth, name), trust, &settings)
        }),
        position: *position,
        organization: None,
    });
    Ok(Population {
        nodes: nodes.collect(),
        settings,
        area_m,
        range_m,
        remarks: placed.remarks,
    })
}

/// Refuses trust policies that lead to quorum sets beyond SCP's limit.
fn check_set_sizes(
    text: SourceText<'_>,
    random: &Spanned<RandomFormat>,
    trust: TrustRule,
    neighbours: &[Vec<usize>],
) -> Result<(), InputError> {
    let largest = match trust.policy {
        PolicyFormat::Found => neighbours.len(),
        PolicyFormat::InRange => 1 + neighbours.iter().map(Vec::len).max().unwrap_or(0),
    };
    if largest <= QuorumSet::NODES_MAX {
        return Ok(());
    }
    Err(text.error(
        Some(random.span()),
        format!(
            "a node would trust {largest} nodes, expected at most {} in a quorum set",
            QuorumSet::NODES_MAX
        ),
        "Use fewer nodes, or the policy \"in_range\" with a shorter range.",
    ))
}

/// A node that discovers the others.
fn discovering(peer: Peer, trust: TrustRule, settings: &Arc<NodeSettings>) -> NodeConfig {
    NodeConfig {
        is_beacon: peer.id.0 == 0,
        peer,
        trust: match trust.policy {
            PolicyFormat::Found => TrustPolicy::Found,
            PolicyFormat::InRange => TrustPolicy::InRange,
        },
        threshold: trust.threshold,
        address_book: Arc::default(),
        initial_value: None,
        held_files: Vec::new(),
        join_mode: JoinMode::Founder,
        settings: Arc::clone(settings),
    }
}

/// The nodes listed in the file. Nodes with a quorum set start with the addresses of all nodes. Nodes with a trust
/// policy discover the others, and the first of them is the beacon.
pub(super) fn listed_nodes(
    text: SourceText<'_>,
    file: &FileFormat,
    trust: Option<TrustRule>,
    options: ScenarioOptions,
    streams: Streams,
) -> Result<Population, InputError> {
    if options.nodes.is_some() {
        return Err(InputError {
            source_name: "--nodes".to_owned(),
            at: None,
            problem: format!(
                "{} lists its nodes, expected a scenario that places them at random",
                text.name
            ),
            remedy: "Leave out --nodes, or use it with demo or classic.".to_owned(),
        });
    }
    let count = file.nodes.len();
    if count > NODES_MAX {
        return Err(text.error(
            None,
            format!("{count} nodes, expected 1 to {NODES_MAX}"),
            "Remove some.",
        ));
    }
    let names = read_names(text, &file.nodes)?;
    let settings = settings::node_settings(
        text,
        file,
        count,
        file.nodes.iter().any(|node| node.quorum_set.is_none()),
    )?;
    let peers: Vec<Peer> = (file.nodes.iter().enumerate())
        .map(|(nth, node)| peer(streams, nth, node.name.get_ref()))
        .collect();
    let all_peers: Arc<[Peer]> = peers.clone().into();
    let (positions, area_m) = positions(text, file)?;
    let mut beacon_found = false;
    let mut nodes = Vec::with_capacity(count);
    for ((written, peer), position) in file.nodes.iter().zip(peers).zip(positions) {
        let mut config = match &written.quorum_set {
            Some(set) => with_set(text, file, &names, set, peer, &settings, &all_peers)?,
            None => {
                let trust = trust.ok_or_else(|| no_trust(text, Some(written.name.span())))?;
                let is_beacon = !std::mem::replace(&mut beacon_found, true);
                NodeConfig {
                    is_beacon,
                    ..discovering(peer, trust, &settings)
                }
            }
        };
        if let Some(value) = &written.value {
            settings::check_value(text, value.span(), value.get_ref())?;
            config.initial_value = Some(Value::from(value.get_ref().as_str()));
        }
        let held = written.holds.iter();
        config.held_files = held
            .map(|name| events::file(text, &file.files, name))
            .collect::<Result<_, _>>()?;
        nodes.push(NodeSpec {
            config: Arc::new(config),
            position,
            organization: written.organization.as_deref().map(Arc::from),
        });
    }
    Ok(Population {
        nodes,
        settings,
        area_m,
        range_m: settings::radio_range(text, file, count)?,
        remarks: Vec::new(),
    })
}

fn read_names(text: SourceText<'_>, nodes: &[NodeFormat]) -> Result<NodeNames, InputError> {
    let mut names = NodeNames::default();
    for node in nodes {
        let name = node.name.get_ref();
        let length = name.chars().count();
        let problem = if name == SELF {
            format!("{SELF:?} means the owner of a quorum set, expected another name")
        } else if !(1..=40).contains(&length)
            || name.trim() != name
            || name.contains(char::is_control)
        {
            "expected a name of 1 to 40 characters in one line, without blanks around it".to_owned()
        } else if names.add(name).is_none() {
            format!("{name:?} is the name of two nodes, expected different names")
        } else {
            continue;
        };
        return Err(text.error(Some(node.name.span()), problem, "Rename the node."));
    }
    Ok(names)
}

fn with_set(
    text: SourceText<'_>,
    file: &FileFormat,
    names: &NodeNames,
    set: &Spanned<String>,
    peer: Peer,
    settings: &Arc<NodeSettings>,
    all_peers: &Arc<[Peer]>,
) -> Result<NodeConfig, InputError> {
    let set = quorum_sets::named(text, &file.quorum_sets, names, peer.id, set)?;
    Ok(NodeConfig {
        peer,
        trust: TrustPolicy::Fixed(Arc::new(set)),
        // Not used: a fixed set contains its thresholds.
        threshold: Threshold::TwoThirds,
        is_beacon: false,
        address_book: Arc::clone(all_peers),
        initial_value: None,
        held_files: Vec::new(),
        join_mode: JoinMode::Founder,
        settings: Arc::clone(settings),
    })
}

/// The positions in the file; if it has none, positions on rings by organisation or on one circle.
fn positions(
    text: SourceText<'_>,
    file: &FileFormat,
) -> Result<(Vec<Position>, (f64, f64)), InputError> {
    let area_m = file.area.get_ref().sides_m();
    for node in &file.nodes {
        if let Some(position) = node.position {
            settings::check_position(text, node.name.span(), area_m, position)?;
        }
    }
    let written: Vec<Position> = file
        .nodes
        .iter()
        .filter_map(|node| node.position.map(|(x_m, y_m)| Position { x_m, y_m }))
        .collect();
    if written.len() == file.nodes.len() {
        return Ok((written, area_m));
    }
    if !written.is_empty() || file.radio.is_some() {
        let without = file.nodes.iter().find(|node| node.position.is_none());
        return Err(text.error(
            without.map(|node| node.name.span()),
            "this node has no position, expected one for every node if any has one, and always with [radio]",
            "Add `position = [x, y]`.",
        ));
    }
    if file.nodes.iter().all(|node| node.organization.is_none()) {
        return Ok((layout::circle(file.nodes.len(), area_m), area_m));
    }
    let ring_nodes = file.nodes.iter().map(|node| RingNode {
        ring: 0,
        organization: node.organization.as_deref().map(Arc::from),
    });
    Ok(layout::rings(&ring_nodes.collect::<Vec<_>>()))
}

fn no_trust(text: SourceText<'_>, span: Option<std::ops::Range<usize>>) -> InputError {
    text.error(
        span,
        "these nodes have no trust policy, expected [trust] with a policy, or a `quorum_set`",
        "Add one of them.",
    )
}

/// The number of nodes, if it is within the limits.
fn check_count(
    text: SourceText<'_>,
    written: Option<&Spanned<i64>>,
    options: ScenarioOptions,
) -> Result<usize, InputError> {
    let expected = format!("expected 1 to {NODES_MAX}");
    let in_range = |count: i64| {
        let count = usize::try_from(count).ok();
        count.filter(|count| (1..=NODES_MAX).contains(count))
    };
    match (options.nodes, written) {
        (Some(count), _) if (1..=NODES_MAX).contains(&count) => Ok(count),
        (Some(count), _) => Err(InputError {
            source_name: "--nodes".to_owned(),
            at: None,
            problem: format!("{count} nodes, {expected}"),
            remedy: "Choose a number in this range.".to_owned(),
        }),
        (None, Some(written)) => in_range(*written.get_ref()).ok_or_else(|| {
            text.error(
                Some(written.span()),
                format!("{} nodes, {expected}", written.get_ref()),
                "Write a number in this range.",
            )
        }),
        (None, None) => Ok(0),
    }
}
