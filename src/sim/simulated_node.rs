//! `SimulatedNode`: one node with its timers, run by an executor. It does a batch alone, whoever works beside it.
//!
//! Absent here: the medium, other nodes, threads.

use super::executor::{BatchReport, Delivery, ExecutedStep, NodeBatch, StepOutcome};
use super::queue::{EventKey, LogicalTime};
use super::state_machine::{NodeFactory, StateMachine};
use crate::node::{Input, NodeConfig, NodeEvent, Output, TimerKind};
use crate::scp::NodeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[derive(Debug)]
struct ActiveTimer {
    kind: TimerKind,
    due: LogicalTime,
    nth: u64,
}

/// A node and the timers that it has running.
pub(super) struct SimulatedNode {
    id: NodeId,
    /// `None` once it has left or broken down.
    node: Option<Box<dyn StateMachine>>,
    timers: Vec<ActiveTimer>,
    timers_set: u64,
}

impl SimulatedNode {
    pub(super) fn new(id: NodeId, config: &Arc<NodeConfig>, factory: NodeFactory) -> SimulatedNode {
        SimulatedNode {
            id,
            node: catch_unwind(AssertUnwindSafe(|| factory(config))).ok(),
            timers: Vec::new(),
            timers_set: 0,
        }
    }

    /// Does the deliveries of a batch and the timers that run out meanwhile, in the order of their keys.
    pub(super) fn run_batch(&mut self, batch: NodeBatch) -> BatchReport {
        let mut steps = Vec::with_capacity(batch.deliveries.len());
        let mut deliveries = batch.deliveries.into_iter().peekable();
        loop {
            let timer = self
                .next_timer()
                .filter(|(_, key)| key.moment < batch.limit);
            let delivery = deliveries.peek().map(|delivery| delivery.key);
            match (timer, delivery) {
                (Some((at, timer)), delivery)
                    if delivery.is_none_or(|delivery| timer < delivery) =>
                {
                    let kind = self.timers.swap_remove(at).kind;
                    steps.push(self.fire_timer(timer, kind));
                }
                _ => match deliveries.next() {
                    Some(delivery) => steps.push(self.deliver(delivery)),
                    None => break,
                },
            }
        }
        BatchReport {
            node: self.id,
            steps,
            next: self.next_timer().map(|(_, key)| key.moment),
            awaits_progress: self
                .timers
                .iter()
                .any(|timer| !timer.kind.is_housekeeping()),
        }
    }

    fn fire_timer(&mut self, key: EventKey, kind: TimerKind) -> ExecutedStep {
        ExecutedStep {
            key,
            tag: None,
            is_housekeeping: kind.is_housekeeping(),
            outcome: self.step(key.moment, Input::Timer(kind)),
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> ExecutedStep {
        ExecutedStep {
            key: delivery.key,
            tag: delivery.tag,
            is_housekeeping: delivery.tag.is_some_and(|tag| tag.is_housekeeping),
            outcome: self.step(delivery.key.moment, delivery.input),
        }
    }

    fn step(&mut self, moment: LogicalTime, input: Input) -> StepOutcome {
        let Some(node) = &mut self.node else {
            return StepOutcome::Gone;
        };
        let given = input.clone();
        // A node that breaks down must not take the run with it: it has crashed, like any other that crashes.
        let Ok(outputs) = catch_unwind(AssertUnwindSafe(|| node.step(moment.at, given))) else {
            self.end();
            return StepOutcome::Gone;
        };
        for output in &outputs {
            match output {
                Output::SetTimer(kind, span) => self.set_timer(*kind, moment.after(*span)),
                Output::CancelTimer(kind) => self.timers.retain(|timer| timer.kind != *kind),
                _ => {}
            }
        }
        if outputs
            .iter()
            .any(|output| matches!(output, Output::Event(NodeEvent::Left)))
        {
            self.end();
        }
        StepOutcome::Done { input, outputs }
    }

    fn set_timer(&mut self, kind: TimerKind, due: LogicalTime) {
        self.timers.retain(|timer| timer.kind != kind);
        let nth = EventKey::TIMERS + self.timers_set;
        self.timers_set += 1;
        self.timers.push(ActiveTimer { kind, due, nth });
    }

    fn end(&mut self) {
        self.node = None;
        self.timers.clear();
    }

    /// Which timer runs out next, and its place in the order of things.
    fn next_timer(&self) -> Option<(usize, EventKey)> {
        let first = self
            .timers
            .iter()
            .enumerate()
            .min_by_key(|(_, timer)| (timer.due, timer.nth));
        first.map(|(at, timer)| {
            let (moment, nth) = (timer.due, timer.nth);
            let (receiver, sender) = (self.id, self.id);
            (
                at,
                EventKey {
                    moment,
                    receiver,
                    sender,
                    nth,
                },
            )
        })
    }
}
