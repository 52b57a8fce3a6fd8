//! `Cursor`: a world and its position in the history.

use crate::trace::World;

/// A world, and the index of the first record of the history that it does not contain.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) world: World,
    pub(super) next: usize,
}
