//! Import graph of the files: every path of this crate in the code, resolved through `pub use` to the file that defines
//! it.

use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::Visit;

/// Every path of this crate that the syntax names, from the crate root: `["scp", "quorum", "NodeSet"]`.
pub(super) fn paths(module: &[String], syntax: &syn::File) -> BTreeSet<Vec<String>> {
    let mut collector = Collector {
        module: module.to_vec(),
        paths: BTreeSet::new(),
    };
    collector.visit_file(syntax);
    collector.paths.retain(|path| !path.is_empty());
    collector.paths
}

/// The re-exports of a file: each name with its full path.
pub(super) fn exports(module: &[String], syntax: &syn::File) -> Vec<(String, Vec<String>)> {
    let public = syntax.items.iter().filter_map(|item| match item {
        syn::Item::Use(item) if !matches!(item.vis, syn::Visibility::Inherited) => Some(item),
        _ => None,
    });
    let all = public.flat_map(|item| leaves(&item.tree));
    all.filter_map(|leaf| {
        let name = leaf.last()?.clone();
        let path = absolute(module, &leaf).unwrap_or_else(|| [module, leaf.as_slice()].concat());
        Some((name, path))
    })
    .collect()
}

/// `path` from the crate root, if it begins with `crate`, `self` or `super`.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    let mut rest = path;
    while let [first, tail @ ..] = rest {
        match first.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        rest = tail;
    }
    base.extend_from_slice(rest);
    Some(base)
}

struct Collector {
    module: Vec<String>,
    paths: BTreeSet<Vec<String>>,
}

impl Collector {
    fn record(&mut self, path: &[String]) {
        self.paths.extend(absolute(&self.module, path));
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        for path in leaves(&item.tree) {
            self.record(&path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<_> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        self.record(&parts);
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // `syn` does not parse the tokens of a macro call, so this code searches them for `crate::` and `super::`.
        let tokens = call.tokens.to_string().replace(' ', "");
        for start in ["crate::", "super::"] {
            for (at, _) in tokens.match_indices(start) {
                let path = tokens[at..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'));
                let path: String = path.collect();
                self.record(&path.split("::").map(str::to_owned).collect::<Vec<_>>());
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

/// The full paths of a use tree, with original names instead of renames. A glob gives the path before it.
fn leaves(tree: &syn::UseTree) -> Vec<Vec<String>> {
    match tree {
        syn::UseTree::Path(path) => {
            let mut all = leaves(&path.tree);
            for leaf in &mut all {
                leaf.insert(0, path.ident.to_string());
            }
            all
        }
        syn::UseTree::Name(name) if name.ident == "self" => vec![Vec::new()],
        syn::UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        syn::UseTree::Rename(name) => vec![vec![name.ident.to_string()]],
        syn::UseTree::Glob(_) => vec![Vec::new()],
        syn::UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

/// The files of the crate and their imports.
pub(super) struct Graph<'a> {
    modules: BTreeMap<&'a [String], &'a Source>,
    /// Module and name -> path that the module re-exports under that name.
    exports: BTreeMap<(&'a [String], &'a str), &'a [String]>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(sources: &'a [Source]) -> Graph<'a> {
        let modules = sources
            .iter()
            .map(|source| (source.module.as_slice(), source));
        let exports = sources.iter().flat_map(|source| {
            let own = source.module.as_slice();
            source
                .exports
                .iter()
                .map(move |(name, path)| ((own, name.as_str()), path.as_slice()))
        });
        Graph {
            modules: modules.collect(),
            exports: exports.collect(),
        }
    }

    /// The file that defines the item at `path`.
    fn defining(&self, path: &[String]) -> Option<&'a Source> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let depth = (0..=path.len())
                .rev()
                .find(|&depth| self.modules.contains_key(&path[..depth]))?;
            let source = self.modules[&path[..depth]];
            let Some(name) = path.get(depth) else {
                return Some(source);
            };
            match self.exports.get(&(source.module.as_slice(), name.as_str())) {
                Some(target) if **target != path[..=depth] => {
                    path = target.iter().chain(&path[depth + 1..]).cloned().collect();
                }
                _ => return Some(source),
            }
        }
        None
    }

    /// The files that `source` uses, except itself, its ancestors and its descendants.
    pub(super) fn used_by(&self, source: &Source) -> BTreeSet<&'a str> {
        let related = |other: &Source| {
            other.module.starts_with(&source.module) || source.module.starts_with(&other.module)
        };
        source
            .imports
            .iter()
            .filter_map(|path| self.defining(path))
            .filter(|other| !related(other))
            .map(|other| other.path.as_str())
            .collect()
    }
}

/// Import cycles: the strongly connected components of the import graph with more than one file.
pub(super) fn cycles(sources: &[Source]) -> Vec<Vec<String>> {
    let graph = Graph::new(sources);
    let uses: BTreeMap<&str, BTreeSet<&str>> = sources
        .iter()
        .filter(|source| !source.is_test())
        .map(|source| (source.path.as_str(), graph.used_by(source)))
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = uses
        .keys()
        .map(|&file| (file, reachable(&uses, file)))
        .collect();
    let mut found = BTreeSet::new();
    for (&file, others) in &reached {
        let cycle: Vec<String> = others
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).to_owned())
            .collect();
        if cycle.len() > 1 {
            found.insert(cycle);
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(uses: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut pending: Vec<&str> = uses[from].iter().copied().collect();
    while let Some(next) = pending.pop() {
        if reached.insert(next) {
            pending.extend(uses.get(next).into_iter().flatten());
        }
    }
    reached
}
