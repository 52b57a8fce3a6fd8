//! Commands to the host: requests and reports of the HTTP server, the UDP listener and the peer clients.

use super::status::{PeersView, StatusDraft, StatusQuery};
use super::wire::{
    LogHead, OwnMessages, Receipts, Signed, VerifiedBundle, VerifiedMessage, WireAnnouncement,
    WireError,
};
use crate::node::{
    Content, MessageId, MessageKind, NodeKey, Proposal, ProposalId, ProposalRefusal,
};
use crate::scp::{NodeId, SlotIndex};
use crate::time::Time;
use crate::trace::FlightId;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::sync::{broadcast, oneshot};

/// Sender of a reply. If the receiver has been dropped, the reply is dropped, too.
pub(super) type ReplySender<T> = oneshot::Sender<T>;

/// A message on its way to one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutboundMessage {
    /// Number of the transmission in the trace.
    pub id: FlightId,
    /// When it was sent.
    pub at: Time,
    /// The receiver.
    pub to: NodeId,
    /// Kind of message.
    pub kind: MessageKind,
    /// Id of the message, equal for all receivers.
    pub message: MessageId,
    /// Whether it is re-sent or periodic.
    pub housekeeping: bool,
}

/// How the delivery of messages to one node ended.
#[derive(Clone, Debug)]
pub(super) enum SendOutcome {
    /// They arrived. Contains the head of the receiver's log, if it sent one.
    Arrived(Option<LogHead>),
    /// The receiver did not answer. Contains the error of the connection.
    Lost(String),
    /// The receiver refused them. Contains its reason.
    Refused(String),
}

/// The outcome of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProposalOutcome {
    /// It was decided in this slot.
    Decided(SlotIndex),
    /// It was not decided in time.
    Expired,
}

/// Why a proposal of a client was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProposeError {
    /// The node refuses it.
    #[error("{}", refusal_text(*.0))]
    Refused(ProposalRefusal),
    /// The store fails, so the proposal could not survive a crash.
    #[error("the node cannot store anything at present: {0}")]
    Storage(String),
    /// The node has restarted, and other nodes may remember later proposals of it.
    #[error("the node has restarted and is checking with other nodes what it has proposed before")]
    Restarting,
    /// The data folder was replaced by an older copy.
    #[error(
        "the data folder of this node was replaced by an older copy; the node accepts proposals again once it has caught up"
    )]
    RolledBack,
    /// Another process uses the key of this node.
    #[error("another process uses the key of this node at {0}; stop one of the two")]
    KeyInUse(SocketAddr),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// The reason of a refusal, for clients.
#[must_use]
pub(super) fn refusal_text(why: ProposalRefusal) -> &'static str {
    match why {
        ProposalRefusal::Malformed => {
            "it is empty, too long (a note has at most 1,000 bytes), or its file has no proper name or hash"
        }
        ProposalRefusal::InLog => "it is in the log already",
        ProposalRefusal::Untrusted => "no trusted node certifies it",
        ProposalRefusal::WrongApplication => "this network does not decide on such proposals",
        ProposalRefusal::NotParticipating => "this node does not take part in consensus",
        ProposalRefusal::Stale => "it has expired before",
        ProposalRefusal::PoolFull => "too many proposals are waiting; try again in a moment",
    }
}

/// A stream of records: a snapshot, then every later record.
pub(super) struct Subscription {
    /// The `hello` event and the state of the node as records, in JSON.
    pub snapshot: Vec<Arc<str>>,
    /// Every later record, in JSON.
    pub records: broadcast::Receiver<Arc<str>>,
}

/// An operator's change of the trust set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeTrustEdit {
    /// Trust this node.
    Add(NodeKey),
    /// Remove this node.
    Remove(NodeKey),
}

/// A command to the host.
pub(super) enum HostCommand {
    /// An announcement arrived from this source address. Its signature is valid.
    Announcement(Box<(WireAnnouncement, Signed)>, IpAddr),
    /// The check of an announced address has ended: the node with this key answers there and returns what it remembers
    /// of this node, or why not.
    AddressChecked(NodeKey, SocketAddr, Result<OwnMessages, String>),
    /// A node asks for its own newest messages and its newest announcement.
    LatestMessages(NodeKey, ReplySender<(Vec<Signed>, Option<Signed>)>),
    /// An operator adds a node to the trust set, or removes it. The reply is the number of trusted nodes.
    EditTrust(NodeTrustEdit, ReplySender<Result<usize, String>>),
    /// A datagram was dropped, for this reason.
    DatagramDropped(WireError),
    /// Messages arrived from their authors.
    Messages(Vec<VerifiedMessage>, ReplySender<Receipts>),
    /// A node relays messages of others.
    Bundle(Box<VerifiedBundle>, ReplySender<Receipts>),
    /// A node asks for peers. The reply includes this node's signed answer.
    PeersQuery(
        Box<VerifiedMessage>,
        ReplySender<(PeersView, Option<Signed>)>,
    ),
    /// A node has answered this node's query for peers.
    PeersAnswer(Box<VerifiedMessage>),
    /// A client proposes something.
    Propose(Content, ReplySender<Result<ProposalId, ProposeError>>),
    /// Reply when this proposal is decided or expired.
    AwaitDecision(ProposalId, ReplySender<ProposalOutcome>),
    /// `GET /status`.
    Status(StatusQuery, ReplySender<Box<StatusDraft>>),
    /// `GET /peers`.
    Peers(ReplySender<PeersView>),
    /// `GET /metrics`.
    Metrics(ReplySender<String>),
    /// `GET /healthz`. The error states what is wrong.
    Health(ReplySender<Result<(), String>>),
    /// `GET /events`.
    Subscribe(ReplySender<Subscription>),
    /// The delivery of messages to a node has ended.
    DeliveryReport(NodeId, Vec<OutboundMessage>, SendOutcome),
    /// The origin of a proposed file has answered whether the file can be read there, or why not.
    FileChecked(Arc<Proposal>, Result<(), String>),
    /// Announce that the node leaves, and stop.
    Leave,
    /// Stop without an announcement: the node will come back.
    Stop,
}
