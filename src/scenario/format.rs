//! Serde types of the scenario file. `assets/scenarios/README.md` documents the format.
//!
//! Other files validate the values. Every field that validation can refuse keeps its position in the text (`Spanned`).

use crate::node::{Application, FileInfo, Relaying};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileFormat {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) application: Application,
    #[serde(default = "whole_area")]
    pub(super) area: Spanned<AreaFormat>,
    pub(super) radio: Option<RadioFormat>,
    #[serde(default)]
    pub(super) medium: MediumFormat,
    #[serde(default)]
    pub(super) timing: TimingFormat,
    pub(super) trust: Option<TrustFormat>,
    pub(super) random: Option<Spanned<RandomFormat>>,
    #[serde(default)]
    pub(super) nodes: Vec<NodeFormat>,
    #[serde(default)]
    pub(super) quorum_sets: BTreeMap<String, Spanned<QuorumSetFormat>>,
    #[serde(default)]
    pub(super) files: Vec<Spanned<FileInfo>>,
    #[serde(default)]
    pub(super) events: Vec<Spanned<EventFormat>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreaFormat {
    pub(super) width_m: f64,
    pub(super) height_m: f64,
}

impl AreaFormat {
    pub(super) fn sides_m(&self) -> (f64, f64) {
        (self.width_m, self.height_m)
    }
}

fn whole_area() -> Spanned<AreaFormat> {
    let area = AreaFormat {
        width_m: 1000.0,
        height_m: 800.0,
    };
    Spanned::new(0..0, area)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RadioFormat {
    pub(super) range_m: Spanned<f64>,
    /// Beyond this number of nodes, the range shrinks so that the mean number of neighbours stays constant.
    pub(super) range_shrinks_above: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MediumFormat {
    pub(super) latency_ms: Spanned<(u64, u64)>,
    pub(super) loss: Spanned<f64>,
    pub(super) links: Vec<LinkFormat>,
    pub(super) relaying: Option<Relaying>,
}

impl Default for MediumFormat {
    fn default() -> MediumFormat {
        MediumFormat {
            latency_ms: Spanned::new(0..0, (40, 80)),
            loss: Spanned::new(0..0, 0.0),
            links: Vec::new(),
            relaying: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkFormat {
    pub(super) from: Vec<Spanned<String>>,
    pub(super) to: Vec<Spanned<String>>,
    pub(super) latency_ms: Spanned<(u64, u64)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimingFormat {
    pub(super) min_nodes: Option<u32>,
    pub(super) settle_ms: Option<Spanned<u64>>,
    pub(super) refresh_ms: Option<Spanned<u64>>,
    pub(super) announce_ms: Option<Spanned<u64>>,
    pub(super) resend_ms: Option<Spanned<u64>>,
    pub(super) relay_ms: Option<Spanned<u64>>,
    pub(super) proposal_ttl_ms: Option<Spanned<u64>>,
    pub(super) forget_after_ms: Option<Spanned<u64>>,
    pub(super) choice_slots: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PolicyFormat {
    Found,
    InRange,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustFormat {
    pub(super) policy: Spanned<PolicyFormat>,
    pub(super) threshold: Spanned<ThresholdFormat>,
}

/// `"2/3"`, `"majority"` or a number.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"2/3\", \"majority\" or a number of nodes"
)]
pub(super) enum ThresholdFormat {
    Count(u32),
    Name(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Requirement {
    /// Every node can reach every other, possibly over several hops.
    Connected,
    /// Quorums exist, and all of them intersect.
    Intersecting,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RandomFormat {
    pub(super) count: Spanned<i64>,
    #[serde(default)]
    pub(super) margin_m: f64,
    #[serde(default)]
    pub(super) require: Vec<Requirement>,
    #[serde(default)]
    pub(super) values: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeFormat {
    pub(super) name: Spanned<String>,
    pub(super) quorum_set: Option<Spanned<String>>,
    pub(super) value: Option<Spanned<String>>,
    pub(super) position: Option<(f64, f64)>,
    pub(super) organization: Option<String>,
    #[serde(default)]
    pub(super) holds: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuorumSetFormat {
    pub(super) threshold: Spanned<i64>,
    #[serde(default)]
    pub(super) validators: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) inner: Vec<Spanned<QuorumSetFormat>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventKind {
    Propose,
    Leave,
    Crash,
    Restart,
    Silence,
    Unsilence,
    Move,
    Add,
    SetTrust,
    #[serde(alias = "cut")]
    Partition,
    Heal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventFormat {
    pub(super) at_ms: u64,
    pub(super) action: EventKind,
    pub(super) node: Option<Spanned<String>>,
    pub(super) note: Option<String>,
    pub(super) file: Option<Spanned<String>>,
    pub(super) value: Option<String>,
    pub(super) position: Option<(f64, f64)>,
    pub(super) groups: Option<Vec<Vec<Spanned<String>>>>,
    pub(super) quorum_set: Option<Spanned<String>>,
    pub(super) policy: Option<PolicyFormat>,
}
