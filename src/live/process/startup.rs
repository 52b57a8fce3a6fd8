//! With what a node begins: whom it knew, how it is configured, what survived, and what a recording calls it.

use super::StartError;
use crate::live::config::LiveConfig;
use crate::live::file_store::FileStore;
use crate::live::identity::Identity;
use crate::live::node_directory::NodeDirectory;
use crate::live::recorder::place;
use crate::live::store::Store;
use crate::live::wire::{Signed, WireAnnouncement, WireError};
use crate::net::{Latency, MediumSpec};
use crate::node::{JoinMode, NodeConfig, Peer, Persisted, TrustPolicy};
use crate::scenario::{NodeSpec, Placement, Scenario};
use crate::scp::NodeId;
use crate::time::Span;
use std::sync::Arc;

/// Who has which number, as it was before.
pub(super) fn directory(
    store: &mut Store,
    identity: &Identity,
    config: &LiveConfig,
) -> Result<NodeDirectory, StartError> {
    let other = || StartError::OtherKey(config.data.clone());
    let keys = store.numbers()?;
    let mut directory = NodeDirectory::restore(identity.key(), &keys).ok_or_else(other)?;
    for bytes in store.announcements()?.values() {
        // What cannot be read any more is heard again.
        let Ok(signed) = serde_json::from_slice::<Signed>(bytes) else {
            continue;
        };
        if let Ok(said) = WireAnnouncement::open(&signed, &config.network) {
            drop(directory.learn(&said, &signed));
        }
    }
    directory.forget_unstored_announcements();
    Ok(directory)
}

pub(super) fn node_config(
    config: &LiveConfig,
    identity: &Identity,
    directory: &mut NodeDirectory,
) -> Result<NodeConfig, StartError> {
    let trust = match &config.trust {
        None => TrustPolicy::Found,
        Some(set) => {
            let set = set.numbered(directory);
            let set = set.map_err(|error: WireError| StartError::Trust(error.to_string()))?;
            let name = |node| directory.key_of(node).to_string();
            set.check_sane()
                .map_err(|why| StartError::Trust(why.to_text(name)))?;
            if !set.demands_majorities() {
                tracing::warn!(
                    "the quorum set has a threshold of no more than half of its entries: two of its slices need not have a node in common, and networks of such sets can decide two values"
                );
            }
            TrustPolicy::Fixed(Arc::new(set))
        }
    };
    Ok(NodeConfig {
        peer: Peer {
            id: NodeId(0),
            name: config.name.as_str().into(),
            key: identity.key().to_string().into(),
        },
        trust,
        threshold: config.threshold,
        is_beacon: config.is_beacon,
        address_book: Arc::new([]),
        initial_value: None,
        held_files: Vec::new(),
        join_mode: JoinMode::Unknown,
        settings: Arc::clone(&config.settings),
    })
}

/// What survived, without files that are no longer there: those are fetched again.
pub(super) fn persisted(
    store: &mut Store,
    files: &FileStore,
) -> Result<Option<Persisted>, StartError> {
    let mut persisted = store.load()?;
    if persisted == Persisted::default() {
        return Ok(None);
    }
    persisted.files.retain(|sha256, file| {
        let is_here = files.find(sha256).is_some();
        if !is_here {
            tracing::warn!(name = %file.name, %sha256, "the file is gone from its folder");
        }
        is_here
    });
    Ok(Some(persisted))
}

/// What is recorded names a scenario: the node alone.
pub(super) fn scenario(config: &LiveConfig, node: &Arc<NodeConfig>) -> Scenario {
    Scenario {
        name: "live".to_owned(),
        title: format!("{} on {}", config.name, config.network),
        description: "A node as a process, as it saw the network.".to_owned(),
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
