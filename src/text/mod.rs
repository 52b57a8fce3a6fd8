//! Texts for people: one internationalised message catalogue for window, pictures and terminal, in Fluent.
//!
//! Each submodule is a namespace. It declares its messages as functions with typed arguments; the sentences are in
//! `assets/text/en.ftl`, one file per language. Callers pass data and get a whole sentence, so word order, plural forms
//! and separators belong to the language.
//!
//! | module | contents |
//! |---|---|
//! | `catalogue` | the message catalogue, and the macro that declares messages |
//! | `event`, `evidence`, `caption` | events as sentences; their reasons; the messages of both |
//! | `explain` | explanations: why, why not, availability, verdicts |
//! | `format`, `number`, `value` | times, lists and numbers; values and ballots |
//! | `line_breaker` | wrapping |
//! | `overlay`, `timeline` | the picture |
//! | `command`, `panel`, `refusal` | the window: commands, panels, refused commands and actions |
//! | `terminal`, `remark`, `conformance` | the terminal |
//!
//! To add a message, declare it in its namespace and write it in `en.ftl`:
//!
//! ```text
//! fn ready(node: &str, known: usize);          // src/text/caption.rs
//! caption-ready = { $node } knows { $known -> [one] { $known } node *[other] { $known } nodes } and is ready to vote
//! ```
//!
//! Inside sentences, values that users propose are in quotes; alone in a table cell they are not. The texts of errors
//! are part of the error types.

mod caption;
mod catalogue;
#[cfg_attr(not(feature = "window"), allow(dead_code))]
pub(crate) mod command;
pub(crate) mod conformance;
mod event;
mod evidence;
pub(crate) mod explain;
pub(crate) mod format;
pub(crate) mod line_breaker;
mod number;
pub(crate) mod overlay;
#[cfg_attr(not(feature = "window"), allow(dead_code))]
pub(crate) mod panel;
#[cfg_attr(not(feature = "window"), allow(dead_code))]
pub(crate) mod refusal;
mod remark;
#[cfg_attr(not(all(feature = "net", feature = "window")), allow(dead_code))]
pub(crate) mod terminal;
#[cfg_attr(not(feature = "window"), allow(dead_code))]
pub(crate) mod timeline;
mod value;

pub(crate) use caption::{click_to_propose, nothing_yet};
pub(crate) use catalogue::number_text as number;
pub use event::sentence;
pub use refusal::action as refused_action;
pub(crate) use remark::remark;
pub(crate) use value::{content, value};

/// The messages that each namespace declares.
#[cfg(test)]
const NAMESPACES: &[&[(&str, &[&str])]] = &[
    caption::DECLARED,
    command::DECLARED,
    conformance::DECLARED,
    evidence::DECLARED,
    explain::DECLARED,
    format::DECLARED,
    overlay::DECLARED,
    panel::DECLARED,
    refusal::DECLARED,
    remark::DECLARED,
    terminal::DECLARED,
    timeline::DECLARED,
];
