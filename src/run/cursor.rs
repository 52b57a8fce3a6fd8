//! `Cursor`: a fold and its position in the history.

use super::fold::Fold;

/// A fold, and the index of the first record of the history that it does not contain.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) fold: Fold,
    pub(super) next: usize,
}
