//! Explanations as JSON. `docs/explain.md` documents the fields, which remain stable.

use super::Explained;
use crate::commands::support::value_text::value_text;
use crate::explain::step::{Rule, Step};
use crate::explain::verdict::{Agreement, Intactness};
use crate::explain::why::{Explanation, explain_all};
use crate::explain::why_not::{MemberStanding, Remedy, SlotPhase, WhyNot};
use crate::scp::{Ballot, Counter, NodeId, SlotIndex, Statement, Value};
use crate::trace::World;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct JsonReport {
    at_us: u64,
    availability: JsonAvailability,
    verdict: JsonVerdict,
    nodes: Vec<JsonNode>,
}

#[derive(Serialize)]
struct JsonAvailability {
    available: bool,
    without: Vec<String>,
    bring_back: Vec<Vec<String>>,
}

#[derive(Serialize)]
struct JsonVerdict {
    agreement: &'static str,
    intact: Vec<String>,
    befouled: Vec<String>,
    ill_behaved: Vec<String>,
}

#[derive(Serialize)]
struct JsonNode {
    node: String,
    slot: u64,
    phase: SlotPhase,
    why: Vec<JsonWhy>,
    why_not: Vec<JsonWhyNot>,
}

#[derive(Serialize)]
struct JsonWhy {
    step: Step,
    value: Option<String>,
    ballot: Option<JsonBallot>,
    at_us: u64,
    rule: Rule,
    witness: Vec<String>,
    messages: Vec<JsonMessage>,
}

#[derive(Serialize)]
struct JsonMessage {
    from: String,
    said: JsonStatement,
    sent_us: Option<u64>,
    heard_us: Option<u64>,
}

#[derive(Serialize)]
struct JsonWhyNot {
    step: Step,
    value: Option<String>,
    ballot: Option<JsonBallot>,
    rule: Rule,
    needs: Vec<Vec<String>>,
    more: u64,
    members: BTreeMap<String, JsonMember>,
    by: Remedy,
}

#[derive(Serialize)]
struct JsonMember {
    standing: MemberStanding,
    arrives_us: Option<u64>,
}

#[derive(Serialize)]
struct JsonBallot {
    n: Counter,
    x: String,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum JsonStatement {
    Nominate {
        voted: Vec<String>,
        accepted: Vec<String>,
    },
    Prepare {
        ballot: JsonBallot,
        prepared: Option<JsonBallot>,
        prepared_prime: Option<JsonBallot>,
        n_c: Counter,
        n_h: Counter,
    },
    Confirm {
        ballot: JsonBallot,
        n_prepared: Counter,
        n_commit: Counter,
        n_h: Counter,
    },
    Externalize {
        commit: JsonBallot,
        n_h: Counter,
    },
}

/// The explanations as one JSON object.
pub(super) fn to_json(explained: &Explained<'_>) -> String {
    let world = explained.world;
    let availability = &explained.availability;
    let report = JsonReport {
        at_us: world.now.0,
        availability: JsonAvailability {
            available: availability.available,
            without: names(world, &availability.without),
            bring_back: sets(world, &availability.bring_back.sets),
        },
        verdict: verdict(explained),
        nodes: explained
            .nodes
            .iter()
            .map(|(node, slot)| of_node(explained, *node, *slot))
            .collect(),
    };
    serde_json::to_string(&report).unwrap_or_default()
}

fn verdict(explained: &Explained<'_>) -> JsonVerdict {
    let (world, verdict) = (explained.world, &explained.verdict);
    let (intact, befouled) = match &verdict.intactness {
        Intactness::Known { intact, befouled } => (names(world, intact), names(world, befouled)),
        Intactness::NoIntersection | Intactness::Unknown => (Vec::new(), Vec::new()),
    };
    JsonVerdict {
        agreement: match verdict.agreement {
            Agreement::Holds => "holds",
            Agreement::Broken { .. } => "broken",
            Agreement::Undefined => "undefined",
        },
        intact,
        befouled,
        ill_behaved: names(world, &verdict.ill_behaved),
    }
}

fn of_node(explained: &Explained<'_>, node: NodeId, slot: SlotIndex) -> JsonNode {
    let (world, situation) = (explained.world, explained.situation);
    // These two have no witnesses of their own: they follow from the step before.
    let is_listed = |explanation: &Explanation<'_>| {
        !matches!(
            explanation.taken.step,
            Step::Composite | Step::CommitVoteWithdrawn
        )
    };
    JsonNode {
        node: world.name(node).to_string(),
        slot: slot.0,
        phase: situation.phase(slot, node),
        why: explain_all(explained.log, slot, node)
            .filter(is_listed)
            .map(|explanation| why(world, &explanation))
            .collect(),
        why_not: situation
            .why_not(slot, node)
            .iter()
            .map(|why| why_not(world, why))
            .collect(),
    }
}

