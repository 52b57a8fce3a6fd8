//! What arrives: announcements, messages, bundles. Signatures have been checked; here it is decided what reaches the node.

use super::Host;
use crate::live::clock::Age;
use crate::live::command::ReplySender;
use crate::live::peer_client::PeerRequest;
use crate::live::status::PeersView;
use crate::live::wire::{
    Receipt, ReceiptCode, Signed, VerifiedBundle, VerifiedMessage, WireAnnouncement, WireBody,
    WireError,
};
use crate::node::{
    AnnouncementKind, Body, Content, FileInfo, Input, Message, MessageRefusal, NodeEvent, Output,
    Proposal, ProposalRefusal,
};
use std::sync::Arc;

/// How many file proposals wait for word from their origin.
const FILE_CHECKS_MAX: usize = 256;

impl Host {
    /// A packet with a good signature was heard.
    pub(super) fn hear(&mut self, said: &WireAnnouncement, signed: &Signed) {
        if self.storage_error.is_some() {
            return;
        }
        if said.key == self.context.identity.key() {
            return self.counters.count("datagrams_of_its_own");
        }
        let skew_us = self.config.limits.clock_skew_ms * 1000;
        match self.clock.age(said.mark_us, skew_us) {
            Age::Fresh => {}
            // A goodbye may be passed on long after it was said: an old one is recognised by its number.
            Age::Old if said.kind == AnnouncementKind::Leaving => {}
            Age::Old | Age::Early => return self.counters.count("datagrams_stale"),
        }
        let id = match self.directory.number(said.key) {
            Ok(id) => id,
            Err(error) => return self.drop_announcement(&error),
        };
        if !self.directory.is_fresh(id, said.mark_us) {
            return self.counters.count("datagrams_replayed");
        }
        if let Err(error) = self.directory.learn(said, signed) {
            return self.drop_announcement(&error);
        }
        self.counters.count("datagrams_heard");
        self.contacts.entry(id).or_default().heard_at = Some(self.clock.now());
        let Some(peer) = self.directory.peer(id) else {
            return;
        };
        let announcement = Arc::new(said.numbered(peer));
        self.step(Input::Heard {
            from: id,
            announcement,
        });
    }

    /// A message arrives from its sender.
    pub(super) fn arrive(&mut self, opened: &VerifiedMessage) -> Receipt {
        let receipt = self.judge(opened);
        self.counters.receipt(receipt.verdict);
        receipt
    }

    /// Somebody passes on what others have said. It counts as said by those who signed it: the transport passes on what
    /// it has not receipt, and so vouches for nothing.
    pub(super) fn arrive_bundle(&mut self, bundle: &VerifiedBundle) -> Vec<Receipt> {
        let is_known = self.directory.find(bundle.from).is_some();
        let messages = bundle.messages.iter();
        messages
            .map(|opened| match is_known {
                true => self.arrive(opened),
                false => Receipt::refused(
                    ReceiptCode::Outsider,
                    "nobody has announced who passes it on",
                ),
            })
            .collect()
    }

    fn judge(&mut self, opened: &VerifiedMessage) -> Receipt {
        let message = &opened.message;
        let own = self.context.identity.key();
        if let Some(storage_error) = &self.storage_error {
            return Receipt::refused(
                ReceiptCode::Busy,
                format!("nothing can be stored: {storage_error}"),
            );
        }
        if message.sender == own {
            return Receipt::refused(ReceiptCode::Misdirected, "this node has sent it itself");
        }
        if message.to.is_some_and(|to| to != own) {
            return Receipt::refused(ReceiptCode::Misdirected, "it is for another node");
        }
        if self.directory.find(message.sender).is_none() {
            // Whoever signs something does not get a number for it: announcements and quorum sets give them.
            return Receipt::refused(ReceiptCode::Outsider, "nobody has announced its sender");
        }
        if !self.context.seen.note(opened) {
            return Receipt::refused(ReceiptCode::Duplicate, "it came before");
        }
        if let WireBody::Proposal { proposal } = &message.body
            && let Content::File(file) = &proposal.content
        {
            if file.size_bytes > self.config.limits.file_bytes {
                let most = self.config.limits.file_bytes;
                let why = format!("expected a file of at most {most} bytes");
                return Receipt::refused(ReceiptCode::Invalid, why);
            }
            if self.must_look(proposal) {
                return self.look(opened, proposal, file);
            }
        }
        self.feed(opened)
    }

    /// The node hears a message.
    fn feed(&mut self, opened: &VerifiedMessage) -> Receipt {
        let message = match opened.numbered(&mut self.directory) {
            Ok(message) => Arc::new(message),
            Err(error) => return Host::receipt_for(&error),
        };
        let sender = message.id.sender;
        self.contacts.entry(sender).or_default().heard_at = Some(self.clock.now());
        let is_over = match &message.body {
            Body::Scp { envelope, .. } => envelope.slot.0 <= self.log_hash.index(),
            _ => false,
        };
        let input = Input::Receive {
            from: sender,
            message: Arc::clone(&message),
        };
        let outputs = self.step(input);
        if is_over {
            return Receipt::refused(ReceiptCode::WrongSlot, "that slot is decided here");
        }
        Host::receipt_of(&outputs, &message)
    }

