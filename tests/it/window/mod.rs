//! End-to-end tests of the window on a virtual X display with simulated input.
//!
//! They need `Xvfb`, `xdotool` and software OpenGL. If a tool is missing, they fail and name it. No test depends on
//! timing: each waits for conditions, with a deadline of minutes.

#[cfg(feature = "net")]
mod attach;
mod driver;
mod timeline;
mod trace;
mod xdnd;

use driver::{VirtualDisplay, WindowProgram};
use trace::TraceLines;

/// Raises the speed, so that minutes of the scenario take seconds.
fn speed_up(program: &WindowProgram) {
    for _ in 0..6 {
        program.key("bracketright");
    }
}

/// Number of distinct colours; a blank picture has few.
fn colours(rgb: impl Iterator<Item = [u8; 3]>) -> usize {
    rgb.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn all_nodes_decide_a_clicked_proposal_and_nodes_join_and_leave() {
    let display = VirtualDisplay::new();
    let mut program = display.start(&["--scenario", "demo", "--seed", "1"]);
    program.wait_for_nodes(20);
    display.wait_until("the window shows a picture", || {
        colours(display.pixels().into_iter()) > 40
    });
    speed_up(&program);
    program.wait_until_idle();

    let clicked = "n14";
    program.click(clicked, driver::LEFT);
    program.wait_until_idle();

    // Join: add a node at a free point.
    let free = program.free_place();
    program.point_at(free);
    program.key("a");
    program.wait_for_nodes(21);
    program.wait_until_idle();

    // Leave: remove the new node, selected without proposing.
    let newcomer = program.newest();
    program.click(&newcomer, driver::RIGHT);
    program.key("Escape");
    program.key("Delete");
    program.wait_for_nodes(20);
    program.wait_until_idle();

    program.key("s");
    let (png, svg) = program.screenshots();
    assert!(
        svg.contains("<svg") && svg.contains(clicked),
        "the SVG names the nodes"
    );
    assert!(
        colours(driver::decode_png(&png).into_iter()) > 40,
        "the screenshot is blank"
    );

    let trace = TraceLines::read(&program.quit());
    let (proposer, proposal) = trace
        .proposals()
        .last()
        .expect("the click proposed something")
        .clone();
    assert_eq!(trace.name(proposer), clicked);
    let recorded = trace.recorded(&proposal);
    let there: Vec<u64> = (0..20).collect();
    assert!(
        there.iter().all(|node| recorded.contains(node)),
        "recorded by {recorded:?} only"
    );
    let joined = trace.actions("add_node");
    assert_eq!(joined.len(), 1);
    assert_eq!(trace.name(20), newcomer);
    let left: Vec<u64> = trace
        .actions("leave")
        .iter()
        .filter_map(|action| trace.number(&action["node"]))
        .collect();
    assert_eq!(left, [20]);
    assert!(
        trace.events_of(20, "ready").count() > 0,
        "the new node is ready to vote"
    );
    assert!(trace.text_of(20).contains("left"), "the new node left");
}

#[test]
fn a_paused_run_advances_only_by_step_or_play() {
    let display = VirtualDisplay::new();
    let mut program = display.start(&["--scenario", "demo", "--seed", "1", "--paused"]);
    program.wait_for_nodes(20);
    for _ in 0..5 {
        program.key("n");
    }
    let stepped = TraceLines::read(&program.quit());
    let steps = stepped.steps();
    // The first step starts the nodes; each later one is at least one step of a node.
    assert!(
        (4..2_000).contains(&steps),
        "{steps} steps after five key strokes"
    );

    let mut program = display.start(&["--scenario", "demo", "--seed", "1", "--paused"]);
    program.wait_for_nodes(20);
    speed_up(&program);
    program.key("space");
    program.wait_until_idle();
    let played = TraceLines::read(&program.quit());
    assert!(played.steps() > 2 * steps && played.ends_at_us() > 10 * stepped.ends_at_us().max(1));
    assert!(
        !played.proposals().is_empty(),
        "the demo contains a proposal"
    );
}

#[test]
fn the_next_click_proposes_the_dropped_file() {
    let display = VirtualDisplay::new();
    let mut program = display.start(&["--scenario", "demo", "--seed", "1"]);
    program.wait_for_nodes(20);
    speed_up(&program);
    program.wait_until_idle();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a picture.jpg");
    std::fs::write(&file, b"not much of a picture").unwrap();
    let before = display.pixels();
    program.drop_file(&file);
    // No pointer event follows, so the drop alone must wake the window.
    display.wait_until("the toolbar shows the file", || display.pixels() != before);
    program.click("n03", driver::LEFT);
    program.wait_until_idle();
    let trace = TraceLines::read(&program.quit());
    assert!(trace.text_of(3).contains("a picture.jpg"));
    let actions = trace.actions("propose");
    let last = actions.last().unwrap();
    assert_eq!(last["content"]["file"]["size_bytes"], 21, "{last}");
}
