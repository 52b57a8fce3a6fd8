//! `Timers`: those that the node has running, each kind at most once.

use crate::node::TimerKind;
use crate::time::Time;
use std::collections::BTreeMap;

/// The running timers.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<TimerKind, (Time, u64)>,
    set: u64,
}

impl Timers {
    /// Starts a timer, replacing the running one of this kind.
    pub(super) fn set(&mut self, kind: TimerKind, due: Time) {
        self.set += 1;
        self.due.insert(kind, (due, self.set));
    }

    /// Stops a timer if it is running.
    pub(super) fn cancel(&mut self, kind: TimerKind) {
        self.due.remove(&kind);
    }

    /// When the next one runs out.
    #[must_use]
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.values().map(|(due, _)| *due).min()
    }

    /// The next one that has run out by `now`: those due earlier first, then those set earlier. It runs no longer.
    pub(super) fn take_due(&mut self, now: Time) -> Option<TimerKind> {
        let (kind, _) = self
            .due
            .iter()
            .filter(|(_, (due, _))| *due <= now)
            .min_by_key(|(_, (due, set))| (*due, *set))?;
        let kind = *kind;
        self.due.remove(&kind);
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_run_out_in_order_and_a_new_one_replaces_the_old() {
        let mut timers = Timers::default();
        let at = Time::from_ms;
        timers.set(TimerKind::Refresh, at(5));
        timers.set(TimerKind::Settle, at(3));
        timers.set(TimerKind::Refresh, at(2));
        timers.set(TimerKind::Expire, at(3));
        timers.cancel(TimerKind::Announce);
        assert_eq!(timers.next_due(), Some(at(2)));
        assert_eq!(timers.take_due(at(1)), None);
        let mut order = Vec::new();
        while let Some(kind) = timers.take_due(at(9)) {
            order.push(kind);
        }
        assert_eq!(
            order,
            [TimerKind::Refresh, TimerKind::Settle, TimerKind::Expire]
        );
        assert_eq!(timers.next_due(), None);
    }
}
