//! Vectors by position: methods that panic in the standard library, here without panics.
//!
//! A position that a search has found is always valid. These functions make this a property of one file instead of
//! every caller.

#![expect(
    clippy::disallowed_methods,
    reason = "each function limits the position to the length first"
)]

/// Inserts `item` at position `at`, or at the end of a shorter list.
pub(crate) fn insert<T>(list: &mut Vec<T>, at: usize, item: T) {
    list.insert(at.min(list.len()), item);
}

/// Removes and returns the item at position `at`; `None` if the list is shorter.
pub(crate) fn remove<T>(list: &mut Vec<T>, at: usize) -> Option<T> {
    (at < list.len()).then(|| list.remove(at))
}

/// The items from position `by` on, followed by those before it; `by` counts modulo the length.
pub(crate) fn rotated<T: Clone>(list: &[T], by: usize) -> Vec<T> {
    let start = by.checked_rem(list.len()).unwrap_or(0);
    let (before, from) = list.split_at_checked(start).unwrap_or((&[], list));
    [from, before].concat()
}

/// Removes the first `count` items, or all of a shorter list.
pub(crate) fn drain_front<T>(list: &mut Vec<T>, count: usize) -> std::vec::Drain<'_, T> {
    list.drain(..count.min(list.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_beyond_the_end_are_harmless() {
        let mut list = vec![1, 2];
        insert(&mut list, 1, 9);
        insert(&mut list, 8, 3);
        assert_eq!(list, [1, 9, 2, 3]);
        assert_eq!(
            (remove(&mut list, 1), remove(&mut list, 3)),
            (Some(9), None)
        );
        assert_eq!(drain_front(&mut list, 2).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(drain_front(&mut list, 2).collect::<Vec<_>>(), [3]);
        assert!(list.is_empty() && rotated(&list, 1).is_empty());
        assert_eq!(rotated(&[1, 2, 3], 4), [2, 3, 1]);
    }
}
