//! Sorted vector of values, for the sets X, Y and Z of nomination. It is faster than a tree for few values.

use super::value::Value;
use crate::lists;
use std::collections::BTreeSet;

/// A set of values that only grows, except for a rollback.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueSet {
    /// Ascending.
    values: Vec<Value>,
    /// The positions at which values were inserted since the checkpoint, in order.
    fresh: Vec<usize>,
}

impl ValueSet {
    fn find(&self, value: &Value) -> Result<usize, usize> {
        self.values.binary_search(value)
    }

    /// Whether `value` is a member.
    pub(super) fn contains(&self, value: &Value) -> bool {
        self.find(value).is_ok()
    }

    /// The member that equals `value`.
    pub(super) fn get(&self, value: &Value) -> Option<&Value> {
        self.values.get(self.find(value).ok()?)
    }

    /// Inserts `value` unless it is a member.
    pub(super) fn insert(&mut self, value: &Value) {
        if let Err(at) = self.find(value) {
            self.fresh.push(at);
            lists::insert(&mut self.values, at, value.clone());
        }
    }

    /// Starts a transaction: later insertions can be rolled back.
    pub(super) fn checkpoint(&mut self) {
        self.fresh.clear();
    }

    /// Removes the values inserted since [`ValueSet::checkpoint`].
    pub(super) fn rollback(&mut self) {
        while let Some(at) = self.fresh.pop() {
            lists::remove(&mut self.values, at);
        }
    }

    /// Removes all values. Keeps the allocation.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.fresh.clear();
    }

    /// All values, ascending.
    pub(super) fn as_slice(&self) -> &[Value] {
        &self.values
    }

    /// Whether the set is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of values.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The values that are not in `other`, ascending.
    pub(super) fn difference<'a>(&'a self, other: &'a ValueSet) -> impl Iterator<Item = &'a Value> {
        self.values.iter().filter(|value| !other.contains(value))
    }

    /// The values as a tree, for display.
    pub(super) fn to_tree(&self) -> BTreeSet<Value> {
        self.values.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The model is the tree of the standard library.
        #[test]
        fn a_value_set_behaves_like_a_btree_set(a in prop::collection::vec("[a-d]{0,2}", 0..9), b in prop::collection::vec("[a-d]{0,2}", 0..9)) {
            let values = |of: &[String]| of.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>();
            let (a, b) = (values(&a), values(&b));
            let tree = |of: &[Value]| of.iter().cloned().collect::<BTreeSet<Value>>();
            let (mut set, mut other) = (ValueSet::default(), ValueSet::default());
            b.iter().for_each(|value| other.insert(value));
            prop_assert!(set.is_empty());
            for value in a.iter().chain(&a) {
                set.insert(value);
            }
            prop_assert_eq!(set.len(), tree(&a).len());
            prop_assert!(set.as_slice().is_sorted());
            prop_assert_eq!(set.to_tree(), tree(&a));
            prop_assert_eq!(other.to_tree(), tree(&b));
            let beyond: Vec<Value> = set.difference(&other).cloned().collect();
            prop_assert_eq!(beyond, tree(&a).difference(&tree(&b)).cloned().collect::<Vec<_>>());
            for value in a.iter().chain(&b) {
                prop_assert_eq!(set.contains(value), a.contains(value));
                prop_assert_eq!(set.get(value).is_some(), a.contains(value));
            }
            set.checkpoint();
            b.iter().for_each(|value| set.insert(value));
            prop_assert_eq!(set.to_tree(), tree(&[a.clone(), b].concat()));
            set.rollback();
            prop_assert_eq!(set.to_tree(), tree(&a));
        }
    }
}
