//! Parsed sources below `src/` for the layer tests.

use super::{imports, words};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One file below `src/`.
pub(super) struct Source {
    /// Path below `src/`, with `/` as separator.
    pub(super) path: String,
    /// Module path of the file, such as `["scp", "quorum", "quorum_search"]`. `lib.rs` and `main.rs` have the empty path.
    pub(super) module: Vec<String>,
    pub(super) text: String,
    /// The modules that the file declares, except those for tests.
    pub(super) declared: BTreeSet<String>,
    /// The types and traits that the code outside tests defines.
    pub(super) types: BTreeSet<String>,
    /// Paths of this crate that the code outside tests names.
    pub(super) imports: BTreeSet<Vec<String>>,
    /// The re-exports of the file: each name with its full path.
    pub(super) exports: Vec<(String, Vec<String>)>,
    /// String literals outside of attributes, assertions and the log.
    pub(super) literals: Vec<words::Literal>,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Source {
        let below = path.strip_prefix(root).unwrap();
        let module = module_of(below);
        let text = fs::read_to_string(path).unwrap();
        let mut syntax = syn::parse_file(&text).unwrap();
        syntax.items.retain(|item| !is_for_tests(item));
        let declared = syntax.items.iter().filter_map(|item| match item {
            syn::Item::Mod(item) if item.content.is_none() => Some(item.ident.to_string()),
            _ => None,
        });
        let types = syntax.items.iter().filter_map(|item| match item {
            syn::Item::Struct(item) => Some(&item.ident),
            syn::Item::Enum(item) => Some(&item.ident),
            syn::Item::Trait(item) => Some(&item.ident),
            syn::Item::Type(item) => Some(&item.ident),
            _ => None,
        });
        Source {
            types: types.map(ToString::to_string).collect(),
            declared: declared.collect(),
            path: below.to_string_lossy().replace('\\', "/"),
            text,
            imports: imports::paths(&module, &syntax),
            exports: imports::exports(&module, &syntax),
            literals: words::literals(&syntax),
            module,
        }
    }

    /// The first part of the module path, which is the key in the table of layers.
    pub(super) fn layer(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// Whether the whole file belongs to tests: `tests.rs`, `test_support.rs`, or a file below a folder `tests`.
    pub(super) fn is_test(&self) -> bool {
        self.module.iter().any(|part| {
            ["tests", "test_support"].contains(&part.as_str()) || part.ends_with("_tests")
        })
    }
}

/// Every source below `src/`, sorted by path.
pub(super) fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut paths = files_below(&root, "rs");
        paths.sort();
        paths.iter().map(|path| Source::read(&root, path)).collect()
    });
    &SOURCES
}

/// Every file below `folder` with this extension.
pub(super) fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}

fn module_of(below: &Path) -> Vec<String> {
    let mut module: Vec<String> = below
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if module == ["lib"] || module == ["main"] {
        module.clear();
    }
    module
}

/// Whether the item is compiled only for tests.
pub(super) fn is_for_tests(item: &syn::Item) -> bool {
    let attributes = match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        list.path.is_ident("cfg")
            && list
                .tokens
                .to_string()
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "test")
    })
}
