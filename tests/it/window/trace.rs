//! Reader of trace files that relies on nothing but JSON lines, as a script would.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The lines of a complete trace.
pub(super) struct TraceLines {
    lines: Vec<Value>,
}

impl TraceLines {
    /// Reads a trace and checks that it is complete.
    pub(super) fn read(path: &Path) -> TraceLines {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(
            lines.last().unwrap().get("end").is_some(),
            "the trace is incomplete"
        );
        TraceLines { lines }
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.lines.iter().filter_map(move |line| line.get(key))
    }

    /// All actions of one kind.
    pub(super) fn actions(&self, kind: &str) -> Vec<&Value> {
        self.all("acted")
            .filter_map(|acted| acted["action"].get(kind))
            .collect()
    }

    /// Proposals of notes: node and text.
    pub(super) fn proposals(&self) -> Vec<(u64, String)> {
        let note = |action: &Value| {
            Some((
                self.number(&action["node"])?,
                action["content"]["note"].as_str()?.to_owned(),
            ))
        };
        self.actions("propose")
            .into_iter()
            .filter_map(note)
            .collect()
    }

    /// The number of a node: nodes count from 0 in the order in which the trace introduces them.
    pub(super) fn number(&self, id: &Value) -> Option<u64> {
        let at = self.all("node").position(|node| node["id"] == *id)?;
        Some(at as u64)
    }

    /// The name of a node.
    pub(super) fn name(&self, node: u64) -> String {
        let introduced = self.all("node").nth(node as usize);
        let name = introduced.and_then(|introduced| introduced["name"].as_str());
        name.unwrap_or_else(|| panic!("no node {node}")).to_owned()
    }

    fn steps_of(&self, node: u64) -> impl Iterator<Item = &Value> {
        self.all("stepped")
            .filter(move |step| self.number(&step["node"]) == Some(node))
    }

    /// The nodes that recorded a note in their log.
    pub(super) fn recorded(&self, note: &str) -> BTreeSet<u64> {
        let records = |step: &&Value| {
            let text = step["outputs"].to_string();
            text.contains("\"recorded\"")
                && text.contains(&format!("\"note\":{}", Value::from(note)))
        };
        self.all("stepped")
            .filter(records)
            .filter_map(|step| self.number(&step["node"]))
            .collect()
    }

    /// All events of a node with this name.
    pub(super) fn events_of<'a>(
        &'a self,
        node: u64,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Value> + 'a {
        self.steps_of(node)
            .flat_map(|step| step["outputs"].as_array().into_iter().flatten())
            .filter_map(move |output| output["event"].get(name))
    }

    /// All steps of a node as text.
    pub(super) fn text_of(&self, node: u64) -> String {
        self.steps_of(node).map(Value::to_string).collect()
    }

    /// Number of steps of all nodes, without their start.
    pub(super) fn steps(&self) -> usize {
        self.all("stepped")
            .filter(|step| step["input"].get("start").is_none())
            .count()
    }

    /// Time of the last step in microseconds.
    pub(super) fn ends_at_us(&self) -> u64 {
        self.all("stepped")
            .filter_map(|step| step["at"].as_u64())
            .last()
            .unwrap_or(0)
    }
}
