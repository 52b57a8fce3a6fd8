//! User commands: one table with label, tooltip, keyboard shortcuts and the conditions that disable a command.
//!
//! Toolbar, menus, help overlay and keyboard are derived from the table. `app.rs` executes commands, `input.rs` reads
//! keys.

mod table;

pub(super) use table::TABLE;

use crate::run::SessionKind;
use crate::text::{self, command as keys, refusal, timeline};

/// A command of the user, by key, button or menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum UserCommand {
    TogglePlay,
    /// Goes to the next event.
    Step,
    /// Goes to the next transition of SCP.
    StepToTransition,
    /// Goes to the next decision.
    StepToSlot,
    StepBack,
    /// Shows an earlier instant.
    SeekBackward,
    /// Shows a later instant.
    SeekForward,
    /// Shows the beginning of the run.
    SeekToStart,
    /// Leaves the past and shows the present.
    ReturnToPresent,
    Slower,
    Faster,
    Restart,
    NewSeed,
    Propose,
    AddNode,
    RemoveNode,
    NextNode,
    ToggleScenarios,
    /// Opens the n-th scenario of the list, counted from 0.
    OpenScenario(u8),
    Screenshot,
    FitView,
    ToggleReach,
    ToggleLog,
    ToggleInspector,
    ToggleTimeline,
    /// Shows a shorter time span in more detail.
    ZoomTimelineIn,
    /// Shows a longer time span in less detail.
    ZoomTimelineOut,
    ToggleTheme,
    ToggleFrameRate,
    /// Magnifies the whole window.
    LargerUi,
    SmallerUi,
    DefaultUi,
    ToggleHelp,
    Dismiss,
    Quit,
}

/// The key of a shortcut, independent of the keyboard layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShortcutKey {
    /// A key that types this character; letters are lower case.
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
    CtrlPlus,
    CtrlMinus,
    CtrlZero,
}

/// The state of Shift that a shortcut requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShiftKey {
    Held,
    Released,
    /// For characters that need Shift on some keyboard layouts.
    Either,
}

/// A keyboard shortcut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shortcut {
    pub(super) key: ShortcutKey,
    pub(super) shift: ShiftKey,
}

/// The heading under which the help overlay lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CommandGroup {
    Time,
    Nodes,
    Run,
    View,
}

impl CommandGroup {
    pub(super) const ALL: [CommandGroup; 4] = [
        CommandGroup::Time,
        CommandGroup::Nodes,
        CommandGroup::Run,
        CommandGroup::View,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            CommandGroup::Time => text::command::group_time(),
            CommandGroup::Nodes => text::command::group_nodes(),
            CommandGroup::Run => text::command::group_run(),
            CommandGroup::View => text::command::group_view(),
        }
    }
}

/// Whether holding the key down repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyRepeat {
    Yes,
    No,
}

/// A text without arguments from the message catalogue.
pub(super) type TextFn = fn() -> &'static str;

/// The table entry of a command.
pub(super) struct CommandInfo {
    pub(super) command: UserCommand,
    pub(super) group: CommandGroup,
    /// Text of menu items and accessible name of buttons.
    pub(super) label: TextFn,
    /// One or two sentences that describe the effect of the command.
    pub(super) tooltip: TextFn,
    pub(super) shortcuts: &'static [Shortcut],
    pub(super) repeat: KeyRepeat,
}

/// A panel that handles all keys and blocks everything behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModalPanel {
    Help,
    Scenarios,
    /// The context menu.
    Menu,
}

/// The state of the window that decides which commands are enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CommandContext {
    /// Whether a run is open.
    pub(super) has_run: bool,
    /// Whether a run is being opened.
    pub(super) is_opening: bool,
    /// Whether the run is a simulation, a recording or live.
    pub(super) session_kind: SessionKind,
    /// Whether the picture shows an instant of the past.
    pub(super) is_past: bool,
    /// The selected node, as far as commands depend on it.
    pub(super) selection: SelectedNode,
    /// Number of nodes, including those that left.
    pub(super) nodes: usize,
    /// Number of scenarios in the list.
    pub(super) scenarios: usize,
    /// Whether the speed is the lowest.
    pub(super) is_slowest: bool,
    /// Whether the speed is the highest.
    pub(super) is_fastest: bool,
}

/// The selected node, as far as commands depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SelectedNode {
    #[default]
    Nothing,
    /// A running node.
    Running,
    /// A node that has crashed or left.
    Stopped,
    /// A node that is known only from the statements of others.
    Referenced,
}

