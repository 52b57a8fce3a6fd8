//! Network state: discovering, voting, stuck, agreed or forked, derived from the world.

use crate::scp::SlotIndex;
use crate::text::overlay;
use std::borrow::Cow;

/// The current activity of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NetworkState {
    /// The network has no nodes.
    Empty,
    /// Some voters are not ready yet, and no slot is decided.
    Discovering {
        /// Voters that are ready.
        ready: usize,
        /// All voters that run.
        total: usize,
    },
    /// All voters are ready; no proposal exists yet.
    Ready,
    /// At least one voter works on this slot.
    Voting(SlotIndex),
    /// No voter has decided this slot, and it makes no progress.
    Stuck(SlotIndex),
    /// Some voters have decided this slot; the others make no progress.
    PartlyAgreed {
        /// The slot.
        slot: SlotIndex,
        /// Voters that have decided it.
        decided: usize,
        /// All voters.
        total: usize,
    },
    /// No slot is open; this was the last one.
    Agreed(SlotIndex),
    /// Two values were externalized for one slot.
    Forked,
}

impl NetworkState {
    /// The state in a few words.
    pub(super) fn text(self) -> Cow<'static, str> {
        match self {
            NetworkState::Empty => overlay::state_empty().into(),
            NetworkState::Discovering { .. } => overlay::state_discovering().into(),
            NetworkState::Ready => overlay::state_ready().into(),
            NetworkState::Voting(slot) => overlay::state_voting(slot).into(),
            NetworkState::Stuck(slot) => overlay::state_stuck(slot).into(),
            NetworkState::PartlyAgreed {
                slot,
                decided,
                total,
            } => overlay::state_partly_agreed(slot, decided, total).into(),
            NetworkState::Agreed(slot) => overlay::state_agreed(slot).into(),
            NetworkState::Forked => overlay::state_forked().into(),
        }
    }

    /// The state in one text, with the count of ready voters, for places that have no row for the count.
    pub(super) fn text_with_count(self) -> Cow<'static, str> {
        match self {
            NetworkState::Discovering { ready, total } => {
                overlay::state_discovering_count(ready, total).into()
            }
            state => state.text(),
        }
    }
}
