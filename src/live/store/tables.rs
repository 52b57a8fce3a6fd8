//! Tables of the store: which change writes which row, and the state that the rows form.
//!
//! The state equals the fold of all changes by [`Persisted::apply`], also if a batch is committed twice.

use super::error::RowsError;
use super::{VERSION, WriteBatch};
use crate::node::{BackupAnswer, NodeKey, Persisted, Proposal, ProposalId, StateChange};
use crate::scp::{Envelope, NodeId, SlotIndex, Value};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError,
    WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Slot -> value.
const DECIDED: TableDefinition<u64, &[u8]> = TableDefinition::new("decided");
/// Slot and kind (0 nomination, 1 ballot) -> sequence number, envelope.
const STATEMENTS: TableDefinition<(u64, u8), Sequenced> = TableDefinition::new("statements");
/// Id of the proposal -> sequence number, proposal.
const POOL: TableDefinition<(&[u8; 32], u32), Sequenced> = TableDefinition::new("pool");
/// SHA-256 -> file.
const FILES: TableDefinition<&str, &[u8]> = TableDefinition::new("files");
/// Id of the proposal -> sequence number, id and answer.
const ANSWERS: TableDefinition<(&[u8; 32], u32), Sequenced> = TableDefinition::new("answers");
/// SHA-256 -> number of the node from which the file was fetched.
const SOURCES: TableDefinition<&str, u32> = TableDefinition::new("sources");
/// Single values.
const SETTINGS: TableDefinition<&str, &[u8]> = TableDefinition::new("settings");
/// Node number -> key.
const NUMBERS: TableDefinition<u32, &[u8; 32]> = TableDefinition::new("numbers");
/// Node number -> newest announcement.
const ANNOUNCEMENTS: TableDefinition<u32, &[u8]> = TableDefinition::new("announcements");

/// A row with the sequence number of its change: lists are restored in this order.
type Sequenced = (u64, &'static [u8]);

/// Keys in `SETTINGS`.
mod setting {
    pub(super) const VERSION: &str = "version";
    pub(super) const CHANGES: &str = "changes";
    pub(super) const MESSAGES: &str = "messages";
    pub(super) const PROPOSALS: &str = "proposals";
    pub(super) const ANNOUNCEMENTS: &str = "announcements";
    pub(super) const QUORUM_SETS: &str = "quorum_sets";
    pub(super) const QUORUM_SET: &str = "quorum_set";
    pub(super) const TRUST: &str = "trust";
    pub(super) const STANDINGS: &str = "standings";
    pub(super) const EPOCH: &str = "epoch";
}

type Result<T> = std::result::Result<T, RowsError>;

fn json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    // The state of a node is always serializable.
    serde_json::to_vec(value).map_err(|why| RowsError::Damaged(why.to_string()))
}

fn from_json<T: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes)
        .map_err(|why| RowsError::Damaged(format!("a row of {table} cannot be read: {why}")))
}

/// Creates the tables.
pub(super) fn create(database: &Database) -> Result<()> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(DECIDED)?;
        transaction.open_table(STATEMENTS)?;
        transaction.open_table(POOL)?;
        transaction.open_table(FILES)?;
        transaction.open_table(ANSWERS)?;
        transaction.open_table(SOURCES)?;
        transaction.open_table(NUMBERS)?;
        transaction.open_table(ANNOUNCEMENTS)?;
        let mut settings = transaction.open_table(SETTINGS)?;
        settings.insert(setting::VERSION, json(&VERSION)?.as_slice())?;
    }
    Ok(transaction.commit()?)
}

/// Counts a start of the node and returns the new count.
pub(super) fn begin_epoch(database: &Database) -> Result<u64> {
    let transaction = database.begin_write()?;
    let epoch;
    {
        let mut settings = transaction.open_table(SETTINGS)?;
        let last: u64 = read_setting(&settings, setting::EPOCH)?.unwrap_or(0);
        epoch = last.saturating_add(1);
        settings.insert(setting::EPOCH, json(&epoch)?.as_slice())?;
    }
    transaction.commit()?;
    Ok(epoch)
}

/// Refuses tables of another version.
pub(super) fn check_version(database: &Database) -> Result<()> {
    let transaction = database.begin_read()?;
    let settings = match transaction.open_table(SETTINGS) {
        Ok(settings) => settings,
        Err(TableError::Storage(why)) => return Err(why.into()),
        Err(why) => return Err(RowsError::Version(format!("unknown ({why})"))),
    };
    let found: Option<serde_json::Value> = read_setting(&settings, setting::VERSION)?;
    match found {
        Some(found) if found == VERSION => Ok(()),
        Some(found) => Err(RowsError::Version(found.to_string())),
        None => Err(RowsError::Version("unknown".to_owned())),
    }
}

