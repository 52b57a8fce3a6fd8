//! What a window, or a batch run, may ask of a simulation.

use super::engine::Simulation;
use super::queue::LogicalTime;
use crate::node::{Input, NodeEvent, Output};
use crate::run::{BatchKind, RunProgress, Session};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::Time;
use crate::trace::Record;

/// Arrivals make several records each, so a batch takes fewer arrivals than there may be records.
const RECORDS_PER_ARRIVAL: usize = 8;
/// A batch is at least this large, or it is not worth being done side by side.
const BATCH_MIN: usize = 256;

impl Session for Simulation {
    fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        let work = self.next_work().map(|moment| moment.at);
        work.into_iter().chain(self.next_event()).min()
    }

    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        let end = self.records.len().saturating_add(records_max);
        let arrivals_max = (records_max / RECORDS_PER_ARRIVAL).max(BATCH_MIN);
        while self.next_at().is_some_and(|next| next <= until) {
            self.run_next(LogicalTime::end_of(until), arrivals_max);
            if self.records.len() >= end {
                return RunProgress::Limited;
            }
        }
        if self.next_at().is_some() {
            self.now = self.now.max(until);
            return RunProgress::Reached;
        }
        if until < Time::MAX {
            self.now = self.now.max(until);
        }
        RunProgress::Finished
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        let at = self.next_at().filter(|at| *at <= until)?;
        Some((at, self.run_next(LogicalTime::end_of(at), usize::MAX)))
    }

    fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        let before = self.records.len();
        self.perform(action)?;
        refusal(&self.records[before..]).map_or(Ok(()), Err)
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }
}

impl Simulation {
    /// Lets the next batch before `limit`, or the next event of the scenario, happen: work comes before events of the
    /// same instant.
    fn run_next(&mut self, limit: LogicalTime, arrivals_max: usize) -> BatchKind {
        let event = self.next_event();
        let limit = event.map_or(limit, |event| limit.min(LogicalTime::end_of(event)));
        if self.next_work().is_some_and(|next| next < limit) {
            let kind = self.run_batch(limit, arrivals_max);
            self.now = self.last.map_or(self.now, |last| self.now.max(last.at));
            kind
        } else {
            self.run_event()
        }
    }
}

/// Why a node refused what an action asked it to propose, by the records of the action.
fn refusal(records: &[Record]) -> Option<ActionRefused> {
    records.iter().find_map(|record| match record {
        Record::Stepped {
            node,
            input: Input::Propose(_),
            outputs,
            ..
        } => outputs.iter().find_map(|output| match output {
            Output::Event(NodeEvent::ProposalRefused { why, .. }) => {
                let (node, why) = (*node, *why);
                Some(ActionRefused::ProposalRefused { node, why })
            }
            _ => None,
        }),
        _ => None,
    })
}