fn why(world: &World, explanation: &Explanation<'_>) -> JsonWhy {
    let taken = &explanation.taken;
    let messages = explanation.messages.iter().map(|message| JsonMessage {
        from: world.name(message.envelope.from).to_string(),
        said: statement(world, &message.envelope.statement),
        sent_us: message.sent_at.map(|at| at.0),
        heard_us: message.received_at.map(|at| at.0),
    });
    JsonWhy {
        step: taken.step,
        value: taken.value.map(|value| value_text(world, value)),
        ballot: taken.ballot.as_ref().map(|found| ballot(world, found)),
        at_us: explanation.at.0,
        rule: taken.rule,
        witness: names(world, &explanation.witness),
        messages: messages.collect(),
    }
}

fn why_not(world: &World, why_not: &WhyNot) -> JsonWhyNot {
    let missing = &why_not.missing;
    let member = |(node, member): (&NodeId, &crate::explain::why_not::MissingMember)| {
        let found = JsonMember {
            standing: member.standing,
            arrives_us: member.arrives_at.map(|at| at.0),
        };
        (world.name(*node).to_string(), found)
    };
    JsonWhyNot {
        step: missing.step,
        value: optional_value(world, missing.value.as_ref()),
        ballot: missing.ballot.as_ref().map(|found| ballot(world, found)),
        rule: missing.rule,
        needs: sets(world, &missing.needs.sets),
        more: missing.needs.more,
        members: why_not.members.iter().map(member).collect(),
        by: why_not.by,
    }
}

fn optional_value(world: &World, value: Option<&Value>) -> Option<String> {
    value.map(|value| value_text(world, value))
}

fn ballot(world: &World, ballot: &Ballot) -> JsonBallot {
    JsonBallot {
        n: ballot.n,
        x: value_text(world, &ballot.x),
    }
}

fn statement(world: &World, statement: &Statement) -> JsonStatement {
    let texts = |values: &[Value]| {
        values
            .iter()
            .map(|value| value_text(world, value))
            .collect()
    };
    let of = |found: &Ballot| ballot(world, found);
    match statement {
        Statement::Nominate { voted, accepted } => JsonStatement::Nominate {
            voted: texts(voted),
            accepted: texts(accepted),
        },
        Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => JsonStatement::Prepare {
            ballot: of(ballot),
            prepared: prepared.as_ref().map(of),
            prepared_prime: prepared_prime.as_ref().map(of),
            n_c: *n_c,
            n_h: *n_h,
        },
        Statement::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        } => JsonStatement::Confirm {
            ballot: of(ballot),
            n_prepared: *n_prepared,
            n_commit: *n_commit,
            n_h: *n_h,
        },
        Statement::Externalize { commit, n_h } => JsonStatement::Externalize {
            commit: of(commit),
            n_h: *n_h,
        },
    }
}

fn names(world: &World, nodes: &[NodeId]) -> Vec<String> {
    nodes
        .iter()
        .map(|node| world.name(*node).to_string())
        .collect()
}

fn sets(world: &World, sets: &[Vec<NodeId>]) -> Vec<Vec<String>> {
    sets.iter().map(|set| names(world, set)).collect()
}
