//! Layers of `src/`, as in the map in `lib.rs`: checks the imports of each module, import cycles, in which files some
//! tokens occur, and the words of the project.

mod imports;
mod module_maps;
mod source;
mod words;

use source::sources;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Module -> modules of this crate that it may use. A path such as `node::view` allows only this part of the module.
const MAY_USE: &[(&str, &[&str])] = &[
    ("time", &[]),
    ("rng", &[]),
    ("lists", &[]),
    ("scp", &["time", "lists"]),
    ("node", &["time", "lists", "scp"]),
    ("net", &["time", "rng", "scp"]),
    ("analysis", &["scp"]),
    ("scenario", &["time", "rng", "scp", "node", "net"]),
    ("trace", &["time", "scp", "node", "net", "scenario"]),
    (
        "explain",
        &["time", "scp", "node::view", "trace", "analysis"],
    ),
    ("run", &["time", "scp", "node::view", "scenario", "trace"]),
    (
        "sim",
        &[
            "time", "rng", "scp", "node", "net", "scenario", "trace", "run",
        ],
    ),
    (
        "live",
        &[
            "time", "rng", "lists", "scp", "node", "net", "scenario", "trace", "run",
        ],
    ),
    (
        "text",
        &["time", "scp", "node::view", "scenario", "trace", "explain"],
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
            "explain",
            "text",
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
            "explain",
            "run",
            "text",
            "picture",
        ],
    ),
];

/// Modules that may use all others.
const TOP: &[&str] = &["commands", "cli", "main", "lib"];

/// Token -> path prefixes below `src/`. The token may occur only in files with such a prefix.
const TOKENS: &[(&str, &[&str])] = &[
    ("Instant::now", &["live/", "commands/", "window/frame"]),
    ("SystemTime", &["live/", "commands/"]),
    ("std::net", &["live/", "cli/net"]),
    (
        "thread::",
        &[
            "sim/worker_threads.rs",
            "live/",
            "window/jobs.rs",
            "commands/node.rs",
            "commands/propose.rs",
            "commands/support/quorum_intersection.rs",
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
    (
        "Color::rgb(",
        &["picture/theme.rs", "picture/theme/tests.rs"],
    ),
    (
        "Color32::from_rgb(",
        &["picture/theme.rs", "window/style.rs"],
    ),
    ("from_hex", &["picture/theme.rs"]),
];

/// Modules whose results depend on iteration order, so they must not use hashed collections.
const ORDERED: &[&str] = &["scp", "node", "net", "sim", "trace", "explain"];

/// The code without comments and without the test module at its end.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..end]
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
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
        let layer = source.layer();
        if TOP.contains(&layer) || source.is_test() {
            continue;
        }
        let Some(allowed) = table.get(layer) else {
            wrong.push(format!(
                "{}: module {layer} is not in the table of layers",
                source.path
            ));
            continue;
        };
        for used in &source.imports {
            let is_own = used.first().is_some_and(|first| first == layer);
            let used = used.join("::");
            if !is_own && !is_allowed(&used, allowed) {
                wrong.push(format!("{}: must not use crate::{used}", source.path));
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
        let path = &source.path;
        for (token, places) in TOKENS {
            if code.contains(token) && !places.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path}: {token} belongs in {places:?}"));
            }
        }
        if ORDERED.contains(&source.layer()) {
            for token in ["HashMap", "HashSet"] {
                if code.contains(token) {
                    wrong.push(format!("{path}: {token} has no deterministic order"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_has_module_docs() {
    let silent: Vec<_> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| &source.path)
        .collect();
    assert!(silent.is_empty(), "no //! at the top of {silent:?}");
}

/// The fuzz targets form a separate workspace, which the other tests do not build. Its lockfile must list the
/// dependencies of this package.
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
fn imports_between_files_have_no_cycle() {
    let cycles = imports::cycles(sources());
    let lines: Vec<_> = cycles.iter().map(|cycle| cycle.join(", ")).collect();
    assert!(lines.is_empty(), "import cycles:\n{}", lines.join("\n"));
}

#[test]
fn module_maps_list_the_modules_of_their_files() {
    let found = module_maps::differences(sources());
    assert!(found.is_empty(), "module maps:\n{}", found.join("\n"));
}

#[test]
fn layers_are_the_modules_of_the_crate() {
    let root = sources().iter().find(|source| source.path == "lib.rs");
    let layers = MAY_USE
        .iter()
        .map(|(layer, _)| *layer)
        .chain(TOP.iter().copied());
    let layers: BTreeSet<&str> = layers
        .filter(|layer| !["lib", "main"].contains(layer))
        .collect();
    let declared: BTreeSet<&str> = root.unwrap().declared.iter().map(String::as_str).collect();
    assert_eq!(layers, declared);
}

#[test]
fn banned_words_do_not_occur() {
    let mut found = words::banned_words();
    found.extend(words::banned_types(sources()));
    assert!(found.is_empty(), "banned words:\n{}", found.join("\n"));
}

#[test]
fn texts_for_people_are_in_the_catalogue() {
    let found = words::stray_texts(sources());
    assert!(
        found.is_empty(),
        "texts for people outside of assets/text/en.ftl:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_part_of_a_module_can_be_allowed() {
    assert!(is_allowed("node::view::Phase", &["node::view"]));
    assert!(!is_allowed("node::Node", &["node::view"]));
    assert!(!is_allowed("nodes", &["node"]));
}
