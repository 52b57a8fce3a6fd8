//! `Medium`: positions, partitions and silenced nodes of a network, and the verdict on each transmission.
//!
//! The first rule that matches a transmission gives its verdict. A random draw depends on its purpose, the link and the
//! number of earlier uses of the link, so the order of transmissions on different links cannot change it.

use super::grid::Grid;
use super::neighbour_table::NeighbourTable;
use super::spec::{Latency, LossReason, MediumSpec, Position};
use crate::rng::{StreamPurpose, Streams};
use crate::scp::NodeId;
use crate::time::Span;

/// The result of a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrives.
    Deliver {
        /// Its latency.
        after: Span,
    },
    /// It does not arrive.
    Lost(LossReason),
}

/// What a transmission carries. Each kind draws latencies from its own random stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// A message or an announcement.
    Message,
    /// A chunk of a file.
    Chunk,
}

#[derive(Clone, Copy, Debug)]
struct MediumNode {
    position: Position,
    is_present: bool,
    is_silent: bool,
    /// The side of a partition. All nodes without an explicit group form group 0.
    group: u32,
}

/// A [`LinkRule`](super::LinkRule) with sorted nodes, for binary search.
#[derive(Clone, Debug)]
struct SortedLinkRule {
    from: Vec<NodeId>,
    to: Vec<NodeId>,
    latency: Latency,
}

/// The medium between the nodes of one run.
#[derive(Clone, Debug)]
pub struct Medium {
    latency: Latency,
    loss: f64,
    rules: Vec<SortedLinkRule>,
    nodes: Vec<MediumNode>,
    neighbours: Vec<NeighbourTable>,
    /// `None` without radio.
    grid: Option<Grid>,
}

impl Medium {
    /// A medium without any nodes.
    #[must_use]
    pub fn new(spec: &MediumSpec) -> Medium {
        let sorted = |nodes: &[NodeId]| {
            let mut nodes = nodes.to_vec();
            nodes.sort_unstable();
            nodes
        };
        let rules = spec.links.iter().map(|rule| SortedLinkRule {
            from: sorted(&rule.from),
            to: sorted(&rule.to),
            latency: rule.latency,
        });
        Medium {
            latency: spec.latency,
            loss: spec.loss,
            rules: rules.collect(),
            nodes: Vec::new(),
            neighbours: Vec::new(),
            grid: spec.radio_range_m.map(Grid::new),
        }
    }

