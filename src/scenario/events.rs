//! The scheduled events of a scenario file.

use super::action::Action;
use super::error::{InputError, SourceText};
use super::format::{EventFormat, EventKind, PolicyFormat, QuorumSetFormat};
use super::names::NodeNames;
use super::quorum_sets;
use super::settings::{self, LONGEST_MS, SHORT_TEXT};
use crate::net::Position;
use crate::node::{Application, Content, FileInfo, TrustPolicy, is_well_formed};
use crate::scp::{NodeId, Value};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use toml::Spanned;

/// Everything that events may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventContext<'a> {
    pub(super) text: SourceText<'a>,
    pub(super) names: &'a NodeNames,
    pub(super) files: &'a [Spanned<FileInfo>],
    pub(super) quorum_sets: &'a BTreeMap<String, Spanned<QuorumSetFormat>>,
    pub(super) application: Application,
    /// Whether positions are physical.
    pub(super) radio: bool,
    /// Width and height of the area in metres.
    pub(super) area_m: (f64, f64),
}

/// Reads the events, ascending by time; those of one instant keep their order.
pub(super) fn read(
    context: EventContext<'_>,
    written: &[Spanned<EventFormat>],
) -> Result<Vec<(Time, Action)>, InputError> {
    let mut events = written
        .iter()
        .map(|event| Ok((time(context, event)?, action(context, event)?)))
        .collect::<Result<Vec<_>, InputError>>()?;
    events.sort_by_key(|(at, _)| *at);
    Ok(events)
}

fn time(context: EventContext<'_>, event: &Spanned<EventFormat>) -> Result<Time, InputError> {
    match event.get_ref().at_ms {
        at_ms @ 0..=LONGEST_MS => Ok(Time::from_ms(at_ms)),
        at_ms => Err(context.text.error(
            Some(event.span()),
            format!("at_ms is {at_ms}, expected 0 to {LONGEST_MS}"),
            "Correct the number.",
        )),
    }
}

/// The file with this name.
pub(super) fn file(
    text: SourceText<'_>,
    files: &[Spanned<FileInfo>],
    name: &Spanned<String>,
) -> Result<FileInfo, InputError> {
    let mut files = files.iter().map(Spanned::get_ref);
    let found = files.find(|file| file.name == *name.get_ref());
    found.cloned().ok_or_else(|| {
        text.error(
            Some(name.span()),
            format!(
                "unknown file {:?}, expected the name of one of the [[files]]",
                name.get_ref()
            ),
            "Correct the name, or describe the file in [[files]].",
        )
    })
}

fn action(context: EventContext<'_>, event: &Spanned<EventFormat>) -> Result<Action, InputError> {
    let written = event.get_ref();
    check_fields(context, event)?;
    let node = || -> Result<NodeId, InputError> {
        let name = written
            .node
            .as_ref()
            .ok_or_else(|| needs(context, event, "node"))?;
        context.names.find(context.text, name)
    };
    let position = || -> Result<Position, InputError> {
        let (x_m, y_m) = written
            .position
            .ok_or_else(|| needs(context, event, "position"))?;
        settings::check_position(context.text, event.span(), context.area_m, (x_m, y_m))?;
        Ok(Position { x_m, y_m })
    };
    Ok(match written.action {
        EventKind::Propose => Action::Propose {
            node: node()?,
            content: content(context, event)?,
        },
        EventKind::Leave => Action::Leave { node: node()? },
        EventKind::Crash => Action::Crash { node: node()? },
        EventKind::Restart => Action::Restart { node: node()? },
        EventKind::Silence => Action::Silence { node: node()? },
        EventKind::Unsilence => Action::Unsilence { node: node()? },
        EventKind::Move if !context.radio => {
            return Err(context.text.error(
                Some(event.span()),
                "positions are only for drawing here, expected [radio] in a scenario in which nodes move",
                "Remove the event, or add [radio].",
            ));
        }
        EventKind::Move => Action::Move {
            node: node()?,
            to: position()?,
        },
        EventKind::Add => Action::AddNode {
            position: position()?,
        },
        EventKind::Partition => {
            let groups = written.groups.as_ref();
            let groups = groups.ok_or_else(|| needs(context, event, "groups"))?;
            Action::Partition {
                groups: disjoint_groups(context, event, groups)?,
            }
        }
        EventKind::Heal => Action::Heal,
        EventKind::SetTrust => {
            let node = node()?;
            let policy = policy(context, event, node)?;
            Action::SetTrust { node, policy }
        }
    })
}

