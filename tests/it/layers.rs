//! The layering of `src/` is what the map in `lib.rs` says: reads every `use` line and every token that is allowed
//! in one place only.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Module -> what it may use of ours. `node::view` and `scp::id` stand for a part of a module.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("rng", &[]),
    ("scp", &["time"]),
    ("node", &["time", "scp"]),
    ("net", &["time", "rng", "scp"]),
    ("analysis", &["scp"]),
    ("scenario", &["time", "rng", "scp", "node", "net"]),
    ("trace", &["time", "scp", "node", "net", "scenario"]),
    ("run", &["time", "scenario", "trace"]),
    (
        "sim",
        &[
            "time", "rng", "scp", "node", "net", "scenario", "trace", "run",
        ],
    ),
    (
        "live",
        &[
            "time", "rng", "scp", "node", "net", "scenario", "trace", "run",
        ],
    ),
    (
        "picture",
        &[
            "time",
            "scp",
            "node::view",
            "net",
            "scenario",
            "trace",
            "analysis",
        ],
    ),
    (
        "window",
        &[
            "time",
            "scp",
            "node::view",
            "net",
            "scenario",
            "trace",
            "analysis",
            "run",
            "picture",
        ],
    ),
];

/// May use everything.
const TOP: &[&str] = &["commands", "cli", "main", "lib"];

/// A token, and the files (by prefix below `src/`) in which alone it may occur.
const TOKENS: &[(&str, &[&str])] = &[
    ("Instant::now", &["live/", "commands/", "window/frame"]),
    ("SystemTime", &["live/", "commands/"]),
    ("std::net", &["live/", "cli/net"]),
    (
        "thread::",
        &[
            "sim/threads",
            "live/",
            "window/jobs.rs",
            "commands/bench_scp/affinity.rs",
            "commands/bench_scp/threads.rs",
            "commands/node.rs",
            "commands/propose.rs",
        ],
    ),
    ("is_key_pressed", &["window/input"]),
    ("is_key_down", &["window/input"]),
    ("is_mouse_button", &["window/input"]),
    ("mouse_position(", &["window/input"]),
    ("mouse_wheel(", &["window/input"]),
    ("draw_line", &["window/paint"]),
    ("draw_circle", &["window/paint"]),
    ("draw_text", &["window/paint"]),
    ("draw_mesh", &["window/paint"]),
    ("draw_texture", &["window/paint"]),
    ("draw_rectangle", &["window/paint"]),
    ("Color::rgb(", &["picture/theme.rs"]),
    (
        "Color32::from_rgb(",
        &["picture/theme.rs", "window/style.rs"],
    ),
    ("from_hex", &["picture/theme.rs"]),
];

/// Order is data there: no hashed collections.
const ORDERED: &[&str] = &["scp", "node", "net", "sim", "trace"];

struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut pending = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let relative = path.strip_prefix(&root).unwrap().to_path_buf();
                let first = relative
                    .components()
                    .next()
                    .unwrap()
                    .as_os_str()
                    .to_string_lossy()
                    .into_owned();
                let module = first.trim_end_matches(".rs").to_string();
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source {
                    path: relative,
                    module,
                    text,
                });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// The code without comments and without what follows `#[cfg(test)]` on a `mod tests`.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end]
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every path of ours that the code names: `crate::a::b` -> `a::b`, also inside `use crate::{a::b, c}`.
fn uses(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let end = list.find("};").unwrap_or(list.len());
            let mut depth = 0;
            let mut item = String::new();
            for c in list[..end].chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut item)),
                    _ if depth == 0 && !c.is_whitespace() => item.push(c),
                    _ => {}
                }
            }
            found.push(item);
        } else {
            found.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                    .collect(),
            );
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

fn is_allowed(used: &str, allowed: &[&str]) -> bool {
    allowed.iter().any(|may| {
        used == *may
            || used
                .strip_prefix(may)
                .is_some_and(|rest| rest.starts_with("::"))
    })
}

#[test]
fn modules_import_only_lower_layers() {
    let table: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        if TOP.contains(&source.module.as_str()) {
            continue;
        }
        let Some(allowed) = table.get(source.module.as_str()) else {
            wrong.push(format!(
                "{}: module {} is not in the table of layers",
                source.path.display(),
                source.module
            ));
            continue;
        };
        for used in uses(&code(&source.text)) {
            let own = used == source.module || used.starts_with(&format!("{}::", source.module));
            if !own && !is_allowed(&used, allowed) {
                wrong.push(format!(
                    "{}: must not use crate::{used}",
                    source.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn restricted_tokens_stay_in_their_modules() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = code(&source.text);
        let path = source.path.to_string_lossy().replace('\\', "/");
        for (token, places) in TOKENS {
            if code.contains(token) && !places.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path}: {token} belongs in {places:?}"));
            }
        }
        if ORDERED.contains(&source.module.as_str()) {
            for token in ["HashMap", "HashSet"] {
                if code.contains(token) {
                    wrong.push(format!(
                        "{path}: {token} has no order that a replay can trust"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_has_module_docs() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "no //! at the top of {silent:?}");
}

/// The fuzz targets are a workspace of their own, which nothing here builds: what this package needs is locked there, too.
#[test]
fn fuzz_lockfile_lists_every_dependency() {
    let read = |path: &str| -> toml::Table {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::read_to_string(path).unwrap().parse().unwrap()
    };
    let packages = read("fuzz/Cargo.lock");
    let packages = packages["package"].as_array().unwrap();
    let this = packages
        .iter()
        .find(|package| package["name"].as_str() == Some("quorumscope"));
    let locked = this.unwrap()["dependencies"].as_array().unwrap();
    let manifest = read("Cargo.toml");
    let targets = manifest["target"].as_table().unwrap().values();
    let tables = targets.filter_map(|target| target.get("dependencies"));
    let tables = tables.chain(manifest.get("dependencies"));
    let is_optional =
        |needed: &toml::Value| needed.get("optional").and_then(toml::Value::as_bool) == Some(true);
    let mut count = 0;
    for (name, needed) in tables.filter_map(|table| table.as_table()).flatten() {
        if !is_optional(needed) {
            assert!(
                locked.contains(&toml::Value::from(name.as_str())),
                "fuzz/Cargo.lock lacks {name}: cargo update --workspace --manifest-path fuzz/Cargo.toml"
            );
            count += 1;
        }
    }
    assert!(count > 10);
}

#[test]
fn use_line_parser_handles_every_form() {
    let text = "use crate::a::B;\nuse crate::{c::D, e::{F, G}, h};\nlet x = crate::i::j(); // crate::k::l\n";
    assert_eq!(uses(&code(text)), ["a::B", "c::D", "e::", "h", "i::j"]);
    assert!(is_allowed("node::view::Phase", &["node::view"]));
    assert!(!is_allowed("node::Node", &["node::view"]));
    assert!(!is_allowed("nodes", &["node"]));
}
