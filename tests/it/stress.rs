//! Stress tests of one node: damaged golden transcripts, generated transcripts, and damaged files.

use super::scp_harness::ScpHarness;
use super::scp_harness::choices::Choices;
use super::scp_harness::generator::InputGenerator;
use super::scp_harness::mutation::mutated;
use super::scp_harness::text::{mutated_text, read_files, read_text};
use super::vectors::{TRANSCRIPTS, readable};
use super::witness::check_transcript_evidence;
use proptest::prelude::*;
use quorumscope::commands::conformance::format::{StepInput, StepOutput, Transcript};
use quorumscope::commands::conformance::{TranscriptReplay, vector_files};
use quorumscope::scp::{EvidenceMode, SlotIndex};
use std::fs;
use std::sync::LazyLock;

/// The text of envelopes, inputs, transcripts and quorum sets.
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

/// The checks of the harness hold for the unchanged transcripts of stellar-core.
#[test]
fn unchanged_transcripts_pass_the_checks() {
    for transcript in TRANSCRIPTS.iter() {
        ScpHarness::run(transcript);
    }
}

/// Found by mutation: a restored node has accepted a value that it cannot validate. In one step it emits a NOMINATE
/// with the newly accepted values and then suppresses emission, since the following ballot has that value (NOTES 13,
/// 63).
#[test]
fn a_node_may_emit_a_nomination_before_it_suppresses_emission() {
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
        r#"{{"format":1,"id":"nomination before suppression","class":"-","scenario":"-","seed":"-","node":"n00","validator":true,"qset":"all",
            "rules":"?","qsets":{{"all":{set}}},"externalized":{{}},"steps":[{}],"fatal":null}}"#,
        steps.join(",")
    ))
    .unwrap();
    let mut replay = TranscriptReplay::new(&transcript, EvidenceMode::Record);
    let mut outputs = Vec::new();
    for step in &transcript.steps {
        outputs.push(replay.feed(&step.input).out);
    }
    let emits = |outputs: &[StepOutput]| {
        outputs
            .iter()
            .any(|output| matches!(output, StepOutput::Emit(_)))
    };
    let emitted = outputs
        .iter()
        .map(|outputs| emits(outputs))
        .collect::<Vec<_>>();
    assert_eq!(emitted[4..], [true, false], "{outputs:?}");
    let state = replay.scp().slot_state(SlotIndex(1)).unwrap();
    assert!(!state.fully_validated && state.b.is_some());
    ScpHarness::run(&transcript);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn damaged_transcripts_pass_the_checks(
        transcript in any::<prop::sample::Index>(),
        choices in bytes(500),
    ) {
        let transcript = transcript.get(&TRANSCRIPTS);
        let mutated = mutated(transcript, &mut Choices::new(&choices));
        ScpHarness::run(&mutated);
        check_transcript_evidence(&mutated);
    }

    #[test]
    fn generated_transcripts_pass_the_checks(choices in bytes(1_500)) {
        let transcript = InputGenerator::transcript(&mut Choices::new(&choices));
        ScpHarness::run(&transcript);
        check_transcript_evidence(&transcript);
    }

    #[test]
    fn damaged_files_are_decoded_or_refused(
        text in any::<prop::sample::Index>(),
        choices in bytes(60),
    ) {
        let text = text.get(&TEXTS);
        read_text(text);
        let mutated_text = mutated_text(text, &mut Choices::new(&choices));
        read_text(&mutated_text);
        let folder = tempfile::tempdir().unwrap();
        read_files(&mutated_text, folder.path());
        // The same content as a single line, as in a `.jsonl` file.
        read_files(&mutated_text.replace('\n', " "), folder.path());
    }
}
