//! Log and backup log of a node.

use super::super::widgets::{dim_label, heading, row};
use crate::node::view::{BackupAnswer, NodeView};
use crate::picture::theme::Theme;
use crate::text::{self, format};
use crate::trace::World;
use egui::Ui;

/// Maximum number of log entries.
const LOG_SHOWN: usize = 12;

pub(super) fn log(ui: &mut Ui, theme: &Theme, view: &NodeView) {
    heading(ui, theme, "Log");
    if view.log.is_empty() {
        dim_label(ui, theme, "Nothing is decided here yet.");
    }
    for entry in view.log.iter().rev().take(LOG_SHOWN) {
        row(
            ui,
            theme,
            &format!("slot {}", entry.slot.0),
            text::value(&entry.value),
        );
    }
    if view.log.len() > LOG_SHOWN {
        dim_label(
            ui,
            theme,
            format!("and {} before", view.log.len() - LOG_SHOWN),
        );
    }
}

pub(super) fn backup_log(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView) {
    if view.backup_log.is_empty() {
        return;
    }
    heading(ui, theme, "Backup log");
    for line in view.backup_log.values() {
        let answer = match line.answer {
            BackupAnswer::Yes => "yes",
            BackupAnswer::NoHasIt => "no (has it)",
            BackupAnswer::NotAsked => "not asked",
        };
        let copy = match (&line.backed_up, line.answer) {
            (Some((at, from)), _) => format!(
                "backed up from {} at {}",
                world.name(*from),
                format::time(*at)
            ),
            (None, BackupAnswer::NoHasIt) => "was here before".to_owned(),
            (None, _) => "not here yet".to_owned(),
        };
        row(ui, theme, answer, format!("{}, {copy}", line.file.name));
    }
}
