//! A batch: what is due is handed to the nodes, and what comes of it is merged in the order of keys.
//!
//! What lies before t + the shortest delay cannot be caused by anything in the same batch at another node, so nodes
//! work on it side by side; with zero delay a batch is one generation. Timers concern only their own node and are
//! kept by its host. Absent here: which batch is next, and who does the work.

use super::engine::{Simulation, Standing};
use super::executor::{Delivery, Job, Outcome, Step};
use super::queue::{Cargo, Key, Moment, Parcel, Tag};
use crate::net::LossReason;
use crate::node::{FetchError, Input, NodeEvent, Output};
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Span;
use crate::trace::Record;
use std::sync::Arc;

/// One thing in a batch, to be put in order.
enum Happening {
    Step(Step),
    Lost(Key, Tag, LossReason),
    File(Key, Cargo),
}

impl Happening {
    fn key(&self) -> Key {
        match self {
            Happening::Step(step) => step.key,
            Happening::Lost(key, ..) | Happening::File(key, _) => *key,
        }
    }
}

/// Whether anything happened that is more than housekeeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchKind {
    Progress,
    Housekeeping,
}

impl Simulation {
    /// Does what is due before `limit`, at most one batch and not many more than `parcels_max` arrivals.
    pub(super) fn run_batch(&mut self, limit: Moment, parcels_max: usize) -> BatchKind {
        let Some(first) = self.next_work().filter(|first| *first < limit) else {
            return BatchKind::Housekeeping;
        };
        let causal = if self.delay_min == Span::ZERO {
            first.next()
        } else {
            Moment::start_of(first.at + self.delay_min)
        };
        let mut parcels = Vec::new();
        let limit = self
            .queue
            .take_before(limit.min(causal), parcels_max, &mut parcels);
        let (jobs, mut happenings) = self.hand_out(parcels, limit);
        for report in self.executor.run(jobs) {
            self.note_timers(&report);
            happenings.extend(report.steps.into_iter().map(Happening::Step));
        }
        // Each node's share is in order already: a sort that makes use of runs.
        happenings.sort_by_key(Happening::key);
        let mut kind = BatchKind::Housekeeping;
        for happening in happenings {
            if self.merge(happening) == BatchKind::Progress {
                kind = BatchKind::Progress;
            }
        }
        kind
    }

    /// Sorts arrivals into those that never arrive, those for the engine itself, and jobs for nodes.
    fn hand_out(&mut self, parcels: Vec<Parcel>, limit: Moment) -> (Vec<Job>, Vec<Happening>) {
        let mut happenings = Vec::new();
        let mut deliveries = Vec::with_capacity(parcels.len());
        for Parcel { key, cargo } in parcels {
            match (cargo.tag(), self.obstacle(&key, &cargo)) {
                (Some(tag), Some(why)) => happenings.push(Happening::Lost(key, tag, why)),
                (None, Some(_)) => {}
                (tag, None) => match self.input_of(&key, cargo) {
                    Ok(input) => deliveries.push(Delivery { key, input, tag }),
                    Err(cargo) => happenings.push(Happening::File(key, cargo)),
                },
            }
        }
        deliveries.sort_by_key(|delivery| (delivery.key.receiver, delivery.key));
        let mut jobs: Vec<Job> = Vec::new();
        for delivery in deliveries {
            let node = delivery.key.receiver;
            match jobs.last_mut() {
                Some(job) if job.node == node => job.deliveries.push(delivery),
                _ => jobs.push(Job {
                    node,
                    deliveries: vec![delivery],
                    limit,
                }),
            }
        }
        let with_deliveries = jobs.len();
        let due = self.due.iter().take_while(|(moment, _)| *moment < limit);
        for (_, node) in due {
            if jobs[..with_deliveries]
                .binary_search_by_key(node, |job| job.node)
                .is_err()
            {
                jobs.push(Job {
                    node: *node,
                    deliveries: Vec::new(),
                    limit,
                });
            }
        }
        (jobs, happenings)
    }

