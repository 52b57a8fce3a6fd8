//! The command table.

use super::{CommandGroup, CommandInfo, KeyRepeat, ShiftKey, Shortcut, ShortcutKey, UserCommand};

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
    label: &'static str,
    tooltip: &'static str,
    shortcuts: &'static [Shortcut],
) -> CommandInfo {
    let repeat = match command {
        UserCommand::Step
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

const SCENARIO_TIP: &str = "Opens one of the first nine scenarios.";

/// All commands. [`UserCommand::OpenScenario`] has nine entries that share their texts.
pub(in crate::window) const TABLE: &[CommandInfo] = &[
    entry(
        UserCommand::TogglePlay,
        CommandGroup::Time,
        "Play or pause",
        "Lets time run, or stops it. One can click and propose while it stands.",
        &[free(ShortcutKey::Space)],
    ),
    entry(
        UserCommand::Step,
        CommandGroup::Time,
        "Step",
        "Lets the next thing happen, and pauses.",
        &[free(ShortcutKey::Char('n')), either(ShortcutKey::Right)],
    ),
    entry(
        UserCommand::StepBack,
        CommandGroup::Time,
        "Step back",
        "Shows what was there before the last thing that happened, and pauses.",
        &[held(ShortcutKey::Char('n')), either(ShortcutKey::Left)],
    ),
    entry(
        UserCommand::SeekBackward,
        CommandGroup::Time,
        "Earlier",
        "Shows what was there earlier by a twentieth of the timeline, and pauses.",
        &[either(ShortcutKey::PageUp)],
    ),
    entry(
        UserCommand::SeekForward,
        CommandGroup::Time,
        "Later",
        "The same the other way.",
        &[either(ShortcutKey::PageDown)],
    ),
    entry(
        UserCommand::ReturnToPresent,
        CommandGroup::Time,
        "Back to now",
        "Shows the latest of what has happened, and goes on as before. The timeline follows.",
        &[either(ShortcutKey::End)],
    ),
    entry(
        UserCommand::Slower,
        CommandGroup::Time,
        "Slower",
        "Time runs at half the speed.",
        &[either(ShortcutKey::Char('['))],
    ),
    entry(
        UserCommand::Faster,
        CommandGroup::Time,
        "Faster",
        "Time runs at twice the speed.",
        &[either(ShortcutKey::Char(']'))],
    ),
    entry(
        UserCommand::Propose,
        CommandGroup::Nodes,
        "Propose",
        "The selected node proposes what the toolbar says. A click on any node does the same there.",
        &[free(ShortcutKey::Char('p'))],
    ),
    entry(
        UserCommand::AddNode,
        CommandGroup::Nodes,
        "Add node",
        "A new node appears, announces itself and is taken in: at the pointer by key, in the middle of the view by button.",
        &[free(ShortcutKey::Char('a'))],
    ),
    entry(
        UserCommand::RemoveNode,
        CommandGroup::Nodes,
        "Remove node",
        "The selected node says that it leaves, and goes.",
        &[either(ShortcutKey::Delete), free(ShortcutKey::Char('d'))],
    ),
    entry(
        UserCommand::NextNode,
        CommandGroup::Nodes,
        "Next node",
        "Selects the next node.",
        &[free(ShortcutKey::Tab)],
    ),
    entry(
        UserCommand::Restart,
        CommandGroup::Run,
        "Restart",
        "The same scenario with the same seed from the beginning: exactly the same run.",
        &[free(ShortcutKey::Char('r'))],
    ),
    entry(
        UserCommand::NewSeed,
        CommandGroup::Run,
        "New seed",
        "The same scenario from the beginning with another seed: other places, delays and leaders.",
        &[held(ShortcutKey::Char('r'))],
    ),
    entry(
        UserCommand::ToggleScenarios,
        CommandGroup::Run,
        "Scenarios",
        "All scenarios, and what to look for in each.",
        &[free(ShortcutKey::Char('o'))],
    ),
    entry(
        UserCommand::OpenScenario(0),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('1'))],
    ),
    entry(
        UserCommand::OpenScenario(1),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('2'))],
    ),
    entry(
        UserCommand::OpenScenario(2),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('3'))],
    ),
    entry(
        UserCommand::OpenScenario(3),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('4'))],
    ),
    entry(
        UserCommand::OpenScenario(4),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('5'))],
    ),
    entry(
        UserCommand::OpenScenario(5),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('6'))],
    ),
    entry(
        UserCommand::OpenScenario(6),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('7'))],
    ),
    entry(
        UserCommand::OpenScenario(7),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('8'))],
    ),
    entry(
        UserCommand::OpenScenario(8),
        CommandGroup::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(ShortcutKey::Char('9'))],
    ),
    entry(
        UserCommand::Screenshot,
        CommandGroup::Run,
        "Screenshot",
        "Writes the picture as PNG and SVG into the working directory.",
        &[free(ShortcutKey::Char('s'))],
    ),
    entry(
        UserCommand::FitView,
        CommandGroup::View,
        "Show all",
        "Zooms so that every node is in sight.",
        &[either(ShortcutKey::Home), either(ShortcutKey::Char('0'))],
    ),
    entry(
        UserCommand::ToggleInspector,
        CommandGroup::View,
        "Node panel",
        "Shows or hides what is known about the selected node.",
        &[free(ShortcutKey::Char('i'))],
    ),
    entry(
        UserCommand::ToggleLog,
        CommandGroup::View,
        "Event log",
        "Shows or hides what has happened, the latest on top.",
        &[free(ShortcutKey::Char('e'))],
    ),
    entry(
        UserCommand::ToggleTimeline,
        CommandGroup::View,
        "Timeline",
        "Shows or hides what every node was doing when. A click in it shows that instant again.",
        &[free(ShortcutKey::Char('w'))],
    ),
    entry(
        UserCommand::ZoomTimelineIn,
        CommandGroup::View,
        "Timeline: closer",
        "The timeline shows less time, in more detail. So does the wheel over it.",
        &[
            either(ShortcutKey::Char('+')),
            either(ShortcutKey::Char('=')),
        ],
    ),
    entry(
        UserCommand::ZoomTimelineOut,
        CommandGroup::View,
        "Timeline: wider",
        "The timeline shows more time, in less detail.",
        &[either(ShortcutKey::Char('-'))],
    ),
    entry(
        UserCommand::ToggleReach,
        CommandGroup::View,
        "Reachability",
        "Shows or hides who can hear whom.",
        &[free(ShortcutKey::Char('h'))],
    ),
    entry(
        UserCommand::ToggleTheme,
        CommandGroup::View,
        "Light or dark",
        "Changes between the dark theme and the light one, which suits paper.",
        &[free(ShortcutKey::Char('t'))],
    ),
    entry(
        UserCommand::ToggleFrameRate,
        CommandGroup::View,
        "Frame rate",
        "Shows or hides how many frames are drawn in a second.",
        &[free(ShortcutKey::Char('m'))],
    ),
    entry(
        UserCommand::ToggleHelp,
        CommandGroup::View,
        "Help",
        "Shows or hides this overview.",
        &[either(ShortcutKey::Char('?')), either(ShortcutKey::F1)],
    ),
    entry(
        UserCommand::Dismiss,
        CommandGroup::View,
        "Close",
        "Closes what lies on top, or selects nothing.",
        &[either(ShortcutKey::Escape)],
    ),
    entry(
        UserCommand::Quit,
        CommandGroup::Run,
        "Quit",
        "Closes the window.",
        &[either(ShortcutKey::CtrlQ)],
    ),
];
