//! What a scenario file says happens by itself.

use super::action::Action;
use super::error::{InputError, Text};
use super::format::{EventFormat, EventKind};
use super::names::Names;
use crate::net::Position;
use crate::node::{Application, Content, FileInfo};
use crate::scp::{NodeId, Value};
use crate::time::Time;
use toml::Spanned;

/// Longest note in bytes.
const NOTE_BYTES_MAX: usize = 1000;

/// All that events may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) text: Text<'a>,
    pub(super) names: &'a Names,
    pub(super) files: &'a [FileInfo],
    pub(super) application: Application,
    /// Whether positions are physical.
    pub(super) radio: bool,
}

/// The events, ascending by time; those of one instant in the order in which they are written.
pub(super) fn read(
    known: Known<'_>,
    written: &[Spanned<EventFormat>],
) -> Result<Vec<(Time, Action)>, InputError> {
    let mut events = written
        .iter()
        .map(|event| Ok((Time::from_ms(event.get_ref().at_ms), action(known, event)?)))
        .collect::<Result<Vec<_>, InputError>>()?;
    events.sort_by_key(|(at, _)| *at);
    Ok(events)
}

/// The file of that name.
pub(super) fn file(
    text: Text<'_>,
    files: &[FileInfo],
    name: &Spanned<String>,
) -> Result<FileInfo, InputError> {
    let found = files.iter().find(|file| file.name == *name.get_ref());
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

fn action(known: Known<'_>, event: &Spanned<EventFormat>) -> Result<Action, InputError> {
    let written = event.get_ref();
    check_fields(known, event)?;
    let node = || -> Result<NodeId, InputError> {
        let name = written
            .node
            .as_ref()
            .ok_or_else(|| needs(known, event, "node"))?;
        known.names.find(known.text, name)
    };
    let position = || -> Result<Position, InputError> {
        let (x_m, y_m) = written
            .position
            .ok_or_else(|| needs(known, event, "position"))?;
        Ok(Position { x_m, y_m })
    };
    Ok(match written.action {
        EventKind::Propose => Action::Propose {
            node: node()?,
            content: content(known, event)?,
        },
        EventKind::Leave => Action::Leave { node: node()? },
        EventKind::Crash => Action::Crash { node: node()? },
        EventKind::Restart => Action::Restart { node: node()? },
        EventKind::Silence => Action::Silence { node: node()? },
        EventKind::Unsilence => Action::Unsilence { node: node()? },
        EventKind::Move if !known.radio => {
            return Err(known.text.error(
                Some(event.span()),
                "positions are only a matter of view here, expected [radio] in a scenario in which nodes move",
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
        EventKind::Cut => {
            let groups = written.groups.as_ref();
            let groups = groups.ok_or_else(|| needs(known, event, "groups"))?;
            Action::Cut {
                groups: groups
                    .iter()
                    .map(|group| known.names.find_all(known.text, group))
                    .collect::<Result<_, _>>()?,
            }
        }
        EventKind::Heal => Action::Heal,
    })
}

fn content(known: Known<'_>, event: &Spanned<EventFormat>) -> Result<Content, InputError> {
    let written = event.get_ref();
    match (
        known.application,
        &written.note,
        &written.file,
        &written.value,
    ) {
        (Application::Log, Some(note), None, None) if note.len() <= NOTE_BYTES_MAX => {
            Ok(Content::Note(note.clone()))
        }
        (Application::Log, Some(note), None, None) => Err(known.text.error(
            Some(event.span()),
            format!(
                "a note of {} bytes, expected at most {NOTE_BYTES_MAX}",
                note.len()
            ),
            "Shorten it.",
        )),
        (Application::Log, None, Some(name), None) => {
            file(known.text, known.files, name).map(Content::File)
        }
        (Application::Choice, None, None, Some(value)) => {
            Ok(Content::Choice(Value::from(value.as_str())))
        }
        (application, ..) => {
            let expected = match application {
                Application::Log => "either `note` or `file`, as the application is \"log\"",
                Application::Choice => "`value`, as the application is \"choice\"",
            };
            Err(known.text.error(
                Some(event.span()),
                format!("what is proposed is not clear, expected {expected}"),
                "Say one of them in this event.",
            ))
        }
    }
}

/// Refuses what the action would ignore: it is more likely a mistake than a wish.
fn check_fields(known: Known<'_>, event: &Spanned<EventFormat>) -> Result<(), InputError> {
    let written = event.get_ref();
    let kind = written.action;
    let present = [
        ("node", written.node.is_some()),
        ("note", written.note.is_some()),
        ("file", written.file.is_some()),
        ("value", written.value.is_some()),
        ("position", written.position.is_some()),
        ("groups", written.groups.is_some()),
    ];
    let allowed: &[&str] = match kind {
        EventKind::Propose => &["node", "note", "file", "value"],
        EventKind::Move => &["node", "position"],
        EventKind::Add => &["position"],
        EventKind::Cut => &["groups"],
        EventKind::Heal => &[],
        _ => &["node"],
    };
    let ignored = present
        .iter()
        .find(|(field, given)| *given && !allowed.contains(field));
    match ignored {
        None => Ok(()),
        Some((field, _)) => Err(known.text.error(
            Some(event.span()),
            format!(
                "`{field}` means nothing to this action, expected {}",
                match allowed {
                    [] => "no further field".to_owned(),
                    _ => format!("`{}`", allowed.join("`, `")),
                }
            ),
            "Remove it, or change the action.",
        )),
    }
}

fn needs(known: Known<'_>, event: &Spanned<EventFormat>, field: &str) -> InputError {
    known.text.error(
        Some(event.span()),
        format!("expected `{field}` in this event"),
        "Add it.",
    )
}
