//! `SimulatedNode`: one node with its timers. An executor runs its batches; other nodes may run at the same time.

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

/// A node and its running timers.
pub(super) struct SimulatedNode {
    id: NodeId,
    /// `None` once it has left or panicked.
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

    /// Runs the deliveries of a batch and the timers that fire before its end, in the order of keys.
    pub(super) fn run_batch(&mut self, batch: NodeBatch) -> BatchReport {
        let mut steps = Vec::with_capacity(batch.deliveries.len());
        let mut deliveries = batch.deliveries.into_iter().peekable();
        loop {
            let timer = self.next_timer().filter(|(_, key)| key.at < batch.limit);
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
            next: self.next_timer().map(|(_, key)| key.at),
            awaits_progress: self
                .timers
                .iter()
                .any(|timer| !timer.kind.is_housekeeping()),
        }
    }

    fn fire_timer(&mut self, key: EventKey, kind: TimerKind) -> ExecutedStep {
        ExecutedStep {
            key,
            info: None,
            is_housekeeping: kind.is_housekeeping(),
            outcome: self.step(key.at, Input::Timer(kind)),
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> ExecutedStep {
        ExecutedStep {
            key: delivery.key,
            info: delivery.info,
            is_housekeeping: delivery.info.is_some_and(|info| info.is_housekeeping),
            outcome: self.step(delivery.key.at, delivery.input),
        }
    }

    fn step(&mut self, at: LogicalTime, input: Input) -> StepOutcome {
        let Some(node) = &mut self.node else {
            return StepOutcome::NodeStopped;
        };
        let given = input.clone();
        // A panic crashes this node and must not end the run.
        let Ok(outputs) = catch_unwind(AssertUnwindSafe(|| node.step(at.time, given))) else {
            self.end();
            return StepOutcome::NodeStopped;
        };
        for output in &outputs {
            match output {
                Output::SetTimer(kind, span) => self.set_timer(*kind, at.after(*span)),
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

    /// The index of the timer that fires next, and its key.
    fn next_timer(&self) -> Option<(usize, EventKey)> {
        let first = self
            .timers
            .iter()
            .enumerate()
            .min_by_key(|(_, timer)| (timer.due, timer.nth));
        first.map(|(index, timer)| {
            let key = EventKey {
                at: timer.due,
                receiver: self.id,
                sender: self.id,
                nth: timer.nth,
            };
            (index, key)
        })
    }
}
