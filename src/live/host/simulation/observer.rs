//! The observer: sees what hosts send, acknowledge and decide, and checks what must hold at all times.
//!
//! * The logs of all hosts are prefixes of one log, and no proposal is in it twice.
//! * No host sends a statement that contradicts or precedes an earlier one of its key, or uses a message number twice.
//! * A restarted host has at least the log that it reported before.
//! * An acknowledged proposal gets into the log with its content, in the slot that was reported.
//! * The tables of a host are bounded.

use crate::live::file_store::HeldFiles;
use crate::live::host::Host;
use crate::live::node_directory::NODES_MAX;
use crate::live::wire::{HexBytes, MessageName, VerifiedMessage, WireBody, WireStatement};
use crate::node::view::LogEntry;
use crate::node::{Content, NodeKey, Proposal, ProposalId};
use crate::scp::{SlotIndex, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most effects, waiting callers, fetches and file checks of a host.
const TABLE_MAX: usize = 4096;

/// What is reported about a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) slots: u64,
    pub(super) acknowledged: u64,
    pub(super) crashes: u64,
    pub(super) faults: u64,
    pub(super) events: u64,
    /// Hash of all messages in the order of sending.
    pub(super) digest: u64,
}

/// See the documentation of the module.
pub(super) struct Observer {
    /// The decisions, from slot 1 on.
    decided: Vec<Value>,
    recorded: BTreeMap<ProposalId, (SlotIndex, Arc<Proposal>)>,
    /// How much of the log of each machine has been compared.
    compared: Vec<usize>,
    /// The longest log that each machine has reported.
    reported: Vec<u64>,
    /// The latest statement by author, slot, and whether it is a nomination.
    statements: BTreeMap<(NodeKey, u64, bool), Statement>,
    names: BTreeMap<MessageName, [u8; 64]>,
    acknowledged: BTreeMap<ProposalId, Content>,
    /// Keys whose holder is not a correct node: its state was rolled back, or two processes use it.
    faulty: BTreeSet<NodeKey>,
    pub(super) report: Report,
}

impl Observer {
    pub(super) fn new(machines: usize) -> Observer {
        Observer {
            decided: Vec::new(),
            recorded: BTreeMap::new(),
            compared: vec![0; machines],
            reported: vec![0; machines],
            statements: BTreeMap::new(),
            names: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            faulty: BTreeSet::new(),
            report: Report::default(),
        }
    }

    /// From now on, this key does not belong to a correct node.
    pub(super) fn set_faulty(&mut self, key: NodeKey) {
        self.faulty.insert(key);
        self.acknowledged.retain(|id, _| id.origin != key);
    }

    /// A machine has started again: its log is compared again.
    pub(super) fn started(
        &mut self,
        machine: usize,
        key: NodeKey,
        host: &Host,
    ) -> Result<(), String> {
        self.compared[machine] = 0;
        let (index, before) = (host.context.runtime.log_index(), self.reported[machine]);
        if index < before && !self.faulty.contains(&key) {
            return Err(format!(
                "machine {machine} reported a log of {before} slots and restarts with {index}"
            ));
        }
        self.after_turn(machine, host)
    }

    /// A host has reported the length of its log.
    pub(super) fn reported(&mut self, machine: usize, index: u64) {
        self.reported[machine] = self.reported[machine].max(index);
    }

    /// Compares the new part of a log with the decisions of the other hosts.
    pub(super) fn after_turn(&mut self, machine: usize, host: &Host) -> Result<(), String> {
        let log = &host.context.runtime.view().log;
        for entry in log.iter().skip(self.compared[machine]) {
            self.compare(machine, entry)?;
            self.compared[machine] += 1;
        }
        if let Some((node, index)) = host.context.peers.forks().next() {
            let name = host.context.directory.name(node);
            return Err(format!(
                "machine {machine} reports a fork with {name} at slot {index}"
            ));
        }
        check_sizes(machine, host)
    }

    fn compare(&mut self, machine: usize, entry: &LogEntry) -> Result<(), String> {
        let slot = entry.slot;
        let nth = self.compared[machine];
        if slot.0 != nth as u64 + 1 {
            return Err(format!(
                "machine {machine} records slot {} after slot {nth}",
                slot.0
            ));
        }
        if let Some(value) = self.decided.get(nth) {
            return match *value == entry.value {
                true => Ok(()),
                false => Err(format!(
                    "machine {machine} decides another value in slot {}",
                    slot.0
                )),
            };
        }
        self.decided.push(entry.value.clone());
        self.report.slots += 1;
        for proposal in &entry.proposals {
            let recorded = (slot, Arc::clone(proposal));
            if let Some((before, _)) = self.recorded.insert(proposal.id, recorded) {
                let id = proposal.id;
                return Err(format!(
                    "{id:?} is decided in slot {} and in slot {}",
                    before.0, slot.0
                ));
            }
        }
        Ok(())
    }

