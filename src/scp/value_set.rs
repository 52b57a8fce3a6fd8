//! `ValueSet`: a few values, ascending, in one piece of memory: what X, Y and Z are.

use super::value::Value;
use std::collections::BTreeSet;

/// A set of values that only grows, except that a transaction can be undone. Honest nodes name few, so a list is looked through
/// faster than a tree.
#[derive(Clone, Debug, Default)]
pub(super) struct ValueSet {
    /// Ascending.
    values: Vec<Value>,
    /// Where those came in that are new in this transaction, one after the other.
    fresh: Vec<usize>,
}

impl ValueSet {
    fn find(&self, value: &Value) -> Result<usize, usize> {
        self.values.binary_search(value)
    }

    /// Is `value` in it?
    pub(super) fn contains(&self, value: &Value) -> bool {
        self.find(value).is_ok()
    }

    /// The one of the set that equals `value`.
    pub(super) fn get(&self, value: &Value) -> Option<&Value> {
        self.find(value).ok().map(|at| &self.values[at])
    }

    /// Puts `value` in, if it is not there yet.
    pub(super) fn insert(&mut self, value: &Value) {
        if let Err(at) = self.find(value) {
            self.fresh.push(at);
            self.values.insert(at, value.clone());
        }
    }

    /// From here on can be undone.
    pub(super) fn checkpoint(&mut self) {
        self.fresh.clear();
    }

    /// Takes out what came in since [`ValueSet::checkpoint`].
    pub(super) fn rollback(&mut self) {
        while let Some(at) = self.fresh.pop() {
            self.values.remove(at);
        }
    }

    /// Takes everything out for good.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.fresh.clear();
    }

    /// All, ascending.
    pub(super) fn as_slice(&self) -> &[Value] {
        &self.values
    }

    /// Has it none?
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Those that `other` does not have, ascending.
    pub(super) fn difference<'a>(&'a self, other: &'a ValueSet) -> impl Iterator<Item = &'a Value> {
        self.values.iter().filter(|value| !other.contains(value))
    }

    /// The same as a tree, for whoever looks on.
    pub(super) fn to_tree(&self) -> BTreeSet<Value> {
        self.values.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the set of the standard library.
        #[test]
        fn it_is_a_set(a in prop::collection::vec("[a-d]{0,2}", 0..9), b in prop::collection::vec("[a-d]{0,2}", 0..9)) {
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
