//! Explanations: opening one shows the instant of its transition and selects its node; the trail leads back.

use super::App;
use crate::explain::why::effects;
use crate::run::PlaybackCommand;
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::TransitionId;
use crate::window::panels::Explained;

/// Most explanations of the trail.
const TRAIL_MAX: usize = 100;

impl App {
    /// Opens the explanation of a transition and shows its instant.
    pub(super) fn explain(&mut self, id: TransitionId) {
        let Some((run, _)) = &self.shown else { return };
        if self
            .panels
            .explained
            .last()
            .is_some_and(|open| open.id == id)
        {
            return;
        }
        // The effects are in the future of the instant that will be shown.
        let effects = effects(run.causes(), id);
        self.panels.explained.push(Explained { id, effects });
        if self.panels.explained.len() > TRAIL_MAX {
            self.panels.explained.remove(0);
        }
        self.show_explained();
    }

    /// Opens the explanation of the last transition of a node at an instant; without one, shows the instant.
    pub(super) fn explain_entry(&mut self, node: NodeId, at: Time) {
        let Some((run, _)) = &self.shown else { return };
        let causes = run.causes();
        let found = causes.slots().rev().find_map(|slot| {
            let transitions = causes.node(slot, node)?.transitions();
            let nth = transitions.iter().rposition(|made| made.at == at)?;
            Some(TransitionId { slot, node, nth })
        });
        match found {
            Some(id) => self.explain(id),
            None => {
                self.select(Some(node));
                self.seek_to(at);
            }
        }
    }

    /// Returns to the explanation that was open before.
    pub(super) fn explain_previous(&mut self) {
        self.panels.explained.pop();
        self.show_explained();
    }

    fn show_explained(&mut self) {
        let Some(id) = self.panels.explained.last().map(|open| open.id) else {
            return;
        };
        let Some((run, _)) = &self.shown else { return };
        let at = run.causes().transition(id).map(|transition| transition.at);
        self.select(Some(id.node));
        if let Some(at) = at {
            self.seek_to(at);
        }
    }

    fn seek_to(&mut self, at: Time) {
        if let Some((run, view)) = &mut self.shown {
            let at = run.command(PlaybackCommand::Seek(at));
            view.timeline.axis = view.timeline.axis.scrolled_to(at);
        }
    }
}
