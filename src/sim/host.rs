//! `Host`: one node with its timers, run by an executor. It does a job alone, whoever works beside it.
//!
//! Absent here: the medium, other nodes, threads.

use super::executor::{Delivery, Job, Outcome, Report, Step};
use super::participant::{Birth, Participant};
use super::queue::{Key, Moment};
use crate::node::{Input, NodeConfig, NodeEvent, Output, TimerKind};
use crate::scp::NodeId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

#[derive(Debug)]
struct Armed {
    kind: TimerKind,
    due: Moment,
    nth: u64,
}

/// A node and the timers that it has running.
pub(super) struct Host {
    id: NodeId,
    /// `None` once it has left or broken down.
    node: Option<Box<dyn Participant>>,
    timers: Vec<Armed>,
    timers_set: u64,
}

impl Host {
    pub(super) fn new(id: NodeId, config: &Arc<NodeConfig>, birth: Birth) -> Host {
        Host {
            id,
            node: catch_unwind(AssertUnwindSafe(|| birth(config))).ok(),
            timers: Vec::new(),
            timers_set: 0,
        }
    }

    /// Does the deliveries of a job and the timers that run out meanwhile, in the order of their keys.
    pub(super) fn work(&mut self, job: Job) -> Report {
        let mut steps = Vec::with_capacity(job.deliveries.len());
        let mut deliveries = job.deliveries.into_iter().peekable();
        loop {
            let timer = self.next_timer().filter(|(_, key)| key.moment < job.limit);
            let delivery = deliveries.peek().map(|delivery| delivery.key);
            match (timer, delivery) {
                (Some((at, timer)), delivery)
                    if delivery.is_none_or(|delivery| timer < delivery) =>
                {
                    let kind = self.timers.swap_remove(at).kind;
                    steps.push(self.ring(timer, kind));
                }
                _ => match deliveries.next() {
                    Some(delivery) => steps.push(self.deliver(delivery)),
                    None => break,
                },
            }
        }
        Report {
            node: self.id,
            steps,
            next: self.next_timer().map(|(_, key)| key.moment),
            awaits_progress: self
                .timers
                .iter()
                .any(|timer| !timer.kind.is_housekeeping()),
        }
    }

    fn ring(&mut self, key: Key, kind: TimerKind) -> Step {
        Step {
            key,
            tag: None,
            is_housekeeping: kind.is_housekeeping(),
            outcome: self.step(key.moment, Input::Timer(kind)),
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> Step {
        Step {
            key: delivery.key,
            tag: delivery.tag,
            is_housekeeping: delivery.tag.is_some_and(|tag| tag.is_housekeeping),
            outcome: self.step(delivery.key.moment, delivery.input),
        }
    }

    fn step(&mut self, moment: Moment, input: Input) -> Outcome {
        let Some(node) = &mut self.node else {
            return Outcome::Gone;
        };
        let given = input.clone();
        // A node that breaks down must not take the run with it: it has crashed, like any other that crashes.
        let Ok(outputs) = catch_unwind(AssertUnwindSafe(|| node.step(moment.at, given))) else {
            self.end();
            return Outcome::Gone;
        };
        for output in &outputs {
            match output {
                Output::SetTimer(kind, span) => self.arm(*kind, moment.after(*span)),
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
        Outcome::Done { input, outputs }
    }

    fn arm(&mut self, kind: TimerKind, due: Moment) {
        self.timers.retain(|timer| timer.kind != kind);
        let nth = Key::TIMERS + self.timers_set;
        self.timers_set += 1;
        self.timers.push(Armed { kind, due, nth });
    }

    fn end(&mut self) {
        self.node = None;
        self.timers.clear();
    }

    /// Which timer runs out next, and its place in the order of things.
    fn next_timer(&self) -> Option<(usize, Key)> {
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
                Key {
                    moment,
                    receiver,
                    sender,
                    nth,
                },
            )
        })
    }
}
