//! Batch: the arrivals of an interval of virtual time, sorted into work for nodes and effects that need no node.
//!
//! A batch that begins at time t ends before t + the shortest delay (the lookahead of a conservative parallel
//! simulation). No node can cause an event of another node in the same batch, so the nodes run a batch in parallel.
//! With zero delay a batch is one generation. `engine` applies the effects.

use super::executor::{Delivery, ExecutedStep, NodeBatch};
use super::file_transfers::FileTransfers;
use super::node_table::NodeTable;
use super::queue::{EventKey, EventPayload, FlightInfo, LogicalTime, ScheduledEvent};
use super::transport::Transport;
use crate::net::LossReason;
use crate::node::{FetchError, Input, NodeEvent, Output};
use crate::run::BatchKind;

/// One effect of a batch.
pub(super) enum BatchItem {
    /// A node ran a step.
    Step(ExecutedStep),
    /// A transmission did not arrive.
    Lost(EventKey, FlightInfo, LossReason),
    /// An arrival that concerns a file transfer and no node.
    File(EventKey, EventPayload),
}

impl BatchItem {
    pub(super) fn key(&self) -> EventKey {
        match self {
            BatchItem::Step(step) => step.key,
            BatchItem::Lost(key, ..) | BatchItem::File(key, _) => *key,
        }
    }
}

/// The work of a batch, and the effects that need no node.
pub(super) struct Dispatch {
    /// At most one for each node.
    pub(super) batches: Vec<NodeBatch>,
    pub(super) items: Vec<BatchItem>,
}

/// Sorts the arrivals before `limit` into lost ones, those of file transfers, and work for nodes. Nodes whose timers
/// fire before `limit` get work, too.
pub(super) fn dispatch(
    arrivals: Vec<ScheduledEvent>,
    limit: LogicalTime,
    transport: &Transport,
    nodes: &NodeTable,
    transfers: &FileTransfers,
) -> Dispatch {
    let mut items = Vec::new();
    let mut deliveries = Vec::with_capacity(arrivals.len());
    for ScheduledEvent { key, payload } in arrivals {
        match (
            payload.flight(),
            loss_reason(&key, &payload, transport, nodes),
        ) {
            (Some(info), Some(why)) => items.push(BatchItem::Lost(key, info, why)),
            (None, Some(_)) => {}
            (info, None) => match input_of(&key, payload, transfers) {
                Ok(input) => deliveries.push(Delivery { key, input, info }),
                Err(payload) => items.push(BatchItem::File(key, payload)),
            },
        }
    }
    let batches = node_batches(deliveries, limit, nodes);
    Dispatch { batches, items }
}

fn node_batches(
    mut deliveries: Vec<Delivery>,
    limit: LogicalTime,
    nodes: &NodeTable,
) -> Vec<NodeBatch> {
    deliveries.sort_by_key(|delivery| (delivery.key.receiver, delivery.key));
    let mut batches: Vec<NodeBatch> = Vec::new();
    for delivery in deliveries {
        let node = delivery.key.receiver;
        match batches.last_mut() {
            Some(batch) if batch.node == node => batch.deliveries.push(delivery),
            _ => batches.push(NodeBatch {
                node,
                deliveries: vec![delivery],
                limit,
            }),
        }
    }
    let with_deliveries = batches.len();
    for node in nodes.with_timer_before(limit) {
        let known = &batches[..with_deliveries];
        if known
            .binary_search_by_key(&node, |batch| batch.node)
            .is_err()
        {
            batches.push(NodeBatch {
                node,
                deliveries: Vec::new(),
                limit,
            });
        }
    }
    batches
}

/// Why an event does not reach its receiver; `None` if it does.
fn loss_reason(
    key: &EventKey,
    payload: &EventPayload,
    transport: &Transport,
    nodes: &NodeTable,
) -> Option<LossReason> {
    let is_receiving = match payload {
        EventPayload::Start(start) => nodes.is_incarnation(key.receiver, start.incarnation),
        _ => nodes.is_running(key.receiver),
    };
    if !is_receiving {
        Some(LossReason::ReceiverDown)
    } else if payload.flight().is_some() {
        transport.loss_reason_on_arrival(key)
    } else {
        None
    }
}

/// Converts an arrival to the input of its node. Returns the payload if the engine handles the arrival itself.
fn input_of(
    key: &EventKey,
    payload: EventPayload,
    transfers: &FileTransfers,
) -> Result<Input, EventPayload> {
    let from = key.sender;
    match payload {
        EventPayload::Message(_, message) => Ok(Input::Receive { from, message }),
        EventPayload::Bundle(_, bundle) => Ok(Input::Relayed { from, bundle }),
        EventPayload::Announcement(_, announcement) => {
            Ok(Input::ReceiveAnnouncement { from, announcement })
        }
        EventPayload::Start(start) => Ok(Input::Start(start.persisted)),
        EventPayload::Local(input) => Ok(*input),
        EventPayload::Chunk(..) | EventPayload::FetchFailed(_) => {
            match transfers.finished_by(&payload) {
                Some(sha256) => Ok(Input::Fetched {
                    sha256,
                    result: match payload {
                        EventPayload::Chunk(..) => Ok(from),
                        _ => Err(FetchError::Unreachable),
                    },
                }),
                None => Err(payload),
            }
        }
        EventPayload::ChunkRequest(..) | EventPayload::ChunkTimeout(_) => Err(payload),
    }
}

/// The kind of a batch that consists of one arrival or timer.
pub(super) const fn kind_of(is_housekeeping: bool) -> BatchKind {
    if is_housekeeping {
        BatchKind::Housekeeping
    } else {
        BatchKind::Progress
    }
}

/// Whether an output is progress, so that a single step of the viewer stops at it even if housekeeping caused it.
pub(super) fn is_progress(output: &Output) -> bool {
    matches!(
        output,
        Output::Event(
            NodeEvent::Scp(_)
                | NodeEvent::Ready { .. }
                | NodeEvent::SlotStarted { .. }
                | NodeEvent::Recorded { .. }
                | NodeEvent::Discovered { .. }
                | NodeEvent::QuorumSetChanged { .. }
                | NodeEvent::QuorumSetOverridden { .. }
                | NodeEvent::RolledBack { .. }
                | NodeEvent::ProposalExpired { .. }
                | NodeEvent::PeerLeft { .. }
        )
    )
}
