//! Forms of node types: configuration, messages, inputs, outputs, persisted state.

use super::context::{Decode, Encode, Problem};
use super::serialized_form::{
    Form, Shared, Text, form_arc, form_enum, form_names, form_shared, form_struct, share,
};
use crate::net::LossReason;
use crate::node::{
    AdmissionPolicy, AdmissionSettings, Announcement, AnnouncementKind, Application, BackupAnswer,
    Body, Bundle, Content, FetchError, FileInfo, Input, JoinMode, Message, MessageId, MessageKind,
    MessageRefusal, NodeConfig, NodeEvent, NodeKey, NodeSettings, Output, Peer, PeerList,
    PeersAnswer, Persisted, Proposal, ProposalId, ProposalRefusal, Recipient, Relaying, Remembered,
    SlotStart, Standing, Standings, StateChange, Threshold, TimerKind, TrustCause, TrustEdit,
    TrustPolicy,
};
use crate::scp::{
    Envelope, NodeId, QuorumSet, QuorumSetId, ScpEvent, ScpRefusal, SlotIndex, SlotState, Value,
};
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

form_names!(ApplicationForm for Application { Log, Choice });
form_names!(RelayingForm for Relaying { Flood, Direct });
form_names!(JoinModeForm for JoinMode { Founder, Newcomer, Unknown });
form_names!(AdmissionPolicyForm for AdmissionPolicy { Anyone, Friends, Ask });
form_names!(StandingForm for Standing { Candidate, Newcomer, Established, Removed });
form_names!(FetchErrorForm for FetchError { Unreachable, HashMismatch });
form_names!(TrustCauseForm for TrustCause {
    Configured,
    Discovered,
    Refreshed,
    Departed,
    Forgotten,
    PolicyReplaced,
    Admitted,
    Suspended,
    Edited,
});
form_names!(SlotStartForm for SlotStart { Own, Echo });
form_names!(BackupAnswerForm for BackupAnswer { Yes, NoHasIt, DecidedBeforeVote });
form_names!(ProposalRefusalForm for ProposalRefusal {
    Malformed,
    InLog,
    Untrusted,
    WrongApplication,
    NotParticipating,
    Stale,
    PoolFull,
});
form_names!(MessageKindForm for MessageKind {
    Announce,
    Proposal,
    Vote,
    Accept,
    Externalize,
    Service,
    Chunk,
});
form_names!(AnnouncementKindForm for AnnouncementKind { Beacon, Here, Leaving });
form_names!(LossReasonForm for LossReason {
    Random,
    Partitioned,
    OutOfRange,
    SenderSilent,
    ReceiverDown,
});

form_enum!(ThresholdForm for Threshold {
    struct {}
    tuple { Count(count: u32) }
    unit { TwoThirds, Majority }
});

form_enum!(TrustPolicyForm for TrustPolicy {
    struct {}
    tuple { Fixed(quorum_set: Arc<QuorumSet>) }
    unit { Found, InRange, None }
});

form_struct!(AdmissionSettingsForm for AdmissionSettings { policy: AdmissionPolicy, probation: Span });

form_struct!(NodeSettingsForm for NodeSettings {
    application: Application,
    min_nodes: u32,
    settle: Span,
    refresh: Span,
    announce: Span,
    resend: Span,
    proposal_ttl: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forget_after: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    admission: Option<AdmissionSettings>,
    relaying: Relaying,
    relay_interval: Span,
    choice_slots: u32,
});

/// The settings are left out if they equal those of the scenario.
impl Form for Arc<NodeSettings> {
    type As<'a> = Option<NodeSettingsForm<'a>>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> Self::As<'a> {
        (!cx.are_default(self)).then(|| (**self).to_form(cx))
    }

    fn from_form(form: Self::As<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
        match (form, cx.settings) {
            (Some(form), _) => Form::from_form(form, cx).map(Arc::new),
            (None, Some(settings)) => Ok(Arc::clone(settings)),
            (None, None) => {
                let problem = "a node has no settings".to_owned();
                Err((problem, "`settings`, or those of the scenario"))
            }
        }
    }
}

form_struct!(NodeConfigForm for NodeConfig {
    peer: Peer,
    trust: TrustPolicy,
    threshold: Threshold,
    is_beacon: bool,
    address_book: Arc<[Peer]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    initial_value: Option<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held_files: Vec<FileInfo>,
    join_mode: JoinMode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Arc<NodeSettings>,
});