impl UserCommand {
    /// The table entry.
    pub(super) fn entry(self) -> &'static CommandInfo {
        let found = TABLE.iter().find(|entry| entry.command == self);
        // Scenarios beyond the ninth have no shortcut.
        found.unwrap_or(&TABLE[TABLE.len() - 1])
    }

    /// Why the command is disabled now; `None` if it is enabled.
    pub(super) fn disabled_reason(self, context: &CommandContext) -> Option<&'static str> {
        let first = |checks: &[(bool, &'static str)]| {
            checks.iter().find(|(fails, _)| *fails).map(|(_, why)| *why)
        };
        let no_run = (!context.has_run, refusal::no_run());
        let past = (context.is_past, timeline::past_is_read_only());
        let not_running: (bool, &'static str) = match context.selection {
            SelectedNode::Nothing => (true, refusal::nothing_selected()),
            SelectedNode::Stopped => (true, refusal::not_running()),
            SelectedNode::Referenced => (true, refusal::referenced_node()),
            SelectedNode::Running => (false, ""),
        };
        if let Some(why) = self.unsupported_reason(context.session_kind) {
            return Some(why);
        }
        match self {
            UserCommand::AddNode => first(&[no_run, past]),
            UserCommand::TogglePlay
            | UserCommand::Step
            | UserCommand::StepToTransition
            | UserCommand::StepToSlot
            | UserCommand::StepBack
            | UserCommand::SeekBackward
            | UserCommand::SeekForward
            | UserCommand::SeekToStart
            | UserCommand::ReturnToPresent
            | UserCommand::ZoomTimelineIn
            | UserCommand::ZoomTimelineOut
            | UserCommand::Screenshot
            | UserCommand::FitView => first(&[no_run]),
            UserCommand::Slower => first(&[(context.is_slowest, refusal::slowest())]),
            UserCommand::Faster => first(&[(context.is_fastest, refusal::fastest())]),
            UserCommand::Restart | UserCommand::NewSeed => {
                first(&[(context.is_opening, refusal::no_run())])
            }
            UserCommand::Propose | UserCommand::RemoveNode => first(&[no_run, past, not_running]),
            UserCommand::NextNode => first(&[no_run, (context.nodes == 0, refusal::no_nodes())]),
            UserCommand::OpenScenario(at) => {
                first(&[(usize::from(at) >= context.scenarios, refusal::no_scenario())])
            }
            _ => None,
        }
    }

    /// Whether the command can be executed by key while a modal panel is open: only what closes the panel or the window.
    pub(super) fn is_allowed_in(self, modal: ModalPanel) -> bool {
        match self {
            UserCommand::Dismiss
            | UserCommand::Quit
            | UserCommand::LargerUi
            | UserCommand::SmallerUi
            | UserCommand::DefaultUi => true,
            UserCommand::ToggleHelp => modal == ModalPanel::Help,
            UserCommand::ToggleScenarios => modal == ModalPanel::Scenarios,
            _ => false,
        }
    }

    /// Why this kind of run does not support the command; `None` if it does.
    pub(super) fn unsupported_reason(self, session_kind: SessionKind) -> Option<&'static str> {
        Some(match (session_kind, self) {
            (
                SessionKind::Recorded,
                UserCommand::Propose | UserCommand::AddNode | UserCommand::RemoveNode,
            ) => refusal::recorded(),
            (SessionKind::Recorded, UserCommand::NewSeed) => refusal::recorded_seed(),
            (SessionKind::Live, UserCommand::Slower | UserCommand::Faster) => refusal::live_speed(),
            (SessionKind::Live, UserCommand::AddNode) => refusal::live_add(),
            (SessionKind::Live, UserCommand::RemoveNode) => refusal::live_remove(),
            (SessionKind::Live, UserCommand::Restart | UserCommand::NewSeed) => {
                refusal::live_restart()
            }
            _ => return None,
        })
    }

    /// The first shortcut as text, for tooltips and menus; empty if there is none.
    pub(super) fn shortcut(self) -> String {
        TABLE
            .iter()
            .find(|entry| entry.command == self)
            .and_then(|entry| entry.shortcuts.first())
            .map(|shortcut| shortcut.words())
            .unwrap_or_default()
    }
}

