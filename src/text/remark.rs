//! Remarks about a scenario before it runs.

use super::catalogue::messages;
use super::format;
use crate::scenario::Remark;

messages! { "remark":
    fn no_connected_placement(drawn: u64, parts: u64);
    fn no_intersecting_placement(examined: u64);
    fn relay_cost_short(nodes: u64);
    fn relay_cost_medium(nodes: u64);
    fn relay_cost_long(nodes: u64, gigabytes: u64);
    fn forgets(after: &str);
    fn without_quorum_set(nodes: u64, total: u64);
    fn not_in_list(nodes: u64);
    fn not_answered(process: &str);
}

/// A remark as a sentence.
#[must_use]
pub(crate) fn remark(remark: &Remark) -> String {
    match remark {
        Remark::NoConnectedPlacement { drawn, parts } => no_connected_placement(*drawn, *parts),
        Remark::NoIntersectingPlacement { examined } => no_intersecting_placement(*examined),
        Remark::RelayCost { nodes } => relay_cost(*nodes),
        Remark::Forgets { after } => forgets(&format::duration(*after)),
        Remark::WithoutQuorumSet { nodes, total } => without_quorum_set(*nodes, *total),
        Remark::NotInList { nodes } => not_in_list(*nodes),
        Remark::NotAnswered { process } => not_answered(process),
    }
}

/// The cost of a large radio run, measured with `demo` up to its first decision. Larger networks need more rounds.
fn relay_cost(nodes: u64) -> String {
    match nodes {
        0..=500 => relay_cost_short(nodes),
        501..=1_000 => relay_cost_medium(nodes),
        _ => relay_cost_long(nodes, (nodes as f64 / 1_000.0).powi(2).ceil() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn remarks_state_the_numbers() {
        for (it, part) in [
            (
                Remark::Forgets {
                    after: Span::from_ms(5_000),
                },
                "silent for 5.0 s",
            ),
            (Remark::RelayCost { nodes: 2_500 }, "about 7 GB"),
            (Remark::NotInList { nodes: 1 }, "1 node is named"),
            (
                Remark::WithoutQuorumSet { nodes: 6, total: 8 },
                "6 of 8 nodes",
            ),
        ] {
            assert!(remark(&it).contains(part), "{}", remark(&it));
        }
    }
}
