//! `Kept`: a variable that knows what it was when the turn began, so that the turn can be undone.
//!
//! Only what is set is kept, and it is moved there: a turn that changes little costs little.

use std::ops::Deref;

/// A variable and, once it has been set in this turn, what it was before.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept<T> {
    now: T,
    before: Option<T>,
}

impl<T> Kept<T> {
    /// A variable that is `now`.
    pub(super) const fn new(now: T) -> Kept<T> {
        Kept { now, before: None }
    }

    /// Gives it another value.
    pub(super) fn set(&mut self, value: T) {
        let old = std::mem::replace(&mut self.now, value);
        if self.before.is_none() {
            self.before = Some(old);
        }
    }

    /// From here on can be undone.
    pub(super) fn begin(&mut self) {
        self.before = None;
    }

    /// Makes it again what it was at [`Kept::begin`].
    pub(super) fn undo(&mut self) {
        if let Some(before) = self.before.take() {
            self.now = before;
        }
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoing_goes_back_to_where_the_turn_began() {
        let mut kept = Kept::new(0);
        kept.set(1);
        kept.begin();
        kept.set(2);
        kept.set(3);
        assert_eq!(*kept, 3);
        kept.undo();
        assert_eq!(*kept, 1);
        kept.undo();
        assert_eq!(*kept, 1);
    }
}
