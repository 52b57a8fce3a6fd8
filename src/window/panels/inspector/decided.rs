//! Log and backup log of a node.

use super::super::widgets::{dim_label, heading, row};
use crate::node::view::{BackupAnswer, NodeView};
use crate::picture::theme::Theme;
use crate::text::{self, format, panel};
use crate::trace::World;
use egui::Ui;

/// Maximum number of log entries.
const LOG_SHOWN: usize = 12;

pub(super) fn log(ui: &mut Ui, theme: &Theme, view: &NodeView) {
    heading(ui, theme, panel::log());
    if view.log.is_empty() {
        dim_label(ui, theme, panel::nothing_decided());
    }
    for entry in view.log.iter().rev().take(LOG_SHOWN) {
        row(
            ui,
            theme,
            &panel::slot_label(entry.slot),
            text::value(&entry.value),
        );
    }
    if view.log.len() > LOG_SHOWN {
        dim_label(ui, theme, panel::and_before(view.log.len() - LOG_SHOWN));
    }
}

pub(super) fn backup_log(ui: &mut Ui, theme: &Theme, world: &World, view: &NodeView) {
    if view.backup_log.is_empty() {
        return;
    }
    heading(ui, theme, panel::backup_log());
    for line in view.backup_log.values() {
        let answer = match line.answer {
            BackupAnswer::Yes => panel::backup_yes(),
            BackupAnswer::NoHasIt => panel::backup_has_it(),
            BackupAnswer::DecidedBeforeVote => panel::backup_decided_before_vote(),
        };
        let file = &line.file.name;
        let copy = match (&line.backed_up, line.answer) {
            (Some((at, from)), _) => panel::backed_up(file, &world.name(*from), &format::time(*at)),
            (None, BackupAnswer::NoHasIt) => panel::backup_before(file),
            (None, _) => panel::backup_pending(file),
        };
        row(ui, theme, answer, copy);
    }
}