    fn receipt_for(error: &WireError) -> Receipt {
        let verdict = match error {
            WireError::TooManyNodes => ReceiptCode::Busy,
            WireError::BadSignature(_) => ReceiptCode::BadSignature,
            _ => ReceiptCode::Invalid,
        };
        Receipt::refused(verdict, error.to_string())
    }

    /// What the node says about a message. Refusals of other messages that came up in the same step do not count.
    fn receipt_of(outputs: &[Output], message: &Message) -> Receipt {
        let sender = message.id.sender;
        let refusal = outputs.iter().find_map(|output| match output {
            Output::Event(NodeEvent::Refused { from, why }) if *from == sender => Some(match why {
                MessageRefusal::OutsideClosure => (
                    ReceiptCode::Outsider,
                    "its sender lies outside the closure of the quorum set".to_owned(),
                ),
                MessageRefusal::FarFuture => (
                    ReceiptCode::WrongSlot,
                    "that slot is too far ahead".to_owned(),
                ),
                MessageRefusal::Malformed => {
                    (ReceiptCode::Invalid, "it contradicts itself".to_owned())
                }
                MessageRefusal::Scp(why) => {
                    (ReceiptCode::Invalid, format!("SCP refuses it: {why:?}"))
                }
            }),
            Output::Event(NodeEvent::ProposalRefused {
                id: Some(id), why, ..
            }) if matches!(&message.body, Body::Proposal(one) if one.id == *id) => {
                let verdict = match why {
                    ProposalRefusal::Untrusted => ReceiptCode::Outsider,
                    ProposalRefusal::InLog => ReceiptCode::Duplicate,
                    ProposalRefusal::PoolFull => ReceiptCode::Busy,
                    _ => ReceiptCode::Invalid,
                };
                Some((verdict, crate::live::command::refusal_text(*why).to_owned()))
            }
            _ => None,
        });
        match refusal {
            None => Receipt::accepted(),
            Some((verdict, why)) => Receipt::refused(verdict, why),
        }
    }

    /// Does it have to be asked whether the file can be read at its origin?
    fn must_look(&self, proposal: &Proposal) -> bool {
        let is_own = proposal.id.origin == self.context.identity.key();
        !is_own
            && !self.view.pool.contains_key(&proposal.id)
            && !self.agreed.contains_key(&proposal.id)
    }

    /// Asks the origin of a proposed file whether it can be read there. Until it says so the proposal waits; without an
    /// answer it is dropped, and comes again when it is sent again.
    fn look(&mut self, opened: &VerifiedMessage, proposal: &Proposal, file: &FileInfo) -> Receipt {
        let origin = self.directory.find(proposal.id.origin);
        let place = origin.and_then(|origin| Some((origin, self.directory.http(origin)?)));
        let Some((origin, http)) = place else {
            let why = "nobody knows where its origin could be asked for the file";
            return Receipt::refused(ReceiptCode::Outsider, why);
        };
        if self.file_checks.len() >= FILE_CHECKS_MAX {
            return Receipt::refused(
                ReceiptCode::Busy,
                "too many files are waiting for certification",
            );
        }
        let waiting = self.file_checks.entry(proposal.id).or_default();
        waiting.push(opened.clone());
        if waiting.len() == 1 {
            let request = PeerRequest::CheckFile(Arc::new(proposal.clone()), file.clone());
            if !self.clients.send(origin, http, request) {
                self.file_checks.remove(&proposal.id);
                return Receipt::refused(
                    ReceiptCode::Busy,
                    "its origin cannot be asked for the file",
                );
            }
        }
        Receipt::accepted()
    }

    /// The origin of a proposed file has been asked.
    pub(super) fn looked(&mut self, proposal: &Proposal, verdict: Result<(), String>) {
        let waiting = self.file_checks.remove(&proposal.id).unwrap_or_default();
        if self.storage_error.is_some() {
            // Nothing can be stored: it comes again when it is sent again.
            return;
        }
        match verdict {
            Ok(()) => {
                for opened in waiting {
                    let receipt = self.feed(&opened);
                    self.counters.receipt(receipt.verdict);
                }
            }
            Err(why) => {
                self.counters.count("files_not_readable_at_origin");
                tracing::warn!(%why, proposal = ?proposal.id, "not certified");
            }
        }
    }

    /// A node asks whom this one knows. What the node answers goes back at once instead of being sent.
    pub(super) fn answer_question(
        &mut self,
        question: &VerifiedMessage,
        reply: ReplySender<(PeersView, Option<Signed>)>,
    ) {
        let mut signed = None;
        let is_question = matches!(question.message.body, WireBody::PeersQuestion);
        if is_question && self.arrive(question).verdict == ReceiptCode::Accepted {
            signed = self
                .directory
                .find(question.message.sender)
                .and_then(|asker| self.take_back_answer(asker))
                .and_then(|answer| self.sign(&answer));
        }
        let peers = self.peers();
        self.after_commit(move || drop(reply.send((peers, signed))));
    }
}
