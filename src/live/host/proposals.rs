//! Proposals of clients, and the clients that wait for decisions.

use super::context::HostContext;
use crate::live::command::{ProposalOutcome, ProposeError, ReplySender};
use crate::node::{Content, Input, NodeEvent, Output, ProposalId};

/// Proposes something, and replies when it is durable.
pub(super) fn propose(
    cx: &mut HostContext,
    content: Content,
    reply: ReplySender<Result<ProposalId, ProposeError>>,
) {
    if let Some(error) = cx.outbox.storage_error() {
        drop(reply.send(Err(ProposeError::Storage(error.to_owned()))));
        return;
    }
    if let Err(error) = cx.recovery.check_proposals(cx.clock.now()) {
        drop(reply.send(Err(error)));
        return;
    }
    let outputs = cx.step(Input::Propose(content));
    let answer = outputs.iter().find_map(|output| match output {
        Output::Event(NodeEvent::ProposalPooled { proposal, .. }) => Some(Ok(proposal.id)),
        Output::Event(NodeEvent::ProposalRefused { why, .. }) => {
            Some(Err(ProposeError::Refused(*why)))
        }
        _ => None,
    });
    cx.outbox
        .reply(reply, answer.unwrap_or(Err(ProposeError::Stopping)));
}

/// Replies when the proposal is decided or expired. An unknown proposal gets no reply.
pub(super) fn await_decision(
    cx: &mut HostContext,
    id: ProposalId,
    reply: ReplySender<ProposalOutcome>,
) {
    if cx.runtime.view().pool.contains_key(&id) {
        cx.waiters.wait(id, reply);
    } else if let Some(slot) = cx.waiters.slot_of(id) {
        // Its decision may be in the batch that is not stored yet.
        cx.outbox
            .reply_after_commit(reply, ProposalOutcome::Decided(slot));
    }
}
