//! Values for people and for JSON.

use crate::node::{Application, proposals_in};
use crate::scp::Value;
use crate::text::format;
use crate::trace::World;

/// A value for people: the proposals that it contains, or the value itself.
#[must_use]
pub(in crate::commands) fn value_text(world: &World, value: &Value) -> String {
    let proposals = match world.scenario.settings.application {
        Application::Log => proposals_in(value),
        Application::Choice => None,
    };
    match proposals {
        Some(set) => set
            .values()
            .map(|proposal| proposal.content.to_string())
            .reduce(|values, next| format::values_pair(&values, &next))
            .unwrap_or_default(),
        None => value.to_string(),
    }
}
