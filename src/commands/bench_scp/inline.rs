//! All nodes on the caller's thread: one envelope after the other, as the queue has them.

use super::network::FlatNetwork;
use super::slot::{Course, Decisions, Deed, Member, SlotError, SlotWork};
use crate::scp::{Envelope, Recording};
use crate::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// About as many envelopes of each node are under way at once.
const SAID_PER_NODE: usize = 3;

/// A network whose nodes take turns on the caller's thread.
#[derive(Debug)]
pub struct Inline {
    network: FlatNetwork,
    members: Vec<Member>,
    course: Course,
    now: Time,
}

/// What is under way in a slot.
struct Bustle {
    /// Each goes to everybody but its sender, in order of nodes, before the next one goes to anybody: the same as a
    /// queue of single deliveries.
    queue: VecDeque<Arc<Envelope>>,
    deliveries: u64,
    broadcasts: u64,
    decisions: Decisions,
    failure: Option<SlotError>,
}

impl Bustle {
    fn notice(&mut self, deed: Deed) {
        match deed {
            Deed::Said(envelope) => {
                self.broadcasts += 1;
                self.queue.push_back(envelope);
            }
            Deed::Decided(value) => {
                if let Err(error) = self.decisions.add(value) {
                    self.failure.get_or_insert(error);
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.failure.is_some() || self.decisions.of_all().is_some()
    }
}

impl Inline {
    /// A network of `nodes` nodes before its first slot.
    #[must_use]
    pub fn new(nodes: usize, recording: Recording) -> Inline {
        let network = FlatNetwork::new(nodes);
        let member = |node| Member::new(&network, node, recording);
        Inline {
            members: network.nodes().map(member).collect(),
            network,
            course: Course::first(),
            now: Time::ZERO,
        }
    }

    /// Runs the next slot until the last node has externalized; what is still under way then is dropped.
    ///
    /// # Errors
    /// If nodes disagree, or nothing can happen any more.
    pub fn run_slot(&mut self) -> Result<SlotWork, SlotError> {
        let mut bustle = Bustle {
            queue: VecDeque::with_capacity(self.members.len() * SAID_PER_NODE),
            deliveries: 0,
            broadcasts: 0,
            decisions: Decisions::new(self.course.slot, self.members.len()),
            failure: None,
        };
        for member in &mut self.members {
            if bustle.is_over() {
                break;
            }
            member.nominate(&self.network, &self.course, self.now, |deed| {
                bustle.notice(deed);
            });
        }
        while !bustle.is_over() {
            match bustle.queue.pop_front() {
                Some(envelope) => self.deliver(&envelope, &mut bustle),
                None => self.fire(&mut bustle)?,
            }
        }
        if let Some(error) = bustle.failure {
            return Err(error);
        }
        let decided = match bustle.decisions.of_all() {
            Some(value) => value.clone(),
            None => return Err(bustle.decisions.stuck()),
        };
        self.course.advance(&decided);
        Ok(SlotWork {
            decided,
            deliveries: bustle.deliveries,
            broadcasts: bustle.broadcasts,
        })
    }

    fn deliver(&mut self, envelope: &Arc<Envelope>, bustle: &mut Bustle) {
        for member in &mut self.members {
            if member.node() == envelope.from {
                continue;
            }
            bustle.deliveries += 1;
            member.receive(&self.network, envelope, self.now, |deed| {
                bustle.notice(deed);
            });
            if bustle.is_over() {
                break;
            }
        }
    }

    /// Lets the earliest timers run out.
    fn fire(&mut self, bustle: &mut Bustle) -> Result<(), SlotError> {
        let due = self.members.iter().filter_map(Member::next_due).min();
        self.now = due.ok_or_else(|| bustle.decisions.stuck())?;
        for member in &mut self.members {
            if bustle.is_over() {
                break;
            }
            member.fire(&self.network, &self.course, self.now, |deed| {
                bustle.notice(deed);
            });
        }
        Ok(())
    }
}
