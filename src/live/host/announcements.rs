//! `Announcements`: handles announcements, from datagrams and from lists of peers. Nodes that have proved their addresses
//! become known; the others are candidates until a check has succeeded.

use super::admission::{AnnouncementAdmission, AnnouncementRoute};
use super::candidates::{Candidates, Source, is_announceable};
use super::context::HostContext;
use super::own_key;
use super::transactional_outbox::HostEffect;
use crate::live::wire::{OwnMessages, Signed, VerifiedMessage, WireAnnouncement};
use crate::node::{AnnouncementKind, Input, NodeKey, Peer};
use crate::scp::NodeId;
use crate::time::Span;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Most known nodes that are not trusted. Each of them gets messages, and a client with a thread.
const STRANGERS_MAX: usize = 128;
/// The silence after which such a node makes room for another one.
const STRANGER_SILENCE: Span = Span::from_ms(30_000);

/// See the documentation of the module.
#[derive(Default)]
pub(super) struct Announcements {
    candidates: Candidates,
}

impl Announcements {
    /// An announcement has arrived from this source address.
    pub(super) fn receive(
        &mut self,
        cx: &mut HostContext,
        (announcement, signed): (WireAnnouncement, Signed),
        source: IpAddr,
    ) {
        if cx.outbox.is_blocked() {
            return;
        }
        own_key::watch(cx, &announcement);
        match admission(cx).announcement(&announcement, &signed, source) {
            Err(counter) => cx.counters.count(counter),
            Ok(AnnouncementRoute::Proved(peer)) => deliver(cx, &announcement, peer),
            Ok(AnnouncementRoute::Unproved) => {
                let source = Source::Address(source);
                self.candidates.insert(announcement, signed, source);
            }
        }
    }

    /// The nodes in a list of peers are candidates until they have proved their addresses.
    pub(super) fn receive_list(&mut self, cx: &mut HostContext, message: &VerifiedMessage) {
        let (own_key, is_local) = (cx.own_key(), cx.own_address().ip().is_loopback());
        for (announcement, signed) in &message.announcements {
            own_key::watch(cx, announcement);
            let is_wanted = announcement.key != own_key
                && announcement.kind != AnnouncementKind::Leaving
                && !cx.directory.has_proved(announcement)
                && is_announceable(announcement.http, is_local);
            if is_wanted {
                let source = Source::Peer(message.message.sender);
                self.candidates
                    .insert(announcement.clone(), signed.clone(), source);
            }
        }
    }

    /// Starts the address checks that the limits allow.
    pub(super) fn start_checks(&mut self, cx: &mut HostContext) {
        let now = cx.clock.now();
        while let Some((key, http)) = self.candidates.start_check(now) {
            cx.outbox.queue(HostEffect::ProveAddress(key, http));
        }
    }

    /// The check of an announced address has ended. A node that answers there becomes known.
    pub(super) fn address_checked(
        &mut self,
        cx: &mut HostContext,
        (key, http): (NodeKey, SocketAddr),
        result: Result<OwnMessages, String>,
    ) {
        if cx.outbox.is_blocked() {
            return self.candidates.check_dropped(key);
        }
        match result {
            Ok(own) => own_key::remembered(cx, &own),
            Err(why) => {
                tracing::debug!(%key, %http, %why, "does not answer at its announced address");
                cx.counters.count("addresses_not_proved");
                return self.candidates.failed(key, http, cx.clock.now());
            }
        }
        let Some((announcement, signed)) = self.candidates.proved(key, http) else {
            return;
        };
        if cx.directory.find(key).is_none() && !has_room_for_stranger(cx) {
            return cx.counters.count("strangers_refused");
        }
        cx.counters.count("addresses_proved");
        match admission(cx).proved_announcement(&announcement, &signed) {
            Err(counter) => cx.counters.count(counter),
            Ok(peer) => deliver(cx, &announcement, peer),
        }
    }

    /// A check could not be queued.
    pub(super) fn check_dropped(&mut self, key: NodeKey) {
        self.candidates.check_dropped(key);
    }

    /// Number of nodes that have not proved their addresses.
    #[must_use]
    pub(super) fn candidates(&self) -> usize {
        self.candidates.len()
    }
}

fn admission(cx: &mut HostContext) -> AnnouncementAdmission<'_> {
    AnnouncementAdmission {
        own_key: cx.own_key(),
        limits: &cx.config.limits,
        clock: &cx.clock,
        directory: &mut cx.directory,
    }
}

/// Passes an announcement of a node that has proved its address to the node.
fn deliver(cx: &mut HostContext, announcement: &WireAnnouncement, peer: Peer) {
    cx.counters.count("datagrams_received");
    cx.peers.received(peer.id, cx.clock.now());
    cx.step(Input::ReceiveAnnouncement {
        from: peer.id,
        announcement: Arc::new(announcement.to_local(peer)),
    });
}

/// Whether another node that is not trusted can become known. If there are too many, one that has been silent for long
/// is forgotten.
fn has_room_for_stranger(cx: &mut HostContext) -> bool {
    let view = cx.runtime.view();
    let strangers = view.known.iter();
    let strangers: Vec<NodeId> = strangers
        .filter(|node| !view.trusted.contains(node))
        .collect();
    if strangers.len() < STRANGERS_MAX {
        return true;
    }
    let silent = cx
        .peers
        .longest_silent(&strangers, cx.clock.now(), STRANGER_SILENCE);
    let Some(node) = silent else {
        return false;
    };
    cx.step(Input::Forget(node));
    true
}
