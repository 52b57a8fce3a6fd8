//! `Command`: everything that others ask of, or report to, the thread on which the node lives.

use super::status::{PeersView, StatusDraft, StatusQuestion};
use super::wire::{LogHead, Opened, OpenedBundle, Receipts, Signed, WireAnnouncement, WireError};
use crate::node::{Content, MessageId, MessageKind, Proposal, ProposalId, ProposalRefusal};
use crate::scp::{NodeId, SlotIndex};
use crate::time::Time;
use crate::trace::FlightId;
use std::sync::Arc;
use tokio::sync::{broadcast, oneshot};

/// Where an answer goes. Who does not wait for it any more does not get it.
pub(super) type Reply<T> = oneshot::Sender<T>;

/// A transmission that left this node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// Its number in the recording.
    pub id: FlightId,
    /// When it set out.
    pub at: Time,
    /// To whom.
    pub to: NodeId,
    /// What kind of message.
    pub kind: MessageKind,
    /// Which message.
    pub message: MessageId,
    /// Whether it is housekeeping.
    pub housekeeping: bool,
}

/// How transmissions to one node ended.
#[derive(Clone, Debug)]
pub(super) enum Journey {
    /// They arrived; this is how far the other's log has come.
    Arrived(Option<LogHead>),
    /// Nobody answered, in these words.
    Lost(String),
    /// They were not taken in, in these words of the other node.
    Refused(String),
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is recorded in this slot.
    Agreed(SlotIndex),
    /// It waited for too long.
    Expired,
}

/// Why a proposal of a person was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotProposed {
    /// The node refuses it.
    #[error("{}", words(*.0))]
    Refused(ProposalRefusal),
    /// What must survive a crash cannot be stored now.
    #[error("the node cannot store anything at present: {0}")]
    Storage(String),
    /// The node is about to end.
    #[error("the node is stopping")]
    Stopping,
}

/// Why a proposal is refused, in words.
#[must_use]
pub(super) fn words(why: ProposalRefusal) -> &'static str {
    match why {
        ProposalRefusal::Malformed => {
            "it is empty, too long (a note has at most 1,000 bytes), or its file has no proper name or hash"
        }
        ProposalRefusal::InLog => "it is in the log already",
        ProposalRefusal::Untrusted => "nobody whom this node trusts vouches for it",
        ProposalRefusal::WrongApplication => "this network does not decide on such things",
        ProposalRefusal::NotParticipating => "the node takes part in nothing",
        ProposalRefusal::Stale => "it has waited for too long before",
        ProposalRefusal::PoolFull => "too many proposals are waiting; try again in a moment",
    }
}

/// What somebody who follows a node gets first, and where the rest will come from.
pub(super) struct Following {
    /// The `hello`, and the state of the node rebuilt as records, as JSON.
    pub beginning: Vec<Arc<str>>,
    /// Records as they happen, as JSON.
    pub rest: broadcast::Receiver<Arc<str>>,
}

/// What the thread of the node is told.
pub(super) enum Command {
    /// A packet was heard.
    Heard(Box<(WireAnnouncement, Signed)>),
    /// A packet was dropped.
    NotHeard(WireError),
    /// Messages arrived from their senders.
    Messages(Vec<Opened>, Reply<Receipts>),
    /// Somebody passes on what others have said.
    Bundle(Box<OpenedBundle>, Reply<Receipts>),
    /// A node asks whom this one knows: it wants this node's signed answer, too.
    PeersQuestion(Box<Opened>, Reply<(PeersView, Option<Signed>)>),
    /// A node was asked whom it knows and has answered.
    PeersAnswer(Box<Opened>),
    /// Somebody proposes.
    Propose(Content, Reply<Result<ProposalId, NotProposed>>),
    /// What becomes of this proposal?
    Await(ProposalId, Reply<Fate>),
    /// How are you?
    Status(StatusQuestion, Reply<Box<StatusDraft>>),
    /// Whom do you know?
    Peers(Reply<PeersView>),
    /// The figures for Prometheus.
    Metrics(Reply<String>),
    /// Is the node well? Otherwise: what is wrong.
    Health(Reply<Result<(), String>>),
    /// Somebody wants to follow.
    Follow(Reply<Following>),
    /// Transmissions to a node have ended.
    Journeys(NodeId, Vec<Flight>, Journey),
    /// The origin of a proposed file was asked whether it can be read there.
    Readable(Arc<Proposal>, Result<(), String>),
    /// Say goodbye and end.
    Leave,
    /// End without saying goodbye: the node will be back.
    Stop,
}
