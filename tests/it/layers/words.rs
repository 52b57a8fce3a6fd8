//! Words: terms that the project does not use, and texts for people outside the catalogue.

use super::source::{Source, files_below};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use syn::visit::Visit;

/// Terms that are private metaphors or unusual in technical English, each with the usual term.
const BANNED: &[(&str, &str)] = &[
    (
        "absent here",
        "a sentence that names the file which does it",
    ),
    ("anew", "again"),
    ("anybody", "any node, any user"),
    ("aside", "pending"),
    ("baton", "token"),
    ("camp", "nodes of one value"),
    ("camps", "nodes by value"),
    ("deed", "effect"),
    ("deeds", "effects"),
    ("errand", "request"),
    ("errands", "requests"),
    ("everybody", "all nodes, all users"),
    ("everyone", "every node, every user"),
    ("fate", "outcome"),
    ("fates", "outcomes"),
    ("for ever", "indefinitely"),
    ("heard to vote", "votes received"),
    ("hear", "receive, discover"),
    ("hears", "receives, discovers"),
    ("it is said", "the component that reports it"),
    ("journey", "delivery, round trip"),
    ("journeys", "deliveries, round trips"),
    ("lent", "borrowed"),
    ("liar", "Byzantine node, faulty node"),
    ("liars", "Byzantine nodes, faulty nodes"),
    ("mention", "reference"),
    ("mentions", "refers to, contains"),
    ("nobody", "no node, no user"),
    ("nonsense", "malformed input, fuzz input"),
    ("nonsenses", "malformed inputs, fuzz inputs"),
    ("office", "role"),
    ("offices", "roles"),
    ("ordeal", "stress test"),
    ("ordeals", "stress tests"),
    ("patience", "timeout, backoff"),
    ("said", "sent, reported, the name of the value"),
    ("slit", "layout rectangle"),
    ("slits", "layout rectangles"),
    ("somebody", "a node, a user"),
    ("speaker", "sender"),
    ("speakers", "senders"),
    ("speaks", "sends"),
    ("spoken", "sent, referenced"),
    ("stock", "pool, cache"),
    ("stocks", "pools, caches"),
    ("tell", "send, report"),
    ("tells", "sends, reports"),
    ("told", "sent, reported, the name of the value"),
    ("turned away", "refused"),
    ("twin", "copy, duplicate"),
    ("twins", "copies, duplicates"),
    ("village", "process simulation"),
    ("villages", "process simulations"),
    ("vouch", "certify"),
    ("vouched", "certified"),
    ("voucher", "certified_by"),
    ("vouchers", "certifiers"),
    ("vouches", "certifies"),
    ("whoever", "the node that, the user who"),
    ("whomever", "the node that"),
];

/// Places where a banned word is the name of a JSON field that is defined elsewhere: file, word, beginning of the line.
const FIELDS: &[(&str, &str, &str)] = &[
    ("src/commands/explain/json.rs", "said", "said: "),
    ("docs/explain.md", "said", "| `said` |"),
    ("docs/explain.md", "said", "\"messages\": [{"),
    ("tests/it/explain/command.rs", "said", ""),
];

/// Names of types that were replaced by a standard term. In sentences most of these words are ordinary.
const BANNED_TYPES: &[&str] = &[
    "Aside", "Caller", "Figures", "Gone", "Kept", "Mention", "Spoken", "Unseen", "Voucher",
];

/// Folders and files whose words are checked, with the extension of the files in a folder.
const CHECKED: &[(&str, &str)] = &[
    ("src", "rs"),
    ("tests/it", "rs"),
    ("benches", "rs"),
    ("fuzz/fuzz_targets", "rs"),
    ("docs", "md"),
    ("assets/text", "ftl"),
    ("assets/scenarios", "toml"),
    ("assets/scenarios", "md"),
    ("tests/conformance", "json"),
    ("tests/conformance", "md"),
    ("tests/transcripts", "txt"),
];

/// Single files whose words are checked.
const CHECKED_FILES: &[&str] = &[
    ".cargo/config.toml",
    ".cargo/deny.toml",
    ".ci/run",
    "Cargo.toml",
    "README.md",
    "assets/fonts/README.md",
    "fuzz/Cargo.toml",
    "fuzz/seeds.rs",
    "fuzz/text_mutator.rs",
    "screenshots/make",
    "test",
];

fn checked_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = CHECKED
        .iter()
        .flat_map(|(folder, extension)| files_below(&root.join(folder), extension))
        .collect();
    files.extend(CHECKED_FILES.iter().map(|file| root.join(file)));
    // This file names the banned words.
    files.retain(|file| !file.ends_with("tests/it/layers/words.rs"));
    files.sort();
    files
}

