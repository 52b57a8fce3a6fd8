//! A batch: what is due is handed to the nodes, and what comes of it is merged in the order of keys.
//!
//! What lies before t + the shortest delay cannot be caused by anything in the same batch at another node, so nodes
//! work on it side by side; with zero delay a batch is one generation. Timers concern only their own node and are
//! kept by its host. Absent here: which batch is next, and who does the work.

use super::engine::{Lifecycle, Simulation};
use super::executor::{Delivery, ExecutedStep, NodeBatch, StepOutcome};
use super::queue::{EventKey, EventPayload, FlightInfo, LogicalTime, ScheduledEvent};
use crate::net::LossReason;
use crate::node::{FetchError, Input, NodeEvent, Output};
use crate::run::BatchKind;
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Span;
use crate::trace::Record;
use std::sync::Arc;

/// One thing in a batch, to be put in order.
enum BatchItem {
    Step(ExecutedStep),
    Lost(EventKey, FlightInfo, LossReason),
    File(EventKey, EventPayload),
}

impl BatchItem {
    fn key(&self) -> EventKey {
        match self {
            BatchItem::Step(step) => step.key,
            BatchItem::Lost(key, ..) | BatchItem::File(key, _) => *key,
        }
    }
}

impl Simulation {
    /// Does what is due before `limit`, at most one batch and not many more than `arrivals_max` arrivals.
    pub(super) fn run_batch(&mut self, limit: LogicalTime, arrivals_max: usize) -> BatchKind {
        let Some(first) = self.next_work().filter(|first| *first < limit) else {
            return BatchKind::Housekeeping;
        };
        let causal = if self.delay_min == Span::ZERO {
            first.next()
        } else {
            LogicalTime::start_of(first.at + self.delay_min)
        };
        let mut arrivals = Vec::new();
        let limit = self
            .queue
            .take_before(limit.min(causal), arrivals_max, &mut arrivals);
        let (batches, mut items) = self.dispatch(arrivals, limit);
        for report in self.executor.run(batches) {
            self.note_timers(&report);
            items.extend(report.steps.into_iter().map(BatchItem::Step));
        }
        // Each node's share is in order already: a sort that makes use of runs.
        items.sort_by_key(BatchItem::key);
        let mut kind = BatchKind::Housekeeping;
        for item in items {
            if self.merge(item) == BatchKind::Progress {
                kind = BatchKind::Progress;
            }
        }
        kind
    }

    /// Sorts arrivals into those that never arrive, those for the engine itself, and batches for nodes.
    fn dispatch(
        &mut self,
        arrivals: Vec<ScheduledEvent>,
        limit: LogicalTime,
    ) -> (Vec<NodeBatch>, Vec<BatchItem>) {
        let mut items = Vec::new();
        let mut deliveries = Vec::with_capacity(arrivals.len());
        for ScheduledEvent { key, payload } in arrivals {
            match (payload.tag(), self.loss_reason(&key, &payload)) {
                (Some(tag), Some(why)) => items.push(BatchItem::Lost(key, tag, why)),
                (None, Some(_)) => {}
                (tag, None) => match self.input_of(&key, payload) {
                    Ok(input) => deliveries.push(Delivery { key, input, tag }),
                    Err(payload) => items.push(BatchItem::File(key, payload)),
                },
            }
        }
        deliveries.sort_by_key(|delivery| (delivery.key.receiver, delivery.key));
        let mut batches: Vec<NodeBatch> = Vec::new();
        for delivery in deliveries {
            let node = delivery.key.receiver;
            match batches.last_mut() {
                Some(batch) if batch.node == node => batch.deliveries.push(delivery),
                _ => batches.push(NodeBatch {
                    node,
                    deliveries: vec![delivery],
                    limit,
                }),
            }
        }
        let with_deliveries = batches.len();
        let due = self.due.iter().take_while(|(moment, _)| *moment < limit);
        for (_, node) in due {
            if batches[..with_deliveries]
                .binary_search_by_key(node, |batch| batch.node)
                .is_err()
            {
                batches.push(NodeBatch {
                    node: *node,
                    deliveries: Vec::new(),
                    limit,
                });
            }
        }
        (batches, items)
    }

    /// Why something does not arrive although it was on its way.
    fn loss_reason(&self, key: &EventKey, payload: &EventPayload) -> Option<LossReason> {
        let receiver = self.nodes.get(key.receiver.index())?;
        let is_old = matches!(payload, EventPayload::Start { incarnation, .. } if *incarnation != receiver.incarnation);
        if receiver.lifecycle != Lifecycle::Running || is_old {
            Some(LossReason::ReceiverDown)
        } else if payload.tag().is_some() {
            self.medium.loss_reason_on_arrival(key.sender, key.receiver)
        } else {
            None
        }
    }

