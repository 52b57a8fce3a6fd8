//! Texts of the overlay: text block, badge, lists, legend, summary.
//!
//! Absent here: where they stand.

use super::{content, count, number};
use crate::node::view::{MessageKind, Phase};
use crate::picture::view_state::PlaybackState;
use crate::scp::SlotIndex;
use crate::time::{Span, Time};
use crate::trace::{ProposalRow, ProposalState};

/// Labels of the text block.
pub const NODES: &str = "Nodes";
/// How many of them can only listen.
pub const LISTENERS: &str = "Only listening";
/// How many are ready to vote.
pub const READY: &str = "Ready";
/// What the network is doing.
pub const STATE: &str = "State";
/// Steps that nodes have done.
pub const STEPS: &str = "Steps (events)";
/// Virtual time.
pub const TIME: &str = "Time";
/// Seed of the run.
pub const SEED: &str = "Seed";
/// Messages under way.
pub const MESSAGES: &str = "In flight";
/// Frame rate.
pub const FRAME_RATE: &str = "Frames/s";
/// Heading of the legend.
pub const LEGEND: &str = "Legend";
/// Heading of the messages in the legend.
pub const LEGEND_MESSAGES: &str = "Messages";
/// Heading of the list of proposals.
pub const PROPOSALS: &str = "Proposals";
/// What stands there while nothing was proposed.
pub const NO_PROPOSALS: &str = "none yet";
/// Label of the decided value in a summary.
pub const VALUE: &str = "Value";
/// Label of the time a slot took.
pub const TOOK: &str = "Took";
/// Label of the number of nomination rounds.
pub const ROUNDS: &str = "Nomination rounds";
/// Label of the highest ballot.
pub const BALLOTS: &str = "Highest ballot";
/// Label of the number of statements.
pub const STATEMENTS: &str = "Statements sent";
/// Label of the number of nodes that recorded a decision.
pub const RECORDED_BY: &str = "Recorded by";

/// What the network is doing, in a few words.
#[must_use]
pub fn state(state: NetworkState) -> String {
    match state {
        NetworkState::Empty => "no nodes".to_owned(),
        NetworkState::Discovering { .. } => "discovering".to_owned(),
        NetworkState::Ready => "ready to vote".to_owned(),
        NetworkState::Voting(slot) => format!("voting on slot {}", slot.0),
        NetworkState::Stuck(slot) => format!("stuck in slot {}", slot.0),
        NetworkState::PartlyAgreed { slot, by, of } => {
            format!("slot {}: {} agreed", slot.0, share(by, of))
        }
        NetworkState::Agreed(slot) => format!("slot {} agreed", slot.0),
        NetworkState::Forked => "forked".to_owned(),
    }
}

/// The same where there is one line for everything.
#[must_use]
pub fn state_and_clock(state: NetworkState, playback: PlaybackState) -> String {
    let ready = match state {
        NetworkState::Discovering { ready, of } => format!(", {} ready", share(ready, of)),
        _ => String::new(),
    };
    let paused = match playback {
        PlaybackState::Paused => ", paused",
        PlaybackState::Past => ", in the past",
        PlaybackState::Running | PlaybackState::Finished => "",
    };
    format!("{}{ready}{paused}", self::state(state))
}

/// What the network is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkState {
    /// Nobody is there.
    Empty,
    /// Not everybody who can vote is ready to, and nothing was decided yet.
    Discovering {
        /// How many are.
        ready: usize,
        /// Out of how many.
        of: usize,
    },
    /// Everybody is ready, and nobody has proposed anything.
    Ready,
    /// This slot is open somewhere.
    Voting(SlotIndex),
    /// This slot is open, nobody has decided it, and it gets nowhere.
    Stuck(SlotIndex),
    /// Some have decided this slot; the others get nowhere.
    PartlyAgreed {
        /// Which slot.
        slot: SlotIndex,
        /// How many have decided it.
        by: usize,
        /// Out of how many that can vote.
        of: usize,
    },
    /// No slot is open; this was the last one.
    Agreed(SlotIndex),
    /// Two values were externalized for one slot.
    Forked,
}

/// Virtual time, and whether it stands still.
#[must_use]
pub fn clock(now: Time, playback: PlaybackState) -> String {
    match playback {
        PlaybackState::Paused => format!("{}, paused", seconds(now)),
        PlaybackState::Past => format!("{}, past", seconds(now)),
        PlaybackState::Running | PlaybackState::Finished => seconds(now),
    }
}

