//! Proposal draft: the note, file or value, set in the toolbar, that a click on a node proposes.

use crate::node::view::{Application, Content, FileInfo};
use crate::scenario::Scenario;
use crate::scp::Value;
use crate::text::panel;
use sha2::{Digest, Sha256};

/// Kind of a proposal in `log` scenarios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DraftKind {
    #[default]
    Note,
    File,
}

/// Default file name.
const FILE_NAME: &str = "photo.jpg";
/// Size of a simulated file, in bytes.
const SIMULATED_BYTES: u64 = 1_843_200;
/// Longest note, in bytes.
const NOTE_BYTES_MAX: usize = 1_000;

/// The proposal that a click on a node makes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ProposalDraft {
    /// Note or file.
    pub(super) kind: DraftKind,
    /// Text of the next note; if empty, notes are numbered.
    pub(super) note: String,
    /// Name of a simulated file.
    pub(super) file_name: String,
    /// A real file that was dropped on the window or named by its path.
    pub(super) real_file: Option<FileInfo>,
    /// The values of a `choice` scenario; empty in `log` scenarios.
    pub(super) values: Vec<Value>,
    /// Index of the chosen value.
    pub(super) chosen: usize,
}

impl ProposalDraft {
    /// Adapts the draft to a scenario and keeps earlier choices where they still apply.
    pub(super) fn reset_for(&mut self, scenario: &Scenario) {
        self.values = match scenario.settings.application {
            Application::Log => Vec::new(),
            Application::Choice => values(scenario),
        };
        self.chosen = self.chosen.min(self.values.len().saturating_sub(1));
        if self.file_name.is_empty() {
            self.file_name = FILE_NAME.to_owned();
        }
    }

    /// Whether the draft is a choice among values.
    pub(super) fn is_choice(&self) -> bool {
        !self.values.is_empty()
    }

    /// The content that the next click proposes. `made` is the number of proposals so far.
    pub(super) fn content(&self, made: usize) -> Content {
        if let Some(value) = self.values.get(self.chosen) {
            return Content::Choice(value.clone());
        }
        match self.kind {
            DraftKind::Note => Content::Note(self.note_text(made)),
            DraftKind::File => Content::File(self.file()),
        }
    }

    /// The text of the next note.
    pub(super) fn note_text(&self, made: usize) -> String {
        let text = self.note.trim();
        if text.is_empty() {
            return panel::default_note(made + 1);
        }
        let end = (0..=text.len().min(NOTE_BYTES_MAX))
            .rev()
            .find(|at| text.is_char_boundary(*at));
        text[..end.unwrap_or(0)].to_owned()
    }

    fn file(&self) -> FileInfo {
        if let Some(file) = &self.real_file {
            return file.clone();
        }
        let typed = self.file_name.trim().replace(['/', '\\'], "_");
        let name = if typed.is_empty() {
            FILE_NAME.to_owned()
        } else {
            typed
        };
        let digest = Sha256::new_with_prefix(b"content of ").chain_update(&name);
        let sha256 = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        FileInfo {
            name,
            size_bytes: SIMULATED_BYTES,
            sha256,
        }
    }
}

/// The initial values of the nodes of a scenario; 0 and 1 if there are none.
fn values(scenario: &Scenario) -> Vec<Value> {
    let mut values: Vec<Value> = scenario
        .nodes
        .iter()
        .filter_map(|node| node.config.initial_value.clone())
        .collect();
    values.sort();
    values.dedup();
    if values.is_empty() {
        values = vec![Value::from("0"), Value::from("1")];
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::test_support::empty_scenario as scenario;
    use std::sync::Arc;

    #[test]
    fn notes_are_numbered_unless_a_text_is_given() {
        let mut draft = ProposalDraft::default();
        draft.reset_for(&scenario(1, 1));
        assert_eq!(draft.content(2), Content::Note("note 3".into()));
        draft.note = "  hello ".into();
        assert_eq!(draft.content(2), Content::Note("hello".into()));
        draft.note = "é".repeat(800);
        assert!(matches!(draft.content(0), Content::Note(text) if text.len() == 1000));
    }

    #[test]
    fn simulated_files_have_safe_names_and_distinct_hashes() {
        let mut draft = ProposalDraft {
            kind: DraftKind::File,
            ..ProposalDraft::default()
        };
        draft.reset_for(&scenario(1, 1));
        let Content::File(photo) = draft.content(0) else {
            panic!("no file")
        };
        assert_eq!((photo.name.as_str(), photo.sha256.len()), (FILE_NAME, 64));
        draft.file_name = "../b.txt".into();
        let Content::File(other) = draft.content(0) else {
            panic!("no file")
        };
        assert_eq!(other.name, ".._b.txt");
        assert_ne!(other.sha256, photo.sha256);
    }

    #[test]
    fn choices_default_to_zero_and_one() {
        let mut choice = scenario(1, 1);
        let settings = Arc::make_mut(&mut choice.settings);
        settings.application = Application::Choice;
        let mut draft = ProposalDraft {
            chosen: 1,
            ..ProposalDraft::default()
        };
        draft.reset_for(&choice);
        assert_eq!(draft.content(0), Content::Choice(Value::from("1")));
        draft.reset_for(&scenario(1, 1));
        assert!(!draft.is_choice());
    }
}
