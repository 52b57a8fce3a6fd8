//! The timeline: visibility, seeking by click, and stepping back.

use super::driver::VirtualDisplay;
use std::process::Command;

/// Phase colours in screen order: blue, green, red.
const NOMINATED: [u8; 3] = [0x00, 0x9f, 0xe6];
const CONFIRMED: [u8; 3] = [0x73, 0x9e, 0x00];
/// Background colour of panels.
const PANEL: [u8; 3] = [0x23, 0x1d, 0x1a];
/// Width of the screen, and top of a timeline with twenty nodes.
const WIDTH: usize = 1280;
const TOP: usize = 660;

/// Number of timeline pixels with this colour.
fn lit(display: &VirtualDisplay, color: [u8; 3]) -> usize {
    let pixels = display.pixels();
    let timeline = pixels.get(TOP * WIDTH..).unwrap_or_default();
    let alike = |pixel: &&[u8; 3]| {
        pixel
            .iter()
            .zip(color)
            .all(|(one, two)| one.abs_diff(two) <= 2)
    };
    timeline.iter().filter(alike).count()
}

/// Whether the timeline is visible, judged by the background left of the lanes.
fn is_shown(display: &VirtualDisplay) -> bool {
    display.pixels().get(770 * WIDTH + 5) == Some(&PANEL)
}

/// Approximate colour of a lane right of the playhead.
fn veiled(color: [u8; 3]) -> [u8; 3] {
    let mut veiled = color;
    for (part, panel) in veiled.iter_mut().zip(PANEL) {
        *part = (f32::from(*part) * 0.45 + f32::from(panel) * 0.55).round() as u8;
    }
    veiled
}

/// Number of pixels above the timeline with this colour.
fn above(display: &VirtualDisplay, color: [u8; 3]) -> usize {
    let pixels = display.pixels();
    // Leaves out the toolbar and the legend.
    let rows = pixels.chunks(WIDTH).take(TOP - 40).skip(50);
    rows.flat_map(|row| row.get(250..).unwrap_or_default())
        .filter(|pixel| **pixel == color)
        .count()
}

#[test]
fn a_click_in_the_timeline_of_a_recording_shows_that_instant() {
    let display = VirtualDisplay::new();
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("run.jsonl");
    let output = Command::new(env!("CARGO_BIN_EXE_quorumscope"))
        .args(["run", "--scenario", "demo", "--seed", "1", "--trace"])
        .arg(&trace)
        .output()
        .unwrap();
    assert!(output.status.success());

    let mut program = display.show(&["--replay", trace.to_str().unwrap(), "--paused"]);
    program.wait_for_nodes(20);
    // The whole recording is visible in dimmed colours before it is played.
    display.wait_until("the timeline shows", || {
        lit(&display, veiled(NOMINATED)) > 100 && lit(&display, veiled(CONFIRMED)) > 100
    });
    assert_eq!(
        above(&display, CONFIRMED),
        0,
        "no node has confirmed anything"
    );

    // Seek to the end: all nodes have externalized.
    program.point_at((1225.0, 720.0));
    program.press();
    display.wait_until("all nodes have externalized", || {
        above(&display, CONFIRMED) > 20 * 150
    });
    // Seek to the beginning: no node has voted.
    program.point_at((200.0, 720.0));
    program.press();
    display.wait_until("no node has voted", || {
        above(&display, CONFIRMED) == 0 && above(&display, NOMINATED) < 100
    });
    // Return to the present by key.
    program.key("End");
    display.wait_until("the picture is back", || {
        above(&display, CONFIRMED) > 20 * 150
    });

    program.key("w");
    display.wait_until("the timeline is gone", || !is_shown(&display));
    program.key("w");
    display.wait_until("the timeline is there again", || is_shown(&display));
    program.quit();
}

#[test]
fn a_simulation_seeks_back_and_continues() {
    let display = VirtualDisplay::new();
    let mut program = display.start(&["--scenario", "demo", "--seed", "1", "--pause-at", "8s"]);
    program.wait_for_nodes(20);
    display.wait_until("all nodes have externalized", || {
        above(&display, CONFIRMED) > 20 * 150
    });
    // Seek backward into the voting phase.
    for _ in 0..3 {
        program.key("Prior");
    }
    for _ in 0..3 {
        program.key("Prior");
    }
    display.wait_until("some node has not externalized yet", || {
        above(&display, CONFIRMED) < 20 * 150
    });
    // The past cannot be changed: a click on a node proposes nothing.
    program.click("n14", super::driver::LEFT);
    program.key("End");
    display.wait_until("the picture is back", || {
        above(&display, CONFIRMED) > 20 * 150
    });
    program.key("n");
    let trace = super::trace::TraceLines::read(&program.quit());
    assert_eq!(
        trace.actions("propose").len(),
        1,
        "only the proposal of the scenario"
    );
}
