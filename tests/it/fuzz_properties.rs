//! Property tests with mutated network inputs: the node stays healthy and reports the errors.

use super::fuzz_inputs::calls::{self, NodeUnderTest};
use super::fuzz_inputs::{conversation, datagrams};
use super::scp_harness::choices::Choices;
use super::scp_harness::text::mutated_text;
use super::trace_lines::StreamReader;
use proptest::prelude::*;
use quorumscope::node::{NodeEvent, Output};
use quorumscope::trace::Record;
use std::sync::LazyLock;

static PACKETS: LazyLock<Vec<String>> = LazyLock::new(datagrams::examples);
static CALLS: LazyLock<Vec<(String, u16)>> = LazyLock::new(calls::examples);

/// One node for all cases.
static NODE: LazyLock<(tempfile::TempDir, NodeUnderTest)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let node = NodeUnderTest::start(folder.path());
    (folder, node)
});

fn bytes(at_most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..at_most)
}

#[test]
fn a_reader_that_reads_after_the_stop_gets_all_events() {
    let folder = tempfile::tempdir().unwrap();
    let propose =
        "POST /propose?wait_ms=60000\ncontent-type: application/json\n\n{\"note\": \"last\"}";
    let story = NodeUnderTest::start(folder.path()).followed(propose);
    let events: Vec<&str> = story
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(events.first(), Some(&"hello"));
    assert!(events[1..].iter().all(|event| *event == "record"));
    let mut reader = StreamReader::default();
    let records: Vec<Record> = story
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .enumerate()
        .filter_map(|(nth, data)| match nth {
            0 => {
                reader.hello(data);
                None
            }
            _ => reader.record(data),
        })
        .collect();
    let has_recorded = records.iter().any(|record| match record {
        Record::Stepped { outputs, .. } => outputs
            .iter()
            .any(|output| matches!(output, Output::Event(NodeEvent::Recorded { .. }))),
        _ => false,
    });
    assert!(has_recorded, "{story}");
}

/// Without mutations, node 0 decides like the others, so the example reaches the code behind the checks.
#[test]
fn the_example_conversation_ends_with_two_decisions() {
    assert_eq!(conversation::replay(conversation::example()), [1, 1]);
}

#[test]
fn example_calls_have_their_expected_status() {
    let folder = tempfile::tempdir().unwrap();
    let node = NodeUnderTest::start(folder.path());
    for (call, expected) in CALLS.iter() {
        let status = node.call(call).map(|status| status.as_u16());
        assert_eq!(status, Some(*expected), "{call}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn mutated_datagrams_do_not_break_a_node(
        packet in any::<prop::sample::Index>(),
        choices in bytes(60),
        noise in bytes(1_300),
    ) {
        let packet = packet.get(&PACKETS);
        datagrams::receive_datagram(packet.as_bytes());
        datagrams::receive_datagram(mutated_text(packet, &mut Choices::new(&choices)).as_bytes());
        datagrams::receive_datagram(&noise);
    }

    #[test]
    fn mutated_conversations_do_not_break_a_node(tapes in proptest::collection::vec(bytes(60), 1..6)) {
        let mut text = conversation::example().to_owned();
        for choices in tapes {
            text = mutated_text(&text, &mut Choices::new(&choices));
        }
        conversation::replay(&text);
    }

    #[test]
    fn mutated_calls_do_not_break_a_node(call in any::<prop::sample::Index>(), choices in bytes(60)) {
        let (call, _) = call.get(&CALLS);
        NODE.1.call(&mutated_text(call, &mut Choices::new(&choices)));
    }
}
