//! `Undoable`: a variable that knows what it was when the transaction began, so that the transaction can be undone.
//!
//! Only what is set is variable, and it is moved there: a transaction that changes little costs little.

use std::ops::Deref;

/// A variable and, once it has been set in this transaction, what it was before.
#[derive(Clone, Debug, Default)]
pub(super) struct Undoable<T> {
    now: T,
    before: Option<T>,
}

impl<T> Undoable<T> {
    /// A variable that is `now`.
    pub(super) const fn new(now: T) -> Undoable<T> {
        Undoable { now, before: None }
    }

    /// Gives it another value.
    pub(super) fn set(&mut self, value: T) {
        let old = std::mem::replace(&mut self.now, value);
        if self.before.is_none() {
            self.before = Some(old);
        }
    }

    /// From here on can be undone.
    pub(super) fn checkpoint(&mut self) {
        self.before = None;
    }

    /// Makes it again what it was at [`Undoable::checkpoint`].
    pub(super) fn rollback(&mut self) {
        if let Some(before) = self.before.take() {
            self.now = before;
        }
    }
}

impl<T> Deref for Undoable<T> {
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
        let mut variable = Undoable::new(0);
        variable.set(1);
        variable.checkpoint();
        variable.set(2);
        variable.set(3);
        assert_eq!(*variable, 3);
        variable.rollback();
        assert_eq!(*variable, 1);
        variable.rollback();
        assert_eq!(*variable, 1);
    }
}
