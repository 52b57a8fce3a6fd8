//! Tests of the import of node lists, valid and malformed.

use super::{
    InputError, NetworkFiles, QuorumAnalyzer, Remark, Scenario, ScenarioOptions, read_network,
};
use crate::node::{Content, TrustPolicy};
use crate::scp::{NodeId, QuorumSet};
use crate::time::Time;

const ANALYZER: QuorumAnalyzer<'_> = QuorumAnalyzer {
    intersecting: &|_| true,
    disjoint_quorums: &|_| None,
    top_tier: &|sets| {
        let usable = sets.iter().position(Option::is_some);
        usable.map(|nth| NodeId(nth as u32)).into_iter().collect()
    },
};

fn read(nodes: &str, organizations: Option<&str>) -> Result<Scenario, InputError> {
    let files = NetworkFiles {
        name: "net",
        nodes: ("net.json", nodes),
        organizations: organizations.map(|content| ("orgs.json", content)),
    };
    let options = ScenarioOptions {
        seed: 1,
        nodes: None,
    };
    read_network(files, options, &ANALYZER)
}

#[track_caller]
fn check(nodes: &str, organizations: Option<&str>, at: Option<(usize, usize)>, words: &str) {
    let error = read(nodes, organizations).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(words),
        "{message}\n  should contain\n{words}"
    );
    assert_eq!(error.at, at, "{message}");
}

const LIST: &str = r#"[
  {"publicKey": "GAAAA1", "name": "one", "active": true, "organizationId": "x",
   "quorumSet": {"hashKey": "h", "threshold": 2, "validators": ["GAAAA2"], "innerQuorumSets": [
     {"threshold": 1, "validators": ["GAAAA1", "GZZZZZ"]}]}},
  {"publicKey": "GAAAA2", "name": "one", "quorumSet": {"threshold": 1, "validators": ["GAAAA2"]}},
  {"publicKey": "GAAAA3", "homeDomain": "a.org", "quorumSet": null},
  {"publicKey": "GAAAB4", "name": " "},
  {"publicKey": "GAAAB5", "quorumSet": {"threshold": 9007199254740991, "validators": [], "innerQuorumSets": []}},
  {"publicKey": "GAAAB6", "quorumSet": {"threshold": 3, "validators": ["GAAAA1", "GAAAA2"]}},
  {"publicKey": "GAAAB7", "quorumSet": {"threshold": 1, "validators": ["GAAAA1", "GAAAA1"]}}
]"#;

#[test]
fn every_node_of_a_list_is_imported() {
    let network = read(LIST, None).unwrap();
    let names: Vec<&str> = network.nodes.iter().map(|n| &*n.config.peer.name).collect();
    assert_eq!(
        names,
        [
            "one",
            "one 2",
            "GAAA\u{2026}",
            "GAAAB\u{2026}",
            "GAAAB5",
            "GAAAB6",
            "GAAAB7",
            "GZZZ\u{2026}"
        ]
    );
    let TrustPolicy::Fixed(set) = &network.nodes[0].config.trust else {
        panic!("{:?}", network.nodes[0]);
    };
    assert_eq!(
        **set,
        QuorumSet {
            threshold: 2,
            validators: vec![NodeId(1)],
            inner: vec![QuorumSet::flat(1, [NodeId(0), NodeId(7)])],
        }
    );
    let has_no_trust = |nth: usize| network.nodes[nth].config.trust == TrustPolicy::None;
    let without: Vec<usize> = (0..8).filter(|&nth| has_no_trust(nth)).collect();
    assert_eq!(without, [2, 3, 4, 5, 6, 7]);
    let (without, absent) = (
        Remark::WithoutQuorumSet { nodes: 6, total: 8 },
        Remark::NotInList { nodes: 1 },
    );
    assert_eq!(network.remarks, [without, absent]);
    let (at, action) = &network.events[0];
    assert_eq!(*at, Time::from_ms(1000));
    let hello = Content::Note("hello from one".to_owned());
    assert_eq!(
        *action,
        super::Action::Propose {
            node: NodeId(0),
            content: hello
        }
    );
}

