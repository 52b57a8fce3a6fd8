//! README and docs: every shell command runs or parses, every relative link resolves.
//!
//! Code blocks marked `sh` are executed. Blocks marked `sh check` need a display, another machine, the network or a lot
//! of time: their commands are only parsed. `docs/real-nodes.md` is executed by `processes/real_nodes_page.rs`.

use clap::Parser;
use quorumscope::cli::Cli;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced code block.
struct Block {
    /// What follows the opening fence, such as `sh check`.
    info: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// README.md and the pages of docs/, relative to the package.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        pages.push(format!("docs/{name}"));
    }
    pages.sort();
    assert!(pages.len() > 6, "{pages:?}");
    pages
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(info), None) => {
                open = Some(Block {
                    info: info.to_owned(),
                    text: String::new(),
                });
            }
            (None, Some(mut block)) => {
                block.text += line;
                block.text += "\n";
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the last code block has no end");
    blocks
}

/// All `sh` blocks of a page, in order.
fn script(page: &str) -> String {
    let blocks = blocks(&read(page));
    let scripts = blocks.into_iter().filter(|block| block.info == "sh");
    scripts.map(|block| block.text).collect()
}

/// Executes the `sh` blocks of a page in a folder with the files they use. `cargo run` starts the binary under test.
fn run(page: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let cargo = format!(
        "#!/bin/sh\n[ \"$1\" = run ] || {{ echo \"cargo $1 needs a check block\" >&2; exit 64; }}\nshift\n\
         [ \"$1\" != --release ] || shift\n[ \"$1\" != -- ] || shift\nexec '{}' \"$@\"\n",
        env!("CARGO_BIN_EXE_quorumscope")
    );
    fs::write(bin.join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    for name in ["assets", "tests"] {
        symlink(root().join(name), work.join(name)).unwrap();
    }
    let mut path: Vec<PathBuf> = vec![bin];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script(page)])
        .env("PATH", std::env::join_paths(path).unwrap())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .current_dir(&work)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{page}: {out}\n{err}");
    out
}

#[test]
fn readme_commands_run() {
    let out = run("README.md");
    assert!(out.contains("\"photo.jpg\", decided by all 3"), "{out}");
}

#[test]
fn scenario_commands_run() {
    let out = run("docs/scenarios.md");
    assert!(out.contains("\"tea at five\", decided by all 3"), "{out}");
    assert!(out.contains("recorded"), "{out}");
}

#[test]
fn explain_commands_run() {
    let out = run("docs/explain.md");
    assert!(out.contains("Enough to bring back: A, or D"), "{out}");
    assert!(out.contains("\"at_us\":5400000"), "{out}");
}

#[test]
fn measuring_commands_run() {
    let out = run("docs/measuring.md");
    assert!(out.contains("CPU ms/slot"), "{out}");
}

#[test]
fn every_code_block_is_run_checked_or_plain_text() {
    let run = [
        "README.md",
        "docs/scenarios.md",
        "docs/explain.md",
        "docs/measuring.md",
        "docs/real-nodes.md",
    ];
    for page in pages() {
        for Block { info, text } in blocks(&read(&page)) {
            match info.as_str() {
                "sh" => assert!(run.contains(&page.as_str()), "{page}: no test runs {text}"),
                "sh check" => text.lines().for_each(|line| check(&page, line)),
                "text" => assert!(
                    !text.contains("quorumscope "),
                    "{page}: mark as `sh check`: {text}"
                ),
                other => panic!("{page}: code block marked {other:?}"),
            }
        }
    }
}

/// Parses one command of a `sh check` block.
fn check(page: &str, line: &str) {
    let command = line.split(" #").next().unwrap_or_default();
    let mut words = command
        .split_whitespace()
        .map(|word| word.trim_matches('\''));
    let program = words.by_ref().find(|word| !word.contains('='));
    let words: Vec<&str> = words.collect();
    let parse = |args: &[&str]| {
        let args = std::iter::once(&"quorumscope").chain(args);
        if let Err(error) = Cli::try_parse_from(args) {
            panic!("{page}: {line}: {error}");
        }
    };
    match (program, words.as_slice()) {
        (Some("quorumscope"), args)
        | (Some("cargo"), ["run", "--", args @ ..] | ["run", "--release", "--", args @ ..]) => {
            parse(args)
        }
        (Some("cargo"), ["+nightly", "fuzz", "run", rest @ ..] | ["fuzz", "run", rest @ ..]) => {
            let target = rest.last().unwrap();
            let target = format!("fuzz/fuzz_targets/{target}.rs");
            assert!(
                root().join(&target).exists(),
                "{page}: {line}: there is no {target}"
            );
        }
        (Some("cargo"), ["test", "--locked", "--lib", filter, ..]) => {
            let folder = format!("src/{}", filter.replace("::", "/"));
            assert!(root().join(folder).exists(), "{page}: {line}");
        }
        (Some("cargo"), ["bench"] | ["test"] | ["install", "cargo-fuzz", "--locked"]) => {}
        (Some("cargo"), ["install", "--locked", "--path", ".", "--features", "tls"]) => {}
        (Some(file), _) if file.contains('/') => {
            assert!(root().join(file).exists(), "{page}: {line}")
        }
        _ => panic!("{page}: {line}: the test does not know this command"),
    }
}

#[test]
fn every_relative_link_resolves() {
    for page in pages() {
        let markdown = read(&page);
        let folder = Path::new(&page).parent().unwrap();
        for (at, _) in markdown.match_indices("](") {
            let target = markdown[at + 2..].split(')').next().unwrap();
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => root().join(&page),
                file => root().join(folder).join(file),
            };
            assert!(path.exists(), "{page}: {target} does not exist");
            if !anchor.is_empty() {
                let headings = fs::read_to_string(&path).unwrap();
                let is_there = headings
                    .lines()
                    .any(|line| slug(line) == Some(anchor.to_owned()));
                assert!(is_there, "{page}: {target} has no such heading");
            }
        }
    }
}

/// The anchor that GitHub gives a heading.
fn slug(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let slug = heading.to_lowercase().replace(' ', "-");
    Some(
        slug.chars()
            .filter(|c| c.is_alphanumeric() || *c == '-')
            .collect(),
    )
}
