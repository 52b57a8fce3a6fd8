//! Changes of the trust set by an operator.

use super::context::HostContext;
use crate::live::command::NodeTrustEdit;
use crate::node::{Input, TrustEdit};

/// An operator changes the trust set. Returns the number of trusted nodes.
///
/// # Errors
/// Why the set did not change, or why the change has no effect yet.
pub(super) fn edit_trust(cx: &mut HostContext, edit: NodeTrustEdit) -> Result<usize, String> {
    if cx.config.trust.is_some() {
        return Err(
            "the quorum set is fixed; change the file of --trust and restart the node".to_owned(),
        );
    }
    if let Some(error) = cx.outbox.storage_error() {
        return Err(format!("the store fails: {error}"));
    }
    let (NodeTrustEdit::Add(key) | NodeTrustEdit::Remove(key)) = edit;
    if key == cx.own_key() {
        return Err("expected the key of another node; this one always trusts itself".to_owned());
    }
    let node = cx
        .directory
        .assign_configured(key)
        .map_err(|error| error.to_string())?;
    let edit = match edit {
        NodeTrustEdit::Add(_) => TrustEdit::Add(node),
        NodeTrustEdit::Remove(_) => TrustEdit::Remove(node),
    };
    tracing::warn!(?edit, %key, "an operator changes the trust set");
    cx.step(Input::EditTrust(edit));
    let view = cx.runtime.view();
    let set = view.quorum_set.as_ref();
    let still_counts = matches!(edit, TrustEdit::Remove(_))
        && set.is_some_and(|(_, set)| set.nodes().contains(node));
    if still_counts {
        return Err(
            "removed, but the quorum set in effect stays: a slice needs more nodes than are left, see --min-nodes; restart the node with --trust FILE"
                .to_owned(),
        );
    }
    Ok(view.trusted.len())
}
