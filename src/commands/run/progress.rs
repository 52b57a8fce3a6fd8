//! Progress line of a run on standard error.

use crate::scenario::Scenario;
use crate::text::terminal;
use crate::trace::World;
use crate::trace::outcome::deciders;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A progress line. It is hidden with `--quiet`, `--json` and `--digest`, and if standard error is not a terminal.
pub(super) struct ProgressLine {
    bar: ProgressBar,
}

impl ProgressLine {
    /// Shows the line.
    #[must_use]
    pub(super) fn new(scenario: &Scenario, quiet: bool) -> ProgressLine {
        let bar = if quiet {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(terminal::progress_run(
            &scenario.name,
            &scenario.seed.to_string(),
        ));
        bar.enable_steady_tick(Duration::from_millis(120));
        ProgressLine { bar }
    }

    /// Updates the line from `world`.
    pub(super) fn show(&self, world: &World) {
        if self.bar.is_hidden() {
            return;
        }
        let (time, messages) = (world.now.to_string(), world.counters.sent);
        self.bar.set_message(match world.slots().last_key_value() {
            None => terminal::progress_discovering(&time, messages),
            Some((slot, summary)) => {
                let (decided, total) = (summary.decided.len(), deciders(world).len());
                terminal::progress_slot(&time, *slot, decided, total, messages)
            }
        });
    }

    /// Removes the line.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
