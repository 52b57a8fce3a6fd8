//! Reads a scenario file: converts TOML text to a complete [`Scenario`].

use super::byte_order_mark::without_byte_order_mark;
use super::error::{InputError, SourceText, in_words};
use super::events::{self, EventContext};
use super::format::{FileFormat, PolicyFormat, TrustFormat};
use super::names::NodeNames;
use super::population::{self, Population};
use super::settings;
use super::{Placement, QuorumAnalyzer, Remark, Scenario, ScenarioOptions};
use crate::rng::Streams;

/// Reads the scenario file `content`. `source_name` identifies it in errors; `name` is the name of the scenario.
///
/// # Errors
/// With line and column, if known: malformed TOML, unknown keys and names, impossible quorum sets, numbers out of
/// range.
pub fn read_scenario(
    name: &str,
    source_name: &str,
    content: &str,
    options: ScenarioOptions,
    analyzer: &QuorumAnalyzer<'_>,
) -> Result<Scenario, InputError> {
    let content = without_byte_order_mark(content);
    let text = SourceText {
        name: source_name,
        content,
    };
    let file: FileFormat = toml::from_str(content).map_err(|error| {
        let message = in_words(error.message());
        let remedy = "The format is explained in assets/scenarios/README.md.";
        text.error(error.span(), message, remedy)
    })?;
    settings::check_area(text, &file.area)?;
    settings::check_files(text, &file.files)?;
    let trust = file.trust.as_ref();
    let trust = trust
        .map(|trust| read_trust(text, &file, trust))
        .transpose()?;
    let streams = Streams::new(options.seed);
    let drawn = match (&file.random, file.nodes.is_empty()) {
        (Some(random), true) => {
            population::random(text, &file, random, trust, options, analyzer, streams)?
        }
        (None, false) => population::listed_nodes(text, &file, trust, options, streams)?,
        (Some(random), false) => {
            return Err(text.error(
                Some(random.span()),
                "both [random] and [[nodes]] define the nodes, expected one of them",
                "Remove one of them.",
            ));
        }
        (None, true) => {
            return Err(text.error(
                None,
                "there are no nodes, expected [random] or at least one of [[nodes]]",
                "Add nodes.",
            ));
        }
    };
    assemble(name, text, &file, options, drawn)
}

/// The trust rule of nodes without a fixed quorum set.
fn read_trust(
    text: SourceText<'_>,
    file: &FileFormat,
    trust: &TrustFormat,
) -> Result<settings::TrustRule, InputError> {
    if *trust.policy.get_ref() == PolicyFormat::InRange && file.radio.is_none() {
        return Err(text.error(
            Some(trust.policy.span()),
            "policy \"in_range\" without radio, expected [radio] with a range",
            "Add [radio], or use the policy \"found\".",
        ));
    }
    Ok(settings::TrustRule {
        policy: *trust.policy.get_ref(),
        threshold: settings::threshold(text, &trust.threshold)?,
    })
}

fn assemble(
    name: &str,
    text: SourceText<'_>,
    file: &FileFormat,
    options: ScenarioOptions,
    drawn: Population,
) -> Result<Scenario, InputError> {
    let mut names = NodeNames::default();
    for node in &drawn.nodes {
        names.add(&node.config.peer.name);
    }
    let context = EventContext {
        text,
        names: &names,
        files: &file.files,
        quorum_sets: &file.quorum_sets,
        application: file.application,
        radio: file.radio.is_some(),
        area_m: drawn.area_m,
    };
    let mut remarks = drawn.remarks;
    if let Some(span) = drawn.settings.forget_after {
        remarks.push(Remark::Forgets { after: span });
    }
    Ok(Scenario {
        name: name.to_owned(),
        title: file.title.trim().to_owned(),
        description: one_line(&file.description),
        seed: options.seed,
        area_m: drawn.area_m,
        placement: match file.radio {
            Some(_) => Placement::Physical,
            None => Placement::View,
        },
        medium: settings::medium(text, &file.medium, &names, drawn.range_m)?,
        settings: drawn.settings,
        events: events::read(context, &file.events)?,
        nodes: drawn.nodes,
        remarks,
    })
}

/// Joins the lines of a text.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
