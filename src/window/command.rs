//! Everything a person can tell the window, in one table: words, explanation, keys, and when it is possible.
//! Toolbar, menu, help overlay and keyboard are made from it.
//!
//! Absent here: doing it (`app.rs`) and polling keys (`input.rs`).

mod table;

pub(super) use table::TABLE;

use crate::picture::words::timeline as words;
use crate::run::SessionKind;

/// Something that a person tells the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Command {
    TogglePlay,
    Step,
    StepBack,
    /// The picture shows an earlier instant.
    Earlier,
    /// ... or a later one.
    Later,
    /// Back from the past.
    Now,
    Slower,
    Faster,
    Restart,
    NewSeed,
    Propose,
    AddNode,
    RemoveNode,
    NextNode,
    Scenarios,
    /// The n-th scenario of the list, from 0.
    Scenario(u8),
    Screenshot,
    FitView,
    ToggleReach,
    ToggleLog,
    ToggleInspector,
    ToggleTimeline,
    /// The timeline shows less, in more detail.
    Closer,
    /// The timeline shows more, in less detail.
    Wider,
    ToggleTheme,
    ToggleFrameRate,
    Help,
    Clear,
    Quit,
}

/// A key that means something, whatever the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A key that types this; letters in lower case.
    Char(char),
    Space,
    Left,
    Right,
    PageUp,
    PageDown,
    End,
    Delete,
    Tab,
    F1,
    Escape,
    Home,
    CtrlQ,
}

/// Whether Shift has to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    Held,
    Free,
    /// Signs that need Shift on some keyboards.
    Either,
}

/// A key stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke {
    pub(super) key: Key,
    pub(super) shift: Shift,
}

/// Under which heading the help overlay lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Time,
    Nodes,
    Run,
    View,
}

impl Group {
    pub(super) const ALL: [Group; 4] = [Group::Time, Group::Nodes, Group::Run, Group::View];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Group::Time => "Time",
            Group::Nodes => "Nodes",
            Group::Run => "Run",
            Group::View => "View",
        }
    }
}

/// Whether holding the key down repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    Yes,
    No,
}

/// What there is to know about a command.
pub(super) struct Entry {
    pub(super) command: Command,
    pub(super) group: Group,
    /// On buttons and in menus.
    pub(super) label: &'static str,
    /// In one sentence.
    pub(super) tooltip: &'static str,
    pub(super) strokes: &'static [Stroke],
    pub(super) repeat: Repeat,
}

/// What is possible depends on this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Situation {
    /// A run is open.
    pub(super) has_run: bool,
    /// A run is being opened.
    pub(super) is_opening: bool,
    /// Who decides what happens in it.
    pub(super) session_kind: SessionKind,
    /// The picture shows something that is over.
    pub(super) is_past: bool,
    /// Whether a node is selected, and runs.
    pub(super) selection: Selection,
    /// How many nodes there are, those that left included.
    pub(super) nodes: usize,
    /// How many scenarios there are.
    pub(super) scenarios: usize,
    /// The speed is the slowest there is.
    pub(super) is_slowest: bool,
    /// The speed is the fastest there is.
    pub(super) is_fastest: bool,
}

/// What is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Selection {
    #[default]
    Nothing,
    /// A node that runs.
    Running,
    /// A node that has left or crashed.
    Stopped,
    /// A node that is known by name only.
    Unseen,
}

impl Command {
    /// Its entry in the table.
    pub(super) fn entry(self) -> &'static Entry {
        let found = TABLE.iter().find(|entry| entry.command == self);
        // Scenarios beyond the ninth have no key of their own.
        found.unwrap_or(&TABLE[TABLE.len() - 1])
    }

    /// Why it is not possible now; `None` if it is.
    pub(super) fn refusal(self, situation: &Situation) -> Option<&'static str> {
        let first = |checks: &[(bool, &'static str)]| {
            checks.iter().find(|(fails, _)| *fails).map(|(_, why)| *why)
        };
        let no_run = (!situation.has_run, "The scenario is still being opened.");
        let past = (situation.is_past, words::PAST);
        let not_running: (bool, &'static str) = match situation.selection {
            Selection::Nothing => (
                true,
                "Select a node first: right click on it, or press Tab.",
            ),
            Selection::Stopped => (true, "The selected node is not running."),
            Selection::Unseen => (
                true,
                "The selected node is known by name only: nobody here can ask it.",
            ),
            Selection::Running => (false, ""),
        };
        if let Some(why) = self.not_ours(situation.session_kind) {
            return Some(why);
        }
        match self {
            Command::AddNode => first(&[no_run, past]),
            Command::TogglePlay
            | Command::Step
            | Command::StepBack
            | Command::Earlier
            | Command::Later
            | Command::Now
            | Command::Closer
            | Command::Wider
            | Command::Screenshot
            | Command::FitView => first(&[no_run]),
            Command::Slower => first(&[(situation.is_slowest, "This is the slowest.")]),
            Command::Faster => first(&[(situation.is_fastest, "This is the fastest.")]),
            Command::Restart | Command::NewSeed => {
                first(&[(situation.is_opening, "The scenario is still being opened.")])
            }
            Command::Propose | Command::RemoveNode => first(&[no_run, past, not_running]),
            Command::NextNode => first(&[no_run, (situation.nodes == 0, "There are no nodes.")]),
            Command::Scenario(at) => first(&[(
                usize::from(at) >= situation.scenarios,
                "There is no such scenario.",
            )]),
            _ => None,
        }
    }

    /// Why it cannot be done to a run that somebody else decides about.
    pub(super) fn not_ours(self, session_kind: SessionKind) -> Option<&'static str> {
        Some(match (session_kind, self) {
            (SessionKind::Recorded, Command::Propose | Command::AddNode | Command::RemoveNode) => {
                "This run was recorded: it cannot be changed."
            }
            (SessionKind::Recorded, Command::NewSeed) => "This run was recorded: it has its seed.",
            (SessionKind::Live, Command::Slower | Command::Faster) => {
                "These nodes are processes: they run at their own speed. One can pause the picture."
            }
            (SessionKind::Live, Command::AddNode) => {
                "These nodes are processes: one joins when somebody starts one (quorumscope node)."
            }
            (SessionKind::Live, Command::RemoveNode) => {
                "These nodes are processes: one leaves when somebody ends it (Ctrl-C)."
            }
            (SessionKind::Live, Command::Restart | Command::NewSeed) => {
                "These nodes are processes: nobody here can start them again."
            }
            _ => return None,
        })
    }

    /// Its first key in words, for tooltips and menus; empty if it has none.
    pub(super) fn shortcut(self) -> String {
        TABLE
            .iter()
            .find(|entry| entry.command == self)
            .and_then(|entry| entry.strokes.first())
            .map(|stroke| stroke.words())
            .unwrap_or_default()
    }
}