#[test]
fn organisations_get_their_names_from_list_domain_or_id() {
    let list = r#"[{"id": "x", "name": "Xerox", "validators": []}, {"id": "y", "validators": ["GAAAA2"]}]"#;
    let of = |organizations: Option<&str>| -> Vec<Option<String>> {
        let network = read(LIST, organizations).unwrap();
        let names = network.nodes[..4]
            .iter()
            .map(|n| n.organization.as_deref().map(String::from));
        names.collect()
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(of(None), [some("x"), None, some("a.org"), None]);
    assert_eq!(
        of(Some(list)),
        [some("Xerox"), some("y"), some("a.org"), None]
    );
}

#[test]
fn errors_have_line_and_column() {
    check("[", None, Some((1, 1)), "EOF while parsing a list");
    check(
        "{}",
        None,
        Some((1, 1)),
        "invalid type: map, expected a list",
    );
    check(
        "[\n{\"name\": 1}]",
        None,
        Some((2, 10)),
        "invalid type: integer `1`, expected a string",
    );
    check(
        "[\n{\"name\": \"a\"}]",
        None,
        Some((2, 13)),
        "missing field `publicKey`",
    );
    check(
        &LIST.replace("\"threshold\": 2", "\"threshold\": \"two\""),
        None,
        Some((3, 51)),
        "invalid type: string \"two\", expected a whole number, not negative",
    );
    check(
        &LIST.replace("\"threshold\": 2", "\"threshold\": -2"),
        None,
        Some((3, 48)),
        "invalid value: integer `-2`, expected a whole number, not negative",
    );
    check(
        &LIST.replace("\"publicKey\": \"GAAAA3\"", "\"publicKey\" : \"GAAAA1\""),
        None,
        Some((6, 18)),
        "the key \"GAAAA1\" occurs twice, expected each node once",
    );
    check("[]", None, None, "0 nodes, expected 1 to 2000");
    check(
        LIST,
        Some("[{\"id\": 3}]"),
        Some((1, 9)),
        "invalid type: integer `3`, expected a string",
    );
    let message = read("[1]", None).unwrap_err().to_string();
    assert!(
        message.starts_with("net.json, line 1, column 2: ")
            && message.contains("looks like [{\"publicKey\""),
        "{message}"
    );
}

#[test]
fn the_number_of_nodes_cannot_be_chosen() {
    let files = NetworkFiles {
        name: "net",
        nodes: ("net.json", LIST),
        organizations: None,
    };
    let options = ScenarioOptions {
        seed: 1,
        nodes: Some(5),
    };
    let message = read_network(files, options, &ANALYZER)
        .unwrap_err()
        .to_string();
    assert!(message.contains("net.json lists its nodes"), "{message}");
}

#[test]
fn a_network_larger_than_a_run_can_hold_is_refused() {
    let nodes = (0..2_001).map(|nth| format!("{{\"publicKey\": \"K{nth}\"}}"));
    let many = format!("[{}]", nodes.collect::<Vec<_>>().join(","));
    check(
        &many,
        None,
        None,
        "2001 nodes, expected 1 to 2000. Leave out",
    );
    let keys = (0..10_000).map(|nth| format!("\"K{nth}\""));
    let set = keys.collect::<Vec<_>>().join(",");
    let one = format!(
        r#"[{{"publicKey": "A", "quorumSet": {{"threshold": 1, "validators": [{set}]}}}}]"#
    );
    let words = "10001 nodes, 10000 of them only in quorum sets, expected 1 to 2000";
    check(&one, None, None, words);
}

#[test]
fn a_byte_order_mark_is_no_content() {
    let marked = format!("\u{feff}{LIST}");
    let organizations = "\u{feff}[{\"id\": \"x\", \"name\": \"Xerox\"}]";
    assert_eq!(
        read(&marked, Some(organizations)).unwrap(),
        read(LIST, Some(&organizations[3..])).unwrap()
    );
    check("\u{feff}[1]", None, Some((1, 2)), "expected a node");
}
