//! Forms of scenarios and actions.

use super::context::{Decode, Encode, Problem};
use super::node_forms::NodeSettingsForm;
use super::serialized_form::{Form, Text, form_enum, form_names, form_struct};
use crate::net::{Latency, LinkRule, MediumSpec, Position};
use crate::node::{Content, NodeConfig, NodeSettings, TrustPolicy};
use crate::scenario::{Action, NodeSpec, Placement, Remark, Scenario};
use crate::scp::NodeId;
use crate::time::Span;
use std::sync::Arc;

/// `[x, y]` in metres.
impl Form for Position {
    type As<'a> = (f64, f64);

    fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> (f64, f64) {
        let Position { x_m, y_m } = self;
        (*x_m, *y_m)
    }

    fn from_form((x_m, y_m): (f64, f64), _cx: &mut Decode<'_>) -> Result<Self, Problem> {
        Ok(Position { x_m, y_m })
    }
}

/// `[min, max]` in microseconds.
impl Form for Latency {
    type As<'a> = (u64, u64);

    fn to_form<'a>(&'a self, _cx: &mut Encode<'a, '_>) -> (u64, u64) {
        let Latency { min, max } = self;
        (min.0, max.0)
    }

    fn from_form((min, max): (u64, u64), _cx: &mut Decode<'_>) -> Result<Self, Problem> {
        let (min, max) = (Span(min), Span(max));
        Ok(Latency { min, max })
    }
}

form_struct!(LinkRuleForm for LinkRule {
    from: Vec<NodeId>,
    to: Vec<NodeId>,
    latency: Latency,
});

form_struct!(MediumForm for MediumSpec {
    latency: Latency,
    loss: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    radio_range_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkRule>,
});

form_enum!(ActionForm for Action {
    struct {
        Propose { node: NodeId, content: Content },
        AddNode { position: Position },
        Leave { node: NodeId },
        Crash { node: NodeId },
        Restart { node: NodeId },
        Silence { node: NodeId },
        Unsilence { node: NodeId },
        Move { node: NodeId, to: Position },
        SetTrust { node: NodeId, policy: TrustPolicy },
        Partition { groups: Vec<Vec<NodeId>> },
    }
    tuple {}
    unit { Heal }
});

form_enum!(RemarkForm for Remark {
    struct {
        NoConnectedPlacement { drawn: u64, parts: u64 },
        NoIntersectingPlacement { examined: u64 },
        RelayCost { nodes: u64 },
        Forgets { after: Span },
        WithoutQuorumSet { nodes: u64, total: u64 },
        NotInList { nodes: u64 },
        NotAnswered { process: String },
    }
    tuple {}
    unit {}
});

form_names!(PlacementForm for Placement { Physical, View });

form_struct!(NodeSpecForm for NodeSpec {
    config: Arc<NodeConfig>,
    position: Position,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization: Option<Arc<str>>,
});

/// The scenario of the run.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct ScenarioForm<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    seed: u64,
    area_m: (f64, f64),
    placement: PlacementForm,
    #[serde(borrow)]
    medium: MediumForm<'a>,
    #[serde(borrow)]
    settings: NodeSettingsForm<'a>,
    #[serde(borrow)]
    nodes: Vec<NodeSpecForm<'a>>,
    #[serde(borrow)]
    events: Vec<(u64, ActionForm<'a>)>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<RemarkForm<'a>>,
}

impl Form for Scenario {
    type As<'a> = ScenarioForm<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> ScenarioForm<'a> {
        let Scenario {
            name,
            title,
            description,
            seed,
            nodes,
            area_m,
            placement,
            medium,
            settings,
            events,
            remarks,
        } = self;
        ScenarioForm {
            name: name.to_form(cx),
            title: title.to_form(cx),
            description: description.to_form(cx),
            seed: *seed,
            area_m: *area_m,
            placement: placement.to_form(cx),
            medium: medium.to_form(cx),
            settings: (**settings).to_form(cx),
            nodes: nodes.to_form(cx),
            events: events.to_form(cx),
            remarks: remarks.to_form(cx),
        }
    }

    /// Nodes without separate settings get those of the scenario.
    fn from_form(form: ScenarioForm<'_>, cx: &mut Decode<'_>) -> Result<Scenario, Problem> {
        let settings = Arc::new(NodeSettings::from_form(form.settings, cx)?);
        let mut cx = cx.with_settings(&settings);
        let cx = &mut cx;
        Ok(Scenario {
            name: Form::from_form(form.name, cx)?,
            title: Form::from_form(form.title, cx)?,
            description: Form::from_form(form.description, cx)?,
            seed: form.seed,
            nodes: Form::from_form(form.nodes, cx)?,
            area_m: form.area_m,
            placement: Form::from_form(form.placement, cx)?,
            medium: Form::from_form(form.medium, cx)?,
            events: Form::from_form(form.events, cx)?,
            remarks: Form::from_form(form.remarks, cx)?,
            settings: Arc::clone(&settings),
        })
    }
}