    /// Why something does not arrive although it was on its way.
    fn obstacle(&self, key: &Key, cargo: &Cargo) -> Option<LossReason> {
        let receiver = self.stations.get(key.receiver.index())?;
        let is_old = matches!(cargo, Cargo::Start { life, .. } if *life != receiver.life);
        if receiver.standing != Standing::Up || is_old {
            Some(LossReason::ReceiverDown)
        } else if cargo.tag().is_some() {
            self.medium.obstacle_on_arrival(key.sender, key.receiver)
        } else {
            None
        }
    }

    /// What an arrival is to the node; given back if the engine has to deal with it.
    fn input_of(&self, key: &Key, cargo: Cargo) -> Result<Input, Cargo> {
        let from = key.sender;
        match cargo {
            Cargo::Message(_, message) => Ok(Input::Receive { from, message }),
            Cargo::Bundle(_, bundle) => Ok(Input::Relayed { from, bundle }),
            Cargo::Announcement(_, announcement) => Ok(Input::Heard { from, announcement }),
            Cargo::Start { persisted, .. } => Ok(Input::Start(persisted)),
            Cargo::Order(input) => Ok(*input),
            Cargo::Chunk(..) | Cargo::FetchFailed(_) => match self.files.ends_with(&cargo) {
                Some(sha256) => Ok(Input::Fetched {
                    sha256,
                    result: match cargo {
                        Cargo::Chunk(..) => Ok(from),
                        _ => Err(FetchError::Unreachable),
                    },
                }),
                None => Err(cargo),
            },
            Cargo::Ask(..) | Cargo::Overdue(_) => Err(cargo),
        }
    }

    fn merge(&mut self, happening: Happening) -> BatchKind {
        let moment = happening.key().moment;
        self.last = Some(moment);
        match happening {
            Happening::Step(step) => self.merge_step(step),
            Happening::Lost(key, tag, why) => {
                self.record_lost(key.moment.at, tag, key.sender, key.receiver, why);
                BatchKind::of(tag.is_housekeeping)
            }
            Happening::File(key, cargo) => {
                self.handle_file(&key, &cargo);
                BatchKind::Progress
            }
        }
    }

    fn merge_step(&mut self, step: Step) -> BatchKind {
        let (node, moment) = (step.key.receiver, step.key.moment);
        match step.outcome {
            Outcome::Done { input, outputs } => {
                if let Input::Fetched { sha256, .. } = &input {
                    self.files.end(node, sha256);
                }
                let cause = BatchKind::of(step.is_housekeeping);
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
            Outcome::Gone if self.is_up(node) => {
                self.fell(node, Standing::Crashed);
                let action = Action::Crash { node };
                self.records.push(Record::Acted {
                    at: moment.at,
                    action,
                });
                BatchKind::Progress
            }
            Outcome::Gone => {
                if let Some(tag) = step.tag {
                    let (from, why) = (step.key.sender, LossReason::ReceiverDown);
                    self.record_lost(moment.at, tag, from, node, why);
                }
                BatchKind::of(step.is_housekeeping)
            }
        }
    }

    fn interpret(&mut self, node: NodeId, moment: Moment, output: &Output, cause: BatchKind) {
        match output {
            Output::Send { to, message } => self.send(node, moment, *to, message),
            Output::Relay { to, bundle } => self.relay(node, moment, *to, bundle),
            Output::Announce(announcement) => self.announce(node, moment, announcement, cause),
            Output::Persist(changes) => {
                if let Some(station) = self.stations.get_mut(node.index()) {
                    let persisted = station.persisted.get_or_insert_default();
                    let persisted = Arc::make_mut(persisted);
                    changes.iter().for_each(|change| persisted.apply(change));
                }
            }
            Output::Fetch { file, holders } => self.fetch(node, moment, file, holders),
            Output::Event(NodeEvent::Left) => self.fell(node, Standing::Left),
            // The host has seen to its timers.
            Output::SetTimer(..) | Output::CancelTimer(_) | Output::Event(_) => {}
        }
    }
}

impl BatchKind {
    const fn of(is_housekeeping: bool) -> BatchKind {
        if is_housekeeping {
            BatchKind::Housekeeping
        } else {
            BatchKind::Progress
        }
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
