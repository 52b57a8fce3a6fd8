//! `Fold`: the world and the causal log at one instant, folded from the same records.

use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::{CausalLog, Record, SlotsKept, World};
use std::sync::Arc;

/// Newest slots whose transitions can be explained. Nodes need not be in the same slot.
const SLOTS_EXPLAINED: usize = 8;

/// Everything that is folded from the records up to an instant.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The state of all nodes.
    pub world: World,
    /// The transitions and the messages behind them.
    pub causes: CausalLog,
}

impl Fold {
    /// The state before the first record of a run of `scenario`.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>) -> Fold {
        Fold {
            world: World::new(scenario),
            causes: CausalLog::new(SlotsKept::Newest(SLOTS_EXPLAINED)),
        }
    }

    /// Applies a record.
    pub fn apply(&mut self, record: &Record) {
        self.world.apply(record);
        self.causes.apply(record);
    }

    /// Advances the time of the world without a record.
    pub fn advance_to(&mut self, at: Time) {
        self.world.advance_to(at);
    }
}
