//! The commands of `docs/real-nodes.md` work as printed.

use super::harness::{own_file, text};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// All `sh` blocks of the page, in order.
fn script() -> String {
    let page = fs::read_to_string(own_file("docs/real-nodes.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0)
        .collect()
}

/// A shell with its process group. Dropping the value kills the group.
struct Shell(Child);

impl Drop for Shell {
    fn drop(&mut self) {
        let order = format!("kill -KILL -{}", self.0.id());
        // Usually no process of the group is left.
        drop(Command::new("sh").args(["-c", &order]).output());
        drop(self.0.wait());
    }
}

/// Number of occurrences of `part`.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn real_nodes_page_works_as_printed() {
    // The page uses fixed ports, so only one such test may run at a time on this machine.
    let lock = File::create(std::env::temp_dir().join("quorumscope-real-nodes-page.lock")).unwrap();
    lock.lock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("assets")).unwrap();
    for name in ["README.md", "assets/photo.jpg"] {
        fs::copy(own_file(name), folder.path().join(name)).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_quorumscope"))
        .parent()
        .unwrap();
    let mut path = vec![program.to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let (out, log) = (folder.path().join("out"), folder.path().join("log"));
    let shell = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script()])
        .env("PATH", std::env::join_paths(path).unwrap())
        .current_dir(&folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut shell = Shell(shell);
    let mut ended = None;
    super::harness::wait_until("the script of the page ends", || {
        ended = shell.0.try_wait().unwrap();
        ended.is_some()
    });
    let (out, log) = (fs::read(out).unwrap(), fs::read(log).unwrap());
    let (out, log) = (text(&out), text(&log));
    assert_eq!(ended.unwrap().code(), Some(0), "{out}\n{log}");

    assert_eq!(count(&out, r#""state":"agreed""#), 3, "curl: {out}");
    assert_eq!(
        count(&out, ": agreed in slot "),
        5,
        "quorumscope propose: {out}"
    );
    for name in ["n1", "n2", "n3", "n4"] {
        assert_eq!(count(&out, &format!("backed up at {name}\n")), 1, "{out}");
        let folder = folder.path().join("nodes").join(name).join("files");
        for file in ["README.md", "photo.jpg"] {
            let expected = fs::read(own_file(&format!("assets/{file}")));
            let expected = expected.or_else(|_| fs::read(own_file(file))).unwrap();
            assert!(
                fs::read(folder.join(file)).unwrap() == expected,
                "{name}: {file}"
            );
        }
    }
    // Responses to the four queries about logs.
    for answer in [r#""backup_log":["#, r#""all":["#, r#""policy":"found""#] {
        assert!(out.contains(answer), "{answer}: {out}");
    }
    assert!(count(&out, "tea at five") >= 4, "{out}");
    assert!(
        !out.contains("about:blank"),
        "a response is a problem: {out}"
    );
    assert_eq!(count(&out, "listening on http://127.0.0.1:184"), 6, "{out}");
    assert_eq!(
        count(&log, " stopped "),
        5,
        "all nodes have stopped cleanly: {log}"
    );
}
