//! Reasons why a command of the window is disabled, and why an action on the network is refused.

use super::catalogue::messages;
use super::event;
use crate::node::view::{Application, NodeEvent};
use crate::scenario::{ActionRefused, ProcessAction};
use crate::trace::World;

messages! { "refusal":
    fn no_run();
    fn nothing_selected();
    fn not_running();
    fn referenced_node();
    fn slowest();
    fn fastest();
    fn no_nodes();
    fn no_scenario();
    fn recorded();
    fn recorded_seed();
    fn live_speed();
    fn live_add();
    fn live_remove();
    fn live_restart();
    fn live_crash();
    fn live_silence();
    fn live_trust();
    fn live_partition();
    fn live_address(node: &str);
    fn live_file();
    fn no_such_node(number: &str);
    fn node_not_running(node: &str);
    fn node_not_crashed(node: &str);
    fn too_many_nodes(nodes: usize);
    fn node_not_started(error: &str);
    fn takes_notes_and_files();
    fn takes_values();
    fn not_physical();
    fn no_thread(error: &str);
}

/// Why an action on the network of `world` was refused, as a sentence.
#[must_use]
pub fn action(world: &World, refused: &ActionRefused) -> String {
    match refused {
        ActionRefused::NoSuchNode(node) => no_such_node(&node.0.to_string()),
        ActionRefused::NotRunning(name) => node_not_running(name),
        ActionRefused::NotCrashed(name) => node_not_crashed(name),
        ActionRefused::TooManyNodes(nodes) => too_many_nodes(*nodes),
        ActionRefused::CannotStart(error) => node_not_started(error),
        ActionRefused::WrongContent { application } => match application {
            Application::Log => takes_notes_and_files().to_owned(),
            Application::Choice => takes_values().to_owned(),
        },
        ActionRefused::NotPhysical => not_physical().to_owned(),
        ActionRefused::NotControllable(impossible) => on_process(*impossible).to_owned(),
        ActionRefused::AddressUnknown(node) => live_address(&world.name(*node)),
        ActionRefused::NeedsRealFile => live_file().to_owned(),
        ActionRefused::NoThread(error) => no_thread(error),
        ActionRefused::ByProcess(reason) => reason.clone(),
        ActionRefused::ProposalRefused { node, why } => {
            let (id, from, why) = (None, *node, *why);
            let event = NodeEvent::ProposalRefused { id, from, why };
            event::sentence(world, *node, &event).unwrap_or_default()
        }
        ActionRefused::Recorded => recorded().to_owned(),
    }
}

fn on_process(impossible: ProcessAction) -> &'static str {
    match impossible {
        ProcessAction::Start => live_add(),
        ProcessAction::Stop => live_remove(),
        ProcessAction::Crash => live_crash(),
        ProcessAction::Restart => live_restart(),
        ProcessAction::Silence => live_silence(),
        ProcessAction::SetTrust => live_trust(),
        ProcessAction::Partition => live_partition(),
    }
}
