//! Quorum sets of a scenario file: resolves names and refuses sets that SCP would refuse.

use super::error::{InputError, SourceText, listed};
use super::format::QuorumSetFormat;
use super::names::NodeNames;
use crate::scp::{NodeId, QuorumSet, QuorumSetError};
use std::collections::BTreeMap;
use toml::Spanned;

/// The name that means the owner of the set.
pub(super) const SELF: &str = "self";

/// The quorum set called `name`, as the set of `owner`.
pub(super) fn named(
    text: SourceText<'_>,
    sets: &BTreeMap<String, Spanned<QuorumSetFormat>>,
    names: &NodeNames,
    owner: NodeId,
    name: &Spanned<String>,
) -> Result<QuorumSet, InputError> {
    let written = sets.get(name.get_ref()).ok_or_else(|| {
        let expected = match sets.is_empty() {
            true => "but the file has no [quorum_sets]".to_owned(),
            false => format!(
                "expected one of {}",
                listed(sets.keys().map(String::as_str))
            ),
        };
        text.error(
            Some(name.span()),
            format!("unknown quorum set {:?}, {expected}", name.get_ref()),
            "Correct the name, or add such a set to [quorum_sets].",
        )
    })?;
    resolve(text, names, owner, written)
}

/// Resolves `written` as the set of `owner`.
fn resolve(
    text: SourceText<'_>,
    names: &NodeNames,
    owner: NodeId,
    written: &Spanned<QuorumSetFormat>,
) -> Result<QuorumSet, InputError> {
    let set = resolve_level(text, names, owner, written)?;
    set.check_sane()
        .map_err(|error| refusal(text, names, written, error))?;
    Ok(set)
}

fn resolve_level(
    text: SourceText<'_>,
    names: &NodeNames,
    owner: NodeId,
    written: &Spanned<QuorumSetFormat>,
) -> Result<QuorumSet, InputError> {
    let level = written.get_ref();
    let entries = level.validators.len() + level.inner.len();
    let threshold = level.threshold.get_ref();
    let fits = u32::try_from(*threshold)
        .ok()
        .filter(|&threshold| (1..=entries).contains(&(threshold as usize)));
    let Some(threshold) = fits else {
        let expected = match entries {
            0 => "but the set has no entries at all".to_owned(),
            1 => "expected 1, as the set has one entry".to_owned(),
            _ => format!("expected 1 to {entries}, as the set has {entries} entries"),
        };
        return Err(text.error(
            Some(level.threshold.span()),
            format!("impossible quorum set: threshold {threshold}, {expected}"),
            "Change the threshold, or the validators and inner sets that it counts.",
        ));
    };
    let number = |name: &Spanned<String>| match name.get_ref().as_str() {
        SELF => Ok(owner),
        _ => names.find(text, name),
    };
    Ok(QuorumSet {
        threshold,
        validators: level
            .validators
            .iter()
            .map(number)
            .collect::<Result<_, _>>()?,
        inner: level
            .inner
            .iter()
            .map(|inner| resolve_level(text, names, owner, inner))
            .collect::<Result<_, _>>()?,
    })
}

fn refusal(
    text: SourceText<'_>,
    names: &NodeNames,
    written: &Spanned<QuorumSetFormat>,
    error: QuorumSetError,
) -> InputError {
    let problem = error.to_text(|node| format!("{:?}", names.name(node)));
    let problem = format!("impossible quorum set: {problem}");
    text.error(
        Some(written.span()),
        problem,
        "SCP refuses the ballots of a node with such a set: change it.",
    )
}
