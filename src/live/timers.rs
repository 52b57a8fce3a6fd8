//! The running timers of a node: each kind at most once, fired in order of their due time.

use crate::node::TimerKind;
use crate::time::Time;
use std::collections::BTreeMap;

/// Running timers, by kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    /// Due time, and the sequence number of the setting, which orders timers that are due at the same time.
    due: BTreeMap<TimerKind, (Time, u64)>,
    set_count: u64,
}

impl Timers {
    /// Starts a timer. It replaces a running timer of the same kind.
    pub(super) fn set(&mut self, kind: TimerKind, due: Time) {
        self.set_count = self.set_count.saturating_add(1);
        self.due.insert(kind, (due, self.set_count));
    }

    /// Stops a timer if it is running.
    pub(super) fn cancel(&mut self, kind: TimerKind) {
        self.due.remove(&kind);
    }

    /// When the next timer is due.
    #[must_use]
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.values().map(|(due, _)| *due).min()
    }

    /// Removes and returns the next timer that is due by `now`: by due time, then in the order of setting.
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
    fn timers_fire_in_order_and_setting_one_replaces_it() {
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