/// Number of nodes, with how many of them do not take part, and how many others are known by name only.
#[must_use]
pub fn nodes(present: usize, down: usize, unseen: usize) -> String {
    let mut text = number(present as u64);
    for (count, how) in [(down, "down"), (unseen, "unseen")] {
        if count > 0 {
            text += &format!(", {} {how}", number(count as u64));
        }
    }
    text
}

/// Seconds with one decimal.
#[must_use]
pub fn seconds(time: Time) -> String {
    format!("{:.1} s", time.as_ms() / 1000.0)
}

/// A span in ms or s, whichever is shorter to read.
#[must_use]
pub fn span(span: Span) -> String {
    match span.as_ms() {
        short if short < 1000.0 => format!("{short:.0} ms"),
        long => format!("{:.1} s", long / 1000.0),
    }
}

/// Heading above the externalized values.
#[must_use]
pub fn externalized(slot: Option<SlotIndex>) -> String {
    match slot {
        Some(slot) => format!("Externalized, slot {}", slot.0),
        None => "Externalized".to_owned(),
    }
}

/// Below that heading while nobody has externalized anything.
pub const NOTHING_EXTERNALIZED: &str = "nothing yet";

/// So many other values.
#[must_use]
pub fn more_values(more: usize) -> String {
    count(more, "other value", "other values")
}

/// "12 of 20".
#[must_use]
pub fn share(part: usize, whole: usize) -> String {
    format!("{} of {}", number(part as u64), number(whole as u64))
}

/// The badge: do all quorums intersect?
pub mod quorums {
    /// They do.
    pub const YES: &str = "Quorums intersect: yes";
    /// They do not.
    pub const NO: &str = "Quorums intersect: no";
    /// It could not be found out.
    pub const UNKNOWN: &str = "Quorums intersect: unknown";
    /// It is being looked into.
    pub const CHECKING: &str = "Quorums: being checked";
    /// There is none.
    pub const NONE: &str = "There is no quorum";
    /// What "no" means.
    pub const NO_MEANS: &str = "Two disjoint quorums:";
    /// Why it is unknown, if it is because of nodes that are known by name only.
    pub const UNSEEN_MEANS: &str = "Unseen nodes decide that";
    /// What "none" means.
    pub const NONE_MEANS: &str = "Nothing can ever be agreed";
}

/// One of two disjoint quorums.
#[must_use]
pub fn disjoint(names: impl ExactSizeIterator<Item = String>) -> String {
    let size = names.len();
    format!("{size}: {}", super::name_list(names, 4))
}

/// The slot, agreed or split.
#[must_use]
pub fn slot_done(slot: SlotIndex, camps: usize) -> String {
    if camps > 1 {
        format!("Slot {} split in {camps}", slot.0)
    } else {
        format!("Slot {} agreed", slot.0)
    }
}

/// The quorum that let a camp decide.
#[must_use]
pub fn quorum(names: impl ExactSizeIterator<Item = String>) -> String {
    format!("quorum: {}", super::name_list(names, 5))
}

/// The members of both quorums.
#[must_use]
pub fn in_both(names: impl ExactSizeIterator<Item = String>) -> String {
    format!("in both: {}", super::name_list(names, 5))
}

/// "3 nodes".
#[must_use]
pub fn camp(members: usize) -> String {
    count(members, "node", "nodes")
}

/// The banner of a fork.
#[must_use]
pub fn fork(slot: SlotIndex, values: usize, playback: PlaybackState) -> String {
    let values = match values {
        2 => "Two".to_owned(),
        more => number(more as u64),
    };
    let paused = match playback {
        PlaybackState::Paused => ". Paused at the fork. Space goes on.",
        PlaybackState::Running | PlaybackState::Past | PlaybackState::Finished => "",
    };
    format!(
        "{values} values externalized for slot {}: safety is lost{paused}",
        slot.0
    )
}

