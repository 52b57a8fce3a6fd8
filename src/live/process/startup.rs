//! State of a node at startup: directory, configuration and persisted state.

use super::StartError;
use crate::live::config::LiveConfig;
use crate::live::file_store::HeldFiles;
use crate::live::identity::Identity;
use crate::live::node_directory::NodeDirectory;
use crate::live::recorder::place;
use crate::live::store::Store;
use crate::live::wire::{Signed, WireAnnouncement, WireError, WireQuorumSet};
use crate::net::{Latency, MediumSpec};
use crate::node::{JoinMode, NodeConfig, Peer, Persisted, TrustPolicy};
use crate::scenario::{NodeSpec, Placement, Scenario};
use crate::scp::{NodeId, QuorumSet};
use crate::time::Span;
use std::sync::Arc;

/// The state with which a node starts.
pub(in crate::live) struct StoredState {
    /// Node numbers and announcements.
    pub(in crate::live) directory: NodeDirectory,
    /// Configuration of the node state machine.
    pub(in crate::live) node_config: Arc<NodeConfig>,
    /// State of the node; `None` for a new node.
    pub(in crate::live) persisted: Option<Persisted>,
}

impl StoredState {
    /// Reads the stored state.
    ///
    /// # Errors
    /// If the store cannot be read, belongs to another key, or the quorum set is not sane.
    pub(in crate::live) fn load(
        config: &LiveConfig,
        identity: &Identity,
        store: &mut Store,
        files: &dyn HeldFiles,
    ) -> Result<StoredState, StartError> {
        let mut directory = directory(store, identity, config)?;
        let node_config = Arc::new(node_config(config, identity, &mut directory)?);
        Ok(StoredState {
            directory,
            node_config,
            persisted: persisted(store, files)?,
        })
    }
}

fn directory(
    store: &mut Store,
    identity: &Identity,
    config: &LiveConfig,
) -> Result<NodeDirectory, StartError> {
    let other = || StartError::OtherKey(config.data.clone());
    let keys = store.numbers()?;
    let mut directory = NodeDirectory::restore(identity.key(), &keys).ok_or_else(other)?;
    for bytes in store.announcements()?.values() {
        // An announcement that cannot be read any more is replaced when its node announces itself again.
        let Ok(signed) = serde_json::from_slice::<Signed>(bytes) else {
            continue;
        };
        if let Ok(announcement) = WireAnnouncement::open(&signed, &config.network) {
            drop(directory.update(&announcement, &signed));
        }
    }
    directory.mark_announcements_stored();
    Ok(directory)
}

/// The configuration of the node state machine.
///
/// # Errors
/// If the quorum set is not sane.
pub(in crate::live) fn node_config(
    config: &LiveConfig,
    identity: &Identity,
    directory: &mut NodeDirectory,
) -> Result<NodeConfig, StartError> {
    Ok(NodeConfig {
        peer: Peer {
            id: NodeId(0),
            name: config.name.as_str().into(),
            key: identity.key().to_string().into(),
        },
        trust: match &config.trust {
            None => TrustPolicy::Found,
            Some(set) => TrustPolicy::Fixed(Arc::new(quorum_set(set, directory)?)),
        },
        threshold: config.threshold,
        is_beacon: config.is_beacon,
        address_book: Arc::new([]),
        initial_value: None,
        held_files: Vec::new(),
        join_mode: JoinMode::Unknown,
        settings: Arc::clone(&config.settings),
    })
}

/// A fixed quorum set with local node numbers. Warns about thresholds that cannot guarantee quorum intersection.
fn quorum_set(set: &WireQuorumSet, directory: &mut NodeDirectory) -> Result<QuorumSet, StartError> {
    // Statements of other nodes cannot use up the numbers of configured nodes.
    for key in set.keys() {
        let assigned = directory.assign_configured(key);
        assigned.map_err(|error| StartError::Trust(error.to_string()))?;
    }
    let set = set.to_local(directory);
    let set = set.map_err(|error: WireError| StartError::Trust(error.to_string()))?;
    let name = |node| directory.key_of(node).to_string();
    set.check_sane()
        .map_err(|why| StartError::Trust(why.to_text(name)))?;
    if !set.demands_majorities() {
        tracing::warn!(
            "the quorum set has a threshold of no more than half of its entries: two of its slices need not have a node in common, and networks of such sets can decide two values"
        );
    }
    Ok(set)
}

/// The persisted state, without files that are missing from the folder. The node fetches those again.
fn persisted(store: &mut Store, files: &dyn HeldFiles) -> Result<Option<Persisted>, StartError> {
    let mut persisted = store.load()?;
    if persisted == Persisted::default() {
        return Ok(None);
    }
    persisted.files.retain(|sha256, file| {
        let is_here = files.is_held(sha256);
        if !is_here {
            tracing::warn!(name = %file.name, %sha256, "the file is gone from its folder");
        }
        is_here
    });
    Ok(Some(persisted))
}

/// The scenario of a recording: this node alone.
pub(in crate::live) fn scenario(config: &LiveConfig, node: &Arc<NodeConfig>) -> Scenario {
    Scenario {
        name: "live".to_owned(),
        title: format!("{} on {}", config.name, config.network),
        description: "The network as recorded by one node process.".to_owned(),
        seed: 0,
        nodes: vec![NodeSpec {
            config: Arc::clone(node),
            position: place(NodeId(0)),
            organization: None,
        }],
        area_m: (1000.0, 1000.0),
        placement: Placement::View,
        medium: MediumSpec {
            latency: Latency {
                min: Span::from_ms(1),
                max: Span::from_ms(1),
            },
            loss: 0.0,
            radio_range_m: None,
            links: Vec::new(),
        },
        settings: Arc::clone(&config.settings),
        events: Vec::new(),
        remarks: Vec::new(),
    }
}
