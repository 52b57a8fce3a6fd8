//! `BallotLedger`: the latest ballot statements, with running tallies of the pledges that are being watched.

use super::ledger::{Ledger, Recorded};
use super::node_set::NodeSet;
use super::pledge::Pledge;
use super::spoken::Spoken;
use super::statement::Statement;
use super::value::Value;

/// How many pledges are watched at once. An honest slot needs a dozen; liars only cost recounts.
const TALLIES_MAX: usize = 48;

/// Who makes a pledge.
#[derive(Clone, Debug)]
struct Tally {
    pledge: Pledge<Value>,
    nodes: NodeSet,
    /// How many statements were recorded since it was last asked for.
    idle: u32,
}

/// Names a tally until the next-but-one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TallyIndex(usize);

/// Ballot statements by sender.
#[derive(Clone, Debug, Default)]
pub(super) struct BallotLedger {
    ledger: Ledger,
    spoken: Spoken,
    tallies: Vec<Tally>,
    oldest: usize,
}

impl BallotLedger {
    /// The statements themselves.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The statements themselves, for looking up quorum sets that were unknown.
    pub(super) fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Records a newer statement of its sender.
    pub(super) fn record(&mut self, recorded: Recorded) {
        let (node, statement) = (recorded.envelope.from, &recorded.envelope.statement);
        // Mostly somebody has said the same before, and each tally knows what came of it.
        let same = self.spoken.who_says(statement);
        for tally in &mut self.tallies {
            let makes = match same {
                Some(other) => tally.nodes.contains(other),
                None => tally.pledge.lent().is_made_by(statement),
            };
            tally.nodes.assign(node, makes.into());
            tally.idle += 1;
        }
        // Keeping a tally that nobody asks for costs as much by now as counting afresh would.
        let idle_max = self.ledger.len();
        self.tallies.retain(|tally| tally.idle <= idle_max);
        self.spoken.put(node, Some(&recorded.envelope));
        self.ledger.record(recorded);
    }

    /// Undoes everything recorded since the turn began.
    pub(super) fn undo(&mut self) {
        while let Some(node) = self.ledger.undo_one() {
            let recorded = self.ledger.get(node);
            self.spoken
                .put(node, recorded.map(|recorded| &recorded.envelope));
            let statement = self.ledger.statement(node);
            for tally in &mut self.tallies {
                let makes = statement.is_some_and(|said| tally.pledge.lent().is_made_by(said));
                tally.nodes.assign(node, makes.into());
            }
        }
    }

    /// Watches `pledge` from now on, if it is not watched yet.
    pub(super) fn watch(&mut self, pledge: Pledge<&Value>) -> TallyIndex {
        match self
            .tallies
            .iter()
            .position(|tally| tally.pledge.is(pledge))
        {
            Some(at) => TallyIndex(at),
            None => self.begin_watching(pledge),
        }
    }

    fn begin_watching(&mut self, pledge: Pledge<&Value>) -> TallyIndex {
        let tally = Tally {
            nodes: self.count(pledge),
            pledge: pledge.to_owned(),
            idle: 0,
        };
        if self.tallies.len() < TALLIES_MAX {
            self.tallies.push(tally);
            return TallyIndex(self.tallies.len() - 1);
        }
        let at = self.oldest;
        self.oldest = (at + 1) % TALLIES_MAX;
        self.tallies[at] = tally;
        TallyIndex(at)
    }

    /// Who makes the pledge that is watched as `index`.
    pub(super) fn nodes(&self, index: TallyIndex) -> &NodeSet {
        &self.tallies[index.0].nodes
    }

    /// Every statement that is somebody's latest, once.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.spoken.statements()
    }

    /// Who makes `pledge`, counted afresh.
    pub(super) fn count(&self, pledge: Pledge<&Value>) -> NodeSet {
        self.spoken.who(|statement| pledge.is_made_by(statement))
    }

    /// Nothing is watched any more: the slot is decided.
    pub(super) fn stop_watching(&mut self) {
        self.tallies = Vec::new();
        self.oldest = 0;
    }
}
