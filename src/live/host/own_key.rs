//! Uses of the node's own key that this process has not made: by another process, or by a later run of the node whose
//! state is lost.

use super::context::HostContext;
use super::recovery;
use crate::live::wire::{OwnMessages, WireAnnouncement};
use crate::node::{Input, Remembered};
use crate::scp::NodeId;
use std::sync::Arc;

/// Detects another process with the key of this node, or a later run of the node, by an announcement that this process
/// has not made. A late one of an earlier run at the same address is no other process, even if the clock of that run was
/// ahead.
pub(super) fn watch(cx: &mut HostContext, announcement: &WireAnnouncement) {
    if announcement.key != cx.own_key() {
        return;
    }
    let newest = cx.directory.newest_recency(NodeId(0));
    cx.recovery.heard(announcement.recency(), newest);
    let is_other =
        announcement.http != cx.own_address() || announcement.epoch > cx.recovery.epoch();
    if is_other && announcement.mark_us > cx.clock.epoch_unix_us() {
        let (now, recency) = (cx.clock.now(), announcement.recency());
        if cx.recovery.key_in_use(announcement.http, recency, now) {
            cx.counters.count("key_in_use");
            tracing::error!(http = %announcement.http, "another process uses the key of this node; stop one of the two. This node accepts no proposals meanwhile");
        }
    }
}

/// Another node has returned messages of this node. The node compares them with what it knows.
pub(super) fn remembered(cx: &mut HostContext, own: &OwnMessages) {
    if let Some(announcement) = &own.announcement {
        watch(cx, announcement);
        let newest = cx.directory.newest_recency(NodeId(0));
        let (recency, now) = (announcement.recency(), cx.clock.now());
        cx.recovery.remembered(recency, newest, now);
    }
    let remembered = recovery::remembered(own, &mut cx.directory);
    if remembered != Remembered::default() {
        cx.step(Input::Remembered(Arc::new(remembered)));
    }
}

/// Goes on after a later run of this node: takes an epoch beyond that run once its messages are known, and asks for them
/// before. The check of an address brings them, so all addresses are checked again.
pub(super) fn recover(cx: &mut HostContext) {
    if cx.recovery.has_to_ask(cx.clock.now()) {
        cx.directory.forget_proofs();
    }
    if let Some(epoch) = cx.recovery.begin_epoch() {
        tracing::warn!(
            epoch,
            "others remember a later run of this node; it begins a new epoch"
        );
        cx.counters.count("epochs_raised");
        cx.outbox.persist_epoch(epoch);
    }
}