/// The trust policy in an event.
fn policy(
    context: EventContext<'_>,
    event: &Spanned<EventFormat>,
    node: NodeId,
) -> Result<TrustPolicy, InputError> {
    let written = event.get_ref();
    match (&written.quorum_set, written.policy) {
        (Some(set), None) => {
            let set =
                quorum_sets::named(context.text, context.quorum_sets, context.names, node, set)?;
            Ok(TrustPolicy::Fixed(Arc::new(set)))
        }
        (None, Some(PolicyFormat::Found)) => Ok(TrustPolicy::Found),
        (None, Some(PolicyFormat::InRange)) if context.radio => Ok(TrustPolicy::InRange),
        (None, Some(PolicyFormat::InRange)) => Err(context.text.error(
            Some(event.span()),
            "policy \"in_range\" without radio, expected [radio] with a range",
            "Add [radio], or use the policy \"found\".",
        )),
        _ => Err(context.text.error(
            Some(event.span()),
            "the new trust is not defined, expected either `quorum_set` or `policy`",
            "Give one of them in this event.",
        )),
    }
}

/// The groups of a partition. A node can be in one group only.
fn disjoint_groups(
    context: EventContext<'_>,
    event: &Spanned<EventFormat>,
    groups: &[Vec<Spanned<String>>],
) -> Result<Vec<Vec<NodeId>>, InputError> {
    let named = |group: &Vec<_>| context.names.find_all(context.text, group);
    let found: Vec<Vec<NodeId>> = groups.iter().map(named).collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    let twice = found.iter().flatten().find(|node| !seen.insert(**node));
    let problem = match twice {
        Some(node) => format!(
            "{:?} is named twice, expected each node in one group at most",
            context.names.name(*node)
        ),
        None if seen.is_empty() => "the groups are empty, expected at least one node".to_owned(),
        None => return Ok(found),
    };
    Err(context
        .text
        .error(Some(event.span()), problem, "Correct the groups."))
}

fn content(context: EventContext<'_>, event: &Spanned<EventFormat>) -> Result<Content, InputError> {
    let written = event.get_ref();
    let content = match (
        context.application,
        &written.note,
        &written.file,
        &written.value,
    ) {
        (Application::Log, Some(note), None, None) => Content::Note(note.clone()),
        (Application::Log, None, Some(name), None) => {
            Content::File(file(context.text, context.files, name)?)
        }
        (Application::Choice, None, None, Some(value)) => {
            Content::Choice(Value::from(value.as_str()))
        }
        (application, ..) => {
            let expected = match application {
                Application::Log => "either `note` or `file`, as the application is \"log\"",
                Application::Choice => "`value`, as the application is \"choice\"",
            };
            return Err(context.text.error(
                Some(event.span()),
                format!("the proposal has no content, expected {expected}"),
                "Give one of them in this event.",
            ));
        }
    };
    if is_well_formed(&content) {
        return Ok(content);
    }
    Err(context.text.error(
        Some(event.span()),
        format!("no node would accept this proposal, expected {SHORT_TEXT}"),
        "Change the text.",
    ))
}

/// Refuses fields that the action would ignore: they are probably mistakes.
fn check_fields(context: EventContext<'_>, event: &Spanned<EventFormat>) -> Result<(), InputError> {
    let written = event.get_ref();
    let kind = written.action;
    let present = [
        ("node", written.node.is_some()),
        ("note", written.note.is_some()),
        ("file", written.file.is_some()),
        ("value", written.value.is_some()),
        ("position", written.position.is_some()),
        ("groups", written.groups.is_some()),
        ("quorum_set", written.quorum_set.is_some()),
        ("policy", written.policy.is_some()),
    ];
    let allowed: &[&str] = match kind {
        EventKind::Propose => &["node", "note", "file", "value"],
        EventKind::Move => &["node", "position"],
        EventKind::Add => &["position"],
        EventKind::Partition => &["groups"],
        EventKind::Heal => &[],
        EventKind::SetTrust => &["node", "quorum_set", "policy"],
        _ => &["node"],
    };
    let ignored = present
        .iter()
        .find(|(field, given)| *given && !allowed.contains(field));
    match ignored {
        None => Ok(()),
        Some((field, _)) => Err(context.text.error(
            Some(event.span()),
            format!(
                "`{field}` is not a field of this action, expected {}",
                match allowed {
                    [] => "no further field".to_owned(),
                    _ => format!("`{}`", allowed.join("`, `")),
                }
            ),
            "Remove it, or change the action.",
        )),
    }
}

fn needs(context: EventContext<'_>, event: &Spanned<EventFormat>, field: &str) -> InputError {
    context.text.error(
        Some(event.span()),
        format!("expected `{field}` in this event"),
        "Add it.",
    )
}
