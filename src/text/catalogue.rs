//! Message catalogue: loads the Fluent bundle of the language and resolves messages with their arguments.
//!
//! [`messages!`] declares messages with typed arguments; the text is in `assets/text/en.ftl` under the identifier
//! `<namespace>-<function>`. The tests below compare both sides: each declared message exists, uses exactly its
//! arguments and resolves without an error, and the file contains no other message. The compiler reports a declared
//! message that no code uses as dead code.

use super::number::grouped;
use crate::scp::SlotIndex;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;

/// English, the only language. Another language needs a file and a bundle of its own.
const ENGLISH: &str = include_str!("../../assets/text/en.ftl");

static BUNDLE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(ENGLISH));

fn bundle(source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap_or_default()]);
    // Directional isolates around arguments are invisible characters that the bundled fonts do not have.
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(number_text(number.value as u64)),
        _ => None,
    }));
    // If the file has errors, its valid messages remain usable. The tests below find every error.
    let resource =
        FluentResource::try_new(source.to_owned()).unwrap_or_else(|(partial, _)| partial);
    bundle.add_resource_overriding(resource);
    bundle
}

/// A whole number with the separators of the language: 12,345.
#[must_use]
pub(crate) fn number_text(number: u64) -> String {
    static SEPARATOR: LazyLock<String> = LazyLock::new(|| resolve("unit-thousands_separator", []));
    grouped(number, &SEPARATOR)
}

/// Resolves a message with its arguments, by name. A missing message resolves to its identifier.
pub(super) fn resolve<const N: usize>(
    id: &'static str,
    arguments: [(&'static str, FluentValue<'_>); N],
) -> String {
    let Some(pattern) = BUNDLE.get_message(id).and_then(|message| message.value()) else {
        return id.to_owned();
    };
    let arguments: FluentArgs<'_> = arguments.into_iter().collect();
    // The errors are discarded, because a missing argument is visible in the text: it resolves to its name.
    let text = BUNDLE.format_pattern(pattern, Some(&arguments), &mut Vec::new());
    text.into_owned()
}

/// A type that a message takes as an argument.
pub(super) trait Argument {
    /// The value for Fluent: numbers select plural forms, everything else is text.
    fn value(&self) -> FluentValue<'_>;
}

impl Argument for &str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for usize {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for u64 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

impl Argument for u32 {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(*self)
    }
}

/// A slot index is a name, not a quantity, so it has no thousands separators.
impl Argument for SlotIndex {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self.0.to_string())
    }
}

