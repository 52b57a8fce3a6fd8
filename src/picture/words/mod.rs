//! Every text of the picture and of the panels that explain it, in one place, ready for a second language.
//!
//! Absent here: texts of errors (they stand with the errors) and labels of commands (they stand in the table of
//! commands).

mod overlay;
pub mod timeline;

pub use overlay::*;

use super::value_chips;
use crate::node::view::{Content, NodeView, Phase, proposals_in};
use crate::scp::Value;

/// How many proposals of one value are named.
const NAMED_MAX: usize = 3;

/// A value as people would say it: its text, or the proposals in it.
#[must_use]
pub fn value(value: &Value) -> String {
    let Some(proposals) = proposals_in(value) else {
        return value.to_string();
    };
    if proposals.is_empty() {
        return "nothing new".to_owned();
    }
    let mut words: Vec<String> = proposals
        .values()
        .take(NAMED_MAX)
        .map(|proposal| content(&proposal.content))
        .collect();
    if proposals.len() > NAMED_MAX {
        words.push(format!("{} more", proposals.len() - NAMED_MAX));
    }
    words.join(" + ")
}

/// What is proposed, as people would say it.
#[must_use]
pub fn content(content: &Content) -> String {
    content.to_string()
}

/// What a node stands for, in one short line: the value; after the counter from the second ballot on. `None`: for
/// nothing yet.
pub fn value_line(view: &NodeView, text_of: &mut dyn FnMut(&Value) -> String) -> Option<String> {
    let held = value_chips::current_values(view);
    let first = held.first()?;
    let ballot = view
        .current_slot()
        .and_then(|(_, state)| state.b.as_ref())
        .filter(|ballot| ballot.n > 1 && view.phase() < Phase::Externalized);
    let text = match held.len() {
        1 => text_of(first),
        count => format!("{}, {} more", text_of(first), count - 1),
    };
    Some(match ballot {
        Some(ballot) => format!("b{}: {text}", ballot.n),
        None => text,
    })
}

/// "1 node", "2 nodes".
#[must_use]
pub fn count(count: usize, one: &str, many: &str) -> String {
    let word = if count == 1 { one } else { many };
    format!("{} {word}", number(count as u64))
}

/// The first names of a list, and how many more there are.
pub fn name_list(names: impl ExactSizeIterator<Item = String>, named_max: usize) -> String {
    let more = names.len().saturating_sub(named_max);
    let mut words: Vec<String> = names.take(named_max).collect();
    if words.is_empty() {
        return "nobody".to_owned();
    }
    if more > 0 {
        words.push(format!("{more} more"));
    }
    words.join(", ")
}

/// A number with separators: 12,345.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        for (plain, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(plain), text);
        }
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!(count(1, "node", "nodes"), "1 node");
        assert_eq!(count(1200, "node", "nodes"), "1,200 nodes");
    }

    #[test]
    fn values_read_as_people_say_them() {
        assert_eq!(value(&Value::from("pizza")), "pizza");
        assert_eq!(
            value(&Value::from(
                r#"[{"id":{"origin":"GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF","nth":1},"content":{"note":"hello"}}]"#
            )),
            "hello"
        );
        assert_eq!(value(&Value::from("[]")), "nothing new");
    }
}
