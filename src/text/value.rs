//! Values and ballots as noun phrases: the text of a value, the proposals in it, a ballot with its counter.
//!
//! The sentence around the phrase adds the quotes.

use super::format;
use crate::node::view::{Content, proposals_in};
use crate::scp::{Ballot, Counter, Value};

/// Largest number of proposals of one value that are named.
const NAMED_MAX: usize = 3;

/// The text of a value, or the proposals in it.
#[must_use]
pub(crate) fn value(value: &Value) -> String {
    let Some(proposals) = proposals_in(value) else {
        return value.to_string();
    };
    let more = proposals.len().saturating_sub(NAMED_MAX);
    let named = proposals
        .values()
        .take(NAMED_MAX)
        .map(|proposal| content(&proposal.content));
    match named.reduce(|values, next| format::values_pair(&values, &next)) {
        None => format::no_new_proposals().to_owned(),
        Some(values) if more > 0 => format::values_more(&values, more),
        Some(values) => values,
    }
}

/// The text of a note, the name of a file, or a value.
#[must_use]
pub(crate) fn content(content: &Content) -> String {
    content.to_string()
}

/// A ballot with its value. The highest counter covers all ballots: nothing can change the value any more.
pub(super) fn ballot(ballot: &Ballot) -> String {
    match ballot.n {
        Counter::MAX => format::every_ballot(&value(&ballot.x)),
        n => format::ballot(n, &value(&ballot.x)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(nth: u32, text: &str) -> String {
        let origin = "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF";
        format!(r#"{{"id":{{"origin":"{origin}","nth":{nth}}},"content":{{"note":"{text}"}}}}"#)
    }

    #[test]
    fn a_value_is_shown_as_its_proposals() {
        let notes = |texts: &[&str]| {
            let notes: Vec<String> = (1..)
                .zip(texts)
                .map(|(nth, text)| note(nth, text))
                .collect();
            value(&Value::from(format!("[{}]", notes.join(",")).as_str()))
        };
        assert_eq!(value(&Value::from("pizza")), "pizza");
        assert_eq!(notes(&[]), "nothing new");
        assert_eq!(notes(&["a"]), "a");
        assert_eq!(notes(&["a", "b", "c"]), "a + b + c");
        assert_eq!(notes(&["a", "b", "c", "d", "e"]), "a + b + c + 2 more");
    }

    #[test]
    fn a_ballot_is_shown_as_its_counter_and_value() {
        let of = |n| {
            ballot(&Ballot {
                n,
                x: Value::from("pizza"),
            })
        };
        assert_eq!(of(3), r#"ballot 3 for "pizza""#);
        assert_eq!(of(Counter::MAX), r#"every ballot for "pizza""#);
    }
}
