//! Texts of the conformance report: what differs, and which vectors cannot be read.

use super::catalogue::messages;

messages! { "conformance":
    fn return_value();
    fn messages();
    fn timers();
    fn invariants();
    fn decision(slot: &str);
    fn fatal_input(why: &str);
    fn normal_form();
    fn normal_form_without_node();
    fn weight(node: &str);
    fn statement(node: &str);
    fn property(property: &str, nodes: &str);
    fn step(case: &str, step: &str);
    fn mismatch(place: &str, what: &str, expected: &str, actual: &str);
    fn mismatch_after_input(place: &str, what: &str, input: &str, expected: &str, actual: &str);
    fn total(all: &str, steps: &str, fatal: &str);
    fn folder_unreadable(path: &str);
    fn line(path: &str, line: &str);
    fn format_expected(found: u32, expected: u32);
    fn no_vectors(path: &str);
}