/// Where a banned word occurs: `path:line: "word" (better: ...)`.
pub(super) fn banned_words() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for file in checked_files() {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root).unwrap().display();
        for (line, number) in text.lines().zip(1..) {
            let is_field = |banned: &str| {
                let mut fields = FIELDS.iter();
                fields.any(|(file, word, beginning)| {
                    name.to_string() == *file
                        && *word == banned
                        && line.trim_start().starts_with(beginning)
                })
            };
            for (banned, better) in banned_in(line).filter(|(banned, _)| !is_field(banned)) {
                found.push(format!("{name}:{number}: {banned:?} (better: {better})"));
            }
        }
    }
    found
}

/// Types that have a banned name: `path: name`.
pub(super) fn banned_types(sources: &'static [Source]) -> Vec<String> {
    let of_file = |source: &'static Source| {
        let banned = |name: &&String| BANNED_TYPES.contains(&name.as_str());
        let found = source.types.iter().filter(banned);
        found.map(|name| format!("{}: {name}", source.path))
    };
    sources.iter().flat_map(of_file).collect()
}

fn banned_in(line: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    static PADDED: LazyLock<Vec<String>> =
        LazyLock::new(|| BANNED.iter().map(|(word, _)| format!(" {word} ")).collect());
    let words = words(line);
    let is_in = move |padded: &String| words.contains(padded);
    let found = PADDED
        .iter()
        .zip(BANNED)
        .filter(move |(padded, _)| is_in(padded));
    found.map(|(_, banned)| banned)
}

/// The words of a line in lower case, with identifiers split: `" has deed run "` for `hasDeed_run`.
fn words(line: &str) -> String {
    let mut words = String::from(" ");
    let mut was_lower = false;
    for letter in line.chars() {
        if letter.is_alphanumeric() {
            if letter.is_uppercase() && was_lower {
                words.push(' ');
            }
            words.extend(letter.to_lowercase());
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
        was_lower = letter.is_lowercase();
    }
    words.push(' ');
    words
}

/// Modules and files whose texts for people belong in the catalogue. Texts of errors are part of the error types, and
/// the help of the command line is part of the arguments in `cli`.
const CATALOGUED: &[&str] = &["window", "picture", "commands", "run", "scenario/action.rs"];

fn is_catalogued(path: &str) -> bool {
    CATALOGUED.iter().any(|part| {
        let rest = path.strip_prefix(part);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
    })
}

/// String literals that are not in the catalogue although they look like texts for people: file, beginning, reason.
const EXEMPT: &[(&str, &str, &str)] = &[
    (
        "commands/bench_scp/memory.rs",
        "VmHWM:",
        "a field of /proc/self/status",
    ),
    ("picture/svg.rs", "<", "SVG elements"),
    ("picture/text_layout.rs", "Inter", "the name of the font"),
    (
        "window/options.rs",
        "Quorumscope",
        "the name of the program",
    ),
    (
        "window/paint/framebuffer.rs",
        "OpenGL ES",
        "part of the version string of the driver",
    ),
    ("window/paint/gpu.rs", "#version 100", "shaders in GLSL"),
];

/// Macros whose texts are for developers: assertions and the log.
const DEVELOPER_MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "error",
    "include_bytes",
    "include_str",
    "info",
    "matches",
    "panic",
    "trace",
    "unreachable",
    "warn",
];

/// Methods whose texts are for developers.
const DEVELOPER_METHODS: &[&str] = &["expect", "expect_err"];

/// Functions of egui and of this project that show their argument.
const SHOWING: &[&str] = &[
    "Button::new",
    "RichText::new",
    "Row::plain",
    "button",
    "checkbox",
    "dim_label",
    "heading",
    "hint_text",
    "label",
    "menu_button",
    "on_hover_text",
    "print_line",
    "selectable_label",
    "show_toast",
    "small_button",
];

/// A string literal.
pub(super) struct Literal {
    text: String,
    /// Whether a function of [`SHOWING`] has it as an argument.
    is_shown: bool,
}

impl Literal {
    fn is_for_people(&self) -> bool {
        let has_word = || {
            let mut parts = self.text.split(|c: char| !c.is_alphabetic());
            parts.any(|part| part.chars().count() > 1)
        };
        is_phrase(&self.text) || self.is_shown && has_word()
    }
}

/// Texts for people outside the catalogue (`path: "text"`), and exemptions that no literal needs.
pub(super) fn stray_texts(sources: &[Source]) -> Vec<String> {
    let mut unused = EXEMPT.to_vec();
    let mut found = Vec::new();
    let sources = sources
        .iter()
        .filter(|source| is_catalogued(&source.path) && !source.is_test());
    for source in sources {
        for literal in source.literals.iter().filter(|it| it.is_for_people()) {
            let is_it = |(file, beginning, _): &(&str, &str, &str)| {
                source.path == *file && literal.text.starts_with(beginning)
            };
            if EXEMPT.iter().any(is_it) {
                unused.retain(|exempt| !is_it(exempt));
            } else {
                found.push(format!("{}: {:?}", source.path, literal.text));
            }
        }
    }
    let unused = unused.iter().map(|(file, beginning, reason)| {
        format!("{file}: {beginning:?} ({reason}) needs no exemption any more")
    });
    found.extend(unused);
    found
}

