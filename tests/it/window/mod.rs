//! The real program in a real window: an X server of our own without a screen, a pointer and keys that are not there.
//!
//! Needs `Xvfb`, `xdotool` and a software OpenGL; says so if they are missing. Nothing here is timed: everything is
//! waited for, and only a deadline of minutes turns waiting into failure.

mod desk;
mod drag;
#[cfg(feature = "net")]
mod live;
mod timeline;
mod trace;

use desk::{Desk, Program};
use trace::Trace;

/// The demo scenario at a speed at which minutes of it take seconds.
fn hurry(program: &Program) {
    for _ in 0..6 {
        program.key("bracketright");
    }
}

/// How many ways a picture has of being not blank: its distinct colours.
fn colours(rgb: impl Iterator<Item = [u8; 3]>) -> usize {
    rgb.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn a_clicked_node_has_its_proposal_agreed_by_all_and_nodes_join_and_leave() {
    let desk = Desk::new();
    let mut program = desk.start(&["--scenario", "demo", "--seed", "1"]);
    program.wait_for_nodes(20);
    desk.wait_until("the window shows a picture", || {
        colours(desk.pixels().into_iter()) > 40
    });
    hurry(&program);
    program.wait_until_calm();

    let clicked = "n14";
    program.click(clicked, desk::LEFT);
    program.wait_until_calm();

    // Joins: at a place where no node is.
    let free = program.free_place();
    program.point_at(free);
    program.key("a");
    program.wait_for_nodes(21);
    program.wait_until_calm();

    // Leaves: the newcomer, selected without proposing.
    let newcomer = program.newest();
    program.click(&newcomer, desk::RIGHT);
    program.key("Escape");
    program.key("Delete");
    program.wait_for_nodes(20);
    program.wait_until_calm();

    program.key("s");
    let (png, svg) = program.screenshots();
    assert!(
        svg.contains("<svg") && svg.contains(clicked),
        "the SVG names the nodes"
    );
    assert!(
        colours(desk::decode_png(&png).into_iter()) > 40,
        "the screenshot is blank"
    );

    let trace = Trace::read(&program.quit());
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
        .filter_map(|action| action["node"].as_u64())
        .collect();
    assert_eq!(left, [20]);
    assert!(
        trace.events_of(20, "ready").count() > 0,
        "the newcomer was taken in"
    );
    assert!(trace.text_of(20).contains("left"), "it said that it leaves");
}

#[test]
fn time_stands_still_until_somebody_steps_or_plays() {
    let desk = Desk::new();
    let mut program = desk.start(&["--scenario", "demo", "--seed", "1", "--paused"]);
    program.wait_for_nodes(20);
    for _ in 0..5 {
        program.key("n");
    }
    let stepped = Trace::read(&program.quit());
    let steps = stepped.steps();
    // The first step starts the nodes; each of the others is at least one step of a node.
    assert!(
        (4..2_000).contains(&steps),
        "{steps} steps after five key strokes"
    );

    let mut program = desk.start(&["--scenario", "demo", "--seed", "1", "--paused"]);
    program.wait_for_nodes(20);
    hurry(&program);
    program.key("space");
    program.wait_until_calm();
    let played = Trace::read(&program.quit());
    assert!(played.steps() > 2 * steps && played.ends_at_us() > 10 * stepped.ends_at_us().max(1));
    assert!(
        !played.proposals().is_empty(),
        "the demo proposes by itself"
    );
}

#[test]
fn a_dropped_file_is_what_the_next_click_proposes() {
    let desk = Desk::new();
    let mut program = desk.start(&["--scenario", "demo", "--seed", "1"]);
    program.wait_for_nodes(20);
    hurry(&program);
    program.wait_until_calm();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a picture.jpg");
    std::fs::write(&file, b"not much of a picture").unwrap();
    let before = desk.pixels();
    program.drop_file(&file);
    // Nothing is pointed at in between: what the drop did must not wait for it.
    desk.wait_until("the toolbar shows the file", || desk.pixels() != before);
    program.click("n03", desk::LEFT);
    program.wait_until_calm();
    let trace = Trace::read(&program.quit());
    assert!(trace.text_of(3).contains("a picture.jpg"));
    let actions = trace.actions("propose");
    let last = actions.last().unwrap();
    assert_eq!(last["content"]["file"]["size_bytes"], 21, "{last}");
}
