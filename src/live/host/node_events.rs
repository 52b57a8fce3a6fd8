//! What the host takes note of: what survived, what happens at the node, what becomes of fetches and proposals.

use super::Host;
use super::effects::HostEffect;
use crate::live::command::ProposalOutcome;
use crate::live::fetch::FetchEvent;
use crate::node::{FetchError, Input, NodeEvent, Persisted, ProposalId};
use crate::scp::NodeId;
use crate::time::Time;
use std::sync::Arc;

impl Host {
    /// The log and the backups that survived are known at once; the node does not tell them again.
    pub(super) fn restore(&mut self, persisted: Option<&Persisted>) {
        let Some(persisted) = persisted else {
            return;
        };
        let at = self.clock.now();
        for (slot, value) in &persisted.decided {
            self.log_hash.append(*slot, value);
        }
        for event in persisted.restored_events(NodeId(0), None) {
            self.view.apply(at, &event);
        }
        for entry in &self.view.log {
            let ids = entry
                .proposals
                .iter()
                .map(|proposal| (proposal.id, entry.slot));
            self.agreed.extend(ids);
        }
        for proposal in &persisted.pool {
            let (proposal, voucher) = (Arc::clone(proposal), NodeId(0));
            self.view
                .apply(at, &NodeEvent::ProposalPooled { proposal, voucher });
        }
    }

    /// A fetch has come on, or ended.
    pub(super) fn take_fetched(&mut self, event: FetchEvent) {
        match event {
            FetchEvent::Progress(progress) => {
                self.received_bytes
                    .insert(progress.sha256, progress.received_bytes);
            }
            FetchEvent::End(end) => {
                let holders = self.holders.remove(&end.sha256).unwrap_or_default();
                for (nth, storage_error) in &end.errors {
                    let name = holders.get(*nth).map(|&node| self.directory.name(node));
                    tracing::warn!(sha256 = %end.sha256, ?name, ?storage_error, "a fetch went wrong");
                }
                let result = end
                    .result
                    .and_then(|nth| holders.get(nth).copied().ok_or(FetchError::Unreachable));
                let sha256 = end.sha256;
                self.step(Input::Fetched { sha256, result });
            }
        }
    }

    /// Something happened at the node.
    pub(super) fn note(&mut self, at: Time, event: &NodeEvent) {
        self.view.apply(at, event);
        self.counters.note(event);
        match event {
            NodeEvent::Recorded {
                slot,
                value,
                proposals,
            } => {
                self.log_hash.append(*slot, value);
                tracing::info!(slot = slot.0, proposals = proposals.len(), "agreed");
                for proposal in proposals {
                    self.agreed.insert(proposal.id, *slot);
                    self.report_outcome(proposal.id, ProposalOutcome::Decided(*slot));
                }
            }
            NodeEvent::ProposalExpired { id, .. } => {
                self.report_outcome(*id, ProposalOutcome::Expired)
            }
            NodeEvent::Discovered { peer, via } => {
                let why = match (*via, peer.id) {
                    (NodeId(0), _) => "named in the quorum set".to_owned(),
                    (via, id) if via == id => "heard its announcement".to_owned(),
                    (via, _) => format!("told by {}", self.directory.name(via)),
                };
                tracing::info!(name = %peer.name, id = %peer.key, %why, "found");
                self.contacts.entry(peer.id).or_default().why = why;
            }
            NodeEvent::PeerLeft { node } => {
                tracing::info!(name = %self.directory.name(*node), "left");
                self.clients.close(*node);
            }
            NodeEvent::Ready { known } => tracing::info!(known, "ready to vote"),
            NodeEvent::BackedUp { file, .. } => {
                self.received_bytes.remove(&file.sha256);
                tracing::info!(name = %file.name, sha256 = %file.sha256, "backed up");
            }
            NodeEvent::BackupFailed { file, why } => {
                tracing::warn!(name = %file.name, ?why, "could not fetch; will try again");
            }
            _ => {}
        }
    }

    pub(super) fn report_outcome(&mut self, id: ProposalId, outcome: ProposalOutcome) {
        for reply in self.awaiting.remove(&id).unwrap_or_default() {
            self.effects.push(HostEffect::Answer(Box::new({
                let outcome = outcome.clone();
                move || drop(reply.send(outcome))
            })));
        }
    }
}
