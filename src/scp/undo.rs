//! Undo: variables that can be rolled back to a checkpoint.
//!
//! Only variables that are set are saved, and the old value is moved, not copied. So a transaction with few changes has
//! a low cost.

use std::ops::Deref;

/// State that can be rolled back to a checkpoint.
pub(super) trait Rollback {
    /// Starts a transaction: later changes can be rolled back.
    fn checkpoint(&mut self);
    /// Restores the state at the last checkpoint.
    fn rollback(&mut self);
}

/// A variable and, if it was set in this transaction, its previous value.
#[derive(Clone, Debug, Default)]
pub(super) struct Undoable<T> {
    now: T,
    before: Option<T>,
}

impl<T> Undoable<T> {
    /// A variable with an initial value.
    pub(super) const fn new(now: T) -> Undoable<T> {
        Undoable { now, before: None }
    }

    /// Assigns a new value.
    pub(super) fn set(&mut self, value: T) {
        let old = std::mem::replace(&mut self.now, value);
        if self.before.is_none() {
            self.before = Some(old);
        }
    }
}

impl<T> Rollback for Undoable<T> {
    fn checkpoint(&mut self) {
        self.before = None;
    }

    fn rollback(&mut self) {
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

/// A group of variables. A checkpoint costs nothing unless the group was borrowed mutably since the last checkpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracked<T> {
    variables: T,
    is_dirty: bool,
}

impl<T> Tracked<T> {
    /// Mutable access to the variables.
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.is_dirty = true;
        &mut self.variables
    }

    /// Whether the variables may have changed since the checkpoint.
    pub(super) fn is_dirty(&self) -> bool {
        self.is_dirty
    }
}

impl<T: Rollback> Rollback for Tracked<T> {
    #[inline]
    fn checkpoint(&mut self) {
        if std::mem::take(&mut self.is_dirty) {
            self.variables.checkpoint();
        }
    }

    fn rollback(&mut self) {
        self.variables.rollback();
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollback_restores_the_value_at_the_checkpoint() {
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

    #[test]
    fn rollback_restores_mutably_borrowed_variables() {
        let mut tracked = Tracked::<Undoable<u32>>::default();
        tracked.get_mut().set(1);
        tracked.checkpoint();
        assert!(!tracked.is_dirty());
        tracked.get_mut().set(2);
        assert!(tracked.is_dirty());
        tracked.rollback();
        assert_eq!(**tracked, 1);
    }
}