fn read_setting<T: DeserializeOwned>(
    settings: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<T>> {
    settings
        .get(key)?
        .map(|bytes| from_json(key, bytes.value()))
        .transpose()
}

/// Writes the rows of a batch.
pub(super) fn write(transaction: &WriteTransaction, batch: &WriteBatch) -> Result<()> {
    write_numbers(transaction, &batch.numbers)?;
    let mut announcements = transaction.open_table(ANNOUNCEMENTS)?;
    for (node, signed) in &batch.announcements {
        announcements.insert(node.0, signed.as_slice())?;
    }
    if let Some(epoch) = batch.epoch {
        let mut settings = transaction.open_table(SETTINGS)?;
        settings.insert(setting::EPOCH, json(&epoch)?.as_slice())?;
    }
    if batch.changes.is_empty() {
        return Ok(());
    }
    let mut writer = Writer::new(transaction)?;
    for change in &batch.changes {
        writer.write(change)?;
    }
    writer.finish()
}

fn write_numbers(transaction: &WriteTransaction, numbers: &[(NodeId, NodeKey)]) -> Result<()> {
    let mut table = transaction.open_table(NUMBERS)?;
    for (node, key) in numbers {
        let old = table
            .insert(node.0, key.bytes())?
            .map(|old| NodeKey::new(*old.value()));
        if let Some(old) = old.filter(|old| old != key) {
            return Err(RowsError::Contradiction(format!(
                "number {} belongs to {old}, not to {key}",
                node.0
            )));
        }
    }
    Ok(())
}

/// The open tables of a transaction that writes changes.
struct Writer<'t> {
    decided: Table<'t, u64, &'static [u8]>,
    statements: Table<'t, (u64, u8), Sequenced>,
    pool: Table<'t, (&'static [u8; 32], u32), Sequenced>,
    files: Table<'t, &'static str, &'static [u8]>,
    answers: Table<'t, (&'static [u8; 32], u32), Sequenced>,
    sources: Table<'t, &'static str, u32>,
    settings: Table<'t, &'static str, &'static [u8]>,
    /// Sequence number of the last change. Committing a batch twice counts its changes twice.
    changes: u64,
}

