//! Helpers of tests: a scenario without nodes.

use crate::net::{Latency, MediumSpec};
use crate::node::view::{Application, NodeSettings};
use crate::scenario::{Placement, Scenario};
use crate::time::Span;
use std::sync::Arc;

/// A scenario without nodes whose messages fly for `min_ms` to `max_ms`.
pub(crate) fn empty_scenario(min_ms: u64, max_ms: u64) -> Scenario {
    let settings = NodeSettings {
        application: Application::Log,
        min_nodes: 1,
        settle: Span::ZERO,
        refresh: Span::from_ms(1000),
        announce: Span::from_ms(1000),
        resend: Span::from_ms(1000),
        proposal_ttl: Span::from_ms(10_000),
        forget_after: None,
        admission: None,
        relaying: Default::default(),
        relay_interval: Span::ZERO,
        choice_slots: 1,
    };
    Scenario {
        name: "test".into(),
        title: "Test".into(),
        description: String::new(),
        seed: 1,
        nodes: Vec::new(),
        area_m: (100.0, 100.0),
        placement: Placement::View,
        medium: MediumSpec {
            latency: Latency {
                min: Span::from_ms(min_ms),
                max: Span::from_ms(max_ms),
            },
            loss: 0.0,
            radio_range_m: None,
            links: Vec::new(),
        },
        settings: Arc::new(settings),
        events: Vec::new(),
        remarks: Vec::new(),
    }
}