    /// A host has sent a message.
    pub(super) fn sent(&mut self, verified: &VerifiedMessage) -> Result<(), String> {
        let message = &verified.message;
        let HexBytes(signature) = verified.signed.signature;
        let name = MessageName {
            sender: message.sender,
            nth: message.nth,
        };
        let known = self.names.insert(name, signature);
        if known == Some(signature) || self.faulty.contains(&message.sender) {
            return Ok(());
        }
        self.note(&signature);
        if known.is_some() {
            return Err(format!(
                "{} uses message number {} twice",
                message.sender, message.nth
            ));
        }
        match &message.body {
            WireBody::Statement(statement) => self.stated(message.sender, statement),
            _ => Ok(()),
        }
    }

    fn note(&mut self, signature: &[u8; 64]) {
        for part in signature.chunks_exact(8) {
            let part = u64::from_le_bytes(part.try_into().unwrap());
            let mixed = (self.report.digest ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.report.digest = mixed ^ mixed >> 29;
        }
    }

    fn stated(&mut self, author: NodeKey, stated: &WireStatement) -> Result<(), String> {
        let new = &stated.statement;
        let kind = (author, stated.slot, new.is_nominate());
        if let Some(old) = self.statements.get(&kind) {
            if old == new {
                return Ok(());
            }
            let is_committed = matches!(
                old,
                Statement::Confirm { .. } | Statement::Externalize { .. }
            );
            let contradicts = is_committed && old.ballot_value() != new.ballot_value();
            if contradicts || !new.is_newer_than(old) {
                return Err(format!(
                    "{author} states {new:?} after {old:?} in slot {}",
                    stated.slot
                ));
            }
        }
        self.statements.insert(kind, new.clone());
        Ok(())
    }

    /// A host has acknowledged a proposal.
    pub(super) fn acknowledged(&mut self, id: ProposalId, content: Content) -> Result<(), String> {
        self.report.acknowledged += 1;
        if self.faulty.contains(&id.origin) {
            return Ok(());
        }
        match self.acknowledged.insert(id, content) {
            None => Ok(()),
            Some(before) => Err(format!(
                "{id:?} is given to two proposals, the first is {before:?}"
            )),
        }
    }

    /// A host has reported the slot of a proposal.
    pub(super) fn reported_decision(&self, id: ProposalId, slot: SlotIndex) -> Result<(), String> {
        match self.recorded.get(&id) {
            Some((found, _)) if *found == slot => Ok(()),
            Some((found, _)) => Err(format!(
                "{id:?} is reported in slot {}, and is in {}",
                slot.0, found.0
            )),
            None => Err(format!("{id:?} is reported as decided, and is in no log")),
        }
    }

    /// Checks that every acknowledged proposal is in the log, with its content.
    ///
    /// # Errors
    /// If one is missing, which may still change, or has another content.
    pub(super) fn check_acknowledged(&self) -> Result<(), String> {
        for (id, content) in &self.acknowledged {
            match self.recorded.get(id) {
                None => return Err(format!("{id:?} was acknowledged and is not decided")),
                Some((_, recorded)) if recorded.content != *content => {
                    return Err(format!(
                        "{id:?} is decided with another content than {content:?}"
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Checks that a host has the whole log and every decided file.
    ///
    /// # Errors
    /// If something is missing, which may still change.
    pub(super) fn check_complete(
        &self,
        machine: usize,
        host: &Host,
        files: &impl HeldFiles,
    ) -> Result<(), String> {
        let (index, all) = (host.context.runtime.log_index(), self.decided.len() as u64);
        if index != all {
            return Err(format!("machine {machine} has {index} of {all} slots"));
        }
        if let Some(error) = host.context.outbox.storage_error() {
            return Err(format!("the store of machine {machine} fails: {error}"));
        }
        let contents = self.recorded.values().map(|(_, one)| &one.content);
        let decided = contents.filter_map(|content| match content {
            Content::File(file) => Some(file),
            _ => None,
        });
        let mut missing = decided.filter(|file| !files.is_held(&file.sha256));
        match missing.next() {
            Some(file) => Err(format!("machine {machine} has no {}", file.name)),
            None => Ok(()),
        }
    }
}

fn check_sizes(machine: usize, host: &Host) -> Result<(), String> {
    for (name, size, most) in [
        ("directory", host.context.directory.len(), NODES_MAX),
        ("candidates", host.announcements.candidates(), TABLE_MAX),
        ("peers", host.context.peers.len(), NODES_MAX),
        ("effects", host.context.outbox.len(), TABLE_MAX),
        ("waiters", host.context.waiters.len(), TABLE_MAX),
        ("fetches", host.context.fetches.len(), TABLE_MAX),
        ("file checks", host.messages.file_checks(), TABLE_MAX),
    ] {
        if size > most {
            return Err(format!(
                "machine {machine}: {size} {name}, expected at most {most}"
            ));
        }
    }
    Ok(())
}