    /// Adds a node with the next free number.
    pub fn add(&mut self, position: Position) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(MediumNode {
            position,
            is_present: true,
            is_silent: false,
            group: 0,
        });
        self.neighbours.push(NeighbourTable::default());
        if let Some(grid) = &mut self.grid {
            grid.insert(id, position);
        }
        self.invalidate_around(position);
        id
    }

    /// Removes a node that has left.
    pub fn remove(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        node.is_present = false;
        let position = node.position;
        if let Some(grid) = &mut self.grid {
            grid.remove(id, position);
        }
        self.invalidate_around(position);
    }

    /// Moves a node.
    pub fn move_to(&mut self, id: NodeId, to: Position) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        let from = std::mem::replace(&mut node.position, to);
        if let (Some(grid), true) = (&mut self.grid, node.is_present) {
            grid.remove(id, from);
            grid.insert(id, to);
            self.invalidate_around(from);
            self.invalidate_around(to);
        }
    }

    /// Silences a node: everything it sends is lost.
    pub fn silence(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.is_silent = true;
        }
    }

    /// Ends the silence of a node.
    pub fn unsilence(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.is_silent = false;
        }
    }

    /// Partitions the network: messages pass only within a group. All nodes without an explicit group form one more
    /// group, and nodes that are added later belong to it.
    pub fn partition(&mut self, groups: &[Vec<NodeId>]) {
        self.heal();
        for (group, members) in (1..).zip(groups) {
            for member in members {
                if let Some(node) = self.nodes.get_mut(member.index()) {
                    node.group = group;
                }
            }
        }
    }

    /// Ends the partition.
    pub fn heal(&mut self) {
        for node in &mut self.nodes {
            node.group = 0;
        }
    }

    /// Whether a message from `from` reaches `to`, unless it is lost at random.
    #[must_use]
    pub fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        self.loss_reason(from, to).is_none()
    }

    /// The receivers of a broadcast of `from`, ascending: nodes in radio range, or all nodes without radio.
    ///
    /// Partitions and silence do not shorten the list. The transmissions that they affect are lost.
    pub fn neighbours(&mut self, from: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.refresh(from);
        self.neighbours
            .get(from.index())
            .into_iter()
            .flat_map(NeighbourTable::nodes)
    }

    /// The verdict on the `nth` use of the link from `from` to `to`.
    #[must_use]
    pub fn verdict(
        &self,
        streams: Streams,
        kind: PayloadKind,
        from: NodeId,
        to: NodeId,
        nth: u32,
    ) -> Verdict {
        if let Some(why) = self.loss_reason(from, to) {
            return Verdict::Lost(why);
        }
        let (a, b, nth) = (u64::from(from.0), u64::from(to.0), u64::from(nth));
        if self.loss > 0.0 && streams.unit(StreamPurpose::Loss, a, b, nth) < self.loss {
            return Verdict::Lost(LossReason::Random);
        }
        let purpose = match kind {
            PayloadKind::Message => StreamPurpose::Latency,
            PayloadKind::Chunk => StreamPurpose::Chunk,
        };
        let latency = self.latency(from, to);
        let width = latency.max.0.saturating_sub(latency.min.0);
        let after = if width == 0 {
            latency.min
        } else {
            // Multiply-shift (Lemire 2019): the upper half of the product is uniform over 0..=width.
            let draw = u128::from(streams.draw(purpose, a, b, nth));
            Span(latency.min.0 + ((draw * (u128::from(width) + 1)) >> 64) as u64)
        };
        Verdict::Deliver { after }
    }

    /// Uses the link from `from` to `to`. Returns the number of earlier uses, and the verdict.
    pub fn send(
        &mut self,
        streams: Streams,
        kind: PayloadKind,
        from: NodeId,
        to: NodeId,
    ) -> (u32, Verdict) {
        self.refresh(from);
        let nth = match self.neighbours.get_mut(from.index()) {
            Some(table) => table.count_use(to),
            None => 0,
        };
        (nth, self.verdict(streams, kind, from, to, nth))
    }

    /// Uses the links of `from` to all neighbours except `except`. Fills `out` with receiver, earlier uses and verdict.
    pub fn broadcast(
        &mut self,
        streams: Streams,
        from: NodeId,
        except: Option<NodeId>,
        out: &mut Vec<(NodeId, u32, Verdict)>,
    ) {
        self.refresh(from);
        out.clear();
        let Some(table) = self.neighbours.get_mut(from.index()) else {
            return;
        };
        out.extend(
            table
                .count_uses(except)
                .map(|(to, nth)| (to, nth, Verdict::Lost(LossReason::Random))),
        );
        for (to, nth, verdict) in out {
            *verdict = self.verdict(streams, PayloadKind::Message, from, *to, *nth);
        }
    }

    /// Why a message that `from` sent earlier does not reach `to` now: the network may have changed since.
    #[must_use]
    pub fn loss_reason_on_arrival(&self, from: NodeId, to: NodeId) -> Option<LossReason> {
        let (from, to) = (self.nodes.get(from.index())?, self.nodes.get(to.index())?);
        self.path_loss_reason(from, to)
    }

    /// The shortest latency of any link.
    #[must_use]
    pub fn latency_min(&self) -> Span {
        let rules = self.rules.iter().map(|rule| rule.latency.min);
        rules.fold(self.latency.min, Span::min)
    }

    /// The longest latency of the link from `from` to `to`.
    #[must_use]
    pub fn latency_max(&self, from: NodeId, to: NodeId) -> Span {
        let latency = self.latency(from, to);
        latency.max.max(latency.min)
    }

    /// The rules on sending, in order: unknown node, silence, sending to itself, then the rules on the path.
    fn loss_reason(&self, from: NodeId, to: NodeId) -> Option<LossReason> {
        let (Some(sender), Some(receiver)) =
            (self.nodes.get(from.index()), self.nodes.get(to.index()))
        else {
            return Some(LossReason::ReceiverDown);
        };
        if sender.is_silent {
            Some(LossReason::SenderSilent)
        } else if from == to {
            Some(LossReason::ReceiverDown)
        } else {
            self.path_loss_reason(sender, receiver)
        }
    }

    /// The rules on the path between two nodes, in order: absence, partition, range.
    fn path_loss_reason(&self, from: &MediumNode, to: &MediumNode) -> Option<LossReason> {
        if !to.is_present {
            Some(LossReason::ReceiverDown)
        } else if from.group != to.group {
            Some(LossReason::Partitioned)
        } else if let Some(grid) = &self.grid
            && !grid.in_range(from.position, to.position)
        {
            Some(LossReason::OutOfRange)
        } else {
            None
        }
    }

    /// The latency of a link: that of the first matching rule, or the default.
    fn latency(&self, from: NodeId, to: NodeId) -> Latency {
        let has = |nodes: &[NodeId], node: NodeId| nodes.binary_search(&node).is_ok();
        let rule = self
            .rules
            .iter()
            .find(|rule| has(&rule.from, from) && has(&rule.to, to));
        rule.map_or(self.latency, |rule| rule.latency)
    }

    /// Invalidates the neighbours of every node that may be in range of `position`.
    fn invalidate_around(&mut self, position: Position) {
        match &self.grid {
            Some(grid) => {
                for id in grid.around(position) {
                    if let Some(table) = self.neighbours.get_mut(id.index()) {
                        table.invalidate();
                    }
                }
            }
            None => self
                .neighbours
                .iter_mut()
                .for_each(NeighbourTable::invalidate),
        }
    }

    fn refresh(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get(id.index()).copied() else {
            return;
        };
        if !self
            .neighbours
            .get(id.index())
            .is_some_and(NeighbourTable::is_stale)
        {
            return;
        }
        let found: Vec<NodeId> = match &self.grid {
            Some(grid) => {
                let near = grid.around(node.position).into_iter();
                let is_in_range = |other: &NodeId| {
                    let other = self.nodes.get(other.index());
                    other.is_some_and(|other| grid.in_range(node.position, other.position))
                };
                near.filter(|other| *other != id && is_in_range(other))
                    .collect()
            }
            None => {
                let present = (0..)
                    .map(NodeId)
                    .zip(&self.nodes)
                    .filter(|(_, other)| other.is_present);
                present
                    .map(|(other, _)| other)
                    .filter(|other| *other != id)
                    .collect()
            }
        };
        if let Some(table) = self.neighbours.get_mut(id.index()) {
            table.replace(found);
        }
    }
}