impl<'t> Writer<'t> {
    fn new(transaction: &'t WriteTransaction) -> Result<Writer<'t>> {
        let settings = transaction.open_table(SETTINGS)?;
        let changes = read_setting(&settings, setting::CHANGES)?.unwrap_or(0);
        Ok(Writer {
            decided: transaction.open_table(DECIDED)?,
            statements: transaction.open_table(STATEMENTS)?,
            pool: transaction.open_table(POOL)?,
            files: transaction.open_table(FILES)?,
            answers: transaction.open_table(ANSWERS)?,
            sources: transaction.open_table(SOURCES)?,
            settings,
            changes,
        })
    }

    fn finish(mut self) -> Result<()> {
        let changes = self.changes;
        self.set(setting::CHANGES, &changes)
    }

    fn set<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<()> {
        self.settings.insert(key, json(value)?.as_slice())?;
        Ok(())
    }

    fn write(&mut self, change: &StateChange) -> Result<()> {
        self.changes = self.changes.saturating_add(1);
        match change {
            StateChange::Decided { slot, value } => self.decide(*slot, value),
            StateChange::OwnStatement(envelope) => self.put_statement(envelope),
            StateChange::Pooled(proposal) => {
                let bytes = json(proposal)?;
                let row = (self.changes, bytes.as_slice());
                self.pool.insert(key_of(&proposal.id), row)?;
                Ok(())
            }
            StateChange::Unpooled(id) => {
                self.pool.remove(key_of(id))?;
                Ok(())
            }
            StateChange::Holds(file) => {
                self.files
                    .insert(file.sha256.as_str(), json(file)?.as_slice())?;
                Ok(())
            }
            StateChange::Answered { proposal, answer } => {
                let bytes = json(&(proposal, answer))?;
                let row = (self.changes, bytes.as_slice());
                self.answers.insert(key_of(proposal), row)?;
                Ok(())
            }
            StateChange::BackedUp { file, from } => {
                let sha256 = file.sha256.as_str();
                self.files.insert(sha256, json(file)?.as_slice())?;
                self.sources.insert(sha256, from.0)?;
                Ok(())
            }
            StateChange::QuorumSet { nth, quorum_set } => {
                self.set(setting::QUORUM_SETS, nth)?;
                self.set(setting::QUORUM_SET, quorum_set)
            }
            StateChange::Trust(policy) => self.set(setting::TRUST, policy),
            StateChange::Standings(standings) => self.set(setting::STANDINGS, standings),
            StateChange::MessagesReserved(messages) => self.set(setting::MESSAGES, messages),
            StateChange::Proposals(proposals) => self.set(setting::PROPOSALS, proposals),
            StateChange::Announcements(made) => self.set(setting::ANNOUNCEMENTS, made),
        }
    }

    fn decide(&mut self, slot: SlotIndex, value: &Value) -> Result<()> {
        let differs = self
            .decided
            .insert(slot.0, value.as_bytes())?
            .is_some_and(|old| old.value() != value.as_bytes());
        if differs {
            return Err(RowsError::Contradiction(format!(
                "slot {} has another decision already",
                slot.0
            )));
        }
        self.statements
            .retain_in(..=(slot.0, u8::MAX), |_, _| false)?;
        Ok(())
    }

    fn put_statement(&mut self, envelope: &Envelope) -> Result<()> {
        let is_decided = self
            .decided
            .last()?
            .is_some_and(|(slot, _)| envelope.slot.0 <= slot.value());
        if !is_decided {
            let kind = u8::from(!envelope.statement.is_nominate());
            let bytes = json(envelope)?;
            self.statements
                .insert((envelope.slot.0, kind), (self.changes, bytes.as_slice()))?;
        }
        Ok(())
    }
}

fn key_of(id: &ProposalId) -> (&[u8; 32], u32) {
    (id.origin.bytes(), id.nth)
}

/// The state of the node.
pub(super) fn persisted(transaction: &ReadTransaction) -> Result<Persisted> {
    let settings = transaction.open_table(SETTINGS)?;
    let mut files = BTreeMap::new();
    for row in transaction.open_table(FILES)?.iter()? {
        let (sha256, file) = row?;
        files.insert(sha256.value().to_owned(), from_json("files", file.value())?);
    }
    let mut sources = BTreeMap::new();
    for row in transaction.open_table(SOURCES)?.iter()? {
        let (sha256, from) = row?;
        sources.insert(sha256.value().to_owned(), NodeId(from.value()));
    }
    let answers =
        in_sequence::<_, (ProposalId, BackupAnswer)>(&transaction.open_table(ANSWERS)?, "answers")?;
    Ok(Persisted {
        answers: answers.iter().map(|answer| **answer).collect(),
        sources,
        decided: decided(transaction)?,
        statements: in_sequence::<_, Envelope>(&transaction.open_table(STATEMENTS)?, "statements")?,
        pool: in_sequence::<_, Proposal>(&transaction.open_table(POOL)?, "pool")?,
        files,
        messages: read_setting(&settings, setting::MESSAGES)?.unwrap_or(0),
        proposals: read_setting(&settings, setting::PROPOSALS)?.unwrap_or(0),
        announcements: read_setting(&settings, setting::ANNOUNCEMENTS)?.unwrap_or(0),
        quorum_sets: read_setting(&settings, setting::QUORUM_SETS)?.unwrap_or(0),
        quorum_set: read_setting(&settings, setting::QUORUM_SET)?,
        trust: read_setting(&settings, setting::TRUST)?,
        standings: read_setting(&settings, setting::STANDINGS)?,
    })
}

fn decided(transaction: &ReadTransaction) -> Result<Vec<(SlotIndex, Value)>> {
    let mut decided = Vec::new();
    for row in transaction.open_table(DECIDED)?.iter()? {
        let (slot, value) = row?;
        let expected = (decided.len() as u64).saturating_add(1);
        if slot.value() != expected {
            return Err(RowsError::Damaged(format!(
                "the decision of slot {expected} is missing"
            )));
        }
        decided.push((
            SlotIndex(slot.value()),
            Value::from(value.value().to_owned()),
        ));
    }
    Ok(decided)
}

/// All rows of a table, ordered by sequence number.
fn in_sequence<K: redb::Key + 'static, T: DeserializeOwned>(
    table: &impl ReadableTable<K, Sequenced>,
    name: &str,
) -> Result<Vec<Arc<T>>> {
    let mut rows = Vec::new();
    for row in table.iter()? {
        let (_, value) = row?;
        let (when, bytes) = value.value();
        rows.push((when, Arc::new(from_json(name, bytes)?)));
    }
    rows.sort_by_key(|(when, _)| *when);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The keys of all nodes, in the order of their numbers.
pub(super) fn numbers(transaction: &ReadTransaction) -> Result<Vec<NodeKey>> {
    let mut keys = Vec::new();
    for row in transaction.open_table(NUMBERS)?.iter()? {
        let (number, key) = row?;
        if number.value() as usize != keys.len() {
            return Err(RowsError::Damaged(format!(
                "the node with number {} is missing",
                keys.len()
            )));
        }
        keys.push(NodeKey::new(*key.value()));
    }
    Ok(keys)
}

/// Announcements by node number.
pub(super) fn announcements(transaction: &ReadTransaction) -> Result<BTreeMap<NodeId, Vec<u8>>> {
    let mut announcements = BTreeMap::new();
    for row in transaction.open_table(ANNOUNCEMENTS)?.iter()? {
        let (number, signed) = row?;
        announcements.insert(NodeId(number.value()), signed.value().to_owned());
    }
    Ok(announcements)
}
