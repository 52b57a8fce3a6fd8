//! The window attached to node processes.

use super::driver::{LEFT, VirtualDisplay, pause};
use crate::cluster::{Cluster, agreed, all_ready};
use std::process::Command;
use std::time::Duration;

/// Fill colour of a node that has externalized, in screen order: blue, green, red.
const EXTERNALIZED: [u8; 3] = [0x73, 0x9e, 0x00];
/// Minimum number of pixels that a node fills with its phase colour.
const FILL: usize = 200;

#[test]
fn a_click_makes_an_attached_process_propose() {
    let cluster = Cluster::start(&["--nodes", "3"]);
    let mut watcher = cluster.watch();
    watcher.wait("all are ready to vote", |world| {
        world.nodes.len() == 3 && all_ready(world)
    });
    let display = VirtualDisplay::new();
    let mut args = vec!["--attach"];
    args.extend(cluster.urls.iter().map(String::as_str));
    let mut program = display.start(&args);
    program.wait_for_nodes(3);
    let green = || {
        display
            .pixels()
            .iter()
            .filter(|pixel| **pixel == EXTERNALIZED)
            .count()
    };
    let before = green();

    program.click("n2", LEFT);
    watcher.wait("all agree", |world| agreed(world, 1));
    display.wait_until("the picture shows the decision", || {
        green() > before + 3 * FILL
    });
    // The wait above ends with the first green node. The others follow within a second.
    pause(Duration::from_secs(1));
    program.key("s");
    let (_, svg) = program.screenshots();
    for words in [
        "n1",
        "n2",
        "n3",
        "Live: nodes as processes",
        "slot 1 agreed",
    ] {
        assert!(svg.contains(words), "{words} is not in the picture");
    }
    // The recorded trace can be replayed.
    let trace = program.quit();
    let run = ["run", "--json", "--replay", trace.to_str().unwrap()];
    let output = Command::new(env!("CARGO_BIN_EXE_quorumscope"))
        .args(run)
        .output()
        .unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&summary["nodes"], &summary["outcome"]),
        (&3.into(), &"agreed".into())
    );
    assert_eq!(summary["slots"]["1"].as_object().unwrap().len(), 3);
    let mut program = display.show(&["--replay", trace.to_str().unwrap()]);
    display.wait_until("the trace is played to the end", || {
        green() > before + 3 * FILL
    });
    program.quit();
    // Closing the window does not stop the processes.
    watcher.look();
    assert!(all_ready(&watcher.world));
    assert_eq!(cluster.end(), 0);
}