impl Shortcut {
    /// The shortcut as text, such as `Shift R`.
    pub(super) fn words(self) -> String {
        let key = match self.key {
            ShortcutKey::Char(letter) => letter.to_uppercase().to_string(),
            ShortcutKey::Space => keys::key_space().into(),
            ShortcutKey::Left => "←".into(),
            ShortcutKey::Right => "→".into(),
            ShortcutKey::PageUp => keys::key_page_up().into(),
            ShortcutKey::PageDown => keys::key_page_down().into(),
            ShortcutKey::End => keys::key_end().into(),
            ShortcutKey::Delete => keys::key_delete().into(),
            ShortcutKey::Tab => keys::key_tab().into(),
            ShortcutKey::F1 => "F1".into(),
            ShortcutKey::Escape => keys::key_escape().into(),
            ShortcutKey::Home => keys::key_home().into(),
            ShortcutKey::CtrlQ => keys::key_with_control("Q"),
            ShortcutKey::CtrlPlus => keys::key_with_control("+"),
            ShortcutKey::CtrlMinus => keys::key_with_control("-"),
            ShortcutKey::CtrlZero => keys::key_with_control("0"),
        };
        match self.shift {
            ShiftKey::Held => keys::key_with_shift(&key),
            ShiftKey::Released | ShiftKey::Either => key,
        }
    }

    fn is(self, key: ShortcutKey, shift_held: bool) -> bool {
        let shift_fits = match self.shift {
            ShiftKey::Held => shift_held,
            ShiftKey::Released => !shift_held,
            ShiftKey::Either => true,
        };
        self.key == key && shift_fits
    }
}

/// The command of a key. `is_repeat` is true if the event comes from a key that is held down.
pub(super) fn command_of(
    key: ShortcutKey,
    shift_held: bool,
    is_repeat: bool,
) -> Option<UserCommand> {
    let entry = TABLE.iter().find(|entry| {
        entry
            .shortcuts
            .iter()
            .any(|shortcut| shortcut.is(key, shift_held))
    })?;
    (!is_repeat || entry.repeat == KeyRepeat::Yes).then_some(entry.command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_a_shortcut() {
        for entry in TABLE {
            for shortcut in entry.shortcuts {
                for shift_held in [false, true] {
                    if shortcut.is(shortcut.key, shift_held) {
                        assert_eq!(
                            command_of(shortcut.key, shift_held, false),
                            Some(entry.command),
                            "{}",
                            shortcut.words()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_command_has_a_label_a_tooltip_and_a_shortcut() {
        for entry in TABLE {
            assert!(
                !entry.shortcuts.is_empty() && (entry.tooltip)().ends_with('.'),
                "{}",
                (entry.label)()
            );
            assert_eq!((entry.command.entry().label)(), (entry.label)());
            assert!(!entry.command.shortcut().is_empty());
        }
    }

    #[test]
    fn shift_distinguishes_restart_from_new_seed() {
        assert_eq!(
            command_of(ShortcutKey::Char('r'), false, false),
            Some(UserCommand::Restart)
        );
        assert_eq!(
            command_of(ShortcutKey::Char('r'), true, false),
            Some(UserCommand::NewSeed)
        );
        assert_eq!(
            command_of(ShortcutKey::Char('?'), true, false),
            Some(UserCommand::ToggleHelp)
        );
        assert_eq!(
            command_of(ShortcutKey::Char('r'), false, true),
            None,
            "held down"
        );
        assert_eq!(
            command_of(ShortcutKey::Right, false, true),
            Some(UserCommand::Step),
            "held down"
        );
        assert_eq!(command_of(ShortcutKey::Char('x'), false, false), None);
    }

    #[test]
    fn a_disabled_command_has_a_reason() {
        let nothing = CommandContext::default();
        assert!(UserCommand::Step.disabled_reason(&nothing).is_some());
        let selected = CommandContext {
            has_run: true,
            selection: SelectedNode::Running,
            nodes: 4,
            ..nothing
        };
        assert_eq!(UserCommand::Propose.disabled_reason(&selected), None);
        let gone = CommandContext {
            selection: SelectedNode::Stopped,
            ..selected
        };
        assert!(
            UserCommand::RemoveNode
                .disabled_reason(&gone)
                .is_some_and(|why| why.contains("not running"))
        );
        assert!(
            UserCommand::OpenScenario(3)
                .disabled_reason(&CommandContext {
                    scenarios: 3,
                    ..selected
                })
                .is_some()
        );
        assert_eq!(UserCommand::ToggleHelp.disabled_reason(&nothing), None);
    }
}