    /// What an arrival is to the node; given back if the engine has to deal with it.
    fn input_of(&self, key: &EventKey, payload: EventPayload) -> Result<Input, EventPayload> {
        let from = key.sender;
        match payload {
            EventPayload::Message(_, message) => Ok(Input::Receive { from, message }),
            EventPayload::Bundle(_, bundle) => Ok(Input::Relayed { from, bundle }),
            EventPayload::Announcement(_, announcement) => Ok(Input::Heard { from, announcement }),
            EventPayload::Start { persisted, .. } => Ok(Input::Start(persisted)),
            EventPayload::Local(input) => Ok(*input),
            EventPayload::Chunk(..) | EventPayload::FetchFailed(_) => {
                match self.files.finished_by(&payload) {
                    Some(sha256) => Ok(Input::Fetched {
                        sha256,
                        result: match payload {
                            EventPayload::Chunk(..) => Ok(from),
                            _ => Err(FetchError::Unreachable),
                        },
                    }),
                    None => Err(payload),
                }
            }
            EventPayload::ChunkRequest(..) | EventPayload::ChunkTimeout(_) => Err(payload),
        }
    }

    fn merge(&mut self, item: BatchItem) -> BatchKind {
        let moment = item.key().moment;
        self.last = Some(moment);
        match item {
            BatchItem::Step(step) => self.merge_step(step),
            BatchItem::Lost(key, tag, why) => {
                self.record_lost(key.moment.at, tag, key.sender, key.receiver, why);
                kind_of(tag.is_housekeeping)
            }
            BatchItem::File(key, payload) => {
                self.handle_file_event(&key, &payload);
                BatchKind::Progress
            }
        }
    }

    fn merge_step(&mut self, step: ExecutedStep) -> BatchKind {
        let (node, moment) = (step.key.receiver, step.key.moment);
        match step.outcome {
            StepOutcome::Done { input, outputs } => {
                if let Input::Fetched { sha256, .. } = &input {
                    self.files.end(node, sha256);
                }
                let cause = kind_of(step.is_housekeeping);
                let mut kind = cause;
                for output in &outputs {
                    self.interpret(node, moment, output, cause);
                    if matches!(output, Output::Event(event) if is_progress(event)) {
                        kind = BatchKind::Progress;
                    }
                }
                self.records.push(Record::Stepped {
                    at: moment.at,
                    generation: moment.generation,
                    node,
                    input,
                    outputs,
                });
                self.records.append(&mut self.outbox);
                kind
            }
            // Not by any order of ours and not by its own word: it broke down.
            StepOutcome::Gone if self.is_running(node) => {
                self.take_down(node, Lifecycle::Crashed);
                let action = Action::Crash { node };
                self.records.push(Record::Acted {
                    at: moment.at,
                    action,
                });
                BatchKind::Progress
            }
            StepOutcome::Gone => {
                if let Some(tag) = step.tag {
                    let (from, why) = (step.key.sender, LossReason::ReceiverDown);
                    self.record_lost(moment.at, tag, from, node, why);
                }
                kind_of(step.is_housekeeping)
            }
        }
    }

    fn interpret(&mut self, node: NodeId, moment: LogicalTime, output: &Output, cause: BatchKind) {
        match output {
            Output::Send { to, message } => self.send(node, moment, *to, message),
            Output::Relay { to, bundle } => self.relay(node, moment, *to, bundle),
            Output::Announce(announcement) => self.announce(node, moment, announcement, cause),
            Output::Persist(changes) => {
                if let Some(handle) = self.nodes.get_mut(node.index()) {
                    let persisted = handle.persisted.get_or_insert_default();
                    let persisted = Arc::make_mut(persisted);
                    changes.iter().for_each(|change| persisted.apply(change));
                }
            }
            Output::Fetch { file, holders } => self.fetch(node, moment, file, holders),
            Output::Event(NodeEvent::Left) => self.take_down(node, Lifecycle::Left),
            // The host has seen to its timers.
            Output::SetTimer(..) | Output::CancelTimer(_) | Output::Event(_) => {}
        }
    }
}

const fn kind_of(is_housekeeping: bool) -> BatchKind {
    if is_housekeeping {
        BatchKind::Housekeeping
    } else {
        BatchKind::Progress
    }
}

/// Whether an event is worth a person's step, even if housekeeping caused it.
fn is_progress(event: &NodeEvent) -> bool {
    matches!(
        event,
        NodeEvent::Scp(_)
            | NodeEvent::Ready { .. }
            | NodeEvent::SlotStarted { .. }
            | NodeEvent::Recorded { .. }
            | NodeEvent::Discovered { .. }
            | NodeEvent::QuorumSetChanged { .. }
            | NodeEvent::ProposalExpired { .. }
            | NodeEvent::PeerLeft { .. }
    )
}
