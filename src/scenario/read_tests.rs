//! Tests of errors in scenario files: position and text of every kind.

use super::{InputError, QuorumAnalyzer, Remark, Scenario, ScenarioOptions, read_scenario};
use crate::time::{Span, Time};

const ANALYZER: QuorumAnalyzer<'_> = QuorumAnalyzer {
    intersecting: &|_| true,
    disjoint_quorums: &|_| None,
    top_tier: &|_| Vec::new(),
};

const TOP: &str = "title = \"T\"\ndescription = \"D\"\n";
const TWO_NODES: &str = "[quorum_sets]\nboth = { threshold = 2, validators = [\"a\", \"b\"] }\n\
    [[nodes]]\nname = \"a\"\nquorum_set = \"both\"\n[[nodes]]\nname = \"b\"\nquorum_set = \"both\"\n";

fn read_with(content: &str, nodes: Option<usize>) -> Result<Scenario, InputError> {
    let options = ScenarioOptions { seed: 1, nodes };
    read_scenario("x", "x.toml", content, options, &ANALYZER)
}

fn choice(rest: &str) -> String {
    format!("{TOP}application = \"choice\"\n{rest}")
}

fn random(count: &str) -> String {
    choice(&format!(
        "[radio]\nrange_m = 300\n[trust]\npolicy = \"in_range\"\nthreshold = \"2/3\"\n[random]\ncount = {count}\n"
    ))
}

/// Expects an error at this position that contains these words.
#[track_caller]
fn check(content: &str, at: Option<(usize, usize)>, words: &str) {
    match read_with(content, None) {
        Ok(scenario) => panic!("accepted: {scenario:?}"),
        Err(error) => {
            let message = error.to_string();
            assert!(
                message.contains(words),
                "{message}\n  should contain\n{words}"
            );
            assert_eq!(error.at, at, "{message}");
            assert!(
                message.starts_with("x.toml") && message.ends_with('.'),
                "{message}"
            );
        }
    }
}

#[test]
fn malformed_text_is_refused() {
    check("title = \"T", Some((1, 11)), "invalid basic string");
    check(
        &format!("{TOP}application = \"chess\"\n"),
        Some((3, 15)),
        "unknown variant `chess`, expected `log` or `choice`",
    );
    check(
        &choice("colour = 3\n"),
        Some((4, 1)),
        "unknown field `colour`, expected one of `title`,",
    );
    check(
        "title = \"T\"\n",
        Some((1, 1)),
        "missing field `description`",
    );
    check(
        &choice("[radio]\nrange_m = \"far\"\n"),
        Some((5, 11)),
        "invalid type: string \"far\", expected a number",
    );
}

#[test]
fn too_few_and_too_many_nodes_are_refused() {
    check(
        &choice(""),
        None,
        "there are no nodes, expected [random] or at least one of [[nodes]]",
    );
    for count in ["0", "-3", "10001", "100000"] {
        let words = format!("{count} nodes, expected 1 to 10000");
        check(&random(count), Some((10, 9)), &words);
    }
    assert_eq!(
        read_with(&random("10"), Some(0)).unwrap_err().to_string(),
        "--nodes: 0 nodes, expected 1 to 10000. Choose a number in this range."
    );
    let many = read_with(&random("10"), Some(100_000))
        .unwrap_err()
        .to_string();
    assert!(many.contains("100000 nodes, expected 1 to 10000"), "{many}");
    let fixed = read_with(&choice(TWO_NODES), Some(3))
        .unwrap_err()
        .to_string();
    assert!(fixed.contains("x.toml lists its nodes"), "{fixed}");
    assert_eq!(read_with(&random("10"), Some(12)).unwrap().nodes.len(), 12);
    let both = format!("{}[[nodes]]\nname = \"a\"\n", random("3"));
    check(&both, Some((9, 1)), "both [random] and [[nodes]]");
}

#[test]
fn impossible_quorum_sets_are_refused() {
    let with =
        |set: &str| choice(&TWO_NODES.replace("threshold = 2, validators = [\"a\", \"b\"]", set));
    assert!(read_with(&with("threshold = 1, validators = [\"self\"]"), None).is_ok());
    for threshold in ["0", "3", "-1", "9007199254740991"] {
        check(
            &with(&format!(
                "threshold = {threshold}, validators = [\"a\", \"b\"]"
            )),
            Some((5, 22)),
            &format!(
                "impossible quorum set: threshold {threshold}, expected 1 to 2, as the set has 2 entries"
            ),
        );
    }
    check(
        &with("threshold = 1, validators = []"),
        Some((5, 22)),
        "threshold 1, but the set has no entries at all",
    );
    check(
        &with("threshold = 1, validators = [\"a\", \"zoe\"]"),
        Some((5, 44)),
        "unknown node \"zoe\", expected one of a, b",
    );
    check(
        &with(
            "threshold = 2, validators = [\"self\"], inner = [{ threshold = 1, validators = [\"b\"] }]",
        ),
        Some((5, 8)),
        "impossible quorum set: it names \"b\" twice",
    );
    check(
        &with("threshold = 1, inner = [{ threshold = 2, validators = [\"a\"] }]"),
        Some((5, 48)),
        "threshold 2, expected 1, as the set has one entry",
    );
    let nested = |levels: usize| {
        let open = "threshold = 1, inner = [{ ".repeat(levels);
        with(&format!(
            "{open}threshold = 1, validators = [\"a\"]{}",
            " }]".repeat(levels)
        ))
    };
    assert!(read_with(&nested(4), None).is_ok());
    check(
        &nested(5),
        Some((5, 8)),
        "expected at most 4 levels of inner sets",
    );
    check(
        &choice(&TWO_NODES.replacen("quorum_set = \"both\"", "quorum_set = \"neither\"", 1)),
        Some((8, 14)),
        "unknown quorum set \"neither\", expected one of both",
    );
}

