//! Checks of announced addresses: the node there proves its key, and returns what it remembers of the asking node.

use super::machine::PendingReply;
use super::world::{Event, Proof, World};
use crate::live::command::HostCommand;
use crate::live::wire::{OwnMessages, Signed, WireAnnouncement};
use crate::node::NodeKey;
use crate::time::Span;
use std::net::SocketAddr;
use tokio::sync::oneshot;

/// Timeout of a check.
const TIMEOUT: Span = Span::from_ms(2_000);

impl World {
    /// Starts a check whether the node with this key answers there.
    pub(super) fn prove(&mut self, from: usize, key: NodeKey, http: SocketAddr) {
        self.calls_made += 1;
        let id = self.calls_made;
        let proof = Proof {
            from,
            generation: self.machines[from].generation,
            key,
            http,
        };
        self.proofs.insert(id, proof);
        let no_answer = Err("no answer".to_owned());
        self.after(TIMEOUT, Event::ProofEnds(id, no_answer));
        match self.machine_at(http) {
            // A Byzantine node answers, and so do some strangers. They return nothing.
            None if self.dice.chance(100) || self.is_byzantine(key) => {
                let nothing = Ok(OwnMessages::default());
                self.after(Span::from_ms(5), Event::ProofEnds(id, nothing));
            }
            None => {}
            Some(target) => {
                if let Some(transit) = self.links.transit(from, target) {
                    self.after(transit, Event::ProofArrives(id));
                }
            }
        }
    }

    fn is_byzantine(&self, key: NodeKey) -> bool {
        let byzantine = self.byzantine.as_ref();
        byzantine.is_some_and(|node| node.key() == key)
    }

    pub(super) fn proof_arrives(&mut self, id: u64) {
        let Some(proof) = self.proofs.get(&id) else {
            return;
        };
        let (from, key) = (proof.from, proof.key);
        let Some(target) = self.machine_at(proof.http) else {
            return;
        };
        let asker = self.machines[from].identity.key();
        if self.machines[target].identity.key() == key {
            let (reply, latest) = oneshot::channel();
            self.await_reply(target, id, PendingReply::Latest(latest));
            self.command(target, HostCommand::LatestMessages(asker, reply));
        }
    }

    /// The answer leaves the checked node.
    pub(super) fn proved(
        &mut self,
        id: u64,
        at: usize,
        messages: Vec<Signed>,
        announcement: Option<Signed>,
    ) {
        let Some(from) = self.proofs.get(&id).map(|proof| proof.from) else {
            return;
        };
        let network = self.machines[at].config.network.clone();
        let messages = messages.iter().filter_map(|signed| self.verify(signed));
        let own = OwnMessages {
            messages: messages.collect(),
            announcement: announcement
                .and_then(|signed| WireAnnouncement::open(&signed, &network).ok()),
        };
        if let Some(transit) = self.links.transit(at, from) {
            self.after(transit, Event::ProofEnds(id, Ok(own)));
        }
    }

    pub(super) fn proof_ends(&mut self, id: u64, result: Result<OwnMessages, String>) {
        let Some(proof) = self.proofs.remove(&id) else {
            return;
        };
        if self.machines[proof.from].generation == proof.generation {
            let command = HostCommand::AddressChecked(proof.key, proof.http, result);
            self.command(proof.from, command);
        }
    }
}