form_struct!(FileInfoForm for FileInfo { name: String, size_bytes: u64, sha256: String });

form_enum!(ContentForm for Content {
    struct {}
    tuple { Note(text: String), File(file: FileInfo), Choice(value: Value) }
    unit {}
});

/// `[origin, nth]`.
impl Form for ProposalId {
    type As<'a> = (Text<'a>, u32);

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> (Text<'a>, u32) {
        let ProposalId { origin, nth } = self;
        (origin.to_form(cx), *nth)
    }

    fn from_form((origin, nth): (Text<'_>, u32), cx: &mut Decode<'_>) -> Result<Self, Problem> {
        let origin: NodeKey = Form::from_form(origin, cx)?;
        Ok(ProposalId { origin, nth })
    }
}

form_struct!(ProposalForm for Proposal { id: ProposalId, content: Content });

/// `[sender, nth]`.
impl Form for MessageId {
    type As<'a> = (Text<'a>, u64);

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> (Text<'a>, u64) {
        let MessageId { sender, nth } = self;
        (sender.to_form(cx), *nth)
    }

    fn from_form((sender, nth): (Text<'_>, u64), cx: &mut Decode<'_>) -> Result<Self, Problem> {
        let sender = Form::from_form(sender, cx)?;
        Ok(MessageId { sender, nth })
    }
}

form_struct!(MessageForm for Message {
    id: MessageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<NodeId>,
    housekeeping: bool,
    body: Body,
});

form_struct!(PeersAnswerForm for PeersAnswer { known: PeerList, trusted: Arc<[NodeId]> });

form_enum!(BodyForm for Body {
    struct {
        Scp { envelope: Arc<Envelope>, quorum_set: Arc<QuorumSet> },
        CatchUpQuestion { from_slot: SlotIndex },
        CatchUpAnswer { decided: Arc<[(SlotIndex, Value)]> },
    }
    tuple { Proposal(proposal: Arc<Proposal>), Peers(answer: Arc<PeersAnswer>) }
    unit { PeersQuestion }
});

form_struct!(AnnouncementForm for Announcement {
    peer: Peer,
    kind: AnnouncementKind,
    nth: u64,
    hops: u32,
});

form_struct!(BundleForm for Bundle {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    announcements: Vec<Arc<Announcement>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Arc<Message>>,
});

form_shared!(Message, Bundle, Announcement);

form_enum!(TimerKindForm for TimerKind {
    struct {}
    tuple { Nomination(slot: SlotIndex), Ballot(slot: SlotIndex) }
    unit { Announce, Settle, Refresh, Resend, Expire, CatchUp, Relay, RelayRepeats }
});

form_enum!(RecipientForm for Recipient {
    struct {}
    tuple { Node(node: NodeId), NeighboursExcept(node: NodeId) }
    unit { Neighbours }
});

/// The node that delivered a file, or why none did.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FetchResultForm<'a> {
    From(#[serde(borrow)] Text<'a>),
    Failed(FetchErrorForm),
}

impl Form for Result<NodeId, FetchError> {
    type As<'a> = FetchResultForm<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> FetchResultForm<'a> {
        match self {
            Ok(node) => FetchResultForm::From(node.to_form(cx)),
            Err(why) => FetchResultForm::Failed(why.to_form(cx)),
        }
    }

    fn from_form(form: FetchResultForm<'_>, cx: &mut Decode<'_>) -> Result<Self, Problem> {
        Ok(match form {
            FetchResultForm::From(node) => Ok(Form::from_form(node, cx)?),
            FetchResultForm::Failed(why) => Err(Form::from_form(why, cx)?),
        })
    }
}

form_struct!(PersistedForm for Persisted {
    decided: Vec<(SlotIndex, Value)>,
    statements: Vec<Arc<Envelope>>,
    pool: Vec<Arc<Proposal>>,
    files: BTreeMap<String, FileInfo>,
    answers: Vec<(ProposalId, BackupAnswer)>,
    sources: BTreeMap<String, NodeId>,
    messages: u64,
    proposals: u32,
    announcements: u64,
    quorum_sets: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quorum_set: Option<Arc<QuorumSet>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trust: Option<TrustPolicy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    standings: Option<Standings>,
});