impl Stroke {
    /// In words, such as `Shift R`.
    pub(super) fn words(self) -> String {
        let key = match self.key {
            Key::Char(letter) => letter.to_uppercase().to_string(),
            Key::Space => "Space".into(),
            Key::Left => "←".into(),
            Key::Right => "→".into(),
            Key::PageUp => "Page up".into(),
            Key::PageDown => "Page down".into(),
            Key::End => "End".into(),
            Key::Delete => "Del".into(),
            Key::Tab => "Tab".into(),
            Key::F1 => "F1".into(),
            Key::Escape => "Esc".into(),
            Key::Home => "Home".into(),
            Key::CtrlQ => "Ctrl Q".into(),
        };
        match self.shift {
            Shift::Held => format!("Shift {key}"),
            Shift::Free | Shift::Either => key,
        }
    }

    fn is(self, key: Key, shift_held: bool) -> bool {
        let shift_fits = match self.shift {
            Shift::Held => shift_held,
            Shift::Free => !shift_held,
            Shift::Either => true,
        };
        self.key == key && shift_fits
    }
}

/// The command of a key stroke; `is_repeat` if the key is being held down.
pub(super) fn command_of(key: Key, shift_held: bool, is_repeat: bool) -> Option<Command> {
    let entry = TABLE.iter().find(|entry| {
        entry
            .strokes
            .iter()
            .any(|stroke| stroke.is(key, shift_held))
    })?;
    (!is_repeat || entry.repeat == Repeat::Yes).then_some(entry.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_key() {
        for entry in TABLE {
            for stroke in entry.strokes {
                for shift_held in [false, true] {
                    if stroke.is(stroke.key, shift_held) {
                        assert_eq!(
                            command_of(stroke.key, shift_held, false),
                            Some(entry.command),
                            "{}",
                            stroke.words()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_command_has_words_and_a_key() {
        for entry in TABLE {
            assert!(
                !entry.strokes.is_empty() && entry.tooltip.ends_with('.'),
                "{}",
                entry.label
            );
            assert_eq!(entry.command.entry().label, entry.label);
            assert!(!entry.command.shortcut().is_empty());
        }
    }

    #[test]
    fn restarting_and_reseeding_are_told_apart_by_shift() {
        assert_eq!(
            command_of(Key::Char('r'), false, false),
            Some(Command::Restart)
        );
        assert_eq!(
            command_of(Key::Char('r'), true, false),
            Some(Command::NewSeed)
        );
        assert_eq!(command_of(Key::Char('?'), true, false), Some(Command::Help));
        assert_eq!(command_of(Key::Char('r'), false, true), None, "held down");
        assert_eq!(
            command_of(Key::Right, false, true),
            Some(Command::Step),
            "held down"
        );
        assert_eq!(command_of(Key::Char('x'), false, false), None);
    }

    #[test]
    fn what_is_impossible_says_why() {
        let nothing = Situation::default();
        assert!(Command::Step.refusal(&nothing).is_some());
        let selected = Situation {
            has_run: true,
            selection: Selection::Running,
            nodes: 4,
            ..nothing
        };
        assert_eq!(Command::Propose.refusal(&selected), None);
        let gone = Situation {
            selection: Selection::Stopped,
            ..selected
        };
        assert!(
            Command::RemoveNode
                .refusal(&gone)
                .is_some_and(|why| why.contains("not running"))
        );
        assert!(
            Command::Scenario(3)
                .refusal(&Situation {
                    scenarios: 3,
                    ..selected
                })
                .is_some()
        );
        assert_eq!(Command::Help.refusal(&nothing), None);
    }
}
