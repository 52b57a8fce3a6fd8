//! Command table: group, label, tooltip and shortcuts of every command.

use super::{
    CommandGroup, CommandInfo, KeyRepeat, ShiftKey, Shortcut, ShortcutKey, TextFn, UserCommand,
};
use crate::text::command as text;

const fn free(key: ShortcutKey) -> Shortcut {
    Shortcut {
        key,
        shift: ShiftKey::Released,
    }
}

const fn held(key: ShortcutKey) -> Shortcut {
    Shortcut {
        key,
        shift: ShiftKey::Held,
    }
}

const fn either(key: ShortcutKey) -> Shortcut {
    Shortcut {
        key,
        shift: ShiftKey::Either,
    }
}

const fn entry(
    command: UserCommand,
    group: CommandGroup,
    label: TextFn,
    tooltip: TextFn,
    shortcuts: &'static [Shortcut],
) -> CommandInfo {
    let repeat = match command {
        UserCommand::Step
        | UserCommand::StepToTransition
        | UserCommand::StepToSlot
        | UserCommand::StepBack
        | UserCommand::SeekBackward
        | UserCommand::SeekForward
        | UserCommand::ZoomTimelineIn
        | UserCommand::ZoomTimelineOut
        | UserCommand::Slower
        | UserCommand::Faster
        | UserCommand::NextNode => KeyRepeat::Yes,
        _ => KeyRepeat::No,
    };
    CommandInfo {
        command,
        group,
        label,
        tooltip,
        shortcuts,
        repeat,
    }
}