/// Two words in a row, or one capitalised word: `"3 of {n} voted"`, `"Nodes"`; not `"font-size"`.
fn is_phrase(text: &str) -> bool {
    let is_word = |word: &str| {
        let word = word.trim_matches(|c: char| ",.:;?!()\"".contains(c));
        let is_letter = |c: char| c.is_ascii_alphabetic() || c == '\'' || c == '-';
        !word.is_empty() && word.chars().all(is_letter)
    };
    let is_capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && letters.next().is_some_and(char::is_lowercase)
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [word] => is_word(word) && is_capitalised(word),
        _ => words
            .windows(2)
            .any(|pair| pair.iter().all(|word| is_word(word))),
    }
}

/// The string literals outside of attributes, assertions and the log.
pub(super) fn literals(syntax: &syn::File) -> Vec<Literal> {
    let mut visitor = LiteralVisitor { found: Vec::new() };
    visitor.visit_file(syntax);
    visitor.found
}

struct LiteralVisitor {
    found: Vec<Literal>,
}

impl LiteralVisitor {
    fn add(&mut self, text: String, is_shown: bool) {
        self.found.push(Literal { text, is_shown });
    }

    fn add_shown<'a>(&mut self, arguments: impl IntoIterator<Item = &'a syn::Expr>) {
        for argument in arguments {
            if let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) = argument
            {
                self.add(text.value(), true);
            }
        }
    }

    /// The text of an error is not in the catalogue, so a toast must not show the result of `to_string`.
    fn add_toast<'a>(&mut self, arguments: impl IntoIterator<Item = &'a syn::Expr>) {
        for argument in arguments {
            match argument {
                syn::Expr::Reference(reference) => self.add_toast([&*reference.expr]),
                syn::Expr::MethodCall(call) if call.method == "to_string" => {
                    self.add("the result of to_string".to_owned(), true);
                }
                _ => {}
            }
        }
    }

    fn add_tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut is_attribute = false;
        for token in tokens {
            let follows_hash = std::mem::take(&mut is_attribute);
            match token {
                proc_macro2::TokenTree::Punct(mark) => is_attribute = mark.as_char() == '#',
                proc_macro2::TokenTree::Group(_) if follows_hash => {}
                proc_macro2::TokenTree::Group(group) => self.add_tokens(group.stream()),
                proc_macro2::TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.add(text.value(), false);
                    }
                }
                proc_macro2::TokenTree::Ident(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for LiteralVisitor {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.add(text.value(), false);
    }

    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !super::source::is_for_tests(item) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|part| part.ident.to_string());
        if !name.is_some_and(|name| DEVELOPER_MACROS.contains(&name.as_str())) {
            self.add_tokens(call.tokens.clone());
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(path) = &*call.func {
            let parts: Vec<String> = path
                .path
                .segments
                .iter()
                .map(|part| part.ident.to_string())
                .collect();
            let name = parts[parts.len().saturating_sub(2)..].join("::");
            if SHOWING.contains(&name.as_str()) {
                self.add_shown(&call.args);
            }
        }
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        if DEVELOPER_METHODS.contains(&name.as_str()) {
            return self.visit_expr(&call.receiver);
        }
        if SHOWING.contains(&name.as_str()) {
            self.add_shown(&call.args);
        }
        if name == "show_toast" {
            self.add_toast(&call.args);
        }
        syn::visit::visit_expr_method_call(self, call);
    }
}

#[test]
fn banned_words_are_found_in_sentences_and_identifiers() {
    let found = |line: &str| -> Vec<&str> { banned_in(line).map(|(word, _)| *word).collect() };
    assert_eq!(found("/// Nobody told it."), ["nobody", "told"]);
    assert_eq!(
        found("fn hasDeed_run(journey: Twin)"),
        ["deed", "journey", "twin"]
    );
    assert_eq!(found("let heard_to_vote = 1;"), ["heard to vote"]);
    assert_eq!(found("the indeed untold stockade"), [""; 0]);
}

#[test]
fn texts_for_people_are_found_by_their_words_and_by_where_they_are_shown() {
    let code = r#"
        #[doc = "An attribute text"]
        fn f(ui: &mut Ui) {
            assert!(true, "an assertion text");
            let x = y().expect("an expected text");
            let id = Id::new("panel");
            ui.label("seed");
            ui.label(RichText::new("speed"));
            ui.label("×");
            app.show_toast(kind, &refused.to_string());
            let s = format!("{n} of {m} voted for it");
            let t = "Nodes";
            let u = "font-size";
        }
        #[cfg(test)]
        fn g() { h("a test text") }
    "#;
    let literals = literals(&syn::parse_str(code).unwrap());
    let shown = literals.iter().filter(|it| it.is_for_people());
    let shown: Vec<&str> = shown.map(|it| it.text.as_str()).collect();
    let expected = [
        "seed",
        "speed",
        "the result of to_string",
        "{n} of {m} voted for it",
        "Nodes",
    ];
    assert_eq!(shown, expected);
}