/// The state of a proposal. `by` nodes out of `of` that can vote have recorded it.
#[must_use]
pub fn proposal_state(state: ProposalState, stuck: Stuck, by: usize, of: usize) -> String {
    match (state, stuck) {
        (ProposalState::Pending, Stuck::No) => "pending".to_owned(),
        (ProposalState::Pending, Stuck::Yes) => "stuck".to_owned(),
        (ProposalState::Agreed(slot), _) if by >= of => format!("agreed, slot {}", slot.0),
        (ProposalState::Agreed(_), _) => format!("decided by {}", share(by, of)),
        (ProposalState::Rejected, _) => "rejected".to_owned(),
        (ProposalState::Outvoted(slot), _) => format!("outvoted, slot {}", slot.0),
    }
}

/// How many of those that can vote have voted for a pending proposal, and are heard.
#[must_use]
pub fn votes(heard: usize, of: usize, stuck: Stuck) -> String {
    match stuck {
        Stuck::No => format!("{} voted", share(heard, of)),
        Stuck::Yes => format!("{} heard to vote", share(heard, of)),
    }
}

/// A value that some nodes externalized while others externalized another one.
#[must_use]
pub fn split(row: &ProposalRow) -> String {
    format!("split: {}", count(row.recorded.len(), "node", "nodes"))
}

/// Whether a pending proposal gets anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// It has been pending for too long.
    Yes,
    /// It has not.
    No,
}

/// What is proposed.
#[must_use]
pub fn proposal(row: &ProposalRow) -> String {
    content(&row.content)
}

/// So many older proposals.
#[must_use]
pub fn older(more: usize) -> String {
    format!("{} earlier", number(more as u64))
}

/// Names of phases for the legend.
#[must_use]
pub fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle (pale: not ready)",
        Phase::Nominate => "nominated",
        Phase::Accept => "accepted",
        Phase::Confirm => "confirmed",
        Phase::Externalized => "externalized",
    }
}

/// Names of kinds of messages for the legend.
#[must_use]
pub fn message(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Announce => "announcement",
        MessageKind::Proposal => "proposal",
        MessageKind::Vote => "vote",
        MessageKind::Accept => "accept",
        MessageKind::Externalize => "externalize",
        MessageKind::Service => "question, answer",
        MessageKind::Chunk => "piece of a file",
    }
}

/// Names of signs for the legend.
pub mod signs {
    /// The ring of four quarters, clockwise from the top: the first two.
    pub const QUARTERS: &str = "nominate, prepare,";
    /// And the other two.
    pub const QUARTERS_REST: &str = "confirm, externalize";
    /// The timer arc.
    pub const TIMER: &str = "timer running";
    /// The crown.
    pub const CROWN: &str = "leader of the round";
    /// The sign of the broadcast role.
    pub const BEACON: &str = "beacon: broadcasts first";
    /// The mark of a value.
    pub const VALUE: &str = "which value";
    /// A number beside a dot.
    pub const SEVERAL: &str = "so many at once";
    /// A ring of discovery.
    pub const BROADCAST: &str = "broadcast";
    /// One-way trust.
    pub const TRUST: &str = "trusts";
    /// Mutual trust.
    pub const MUTUAL: &str = "trust each other";
    /// A lost message.
    pub const LOST: &str = "lost on the way";
    /// A crashed node.
    pub const CRASHED: &str = "crashed";
    /// A process that cannot be reached.
    pub const GONE: &str = "stopped, out of reach";
    /// What is not true of the messages of processes.
    pub const SLOWED: &str = "drawn slower than they are";
    /// A silent node.
    pub const SILENT: &str = "silent";
    /// A node of which only others speak.
    pub const UNSEEN: &str = "known by name only";
    /// An ill-behaved node.
    pub const ILL_BEHAVED: &str = "ill-behaved";
    /// A befouled node.
    pub const BEFOULED: &str = "befouled";
    /// A node without a quorum set.
    pub const NO_QUORUM_SET: &str = "no quorum set";
    /// Both accept colours of the classic palette.
    pub const EVEN_VALUE: &str = "value 0";
    /// Both confirm colours of the classic palette.
    pub const ODD_VALUE: &str = "value 1";
}

/// The one line of tiny windows.
#[must_use]
pub fn status_line(present: usize, externalized: usize, state: &str, quorums: &str) -> String {
    format!(
        "{} · {} externalized · {state} · {quorums}",
        count(present, "node", "nodes"),
        number(externalized as u64)
    )
}

/// The two values of the classic palette.
#[must_use]
pub fn value_of_palette(value: usize) -> &'static str {
    if value == 0 {
        signs::EVEN_VALUE
    } else {
        signs::ODD_VALUE
    }
}