/// All commands. [`UserCommand::OpenScenario`] has nine entries that share their texts.
pub(in crate::window) const TABLE: &[CommandInfo] = &[
    entry(
        UserCommand::TogglePlay,
        CommandGroup::Time,
        text::toggle_play,
        text::toggle_play_tip,
        &[free(ShortcutKey::Space)],
    ),
    entry(
        UserCommand::Step,
        CommandGroup::Time,
        text::step,
        text::step_tip,
        &[free(ShortcutKey::Char('n')), either(ShortcutKey::Right)],
    ),
    entry(
        UserCommand::StepToTransition,
        CommandGroup::Time,
        text::step_to_transition,
        text::step_to_transition_tip,
        &[either(ShortcutKey::Char('.'))],
    ),
    entry(
        UserCommand::StepToSlot,
        CommandGroup::Time,
        text::step_to_slot,
        text::step_to_slot_tip,
        &[either(ShortcutKey::Char('>'))],
    ),
    entry(
        UserCommand::StepBack,
        CommandGroup::Time,
        text::step_back,
        text::step_back_tip,
        &[held(ShortcutKey::Char('n')), either(ShortcutKey::Left)],
    ),
    entry(
        UserCommand::SeekBackward,
        CommandGroup::Time,
        text::seek_backward,
        text::seek_backward_tip,
        &[either(ShortcutKey::PageUp)],
    ),
    entry(
        UserCommand::SeekForward,
        CommandGroup::Time,
        text::seek_forward,
        text::seek_forward_tip,
        &[either(ShortcutKey::PageDown)],
    ),
    entry(
        UserCommand::SeekToStart,
        CommandGroup::Time,
        text::seek_to_start,
        text::seek_to_start_tip,
        &[either(ShortcutKey::Home)],
    ),
    entry(
        UserCommand::ReturnToPresent,
        CommandGroup::Time,
        text::return_to_present,
        text::return_to_present_tip,
        &[either(ShortcutKey::End)],
    ),
    entry(
        UserCommand::Slower,
        CommandGroup::Time,
        text::slower,
        text::slower_tip,
        &[either(ShortcutKey::Char('['))],
    ),
    entry(
        UserCommand::Faster,
        CommandGroup::Time,
        text::faster,
        text::faster_tip,
        &[either(ShortcutKey::Char(']'))],
    ),
    entry(
        UserCommand::Propose,
        CommandGroup::Nodes,
        text::propose,
        text::propose_tip,
        &[free(ShortcutKey::Char('p'))],
    ),
    entry(
        UserCommand::AddNode,
        CommandGroup::Nodes,
        text::add_node,
        text::add_node_tip,
        &[free(ShortcutKey::Char('a'))],
    ),
    entry(
        UserCommand::RemoveNode,
        CommandGroup::Nodes,
        text::remove_node,
        text::remove_node_tip,
        &[either(ShortcutKey::Delete), free(ShortcutKey::Char('d'))],
    ),
    entry(
        UserCommand::NextNode,
        CommandGroup::Nodes,
        text::next_node,
        text::next_node_tip,
        &[free(ShortcutKey::Tab)],
    ),
    entry(
        UserCommand::Restart,
        CommandGroup::Run,
        text::restart,
        text::restart_tip,
        &[free(ShortcutKey::Char('r'))],
    ),
    entry(
        UserCommand::NewSeed,
        CommandGroup::Run,
        text::new_seed,
        text::new_seed_tip,
        &[held(ShortcutKey::Char('r'))],
    ),
    entry(
        UserCommand::ToggleScenarios,
        CommandGroup::Run,
        text::scenarios,
        text::scenarios_tip,
        &[free(ShortcutKey::Char('o'))],
    ),
    entry(
        UserCommand::OpenScenario(0),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('1'))],
    ),
    entry(
        UserCommand::OpenScenario(1),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('2'))],
    ),
    entry(
        UserCommand::OpenScenario(2),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('3'))],
    ),
    entry(
        UserCommand::OpenScenario(3),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('4'))],
    ),
    entry(
        UserCommand::OpenScenario(4),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('5'))],
    ),
    entry(
        UserCommand::OpenScenario(5),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('6'))],
    ),
    entry(
        UserCommand::OpenScenario(6),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('7'))],
    ),
    entry(
        UserCommand::OpenScenario(7),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('8'))],
    ),
    entry(
        UserCommand::OpenScenario(8),
        CommandGroup::Run,
        text::scenario,
        text::scenario_tip,
        &[either(ShortcutKey::Char('9'))],
    ),
    entry(
        UserCommand::Screenshot,
        CommandGroup::Run,
        text::screenshot,
        text::screenshot_tip,
        &[free(ShortcutKey::Char('s'))],
    ),
    entry(
        UserCommand::FitView,
        CommandGroup::View,
        text::fit_view,
        text::fit_view_tip,
        &[free(ShortcutKey::Char('f')), either(ShortcutKey::Char('0'))],
    ),
    entry(
        UserCommand::ToggleInspector,
        CommandGroup::View,
        text::node_panel,
        text::node_panel_tip,
        &[free(ShortcutKey::Char('i'))],
    ),
    entry(
        UserCommand::ToggleLog,
        CommandGroup::View,
        text::event_log,
        text::event_log_tip,
        &[free(ShortcutKey::Char('e'))],
    ),
    entry(
        UserCommand::ToggleTimeline,
        CommandGroup::View,
        text::timeline,
        text::timeline_tip,
        &[free(ShortcutKey::Char('w'))],
    ),
    entry(
        UserCommand::ZoomTimelineIn,
        CommandGroup::View,
        text::timeline_closer,
        text::timeline_closer_tip,
        &[
            either(ShortcutKey::Char('+')),
            either(ShortcutKey::Char('=')),
        ],
    ),
    entry(
        UserCommand::ZoomTimelineOut,
        CommandGroup::View,
        text::timeline_wider,
        text::timeline_wider_tip,
        &[either(ShortcutKey::Char('-'))],
    ),
    entry(
        UserCommand::ToggleReach,
        CommandGroup::View,
        text::reach,
        text::reach_tip,
        &[free(ShortcutKey::Char('h'))],
    ),
    entry(
        UserCommand::ToggleTheme,
        CommandGroup::View,
        text::theme,
        text::theme_tip,
        &[free(ShortcutKey::Char('t'))],
    ),
    entry(
        UserCommand::ToggleFrameRate,
        CommandGroup::View,
        text::frame_rate,
        text::frame_rate_tip,
        &[free(ShortcutKey::Char('m'))],
    ),
    entry(
        UserCommand::LargerUi,
        CommandGroup::View,
        text::larger_ui,
        text::larger_ui_tip,
        &[either(ShortcutKey::CtrlPlus)],
    ),
    entry(
        UserCommand::SmallerUi,
        CommandGroup::View,
        text::smaller_ui,
        text::smaller_ui_tip,
        &[either(ShortcutKey::CtrlMinus)],
    ),
    entry(
        UserCommand::DefaultUi,
        CommandGroup::View,
        text::default_ui,
        text::default_ui_tip,
        &[either(ShortcutKey::CtrlZero)],
    ),
    entry(
        UserCommand::ToggleHelp,
        CommandGroup::View,
        text::help,
        text::help_tip,
        &[either(ShortcutKey::Char('?')), either(ShortcutKey::F1)],
    ),
    entry(
        UserCommand::Dismiss,
        CommandGroup::View,
        text::dismiss,
        text::dismiss_tip,
        &[either(ShortcutKey::Escape)],
    ),
    entry(
        UserCommand::Quit,
        CommandGroup::Run,
        text::quit,
        text::quit_tip,
        &[either(ShortcutKey::CtrlQ)],
    ),
];
