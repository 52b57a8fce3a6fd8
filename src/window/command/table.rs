//! The table of commands.

use super::{Command, Entry, Group, Key, Repeat, Shift, Stroke};

const fn free(key: Key) -> Stroke {
    Stroke {
        key,
        shift: Shift::Free,
    }
}

const fn held(key: Key) -> Stroke {
    Stroke {
        key,
        shift: Shift::Held,
    }
}

const fn either(key: Key) -> Stroke {
    Stroke {
        key,
        shift: Shift::Either,
    }
}

const fn entry(
    command: Command,
    group: Group,
    label: &'static str,
    tooltip: &'static str,
    strokes: &'static [Stroke],
) -> Entry {
    let repeat = match command {
        Command::Step
        | Command::StepBack
        | Command::Earlier
        | Command::Later
        | Command::Closer
        | Command::Wider
        | Command::Slower
        | Command::Faster
        | Command::NextNode => Repeat::Yes,
        _ => Repeat::No,
    };
    Entry {
        command,
        group,
        label,
        tooltip,
        strokes,
        repeat,
    }
}

const SCENARIO_TIP: &str = "Opens one of the first nine scenarios.";

/// The table. [`Command::Scenario`] has nine entries, which share their words.
pub(in crate::window) const TABLE: &[Entry] = &[
    entry(
        Command::TogglePlay,
        Group::Time,
        "Play or pause",
        "Lets time run, or stops it. One can click and propose while it stands.",
        &[free(Key::Space)],
    ),
    entry(
        Command::Step,
        Group::Time,
        "Step",
        "Lets the next thing happen, and pauses.",
        &[free(Key::Char('n')), either(Key::Right)],
    ),
    entry(
        Command::StepBack,
        Group::Time,
        "Step back",
        "Shows what was there before the last thing that happened, and pauses.",
        &[held(Key::Char('n')), either(Key::Left)],
    ),
    entry(
        Command::Earlier,
        Group::Time,
        "Earlier",
        "Shows what was there earlier by a twentieth of the timeline, and pauses.",
        &[either(Key::PageUp)],
    ),
    entry(
        Command::Later,
        Group::Time,
        "Later",
        "The same the other way.",
        &[either(Key::PageDown)],
    ),
    entry(
        Command::Now,
        Group::Time,
        "Back to now",
        "Shows the latest of what has happened, and goes on as before. The timeline follows.",
        &[either(Key::End)],
    ),
    entry(
        Command::Slower,
        Group::Time,
        "Slower",
        "Time runs at half the speed.",
        &[either(Key::Char('['))],
    ),
    entry(
        Command::Faster,
        Group::Time,
        "Faster",
        "Time runs at twice the speed.",
        &[either(Key::Char(']'))],
    ),
    entry(
        Command::Propose,
        Group::Nodes,
        "Propose",
        "The selected node proposes what the toolbar says. A click on any node does the same there.",
        &[free(Key::Char('p'))],
    ),
    entry(
        Command::AddNode,
        Group::Nodes,
        "Add node",
        "A new node appears, announces itself and is taken in: at the pointer by key, in the middle of the view by button.",
        &[free(Key::Char('a'))],
    ),
    entry(
        Command::RemoveNode,
        Group::Nodes,
        "Remove node",
        "The selected node says that it leaves, and goes.",
        &[either(Key::Delete), free(Key::Char('d'))],
    ),
    entry(
        Command::NextNode,
        Group::Nodes,
        "Next node",
        "Selects the next node.",
        &[free(Key::Tab)],
    ),
    entry(
        Command::Restart,
        Group::Run,
        "Restart",
        "The same scenario with the same seed from the beginning: exactly the same run.",
        &[free(Key::Char('r'))],
    ),
    entry(
        Command::NewSeed,
        Group::Run,
        "New seed",
        "The same scenario from the beginning with another seed: other places, delays and leaders.",
        &[held(Key::Char('r'))],
    ),
    entry(
        Command::Scenarios,
        Group::Run,
        "Scenarios",
        "All scenarios, and what to look for in each.",
        &[free(Key::Char('o'))],
    ),
    entry(
        Command::Scenario(0),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('1'))],
    ),
    entry(
        Command::Scenario(1),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('2'))],
    ),
    entry(
        Command::Scenario(2),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('3'))],
    ),
    entry(
        Command::Scenario(3),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('4'))],
    ),
    entry(
        Command::Scenario(4),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('5'))],
    ),
    entry(
        Command::Scenario(5),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('6'))],
    ),
    entry(
        Command::Scenario(6),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('7'))],
    ),
    entry(
        Command::Scenario(7),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('8'))],
    ),
    entry(
        Command::Scenario(8),
        Group::Run,
        "Scenario 1 to 9",
        SCENARIO_TIP,
        &[either(Key::Char('9'))],
    ),
    entry(
        Command::Screenshot,
        Group::Run,
        "Screenshot",
        "Writes the picture as PNG and SVG into the working directory.",
        &[free(Key::Char('s'))],
    ),
    entry(
        Command::FitView,
        Group::View,
        "Show all",
        "Zooms so that every node is in sight.",
        &[either(Key::Home), either(Key::Char('0'))],
    ),
    entry(
        Command::ToggleInspector,
        Group::View,
        "Node panel",
        "Shows or hides what is known about the selected node.",
        &[free(Key::Char('i'))],
    ),
    entry(
        Command::ToggleLog,
        Group::View,
        "Event log",
        "Shows or hides what has happened, the latest on top.",
        &[free(Key::Char('e'))],
    ),
    entry(
        Command::ToggleTimeline,
        Group::View,
        "Timeline",
        "Shows or hides what every node was doing when. A click in it shows that instant again.",
        &[free(Key::Char('w'))],
    ),
    entry(
        Command::Closer,
        Group::View,
        "Timeline: closer",
        "The timeline shows less time, in more detail. So does the wheel over it.",
        &[either(Key::Char('+')), either(Key::Char('='))],
    ),
    entry(
        Command::Wider,
        Group::View,
        "Timeline: wider",
        "The timeline shows more time, in less detail.",
        &[either(Key::Char('-'))],
    ),
    entry(
        Command::ToggleReach,
        Group::View,
        "Reachability",
        "Shows or hides who can hear whom.",
        &[free(Key::Char('h'))],
    ),
    entry(
        Command::ToggleTheme,
        Group::View,
        "Light or dark",
        "Changes between the dark theme and the light one, which suits paper.",
        &[free(Key::Char('t'))],
    ),
    entry(
        Command::ToggleFrameRate,
        Group::View,
        "Frame rate",
        "Shows or hides how many frames are drawn in a second.",
        &[free(Key::Char('m'))],
    ),
    entry(
        Command::Help,
        Group::View,
        "Help",
        "Shows or hides this overview.",
        &[either(Key::Char('?')), either(Key::F1)],
    ),
    entry(
        Command::Clear,
        Group::View,
        "Close",
        "Closes what lies on top, or selects nothing.",
        &[either(Key::Escape)],
    ),
    entry(
        Command::Quit,
        Group::Run,
        "Quit",
        "Closes the window.",
        &[either(Key::CtrlQ)],
    ),
];
