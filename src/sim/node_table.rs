//! `NodeTable`: every node of a run as the engine sees it, with its lifecycle, stored state and next timer.
//!
//! Executors own the nodes themselves.

use super::executor::BatchReport;
use super::queue::{LogicalTime, StartState};
use crate::node::{Announcement, AnnouncementKind, FileInfo, NodeConfig, Persisted, StateChange};
use crate::scp::NodeId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state of a node, as the engine sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    Running,
    /// It may be restarted.
    Crashed,
    /// It does not come back.
    Left,
}

#[derive(Debug)]
struct NodeEntry {
    config: Arc<NodeConfig>,
    lifecycle: Lifecycle,
    persisted: Option<Arc<Persisted>>,
    /// The highest announcement number that the node has used for itself.
    announced: u64,
    /// Counts restarts.
    incarnation: u32,
    next_timer: Option<LogicalTime>,
    /// Whether a timer other than housekeeping is running.
    awaits_progress: bool,
}

/// All nodes that were ever part of the run, by number.
#[derive(Debug, Default)]
pub(super) struct NodeTable {
    nodes: Vec<NodeEntry>,
    /// The next timer of each node.
    timers: BTreeSet<(LogicalTime, NodeId)>,
}

impl NodeTable {
    /// Adds a running node under the next number.
    pub(super) fn add(&mut self, config: &Arc<NodeConfig>) {
        self.nodes.push(NodeEntry {
            config: Arc::clone(config),
            lifecycle: Lifecycle::Running,
            persisted: None,
            announced: 0,
            incarnation: 0,
            next_timer: None,
            awaits_progress: false,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| &*node.config.peer.name)
    }

    pub(super) fn config(&self, id: NodeId) -> Option<&Arc<NodeConfig>> {
        self.get(id).map(|node| &node.config)
    }

    pub(super) fn lifecycle(&self, id: NodeId) -> Option<Lifecycle> {
        self.get(id).map(|node| node.lifecycle)
    }

    pub(super) fn is_running(&self, id: NodeId) -> bool {
        self.lifecycle(id) == Some(Lifecycle::Running)
    }

    /// Whether the node runs, and is the same one that was started as this incarnation.
    pub(super) fn is_incarnation(&self, id: NodeId, incarnation: u32) -> bool {
        let is_same = |node: &NodeEntry| node.incarnation == incarnation;
        self.is_running(id) && self.get(id).is_some_and(is_same)
    }

    /// The state that the node starts with, also after a restart.
    pub(super) fn start_state(&self, id: NodeId) -> Option<StartState> {
        self.get(id).map(|node| StartState {
            incarnation: node.incarnation,
            persisted: node.persisted.clone(),
        })
    }

    /// Marks a crashed node as running.
    pub(super) fn restart(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.lifecycle = Lifecycle::Running;
            node.incarnation += 1;
        }
    }

    /// Marks a node as crashed or left, and removes its timers.
    pub(super) fn stop(&mut self, id: NodeId, lifecycle: Lifecycle) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.lifecycle = lifecycle;
            node.awaits_progress = false;
        }
        self.set_next_timer(id, None);
    }

    /// Stores what a node persists.
    pub(super) fn persist(&mut self, id: NodeId, changes: &[StateChange]) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            let persisted = Arc::make_mut(node.persisted.get_or_insert_default());
            changes.iter().for_each(|change| persisted.apply(change));
        }
    }

    /// Whether a running node has a file, configured or fetched.
    pub(super) fn holds(&self, id: NodeId, file: &FileInfo) -> bool {
        let Some(node) = self.get(id).filter(|_| self.is_running(id)) else {
            return false;
        };
        let mut configured = node.config.held_files.iter();
        let persisted = node.persisted.as_ref();
        configured.any(|held| held.sha256 == file.sha256)
            || persisted.is_some_and(|it| it.files.contains_key(&file.sha256))
    }

    /// Whether `id` announces itself under a number that it has not used before.
    pub(super) fn is_first_announcement(
        &mut self,
        id: NodeId,
        announcement: &Announcement,
    ) -> bool {
        let is_own = announcement.peer.id == id && announcement.kind != AnnouncementKind::Beacon;
        let node = self.nodes.get_mut(id.index());
        let node = node.filter(|node| is_own && announcement.nth > node.announced);
        node.map(|node| node.announced = announcement.nth).is_some()
    }

    /// Takes over the state of a node's timers from its report.
    pub(super) fn update_timers(&mut self, report: &BatchReport) {
        if let Some(node) = self.nodes.get_mut(report.node.index()) {
            node.awaits_progress = report.awaits_progress;
            self.set_next_timer(report.node, report.next);
        }
    }

    /// When the next timer of any node fires.
    pub(super) fn next_timer(&self) -> Option<LogicalTime> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The nodes that have a timer before `limit`.
    pub(super) fn with_timer_before(&self, limit: LogicalTime) -> impl Iterator<Item = NodeId> {
        let due = self.timers.iter().take_while(move |(at, _)| *at < limit);
        due.map(|(_, node)| *node)
    }

    /// Whether any node has a running timer other than housekeeping.
    pub(super) fn awaits_progress(&self) -> bool {
        self.nodes.iter().any(|node| node.awaits_progress)
    }

    fn get(&self, id: NodeId) -> Option<&NodeEntry> {
        self.nodes.get(id.index())
    }

    fn set_next_timer(&mut self, id: NodeId, next: Option<LogicalTime>) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        let before = std::mem::replace(&mut node.next_timer, next);
        if before == next {
            return;
        }
        if let Some(at) = before {
            self.timers.remove(&(at, id));
        }
        if let Some(at) = next {
            self.timers.insert((at, id));
        }
    }
}
