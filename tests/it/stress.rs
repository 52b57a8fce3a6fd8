//! Ordeals: transcripts of the reference, damaged in every way; nodes made up from nothing; files that are no files.

use super::scp_harness::ScpHarness;
use super::scp_harness::choices::Choices;
use super::scp_harness::generator::InputGenerator;
use super::scp_harness::mutation::mutated;
use super::scp_harness::text::{mutated_text, read_files, read_text};
use super::vectors::{TRANSCRIPTS, readable};
use super::witness::judge_transcript;
use proptest::prelude::*;
use quorumscope::commands::conformance::format::{StepInput, StepOutput, Transcript};
use quorumscope::commands::conformance::{TranscriptReplay, vector_files};
use quorumscope::scp::{EvidenceMode, SlotIndex};
use std::fs;
use std::sync::LazyLock;

/// Envelopes, inputs, transcripts and quorum sets as they are written.
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let readable = vector_files(&readable()).unwrap();
    let mut texts: Vec<String> = (readable.iter())
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    for transcript in TRANSCRIPTS.iter().step_by(40) {
        let inputs = transcript.steps.iter().map(|step| &step.input);
        let messages = inputs.filter_map(|input| match input {
            StepInput::Receive(message) => Some(message),
            _ => None,
        });
        let names = quorumscope::commands::conformance::NameTable::of_transcript(transcript);
        for message in messages.step_by(9) {
            texts.push(serde_json::to_string(message).unwrap());
            texts.push(serde_json::to_string(&*names.envelope(message)).unwrap());
        }
    }
    texts
});

fn bytes(at_most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..at_most)
}

/// Undamaged, every transcript passes the stress test: what is judged is what the reference does too.
#[test]
fn the_reference_passes_its_own_ordeal() {
    for transcript in TRANSCRIPTS.iter() {
        ScpHarness::run(transcript);
    }
}

/// Found by mutation: a restored node has accepted a value that it cannot judge. In one step it tells what it newly
/// accepts, and then falls silent, since the ballot that follows is about that value (NOTES 13, 63).
#[test]
fn a_nomination_may_be_the_last_word_in_a_slot() {
    let set = r#"{"t":4,"v":["n00","n01","n02","n03","n04"],"i":[]}"#;
    let accepts = |from: &str, values: &str| {
        format!(
            r#"{{"from":"{from}","slot":1,"qset":"all","st":{{"nominate":{{"voted":{values},"accepted":{values}}}}}}}"#
        )
    };
    let inputs = [
        format!(r#"{{"restore":{}}}"#, accepts("n00", r#"["?a"]"#)),
        r#"{"nominate":{"slot":1,"value":"b","prev":"genesis"}}"#.to_owned(),
        format!(r#"{{"receive":{}}}"#, accepts("n01", r#"["?a"]"#)),
        format!(r#"{{"receive":{}}}"#, accepts("n02", r#"["?a","c"]"#)),
        format!(r#"{{"receive":{}}}"#, accepts("n03", r#"["?a","c"]"#)),
        format!(r#"{{"receive":{}}}"#, accepts("n04", r#"["?a","c"]"#)),
    ];
    let steps = inputs.map(|input| {
        format!(r#"{{"at":0,"in":{input},"res":null,"out":[],"state":null,"comment":null}}"#)
    });
    let transcript: Transcript = serde_json::from_str(&format!(
        r#"{{"format":1,"id":"last word","class":"-","scenario":"-","seed":"-","node":"n00","validator":true,"qset":"all",
            "rules":"?","qsets":{{"all":{set}}},"externalized":{{}},"steps":[{}],"fatal":null}}"#,
        steps.join(",")
    ))
    .unwrap();
    let mut replay = TranscriptReplay::new(&transcript, EvidenceMode::Record);
    let mut said = Vec::new();
    for step in &transcript.steps {
        said.push(replay.feed(&step.input).out);
    }
    let emits = |outputs: &[StepOutput]| {
        outputs
            .iter()
            .any(|output| matches!(output, StepOutput::Emit(_)))
    };
    let speaks = said
        .iter()
        .map(|outputs| emits(outputs))
        .collect::<Vec<_>>();
    assert_eq!(speaks[4..], [true, false], "{said:?}");
    let state = replay.scp().slot_state(SlotIndex(1)).unwrap();
    assert!(!state.fully_validated && state.b.is_some());
    ScpHarness::run(&transcript);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn no_damage_to_a_transcript_breaks_a_node(
        transcript in any::<prop::sample::Index>(),
        choices in bytes(500),
    ) {
        let transcript = transcript.get(&TRANSCRIPTS);
        let mutated = mutated(transcript, &mut Choices::new(&choices));
        ScpHarness::run(&mutated);
        judge_transcript(&mutated);
    }

    #[test]
    fn no_node_can_be_made_up_that_breaks(choices in bytes(1_500)) {
        let transcript = InputGenerator::transcript(&mut Choices::new(&choices));
        ScpHarness::run(&transcript);
        judge_transcript(&transcript);
    }

    #[test]
    fn no_text_breaks_its_reader(
        text in any::<prop::sample::Index>(),
        choices in bytes(60),
    ) {
        let text = text.get(&TEXTS);
        read_text(text);
        let mutated_text = mutated_text(text, &mut Choices::new(&choices));
        read_text(&mutated_text);
        let folder = tempfile::tempdir().unwrap();
        read_files(&mutated_text, folder.path());
        // As a line of a longer file it is the same.
        read_files(&mutated_text.replace('\n', " "), folder.path());
    }
}