/// Declares messages of a namespace as functions.
///
/// `fn name();` returns a text that is resolved once; `fn name(argument: Type, ...);` formats a new text.
macro_rules! messages {
    ($namespace:literal: $($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?);)*) => {
        $($crate::text::catalogue::message! { $namespace $(#[$doc])* fn $name($($argument: $type),*); })*

        /// Identifier and arguments of each message, for the tests of the catalogue.
        #[cfg(test)]
        pub(in crate::text) const DECLARED: &[(&str, &[&str])] = &[
            $((concat!($namespace, "-", stringify!($name)), &[$(stringify!($argument)),*])),*
        ];
    };
}

macro_rules! message {
    ($namespace:literal $(#[$doc:meta])* fn $name:ident();) => {
        $(#[$doc])*
        #[must_use]
        pub(crate) fn $name() -> &'static str {
            static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
                $crate::text::catalogue::resolve(concat!($namespace, "-", stringify!($name)), [])
            });
            &TEXT
        }
    };
    ($namespace:literal $(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),+);) => {
        $(#[$doc])*
        #[must_use]
        #[allow(clippy::too_many_arguments)]
        pub(crate) fn $name($($argument: $type),+) -> String {
            $crate::text::catalogue::resolve(
                concat!($namespace, "-", stringify!($name)),
                [$((stringify!($argument), $crate::text::catalogue::Argument::value(&$argument))),+],
            )
        }
    };
}

pub(super) use {message, messages};

#[cfg(test)]
mod tests {
    use super::super::NAMESPACES;
    use super::*;
    use fluent_syntax::ast::{
        CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement,
    };
    use fluent_syntax::parser;
    use std::collections::{BTreeMap, BTreeSet};

    type Variables = BTreeSet<String>;

    /// The messages of the file with the variables that each uses.
    fn messages_in_file() -> BTreeMap<String, Variables> {
        let resource = parser::parse(ENGLISH)
            .map_err(|(_, errors)| errors)
            .unwrap();
        let mut messages = BTreeMap::new();
        for entry in &resource.body {
            match entry {
                Entry::Message(message) => {
                    let mut variables = Variables::new();
                    collect(message.value.as_ref().unwrap(), &mut variables);
                    assert!(message.attributes.is_empty(), "{}", message.id.name);
                    let earlier = messages.insert(message.id.name.to_owned(), variables);
                    assert!(earlier.is_none(), "{} is defined twice", message.id.name);
                }
                Entry::Term(term) => panic!("-{}: terms are not used", term.id.name),
                Entry::Junk { content } => panic!("not Fluent: {content}"),
                _ => {}
            }
        }
        messages
    }

    fn collect(pattern: &Pattern<&str>, out: &mut Variables) {
        for element in &pattern.elements {
            if let PatternElement::Placeable { expression } = element {
                collect_expression(expression, out);
            }
        }
    }

    fn collect_expression(expression: &Expression<&str>, out: &mut Variables) {
        match expression {
            Expression::Inline(inline) => collect_inline(inline, out),
            Expression::Select { selector, variants } => {
                collect_inline(selector, out);
                variants
                    .iter()
                    .for_each(|variant| collect(&variant.value, out));
            }
        }
    }

    fn collect_inline(inline: &InlineExpression<&str>, out: &mut Variables) {
        match inline {
            InlineExpression::VariableReference { id } => drop(out.insert(id.name.to_owned())),
            InlineExpression::Placeable { expression } => collect_expression(expression, out),
            InlineExpression::FunctionReference {
                arguments: CallArguments { positional, .. },
                ..
            } => {
                positional
                    .iter()
                    .for_each(|argument| collect_inline(argument, out));
            }
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
            other => panic!("{other:?}: a message does not refer to other messages"),
        }
    }

    fn declared() -> BTreeMap<String, Variables> {
        let mut declared = BTreeMap::new();
        for (id, arguments) in NAMESPACES.iter().flat_map(|messages| messages.iter()) {
            let arguments = arguments.iter().map(|name| (*name).to_owned()).collect();
            let earlier = declared.insert((*id).to_owned(), arguments);
            assert!(earlier.is_none(), "{id} is declared twice");
        }
        declared
    }

    #[test]
    fn every_declared_message_exists_and_uses_exactly_its_arguments() {
        let (file, declared) = (messages_in_file(), declared());
        for (id, arguments) in &declared {
            let variables = file
                .get(id)
                .unwrap_or_else(|| panic!("{id} is missing in en.ftl"));
            assert_eq!(variables, arguments, "{id}");
        }
    }

    #[test]
    fn the_file_has_no_message_that_no_code_declares() {
        let declared = declared();
        let unused: Vec<String> = messages_in_file()
            .into_keys()
            .filter(|id| !declared.contains_key(id))
            .collect();
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn every_message_resolves_without_an_error() {
        for (id, variables) in messages_in_file() {
            for count in [0, 1, 2, 1_000] {
                let arguments: FluentArgs<'_> = variables
                    .iter()
                    .map(|name| (name.as_str(), FluentValue::from(count)))
                    .collect();
                let mut errors = Vec::new();
                let pattern = BUNDLE.get_message(&id).unwrap().value().unwrap();
                let text = BUNDLE.format_pattern(pattern, Some(&arguments), &mut errors);
                assert!(errors.is_empty(), "{id}: {errors:?}");
                assert!(!text.trim().is_empty(), "{id} is empty");
            }
        }
    }
}
