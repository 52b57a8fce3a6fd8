//! Node runtime: the node together with its timers, its view and the hash of its log.

use crate::live::log_hash::LogHash;
use crate::live::timers::Timers;
use crate::live::wire::LogHead;
use crate::node::view::NodeView;
use crate::node::{Input, Node, NodeEvent, Output, Persisted, StateChange, TimerKind};
use crate::scp::NodeId;
use crate::time::Time;
use std::sync::Arc;

/// A node that runs in real time. The host carries out its outputs.
pub(super) struct NodeRuntime {
    node: Node,
    view: NodeView,
    timers: Timers,
    log_hash: LogHash,
    /// Head of the part of the log that is durable.
    durable_head: LogHead,
    messages_reserved: u64,
}

impl NodeRuntime {
    /// A node that has not started.
    #[must_use]
    pub(super) fn new(node: Node) -> NodeRuntime {
        NodeRuntime {
            node,
            view: NodeView::default(),
            timers: Timers::default(),
            log_hash: LogHash::default(),
            durable_head: LogHead::default(),
            messages_reserved: 0,
        }
    }

    /// Rebuilds view and hash from the persisted state, which the node does not report again.
    pub(super) fn restore(&mut self, at: Time, persisted: &Persisted) {
        self.messages_reserved = persisted.messages;
        for (slot, value) in &persisted.decided {
            self.log_hash.append(*slot, value);
        }
        self.committed();
        for event in persisted.restored_events(NodeId(0), None) {
            self.view.apply(at, &event);
        }
        for proposal in &persisted.pool {
            let (proposal, certified_by) = (Arc::clone(proposal), NodeId(0));
            self.view.apply(
                at,
                &NodeEvent::ProposalPooled {
                    proposal,
                    certified_by,
                },
            );
        }
    }

    /// Runs a step of the node, and applies its timers and events.
    pub(super) fn step(&mut self, at: Time, input: Input) -> Arc<[Output]> {
        if let Input::Timer(kind) = &input {
            self.view.clear_timer(*kind);
        }
        let outputs: Arc<[Output]> = self.node.step(at, input).into();
        for output in outputs.iter() {
            match output {
                Output::SetTimer(kind, span) => {
                    self.timers.set(*kind, at + *span);
                    self.view.set_timer(at, *kind, *span);
                }
                Output::CancelTimer(kind) => {
                    self.timers.cancel(*kind);
                    self.view.clear_timer(*kind);
                }
                Output::Event(event) => {
                    self.view.apply(at, event);
                    if let NodeEvent::Recorded { slot, value, .. } = event {
                        self.log_hash.append(*slot, value);
                    }
                }
                Output::Persist(changes) => self.note_reserved(changes),
                _ => {}
            }
        }
        outputs
    }

    fn note_reserved(&mut self, changes: &[StateChange]) {
        for change in changes {
            if let StateChange::MessagesReserved(messages) = change {
                self.messages_reserved = *messages;
            }
        }
    }

    /// The highest number that a message of the node can have.
    #[must_use]
    pub(super) fn messages_reserved(&self) -> u64 {
        self.messages_reserved
    }

    /// Removes and returns the next timer that is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<TimerKind> {
        self.timers.take_due(now)
    }

    /// When the next timer is due.
    #[must_use]
    pub(super) fn next_due(&self) -> Option<Time> {
        self.timers.next_due()
    }

    /// The state of the node, derived from its events.
    #[must_use]
    pub(super) fn view(&self) -> &NodeView {
        &self.view
    }

    /// The last recorded slot; 0 if the log is empty.
    #[must_use]
    pub(super) fn log_index(&self) -> u64 {
        self.log_hash.index()
    }

    /// The log is durable as far as it is recorded.
    pub(super) fn committed(&mut self) {
        if self.durable_head.index != self.log_hash.index() {
            self.durable_head = self.log_head();
        }
    }

    /// Length and hash of the durable part of the log. A reply that does not wait for a commit reports this one.
    #[must_use]
    pub(super) fn durable_head(&self) -> LogHead {
        self.durable_head.clone()
    }

    /// Length and hash of the log.
    #[must_use]
    pub(super) fn log_head(&self) -> LogHead {
        self.log_hash.head()
    }

    /// The hashes of the log.
    #[must_use]
    pub(super) fn log_hash(&self) -> &LogHash {
        &self.log_hash
    }
}
