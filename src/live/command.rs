//! `HostCommand`: everything that others ask of, or report to, the thread on which the node lives.

use super::status::{PeersView, StatusDraft, StatusQuery};
use super::wire::{
    LogHead, Receipts, Signed, VerifiedBundle, VerifiedMessage, WireAnnouncement, WireError,
};
use crate::node::{Content, MessageId, MessageKind, Proposal, ProposalId, ProposalRefusal};
use crate::scp::{NodeId, SlotIndex};
use crate::time::Time;
use crate::trace::FlightId;
use std::sync::Arc;
use tokio::sync::{broadcast, oneshot};

/// Where an answer goes. Who does not wait for it any more does not get it.
pub(super) type ReplySender<T> = oneshot::Sender<T>;

/// A transmission that left this node.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutboundMessage {
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
pub(super) enum SendOutcome {
    /// They arrived; this is how far the other's log has come.
    Arrived(Option<LogHead>),
    /// Nobody answered, in these refusal_text.
    Lost(String),
    /// They were not taken in, in these refusal_text of the other node.
    Refused(String),
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProposalOutcome {
    /// It is recorded in this slot.
    Decided(SlotIndex),
    /// It waited for too long.
    Expired,
}

/// Why a proposal of a person was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProposeError {
    /// The node refuses it.
    #[error("{}", refusal_text(*.0))]
    Refused(ProposalRefusal),
    /// What must survive a crash cannot be stored now.
    #[error("the node cannot store anything at present: {0}")]
    Storage(String),
    /// The node is about to end.
    #[error("the node is stopping")]
    Stopping,
}

/// Why a proposal is refused, in refusal_text.
#[must_use]
pub(super) fn refusal_text(why: ProposalRefusal) -> &'static str {
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
pub(super) struct Subscription {
    /// The `hello`, and the state of the node rebuilt as records, as JSON.
    pub snapshot: Vec<Arc<str>>,
    /// Records as they happen, as JSON.
    pub records: broadcast::Receiver<Arc<str>>,
}

/// What the thread of the node is told.
pub(super) enum HostCommand {
    /// A packet was heard.
    Announcement(Box<(WireAnnouncement, Signed)>),
    /// A packet was dropped.
    DatagramDropped(WireError),
    /// Messages arrived from their senders.
    Messages(Vec<VerifiedMessage>, ReplySender<Receipts>),
    /// Somebody passes on what others have said.
    Bundle(Box<VerifiedBundle>, ReplySender<Receipts>),
    /// A node asks whom this one knows: it wants this node's signed answer, too.
    PeersQuery(
        Box<VerifiedMessage>,
        ReplySender<(PeersView, Option<Signed>)>,
    ),
    /// A node was asked whom it knows and has answered.
    PeersAnswer(Box<VerifiedMessage>),
    /// Somebody proposes.
    Propose(Content, ReplySender<Result<ProposalId, ProposeError>>),
    /// What becomes of this proposal?
    AwaitDecision(ProposalId, ReplySender<ProposalOutcome>),
    /// How are you?
    Status(StatusQuery, ReplySender<Box<StatusDraft>>),
    /// Whom do you know?
    Peers(ReplySender<PeersView>),
    /// The figures for Prometheus.
    Metrics(ReplySender<String>),
    /// Is the node well? Otherwise: what is wrong.
    Health(ReplySender<Result<(), String>>),
    /// Somebody wants to follow.
    Subscribe(ReplySender<Subscription>),
    /// Transmissions to a node have ended.
    DeliveryReport(NodeId, Vec<OutboundMessage>, SendOutcome),
    /// The origin of a proposed file was asked whether it can be read there.
    FileChecked(Arc<Proposal>, Result<(), String>),
    /// Say goodbye and end.
    Leave,
    /// End without saying goodbye: the node will be back.
    Stop,
}