#[test]
fn invalid_nodes_are_refused() {
    let renamed = |to: &str| choice(&TWO_NODES.replace("name = \"b\"", &format!("name = {to:?}")));
    check(
        &renamed("a"),
        Some((10, 8)),
        "\"a\" is the name of two nodes",
    );
    check(
        &renamed("self"),
        Some((10, 8)),
        "\"self\" means the owner of a quorum set",
    );
    check(
        &renamed(""),
        Some((10, 8)),
        "expected a name of 1 to 40 characters",
    );
    check(
        &choice("[[nodes]]\nname = \"a\"\n"),
        Some((5, 8)),
        "these nodes have no trust policy, expected [trust] with a policy, or a `quorum_set`",
    );
    check(
        &choice(&TWO_NODES.replacen(
            "quorum_set = \"both\"",
            "quorum_set = \"both\"\nposition = [1, 2]",
            1,
        )),
        Some((11, 8)),
        "this node has no position",
    );
    check(
        &choice(&TWO_NODES.replacen(
            "quorum_set = \"both\"",
            "quorum_set = \"both\"\nholds = [\"x.png\"]",
            1,
        )),
        Some((9, 10)),
        "unknown file \"x.png\"",
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    let with = |line: &str| choice(&format!("{line}\n{TWO_NODES}"));
    check(
        &with("medium = { loss = 1.5 }"),
        Some((4, 19)),
        "a loss of 1.5, expected a probability",
    );
    check(
        &with("medium = { latency_ms = [9, 3] }"),
        Some((4, 25)),
        "latency [9, 3], expected [shortest, longest]",
    );
    check(
        &with("timing = { resend_ms = 0 }"),
        Some((4, 24)),
        "0 ms, expected 1 to 86400000",
    );
    check(
        &with("timing = { choice_slots = 0 }"),
        Some((4, 27)),
        "`choice_slots` to be 1 to 100000",
    );
    check(
        &with("area = { width_m = nan, height_m = 3 }"),
        Some((4, 8)),
        "[area] width_m is NaN",
    );
    check(
        &random("5").replace("300", "-1"),
        Some((5, 11)),
        "a range of -1 m, expected 0.1",
    );
    check(
        &random("5").replace("\"2/3\"", "\"most\""),
        Some((8, 13)),
        "threshold \"most\", expected \"2/3\"",
    );
    check(
        &random("5").replace("\"2/3\"", "0"),
        Some((8, 13)),
        "threshold 0, expected",
    );
    check(
        &random("5").replace("[radio]\nrange_m = 300\n", ""),
        Some((5, 10)),
        "without radio",
    );
    check(
        &random("5\nmargin_m = 400"),
        Some((9, 1)),
        "margin_m is 400, expected less than half",
    );
    check(
        &random("1500").replace("300", "3000"),
        Some((9, 1)),
        "a node would trust 1500 nodes",
    );
}

#[test]
fn invalid_events_are_refused() {
    let with = |event: &str| choice(&format!("{TWO_NODES}[[events]]\nat_ms = 5\n{event}\n"));
    let at = Some((12, 1));
    check(
        &with("action = \"crash\""),
        at,
        "expected `node` in this event",
    );
    check(
        &with("action = \"crash\"\nnode = \"c\""),
        Some((15, 8)),
        "unknown node \"c\"",
    );
    check(
        &with("action = \"heal\"\nnode = \"a\""),
        at,
        "`node` is not a field of this action",
    );
    check(
        &with("action = \"partition\"\ngroups = [[\"a\"], [\"q\"]]"),
        Some((15, 19)),
        "unknown node \"q\"",
    );
    check(
        &with("action = \"move\"\nnode = \"a\"\nposition = [1, 2]"),
        at,
        "only for drawing",
    );
    check(
        &with("action = \"propose\"\nnode = \"a\"\nnote = \"n\""),
        at,
        "expected `value`, as the application is \"choice\"",
    );
    check(
        &with("action = \"explode\""),
        Some((14, 10)),
        "unknown variant `explode`",
    );
    let log = with("action = \"propose\"\nnode = \"a\"").replace("\"choice\"", "\"log\"");
    check(&log, at, "expected either `note` or `file`");
    let long = format!("{}note = \"{}\"\n", log, "x".repeat(1001));
    check(&long, at, "expected one line of 1 to 1000 bytes");
    let empty = format!("{log}note = \"\"\n");
    check(&empty, at, "no node would accept this proposal");
    for groups in ["[[\"a\"], [\"a\"]]", "[[\"a\", \"a\"]]"] {
        let partition = with(&format!("action = \"partition\"\ngroups = {groups}"));
        check(&partition, at, "\"a\" is named twice");
    }
    check(
        &with("action = \"partition\"\ngroups = [[]]"),
        at,
        "expected at least one node",
    );
    let trust = |rest: &str| with(&format!("action = \"set_trust\"\nnode = \"a\"\n{rest}"));
    check(&trust(""), at, "expected either `quorum_set` or `policy`");
    check(
        &trust("quorum_set = \"both\"\npolicy = \"found\""),
        at,
        "expected either `quorum_set` or `policy`",
    );
    check(&trust("policy = \"in_range\""), at, "without radio");
    check(
        &trust("quorum_set = \"none\""),
        Some((16, 14)),
        "unknown quorum set \"none\", expected one of both",
    );
    let late = with("action = \"heal\"").replace("= 5", "= 9223372036854775807");
    check(&late, at, "expected 0 to 86400000");
}

#[test]
fn invalid_files_are_refused() {
    let sha256 = "ab".repeat(32);
    let with = |name: &str, sha256: &str| {
        format!("[[files]]\nname = \"{name}\"\nsize_bytes = 1\nsha256 = \"{sha256}\"\n")
    };
    let refused = |files: &str, line: usize, words: &str| {
        let text = choice(&format!("{TWO_NODES}{files}"));
        check(&text, Some((line, 1)), words);
    };
    refused(&with("a/b", &sha256), 12, "a plain file name");
    refused(&with("b", "00"), 12, "64 lower-case hexadecimal digits");
    refused(
        &with("b", &sha256).repeat(2),
        16,
        "\"b\" occurs twice, expected different names",
    );
}

#[test]
fn invalid_positions_and_values_are_refused() {
    let placed = |position: &str| {
        let nodes = TWO_NODES.replace("name = ", &format!("position = {position}\nname = "));
        choice(&nodes)
    };
    for position in ["[nan, 1.0]", "[1.0, inf]", "[1e300, 1.0]", "[-1, 1]"] {
        let at = Some((8, 8));
        check(&placed(position), at, "lies outside the area");
    }
    let added = format!(
        "{}[[events]]\nat_ms = 1\naction = \"add\"\nposition = [1, nan]\n",
        random("5")
    );
    check(&added, Some((11, 1)), "lies outside the area");
    for value in ["", "two\\nlines", &"x".repeat(1001)] {
        let listed = choice(TWO_NODES).replace(
            "name = \"a\"",
            &format!("value = \"{value}\"\nname = \"a\""),
        );
        check(&listed, Some((7, 9)), "no node would vote for this value");
        let drawn = format!(
            "{}\nvalues = [\"1\", \"{value}\"]\n",
            random("5").trim_end()
        );
        check(&drawn, Some((11, 16)), "no node would vote for this value");
    }
    let name = choice(TWO_NODES).replace("name = \"b\"", "name = \"b\\u0007\"");
    check(&name, Some((10, 8)), "in one line");
}

#[test]
fn the_forgetting_policy_has_an_unsafe_remark() {
    let remarks = |rest: &str| {
        let content = choice(&format!("{TWO_NODES}{rest}"));
        read_with(&content, None).unwrap().remarks
    };
    assert!(remarks("").is_empty());
    let remarks = remarks("[timing]\nforget_after_ms = 5000\n");
    let after = Span::from_ms(5000);
    assert_eq!(remarks, [Remark::Forgets { after }]);
}

#[test]
fn huge_numbers_and_deep_nesting_are_refused() {
    check(
        &choice(&format!(
            "{TWO_NODES}[timing]\nsettle_ms = 9223372036854775807\n"
        )),
        Some((13, 13)),
        "expected 1 to 86400000",
    );
    check(
        &choice(&format!("{TWO_NODES}[timing]\nchoice_slots = 4294967295\n")),
        Some((13, 16)),
        "1 to 100000",
    );
    let depth = 10_000;
    let nested = format!(
        "{}{{ threshold = 1, validators = [\"a\"] }}{}",
        "{ threshold = 1, inner = [".repeat(depth),
        "] }".repeat(depth)
    );
    let written =
        choice(&TWO_NODES.replace("{ threshold = 2, validators = [\"a\", \"b\"] }", &nested));
    let refused = read_with(&written, None).unwrap_err();
    assert!(
        refused.at.is_some() && refused.to_string().contains("recurse"),
        "{refused}"
    );
}

#[test]
fn events_are_sorted_by_time() {
    let text = format!(
        "{TWO_NODES}[[events]]\nat_ms = 9\naction = \"heal\"\n[[events]]\nat_ms = 2\naction = \"crash\"\nnode = \"b\"\n"
    );
    let scenario = read_with(&choice(&text), None).unwrap();
    let times: Vec<Time> = scenario.events.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [Time::from_ms(2), Time::from_ms(9)]);
}