form_struct!(StandingsForm for Standings {
    established: BTreeSet<NodeId>,
    newcomers: BTreeSet<NodeId>,
    removed: BTreeSet<NodeId>,
});

form_struct!(RememberedForm for Remembered {
    messages: u64,
    announcements: u64,
    proposals: u32,
    statements: Vec<(Arc<Envelope>, Arc<QuorumSet>)>,
});

form_enum!(TrustEditForm for TrustEdit {
    struct {}
    tuple { Add(node: NodeId), Remove(node: NodeId) }
    unit {}
});

form_arc!(Proposal, PeersAnswer, Persisted, NodeConfig, Remembered);

form_enum!(InputForm for Input {
    struct {
        Receive { from: NodeId, message: Arc<Message> },
        ReceiveAnnouncement { from: NodeId, announcement: Arc<Announcement> },
        Relayed { from: NodeId, bundle: Arc<Bundle> },
        Fetched { sha256: String, result: Result<NodeId, FetchError> },
    }
    tuple {
        Start(persisted: Option<Arc<Persisted>>),
        Timer(kind: TimerKind),
        Propose(content: Content),
        SetTrust(policy: TrustPolicy),
        EditTrust(edit: TrustEdit),
        Forget(node: NodeId),
        Remembered(remembered: Arc<Remembered>),
    }
    unit { Leave }
});

form_enum!(StateChangeForm for StateChange {
    struct {
        Decided { slot: SlotIndex, value: Value },
        Answered { proposal: ProposalId, answer: BackupAnswer },
        BackedUp { file: FileInfo, from: NodeId },
        QuorumSet { nth: u32, quorum_set: Arc<QuorumSet> },
    }
    tuple {
        OwnStatement(envelope: Arc<Envelope>),
        Pooled(proposal: Arc<Proposal>),
        Unpooled(proposal: ProposalId),
        Holds(file: FileInfo),
        Trust(policy: TrustPolicy),
        Standings(standings: Standings),
        MessagesReserved(messages: u64),
        Proposals(proposals: u32),
        Announcements(announcements: u64),
    }
    unit {}
});

form_enum!(MessageRefusalForm for MessageRefusal {
    struct {}
    tuple { Scp(why: ScpRefusal) }
    unit { OutsideClosure, Malformed, FarFuture }
});

form_enum!(NodeEventForm for NodeEvent {
    struct {
        Started { application: Application },
        Discovered { peer: Peer, via: NodeId },
        TrustChanged { trusted: Arc<BTreeSet<NodeId>>, cause: TrustCause },
        QuorumSetChanged { id: QuorumSetId, quorum_set: Arc<QuorumSet>, from_slot: SlotIndex },
        QuorumSetOverridden { slot: SlotIndex },
        RolledBack { messages: u64 },
        StandingChanged { node: NodeId, standing: Standing },
        Ready { known: u32 },
        CatchingUp { from_slot: SlotIndex },
        PeerLeft { node: NodeId },
        ProposalPooled { proposal: Arc<Proposal>, certified_by: NodeId },
        ProposalRefused {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            id: Option<ProposalId>,
            from: NodeId,
            why: ProposalRefusal,
        },
        ProposalExpired { id: ProposalId, voted: Vec<NodeId>, missing: Vec<NodeId> },
        SlotStarted { slot: SlotIndex, start: SlotStart },
        Slot { slot: SlotIndex, state: Arc<SlotState> },
        Recorded { slot: SlotIndex, value: Value, proposals: Vec<Arc<Proposal>> },
        BackupAnswered { file: FileInfo, proposal: ProposalId, answer: BackupAnswer },
        BackedUp { file: FileInfo, from: NodeId },
        BackupFailed { file: FileInfo, why: FetchError },
        Refused { from: NodeId, why: MessageRefusal },
    }
    tuple { Scp(event: ScpEvent) }
    unit { Left }
});

form_enum!(OutputForm for Output {
    struct {
        Send { to: Recipient, message: Arc<Message> },
        Relay { to: Recipient, bundle: Arc<Bundle> },
        Fetch { file: FileInfo, holders: Vec<NodeId> },
    }
    tuple {
        Announce(announcement: Arc<Announcement>),
        SetTimer(kind: TimerKind, span: Span),
        CancelTimer(kind: TimerKind),
        Persist(changes: Vec<StateChange>),
        Event(event: NodeEvent),
    }
    unit {}
});
